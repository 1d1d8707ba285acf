//! Table parameters: what a definition says of them, and what becomes of a caller's rows.

use std::sync::Arc;

use super::definitions::only;
use super::{http, with_parameters};
use crate::functions::{AppServiceAuthentication, DefinitionError, Function};
use crate::invocation::{Body, HttpRequest, Parameter, Problem, SqlType, TriggerInput};

const LIST: &str = r#""from": "body.list", "type": "dbo.List""#;

fn table(more: &str) -> Result<Arc<Function>, DefinitionError> {
    with_parameters(&format!(r#"{{ "@list": {{ {LIST}, {more} }} }}"#))
}

fn bind(more: &str, list: &str) -> Result<Parameter, Problem> {
    let input = TriggerInput::Http(HttpRequest {
        body: Body::text(format!(r#"{{ "list": {list} }}"#)),
        ..HttpRequest::default()
    });
    let function = table(more).unwrap();
    let bound = function.plan().unwrap().bind("id", &input, AppServiceAuthentication::Off)?;
    Ok(bound.parameters.into_iter().next().unwrap())
}

fn rows(more: &str, list: &str) -> String {
    match bind(more, list).unwrap().value {
        crate::invocation::SqlValue::Text(text) => text,
        other => panic!("rows go as a text, not {other:?}"),
    }
}

fn misfits(more: &str, list: &str) -> Vec<(String, String)> {
    let problem = bind(more, list).unwrap_err();
    assert_eq!((problem.status, problem.kind), (400, "invalid-parameters"));
    problem.violations.into_iter().map(|violation| (violation.from, violation.message)).collect()
}

const TWO: &str = r#""columns": { "Id": "int", "Name": { "type": "nvarchar(5)", "required": true } }"#;

#[test]
fn the_rows_travel_as_one_json_text_behind_the_variable() {
    let function = table(TWO).unwrap();
    let plan = function.plan().unwrap();
    assert_eq!(&**plan.declarations(), "@azsql_rows_list nvarchar(max)");
    assert_eq!(
        &**plan.command_text(),
        "SET NOCOUNT ON; DECLARE @list [dbo].[List]; INSERT INTO @list ([Id], [Name]) SELECT [c0], [c1] FROM \
         OPENJSON(@azsql_rows_list) WITH ([c0] int '$[0]', [c1] nvarchar(5) '$[1]'); SET NOCOUNT OFF; SELECT @list"
    );
    assert!(plan.rights_needed().each().any(|(object, right)| {
        (object.to_string().as_str(), right.name()) == ("[dbo].[List]", "EXECUTE")
    }));
    let parameter = bind(TWO, r#"[{"Id":1,"Name":"a"}]"#).unwrap();
    assert_eq!((parameter.name.as_str(), parameter.sql_type), ("@azsql_rows_list", SqlType::Json));
}

#[test]
fn rows_are_taken_by_name_and_what_no_column_names_is_left_out() {
    assert_eq!(
        rows(TWO, r#"[ {"Name":"b","x":[1],"Id":2}, {"Name":"c"}, {"Id":null,"Name":"d","Name":"e"} ]"#),
        r#"[[2,"b"],[null,"c"],[null,"e"]]"#
    );
}

#[test]
fn a_table_of_one_column_takes_values_too() {
    let one = r#""columns": { "Id": "bigint" }"#;
    assert_eq!(
        rows(one, r#"[1, "9223372036854775807", null, {"Id":4}]"#),
        "[[1],[9223372036854775807],[null],[4]]"
    );
    assert_eq!(misfits(one, r#"[1, "x"]"#)[0].0, "body.list[1]");
}

#[test]
fn a_table_of_one_column_of_any_json_takes_objects_only_so_that_none_is_read_as_a_row_by_mistake() {
    for column in ["json", "nvarchar(max)"] {
        let columns = format!(r#""columns": {{ "Doc": "{column}" }}"#);
        assert_eq!(rows(&columns, r#"[{"Doc":{"a":1}}]"#), r#"[["{\"a\":1}"]]"#, "{column}");
        let told = misfits(&columns, r#"[{"sku":"a"}]"#);
        assert!(told.iter().any(|(_, message)| message.contains("an object with `Doc`")), "{told:?}");
        assert!(!misfits(&columns, r#"["a"]"#).is_empty());
    }
}

#[test]
fn text_of_a_code_page_is_read_as_unicode_and_converted_by_the_tables_own_collation() {
    let function = table(r#""columns": { "Name": "varchar(50)" }"#).unwrap();
    let text = function.plan().unwrap().command_text().to_string();
    assert!(text.contains("WITH ([c0] nvarchar(max) '$[0]')"), "{text}");
}

#[test]
fn an_absent_table_has_no_rows_unless_it_is_required() {
    for empty in ["[]", "null"] {
        assert_eq!(rows(TWO, empty), "[]");
    }
    let required = format!(r#"{TWO}, "required": true"#);
    assert_eq!(misfits(&required, "null"), [("body.list".to_owned(), "is required".to_owned())]);
    assert_eq!(rows(&required, "[]"), "[]");
}

#[test]
fn every_type_keeps_its_digits_offset_and_fraction() {
    for (column, sent, written) in [
        ("bit", "true", "true"),
        ("tinyint", "255", "255"),
        (
            "decimal(38,10)",
            "\"-1234567890123456789012345678.0123456789\"",
            "-1234567890123456789012345678.0123456789",
        ),
        ("decimal(9,4)", "1.5", "1.5000"),
        ("real", "0.1", "0.1"),
        ("float", "1.7976931348623157e308", "1.7976931348623157e308"),
        ("date", "\"2026-01-31\"", "\"2026-01-31\""),
        ("time(7)", "\"07:08:09.1234567\"", "\"07:08:09.1234567\""),
        ("datetime", "\"2026-01-31T07:08:09.12\"", "\"2026-01-31T07:08:09.120\""),
        ("smalldatetime", "\"2026-01-31T07:08\"", "\"2026-01-31T07:08:00\""),
        ("datetime2(3)", "\"2026-01-31T07:08:09.1\"", "\"2026-01-31T07:08:09.100\""),
        ("datetimeoffset(0)", "\"2026-01-31T07:08:09-05:30\"", "\"2026-01-31T07:08:09-05:30\""),
        ("varchar(9)", r#""a\u0062\"\u00e9""#, r#""ab\"é""#),
        ("varbinary(max)", "\"AQL/\"", "\"0102ff\""),
        (
            "uniqueidentifier",
            "\"6F9619FF-8B86-D011-B42D-00C04FC964FF\"",
            "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"",
        ),
        ("xml", "\"<a/>\"", "\"<a/>\""),
        ("json", "[1.10, 2]", "\"[1.10, 2]\""),
    ] {
        let columns = format!(r#""columns": {{ "Value": "{column}" }}"#);
        assert_eq!(rows(&columns, &format!(r#"[{{"Value":{sent}}}]"#)), format!("[[{written}]]"), "{column}");
    }
}

#[test]
fn each_misfit_is_named_with_its_row_and_column_and_without_its_value() {
    let found = misfits(TWO, r#"[{"Id":"CANARY","Name":"a"},{"Id":1},{"Id":1,"Name":"CANARY"},"CANARY"]"#);
    let told: Vec<(&str, &str)> =
        found.iter().map(|(from, message)| (from.as_str(), message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("body.list[0].Id", "must be a whole number from -2147483648 to 2147483647"),
            ("body.list[1].Name", "is required"),
            ("body.list[2].Name", "must be at most 5 characters long"),
            ("body.list[3]", "must be a JSON object"),
        ]
    );
}

#[test]
fn only_the_first_misfits_are_told() {
    let list = format!("[{}]", vec!["{}"; 500].join(","));
    let found = misfits(TWO, &list);
    assert_eq!(found.len(), 20);
    assert_eq!(found[19].1, "is required; what is wrong in later rows is not told");
}

#[test]
fn a_table_has_no_more_rows_than_its_definition_lets_in() {
    let few = r#""columns": { "Id": "int" }, "maxItems": 2"#;
    assert_eq!(rows(few, "[1,2]"), "[[1],[2]]");
    assert_eq!(misfits(few, "[1,2,3]"), [("body.list".to_owned(), "must have at most 2 rows".to_owned())]);
    let usual = r#""columns": { "Id": "int" }"#;
    let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert!(bind(usual, &list(10_000)).is_ok());
    assert_eq!(misfits(usual, &list(10_001))[0].1, "must have at most 10000 rows");
}

#[test]
fn what_is_no_array_is_refused() {
    assert_eq!(misfits(TWO, "{}")[0].1, "must be a JSON array of objects");
    assert_eq!(
        misfits(r#""columns": { "Id": "int" }"#, "5")[0].1,
        "must be a JSON array of objects or values"
    );
}

#[test]
fn the_defaults_and_limits_of_a_column_are_those_of_a_parameter() {
    let limited = r#""columns": { "Id": { "type": "int", "min": 1, "max": 9, "default": 5 } }"#;
    assert_eq!(rows(limited, "[{},{\"Id\":9}]"), "[[5],[9]]");
    assert_eq!(
        misfits(limited, "[{\"Id\":0}]"),
        [("body.list[0].Id".to_owned(), "must be at least 1".to_owned())]
    );
}

#[test]
fn a_wrong_table_type_is_told_with_its_cure() {
    let key = |rest: &str| format!("sql.parameters.@list{rest}");
    only(table(r#""maxItems": 5"#), &key(".columns"), "a type with a schema is a table type");
    only(table(r#""columns": {}"#), &key(".columns"), "1 to 1024 columns");
    only(table(r#""columns": { "Id": "money" }"#), &key(".columns.Id.type"), "decimal(19,4)");
    only(table(r#""columns": { "Id": "int", "ID": "int" }"#), &key(".columns.ID"), "is there twice");
    only(table(r#""columns": { "Id": 5 }"#), &key(".columns.Id"), "a type such as");
    only(
        table(r#""columns": { "Id": { "type": "int", "from": "body" } }"#),
        &key(".columns.Id.from"),
        "is not a key",
    );
    only(table(r#""columns": { "Id": "int" }, "maxItems": 0"#), &key(".maxItems"), "from 1 to 1000000");
    only(table(r#""columns": { "Id": "int" }, "maxLength": 5"#), &key(".maxLength"), "is not a key");
    let unqualified = r#"{ "@list": { "from": "body", "type": "List", "columns": { "Id": "int" } } }"#;
    only(with_parameters(unqualified), &key(".type"), "`dbo.List`");
    let own = r#"{ "@azsql_rows": { "from": "query.a", "type": "int" } }"#;
    only(with_parameters(own), "sql.parameters.@azsql_rows", "the worker's own");
}

#[test]
fn session_context_and_keys_take_no_tables() {
    let sql = r#"{ "commandText": "SELECT 1", "result": "none",
                   "sessionContext": { "list": { "from": "body", "type": "dbo.List" } } }"#;
    only(http(sql, ""), "sql.sessionContext.list.type", "in `parameters` only");
    for unlimited in ["xml", "json"] {
        let sql = format!(
            r#"{{ "commandText": "SELECT 1", "result": "none",
                  "sessionContext": {{ "list": {{ "from": "body", "type": "{unlimited}" }} }} }}"#
        );
        only(http(&sql, ""), "sql.sessionContext.list.type", "must not be (max), xml or json");
    }
}
