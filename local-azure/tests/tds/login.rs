//! Logging in, with and without TLS.

use tiberius::{AuthMethod, EncryptionLevel};

use crate::harness::{Fixture, TOKEN, USER, connect, number, options, until};
use local_azure::sql::{Credential, Encryption, SqlOptions};

async fn who(client: &mut crate::harness::SqlClient) -> String {
    let rows = client.simple_query("who").await.unwrap();
    let row = rows.into_row().await.unwrap().unwrap();
    row.get::<&str, _>(0).unwrap().to_owned()
}

#[tokio::test]
async fn a_password_logs_in_over_verified_tls() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    assert_eq!(who(&mut client).await, USER);
    let logins = fixture.server.logins();
    assert_eq!(logins.len(), 1);
    assert_eq!(logins.first().unwrap().credential, Credential::Password);
    assert_eq!(fixture.server.connections(), 1);
}

#[tokio::test]
async fn a_token_logs_in_even_when_it_is_longer_than_a_packet() {
    let fixture = Fixture::start(options()).await;
    let mut config = fixture.config();
    let token = format!("{TOKEN}{}", "t".repeat(10_000));
    config.authentication(AuthMethod::aad_token(token));
    let mut client = connect(config, &fixture).await.unwrap();
    assert_eq!(who(&mut client).await, "client@tenant");
    assert_eq!(fixture.server.logins().first().unwrap().credential, Credential::Token);
}

#[tokio::test]
async fn a_bad_token_is_refused_with_18456_and_no_name() {
    let fixture = Fixture::start(options()).await;
    let mut config = fixture.config();
    config.authentication(AuthMethod::aad_token("forged"));
    let Err(tiberius::error::Error::Server(error)) = connect(config, &fixture).await else {
        panic!("no server error");
    };
    assert_eq!((error.code(), error.state(), error.class()), (18456, 1, 14));
    assert_eq!(error.message(), "Login failed for user '<token-identified principal>'.");
    until("the connection's end", || fixture.server.connections() == 0).await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_with_18456_and_the_users_name() {
    let fixture = Fixture::start(options()).await;
    let mut config = fixture.config();
    config.authentication(AuthMethod::sql_server(USER, "wrong"));
    let Err(tiberius::error::Error::Server(error)) = connect(config, &fixture).await else {
        panic!("no server error");
    };
    assert_eq!(error.code(), 18456);
    assert_eq!(error.message(), "Login failed for user 'tester'.");
    assert_eq!(fixture.server.logins().first().unwrap().refused, Some(18456));
}

#[tokio::test]
async fn an_unknown_database_is_refused_with_4060() {
    let fixture = Fixture::start(options()).await;
    let mut config = fixture.config();
    config.database("elsewhere");
    assert_eq!(number(connect(config, &fixture).await), 4060);
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_gets_no_session() {
    let fixture = Fixture::start(options()).await;
    let other = Fixture::start(options()).await;
    let mut config = fixture.config_without_trust();
    config.trust_cert_ca_bundle(other.server.ca_pem().unwrap().as_bytes());
    assert!(connect(config, &fixture).await.is_err());
    assert!(fixture.server.logins().is_empty());
}

#[tokio::test]
async fn the_authority_is_written_to_a_file_that_clients_can_trust() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    let fixture = Fixture::start(SqlOptions { ca_out: Some(file.clone()), ..options() }).await;
    let mut config = fixture.config_without_trust();
    config.trust_cert_ca(file.display());
    connect(config, &fixture).await.unwrap();
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(Some(written.as_str()), fixture.server.ca_pem());
    assert!(!written.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn a_client_without_tls_is_turned_away_where_tls_is_required() {
    let fixture = Fixture::start(options()).await;
    let mut config = fixture.config();
    config.encryption(EncryptionLevel::NotSupported);
    assert!(connect(config, &fixture).await.is_err());
    assert!(fixture.server.logins().is_empty());
}

#[tokio::test]
async fn where_tls_is_offered_the_client_chooses_between_all_the_login_and_nothing() {
    let fixture = Fixture::start(SqlOptions { encryption: Encryption::Offered, ..options() }).await;
    for level in
        [EncryptionLevel::Required, EncryptionLevel::On, EncryptionLevel::Off, EncryptionLevel::NotSupported]
    {
        let mut config = fixture.config();
        config.encryption(level);
        let mut client = connect(config, &fixture).await.unwrap();
        assert_eq!(who(&mut client).await, USER, "{level:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_serves_in_the_clear() {
    let fixture = Fixture::start(SqlOptions { encryption: Encryption::Off, ..options() }).await;
    assert!(fixture.server.ca_pem().is_none());
    let mut client = fixture.connect().await;
    assert_eq!(who(&mut client).await, USER);
}

#[tokio::test]
async fn a_server_stops_and_starts_again_on_the_same_port() {
    let fixture = Fixture::start(options()).await;
    let address = fixture.server.address();
    let mut client = fixture.connect().await;
    assert_eq!(who(&mut client).await, USER);
    let journal = fixture.journal.clone();
    fixture.server.stop().await;
    assert_eq!(journal.lock().unwrap().last().unwrap(), "closed");
    assert!(client.simple_query("who").await.is_err());
    let again = Fixture::start(SqlOptions { address, ..options() }).await;
    assert_eq!(again.server.address(), address);
    assert_eq!(who(&mut again.connect().await).await, USER);
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let fixture = Fixture::start(options()).await;
    let address = fixture.server.address();
    let _client = fixture.connect().await;
    let Fixture { server, journal } = fixture;
    drop(server);
    until("the session's end", || journal.lock().unwrap().iter().any(|line| line == "closed")).await;
    until("the port's end", || std::net::TcpStream::connect(address).is_err()).await;
}
