//! `SQL_SERVER` and `SQL_DATABASE`, and which setting counts.

use super::login;
use crate::database::connection_string::{ConnectionSettingError, ParsedConnection, connection_of_setting};
use crate::identity::IdentityEnvironment;

fn read(setting: &str, pairs: &[(&str, &str)]) -> Result<ParsedConnection, ConnectionSettingError> {
    let lookup =
        |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    connection_of_setting(setting, &lookup, &IdentityEnvironment::read(&lookup, None))
}

fn default(pairs: &[(&str, &str)]) -> Result<ParsedConnection, ConnectionSettingError> {
    read("AZURE_SQL_CONNECTIONSTRING", pairs)
}

const SPLIT: [(&str, &str); 2] = [("SQL_SERVER", "shop.database.windows.net"), ("SQL_DATABASE", "orders")];

#[test]
fn the_split_form_is_a_managed_identity_in_azure_and_the_default_chain_at_a_desk() {
    let desk = default(&SPLIT).unwrap();
    assert_eq!((desk.settings.host.as_str(), desk.settings.port), ("shop.database.windows.net", 1433));
    assert_eq!(desk.settings.database.as_deref(), Some("orders"));
    assert_eq!(login(&desk.settings), "default()");
    assert_eq!(desk.warnings, []);

    let azure = [SPLIT[0], SPLIT[1], ("IDENTITY_ENDPOINT", "http://h"), ("IDENTITY_HEADER", "x")];
    assert_eq!(login(&default(&azure).unwrap().settings), "managed-identity()");
    let token = [SPLIT[0], SPLIT[1], ("AZSQL_ACCESS_TOKEN_FILE", "/run/token")];
    assert_eq!(login(&default(&token).unwrap().settings), "file(/run/token)");
}

#[test]
fn the_server_of_the_split_form_may_have_a_port_and_is_taken_as_it_is() {
    for (server, expected, warnings) in [
        ("tcp:shop.database.windows.net,1433", ("shop.database.windows.net", 1433), 0),
        ("localhost,14330", ("localhost", 14330), 0),
        ("shop", ("shop", 1433), 1),
    ] {
        let parsed = default(&[("SQL_SERVER", server), SPLIT[1]]).unwrap();
        assert_eq!((parsed.settings.host.as_str(), parsed.settings.port), expected);
        assert_eq!(parsed.warnings.len(), warnings, "{server}");
    }
}

#[test]
fn a_connection_string_goes_before_the_split_form_which_is_told() {
    let string = ("AZURE_SQL_CONNECTIONSTRING", "Server=other;Authentication=ActiveDirectoryMSI");
    let parsed = default(&[SPLIT[0], SPLIT[1], string]).unwrap();
    assert_eq!(parsed.settings.host, "other");
    assert!(parsed.warnings.first().unwrap().to_string().contains("AZURE_SQL_CONNECTIONSTRING is set"));

    let blank = ("AZURE_SQL_CONNECTIONSTRING", " ");
    assert_eq!(default(&[SPLIT[0], SPLIT[1], blank]).unwrap().settings.host, "shop.database.windows.net");
    let driver = default(&[SPLIT[0], SPLIT[1], ("SQL_DRIVER", "CANARY")]).unwrap();
    assert!(driver.warnings.first().unwrap().to_string().contains("SQL_DRIVER has no effect"));
}

#[test]
fn what_is_missing_is_named_and_no_value_is_repeated() {
    for (setting, pairs, expected) in [
        ("AZURE_SQL_CONNECTIONSTRING", [].as_slice(), "or set SQL_SERVER and SQL_DATABASE"),
        (
            "AZURE_SQL_CONNECTIONSTRING",
            &[("SQL_SERVER", "CANARY")],
            "SQL_SERVER is set and SQL_DATABASE is not",
        ),
        (
            "AZURE_SQL_CONNECTIONSTRING",
            &[("SQL_DATABASE", "CANARY")],
            "SQL_DATABASE is set and SQL_SERVER is not",
        ),
        ("AZURE_SQL_CONNECTIONSTRING", &[("SQL_SERVER", "a\\CANARY"), SPLIT[1]], "SQL_SERVER: the server"),
        (
            "AZURE_SQL_CONNECTIONSTRING",
            &[("AZURE_SQL_CONNECTIONSTRING", "CANARY")],
            "AZURE_SQL_CONNECTIONSTRING: ",
        ),
        // The split form stands in for the default setting alone.
        ("REPORTS", &SPLIT, "the app setting REPORTS is not set"),
    ] {
        let error = read(setting, pairs).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected} is not in: {error}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
}
