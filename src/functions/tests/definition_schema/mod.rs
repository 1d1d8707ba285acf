//! The JSON Schema of definitions takes what the reader takes, and refuses typical mistakes. Every definition of these tests that
//! the reader takes goes through it, see [`super::read`].

mod validator;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::{http, read};
use crate::functions::definition_schema;
use crate::invocation::without_comments;

static SCHEMA: LazyLock<Json> = LazyLock::new(definition_schema);

/// What the schema has against the text of a definition.
pub(super) fn errors(function_json: &str) -> Vec<String> {
    let text = function_json.trim_start_matches('\u{feff}');
    validator::errors(&SCHEMA, &serde_json::from_str(&without_comments(text)).unwrap())
}

#[test]
fn the_schema_at_the_top_of_the_repository_is_the_one_that_the_command_prints() {
    let stored = include_str!("../../../../function.schema.json");
    assert_eq!(
        stored,
        format!("{:#}\n", definition_schema()),
        "write it again: cargo run -- schema --output function.schema.json"
    );
}

#[test]
fn every_sample_names_the_schema_and_keeps_to_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("function-definitions");
    let mut samples = 0;
    for entry in fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        let text = fs::read_to_string(folder.join("function.json")).unwrap();
        assert_eq!(errors(&text), Vec::<String>::new(), "{}", folder.display());
        let json: Json = serde_json::from_str(&text).unwrap();
        let schema = folder.join(json["$schema"].as_str().unwrap());
        assert!(schema.is_file(), "{}", schema.display());
        samples += 1;
    }
    assert!(samples > 5, "the samples are gone");
}

#[test]
fn the_reader_passes_over_the_key_that_names_the_schema() {
    let definition = r#"{ "$schema": "../../function.schema.json",
        "bindings": [{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }],
        "sql": { "commandText": "DELETE FROM t", "result": "none" } }"#;
    assert!(read(definition, "").is_ok());
}

#[test]
fn typical_mistakes_are_refused_by_the_schema_and_by_the_reader() {
    let valid = r#"{ "commandText": "SELECT @a AS a", "result": "row",
                     "parameters": { "@a": { "from": "query.a", "type": "int", "min": 1 } } }"#;
    assert!(http(valid, "").is_ok());
    for (right, wrong) in [
        (r#""result""#, r#""resultt""#),
        (r#""row""#, r#""rowz""#),
        (r#""commandText""#, r#""comandText""#),
        (r#""commandText""#, r#""commandFile": "query.sql", "commandText""#),
        (r#""commandText": "SELECT @a AS a","#, ""),
        (r#""parameters": {"#, r#""parameters": { "b": { "from": "query.b", "type": "int" }, "#),
        (r#""@a": {"#, r#""@a": { "requird": true, "#),
        (r#""@a": {"#, r#""@a": { "required": "yes", "#),
        (r#""@a": {"#, r#""@a": { "enum": [], "#),
        (r#""query.a""#, r#""querry.a""#),
        (r#""int""#, r#""intt""#),
        (r#""int""#, r#""varchar""#),
        (r#""int""#, r#""money""#),
        (r#", "type": "int""#, ""),
        (r#""from": "query.a","#, ""),
        (r#""result""#, r#""status": 301, "result""#),
        (r#""result""#, r#""whenEmpty": 302, "result""#),
        (r#""result""#, r#""timeout": "30", "result""#),
        (r#""result""#, r#""numbers": "text", "result""#),
        (r#""result""#, r#""transaction": "Auto", "result""#),
        (r#""result""#, r#""throwStatus": "no", "result""#),
        (r#""result""#, r#""faults": {}, "result""#),
        (r#""result""#, r#""faults": { "tries": 21 }, "result""#),
        (r#""result""#, r#""connectionStringSetting": "Server=x;Password=y", "result""#),
        (r#""result""#, r#""outputs": { "q": "rowz" }, "result""#),
        (r#""result""#, r#""idempotencyKey": "key", "result""#),
        (r#""result""#, r#""builtIn": "doctor", "result""#),
    ] {
        assert!(valid.contains(right), "{right}");
        let sql = valid.replacen(right, wrong, 1);
        let bindings = r#"[{ "type": "httpTrigger", "name": "req" }, { "type": "http", "direction": "out", "name": "res" }]"#;
        let whole = format!(r#"{{ "bindings": {bindings}, "sql": {sql} }}"#);
        assert!(http(&sql, "SELECT 1 AS a").is_err(), "the reader takes {sql}");
        assert_ne!(errors(&whole), Vec::<String>::new(), "the schema takes {sql}");
    }
}

#[test]
fn mistakes_in_bindings_are_refused_by_the_schema_and_by_the_reader() {
    let trigger = r#"{ "type": "httpTrigger", "direction": "in", "name": "req" }"#;
    let output = r#"{ "type": "http", "direction": "out", "name": "res" }"#;
    for bindings in [
        String::new(),
        output.to_owned(),
        format!("{trigger}, {trigger}, {output}"),
        format!("{}, {output}", trigger.replace("httpTrigger", "httpTriger")),
        format!("{}, {output}", trigger.replace("req", "my-req")),
        format!("{}, {output}", trigger.replace(r#""in""#, r#""out""#)),
        format!("{}, {output}", trigger.replace('}', r#", "methods": ["posts"] }"#)),
        format!("{}, {output}", trigger.replace('}', r#", "methods": "post" }"#)),
        format!("{}, {output}", trigger.replace('}', r#", "route": "/persons" }"#)),
        format!("{}, {output}", trigger.replace('}', r#", "authLevel": "functions" }"#)),
        r#"{ "type": "timerTrigger", "name": "t" }"#.to_owned(),
        r#"{ "type": "serviceBusTrigger", "name": "m", "cardinality": "several" }"#.to_owned(),
        format!(r#"{trigger}, {output}, {{ "type": "table", "direction": "in", "name": "t" }}"#),
    ] {
        let sql = r#"{ "commandText": "DELETE FROM t", "result": "none" }"#;
        let whole = format!(r#"{{ "bindings": [{bindings}], "sql": {sql} }}"#);
        assert!(read(&whole, "").is_err(), "the reader takes {bindings}");
        assert_ne!(errors(&whole), Vec::<String>::new(), "the schema takes {bindings}");
    }
}
