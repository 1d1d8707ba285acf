//! Values of an invocation become parameters, or a problem that names every violation and no value.

use serde_json::json;

use super::{timer, with_parameters};
use crate::functions::AppServiceAuthentication;
use crate::invocation::{
    Body, Decimal, HttpRequest, Metadata, Parameter, Problem, SqlValue, TimerEvent, TriggerInput,
};

fn request(query: &[(&str, &str)], body: Option<&str>) -> TriggerInput {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    TriggerInput::Http(HttpRequest {
        query: query.iter().map(owned).collect(),
        body: body.map_or(Body::Empty, |text| Body::text(text.to_owned())),
        ..HttpRequest::default()
    })
}

fn bind(parameters: &str, input: &TriggerInput) -> Result<Vec<Parameter>, Problem> {
    let function = with_parameters(parameters).unwrap();
    let id = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    function.plan().unwrap().bind(id, input, AppServiceAuthentication::Off).map(|bound| bound.parameters)
}

/// The only parameter's value.
fn value(definition: &str, input: &TriggerInput) -> Result<SqlValue, String> {
    match bind(&format!(r#"{{ "@a": {definition} }}"#), input) {
        Ok(parameters) => Ok(parameters[0].value.clone()),
        Err(problem) => {
            Err(problem.violations.first().map_or(problem.kind.to_owned(), |first| first.message.clone()))
        }
    }
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

#[test]
fn every_source_gives_its_value() {
    let input = TriggerInput::Http(HttpRequest {
        route: [("id".to_owned(), "7".to_owned())].into(),
        query: [("City".to_owned(), "Köln".to_owned())].into(),
        headers: [("x-request-id".to_owned(), "r1".to_owned())].into(),
        body: Body::text(r#"{"a":{"b":12345678901234567890.1234},"x":1}"#.to_owned()),
    });
    let bound = bind(
        r#"{ "@id": { "from": "route.ID", "type": "int" },
             "@city": { "from": "query.city", "type": "nvarchar(50)" },
             "@request": { "from": "header.X-Request-Id", "type": "varchar(20)" },
             "@all": { "from": "body", "type": "nvarchar(max)" },
             "@b": { "from": "body.a.b", "type": "decimal(24,4)" },
             "@invocation": { "from": "invocation.id", "type": "uniqueidentifier" } }"#,
        &input,
    )
    .unwrap();
    let values: Vec<SqlValue> = bound.iter().map(|parameter| parameter.value.clone()).collect();
    assert_eq!(
        values[..5],
        [
            SqlValue::Integer(7),
            text("Köln"),
            text("r1"),
            text(r#"{"a":{"b":12345678901234567890.1234},"x":1}"#),
            SqlValue::Decimal(Decimal { unscaled: 123_456_789_012_345_678_901_234, scale: 4 }),
        ]
    );
    assert!(matches!(values[5], SqlValue::UniqueIdentifier(_)));
}

#[test]
fn all_violations_are_named_and_no_value() {
    let problem = bind(
        r#"{ "@id": { "from": "route.id", "type": "int" },
             "@a": { "from": "query.a", "type": "int", "max": 5 },
             "@b": { "from": "query.b", "type": "nvarchar(3)" },
             "@c": { "from": "query.c", "type": "nvarchar(30)", "pattern": "^x$" },
             "@d": { "from": "query.d", "type": "nvarchar(30)", "enum": ["up", "down"] },
             "@e": { "from": "body.e", "type": "date" } }"#,
        &request(
            &[("a", "60606"), ("b", "canary"), ("c", "canary"), ("d", "canary")],
            Some(r#"{"e":"canary"}"#),
        ),
    )
    .unwrap_err();
    assert_eq!((problem.status, problem.kind), (400, "invalid-parameters"));
    let told: Vec<(&str, &str, &str)> = problem
        .violations
        .iter()
        .map(|v| (v.parameter.as_str(), v.from.as_str(), v.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("@id", "route.id", "is required"),
            ("@a", "query.a", "must be at most 5"),
            ("@b", "query.b", "must be at most 3 characters long"),
            ("@c", "query.c", "must match the pattern ^x$"),
            ("@d", "query.d", "must be one of \"up\", \"down\""),
            ("@e", "body.e", "must be a date such as 2026-01-31"),
        ]
    );
    let shown = problem.to_json("id");
    assert!(!shown.contains("canary") && !shown.contains("60606"));
}

#[test]
fn absent_is_null_or_the_default_or_a_violation() {
    let optional = r#"{ "from": "query.a", "type": "int" }"#;
    let with_default = r#"{ "from": "query.a", "type": "int", "default": 20 }"#;
    let required = r#"{ "from": "query.a", "type": "int", "required": true }"#;
    for input in [request(&[], None), request(&[("a", "")], None)] {
        assert_eq!(value(optional, &input), Ok(SqlValue::Null));
        assert_eq!(value(with_default, &input), Ok(SqlValue::Integer(20)));
        assert_eq!(value(required, &input), Err("is required".to_owned()));
    }
    // An empty text is a text.
    let city = r#"{ "from": "query.a", "type": "nvarchar(5)", "required": true }"#;
    assert_eq!(value(city, &request(&[("a", "")], None)), Ok(text("")));
}

#[test]
fn a_route_value_that_the_template_demands_is_required_and_an_optional_one_is_not() {
    let input = request(&[], None);
    assert!(value(r#"{ "from": "route.id", "type": "int" }"#, &input).is_err());
    assert_eq!(value(r#"{ "from": "route.tab", "type": "int" }"#, &input), Ok(SqlValue::Null));
}

#[test]
fn a_body_property_is_found_absent_or_in_the_wrong_place() {
    let property = r#"{ "from": "body.address.city", "type": "nvarchar(10)" }"#;
    for body in
        [None, Some(""), Some("{}"), Some(r#"{"address":null}"#), Some(r#"{"address":{"city":null}}"#)]
    {
        assert_eq!(value(property, &request(&[], body)), Ok(SqlValue::Null), "{body:?}");
    }
    for (body, sentence) in [
        ("[]", "can't be found: body must be a JSON object"),
        ("null", "can't be found: body must be a JSON object"),
        (r#"{"address":"x"}"#, "can't be found: body.address must be a JSON object"),
        (r#"{"address":{"city":5}}"#, "must be a JSON string"),
    ] {
        assert_eq!(value(property, &request(&[], Some(body))), Err(sentence.to_owned()), "{body}");
    }
}

#[test]
fn an_object_and_a_property_of_it_can_both_be_taken() {
    let parameters = r#"{ "@address": { "from": "body.address", "type": "nvarchar(max)" },
                          "@city": { "from": "body.address.city", "type": "nvarchar(10)" },
                          "@again": { "from": "body.address.city", "type": "varchar(10)" } }"#;
    let body = r#"{ "other": [1], "address": { "zip": 1.10, "city": "Bergen" } }"#;
    let bound = bind(parameters, &request(&[], Some(body))).unwrap();
    let values: Vec<SqlValue> = bound.iter().map(|parameter| parameter.value.clone()).collect();
    assert_eq!(values, [text(r#"{ "zip": 1.10, "city": "Bergen" }"#), text("Bergen"), text("Bergen")]);
}

#[test]
fn of_a_property_that_is_there_twice_the_last_one_counts() {
    let body = r#"{"a":{"b":"first"},"a":{"c":1,"c":2},"c":"canary"}"#;
    let input = request(&[], Some(body));
    assert_eq!(value(r#"{ "from": "body.a.b", "type": "nvarchar(10)" }"#, &input), Ok(SqlValue::Null));
    assert_eq!(value(r#"{ "from": "body.a.c", "type": "int" }"#, &input), Ok(SqlValue::Integer(2)));
}

#[test]
fn what_no_parameter_takes_must_be_json_all_the_same() {
    let parameters = r#"{ "@a": { "from": "body.a", "type": "int" } }"#;
    let deep = format!(r#"{{"a":1,"b":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for body in [
        r#"{"a":1,"b":"\ud800"}"#.to_owned(),
        deep,
        r#"{"a":1,"b":tru}"#.to_owned(),
        r#"{"a":1}}"#.to_owned(),
    ] {
        let problem = bind(parameters, &request(&[], Some(&body))).unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "invalid-body"), "{body}");
    }
    let bytes = |body: &[u8]| {
        let http = HttpRequest { body: Body::bytes(body.to_vec()), ..HttpRequest::default() };
        bind(parameters, &TriggerInput::Http(http))
    };
    assert_eq!(bytes(br#"{"a":1}"#).unwrap()[0].value, SqlValue::Integer(1));
    let problem = bytes(b"{\"a\":1,\n\"b\":\"\xff\"}").unwrap_err();
    assert!(problem.detail.contains("line 2, column 6"), "{}", problem.detail);
}

#[test]
fn a_body_that_is_not_json_is_told_by_its_position_only() {
    let parameters = r#"{ "@a": { "from": "body.a", "type": "int" } }"#;
    for body in ["{\n\"canary\" x}", "canary", r#"{"a":"\ud800 canary"}"#] {
        let problem = bind(parameters, &request(&[], Some(body))).unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "invalid-body"));
        assert!(problem.detail.contains("line ") && !problem.detail.contains("canary"), "{}", problem.detail);
    }
    // Nobody reads a property: the body may be anything.
    assert_eq!(
        value(r#"{ "from": "body", "type": "nvarchar(max)" }"#, &request(&[], Some("canary"))),
        Ok(text("canary"))
    );
}

#[test]
fn length_counts_as_the_server_does() {
    let three = r#"{ "from": "query.a", "type": "nvarchar(3)" }"#;
    assert!(value(three, &request(&[("a", "añb")], None)).is_ok());
    assert!(value(three, &request(&[("a", "a😀b")], None)).is_err());
    let bytes = r#"{ "from": "query.a", "type": "varbinary(2)" }"#;
    assert!(value(bytes, &request(&[("a", "AQI=")], None)).is_ok());
    assert_eq!(
        value(bytes, &request(&[("a", "AQID")], None)),
        Err("must be at most 2 bytes long".to_owned())
    );
}

#[test]
fn a_timers_values_are_bound() {
    let parameters = r#"{ "@late": { "from": "timer.isPastDue", "type": "bit" },
                          "@dst": { "from": "timer.schedule.adjustForDST", "type": "bit" },
                          "@last": { "from": "timer.scheduleStatus.last", "type": "datetime2(0)" },
                          "@next": { "from": "timer.scheduleStatus.next", "type": "datetimeoffset(0)" } }"#;
    let function = timer(parameters).unwrap();
    let plan = function.plan().unwrap();
    let bind = |data| {
        let input = TriggerInput::Timer(TimerEvent { data, metadata: Metadata::default() });
        plan.bind("id", &input, AppServiceAuthentication::Off).unwrap().parameters
    };
    let bound =
        bind(json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false }));
    let values: Vec<_> = bound.iter().map(|parameter| parameter.value.clone()).collect();
    assert_eq!(values, [SqlValue::Bit(false), SqlValue::Bit(true), SqlValue::Null, SqlValue::Null]);
    let status = json!({ "Last": "0001-01-01T00:00:00", "Next": "2026-01-31T02:00:00+00:00" });
    let bound = bind(json!({ "ScheduleStatus": status, "IsPastDue": true }));
    assert_eq!(bound[2].value, SqlValue::Null);
    assert!(matches!(bound[3].value, SqlValue::DateTimeOffset(_)));
}

#[test]
fn debug_of_what_is_bound_shows_no_value() {
    let bound = bind(
        r#"{ "@a": { "from": "query.a", "type": "nvarchar(20)" } }"#,
        &request(&[("a", "canary")], None),
    );
    assert!(!format!("{bound:?}").contains("canary"));
}
