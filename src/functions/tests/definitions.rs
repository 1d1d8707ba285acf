//! A wrong definition says what is wrong, where and what to do; all of it at once.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::{http, read, timer, with_parameters};
use crate::functions::{DefinitionError, Function, load};

pub(super) fn mistakes(read: Result<Arc<Function>, DefinitionError>) -> Vec<(String, String)> {
    read.unwrap_err().mistakes.into_iter().map(|mistake| (mistake.key, mistake.message)).collect()
}

/// The one mistake: its key and a part of its sentence.
#[track_caller]
pub(super) fn only(read: Result<Arc<Function>, DefinitionError>, key: &str, sentence: &str) {
    let mistakes = mistakes(read);
    let [(found, message)] = mistakes.as_slice() else { panic!("not one mistake: {mistakes:#?}") };
    assert_eq!(found, key);
    assert!(message.contains(sentence), "{message}");
}

#[test]
fn all_mistakes_are_told_at_once_with_file_and_key() {
    let error = http(
        r#"{ "comandText": "SELECT 1", "commandFile": "query.sql", "result": "row", "status": 302,
             "parameters": { "@id": { "from": "route.idd", "type": "money", "requierd": true } } }"#,
        "SELECT @id AS id, @other AS other",
    )
    .unwrap_err();
    let keys: Vec<&str> = error.mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "sql.comandText",
            "sql.status",
            "sql.parameters.@id.requierd",
            "sql.parameters.@id.type",
            "sql.parameters.@id.from",
            "sql.parameters",
        ]
    );
    assert!(
        error
            .to_string()
            .contains("Work/function.json:3: sql.comandText: is not a key; did you mean `commandText`?")
    );
    assert!(error.to_string().contains("the route `work/{id:int}/{tab?}` has no `idd`; it has id, tab"));
    assert_eq!(error.http_output(), Some("res"));
}

#[test]
fn wrong_json_is_told_with_line_and_column() {
    only(read("{\n  \"bindings\": [,]\n}", ""), "", "line 2 column 16");
    only(read("[]", ""), "", "must be an object");
    only(
        read(
            r#"{ "bindings": [{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }], "sqll": {} }"#,
            "",
        ),
        "sql",
        "there is `sqll`",
    );
}

#[test]
fn one_wrong_definition_fails_no_other_function() {
    let root = tempfile::tempdir().unwrap();
    let good = r#"{ "bindings": [{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }],
                    "sql": { "commandText": "DELETE FROM t", "result": "none" } }"#;
    for (folder, text) in [("Good", good), ("Bad", "{"), ("host", good), ("2nd", good)] {
        fs::create_dir(root.path().join(folder)).unwrap();
        fs::write(root.path().join(folder).join("function.json"), text).unwrap();
    }
    fs::create_dir(root.path().join("NoFunction")).unwrap();

    let catalogue = load(root.path()).unwrap();

    assert_eq!(catalogue.valid().map(|function| &*function.name).collect::<Vec<_>>(), ["Good"]);
    assert_eq!(catalogue.invalid().map(|(name, _)| name).collect::<Vec<_>>(), ["2nd", "Bad", "host"]);
    assert!(load(&root.path().join("nowhere")).is_err());
}

