//! The connection string, as users of SqlClient, pyodbc, mssql-python and JDBC know it.
//!
//! Each grammar takes a string apart by its own rules; [`grammar`] tells which one it is. The keywords mean the same in all
//! of them. tiberius' own reader knows no `Authentication`, timeouts or packet size and passes over unknown keys without
//! a word, so it isn't used. What a value holds is never repeated.

mod ado_net;
mod authentication;
mod error;
mod grammar;
mod jdbc;
mod keywords;
mod odbc;
mod scan;
mod server;
mod slots;
mod split_form;
#[cfg(test)]
mod tests;
mod warning;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use authentication::Authentication;
pub use error::{ConnectionStringError, UnknownPart};
pub use server::ServerError;
pub use split_form::{ConnectionSettingError, connection_of_setting};
pub use warning::ConnectionStringWarning;

use crate::identity::IdentityEnvironment;
use authentication::Credentials;
use keywords::Keyword;
use server::{DEFAULT_PORT, Server};
use slots::{Slot, Slots};

/// How long a login may take when the string doesn't say; what SqlClient uses.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What `APP_NAME()` shows when the string doesn't say.
const DEFAULT_APPLICATION_NAME: &str = "azsql-worker";

/// Where and how to connect. Its `Debug` shows no name, user or secret.
#[derive(Clone)]
pub struct ConnectionSettings {
    /// Host name or address of the server; an IPv6 address has no brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database; None is the login's default.
    pub database: Option<String>,
    /// How to log in.
    pub authentication: Authentication,
    /// TLS before anything else, as TDS 8.0 has it: `Encrypt=strict`.
    pub strict_encryption: bool,
    /// Accept any certificate: `TrustServerCertificate=true`.
    pub trust_server_certificate: bool,
    /// The name that the certificate must carry, if not the host's.
    pub host_name_in_certificate: Option<String>,
    /// What `APP_NAME()` shows on the server.
    pub application_name: String,
    /// Bound on connecting and logging in.
    pub connect_timeout: Duration,
    /// `ApplicationIntent=ReadOnly`.
    pub read_only: bool,
}

/// A connection string that can be used, and what it asks for in vain.
#[derive(Clone, Debug)]
pub struct ParsedConnection {
    /// What it says.
    pub settings: ConnectionSettings,
    /// To be told once, at the start.
    pub warnings: Vec<ConnectionStringWarning>,
}

