//! Cancelling: the client's attention signal, and a client that goes away.

use std::time::Duration;

use tokio::time::timeout;

use crate::harness::{Fixture, SqlClient, options, until};

async fn usable(client: &mut SqlClient) {
    let rows = client.simple_query("rows 3").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 3);
}

#[tokio::test]
async fn attention_ends_a_statement_that_waits_and_the_connection_goes_on() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let waiting = timeout(Duration::from_millis(200), client.simple_query("wait")).await.is_err();
    assert!(waiting);
    fixture.until_noted("waiting").await;
    client.cancel_query().await.unwrap();
    fixture.until_noted("cancelled").await;
    usable(&mut client).await;
}

#[tokio::test]
async fn attention_in_the_middle_of_a_reply_ends_it() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let stream = client.simple_query("rows 5000000").await.unwrap();
    drop(stream);
    client.cancel_query().await.unwrap();
    fixture.until_noted("stopped").await;
    // tiberius 0.13 may give an empty first result after a cancel inside a row; what counts here is the server's side.
    until("the server to be idle", || fixture.journal().contains(&"stopped".to_owned())).await;
}

#[tokio::test]
async fn attention_while_nothing_runs_is_acknowledged() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    for _ in 0..20 {
        client.cancel_query().await.unwrap();
        usable(&mut client).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_statement_and_its_session() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let waiting = timeout(Duration::from_millis(200), client.simple_query("wait")).await.is_err();
    assert!(waiting);
    fixture.until_noted("waiting").await;
    drop(client);
    fixture.until_noted("closed").await;
    until("the connection's end", || fixture.server.connections() == 0).await;
}

#[tokio::test]
async fn a_client_that_stops_reading_and_leaves_ends_its_session() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let stream = client.simple_query("rows 5000000").await.unwrap();
    drop(stream);
    drop(client);
    fixture.until_noted("closed").await;
}

#[tokio::test]
async fn stopping_the_server_ends_statements_that_wait() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let waiting = timeout(Duration::from_millis(200), client.simple_query("wait")).await.is_err();
    assert!(waiting);
    fixture.until_noted("waiting").await;
    timeout(Duration::from_secs(10), fixture.server.stop()).await.unwrap();
}
