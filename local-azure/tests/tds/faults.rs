//! Faults on demand.

use std::time::Duration;

use local_azure::sql::LoginCounts;
use local_azure::sql::faults::blocked_by_firewall;
use tiberius::AuthMethod;
use tokio::time::timeout;

use crate::harness::{Fixture, TOKEN, connect, failure, number, options};

#[tokio::test]
async fn logins_fail_as_often_as_asked_and_then_succeed() {
    let fixture = Fixture::start(options()).await;
    fixture.server.faults().fail_logins(40613, 2);
    assert_eq!(number(connect(fixture.config(), &fixture).await), 40613);
    assert_eq!(number(connect(fixture.config(), &fixture).await), 40613);
    fixture.connect().await;
    let refused: Vec<_> = fixture.server.logins().iter().map(|login| login.refused).collect();
    assert_eq!(refused, [Some(40613), Some(40613), None]);
}

#[tokio::test]
async fn a_statement_fails_with_40501_and_the_connection_stays() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    fixture.server.faults().fail_statements(40501, 1);
    assert_eq!(failure(&mut client, "rows 1").await.code(), 40501);
    let rows = client.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_statement_fails_with_40197_and_the_connection_ends() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    fixture.server.faults().fail_statements(40197, 1);
    assert_eq!(failure(&mut client, "rows 1").await.code(), 40197);
    fixture.until_noted("closed").await;
}

#[tokio::test]
async fn a_stalled_statement_runs_when_it_is_released() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    fixture.server.faults().stall_statements(1);
    let mut query = Box::pin(client.simple_query("rows 1"));
    assert!(timeout(Duration::from_millis(150), &mut query).await.is_err());
    fixture.server.faults().release_stalled();
    let rows = query.await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_stalled_statement_can_be_cancelled_and_does_not_run() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    fixture.server.faults().stall_statements(1);
    let stalled = timeout(Duration::from_millis(150), client.simple_query("wait")).await.is_err();
    assert!(stalled);
    client.cancel_query().await.unwrap();
    assert!(fixture.journal().is_empty());
    let rows = client.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_login_is_redirected_once() {
    let fixture = Fixture::start(options()).await;
    fixture.server.faults().redirect_logins("worker.example.net", 11_001, 1);
    let Err(tiberius::error::Error::Routing { host, port }) = connect(fixture.config(), &fixture).await
    else {
        panic!("no redirect");
    };
    assert_eq!((host.as_str(), port), ("worker.example.net", 11_001));
    fixture.connect().await;
}

#[tokio::test]
async fn logins_are_refused_until_they_are_admitted_again() {
    let fixture = Fixture::start(options()).await;
    fixture.server.faults().refuse_logins(40615);
    for _ in 0..3 {
        let Err(tiberius::error::Error::Server(error)) = connect(fixture.config(), &fixture).await else {
            panic!("no server error");
        };
        assert_eq!((error.code(), error.state(), error.class()), (40615, 1, 14));
        assert!(
            error.message().starts_with(
                "Cannot open server 'local-azure' requested by the login. Client with IP address '203.0.113.7' is not allowed to access the server."
            ),
            "{}",
            error.message()
        );
    }
    fixture.server.faults().admit_logins();
    fixture.connect().await;
    assert_eq!(
        fixture.server.login_counts(),
        LoginCounts { attempted: 4, succeeded: 1, refused: 3, redirected: 0 }
    );
}

#[tokio::test]
async fn a_planned_failure_comes_before_a_standing_one() {
    let fixture = Fixture::start(options()).await;
    let faults = fixture.server.faults();
    faults.refuse_logins_with(blocked_by_firewall("mine", "192.0.2.1"));
    faults.fail_logins(18456, 1);
    assert_eq!(number(connect(fixture.config(), &fixture).await), 18456);
    assert_eq!(number(connect(fixture.config(), &fixture).await), 40615);
    faults.clear();
    fixture.connect().await;
}

#[tokio::test]
async fn the_faults_of_a_login_have_azures_severity_and_names() {
    for (number, class, begin) in [
        (4060, 11, "Cannot open database \"local\""),
        (18456, 14, "Login failed for user '<token-identified principal>'."),
        (40532, 20, "Cannot open server \"local-azure\""),
        (40613, 14, "Database 'local'"),
    ] {
        let fixture = Fixture::start(options()).await;
        fixture.server.faults().fail_logins(number, 1);
        let Err(tiberius::error::Error::Server(error)) = connect(fixture.config(), &fixture).await else {
            panic!("no server error");
        };
        assert_eq!((error.code(), error.class()), (u32::try_from(number).unwrap(), class));
        assert!(error.message().starts_with(begin), "{}", error.message());
    }
}

async fn with_token(fixture: &Fixture, token: &str) -> crate::harness::SqlClient {
    let mut config = fixture.config();
    config.authentication(AuthMethod::aad_token(token));
    connect(config, fixture).await.unwrap()
}

#[tokio::test]
async fn sessions_whose_token_expired_answer_nothing_but_37396() {
    let fixture = Fixture::start(options()).await;
    let mut old = with_token(&fixture, TOKEN).await;
    let mut by_password = fixture.connect().await;
    fixture.server.faults().expire_sessions();
    assert_eq!(failure(&mut old, "rows 1").await.code(), 37396);
    assert_eq!(failure(&mut old, "rows 1").await.code(), 37396);
    let mut new = with_token(&fixture, TOKEN).await;
    for client in [&mut new, &mut by_password] {
        let rows = client.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap();
        assert_eq!(rows.len(), 1);
    }
}

#[tokio::test]
async fn the_sessions_of_one_token_expire_alone() {
    let fixture = Fixture::start(options()).await;
    let (first, second) = (format!("{TOKEN}-1"), format!("{TOKEN}-2"));
    let mut expired = with_token(&fixture, &first).await;
    let mut other = with_token(&fixture, &second).await;
    fixture.server.faults().expire_sessions_of(&first);
    assert_eq!(failure(&mut expired, "rows 1").await.code(), 37396);
    other.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap();
}

#[tokio::test]
async fn logins_are_counted_by_token() {
    let fixture = Fixture::start(options()).await;
    let (first, second) = (format!("{TOKEN}-1"), format!("{TOKEN}-2"));
    with_token(&fixture, &first).await;
    with_token(&fixture, &first).await;
    fixture.server.faults().redirect_logins("elsewhere.example.net", 1433, 1);
    let mut config = fixture.config();
    config.authentication(AuthMethod::aad_token(&second));
    assert!(connect(config.clone(), &fixture).await.is_err());
    fixture.server.faults().fail_logins(18456, 1);
    assert!(connect(config, &fixture).await.is_err());
    fixture.connect().await;
    let counts =
        |attempted, succeeded, refused, redirected| LoginCounts { attempted, succeeded, refused, redirected };
    let server = &fixture.server;
    assert_eq!(server.login_counts_of(&first), counts(2, 2, 0, 0));
    assert_eq!(server.login_counts_of(&second), counts(2, 0, 1, 1));
    assert_eq!(server.login_counts_of("another"), counts(0, 0, 0, 0));
    assert_eq!(server.login_counts(), counts(5, 3, 1, 1));
    let tokens: Vec<bool> = server.logins().iter().map(|login| login.token.is_some()).collect();
    assert_eq!(tokens, [true, true, true, true, false]);
    assert!(server.logins().iter().flat_map(|login| &login.token).all(|token| token.len() == 16));
}
