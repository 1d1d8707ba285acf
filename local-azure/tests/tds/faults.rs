//! Faults on demand.

use std::time::Duration;

use tokio::time::timeout;

use crate::harness::{Fixture, connect, failure, number, options};

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
