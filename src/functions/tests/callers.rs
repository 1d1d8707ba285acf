//! Values that tell who calls: believed only where App Service authentication is on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::definitions::{mistakes, only};
use super::{http, read, timer, with_parameters};
use crate::functions::{AppServiceAuthentication, BoundValues};
use crate::invocation::{HttpRequest, Problem, SqlValue, TriggerInput};

const PRINCIPAL: &str = "x-ms-client-principal";

/// A request with this header, if any, and nothing else.
fn request(principal: Option<&str>) -> TriggerInput {
    let headers = principal.map(|value| (PRINCIPAL.to_owned(), value.to_owned()));
    TriggerInput::Http(HttpRequest { headers: headers.into_iter().collect(), ..HttpRequest::default() })
}

fn signed_in(claims: &[(&str, &str)]) -> TriggerInput {
    let claims: serde_json::Value =
        claims.iter().map(|(typ, val)| json!({ "typ": typ, "val": val })).collect();
    request(Some(&STANDARD.encode(json!({ "auth_typ": "aad", "claims": claims }).to_string())))
}

/// The value of `@a`, which comes from a path of `principal`.
fn bind(
    definition: &str,
    input: &TriggerInput,
    authentication: AppServiceAuthentication,
) -> Result<SqlValue, Problem> {
    let function = with_parameters(&format!(r#"{{ "@a": {definition} }}"#)).unwrap();
    let BoundValues { parameters, .. } = function.plan().unwrap().bind("id", input, authentication)?;
    Ok(parameters[0].value.clone())
}

const TENANT: &str = r#"{ "from": "principal.tid", "type": "nvarchar(40)" }"#;
const OPTIONAL: &str = r#"{ "from": "principal.tid", "type": "nvarchar(40)", "required": false }"#;

#[test]
fn nothing_is_taken_from_the_header_where_authentication_is_off() {
    for definition in [TENANT, OPTIONAL] {
        for input in [signed_in(&[("tid", "CANARY")]), request(None), request(Some("CANARY"))] {
            let problem = bind(definition, &input, AppServiceAuthentication::Off).unwrap_err();
            assert_eq!((problem.status, problem.kind), (500, "not-configured"));
            assert!(problem.detail.contains("WEBSITE_AUTH_ENABLED") && !problem.detail.contains("CANARY"));
        }
    }
}

#[test]
fn a_known_caller_is_who_his_token_says() {
    let on = AppServiceAuthentication::On;
    assert_eq!(bind(TENANT, &signed_in(&[("tid", "t")]), on), Ok(SqlValue::Text("t".to_owned())));
    let typed = r#"{ "from": "principal.oid", "type": "uniqueidentifier" }"#;
    let guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    assert!(matches!(bind(typed, &signed_in(&[("oid", guid)]), on), Ok(SqlValue::UniqueIdentifier(_))));
    let problem = bind(typed, &signed_in(&[("oid", "CANARY")]), on).unwrap_err();
    assert_eq!(problem.kind, "invalid-parameters");
    assert!(!problem.to_json("id").contains("CANARY"));
}

#[test]
fn a_caller_who_is_not_known_is_a_401_and_one_without_the_claim_a_403() {
    let on = AppServiceAuthentication::On;
    let problem = bind(TENANT, &request(None), on).unwrap_err();
    assert_eq!((problem.status, problem.kind), (401, "unauthenticated"));
    let problem = bind(TENANT, &signed_in(&[("oid", "o")]), on).unwrap_err();
    assert_eq!((problem.status, problem.kind), (403, "missing-claim"));
    assert!(problem.detail.contains("principal.tid"), "{}", problem.detail);
    let problem = bind(OPTIONAL, &request(Some("CANARY")), on).unwrap_err();
    assert_eq!((problem.status, problem.kind), (401, "invalid-principal"));
}

#[test]
fn who_calls_is_judged_before_anything_else_is_told() {
    let parameters =
        format!(r#"{{ "@a": {TENANT}, "@q": {{ "from": "query.q", "type": "int", "required": true }} }}"#);
    let function = with_parameters(&parameters).unwrap();
    let bind = |input: &TriggerInput| {
        function.plan().unwrap().bind("id", input, AppServiceAuthentication::On).unwrap_err().kind
    };
    assert_eq!(bind(&request(None)), "unauthenticated");
    assert_eq!(bind(&signed_in(&[])), "missing-claim");
    assert_eq!(bind(&signed_in(&[("tid", "t")])), "invalid-parameters");
}

#[test]
fn who_calls_may_be_left_open() {
    let on = AppServiceAuthentication::On;
    let with_default = r#"{ "from": "principal.tid", "type": "nvarchar(40)", "default": "public" }"#;
    for input in [request(None), signed_in(&[])] {
        assert_eq!(bind(OPTIONAL, &input, on), Ok(SqlValue::Null));
        assert_eq!(bind(with_default, &input, on), Ok(SqlValue::Text("public".to_owned())));
    }
}

#[test]
fn only_a_caller_has_a_principal_and_an_array_goes_as_text() {
    let path = "sql.parameters.@a";
    only(
        timer(r#"{ "@a": { "from": "principal.oid", "type": "nvarchar(40)" } }"#),
        &format!("{path}.from"),
        "timer function",
    );
    let roles = |sql_type: &str| {
        with_parameters(&format!(r#"{{ "@a": {{ "from": "principal.roles", "type": "{sql_type}" }} }}"#))
    };
    only(roles("int"), &format!("{path}.type"), "OPENJSON");
    assert!(roles("nvarchar(max)").is_ok());
}

fn session(
    context: &str,
) -> Result<std::sync::Arc<crate::functions::Function>, crate::functions::DefinitionError> {
    http(&format!(r#"{{ "commandText": "SELECT 1", "result": "none", "sessionContext": {context} }}"#), "")
}

#[test]
fn session_context_takes_paths_and_the_words_of_a_parameter() {
    let function = session(
        r#"{ "tenant": "principal.tid", "region": { "from": "query.region", "type": "varchar(10)", "default": "eu" },
             "run": "invocation.id" }"#,
    )
    .unwrap();
    let plan = function.plan().unwrap();
    let bound = plan.bind("an-id", &signed_in(&[("tid", "t")]), AppServiceAuthentication::On).unwrap();
    let values: Vec<_> = bound
        .session_context
        .iter()
        .map(|value| (value.name.as_str(), value.sql_type.to_string(), value.value.clone()))
        .collect();
    let text = |text: &str| SqlValue::Text(text.to_owned());
    assert_eq!(
        values,
        [
            ("tenant", "nvarchar(4000)".to_owned(), text("t")),
            ("region", "varchar(10)".to_owned(), text("eu")),
            ("run", "nvarchar(4000)".to_owned(), text("an-id")),
        ]
    );
    assert!(bound.parameters.is_empty());
}

#[test]
fn a_session_without_its_values_is_refused() {
    let on = AppServiceAuthentication::On;
    let bind = |context: &str, input: &TriggerInput| {
        session(context).unwrap().plan().unwrap().bind("id", input, on).map(|bound| bound.session_context)
    };
    let tenant = r#"{ "tenant": "principal.tid" }"#;
    assert_eq!(bind(tenant, &request(None)).unwrap_err().kind, "unauthenticated");
    assert_eq!(bind(tenant, &signed_in(&[])).unwrap_err().kind, "missing-claim");
    let problem = bind(r#"{ "region": "query.region" }"#, &request(None)).unwrap_err();
    assert_eq!(problem.violations[0].parameter, "region");
    let long = "CANARY".repeat(1000);
    let problem = bind(tenant, &signed_in(&[("tid", &long)])).unwrap_err();
    assert_eq!((problem.status, problem.kind), (400, "invalid-parameters"));
    assert!(problem.violations[0].message.contains("4000") && !problem.to_json("id").contains("CANARY"));
    let optional = r#"{ "tenant": { "from": "principal.tid", "required": false } }"#;
    assert_eq!(bind(optional, &request(None)).unwrap()[0].value, SqlValue::Null);
}

#[test]
fn a_wrong_session_context_says_what_is_wrong() {
    let key = "sql.sessionContext";
    let long = "k".repeat(65);
    for (context, place, sentence) in [
        (r#""principal.tid""#.to_owned(), key.to_owned(), "must be an object"),
        (r#"{ "a": 5 }"#.to_owned(), format!("{key}.a"), "must be a path"),
        (r#"{ "a": "principle.tid" }"#.to_owned(), format!("{key}.a.from"), "did you mean `principal`?"),
        (r#"{ "": "query.a" }"#.to_owned(), format!("{key}."), "1 to 64 characters"),
        (format!(r#"{{ "{long}": "query.a" }}"#), format!("{key}.{long}"), "1 to 64 characters"),
        (r#"{ "a": "query.a", "A": "query.b" }"#.to_owned(), format!("{key}.A"), "twice"),
        (
            r#"{ "a": { "from": "query.a", "type": "nvarchar(max)" } }"#.to_owned(),
            format!("{key}.a.type"),
            "8000 bytes",
        ),
        (r#"{ "a": { "type": "int" } }"#.to_owned(), format!("{key}.a.from"), "is missing"),
        (r#"{ "a": { "from": "query.a", "typ": "int" } }"#.to_owned(), format!("{key}.a.typ"), "`type`"),
    ] {
        let found = mistakes(session(&context));
        assert!(
            found.iter().any(|(at, message)| *at == place && message.contains(sentence)),
            "{context}: {found:#?}"
        );
    }
    let many: Vec<String> = (0..101).map(|n| format!(r#""k{n}": "query.a""#)).collect();
    only(session(&format!("{{ {} }}", many.join(", "))), key, "100 keys");
    assert!(read(r#"{ "bindings": [{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }],
        "sql": { "commandText": "SELECT 1", "result": "none", "sessionContext": { "late": { "from": "timer.isPastDue",
        "type": "bit" } } } }"#, "").is_ok());
}