impl ConnectionSettings {
    /// Reads a connection string: ADO.NET's or ODBC's list of keywords, or a JDBC URL.
    ///
    /// `docs/connection-strings.md` lists the keywords and what each does. Where ADO.NET and ODBC would read a value
    /// differently, because it begins with a quote or a brace, `Driver` or the other keywords tell which is meant; if they
    /// don't, the string is refused. The same keyword twice with different values is refused too: drivers differ in which
    /// one they take.
    ///
    /// `environment` completes what the string leaves out: `AZSQL_ACCESS_TOKEN_FILE` stands in for an `Authentication`, and
    /// a service principal without `Password` has its secret or certificate there.
    ///
    /// # Errors
    /// When it has a value that can't be honoured, or contradicts itself; the sentence says what to do.
    ///
    /// ```
    /// use azsql_worker::database::{Authentication, ConnectionSettings};
    /// use azsql_worker::identity::{IdentityEnvironment, Method};
    /// let parsed = ConnectionSettings::parse(
    ///     "Server=tcp:shop.database.windows.net,1433;Database=shop;Authentication=ActiveDirectoryMSI",
    ///     &IdentityEnvironment::default(),
    /// )?;
    /// assert_eq!(parsed.settings.host, "shop.database.windows.net");
    /// let Authentication::Entra(Method::ManagedIdentity { client_id }) = parsed.settings.authentication else {
    ///     unreachable!()
    /// };
    /// assert_eq!(client_id, None);
    /// # Ok::<(), azsql_worker::database::ConnectionStringError>(())
    /// ```
    pub fn parse(
        text: &str,
        environment: &IdentityEnvironment,
    ) -> Result<ParsedConnection, ConnectionStringError> {
        let reading = grammar::read(text)?;
        let mut warnings = Vec::new();
        let mut slots = Slots::fill(reading.parts, &mut warnings)?;
        refuse_what_is_impossible(&mut slots)?;
        let server = server(reading.server, reading.is_url, &mut slots)?;
        let (strict_encryption, trust_server_certificate) = encryption(&mut slots)?;
        if trust_server_certificate {
            warnings.push(ConnectionStringWarning::AnyCertificate);
        }
        let host_name_in_certificate = match slots.take(Keyword::HostNameInCertificate) {
            Some(slot) => certificate_name(slot.value, &server.host)?,
            None => None,
        };
        let connect_timeout = match slots.take(Keyword::ConnectTimeout) {
            Some(slot) => seconds(&slot, reading.is_url)?,
            None => DEFAULT_CONNECT_TIMEOUT,
        };
        let read_only = match slots.take(Keyword::ApplicationIntent) {
            Some(slot) => match keywords::folded(&slot.value).as_str() {
                "readonly" => true,
                "readwrite" => false,
                _ => return Err(slot.must_be("ReadWrite or ReadOnly")),
            },
            None => false,
        };
        let credentials = Credentials {
            method: slots.value(Keyword::Authentication),
            user: slots.value(Keyword::User),
            password: slots.value(Keyword::Password).map(SecretString::from),
            certificate: slots.value(Keyword::ClientCertificate).map(PathBuf::from),
            key: slots.value(Keyword::ClientKey).map(PathBuf::from),
            has_certificate_password: slots.value(Keyword::CertificatePassword).is_some(),
        };
        let authentication = authentication::resolve(credentials, environment, slots.unknown, &mut warnings)?;
        let settings = Self {
            host: server.host,
            port: server.port.unwrap_or(DEFAULT_PORT),
            database: slots.value(Keyword::Database),
            authentication,
            strict_encryption,
            trust_server_certificate,
            host_name_in_certificate,
            application_name: slots
                .value(Keyword::ApplicationName)
                .unwrap_or_else(|| DEFAULT_APPLICATION_NAME.to_owned()),
            connect_timeout,
            read_only,
        };
        Ok(ParsedConnection { settings, warnings })
    }
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSettings")
            .field("port", &self.port)
            .field("authentication", &self.authentication)
            .field("strict_encryption", &self.strict_encryption)
            .field("trust_server_certificate", &self.trust_server_certificate)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

/// What no setting elsewhere could make up for.
fn refuse_what_is_impossible(slots: &mut Slots) -> Result<(), ConnectionStringError> {
    if let Some(slot) = slots.take(Keyword::IntegratedSecurity) {
        let asked = slot.value.eq_ignore_ascii_case("sspi") || slot.is_true()?;
        if asked {
            return Err(ConnectionStringError::IntegratedSecurity { keyword: slot.keyword });
        }
    }
    if let Some(slot) = slots.take(Keyword::ColumnEncryption)
        && !slot.value.eq_ignore_ascii_case("disabled")
    {
        return Err(ConnectionStringError::ColumnEncryption);
    }
    for (keyword, error) in [
        (Keyword::AttachedFile, ConnectionStringError::AttachedFile),
        (Keyword::AccessToken, ConnectionStringError::AccessToken),
        (Keyword::ServerCertificate, ConnectionStringError::ServerCertificate),
        (Keyword::DataSourceName, ConnectionStringError::DataSourceName),
    ] {
        if slots.take(keyword).is_some() {
            return Err(error);
        }
    }
    Ok(())
}

/// The server, from wherever the grammar has it.
fn server(of_url: Option<Server>, is_url: bool, slots: &mut Slots) -> Result<Server, ConnectionStringError> {
    let named = match slots.take(Keyword::Server) {
        Some(slot) if is_url => Some((server::of_property(&slot.value)?, slot)),
        Some(slot) => Some((server::of_keyword(&slot.value)?, slot)),
        None => None,
    };
    let contradiction = |slot: &Slot, first| ConnectionStringError::Contradiction {
        first,
        second: slot.keyword,
        first_part: 1,
        second_part: slot.part,
    };
    let mut server = match (of_url, named) {
        (Some(server), Some((other, slot))) if !server.host.eq_ignore_ascii_case(&other.host) => {
            return Err(contradiction(&slot, "jdbc:sqlserver://"));
        }
        (Some(server), _) => server,
        (None, Some((server, _))) => server,
        (None, None) => return Err(ConnectionStringError::NoServer { unknown: slots.unknown }),
    };
    if let Some(slot) = slots.take(Keyword::Port) {
        let port = slot.value.parse::<u16>().ok().filter(|port| *port != 0);
        let port = port.ok_or_else(|| slot.must_be("a port from 1 to 65535"))?;
        // The ODBC driver passes over `Port`, so a port that it would not use is refused rather than used.
        let may_differ = is_url && server.port.is_none();
        if !may_differ && port != server.port.unwrap_or(DEFAULT_PORT) {
            return Err(slot.must_be(
                "the port that the server is named with: write `Server=tcp:<host>,<port>` and remove it",
            ));
        }
        server.port = Some(port);
    }
    // With a port, mssql-jdbc doesn't look at the instance either.
    if slots.take(Keyword::Instance).is_some() && server.port.is_none() {
        return Err(ConnectionStringError::Server(ServerError::Instance));
    }
    Ok(server)
}

/// Whether encryption is strict, and whether any certificate will do.
fn encryption(slots: &mut Slots) -> Result<(bool, bool), ConnectionStringError> {
    let trust = match slots.take(Keyword::TrustServerCertificate) {
        Some(slot) => slot.is_true()?,
        None => false,
    };
    let Some(slot) = slots.take(Keyword::Encrypt) else { return Ok((false, trust)) };
    match keywords::folded(&slot.value).as_str() {
        "true" | "yes" | "1" | "mandatory" => Ok((false, trust)),
        "strict" if trust => Err(ConnectionStringError::StrictWithoutTrust),
        "strict" => Ok((true, false)),
        "false" | "no" | "0" | "optional" | "disable" => Err(ConnectionStringError::Unencrypted),
        _ => Err(slot.must_be("true (or yes, mandatory) or strict")),
    }
}

/// The name that the certificate must have. A pattern like the Azure portal's `*.database.windows.net` adds nothing when the
/// host's own name, which is always looked for, fits it; the driver can't look for a pattern.
fn certificate_name(value: String, host: &str) -> Result<Option<String>, ConnectionStringError> {
    let Some(suffix) = value.strip_prefix('*') else { return Ok(Some(value)) };
    let fits = suffix.starts_with('.') && host.to_lowercase().ends_with(&suffix.to_lowercase());
    if fits { Ok(None) } else { Err(ConnectionStringError::HostNameInCertificate) }
}

fn seconds(slot: &Slot, is_url: bool) -> Result<Duration, ConnectionStringError> {
    match slot.value.parse::<u64>() {
        Ok(seconds @ 1..=300) => Ok(Duration::from_secs(seconds)),
        // mssql-jdbc takes 0 for its default; elsewhere it means to wait for ever.
        Ok(0) if is_url => Ok(DEFAULT_CONNECT_TIMEOUT),
        Ok(_) | Err(_) => Err(slot.must_be("a number of seconds from 1 to 300")),
    }
}
