//! The keys of the section `sql`, of a parameter and of `faults`.

use serde_json::{Value as Json, json};

use super::super::parameter::DIRECTIONS;
use super::super::procedure;
use super::super::{built_in, faults, idempotency, replica, session_context, table_type, transaction};
use super::words::any_case;
use super::{Key, properties};
use crate::database::faults::RetryLimits;
use crate::functions::built_in::BuiltIn;
use crate::functions::output::OutputForm;
use crate::functions::plan::ResultForm;
use crate::functions::source::{HTTP_ROOTS, MESSAGE_ROOTS, TIMER_ROOTS};

/// The keys of the section, in the order in which an editor proposes them.
pub(super) const KEYS: [Key; 20] = [
    Key {
        name: "commandText",
        description: "The T-SQL, or the procedure's name with commandType StoredProcedure. Write this or commandFile.",
        schema: || json!({ "type": "string", "minLength": 1 }),
    },
    Key {
        name: "commandFile",
        description: "The file in the function's folder that holds the T-SQL, such as `query.sql`.",
        schema: || json!({ "type": "string", "minLength": 1 }),
    },
    Key {
        name: procedure::KEY,
        description: "Text, or StoredProcedure: commandText is the procedure's name.",
        schema: || any_case(procedure::TYPES),
    },
    Key {
        name: "connectionStringSetting",
        description: "The app setting with the connection string. Functions with the same setting share a pool.",
        schema: || json!({ "type": "string", "pattern": "^[^=;%]+$", "default": "AZURE_SQL_CONNECTIONSTRING" }),
    },
    Key {
        name: "parameters",
        description: "The command's parameters: `@name` with where its value comes from and what it must keep to.",
        schema: || {
            json!({
                "type": "object",
                "propertyNames": { "pattern": VARIABLE },
                "additionalProperties": { "$ref": "#/$defs/parameter" },
            })
        },
    },
    Key {
        name: "repeatable",
        description: "true: the command only reads, so it may run again when nobody knows how the last try ended.",
        schema: || json!({ "type": "boolean", "default": false }),
    },
    Key {
        name: "result",
        description: "What the answer is: rows = an array of objects, row = one object, value = one value, rowsAffected = \
                      how many rows were changed, resultSets = all result sets, json = the JSON text that FOR JSON made, \
                      outputParameters = a procedure's OUT parameters and return status, none = no body.",
        schema: || json!({ "enum": ResultForm::ALL.map(ResultForm::name) }),
    },
    Key {
        name: "status",
        description: "The HTTP status on success. 200 without the key, 204 for the result none.",
        schema: || json!({ "type": "integer", "minimum": 200, "maximum": 299 }),
    },
    Key {
        name: "whenEmpty",
        description: "The HTTP status when there is no row, or none was changed. 404 without the key for the result row, else \
                      that of status.",
        schema: || {
            json!({
                "type": "integer",
                "anyOf": [{ "minimum": 200, "maximum": 299 }, { "minimum": 400, "maximum": 599 }],
            })
        },
    },
    Key {
        name: transaction::KEY,
        description: "auto = one transaction where the command needs one, none = the command runs as it is, or an isolation \
                      level.",
        schema: || json!({ "enum": transaction::CHOICES.map(|(name, _)| name), "default": "auto" }),
    },
    Key {
        name: "timeout",
        description: "How long the command may take, `hh:mm:ss`; never longer than the host allows.",
        schema: || json!({ "$ref": "#/$defs/timeSpan" }),
    },
    Key {
        name: faults::KEY,
        description: "How often and how long the command is tried, in the place of the app's settings.",
        schema: || {
            json!({
                "type": "object",
                "properties": properties(&FAULTS_KEYS),
                "additionalProperties": false,
                "minProperties": 1,
            })
        },
    },
    Key {
        name: "numbers",
        description: "exact = bigint and decimal as JSON numbers with all digits, string = as strings, for JavaScript callers.",
        schema: || json!({ "enum": NUMBERS }),
    },
    Key {
        name: "outputs",
        description: "What goes to other out bindings: the binding's name with rows, row, value or body.",
        schema: || {
            let forms = OutputForm::ALL.map(OutputForm::name);
            json!({ "type": "object", "additionalProperties": { "enum": forms } })
        },
    },
    Key {
        name: idempotency::KEY,
        description: "A path whose value names the call, such as `header.idempotency-key`: the effect of a call happens once, \
                      however often it arrives.",
        schema: || json!({ "$ref": "#/$defs/path" }),
    },
    Key {
        name: session_context::KEY,
        description: "What the session knows of the invocation, for row-level security: a key with a path, or with the words of \
                      a parameter.",
        schema: || {
            let parameter = json!({
                "type": "object",
                "properties": properties(&PARAMETER_KEYS),
                "required": ["from"],
                "additionalProperties": false,
            });
            json!({
                "type": "object",
                "maxProperties": session_context::MAX_KEYS,
                "propertyNames": { "minLength": 1, "maxLength": session_context::MAX_KEY_BYTES / 2 },
                "additionalProperties": { "anyOf": [{ "$ref": "#/$defs/path" }, parameter] },
            })
        },
    },
    Key {
        name: "throwStatus",
        description: "false: `THROW 50404, 'no such order', 1` doesn't answer 404 with that text.",
        schema: || json!({ "type": "boolean", "default": true }),
    },
    Key {
        name: "meta",
        description: "true: callers get the columns of the answer too when they ask with `?$meta=1`.",
        schema: || json!({ "type": "boolean", "default": false }),
    },
    Key {
        name: replica::KEY,
        description: "secondary: the command only reads, from a read-only copy of the database, which may lag behind.",
        schema: || json!({ "enum": replica::WORDS.map(|(word, _)| word), "default": "primary" }),
    },
    Key {
        name: built_in::KEY,
        description: "The worker itself answers; stands alone.",
        schema: || json!({ "enum": BuiltIn::ALL.map(BuiltIn::name) }),
    },
];

