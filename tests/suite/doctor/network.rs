//! Failures on the way to the server: settings, name, TCP, TLS, redirect.

use std::sync::Arc;

use local_azure::sql::certificates::Certificates;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::clinic::{Clinic, text};

const AFTER_TLS: [&str; 8] = ["redirect", "login", "database", "user", "roles", "rights", "clock", "pool"];

fn msi(server: &str) -> String {
    format!("Server={server};Database=sample;Authentication=ActiveDirectoryMSI")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_connection_string_is_told_without_what_it_holds() {
    let clinic = Clinic::builder()
        .setting("AZURE_SQL_CONNECTIONSTRING", "Server=localhost;Encrypt=CANARY;Password=CANARY")
        .open()
        .await;

    let report = clinic.examine().await;

    report.failed("settings", "AZURE_SQL_CONNECTIONSTRING", "GetPerson");
    report.skipped_because("settings", &["identity", "token", "dns", "tcp", "tls"]);
    report.skipped_because("settings", &AFTER_TLS);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_setting_of_the_worker_fails_and_the_rest_goes_on() {
    let clinic = Clinic::builder().setting("AZSQL_POOL_MAX_SIZE", "CANARY").open().await;

    let report = clinic.examine().await;

    let step = &report.json["steps"][0];
    assert_eq!((&step["step"], &step["status"]), (&"settings".into(), &"fail".into()));
    assert!(text(step, "summary").contains("AZSQL_POOL_MAX_SIZE must be"), "{step:#}");
    report.is("login", "ok");
    assert_eq!(report.code, Some(69));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_found_fails_and_the_token_is_looked_at_all_the_same() {
    let clinic = Clinic::builder().connection(|_| msi("tcp:shop.invalid,1433")).open().await;

    let report = clinic.examine().await;

    report.failed("dns", "the name shop.invalid is not found", "nslookup");
    report.is("token", "ok");
    report.skipped_because("dns", &["tcp", "tls"]);
    report.skipped_because("dns", &AFTER_TLS);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_where_nobody_listens_is_told_apart_from_a_firewall() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let clinic = Clinic::builder().connection(move |_| msi(&format!("127.0.0.1,{port}"))).open().await;

    let report = clinic.examine().await;

    report.failed("tcp", "connection refused", &format!("nothing listens on port {port}"));
    report.skipped_because("tcp", &["tls"]);
    report.skipped_because("tcp", &AFTER_TLS);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_than_a_sql_server_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _sent = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nCANARY").await;
        }
    });
    let clinic = Clinic::builder().connection(move |_| msi(&format!("127.0.0.1,{port}"))).open().await;

    let report = clinic.examine().await;

    report.failed("tls", "doesn't answer as a SQL server does", "is it a SQL server");
    report.skipped_because("tls", &AFTER_TLS);
    clinic.close().await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_costs_no_more_than_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let clinic = Clinic::builder().connection(move |_| msi(&format!("127.0.0.1,{port}"))).open().await;

    let report = clinic.examine_with(&["--timeout", "2"]).await;

    report.failed("tls", "says nothing", "Look for a proxy");
    clinic.close().await;
    drop(listener);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_nobody_trusts_is_told_with_its_name() {
    let clinic = Clinic::builder().without_setting("AZSQL_TRUST_CA").open().await;

    let report = clinic.examine().await;

    let step = report.failed("tls", "its issuer is not trusted", "AZSQL_TRUST_CA");
    assert_eq!(step["details"]["issuer"], "local-azure CA", "{step:#}");
    report.skipped_because("tls", &AFTER_TLS);
    assert!(clinic.sql.logins().is_empty(), "a token was sent to a server that nobody trusts");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_server_certificate_is_a_warning_that_says_what_is_overlooked() {
    let clinic = Clinic::builder()
        .without_setting("AZSQL_TRUST_CA")
        .connection(|port| format!("{};TrustServerCertificate=true", msi(&format!("localhost,{port}"))))
        .open()
        .await;

    let report = clinic.examine().await;

    report.warned("tls", "its issuer is not trusted", "remove TrustServerCertificate");
    report.is("login", "ok");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_told_with_its_names() {
    let clinic = Clinic::builder()
        .connection(|port| {
            format!("{};HostNameInCertificate=other.example", msi(&format!("localhost,{port}")))
        })
        .open()
        .await;

    let report = clinic.examine().await;

    let step = report.failed("tls", "it is for localhost", "HostNameInCertificate");
    assert!(text(step, "summary").ends_with(" and not for other.example"), "{step:#}");
    assert!(text(step, "summary").contains("localhost"), "{step:#}");
    clinic.close().await;
}

/// Certificates like the endpoint's own that ended long ago, or begin far ahead.
fn valid(from: i32, until: i32) -> Certificates {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (server.not_before, server.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = server.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.send_tls13_tickets = 0;
    Certificates { ca_pem: authority_certificate.pem(), server: Arc::new(config) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_out_of_its_time_is_told() {
    for (from, until, summary, cure) in
        [(2001, 2002, "it has expired", "renewed"), (2090, 2091, "it is not valid yet", "clock")]
    {
        let clinic = Clinic::builder().certificates(valid(from, until)).open().await;

        let report = clinic.examine().await;

        let step = report.failed("tls", summary, cure);
        assert_eq!(step["details"]["notAfter"], format!("{until}-01-01T00:00:00+00:00"));
        clinic.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_no_token() {
    let clinic =
        Clinic::builder().sql(|options| options.encryption = local_azure::sql::Encryption::Off).open().await;
    // Without TLS there is no authority to trust either.
    let report = clinic.examine().await;

    assert!(clinic.sql.logins().is_empty());
    let found = report.step("tls");
    assert_ne!(found["status"], "ok", "{found:#}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed_and_told() {
    let clinic = Clinic::open().await;
    let port = clinic.sql.address().port();
    clinic.sql.faults().redirect_logins("localhost", port, 1);

    let report = clinic.examine().await;

    let step = report.is("redirect", "ok");
    assert!(text(step, "summary").contains(&format!("sends the login to localhost:{port}")), "{step:#}");
    report.is("login", "ok");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_a_closed_port_is_told_with_the_ports_to_open() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let clinic = Clinic::open().await;
    clinic.sql.faults().redirect_logins("127.0.0.1", port, 1);

    let report = clinic.examine().await;

    report.failed("redirect", "connection refused", "11000 to 11999");
    report.skipped_because("redirect", &["login", "database", "pool"]);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_redirects_ends() {
    let clinic = Clinic::open().await;
    let port = clinic.sql.address().port();
    clinic.sql.faults().redirect_logins("localhost", port, 100);

    let report = clinic.examine().await;

    let last = report.all("redirect").last().copied().unwrap();
    assert_eq!(last["status"], "fail", "{last:#}");
    assert!(text(last, "summary").contains("circle"), "{last:#}");
    clinic.close().await;
}
