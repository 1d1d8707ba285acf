//! What the server says once we are in: database, who we are, roles, rights, clock, limits.

use serde_json::json;

use super::clinic::{Clinic, ClinicBuilder, SID, text};
use crate::support::script_root::FunctionFolder;

/// The client id of the identity endpoint's system-assigned identity.
const CLIENT_ID: &str = "3f0c5a7e-58a4-4b9e-8a0a-6f2f3d1e9b01";

/// The identity is a user with these rights, and no administrator.
fn user_with(grants: &str) -> ClinicBuilder {
    Clinic::builder()
        .sql(|options| options.admins = Some(Vec::new()))
        .seed(&format!("CREATE USER [func-shop] WITH SID = {SID}, TYPE = E; {grants}"))
}

fn reads_persons() -> FunctionFolder {
    FunctionFolder::http("Read", "get", "read", json!({ "result": "rows" }), "SELECT Id FROM dbo.Persons")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_at_the_desk_but_for_the_administrator_that_it_is() {
    let clinic = Clinic::open().await;

    let report = clinic.examine().await;

    assert_eq!((report.code, &report.json["healthy"]), (Some(0), &json!(true)), "{:#}", report.json);
    for step in [
        "settings", "identity", "token", "dns", "tcp", "tls", "redirect", "login", "database", "rights",
        "clock",
    ] {
        report.is(step, "ok");
    }
    assert_eq!(report.step("database")["details"]["name"], "sample");
    report.warned("user", "the owner of the database", "doctor --grant");
    report.warned("roles", "db_owner", "ALTER ROLE");
    let pool = &report.is("pool", "ok")["details"];
    assert_eq!([&pool["poolSize"], &pool["maxWorkers"], &pool["maxSessions"]], [16, 200, 30_000]);
    assert_eq!(clinic.sql.logins().len(), 1, "it logs in once");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_least_rights_has_no_warning() {
    let clinic =
        user_with("GRANT SELECT ON dbo.Persons TO [func-shop];").function(reads_persons()).open().await;

    let report = clinic.examine().await;

    assert_eq!(report.code, Some(0), "{:#}", report.json);
    let user = report.is("user", "ok");
    assert_eq!(user["details"]["user"], "func-shop", "{user:#}");
    assert!(text(user, "summary").contains(CLIENT_ID), "{user:#}");
    report.is("roles", "ok");
    assert_eq!(report.is("rights", "ok")["summary"], "all 1 that the functions need");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_the_database_can_not_hold_is_a_warning() {
    for (settings, summary) in [
        (
            vec![("AZSQL_POOL_MAX_SIZE", "201")],
            "one instance may open 201 connections, the database takes 200",
        ),
        (
            vec![("AZSQL_POOL_MAX_SIZE", "16"), ("WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "13")],
            "13 instances may open 208 connections, the database takes 200",
        ),
    ] {
        let builder = settings.iter().fold(Clinic::builder(), |all, (name, value)| all.setting(name, value));
        let clinic = builder.open().await;

        let report = clinic.examine().await;

        report.warned("pool", summary, "lower AZSQL_POOL_MAX_SIZE");
        assert_eq!(report.code, Some(0));
        clinic.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_from_the_servers_warns_and_then_fails() {
    let at = |seconds: i64| Clinic::builder().sql(move |options| options.clock_ahead_seconds = seconds);

    let clinic = at(-60).open().await;
    let report = clinic.examine().await;
    let step = report.warned("clock", "ahead of the server's", "set the clock");
    // The program's clock and the server's are the same machine's: what is asked and answered lies in between.
    assert!(step["details"]["aheadMilliseconds"].as_i64().unwrap() >= 50_000, "{step:#}");
    assert_eq!(report.code, Some(0));
    clinic.close().await;

    let clinic = at(3600).open().await;
    let report = clinic.examine().await;
    report.failed("clock", "behind the server's: tokens count as expired", "chronyc makestep");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_may_not_be_seen_are_skipped() {
    let clinic =
        user_with("GRANT SELECT ON dbo.Persons TO [func-shop];").function(reads_persons()).open().await;

    let report = clinic.examine().await;

    let pool = report.is("pool", "skip");
    assert!(text(pool, "summary").contains("VIEW DATABASE PERFORMANCE STATE"), "{pool:#}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_fails_leaves_the_next_to_be_looked_at() {
    let elsewhere = FunctionFolder::http(
        "Elsewhere",
        "get",
        "elsewhere",
        json!({ "result": "rows", "connectionStringSetting": "ANOTHER" }),
        "SELECT 1 AS one",
    );
    let clinic = Clinic::builder()
        .function(elsewhere)
        .function(reads_persons())
        .setting("ANOTHER", "Server=tcp:localhost,1;Database=sample;Authentication=ActiveDirectoryMSI")
        .open()
        .await;

    let report = clinic.examine().await;

    let told: Vec<_> = ["tcp", "login"]
        .into_iter()
        .flat_map(|step| report.all(step))
        .map(|step| (text(step, "connection"), text(step, "step"), text(step, "status")))
        .collect();
    assert_eq!(
        told,
        [
            ("ANOTHER", "tcp", "fail"),
            ("AZURE_SQL_CONNECTIONSTRING", "tcp", "ok"),
            ("ANOTHER", "login", "skip"),
            ("AZURE_SQL_CONNECTIONSTRING", "login", "ok"),
        ]
    );
    assert_eq!(report.code, Some(69));
    let only = clinic.examine_with(&["--setting", "AZURE_SQL_CONNECTIONSTRING"]).await;
    assert_eq!((only.code, only.all("login").len()), (Some(0), 1));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_told_with_its_function_and_its_grant() {
    let write = FunctionFolder::http(
        "Write",
        "post",
        "write",
        json!({ "result": "rowsAffected" }),
        "DELETE FROM dbo.Persons WHERE Id = 1",
    );
    let clinic = user_with("GRANT SELECT ON dbo.Persons TO [func-shop];")
        .function(reads_persons())
        .function(write)
        .open()
        .await;

    let report = clinic.examine().await;

    let step = report.failed("rights", "DELETE on [dbo].[Persons] for Write", "");
    assert_eq!(step["cure"], "GRANT DELETE ON OBJECT::[dbo].[Persons] TO [func-shop];");
    report.is("clock", "ok");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_there_is_told_so() {
    let lost = || {
        let sql = json!({ "result": "rows" });
        FunctionFolder::http("Lost", "get", "lost", sql, "SELECT 1 AS one FROM dbo.Lost")
    };
    let summary = "not there, or not to be seen: [dbo].[Lost] for Lost";

    let clinic = Clinic::builder().function(lost()).open().await;
    let report = clinic.examine().await;
    let step = report.failed("rights", summary, "create the objects");
    assert!(!text(step, "cure").contains("GRANT"), "the owner can be given nothing: {step:#}");
    clinic.close().await;

    let clinic = user_with("").function(lost()).open().await;
    let report = clinic.examine().await;
    report.failed("rights", summary, "then GRANT SELECT ON OBJECT::[dbo].[Lost] TO [func-shop];");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_told_of_a_command_is_a_warning() {
    let dynamic = FunctionFolder::http(
        "Dynamic",
        "get",
        "dynamic",
        json!({ "result": "none" }),
        "DECLARE @q nvarchar(100) = N'SELECT 1'; EXEC sp_executesql @q",
    );
    let clinic = Clinic::builder().function(dynamic).open().await;

    let report = clinic.examine().await;

    report.warned("rights", "Dynamic, line 1", "by hand");
    assert_eq!(report.code, Some(0));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_the_server_refuses_is_skipped_and_the_next_is_asked() {
    let clinic = Clinic::open().await;
    clinic.sql.faults().fail_statements(229, 1);

    let report = clinic.examine().await;

    assert_eq!(report.is("database", "skip")["sqlError"], 229);
    report.is("clock", "ok");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_costs_no_more_than_the_timeout() {
    let clinic = Clinic::open().await;
    clinic.sql.faults().stall_statements(1);

    let report = clinic.examine_with(&["--timeout", "5"]).await;

    report.failed("database", "does not answer", "run the doctor again");
    report.skipped_because("database", &["user", "roles", "rights", "clock", "pool"]);
    clinic.close().await;
}
