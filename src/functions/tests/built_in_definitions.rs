//! Definitions of functions that the worker serves itself.

use super::definitions::only;
use super::read;
use crate::functions::{BuiltIn, Work};

const TRIGGER: &str = r#""type": "httpTrigger", "direction": "in", "name": "req""#;
const OUTPUT: &str = r#"{ "type": "http", "direction": "out", "name": "res" }"#;

fn definition(trigger: &str, more: &str, sql: &str) -> String {
    format!(r#"{{ "bindings": [{{ {trigger} }}, {OUTPUT} {more}], "sql": {{ {sql} }} }}"#)
}

fn doctor(trigger: &str, sql: &str) -> String {
    definition(&format!("{TRIGGER}, {trigger}"), "", sql)
}

const KEYED: &str = r#""methods": ["GET"], "authLevel": "Admin""#;

#[test]
fn a_built_in_function_needs_no_command() {
    let function = read(&doctor(KEYED, r#""builtIn": "doctor""#), "").unwrap();
    assert!(matches!(function.work, Work::BuiltIn(BuiltIn::Doctor)));
    assert!(function.plan().is_none());
}

#[test]
fn each_built_in_function_has_its_name() {
    for built_in in BuiltIn::ALL {
        let function = read(&doctor(KEYED, &format!(r#""builtIn": "{}""#, built_in.name())), "").unwrap();
        assert!(matches!(function.work, Work::BuiltIn(which) if which == built_in));
    }
}

#[test]
fn a_built_in_function_is_for_operators_alone() {
    let sql = r#""builtIn": "doctor""#;
    for level in ["", r#", "authLevel": "function""#, r#", "authLevel": "anonymous""#] {
        let trigger = format!(r#""methods": ["get"]{level}"#);
        only(read(&doctor(&trigger, sql), ""), "bindings[0].authLevel", r#"must be "admin""#);
    }
    for methods in ["", r#", "methods": ["post"]"#, r#", "methods": ["get", "post"]"#] {
        let trigger = format!(r#""authLevel": "admin"{methods}"#);
        only(read(&doctor(&trigger, sql), ""), "bindings[0].methods", r#"must be ["get"]"#);
    }
}

#[test]
fn what_describes_the_functions_is_for_whoever_may_call_it() {
    for level in ["anonymous", "function", "admin"] {
        let trigger = format!(r#""authLevel": "{level}", "methods": ["get"]"#);
        assert!(read(&doctor(&trigger, r#""builtIn": "openapi""#), "").is_ok(), "{level}");
    }
    let every_method = doctor(r#""authLevel": "anonymous""#, r#""builtIn": "openapi""#);
    only(read(&every_method, ""), "bindings[0].methods", r#"must be ["get"]"#);
}

#[test]
fn a_built_in_function_has_nothing_beside_it() {
    for key in [r#""commandText": "SELECT 1""#, r#""result": "none""#, r#""timeout": "00:00:30""#] {
        let name = key.split('"').nth(1).unwrap();
        let sql = format!(r#""builtIn": "doctor", {key}"#);
        only(read(&doctor(KEYED, &sql), ""), &format!("sql.{name}"), "beside builtIn");
    }
    let queue = r#", { "type": "queue", "direction": "out", "name": "q", "queueName": "q" }"#;
    let written = definition(&format!("{TRIGGER}, {KEYED}"), queue, r#""builtIn": "doctor""#);
    only(read(&written, ""), "bindings[2]", "feeds no output");
}

#[test]
fn only_a_caller_can_have_a_built_in_function() {
    let timer = r#"{ "bindings": [{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }],
                     "sql": { "builtIn": "doctor" } }"#;
    only(read(timer, ""), "bindings[0].type", "must be httpTrigger");
}

#[test]
fn an_unknown_built_in_function_is_told_what_there_is() {
    only(read(&doctor(KEYED, r#""builtIn": "docter""#), ""), "sql.builtIn", "did you mean `doctor`?");
    only(read(&doctor(KEYED, r#""builtIn": "swagger""#), ""), "sql.builtIn", "doctor, metrics, openapi");
    only(read(&doctor(KEYED, r#""builtIn": true"#), ""), "sql.builtIn", "must be a string");
    let misspelt = r#""commandText": "SELECT 1", "result": "none", "builtin": "doctor""#;
    only(read(&doctor(KEYED, misspelt), ""), "sql.builtin", "did you mean `builtIn`?");
}
