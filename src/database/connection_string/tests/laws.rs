//! What every grammar renders parses back, and nothing that is read panics or tells a value.

use std::fmt::Debug;

use proptest::prelude::*;

use super::render::{self, Quote};
use super::{login, parse};
use crate::database::connection_string::{ParsedConnection, ado_net, connection_of_setting};
use crate::identity::IdentityEnvironment;

/// Values in which each grammar has something to escape.
fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9]{1,4}",
        2 => prop::sample::select(vec![
            "'", "''", "\"", "\"\"", "{", "}", "}}", ";", "=", "==", " ", "\t", "\n", ";PWD=x", ";Driver=y", "\\", "%7B", ",",
            "jdbc:sqlserver://", "ß", "日本", "\u{200b}", "\u{a0}", "🦀",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn quote() -> impl Strategy<Value = Quote> {
    prop::sample::select(vec![Quote::WhereNeeded, Quote::Always, Quote::Double])
}

fn host() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,12}(\\.[a-z]{2,8}){0,3}"
}

/// Checks one rendered string against what was rendered.
fn reads_back(
    text: &str,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
    password: &str,
) -> Result<(), TestCaseError> {
    let parsed = match parse(text) {
        Ok(parsed) => parsed,
        Err(error) => return Err(TestCaseError::fail(format!("{text:?}: {error}"))),
    };
    let ParsedConnection { settings, warnings } = parsed;
    prop_assert_eq!(warnings, vec![]);
    prop_assert_eq!((settings.host.as_str(), settings.port), (host, port));
    prop_assert_eq!(settings.database.as_deref(), Some(database));
    prop_assert_eq!(login(&settings), format!("sql({user}, {password})"));
    Ok(())
}