/// The keys of a parameter.
pub(super) const PARAMETER_KEYS: [Key; 9] = [
    Key {
        name: "from",
        description: "Where the value comes from, such as `route.id`, `query.city`, `body.address.city` or `message.orderId`.",
        schema: || json!({ "$ref": "#/$defs/path" }),
    },
    Key {
        name: "type",
        description: "The SQL type as T-SQL writes it. It goes to the server as declared.",
        schema: || json!({ "$ref": "#/$defs/sqlType" }),
    },
    Key {
        name: "required",
        description: "true: a value that is missing is answered with 400.",
        schema: || json!({ "type": "boolean" }),
    },
    Key {
        name: "default",
        description: "The value when there is none.",
        schema: || json!({ "type": ["boolean", "number", "string", "array", "object"] }),
    },
    Key {
        name: "min",
        description: "The least number, date or time.",
        schema: || json!({ "type": ["number", "string"] }),
    },
    Key {
        name: "max",
        description: "The greatest number, date or time.",
        schema: || json!({ "type": ["number", "string"] }),
    },
    Key {
        name: "maxLength",
        description: "The longest text in UTF-16 units, or binary in bytes; follows from the type without the key.",
        schema: || json!({ "type": "integer", "minimum": 0 }),
    },
    Key {
        name: "pattern",
        description: "A regular expression of the Rust crate regex that must match somewhere in the text.",
        schema: || json!({ "type": "string" }),
    },
    Key {
        name: "enum",
        description: "The values that may come.",
        schema: || json!({ "type": "array", "minItems": 1 }),
    },
];

/// The keys of a parameter that only those of the command have.
pub(super) const OF_COMMAND: [Key; 1] = [Key {
    name: "direction",
    description: "With commandType StoredProcedure: in, out = the procedure writes to it, or inout.",
    schema: || json!({ "enum": DIRECTIONS.map(|(word, _)| word), "default": "in" }),
}];

