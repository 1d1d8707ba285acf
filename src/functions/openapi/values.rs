//! The schema of a value that a caller sends: from a parameter's SQL type and limits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::ecma;
use crate::functions::limits::{Bound, Limits};
use crate::functions::plan::PlannedParameter;
use crate::functions::table_type::{TableColumn, TableType};
use crate::invocation::{Length, SqlType, SqlValue};

/// How a value comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// As text: in the path, the query or a header.
    Text,
    /// As a JSON value: in a body.
    Json,
}

/// `2026-01-31`, `2026-01-31T07:08`, `2026-01-31T07:08:09.123`: no format of OpenAPI's has a time without an offset.
const LOCAL_DATE_TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?$";
/// `07:08`, `07:08:09.123`
const LOCAL_TIME: &str = "^[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?$";
/// A whole number in a string.
const DIGITS: &str = "^-?[0-9]+$";
/// A number in a string, in JSON's grammar.
const DECIMAL: &str = "^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$";

/// The schema of a parameter's value. Whether it may be null or missing is said elsewhere.
pub(super) fn schema(parameter: &PlannedParameter, carrier: Carrier) -> Map<String, Json> {
    match parameter.table() {
        Some(table) => of_table(table),
        None => of_value(parameter.carried_type(), &parameter.limits, parameter.default.as_ref(), carrier),
    }
}

/// Rows: objects, or the values themselves where there is one column.
fn of_table(table: &TableType) -> Map<String, Json> {
    let value = |column: &TableColumn| {
        let mut schema = of_value(column.sql_type, &column.limits, column.default.as_ref(), Carrier::Json);
        if !column.required {
            nullable(&mut schema);
        }
        Json::Object(schema)
    };
    let properties: Map<String, Json> =
        table.columns.iter().map(|column| (column.name.clone(), value(column))).collect();
    let required: Vec<&str> =
        table.columns.iter().filter(|column| column.required).map(|column| column.name.as_str()).collect();
    let object = json!({ "type": "object", "properties": properties, "required": required });
    let items = match table.columns.as_slice() {
        [column] if table.takes_values() => json!({ "anyOf": [object, value(column)] }),
        _ => object,
    };
    Map::from_iter([
        ("type".to_owned(), "array".into()),
        ("items".to_owned(), items),
        ("maxItems".to_owned(), table.max_rows.into()),
        ("description".to_owned(), format!("Rows of the table type {}.", table.name).into()),
    ])
}

fn of_value(
    sql_type: SqlType,
    limits: &Limits,
    default: Option<&SqlValue>,
    carrier: Carrier,
) -> Map<String, Json> {
    let mut schema = of_type(sql_type, carrier);
    let mut notes = vec![format!("SQL type {sql_type}.")];
    notes.extend(note_of_type(sql_type));
    for (keyword, word, bound) in [("minimum", "At least", &limits.min), ("maximum", "At most", &limits.max)]
    {
        let Some(bound) = bound else { continue };
        let written: Option<Json> = serde_json::from_str(&bound.spelling).ok().filter(Json::is_number);
        match written.or_else(|| number(&bound.value)) {
            Some(number) => drop(schema.insert(keyword.to_owned(), number)),
            // JSON Schema puts no dates in order.
            None => notes.push(format!("{word} {}.", bound.spelling.trim_matches('"'))),
        }
    }
    if let Some(most) = limits.max_length {
        let most = if sql_type.is_binary() { most.div_ceil(3).saturating_mul(4) } else { most };
        schema.insert("maxLength".to_owned(), most.into());
    }
    if let Some(pattern) = &limits.pattern {
        match ecma::translate(pattern.as_str()) {
            Some(pattern) => drop(schema.insert("pattern".to_owned(), pattern.into())),
            None => {
                notes.push(format!("Must match the regular expression {pattern} of the Rust crate regex."));
            }
        }
    }
    if !limits.allowed.is_empty() {
        let values = limits.allowed.iter().flat_map(|bound| allowed(bound, sql_type, carrier));
        schema.insert("enum".to_owned(), values.collect());
    }
    if let Some(default) = default {
        schema.insert("default".to_owned(), json_of(default, sql_type, carrier));
    }
    schema.insert("description".to_owned(), notes.join(" ").into());
    schema
}