proptest! {
    #[test]
    fn what_ado_net_renders_parses_back(
        host in host(), port in 1_u16.., database in value(), user in value(), password in value(), quote in quote(),
    ) {
        let server = format!("tcp:{host},{port}");
        let pairs = [
            ("Data Source", server.as_str()), ("Initial Catalog", &database), ("User ID", &user), ("Password", &password),
            ("Encrypt", "True"),
        ];
        reads_back(&render::ado_net(&pairs, quote), &host, port, &database, &user, &password)?;
    }

    #[test]
    fn what_odbc_renders_parses_back(
        host in host(), port in 1_u16.., database in value(), user in value(), password in value(), quote in quote(),
    ) {
        let server = format!("tcp:{host},{port}");
        let pairs = [
            ("Driver", "{ODBC Driver 18 for SQL Server"), ("Server", server.as_str()), ("Database", &database), ("UID", &user),
            ("PWD", &password), ("Encrypt", "yes"),
        ];
        reads_back(&render::odbc(&pairs, quote), &host, port, &database, &user, &password)?;
    }

    #[test]
    fn what_jdbc_renders_parses_back(
        host in host(), port in 1_u16.., database in value(), user in value(), password in value(), quote in quote(),
    ) {
        let pairs = [("databaseName", database.as_str()), ("user", &user), ("password", &password), ("encrypt", "true")];
        let url = render::jdbc(&format!("{host}:{port}"), &pairs, quote);
        reads_back(&url, &host, port, &database, &user, &password)?;
    }

    #[test]
    fn a_keyword_of_ado_net_may_hold_equal_signs(
        pairs in prop::collection::vec(("[a-z=]{1,6}", value()), 0..5), quote in quote(),
    ) {
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(keyword, value)| (keyword.as_str(), value.as_str())).collect();
        let parts = ado_net::parts(&render::ado_net(&pairs, quote)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let read: Vec<_> = parts.iter().map(|part| (part.keyword.as_str(), part.value.as_str())).collect();
        prop_assert_eq!(read, pairs);
    }

    /// Without `Driver` the reader may refuse, and must not take a value that the writer didn't mean.
    #[test]
    fn a_string_of_either_grammar_is_read_right_or_refused(
        database in value(), user in value(), password in value(), quote in quote(),
    ) {
        let pairs = [("Server", "h"), ("Database", database.as_str()), ("UID", &user), ("PWD", &password)];
        for text in [render::ado_net(&pairs, quote), render::odbc(&pairs, quote)] {
            if let Ok(parsed) = parse(&text) {
                prop_assert_eq!(login(&parsed.settings), format!("sql({user}, {password})"), "{:?}", text);
                prop_assert_eq!(parsed.settings.database.as_deref(), Some(database.as_str()));
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse(&format!("Server={text}"));
        let _ = parse(&format!("jdbc:sqlserver://{text}"));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&String::from_utf8_lossy(&bytes));
    }

    /// Parts out of the vocabulary, with a canary in every value, in whatever order and quoting.
    #[test]
    fn nothing_that_is_said_repeats_a_value(
        prefix in prop::sample::select(vec!["", "jdbc:sqlserver://", "jdbc:sqlserver://CANARY:1;", "Driver={CANARY};", "odbc:"]),
        parts in prop::collection::vec((keyword(), canary()), 0..8),
        with_environment in any::<bool>(),
    ) {
        let parts: Vec<String> = parts.into_iter().map(|(keyword, value)| format!("{keyword}={value}")).collect();
        let text = format!("{prefix}{}", parts.join(";"));
        let environment = IdentityEnvironment {
            access_token_file: with_environment.then(|| "/CANARY".into()),
            client_certificate_path: Some("/CANARY".into()),
            ..IdentityEnvironment::default()
        };
        for setting in ["AZURE_SQL_CONNECTIONSTRING", "SQL_SERVER", "OTHER"] {
            let lookup = |name: &str| (name == setting || name == "SQL_DATABASE").then(|| text.clone());
            let name = if setting == "OTHER" { "OTHER" } else { "AZURE_SQL_CONNECTIONSTRING" };
            match connection_of_setting(name, &lookup, &environment) {
                Ok(parsed) => {
                    tells_nothing(&parsed, "settings")?;
                    for warning in &parsed.warnings {
                        tells_nothing(warning, &warning.to_string())?;
                    }
                }
                Err(error) => tells_nothing(&error, &error.to_string())?,
            }
        }
    }
}

fn tells_nothing(what: &impl Debug, sentence: &str) -> Result<(), TestCaseError> {
    let debug = format!("{what:?}");
    prop_assert!(!debug.contains("CANARY") && !sentence.contains("CANARY"), "{}: {}", sentence, debug);
    Ok(())
}

fn keyword() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "Server",
        "Data Source",
        "serverName",
        "Port",
        "instanceName",
        "Database",
        "UID",
        "User Id",
        "PWD",
        "Password",
        "Authentication",
        "fedauth",
        "clientCertificate",
        "clientKey",
        "clientKeyPassword",
        "Encrypt",
        "TrustServerCertificate",
        "HostNameInCertificate",
        "Server Certificate",
        "App",
        "Connect Timeout",
        "loginTimeout",
        "ApplicationIntent",
        "Trusted_Connection",
        "ColumnEncryption",
        "AttachDbFilename",
        "accessToken",
        "DSN",
        "Command Timeout",
        "Pooling",
        "msiClientId",
        "CANARY",
        "Pasword CANARY",
        "",
    ])
    .prop_map(str::to_owned)
}

fn canary() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => prop::sample::select(vec![
            "CANARY", "'CANARY", "{CANARY", "{CANARY}x", "'CANARY'x", "\"CANARY;\"", "{CANARY}", "x{CANARY", "=CANARY", "",
            "tcp:CANARY,1433", "CANARY\\CANARY", "https://CANARY", "CANARY,CANARY", "*.CANARY", "np:CANARY", "(localdb)\\CANARY",
            "CANARY@CANARY", "<CANARY>", "CANARY/CANARY", "CANARY:CANARY", "CANARY CANARY",
        ])
        .prop_map(str::to_owned),
        3 => prop::sample::select(vec![
            "true", "yes", "strict", "no", "ReadOnly", "30", "0", "ActiveDirectoryMSI", "ActiveDirectoryDefault",
            "ActiveDirectoryServicePrincipal", "ActiveDirectoryServicePrincipalCertificate", "ActiveDirectoryInteractive",
            "ActiveDirectoryPassword", "ActiveDirectoryAzCli", "ActiveDirectoryAzurePipelines", "SqlPassword",
        ])
        .prop_map(str::to_owned),
        1 => value().prop_map(|value| format!("{value}CANARY")),
    ]
}
