//! Who the worker is for the server: managed identities, SQL logins, and what happens when they fail.

use std::time::{Duration, Instant};

use local_azure::identity::TokenFault;
use local_azure::sql::Credential;

use crate::support::sql_client::USER;
use crate::support::wait::within;
use crate::support::{Answer, Desk};

const FIRST: &str = "11111111-1111-4111-8111-111111111111";
const SECOND: &str = "22222222-2222-4222-8222-222222222222";

/// What a caller may wait for the news that there is no identity: the token's 8 s, and what a busy machine adds.
const SOON: Duration = Duration::from_secs(15);

async fn timed(desk: &Desk) -> Answer {
    let begun = Instant::now();
    let answer = desk.get("/api/sql/ping").await;
    assert!(begun.elapsed() < SOON, "the caller waited {:?}", begun.elapsed());
    answer
}

/// A refused login is remembered for 30 to 40 s, a missing token for 2 s, and a machine that runs everything in parallel is slow.
const MEMORY: Duration = Duration::from_secs(90);

/// After the cause is gone, the same worker process answers, once the failure isn't remembered any more.
async fn recovers(desk: Desk, pid: u32) {
    within(MEMORY, "the worker answers again", async || {
        (desk.get("/api/sql/ping").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

fn token_login(connection: &'static str) -> impl Fn(u16) -> String {
    move |port| {
        format!("Server=tcp:localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI{connection}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_assigned_identity_logs_in_with_a_token() {
    let desk = Desk::start().await;

    desk.get("/api/sql/ping").await.json(200);

    let logins = desk.worker_logins();
    assert_eq!(logins.len(), 1);
    assert_eq!((logins[0].credential, logins[0].refused), (Credential::Token, None));
    assert_eq!((logins[0].application.as_str(), logins[0].database.as_str()), ("azsql-worker", "sample"));
    assert_eq!(desk.identity().faults().requests(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_serves_many_logins() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_logins(40613, 3);

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(desk.worker_logins().len(), 4);
    assert_eq!(desk.identity().faults().requests(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_audience_is_refused_and_the_worker_recovers_with_a_right_one() {
    let desk = Desk::start().await;
    let pid = desk.worker_pid();
    desk.identity().faults().tokens(TokenFault::WrongAudience);

    let problem = timed(&desk).await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 18456);
    assert!(problem["detail"].as_str().unwrap().contains("CREATE USER"), "{problem}");
    assert_eq!(desk.worker_logins().len(), 2, "a refused token is replaced once");
    assert_eq!(desk.identity().faults().requests(), 2);
    desk.identity().faults().tokens(TokenFault::None);
    recovers(desk, pid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refused_and_the_worker_recovers_with_a_fresh_one() {
    let desk = Desk::start().await;
    let pid = desk.worker_pid();
    desk.identity().faults().tokens(TokenFault::Expired);

    let problem = timed(&desk).await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 18456);
    desk.identity().faults().tokens(TokenFault::None);
    recovers(desk, pid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_endpoint_that_fails_is_told_and_the_worker_recovers() {
    let desk = Desk::start().await;
    let pid = desk.worker_pid();
    desk.identity().faults().fail_next(1000);

    let answer = timed(&desk).await;

    let problem = answer.problem_for_caller(503, "identity");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("managed identity: no token (HTTP 500)") && detail.contains("try again later"),
        "{detail}"
    );
    assert!(!detail.contains("assigned"), "the identity is not the cause: {detail}");
    assert_eq!(answer.header("retry-after"), Some("5"));
    desk.identity().faults().fail_next(0);
    recovers(desk, pid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_endpoint_that_fails_once_is_asked_again() {
    let desk = Desk::start().await;
    desk.identity().faults().fail_next(1);

    desk.get("/api/sql/ping").await.json(200);

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_endpoint_that_never_answers_is_a_503_in_time_and_the_worker_recovers() {
    let desk = Desk::start().await;
    let pid = desk.worker_pid();
    desk.identity().faults().stall(true);

    let answer = timed(&desk).await;

    let problem = answer.problem_for_caller(503, "identity");
    assert!(problem["detail"].as_str().unwrap().contains("within 8 s"), "{problem}");
    assert_eq!(answer.header("retry-after"), Some("5"));
    desk.identity().faults().stall(false);
    recovers(desk, pid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_an_identity_is_told_to_assign_one() {
    let desk = Desk::builder().without_system_assigned().start().await;

    let problem = timed(&desk).await.problem_for_caller(500, "identity");

    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("HTTP 400") && detail.contains("check that the identity is assigned"),
        "{detail}"
    );
    assert!(!detail.contains("AZURE_CLIENT_ID"), "no user-assigned identity was asked for: {detail}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_identity_endpoint_the_answer_says_so_at_once() {
    for missing in ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"] {
        // Some machine may have a metadata service at Azure's address; nobody listens at port 1 of this one.
        let nowhere = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1");
        let desk = Desk::builder().without_setting(missing).setting(nowhere.0, nowhere.1).start().await;

        let problem = timed(&desk).await.problem_for_caller(500, "identity");

        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("IDENTITY_ENDPOINT") && detail.contains("assign an identity"), "{detail}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_identity_header_is_told_as_a_refusal() {
    let desk = Desk::builder().setting("IDENTITY_HEADER", "CANARY-HEADER").start().await;

    let problem = timed(&desk).await.problem_for_caller(500, "identity");

    assert!(problem["detail"].as_str().unwrap().contains("HTTP 401"), "{problem}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn user_id_names_a_user_assigned_identity() {
    let desk = Desk::builder()
        .user_assigned(FIRST)
        .connection(token_login(";User Id=11111111-1111-4111-8111-111111111111"))
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(desk.identity().faults().requests_for(FIRST), 1);
    assert!(desk.worker_logins()[0].login.starts_with(FIRST), "{:?}", desk.worker_logins());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_client_id_names_one_when_the_connection_string_does_not() {
    let desk = Desk::builder().user_assigned(FIRST).setting("AZURE_CLIENT_ID", FIRST).start().await;

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(desk.identity().faults().requests_for(FIRST), 1);
    assert!(desk.worker_logins()[0].login.starts_with(FIRST), "{:?}", desk.worker_logins());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn user_id_goes_before_azure_client_id() {
    let desk = Desk::builder()
        .user_assigned(FIRST)
        .user_assigned(SECOND)
        .setting("AZURE_CLIENT_ID", SECOND)
        .connection(token_login(";User Id=11111111-1111-4111-8111-111111111111"))
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    let faults = desk.identity().faults();
    assert_eq!((faults.requests_for(FIRST), faults.requests_for(SECOND)), (1, 0));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_assigned_identity_that_the_app_does_not_have_is_told() {
    let desk = Desk::builder().setting("AZURE_CLIENT_ID", SECOND).start().await;

    let problem = timed(&desk).await.problem_for_caller(500, "identity");

    assert!(problem["detail"].as_str().unwrap().contains("AZURE_CLIENT_ID"), "{problem}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sql_login_gets_in_with_its_password() {
    let password = "CANARY;p'w\"{}";
    let desk = Desk::builder()
        .password(password)
        .connection(|port| {
            format!("Server=tcp:localhost,{port};Database=sample;User Id={USER};Password='CANARY;p''w\"{{}}'")
        })
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    // The helper's own logins carry another application's name.
    let logins = desk.worker_logins();
    assert_eq!((logins[0].login.as_str(), logins[0].credential), (USER, Credential::Password));
    assert_eq!(desk.identity().faults().requests(), 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_without_repeating_it() {
    let desk = Desk::builder()
        .connection(|port| {
            format!("Server=tcp:localhost,{port};Database=sample;User Id={USER};Password=CANARY-WRONG")
        })
        .start()
        .await;

    let problem = timed(&desk).await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 18456);
    assert!(problem["detail"].as_str().unwrap().contains("mend User Id and Password"), "{problem}");
    assert_eq!(desk.worker_logins().len(), 1, "a wrong password is not tried again: accounts get locked");
    desk.finish().await;
}