fn of_type(sql_type: SqlType, carrier: Carrier) -> Map<String, Json> {
    let json = carrier == Carrier::Json;
    let schema = match sql_type {
        SqlType::Bit => json!({ "type": "boolean" }),
        SqlType::TinyInt => json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": 255 }),
        SqlType::SmallInt => {
            json!({ "type": "integer", "format": "int32", "minimum": i16::MIN, "maximum": i16::MAX })
        }
        SqlType::Int => json!({ "type": "integer", "format": "int32" }),
        SqlType::BigInt if json => {
            json!({ "type": ["integer", "string"], "format": "int64", "pattern": DIGITS })
        }
        SqlType::BigInt => json!({ "type": "integer", "format": "int64" }),
        SqlType::Decimal { .. } if json => json!({ "type": ["number", "string"], "pattern": DECIMAL }),
        SqlType::Decimal { .. } => json!({ "type": "number" }),
        SqlType::Real => json!({ "type": "number", "format": "float" }),
        SqlType::Float => json!({ "type": "number", "format": "double" }),
        SqlType::Date => json!({ "type": "string", "format": "date" }),
        SqlType::Time { .. } => json!({ "type": "string", "pattern": LOCAL_TIME }),
        SqlType::DateTime | SqlType::SmallDateTime | SqlType::DateTime2 { .. } => {
            json!({ "type": "string", "pattern": LOCAL_DATE_TIME })
        }
        SqlType::DateTimeOffset { .. } => json!({ "type": "string", "format": "date-time" }),
        SqlType::VarChar(Length::Max) | SqlType::NVarChar(Length::Max) if json => {
            json!({ "type": ["string", "array", "object"] })
        }
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::Xml => {
            json!({ "type": "string" })
        }
        // Any value is one; outside of JSON its text is.
        SqlType::Json if json => json!({}),
        SqlType::Json => json!({ "type": "string" }),
        SqlType::Binary(_) | SqlType::VarBinary(_) => {
            json!({ "type": "string", "contentEncoding": "base64" })
        }
        SqlType::UniqueIdentifier => json!({ "type": "string", "format": "uuid" }),
    };
    match schema {
        Json::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn note_of_type(sql_type: SqlType) -> Option<String> {
    match sql_type {
        SqlType::Decimal { precision, scale } => Some(format!(
            "At most {} digits before the point and {scale} behind it.",
            precision.saturating_sub(scale)
        )),
        SqlType::Time { scale } | SqlType::DateTime2 { scale } | SqlType::DateTimeOffset { scale } => {
            Some(format!("At most {scale} digits of a second's fraction."))
        }
        SqlType::DateTime => Some("At most 3 digits of a second's fraction.".to_owned()),
        SqlType::SmallDateTime => Some("Whole minutes.".to_owned()),
        _ => None,
    }
}

/// The JSON values that stand for one of `enum`: a number that may come as a string too is there twice.
fn allowed(bound: &Bound, sql_type: SqlType, carrier: Carrier) -> Vec<Json> {
    let value = json_of(&bound.value, sql_type, carrier);
    match (sql_type, carrier) {
        (SqlType::BigInt | SqlType::Decimal { .. }, Carrier::Json) => {
            let text = value.to_string();
            vec![value, text.into()]
        }
        _ => vec![value],
    }
}

/// Null is the same as a value that is missing.
pub(super) fn nullable(schema: &mut Map<String, Json>) {
    match schema.get_mut("type") {
        Some(Json::Array(types)) => types.push("null".into()),
        Some(kind) => *kind = json!([kind.take(), "null"]),
        None => {}
    }
    if let Some(Json::Array(values)) = schema.get_mut("enum") {
        values.push(Json::Null);
    }
}

/// A value as JSON, in the form that callers write.
fn json_of(value: &SqlValue, sql_type: SqlType, carrier: Carrier) -> Json {
    match value {
        // The digits of a real that was widened would be those of the float.
        #[expect(clippy::cast_possible_truncation, reason = "a real was read as an f32 and is one still")]
        SqlValue::Float(value) if sql_type == SqlType::Real => {
            serde_json::from_str(&format!("{:?}", *value as f32)).unwrap_or_default()
        }
        SqlValue::Text(text) if sql_type == SqlType::Json && carrier == Carrier::Json => {
            serde_json::from_str(text).unwrap_or_default()
        }
        SqlValue::Null => Json::Null,
        SqlValue::Bit(value) => (*value).into(),
        SqlValue::Integer(_) | SqlValue::Decimal(_) | SqlValue::Float(_) => number(value).unwrap_or_default(),
        SqlValue::Date(value) => value.format("%Y-%m-%d").to_string().into(),
        SqlValue::Time(value) => value.format("%H:%M:%S%.f").to_string().into(),
        SqlValue::DateTime(value) => value.format("%Y-%m-%dT%H:%M:%S%.f").to_string().into(),
        SqlValue::DateTimeOffset(value) => value.to_rfc3339().into(),
        SqlValue::Text(text) => text.as_str().into(),
        SqlValue::Binary(bytes) => STANDARD.encode(bytes).into(),
        SqlValue::UniqueIdentifier(value) => value.to_string().into(),
    }
}

/// A number with all its digits; None for what is none.
fn number(value: &SqlValue) -> Option<Json> {
    match value {
        SqlValue::Integer(number) => Some((*number).into()),
        SqlValue::Decimal(number) => serde_json::from_str(&number.to_string()).ok(),
        SqlValue::Float(number) => Some((*number).into()),
        _ => None,
    }
}