#[test]
fn what_is_not_built_yet_is_never_ignored() {
    let base = r#""commandText": "SELECT 1 AS a""#;
    only(
        http(&format!(r#"{{ {base}, "result": "row", "replica": "x" }}"#), ""),
        "sql.replica",
        "\"primary\" or \"secondary\"",
    );
    only(
        with_parameters(r#"{ "@a": { "from": "setting.X", "type": "int" } }"#),
        "sql.parameters.@a.from",
        "not supported yet",
    );
}

#[test]
fn values_of_keys_are_checked() {
    for (part, key, sentence) in [
        (r#""result": "rowz""#, "sql.result", "did you mean `rows`?"),
        (r#""result": "row", "status": 301"#, "sql.status", "200 to 299"),
        (r#""result": "row", "status": 204"#, "sql.status", "no body"),
        (r#""result": "row", "whenEmpty": 302"#, "sql.whenEmpty", "400 to 599"),
        (r#""result": "row", "timeout": "30""#, "sql.timeout", "hh:mm:ss"),
        (r#""result": "row", "timeout": "00:00:00""#, "sql.timeout", "more than nothing"),
        (r#""result": "row", "numbers": "text""#, "sql.numbers", "exact"),
        (r#""result": "row", "throwStatus": "no""#, "sql.throwStatus", "true or false"),
        (
            r#""result": "row", "connectionStringSetting": "Server=x;Password=y""#,
            "sql.connectionStringSetting",
            "name of an app setting",
        ),
        (r#""result": "row", "parameters": []"#, "sql.parameters", "must be an object"),
        (r#""result": "row", "commandFile": "query.sql""#, "sql.commandFile", "one of the two"),
        (r#""commandType": "Text""#, "sql.result", "is missing"),
    ] {
        only(http(&format!(r#"{{ "commandText": "SELECT 1 AS a", {part} }}"#), ""), key, sentence);
    }
    let function =
        http(r#"{ "commandText": "SELECT 1 AS a", "result": "row", "timeout": "00:01:30" }"#, "").unwrap();
    assert_eq!(function.plan().unwrap().timeout(), Some(Duration::from_secs(90)));
}

#[test]
fn a_functions_own_tries_and_budget_are_within_what_the_settings_may_be() {
    let with = |faults: &str, rest: &str| {
        http(&format!(r#"{{ "commandText": "SELECT 1", "result": "value", "faults": {faults}{rest} }}"#), "")
    };
    let own = with(r#"{ "budget": "00:00:30", "tries": 5 }"#, "").unwrap().plan().unwrap().own_retry_limits();
    assert_eq!((own.budget, own.tries), (Some(Duration::from_secs(30)), Some(5)));
    let tries = with(r#"{ "tries": 1 }"#, "").unwrap().plan().unwrap().own_retry_limits();
    assert_eq!((tries.budget, tries.tries), (None, Some(1)));
    for tries in ["0", "21"] {
        only(with(&format!(r#"{{ "tries": {tries} }}"#), ""), "sql.faults.tries", "from 1 to 20");
    }
    for budget in ["00:03:51", "30 s"] {
        only(with(&format!(r#"{{ "budget": "{budget}" }}"#), ""), "sql.faults.budget", "up to \"00:03:50\"");
    }
    only(with("{}", ""), "sql.faults", "says nothing");
    only(with(r#"{ "trie": 3, "tries": 3 }"#, ""), "sql.faults.trie", "did you mean `tries`?");
    only(
        with(r#"{ "budget": "00:00:30" }"#, r#", "timeout": "00:00:10""#),
        "sql.faults.budget",
        "longer than the function's timeout",
    );
}

#[test]
fn a_command_file_stays_in_its_folder_and_is_utf_8() {
    for file in ["../secret.sql", "/etc/passwd", ""] {
        only(
            http(&format!(r#"{{ "commandFile": "{file}", "result": "none" }}"#), ""),
            "sql.commandFile",
            "own folder",
        );
    }
    only(
        http(r#"{ "commandFile": "missing.sql", "result": "none" }"#, ""),
        "sql.commandFile",
        "can't be read",
    );
    let function =
        http(r#"{ "commandFile": "./query.sql", "result": "none" }"#, "\u{feff}DELETE FROM t").unwrap();
    assert_eq!(&**function.plan().unwrap().command_text(), "DELETE FROM t");
    let error = http(r#"{ "commandFile": "query.sql", "result": "none" }"#, "SELECT 1\nGO\n").unwrap_err();
    assert!(error.to_string().starts_with("Work/query.sql:2: line 2 is GO"), "{error}");
}

#[test]
fn the_command_and_its_parameters_fit_each_other() {
    let parameters = r#""parameters": { "@id": { "from": "route.id", "type": "int" } }, "result": "none""#;
    let command = |text: &str| http(&format!(r#"{{ "commandFile": "query.sql", {parameters} }}"#), text);
    assert!(command("SELECT @ID").is_ok());
    only(command("SELECT @id, @name"), "sql.parameters", "has no `@name`");
    let both = mistakes(command("SELECT @ids"));
    assert!(both[0].1.contains("did you mean `@id`?") && both[1].0 == "sql.parameters.@id", "{both:?}");
    only(
        http(r#"{ "commandText": "DELETE FROM t", "result": "none", "repeatable": true }"#, ""),
        "sql.repeatable",
        "`DELETE`",
    );
}

#[test]
fn a_parameters_parts_fit_each_other() {
    for (rest, key, sentence) in [
        (r#""type": "nvarchar(5)", "min": 1"#, "min", "use maxLength"),
        (r#""type": "int", "maxLength": 5"#, "maxLength", "text and binary"),
        (r#""type": "nvarchar(5)", "maxLength": 6"#, "maxLength", "5 at most"),
        (r#""type": "int", "pattern": "a""#, "pattern", "for text"),
        (r#""type": "nvarchar(5)", "pattern": "(""#, "pattern", "regular expression"),
        (r#""type": "int", "min": 5, "max": 4"#, "min", "greater than max"),
        (r#""type": "int", "max": "5""#, "max", "not a value of int"),
        (r#""type": "int", "max": 5, "default": 6"#, "default", "at most 5"),
        (r#""type": "int", "default": null"#, "default", "leave the key out"),
        (r#""type": "int", "default": 1, "required": true"#, "required", "leave one"),
        (r#""type": "int", "enum": [1, "2"]"#, "enum[1]", "not a value of int"),
        (r#""type": "int", "enum": []"#, "enum", "empty"),
        (r#""type": "int", "max": 5, "enum": [6]"#, "enum[0]", "other limits"),
        (r#""type": "varchar""#, "type", "varchar(50)"),
        (r#""type": "ints""#, "type", "did you mean `int`?"),
    ] {
        let parameters = format!(r#"{{ "@a": {{ "from": "query.a", {rest} }} }}"#);
        only(with_parameters(&parameters), &format!("sql.parameters.@a.{key}"), sentence);
    }
}

#[test]
fn a_path_fits_the_trigger() {
    only(
        timer(r#"{ "@a": { "from": "query.a", "type": "int" } }"#),
        "sql.parameters.@a.from",
        "timer function",
    );
    only(
        timer(r#"{ "@a": { "from": "timer.isPast", "type": "bit" } }"#),
        "sql.parameters.@a.from",
        "isPastDue",
    );
    only(timer(r#"{ "@a": { "from": "timer.isPastDue", "type": "int" } }"#), "sql.parameters.@a.type", "bit");
    for (from, sentence) in [
        ("timer.isPastDue", "HTTP function"),
        ("querry.a", "did you mean `query`?"),
        ("query", "names nothing"),
        ("body.items[0]", "OPENJSON"),
        ("body..a", "empty name"),
        ("invocation.name", "invocation.id"),
    ] {
        let parameters = format!(r#"{{ "@a": {{ "from": "{from}", "type": "int" }} }}"#);
        only(with_parameters(&parameters), "sql.parameters.@a.from", sentence);
    }
}

#[test]
fn a_parameters_name_is_one_that_the_server_takes() {
    let define = |name: &str| {
        http(
            &format!(
                r#"{{ "commandText": "SELECT 1", "result": "none",
                      "parameters": {{ "{name}": {{ "from": "query.a", "type": "int" }} }} }}"#
            ),
            "",
        )
    };
    for (name, sentence) in
        [("id", "begin with @"), ("@1d", "not a T-SQL"), ("@@id", "not a T-SQL"), ("@stmt", "sp_executesql")]
    {
        let found = mistakes(define(name));
        assert!(found[0].1.contains(sentence), "{name}: {found:?}");
    }
}

#[test]
fn bindings_are_those_of_a_function() {
    let sql = r#""sql": { "commandText": "DELETE FROM t", "result": "none" }"#;
    let trigger = r#"{ "type": "httpTrigger", "name": "req" }"#;
    let output = r#"{ "type": "http", "direction": "out", "name": "$return" }"#;
    let bindings = |list: &str| read(&format!(r#"{{ "bindings": [{list}], {sql} }}"#), "");
    assert!(bindings(&format!("{trigger}, {output}")).is_ok());
    only(bindings(""), "bindings", "empty");
    only(bindings(output), "bindings", "no trigger");
    only(bindings(trigger), "bindings", "no http output");
    only(bindings(&format!("{trigger}, {trigger}, {output}")), "bindings[1]", "second trigger");
    for name in ["my_req", "1req", "req-1", "$req", "réq"] {
        let named = format!(r#"{{ "type": "httpTrigger", "name": "{name}" }}, {output}"#);
        only(bindings(&named), "bindings[0].name", "a letter, then letters and digits");
    }
    only(
        bindings(&format!(r#"{{ "type": "httpTrigger", "name": "req", "route": "Admin/x" }}, {output}"#)),
        "bindings[0].route",
        "admin",
    );
    only(
        bindings(&format!(r#"{{ "type": "httpTrigger", "name": "req", "methods": ["posts"] }}, {output}"#)),
        "bindings[0].methods[0]",
        "did you mean `post`?",
    );
    only(bindings(r#"{ "type": "timerTrigger", "name": "t" }"#), "bindings[0].schedule", "NCRONTAB");
}
