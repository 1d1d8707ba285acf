//! Who calls: what App Service authentication says of it, believed only where that authentication is on.

use serde_json::{Value as Json, json};

use crate::support::principal::{HEADER, SWITCH, with_claims};
use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk, Mode};

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";

/// Answers what it knows of its caller.
fn who() -> FunctionFolder {
    let text = |from: &str| json!({ "from": from, "type": "nvarchar(100)", "required": false });
    FunctionFolder::http(
        "Who",
        "get",
        "who",
        json!({
            "result": "row",
            "parameters": {
                "@oid": { "from": "principal.oid", "type": "nvarchar(100)" },
                "@name": text("principal.name"),
                "@roles": { "from": "principal.roles", "type": "nvarchar(max)" },
                "@email": text("principal.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"),
            },
        }),
        "SELECT @oid AS oid, @name AS name, @roles AS roles, @email AS email",
    )
}

/// Answers the tenant of a caller who may be anyone.
fn tenant_if_any() -> FunctionFolder {
    let tenant = json!({ "from": "principal.tid", "type": "nvarchar(100)", "required": false });
    let sql = json!({ "result": "value", "parameters": { "@tenant": tenant } });
    FunctionFolder::http("Tenant", "get", "tenant", sql, "SELECT @tenant AS tenant")
}

async fn desk(authentication: Option<&str>, mode: Mode) -> Desk {
    let builder = Desk::builder().in_mode(mode).function(who()).function(tenant_if_any());
    match authentication {
        Some(value) => builder.setting(SWITCH, value).start().await,
        None => builder.start().await,
    }
}

async fn a_caller_is_known_by_his_claims(mode: Mode) {
    let desk = desk(Some("True"), mode).await;
    let principal = with_claims(&[
        ("aud", "an-app"),
        (OBJECT_ID, "CANARY-ID"),
        ("roles", "reader"),
        ("roles", "writer"),
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "zoë@example.org"),
    ]);

    let headers = [(HEADER, principal.as_str()), ("X-MS-CLIENT-PRINCIPAL-NAME", "Doe, Jane")];
    let answer = desk.get_with("/api/who", &headers).await;

    let known = json!({
        "oid": "CANARY-ID", "name": "Doe, Jane", "roles": r#"["reader","writer"]"#, "email": "zoë@example.org"
    });
    assert_eq!(answer.json(200), known);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_known_by_his_claims_in_the_default_mode() {
    a_caller_is_known_by_his_claims(Mode::Enveloped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_known_by_his_claims_in_forwarding_mode() {
    a_caller_is_known_by_his_claims(Mode::Forwarding).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_known_by_his_claims_in_proxying_mode() {
    a_caller_is_known_by_his_claims(Mode::Proxying).await;
}

/// The problem, whose text holds no value of the header.
#[track_caller]
fn problem(answer: &Answer, status: u16, kind: &str) -> String {
    assert!(!answer.text.contains("CANARY"), "{}", answer.text);
    answer.problem_for_caller(status, kind)["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_a_caller_wrote_himself_is_believed_nowhere() {
    let forged = with_claims(&[("oid", "CANARY"), ("tid", "CANARY")]);
    for value in [None, Some("False"), Some("yes"), Some("0")] {
        let desk = desk(value, Mode::of_this_run()).await;
        for path in ["/api/who", "/api/tenant"] {
            for headers in [vec![(HEADER, forged.as_str())], Vec::new()] {
                let answer = desk.get_with(path, &headers).await;
                let detail = problem(&answer, 500, "not-configured");
                assert!(detail.contains("WEBSITE_AUTH_ENABLED"), "{detail}");
                assert!(detail.contains("turn on App Service authentication"), "{detail}");
            }
        }
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_a_token_and_one_without_the_claim_hear_so() {
    let desk = desk(Some("true"), Mode::of_this_run()).await;
    let without_id = with_claims(&[("tid", "t")]);

    problem(&desk.get("/api/who").await, 401, "unauthenticated");
    let detail = problem(&desk.get_with("/api/who", &[(HEADER, &without_id)]).await, 403, "missing-claim");
    assert!(detail.contains("principal.oid"), "{detail}");

    assert_eq!(desk.get("/api/tenant").await.json(200), Json::Null);
    assert_eq!(desk.get_with("/api/tenant", &[(HEADER, &without_id)]).await.json(200), json!("t"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_can_not_be_the_front_ends_own_is_refused() {
    let desk = desk(Some("true"), Mode::of_this_run()).await;
    let (one, other) = (with_claims(&[("tid", "CANARY-1")]), with_claims(&[("tid", "CANARY-2")]));
    for headers in [
        vec![(HEADER, "CANARY")],
        vec![(HEADER, r#"{"claims":[{"typ":"tid","val":"CANARY"}]}"#)],
        vec![(HEADER, "W10=")],
        vec![(HEADER, one.as_str()), (HEADER, other.as_str())],
        vec![
            (HEADER, one.as_str()),
            ("X-MS-CLIENT-PRINCIPAL-ID", "CANARY"),
            ("x-ms-client-principal-id", "CANARY"),
        ],
    ] {
        let answer = desk.get_with("/api/tenant", &headers).await;
        problem(&answer, 401, "invalid-principal");
    }
    desk.finish().await;
}

/// What holds the trust is Azure's front end, which writes these headers itself. There is none at the desk, so a try with
/// `WEBSITE_AUTH_ENABLED` set by hand believes whoever sends the header.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_desk_nothing_stands_between_a_caller_and_the_header() {
    let desk = desk(Some("1"), Mode::of_this_run()).await;
    let own = with_claims(&[("tid", "anybody")]);
    assert_eq!(desk.get_with("/api/tenant", &[(HEADER, &own)]).await.json(200), json!("anybody"));
    desk.finish().await;
}
