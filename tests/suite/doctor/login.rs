//! Failures of identity and login, each with its cure.

use local_azure::identity::TokenFault;
use local_azure::sql::faults::blocked_by_firewall;
use local_azure::sql::reply::SqlError;

use super::clinic::{Clinic, text};

const AFTER_LOGIN: [&str; 6] = ["database", "user", "roles", "rights", "clock", "pool"];

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_user_in_the_database_is_told_to_create_one() {
    let clinic = Clinic::builder().sql(|options| options.admins = Some(Vec::new())).open().await;

    let report = clinic.examine().await;

    let step =
        report.failed("login", "refused the token of the system-assigned managed identity", "CREATE USER");
    assert_eq!(step["sqlError"], 18456);
    assert!(text(step, "cure").contains("in sample (not in master)"), "{step:#}");
    assert!(text(step, "cure").contains("doctor --grant"), "{step:#}");
    report.skipped_because("login", &AFTER_LOGIN);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_firewall_is_told_with_the_address_that_the_server_saw() {
    let clinic = Clinic::open().await;
    clinic.sql.faults().refuse_logins_with(blocked_by_firewall("shop", "203.0.113.24"));

    let report = clinic.examine().await;

    let step = report.failed("login", "203.0.113.24", "az sql server firewall-rule create");
    assert!(text(step, "cure").contains("--start-ip-address 203.0.113.24"), "{step:#}");
    assert_eq!((&step["sqlError"], &step["details"]["address"]), (&40615.into(), &"203.0.113.24".into()));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_known_number_at_login_has_its_own_cure() {
    let clinic = Clinic::open().await;
    for (number, summary, cure) in [
        (4060, "the database sample can't be opened", "Database="),
        (40532, "a server localhost that the gateway", "Server="),
        (40613, "is not available now", "a minute"),
        (40501, "too busy", "ten seconds"),
        (10928, "no session or worker left", "AZSQL_POOL_MAX_SIZE"),
        (18470, "disabled", "ENABLE"),
        (47072, "newer version of TLS", "proxy"),
        (47073, "over its public address", "private endpoint"),
        (12345, "error 12345", "look the number up"),
    ] {
        clinic.sql.faults().fail_logins_with(SqlError::new(number, "CANARY"), 1);

        let report = clinic.examine().await;

        assert_eq!(report.failed("login", summary, cure)["sqlError"], number);
        report.is("redirect", "skip");
        report.skipped_because("login", &AFTER_LOGIN);
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sql_login_works_with_a_warning_and_a_wrong_password_has_its_own_cure() {
    let connection = |password: &'static str| {
        move |port| format!("Server=localhost,{port};Database=sample;User Id=observer;Password={password}")
    };
    let clinic = Clinic::builder().password("open-sesame").connection(connection("open-sesame")).open().await;
    let report = clinic.examine().await;
    report.warned("identity", "a SQL login with a password", "ActiveDirectoryMSI");
    report.is("token", "skip");
    report.is("login", "ok");
    clinic.close().await;

    let clinic = Clinic::builder().connection(connection("CANARY")).open().await;
    let report = clinic.examine().await;
    report.failed("login", "refused the SQL login", "User Id and Password");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_is_not_assigned_fails_the_token_and_leaves_the_network_to_be_looked_at() {
    let clinic =
        Clinic::builder().setting("AZURE_CLIENT_ID", "11111111-2222-4333-8444-555555555555").open().await;

    let report = clinic.examine().await;

    report.failed("token", "no token", "check that the identity is assigned");
    for step in ["dns", "tcp", "tls"] {
        report.is(step, "ok");
    }
    report.skipped_because("token", &["redirect", "login"]);
    report.skipped_because("token", &AFTER_LOGIN);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_something_else_or_of_yesterday_is_told_before_any_login() {
    for (fault, summary) in [
        (TokenFault::WrongAudience, "and not for https://database.windows.net"),
        (TokenFault::Expired, "expired"),
    ] {
        let clinic = Clinic::open().await;
        clinic.identity.faults().tokens(fault);

        let report = clinic.examine().await;

        let step = report.is("token", "fail");
        assert!(text(step, "summary").contains(summary), "{step:#}");
        report.skipped_because("token", &["login"]);
        assert!(clinic.sql.logins().is_empty());
        clinic.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_can_not_be_read_is_a_warning_since_the_server_decides() {
    let clinic = Clinic::open().await;
    clinic.identity.faults().tokens(TokenFault::NotAJwt);

    let report = clinic.examine().await;

    report.is("login", "fail");
    report.warned("token", "can't be read", "JSON Web Token");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_which_identity_it_is_and_why() {
    let id = "11111111-2222-4333-8444-555555555555";
    let clinic = Clinic::open().await;
    let report = clinic.examine().await;
    let step = report.is("identity", "ok");
    assert!(text(step, "summary").contains("system-assigned"), "{step:#}");
    let token = report.is("token", "ok");
    for key in ["audience", "tenantId", "objectId", "clientId", "expiresAt"] {
        assert!(!token["details"][key].is_null(), "{token:#}");
    }
    clinic.close().await;

    let clinic = Clinic::builder().setting("AZURE_CLIENT_ID", id).open().await;
    let report = clinic.examine().await;
    let step = report.is("identity", "ok");
    assert_eq!(step["summary"], format!("managed identity {id}, from AZURE_CLIENT_ID"));
    report.is("token", "fail");
    clinic.close().await;

    let clinic = Clinic::builder()
        .setting("AZURE_CLIENT_ID", "other")
        .connection(move |port| {
            format!("Server=localhost,{port};Authentication=ActiveDirectoryMSI;User Id={id}")
        })
        .open()
        .await;
    let report = clinic.examine().await;
    let step = report.is("identity", "ok");
    assert_eq!(step["summary"], format!("managed identity {id}, from User Id in AZURE_SQL_CONNECTIONSTRING"));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_that_won_among_the_defaults_is_told() {
    let clinic = Clinic::builder()
        .connection(|port| {
            format!("Server=localhost,{port};Database=sample;Authentication=ActiveDirectoryDefault")
        })
        .open()
        .await;

    let report = clinic.examine().await;

    let step = report.is("token", "ok");
    assert_eq!(step["details"]["source"], "managed identity", "{step:#}");
    report.is("login", "ok");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_endpoint_that_hangs_costs_no_more_than_the_timeout() {
    let clinic = Clinic::open().await;
    clinic.identity.faults().stall(true);

    let report = clinic.examine_with(&["--timeout", "2"]).await;

    report.failed("token", "no token within", "run the doctor again");
    clinic.identity.faults().stall(false);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_desk_the_app_settings_of_local_settings_json_count_and_those_of_the_environment_more() {
    let local = r#"{"Values":{"AZURE_SQL_CONNECTIONSTRING":"Server=localhost;Authentication=Nonsense"}}"#;

    let clinic = Clinic::builder().file("local.settings.json", local).open().await;
    let of_environment = clinic.examine().await;
    clinic.close().await;
    let builder = Clinic::builder().file("local.settings.json", local);
    let clinic = builder.without_setting("AZURE_SQL_CONNECTIONSTRING").open().await;
    let of_file = clinic.examine().await;
    clinic.close().await;

    of_environment.is("login", "ok");
    of_file.failed("settings", "AZURE_SQL_CONNECTIONSTRING", "mend the app setting");
}
