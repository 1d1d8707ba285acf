//! A stored procedure: what its definition may say, the T-SQL that it becomes, and the answers that tell of its end.

use std::sync::Arc;

use super::definitions::{mistakes, only};
use super::http;
use super::shaping::{Event, push};
use crate::database::{Cell, Isolation, ResultSink, SinkError, Unit};
use crate::functions::{DefinitionError, Function, JsonSink, Shaped};
use crate::invocation::Decimal;

use Event::{Affected, Columns, Row};

/// A function that calls `dbo.AddPerson`, with this in its section `sql`.
fn procedure(sql: &str) -> Result<Arc<Function>, DefinitionError> {
    http(&format!(r#"{{ "commandType": "StoredProcedure", "commandText": "dbo.AddPerson", {sql} }}"#), "")
}

/// The same with a value in, one in and out, and one out, and this result.
fn with_outputs(result: &str) -> Result<Arc<Function>, DefinitionError> {
    let parameters = r#"{
        "@name": { "from": "query.name", "type": "nvarchar(50)" },
        "@seen": { "from": "query.seen", "type": "bigint", "direction": "inout" },
        "@total": { "type": "decimal(38,10)", "direction": "out" } }"#;
    procedure(&format!(r#""parameters": {parameters}, "result": {result}"#))
}

#[test]
fn a_procedure_is_called_in_a_transaction_of_the_workers_and_never_as_a_read() {
    let function = procedure(
        r#""parameters": { "@name": { "from": "query.name", "type": "nvarchar(50)" } }, "result": "row""#,
    )
    .unwrap();
    let plan = function.plan().unwrap();

    assert_eq!(&**plan.command_text(), "EXEC [dbo].[AddPerson] @name = @name;");
    assert_eq!(&**plan.declarations(), "@name nvarchar(50)");
    assert_eq!(plan.unit(), Unit::Transaction(Isolation::Default));
    assert!(plan.may_leave_transaction());
    let rights: Vec<String> =
        plan.rights_needed().each().map(|(object, right)| format!("{right} ON {object}")).collect();
    assert_eq!(rights, ["EXECUTE ON [dbo].[AddPerson]"]);
}

#[test]
fn a_procedure_runs_on_its_own_or_in_a_level_or_under_a_key_as_declared() {
    for (more, unit) in [
        (r#""transaction": "none""#, Unit::OnItsOwn),
        (r#""transaction": "serializable""#, Unit::Transaction(Isolation::Serializable)),
        (r#""idempotencyKey": "header.key""#, Unit::Keyed(Isolation::Default)),
    ] {
        let function = procedure(&format!(r#""result": "none", {more}"#)).unwrap();
        assert_eq!(function.plan().unwrap().unit(), unit, "{more}");
    }
}

#[test]
fn out_parameters_are_declared_in_the_call_and_told_behind_it() {
    let function = with_outputs(r#""outputParameters""#).unwrap();
    let plan = function.plan().unwrap();

    assert_eq!(
        &**plan.command_text(),
        "DECLARE @azsql_status int, @total decimal(38,10);\n\
         EXEC @azsql_status = [dbo].[AddPerson] @name = @name, @seen = @seen OUTPUT, @total = @total OUTPUT;\n\
         SELECT @azsql_status AS [$returnStatus], @seen AS [seen], @total AS [total];"
    );
    assert_eq!(&**plan.declarations(), "@name nvarchar(50), @seen bigint");
    let rights: Vec<String> =
        plan.rights_needed().each().map(|(object, right)| format!("{right} ON {object}")).collect();
    assert_eq!(rights, ["EXECUTE ON [dbo].[AddPerson]"]);
}

#[test]
fn what_does_not_go_with_a_procedure_is_told_with_the_cure() {
    let out = r#""@total": { "type": "int", "direction": "out" }"#;
    for (sql, key, sentence) in [
        (r#""result": "none", "repeatable": true"#.to_owned(), "sql.repeatable", "can't be seen from outside"),
        (
            format!(r#""result": "row", "parameters": {{ {out} }}"#),
            "sql.parameters.@total.direction",
            "make the result `outputParameters` or `resultSets`",
        ),
        (r#""result": "outputParameters", "whenEmpty": 404"#.to_owned(), "sql.whenEmpty", "this one has none"),
        (
            r#""result": "outputParameters", "parameters": { "@returnStatus": { "type": "int", "direction": "out" } }"#
                .to_owned(),
            "sql.parameters.@returnStatus",
            "`resultSets`",
        ),
        (
            r#""result": "none", "parameters": { "@Azsql_Status": { "from": "query.a", "type": "int" } }"#.to_owned(),
            "sql.parameters.@Azsql_Status",
            "choose another",
        ),
        (
            r#""result": "none", "parameters": { "@a": { "from": "query.a", "type": "int", "direction": "back" } }"#
                .to_owned(),
            "sql.parameters.@a.direction",
            "\"in\", \"out\" or \"inout\"",
        ),
        (
            r#""result": "outputParameters", "parameters": { "@a": { "type": "int", "direction": "out", "from": "query.a" } }"#
                .to_owned(),
            "sql.parameters.@a.from",
            "write `inout`",
        ),
        (
            r#""result": "outputParameters", "parameters": { "@a": { "type": "json", "direction": "out" } }"#.to_owned(),
            "sql.parameters.@a.type",
            "nvarchar(max)",
        ),
        (
            r#""result": "outputParameters", "parameters": { "@a": { "direction": "out" } }"#.to_owned(),
            "sql.parameters.@a.type",
            "is missing",
        ),
        (
            r#""result": "outputParameters", "parameters": { "a": { "type": "int", "direction": "out" } }"#.to_owned(),
            "sql.parameters.a",
            "must begin with @",
        ),
    ] {
        only(procedure(&sql), key, sentence);
    }
    let no_name = |command: &str| {
        http(&format!(r#"{{ "commandType": "storedprocedure", {command} "result": "none" }}"#), "SELECT 1")
    };
    only(no_name(""), "sql", "write the procedure's name");
    only(no_name(r#""commandFile": "query.sql","#), "sql.commandFile", "write its name in commandText");
    only(no_name(r#""commandText": "EXEC dbo.work","#), "sql.commandText", "leave EXEC out");
}

#[test]
fn what_only_a_procedure_has_is_refused_for_text() {
    let direction = r#"{ "@id": { "from": "route.id", "type": "int", "direction": "inout" } }"#;
    only(super::with_parameters(direction), "sql.parameters.@id.direction", "StoredProcedure");
    only(
        http(r#"{ "commandText": "SELECT 1 AS a", "result": "outputParameters" }"#, ""),
        "sql.result",
        "write `row`",
    );
    let misspelt = mistakes(http(
        r#"{ "commandText": "SELECT 1 AS a", "result": "row", "commandType": "StoredProc" }"#,
        "",
    ));
    assert_eq!(misspelt[0].0, "sql.commandType");
}

fn shape(function: &Function, events: &[Event<'_>]) -> Result<Shaped, SinkError> {
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, events)?;
    sink.complete()?;
    Ok(sink.finish())
}

fn body(function: &Function, events: &[Event<'_>]) -> String {
    shape(function, events).unwrap().body.unwrap()
}

const END: Event<'_> = Columns(&["$returnStatus", "seen", "total"]);
const TOTAL: Cell<'_> = Cell::Decimal(Decimal { unscaled: 50_000_000_001, scale: 10 });

#[test]
fn out_parameters_are_members_of_the_answer() {
    let function = with_outputs(r#""outputParameters", "whenEmpty": 404"#).unwrap();
    let ended = [Affected(2), END, Row(&[Cell::Integer(3), Cell::BigInt(7), TOTAL])];
    let nothing = [END, Row(&[Cell::Integer(0), Cell::Null, Cell::Null])];

    assert_eq!(body(&function, &ended), r#"{"seen":7,"total":5.0000000001,"returnStatus":3}"#);
    assert_eq!(shape(&function, &nothing).unwrap().status, 404);
    let strings = with_outputs(r#""outputParameters", "numbers": "string""#).unwrap();
    assert_eq!(body(&strings, &ended), r#"{"seen":"7","total":"5.0000000001","returnStatus":3}"#);
    let none = procedure(r#""result": "outputParameters""#).unwrap();
    assert_eq!(
        body(&none, &[Columns(&["$returnStatus"]), Row(&[Cell::Integer(0)])]),
        r#"{"returnStatus":0}"#
    );
}

#[test]
fn result_sets_of_a_procedure_come_with_its_outputs_and_its_status() {
    let function = with_outputs(r#""resultSets""#).unwrap();
    let events = [
        Columns(&["Id"]),
        Row(&[Cell::Integer(1)]),
        Affected(2),
        END,
        Row(&[Cell::Integer(0), Cell::Null, Cell::Text("five")]),
    ];
    assert_eq!(
        body(&function, &events),
        r#"{"resultSets":[[{"Id":1}]],"rowsAffected":2,"outputs":{"seen":null,"total":"five"},"returnStatus":0}"#
    );
    assert_eq!(
        body(&function, &events[3..]),
        r#"{"resultSets":[],"rowsAffected":0,"outputs":{"seen":null,"total":"five"},"returnStatus":0}"#
    );
}

#[test]
fn a_result_set_of_the_procedures_own_is_not_taken_for_the_end() {
    let function = with_outputs(r#""resultSets""#).unwrap();
    let alike = |seen: i64| [Cell::Integer(0), Cell::BigInt(seen), Cell::Text("x")];
    let (first, second, last) = (alike(1), alike(2), [Cell::Integer(0), Cell::BigInt(3), Cell::Binary(b"y")]);
    let set = r#"{"$returnStatus":0,"seen":1,"total":"x"}"#;
    let other = r#"{"$returnStatus":0,"seen":2,"total":"x"}"#;
    let end = r#""rowsAffected":0,"outputs":{"seen":3,"total":"eQ=="},"returnStatus":0}"#;
    for (own, sets) in [
        (&[END][..], "[]".to_owned()),
        (&[END, Row(&first)], format!("[{set}]")),
        (&[END, Row(&first), Row(&second)], format!("[{set},{other}]")),
        (&[END, END, Row(&first)], format!("[],[{set}]")),
        (&[Columns(&["$returnStatus"]), Row(&[Cell::Null])], r#"[{"$returnStatus":null}]"#.to_owned()),
    ] {
        let mut sink = JsonSink::new(function.plan().unwrap());
        push(&mut sink, own).unwrap();
        push(&mut sink, &[END, Row(&last)]).unwrap();
        sink.complete().unwrap();
        assert_eq!(sink.finish().body.unwrap(), format!(r#"{{"resultSets":[{sets}],{end}"#));
    }
}

#[test]
fn a_result_set_has_no_place_where_only_outputs_are_told() {
    let function = with_outputs(r#""outputParameters""#).unwrap();
    for own in [&[Columns(&["Id"])][..], &[END, END], &[END, Row(&[Cell::Null; 3]), Row(&[Cell::Null; 3])]] {
        let sentence = shape(&function, own).unwrap_err().to_string();
        assert!(sentence.contains("declare `resultSets`"), "{sentence}");
    }
}

#[test]
fn a_call_whose_end_did_not_come_is_no_answer() {
    for result in [r#""outputParameters""#, r#""resultSets""#] {
        let function = with_outputs(result).unwrap();
        for events in [&[][..], &[END]] {
            let sentence = shape(&function, events).unwrap_err().to_string();
            assert!(sentence.contains("return status did not come"), "{sentence}");
        }
    }
}

#[test]
fn an_answer_with_outputs_is_forgotten_stored_and_replayed_like_any_other() {
    let function = with_outputs(r#""outputParameters", "idempotencyKey": "header.key""#).unwrap();
    let plan = function.plan().unwrap();
    let mut first = JsonSink::new(plan);
    push(&mut first, &[END, Row(&[Cell::Integer(9), Cell::BigInt(9), Cell::Null])]).unwrap();
    assert!(first.restart());
    push(&mut first, &[END, Row(&[Cell::Integer(0), Cell::BigInt(1), TOTAL])]).unwrap();
    first.complete().unwrap();
    let stored = first.answer_to_store().unwrap();
    let mut second = JsonSink::new(plan);
    second.replay(&stored).unwrap();

    let second = second.finish();

    assert!(second.replayed);
    assert_eq!(second.body.as_deref(), Some(r#"{"seen":1,"total":5.0000000001,"returnStatus":0}"#));
}

#[test]
fn debug_of_a_held_row_shows_no_value() {
    let function = with_outputs(r#""resultSets""#).unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, &[END, Row(&[Cell::Null, Cell::Null, Cell::Text("canary")])]).unwrap();
    assert!(!format!("{sink:?}").contains("canary"));
}

proptest::proptest! {
    /// Whatever a procedure returns, the answer is that of the same result sets without an end, and the end behind it.
    #[test]
    fn an_end_is_told_apart_from_whatever_came_before(
        sets in proptest::collection::vec((proptest::bool::ANY, proptest::collection::vec(0_i32..9, 0..4)), 0..5),
        status in -3_i32..4,
    ) {
        let call = procedure(r#""result": "resultSets""#).unwrap();
        let text = http(r#"{ "commandText": "SELECT 1 AS one", "result": "resultSets" }"#, "").unwrap();
        let rows: Vec<Vec<[Cell<'_>; 1]>> =
            sets.iter().map(|(_, values)| values.iter().map(|value| [Cell::Integer(*value)]).collect()).collect();
        let mut events = Vec::new();
        for ((is_alike, _), rows) in sets.iter().zip(&rows) {
            events.push(if *is_alike { Columns(&["$returnStatus"]) } else { Columns(&["Id"]) });
            events.extend(rows.iter().map(|row| Row(row)));
        }

        let without_end = body(&text, &events);
        let last = [Cell::Integer(status)];
        events.extend([Columns(&["$returnStatus"]), Row(&last)]);

        let whole = without_end.strip_suffix('}').unwrap();
        let expected = format!(r#"{whole},"outputs":{{}},"returnStatus":{status}}}"#);
        proptest::prop_assert_eq!(body(&call, &events), expected);
    }
}
