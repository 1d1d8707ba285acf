//! Where a connection comes from: an app setting with a connection string, or `SQL_SERVER` and `SQL_DATABASE`, as the recipes
//! for Flask and pyodbc on App Service have them.

use super::server::{self, DEFAULT_PORT};
use super::{
    Authentication, ConnectionSettings, ConnectionStringError, ConnectionStringWarning,
    DEFAULT_APPLICATION_NAME, DEFAULT_CONNECT_TIMEOUT, ParsedConnection,
};
use crate::identity::{IdentityEnvironment, Method};

/// The setting that functions use unless they name another; the split form can stand in for this one alone.
const DEFAULT_SETTING: &str = "AZURE_SQL_CONNECTIONSTRING";

/// Why there is no connection. No variant holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionSettingError {
    /// Nothing is set.
    #[error(
        "the app setting {setting} is not set: it holds the connection string, such as \
         Server=tcp:<name>.database.windows.net,1433;Database=<name>;Authentication=ActiveDirectoryMSI{}",
        if setting == DEFAULT_SETTING { "; or set SQL_SERVER and SQL_DATABASE" } else { "" }
    )]
    NotSet {
        /// The setting's name.
        setting: String,
    },
    /// Half of the split form.
    #[error("{set} is set and {missing} is not: set both, or a connection string as {DEFAULT_SETTING}")]
    Half {
        /// The one that is set.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// It can't be used.
    #[error("{setting}: {error}")]
    Invalid {
        /// The setting's name.
        setting: String,
        /// Why.
        error: ConnectionStringError,
    },
}

/// The connection of an app setting.
///
/// `SQL_SERVER` and `SQL_DATABASE` stand in for `AZURE_SQL_CONNECTIONSTRING` when it is not set: they mean
/// `ActiveDirectoryMSI` where `IDENTITY_ENDPOINT` is set, as in Azure, and `ActiveDirectoryDefault` at a desk.
///
/// # Errors
/// When nothing is set, or what is set can't be used; the sentence says what to do.
pub fn connection_of_setting(
    setting: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    environment: &IdentityEnvironment,
) -> Result<ParsedConnection, ConnectionSettingError> {
    let set = |name: &str| lookup(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let is_default = setting == DEFAULT_SETTING;
    if let Some(text) = lookup(setting).filter(|text| !text.trim().is_empty()) {
        let invalid = |error| ConnectionSettingError::Invalid { setting: setting.to_owned(), error };
        let mut parsed = ConnectionSettings::parse(&text, environment).map_err(invalid)?;
        if is_default && set("SQL_SERVER").is_some() && set("SQL_DATABASE").is_some() {
            let setting = setting.to_owned();
            parsed.warnings.push(ConnectionStringWarning::SplitFormNotUsed { setting });
        }
        return Ok(parsed);
    }
    let half = |set, missing| Err(ConnectionSettingError::Half { set, missing });
    match (set("SQL_SERVER"), set("SQL_DATABASE")) {
        (Some(server), Some(database)) if is_default => {
            let invalid = |error| ConnectionSettingError::Invalid { setting: "SQL_SERVER".to_owned(), error };
            let mut parsed = split(&server, database, environment).map_err(invalid)?;
            if set("SQL_DRIVER").is_some() {
                parsed.warnings.push(ConnectionStringWarning::DriverNotUsed);
            }
            Ok(parsed)
        }
        (Some(_), None) if is_default => half("SQL_SERVER", "SQL_DATABASE"),
        (None, Some(_)) if is_default => half("SQL_DATABASE", "SQL_SERVER"),
        _ => Err(ConnectionSettingError::NotSet { setting: setting.to_owned() }),
    }
}

fn split(
    server: &str,
    database: String,
    environment: &IdentityEnvironment,
) -> Result<ParsedConnection, ConnectionStringError> {
    let server = server::of_keyword(server)?;
    let mut warnings = Vec::new();
    // The recipe takes the name as it is, and a private network may have such names.
    let is_short = !server.host.contains(['.', ':']) && !server.host.eq_ignore_ascii_case("localhost");
    if is_short {
        warnings.push(ConnectionStringWarning::ShortServerName);
    }
    let method = match &environment.access_token_file {
        Some(file) => Method::TokenFile(file.clone()),
        None if environment.has_identity_endpoint => Method::ManagedIdentity { client_id: None },
        None => Method::Default { client_id: None },
    };
    let settings = ConnectionSettings {
        host: server.host,
        port: server.port.unwrap_or(DEFAULT_PORT),
        database: Some(database),
        authentication: Authentication::Entra(method),
        strict_encryption: false,
        trust_server_certificate: false,
        host_name_in_certificate: None,
        application_name: DEFAULT_APPLICATION_NAME.to_owned(),
        connect_timeout: DEFAULT_CONNECT_TIMEOUT,
        read_only: false,
    };
    Ok(ParsedConnection { settings, warnings })
}
