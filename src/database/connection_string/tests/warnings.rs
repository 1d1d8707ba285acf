//! What a string asks for in vain.

use super::{login, parse};
use crate::database::connection_string::ConnectionSettings;
use crate::identity::IdentityEnvironment;

#[test]
fn every_warning_says_what_counts_instead_and_repeats_no_value() {
    for (more, expected) in [
        (
            "Databse=CANARY",
            "part 4 of the connection string begins with an unknown keyword (did you mean `Database`?)",
        ),
        (
            "CANARY=CANARY",
            "part 4 of the connection string begins with an unknown keyword and is passed over",
        ),
        (
            "Command Timeout=CANARY",
            "`Command Timeout` in the connection string has no effect here: set `timeout`",
        ),
        ("Max Pool Size=CANARY", "AZSQL_POOL_MAX_SIZE"),
        ("Min Pool Size=CANARY", "opened when they are needed"),
        ("Packet Size=CANARY", "as large as TLS"),
        ("Failover Partner=CANARY", "listener"),
        ("Language=CANARY", "SET LANGUAGE"),
        ("QuotedId=no", "SET options"),
        ("TrustServerCertificate=true", "impostor"),
    ] {
        let parsed = parse(&format!("Server=h;UID=u;PWD=p;{more}")).unwrap();
        let [warning] = parsed.warnings.as_slice() else { panic!("{more}: {:?}", parsed.warnings) };
        assert!(warning.to_string().contains(expected), "{more}: {warning}");
        assert!(!format!("{warning} {warning:?}").contains("CANARY"), "{warning} {warning:?}");
    }
}

#[test]
fn a_user_that_another_one_stands_for_is_told() {
    for (method, expected) in [
        ("AzCli", "az login"),
        ("AzureDeveloperCli", "azd auth login"),
        ("AzurePipelines", "AZURESUBSCRIPTION_CLIENT_ID"),
        ("Environment", "AZURE_CLIENT_ID"),
        ("DeviceCode", "enters the code"),
    ] {
        let parsed = parse(&format!("Server=h;UID=CANARY;Authentication=ActiveDirectory{method}")).unwrap();
        let sentence = parsed.warnings.first().unwrap().to_string();
        assert!(sentence.contains(expected) && !sentence.contains("CANARY"), "{sentence}");
    }
    let parsed = parse("Server=h;UID=id@tenant;Authentication=ActiveDirectoryWorkloadIdentity").unwrap();
    assert_eq!(login(&parsed.settings), "workload(id)");
    assert!(parsed.warnings.first().unwrap().to_string().contains("AZURE_TENANT_ID"));
}

#[test]
fn a_token_file_stands_in_for_authentication_and_goes_before_it() {
    let environment = IdentityEnvironment {
        access_token_file: Some("/run/token".into()),
        ..IdentityEnvironment::default()
    };
    for (text, expected, warning) in [
        ("Server=h", "file(/run/token)", ""),
        (
            "Server=h;Authentication=ActiveDirectoryMSI;UID=id",
            "file(/run/token)",
            "`Authentication=ActiveDirectoryMSI`",
        ),
        ("Server=h;UID=u;PWD=p", "sql(u, p)", "AZSQL_ACCESS_TOKEN_FILE has no effect"),
    ] {
        let parsed = ConnectionSettings::parse(text, &environment).unwrap();
        assert_eq!(login(&parsed.settings), expected, "{text}");
        let sentences: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
        assert!(
            sentences.concat().contains(warning) && sentences.is_empty() == warning.is_empty(),
            "{sentences:?}"
        );
    }
    assert!(ConnectionSettings::parse("Server=h;UID=u", &environment).is_err());
}

#[test]
fn a_service_principal_without_a_password_has_the_environments_secret_or_certificate() {
    let text = "Server=h;Authentication=ActiveDirectoryServicePrincipal;User Id=app";
    let read = |environment: &IdentityEnvironment| {
        login(&ConnectionSettings::parse(text, environment).unwrap().settings)
    };
    let certificate = Some("/run/app.pem".into());
    let mut environment =
        IdentityEnvironment { client_certificate_path: certificate, ..IdentityEnvironment::default() };
    assert_eq!(read(&environment), "certificate(app, , )");
    environment.client_secret = Some("secret".to_owned().into());
    assert_eq!(read(&environment), "secret(app, , )");
}

#[test]
fn debug_shows_no_value() {
    let text = "Server=CANARY;Database=CANARY;UID=CANARY;PWD=CANARY;App=CANARY;HostNameInCertificate=CANARY";
    let shown = format!("{:?}", parse(text).unwrap());
    assert!(shown.contains("SqlPassword") && !shown.contains("CANARY"), "{shown}");
}
