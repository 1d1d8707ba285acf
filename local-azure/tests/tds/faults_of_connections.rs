//! Faults before there is a session: TCP, TLS and the login.

use std::io::ErrorKind;
use std::time::Duration;

use local_azure::sql::faults::{ConnectionFault, CutBy, Fault, HandshakeFault, LoginFault, Until};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Fixture, connect, options, until};

async fn fails(
    fixture: &Fixture,
    fault: impl Into<local_azure::sql::faults::Strike>,
) -> tiberius::error::Error {
    let armed = fixture.server.faults().arm(Fault::new(fault));
    let outcome = timeout(Duration::from_secs(10), connect(fixture.config(), fixture)).await.unwrap();
    assert_eq!(armed.struck(), 1);
    let Err(error) = outcome else { panic!("it got in") };
    fixture.connect().await;
    error
}

#[tokio::test]
async fn connections_handshakes_and_logins_are_cut_and_the_next_gets_in() {
    let fixture = Fixture::start(options()).await;
    for by in [CutBy::Fin, CutBy::Reset] {
        fails(&fixture, ConnectionFault::Cut(by)).await;
        fails(&fixture, HandshakeFault::Cut(by)).await;
        fails(&fixture, LoginFault::Cut(by)).await;
    }
    let counts = fixture.server.login_counts();
    assert_eq!((counts.attempted, counts.succeeded, counts.refused), (8, 6, 0));
}

#[tokio::test]
async fn a_handshake_is_refused_with_an_alert() {
    let fixture = Fixture::start(options()).await;
    let error = fails(&fixture, HandshakeFault::Alert).await;
    assert!(error.to_string().to_lowercase().contains("alert"), "{error}");
}

#[tokio::test]
async fn a_silent_server_says_nothing_until_it_is_released() {
    let fixture = Fixture::start(options()).await;
    let faults = fixture.server.faults();
    for silence in
        [ConnectionFault::Silence.into(), local_azure::sql::faults::Strike::from(HandshakeFault::Silence)]
    {
        let armed = faults.arm(Fault::new(silence));
        let mut connecting = Box::pin(connect(fixture.config(), &fixture));
        assert!(timeout(Duration::from_millis(150), &mut connecting).await.is_err());
        assert_eq!(armed.struck(), 1);
        faults.release_stalled();
        assert!(timeout(Duration::from_secs(10), connecting).await.unwrap().is_err());
        fixture.connect().await;
    }
}

#[tokio::test]
async fn a_silent_connection_ends_with_its_client_or_the_server() {
    let fixture = Fixture::start(options()).await;
    fixture.server.faults().arm(Fault::new(ConnectionFault::Silence).times(2));
    let left = TcpStream::connect(fixture.server.address()).await.unwrap();
    until("the connection", || fixture.server.connections() == 1).await;
    drop(left);
    until("its end", || fixture.server.connections() == 0).await;
    let mut stays = TcpStream::connect(fixture.server.address()).await.unwrap();
    until("the connection", || fixture.server.connections() == 1).await;
    timeout(Duration::from_secs(10), fixture.server.stop()).await.unwrap();
    assert!(matches!(stays.read(&mut [0; 1]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_login_that_hangs_goes_on_when_it_is_released_and_ends_with_its_client() {
    let fixture = Fixture::start(options()).await;
    let faults = fixture.server.faults();
    faults.arm(Fault::new(LoginFault::Stall(Until::Released)).times(2));
    let mut connecting = Box::pin(connect(fixture.config(), &fixture));
    assert!(timeout(Duration::from_millis(300), &mut connecting).await.is_err());
    faults.release_stalled();
    let client = connecting.await.unwrap();
    assert!(timeout(Duration::from_millis(300), connect(fixture.config(), &fixture)).await.is_err());
    drop(client);
    until("the ends of both", || fixture.server.connections() == 0).await;
    faults.arm(Fault::new(LoginFault::Stall(Until::For(Duration::from_millis(1)))));
    fixture.connect().await;
}

#[tokio::test]
async fn a_closed_port_refuses_connections_and_keeps_those_that_are_there() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let faults = fixture.server.faults();
    for _ in 0..2 {
        faults.close_port().await;
        let refused = TcpStream::connect(fixture.server.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        client.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap();
        faults.open_port().await;
        fixture.connect().await;
    }
    faults.close_port().await;
    timeout(Duration::from_secs(10), fixture.server.stop()).await.unwrap();
}
