//! Tests of definitions, binding and shaping through the module's public side, on folders as a user writes them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod answers;
mod binding;
mod built_in_definitions;
mod callers;
mod definition_schema;
mod definitions;
mod documentation;
mod idempotency_keys;
mod message_definitions;
mod messages;
mod openapi;
mod outputs;
mod procedures;
mod result_forms;
mod samples;
mod shaping;
mod tables;

use std::fs;
use std::sync::Arc;

use super::{DefinitionError, Function, load};

/// A function's folder on disk, read.
fn read(function_json: &str, query_sql: &str) -> Result<Arc<Function>, DefinitionError> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("Work");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("function.json"), function_json).unwrap();
    fs::write(folder.join("query.sql"), query_sql).unwrap();
    let read = load(root.path()).unwrap().get("work").unwrap().clone();
    if read.is_ok() {
        let errors = definition_schema::errors(function_json);
        assert_eq!(errors, Vec::<String>::new(), "the reader takes what the schema refuses: {function_json}");
    }
    read
}

/// An HTTP function with this section `sql` and the route `work/{id:int}/{tab?}`.
fn http(sql: &str, command: &str) -> Result<Arc<Function>, DefinitionError> {
    let bindings = r#"[
        { "type": "httpTrigger", "direction": "in", "name": "req", "route": "work/{id:int}/{tab?}" },
        { "type": "http", "direction": "out", "name": "res" }]"#;
    read(&format!(r#"{{ "bindings": {bindings}, "sql": {sql} }}"#), command)
}

/// An HTTP function whose command uses all of these parameters.
fn with_parameters(parameters: &str) -> Result<Arc<Function>, DefinitionError> {
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(parameters).unwrap();
    let names: Vec<&str> = json.keys().map(String::as_str).collect();
    let sql = format!(r#"{{ "commandFile": "query.sql", "result": "none", "parameters": {parameters} }}"#);
    http(&sql, &format!("SELECT {}", names.join(", ")))
}

/// A timer function whose command uses all of these parameters.
fn timer(parameters: &str) -> Result<Arc<Function>, DefinitionError> {
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(parameters).unwrap();
    let names: Vec<&str> = json.keys().map(String::as_str).collect();
    read(
        &format!(
            r#"{{ "bindings": [{{ "type": "timerTrigger", "name": "timer", "schedule": "0 0 2 * * *" }}],
                  "sql": {{ "commandFile": "query.sql", "result": "none", "parameters": {parameters} }} }}"#
        ),
        &format!("SELECT {}", names.join(", ")),
    )
}

/// A function on this binding, whose command uses all of these parameters; `more` goes beside `bindings`.
fn message(binding: &str, more: &str, parameters: &str) -> Result<Arc<Function>, DefinitionError> {
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(parameters).unwrap();
    let names: Vec<&str> = json.keys().map(String::as_str).collect();
    read(
        &format!(
            r#"{{ "bindings": [{{ "name": "m", {binding} }}], {more}
                  "sql": {{ "commandFile": "query.sql", "result": "none", "parameters": {parameters} }} }}"#
        ),
        &if names.is_empty() { "SELECT 1".to_owned() } else { format!("SELECT {}", names.join(", ")) },
    )
}

/// A timer function with this in its section `sql`.
fn timer_with(sql: &str) -> Result<Arc<Function>, DefinitionError> {
    read(
        &format!(
            r#"{{ "bindings": [{{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }}],
                  "sql": {{ "commandText": "SELECT 1 AS one", {sql} }} }}"#
        ),
        "",
    )
}
