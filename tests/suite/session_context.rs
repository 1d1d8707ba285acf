//! Session context: what a row-level security policy sees of the caller, set before the command and gone after it.

use serde_json::{Value as Json, json};

use crate::support::principal::{HEADER, SWITCH, with_claims};
use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk};

const SEED: &str = "CREATE TABLE dbo.Orders (Id int PRIMARY KEY, TenantId nvarchar(40) NOT NULL);
    INSERT INTO dbo.Orders VALUES (1, N'red'), (2, N'blue'), (3, N'red');
    CREATE TABLE dbo.Visits (Id int IDENTITY PRIMARY KEY, TenantId nvarchar(40) NOT NULL);";

/// What a policy's predicate would be.
const OWN: &str = "TenantId = CAST(SESSION_CONTEXT(N'tenant') AS nvarchar(40))";

fn context() -> Json {
    json!({ "tenant": "principal.tid", "run": "invocation.id" })
}

/// The orders of the caller's tenant.
fn orders() -> FunctionFolder {
    let sql = json!({ "result": "rows", "sessionContext": context() });
    FunctionFolder::http(
        "Orders",
        "get",
        "orders",
        sql,
        &format!("SELECT Id FROM dbo.Orders WHERE {OWN} ORDER BY Id"),
    )
}

/// A write that is not repeatable.
fn visit() -> FunctionFolder {
    let sql = json!({ "result": "rowsAffected", "sessionContext": context() });
    let command =
        "INSERT INTO dbo.Visits (TenantId) VALUES (CAST(SESSION_CONTEXT(N'tenant') AS nvarchar(40)));
        INSERT INTO dbo.Visits (TenantId) VALUES (CAST(SESSION_CONTEXT(N'tenant') AS nvarchar(40)))";
    FunctionFolder::http("Visit", "get", "visit", sql, command)
}

/// Tries to be of another tenant.
fn turncoat() -> FunctionFolder {
    let sql = json!({ "result": "rows", "sessionContext": context() });
    let command =
        format!("EXEC sp_set_session_context N'tenant', N'blue'; SELECT Id FROM dbo.Orders WHERE {OWN}");
    FunctionFolder::http("Turncoat", "get", "turncoat", sql, &command)
}

/// A function without session context.
fn look() -> FunctionFolder {
    let command = "SELECT CAST(SESSION_CONTEXT(N'tenant') AS nvarchar(40)) AS tenant";
    FunctionFolder::http("Look", "get", "look", json!({ "result": "value" }), command)
}

async fn desk() -> Desk {
    Desk::builder()
        .setting(SWITCH, "True")
        .seed(SEED)
        .function(orders())
        .function(visit())
        .function(turncoat())
        .function(look())
        .start()
        .await
}

async fn get_as(desk: &Desk, tenant: &str, path: &str) -> Answer {
    desk.get_with(path, &[(HEADER, &with_claims(&[("tid", tenant)]))]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_sees_the_rows_of_his_own_tenant() {
    let desk = desk().await;
    for _ in 0..2 {
        assert_eq!(get_as(&desk, "red", "/api/orders").await.json(200), json!([{ "Id": 1 }, { "Id": 3 }]));
        assert_eq!(get_as(&desk, "blue", "/api/orders").await.json(200), json!([{ "Id": 2 }]));
        let injected = "CANARY' OR 1=1 --";
        assert_eq!(get_as(&desk, injected, "/api/orders").await.json(200), json!([]));
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tenant_nothing_runs_at_all() {
    let desk = desk().await;
    desk.get("/api/orders").await.problem_for_caller(401, "unauthenticated");
    let without = with_claims(&[("oid", "o")]);
    desk.get_with("/api/orders", &[(HEADER, &without)]).await.problem_for_caller(403, "missing-claim");
    let long = "CANARY".repeat(1000);
    let answer = get_as(&desk, &long, "/api/orders").await;
    let problem = answer.problem_for_caller(400, "invalid-parameters");
    assert_eq!(problem["violations"][0]["parameter"], "tenant");
    assert!(desk.worker_logins().is_empty(), "no connection was opened");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_can_not_change_who_calls() {
    let desk = desk().await;
    let problem = get_as(&desk, "red", "/api/turncoat").await.problem_for_caller(500, "database");
    assert_eq!(problem["sqlError"], 15664);
    assert_eq!(desk.get("/api/look").await.json(200), Json::Null, "nor is anything left after a failure");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_knew_a_caller_serves_no_other() {
    let desk = desk().await;
    for calls in 1..=3 {
        get_as(&desk, "red", "/api/orders").await.json(200);
        assert_eq!(desk.worker_logins().len(), calls, "each call has a connection of its own");
    }
    assert_eq!(desk.get("/api/look").await.json(200), Json::Null);
    assert_eq!(desk.get("/api/look").await.json(200), Json::Null);
    assert_eq!(desk.worker_logins().len(), 4, "others share theirs");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_while_the_session_is_told_is_one_before_the_command_ran() {
    let desk = desk().await;
    // The first statement of the first try: the command itself was not sent yet.
    desk.sql().faults().fail_statements(40613, 1);

    assert_eq!(get_as(&desk, "CANARY", "/api/visit").await.json(200), json!({ "rowsAffected": 2 }));

    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Visits WHERE TenantId = N'CANARY'").await, 2);
    assert_eq!(desk.worker_logins().len(), 2, "on another connection");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_while_the_session_is_told_invites_to_try_again() {
    let desk = Desk::builder()
        .setting(SWITCH, "True")
        .setting("AzureFunctionsJobHost__functionTimeout", "00:00:02")
        .seed(SEED)
        .function(visit())
        .start()
        .await;
    desk.sql().faults().stall_statements(1);

    let answer = get_as(&desk, "red", "/api/visit").await;

    answer.problem_for_caller(503, "unavailable");
    assert!(answer.header("retry-after").is_some(), "nothing of the write was sent");
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Visits").await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_token_ended_is_told_again_on_another() {
    let desk = desk().await;
    desk.get("/api/look").await.json(200);
    desk.sql().faults().expire_sessions();

    assert_eq!(get_as(&desk, "red", "/api/visit").await.json(200), json!({ "rowsAffected": 2 }));

    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Visits").await, 2);
    desk.finish().await;
}
