//! The JSON Schema (2020-12) of `function.json`, made of the lists by which definitions are read: editors complete and check with
//! it. What needs more than one key, a file or the database is for `azsql-worker check`.

mod bindings;
mod sql;
mod types;
mod words;

use serde_json::{Map, Value as Json, json};

/// A key of an object with what it means and what it may hold.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// A sentence for whoever writes a definition.
    pub(super) description: &'static str,
    pub(super) schema: fn() -> Json,
}

/// The schema.
#[must_use]
pub fn definition_schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "function.json of a function of azsql-worker",
        "description": "Made by `azsql-worker schema`. What the Functions host alone reads may stand beside these keys.",
        "type": "object",
        "properties": properties(&KEYS),
        "required": ["bindings", "sql"],
        "$defs": {
            "sqlType": types::sql_type(),
            "path": sql::path(),
            "parameter": sql::parameter(),
            "timeSpan": {
                "type": "string",
                "pattern": r"^(?:[0-9]{1,4}\.)?(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9]$",
                "examples": ["00:00:30"],
            },
        },
    })
}

/// The keys at the top of the file that mean something to the worker.
const KEYS: [Key; 5] = [
    Key {
        name: "$schema",
        description: "Where this schema is, for the editor. The Functions host and the worker pass it over.",
        schema: || json!({ "type": "string" }),
    },
    Key {
        name: "bindings",
        description: "What starts the function and where its results go. A function has exactly one trigger.",
        schema: bindings::schema,
    },
    Key {
        name: "sql",
        description: "The command, its parameters and what becomes of its results.",
        schema: sql::schema,
    },
    Key {
        name: "retry",
        description: "How often the host runs a failed function again: for timerTrigger, eventHubTrigger (required there), \
                      cosmosDBTrigger and kafkaTrigger.",
        schema: bindings::retry,
    },
    Key {
        name: "scriptFile",
        description: "A file in the function's folder that the host looks for. Leave it out.",
        schema: || json!({ "type": "string" }),
    },
];

/// The `properties` of these keys.
fn properties<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Json {
    let properties = keys.into_iter().map(|key| {
        let mut schema = (key.schema)();
        let described = Map::from_iter([("description".to_owned(), Json::from(key.description))]);
        if let Json::Object(schema) = &mut schema {
            *schema = described.into_iter().chain(std::mem::take(schema)).collect();
        }
        (key.name.to_owned(), schema)
    });
    properties.collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{command, faults, parameter, table_type};
    use super::*;

    fn names(keys: &[Key]) -> BTreeSet<&'static str> {
        keys.iter().map(|key| key.name).collect()
    }

    #[test]
    fn every_key_that_the_reader_knows_is_in_the_schema_and_no_other() {
        assert_eq!(names(&sql::KEYS), command::KEYS.into_iter().collect());
        assert_eq!(names(&sql::PARAMETER_KEYS), parameter::KEYS.into_iter().collect());
        assert_eq!(names(&sql::OF_COMMAND), parameter::OF_COMMAND.into_iter().collect());
        assert_eq!(names(&sql::TABLE_KEYS), table_type::KEYS.into_iter().collect());
        assert_eq!(names(&sql::FAULTS_KEYS), faults::KEYS.into_iter().collect());
    }

    #[test]
    fn every_key_is_in_the_documentation() {
        let documentation = include_str!("../../../../docs/definitions.md");
        let first_cells: Vec<&str> = documentation
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .filter_map(|row| row.split(" | ").next())
            .collect();
        for key in sql::KEYS.iter().chain(&sql::PARAMETER_KEYS).chain(&sql::OF_COMMAND) {
            let named = first_cells.iter().any(|cell| cell.split('`').any(|word| word == key.name));
            assert!(named, "no table of docs/definitions.md has a row for `{}`", key.name);
        }
    }

    #[test]
    fn every_key_is_described_in_a_sentence() {
        for key in KEYS
            .iter()
            .chain(&sql::KEYS)
            .chain(&sql::PARAMETER_KEYS)
            .chain(&sql::OF_COMMAND)
            .chain(&sql::FAULTS_KEYS)
        {
            assert!(key.description.ends_with('.'), "{}", key.name);
        }
    }
}