/// The keys of a parameter with a table type.
pub(super) const TABLE_KEYS: [Key; 5] = [
    Key {
        name: "from",
        description: "Where the rows come from: a JSON array, such as `body.lines`.",
        schema: || json!({ "$ref": "#/$defs/path" }),
    },
    Key {
        name: "type",
        description: "The name of the table type in the database, such as `dbo.IdList`.",
        schema: || json!({ "type": "string", "minLength": 1 }),
    },
    Key {
        name: "required",
        description: "true: rows that are missing are answered with 400; an empty array is not missing.",
        schema: || json!({ "type": "boolean" }),
    },
    Key {
        name: "columns",
        description: "The type's columns: each a SQL type, or an object with the type and what its values must keep to.",
        schema: || {
            let column = json!({
                "type": "object",
                "properties": properties(PARAMETER_KEYS.iter().filter(|key| key.name != "from")),
                "additionalProperties": false,
                "required": ["type"],
            });
            json!({
                "type": "object",
                "minProperties": 1,
                "maxProperties": table_type::MOST_COLUMNS,
                "propertyNames": { "minLength": 1, "maxLength": table_type::LONGEST_NAME },
                "additionalProperties": { "anyOf": [{ "$ref": "#/$defs/sqlType" }, column] },
            })
        },
    },
    Key {
        name: "maxItems",
        description: "How many rows may come.",
        schema: || {
            json!({
                "type": "integer",
                "minimum": 1,
                "maximum": table_type::MOST_ROWS,
                "default": table_type::DEFAULT_MAX_ROWS,
            })
        },
    },
];

/// The keys of `faults`.
pub(super) const FAULTS_KEYS: [Key; 2] = [
    Key {
        name: faults::BUDGET,
        description: "Within what time the last try begins, up to `00:03:50`.",
        schema: || json!({ "$ref": "#/$defs/timeSpan" }),
    },
    Key {
        name: faults::TRIES,
        description: "How many tries there are, the first included.",
        schema: || json!({ "type": "integer", "minimum": 1, "maximum": RetryLimits::MOST_TRIES }),
    },
];

/// A T-SQL variable's name, 128 characters at most.
const VARIABLE: &str = "^@[A-Za-z_#\u{80}-\u{ffff}][A-Za-z0-9_#$@\u{80}-\u{ffff}]{0,126}$";

const NUMBERS: [&str; 2] = ["exact", "string"];

pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "properties": properties(&KEYS),
        "additionalProperties": false,
        "if": { "required": [built_in::KEY] },
        "then": { "maxProperties": 1 },
        "else": {
            "required": ["result"],
            "oneOf": [{ "required": ["commandText"] }, { "required": ["commandFile"] }],
        },
    })
}

pub(super) fn parameter() -> Json {
    json!({
        "if": {
            "anyOf": [
                { "required": ["columns"] },
                { "properties": { "type": { "pattern": r"\." } }, "required": ["type"] },
            ],
        },
        "then": table(),
        "else": {
            "type": "object",
            "properties": properties(PARAMETER_KEYS.iter().chain(&OF_COMMAND)),
            "additionalProperties": false,
            "if": { "properties": { "direction": { "const": "out" } }, "required": ["direction"] },
            "then": { "required": ["type"] },
            "else": { "required": ["from", "type"] },
        },
    })
}

/// A parameter with a table type.
fn table() -> Json {
    json!({
        "type": "object",
        "properties": properties(&TABLE_KEYS),
        "additionalProperties": false,
        "required": ["from", "type", "columns"],
    })
}

/// A path: what a trigger brings, and a name below it.
pub(super) fn path() -> Json {
    let mut roots: Vec<&str> = [HTTP_ROOTS.as_slice(), &TIMER_ROOTS, &MESSAGE_ROOTS].concat();
    roots.sort_unstable();
    roots.dedup();
    json!({
        "type": "string",
        "pattern": format!("^(?:{})(?:\\..+)?$", roots.join("|")),
        "examples": [
            "route.id", "query.city", "header.x-request-id", "body", "body.name", "principal.oid", "message",
            "message.orderId", "metadata.DequeueCount", "timer.isPastDue", "invocation.id",
        ],
    })
}
