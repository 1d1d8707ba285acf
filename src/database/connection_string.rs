//! The connection string: `Server=tcp:host,1433;Database=...;Authentication=ActiveDirectoryMSI`.
//!
//! tiberius' own reader knows no `Authentication`, timeouts or packet size and passes over unknown keys without a
//! word, so we read the string ourselves. A keyword that we don't know, or know and don't support, is an error that
//! names it; what it holds is never repeated.

use std::time::Duration;

use secrecy::SecretString;

use crate::identity::Method;
use crate::invocation::nearest;

/// The port of SQL Server when the string names none.
const DEFAULT_PORT: u16 = 1433;

/// How long a login may take when the string doesn't say; what SqlClient uses.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How the worker proves who it is.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// With an Entra token.
    Entra(Method),
    /// A SQL login: `User Id` and `Password`.
    SqlPassword {
        /// The login's name.
        user: String,
        /// Its password.
        password: SecretString,
    },
}

/// What a connection string says, checked.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// Host name or address of the server.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database; None is the login's default.
    pub database: Option<String>,
    /// How to log in.
    pub authentication: Authentication,
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

/// Why a connection string was refused. No variant holds any of its values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// `key` without `=`, or a quote without its end.
    #[error("the connection string is not a list of `keyword=value` joined with `;`: look at part {part}")]
    Syntax {
        /// Which part, from 1.
        part: usize,
    },
    /// A keyword that nobody knows. It is not repeated: it may be the rest of a password that was not quoted.
    #[error(
        "part {part} of the connection string begins with an unknown keyword{}: mend its spelling or remove it; a value \
         that holds `;` must stand in quotes",
        nearest.map(|keyword| format!(" (did you mean `{keyword}`?)")).unwrap_or_default()
    )]
    UnknownKeyword {
        /// Which part, from 1.
        part: usize,
        /// The known keyword that looks like it.
        nearest: Option<&'static str>,
    },
    /// No server.
    #[error("the connection string names no server: add `Server=tcp:<name>.database.windows.net,1433`")]
    NoServer,
    /// A known keyword with a value it can't have.
    #[error("`{keyword}` in the connection string must be {expected}")]
    Value {
        /// The keyword as written.
        keyword: String,
        /// What it may be.
        expected: &'static str,
    },
    /// An `Authentication` that this version doesn't have.
    #[error(
        "`Authentication` in the connection string must be ActiveDirectoryMSI (a managed identity) or SqlPassword \
         in this version"
    )]
    Authentication,
    /// Neither an identity nor a login.
    #[error(
        "the connection string doesn't say how to log in: add `Authentication=ActiveDirectoryMSI` for a managed \
         identity, or `User Id` and `Password` for a SQL login"
    )]
    NoAuthentication,
    /// A password beside a managed identity.
    #[error(
        "`Password` contradicts `Authentication=ActiveDirectoryMSI` in the connection string: remove one"
    )]
    PasswordWithIdentity,
    /// TLS off.
    #[error(
        "`Encrypt=false` in the connection string is not possible: Azure SQL refuses it and so do we; for a server \
         with a certificate of its own set AZSQL_TRUST_CA"
    )]
    Unencrypted,
    /// A JDBC URL.
    #[error(
        "the connection string is a JDBC URL, which this version does not read: write \
         `Server=tcp:<host>,1433;Database=<name>;Authentication=ActiveDirectoryMSI`"
    )]
    Jdbc,
}

/// The keywords in all their spellings, lower case and without blanks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Server,
    Database,
    User,
    Password,
    Authentication,
    Encrypt,
    TrustServerCertificate,
    HostNameInCertificate,
    ApplicationName,
    ConnectTimeout,
    ApplicationIntent,
    /// Known in other drivers, and of no effect here.
    Ignored,
}

/// The spellings that a slip of the finger is compared with.
const KEYWORDS: [&str; 12] = [
    "Server",
    "Data Source",
    "Database",
    "Initial Catalog",
    "User Id",
    "Password",
    "Authentication",
    "Encrypt",
    "TrustServerCertificate",
    "Connect Timeout",
    "Application Name",
    "ApplicationIntent",
];

impl Keyword {
    fn parse(text: &str) -> Option<Self> {
        let folded: String =
            text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        Some(match folded.as_str() {
            "server" | "datasource" | "addr" | "address" | "networkaddress" => Self::Server,
            "database" | "initialcatalog" => Self::Database,
            "userid" | "uid" | "user" => Self::User,
            "password" | "pwd" => Self::Password,
            "authentication" => Self::Authentication,
            "encrypt" => Self::Encrypt,
            "trustservercertificate" => Self::TrustServerCertificate,
            "hostnameincertificate" => Self::HostNameInCertificate,
            "applicationname" | "app" => Self::ApplicationName,
            "connectiontimeout" | "connecttimeout" | "timeout" | "logintimeout" => Self::ConnectTimeout,
            "applicationintent" => Self::ApplicationIntent,
            // `Driver={...}` is ODBC's; the rest are in the strings that the Azure portal prints. The worker has a
            // pool, packet size and deadlines of its own, and never needs several results open on one connection.
            "driver"
            | "persistsecurityinfo"
            | "multipleactiveresultsets"
            | "pooling"
            | "commandtimeout"
            | "multisubnetfailover"
            | "packetsize"
            | "minpoolsize"
            | "maxpoolsize" => Self::Ignored,
            _ => return None,
        })
    }
}

impl ConnectionSettings {
    /// Reads a connection string.
    ///
    /// # Errors
    /// When it has a keyword or value that can't be honoured, or contradicts itself; the sentence says what to do.
    ///
    /// ```
    /// use azsql_worker::database::{Authentication, ConnectionSettings};
    /// use azsql_worker::identity::Method;
    /// let settings = ConnectionSettings::parse(
    ///     "Server=tcp:shop.database.windows.net,1433;Database=shop;Authentication=ActiveDirectoryMSI",
    /// )?;
    /// assert_eq!(settings.host, "shop.database.windows.net");
    /// let Authentication::Entra(Method::ManagedIdentity { client_id }) = settings.authentication else { unreachable!() };
    /// assert_eq!(client_id, None);
    /// # Ok::<(), azsql_worker::database::ConnectionStringError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConnectionStringError> {
        if text.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("jdbc:")) {
            return Err(ConnectionStringError::Jdbc);
        }
        let mut server = None;
        let mut database = None;
        let mut user = None;
        let mut password: Option<SecretString> = None;
        let mut authentication = None;
        let mut trust_server_certificate = false;
        let mut host_name_in_certificate = None;
        let mut application_name = None;
        let mut connect_timeout = DEFAULT_CONNECT_TIMEOUT;
        let mut read_only = false;

        for (part, (keyword, value)) in (1..).zip(pairs(text)?) {
            let known = Keyword::parse(&keyword).ok_or_else(|| ConnectionStringError::UnknownKeyword {
                part,
                nearest: nearest(&keyword, KEYWORDS),
            })?;
            let invalid = |expected| ConnectionStringError::Value { keyword: keyword.clone(), expected };
            match known {
                Keyword::Server => {
                    server = Some(parse_server(&value).ok_or_else(|| {
                        invalid("`tcp:host,port`, `host,port` or `host`, without an instance name")
                    })?);
                }
                Keyword::Database => database = Some(value).filter(|name| !name.is_empty()),
                Keyword::User => user = Some(value).filter(|name| !name.is_empty()),
                Keyword::Password => password = Some(SecretString::from(value)),
                Keyword::Authentication => authentication = Some(value),
                Keyword::Encrypt => match parse_encrypt(&value) {
                    Some(true) => {}
                    Some(false) => return Err(ConnectionStringError::Unencrypted),
                    None => return Err(invalid("true (or yes, mandatory)")),
                },
                Keyword::TrustServerCertificate => {
                    trust_server_certificate = parse_bool(&value).ok_or_else(|| invalid("true or false"))?;
                }
                Keyword::HostNameInCertificate => host_name_in_certificate = Some(value),
                Keyword::ApplicationName => application_name = Some(value),
                Keyword::ConnectTimeout => {
                    connect_timeout = value
                        .parse::<u64>()
                        .ok()
                        .filter(|seconds| (1..=300).contains(seconds))
                        .map(Duration::from_secs)
                        .ok_or_else(|| invalid("a number of seconds from 1 to 300"))?;
                }
                Keyword::ApplicationIntent => {
                    read_only = match value.to_ascii_lowercase().as_str() {
                        "readonly" => true,
                        "readwrite" => false,
                        _ => return Err(invalid("ReadWrite or ReadOnly")),
                    };
                }
                Keyword::Ignored => {}
            }
        }
        let (host, port) = server.ok_or(ConnectionStringError::NoServer)?;
        Ok(Self {
            host,
            port,
            database,
            authentication: parse_authentication(authentication.as_deref(), user, password)?,
            trust_server_certificate,
            host_name_in_certificate,
            application_name: application_name.unwrap_or_else(|| "azsql-worker".to_owned()),
            connect_timeout,
            read_only,
        })
    }
}

fn parse_authentication(
    method: Option<&str>,
    user: Option<String>,
    password: Option<SecretString>,
) -> Result<Authentication, ConnectionStringError> {
    let folded: Option<String> =
        method.map(|text| text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect());
    match folded.as_deref() {
        Some("activedirectorymsi" | "activedirectorymanagedidentity") => match password {
            Some(_) => Err(ConnectionStringError::PasswordWithIdentity),
            None => Ok(Authentication::Entra(Method::ManagedIdentity { client_id: user })),
        },
        None | Some("sqlpassword" | "") => match (user, password) {
            (Some(user), Some(password)) => Ok(Authentication::SqlPassword { user, password }),
            _ => Err(ConnectionStringError::NoAuthentication),
        },
        Some(_) => Err(ConnectionStringError::Authentication),
    }
}

/// `tcp:host,port`; an instance name (`host\name`) needs the SQL browser, which Azure SQL doesn't have.
fn parse_server(value: &str) -> Option<(String, u16)> {
    let rest = match value.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("tcp:") => &value[4..],
        _ => value,
    };
    let (host, port) = match rest.rsplit_once(',') {
        Some((host, port)) => (host.trim(), port.trim().parse().ok().filter(|port| *port != 0)?),
        None => (rest.trim(), DEFAULT_PORT),
    };
    let host = if host == "." || host.eq_ignore_ascii_case("(local)") { "localhost" } else { host };
    let plain = !host.is_empty() && !host.contains(['\\', '/', ' ', ';', '=']);
    plain.then(|| (host.to_owned(), port))
}

fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn parse_encrypt(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "mandatory" => Some(true),
        "optional" => Some(false),
        other => parse_bool(other),
    }
}

/// Splits at `;` and `=`, undoing the quotes `'..'`, `".."` and `{..}`, in which a doubled end quote stands for one.
fn pairs(text: &str) -> Result<Vec<(String, String)>, ConnectionStringError> {
    let mut pairs = Vec::new();
    let mut rest = text;
    let mut part = 0;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            return Ok(pairs);
        }
        part += 1;
        let syntax = || ConnectionStringError::Syntax { part };
        let (keyword, after) = rest.split_once('=').ok_or_else(syntax)?;
        if keyword.contains(';') || keyword.trim().is_empty() {
            return Err(syntax());
        }
        let after = after.trim_start();
        let end_quote = match after.chars().next() {
            Some('\'') => Some('\''),
            Some('"') => Some('"'),
            Some('{') => Some('}'),
            _ => None,
        };
        let value = match end_quote {
            Some(quote) => {
                let (value, remaining) = unquote(&after[1..], quote).ok_or_else(syntax)?;
                rest = remaining.trim_start();
                if !rest.is_empty() && !rest.starts_with(';') {
                    return Err(syntax());
                }
                value
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                rest = &after[end..];
                after[..end].trim_end().to_owned()
            }
        };
        pairs.push((keyword.trim().to_owned(), value));
    }
}

/// The text up to the end quote, and what follows it; None without an end quote.
fn unquote(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            value.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            value.push(quote);
            chars.next();
        } else {
            return Some((value, &text[at + quote.len_utf8()..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_managed_identity_needs_no_secret() {
        let settings = ConnectionSettings::parse(
            "Server=tcp:shop.database.windows.net,1433;Initial Catalog=shop;\
             Authentication=Active Directory Managed Identity;User Id=11111111-2222-3333-4444-555555555555;\
             Encrypt=True;Persist Security Info=False;",
        )
        .unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("shop.database.windows.net", 1433));
        assert_eq!(settings.database.as_deref(), Some("shop"));
        let Authentication::Entra(Method::ManagedIdentity { client_id }) = settings.authentication else {
            unreachable!("a managed identity was asked for")
        };
        assert_eq!(client_id.as_deref(), Some("11111111-2222-3333-4444-555555555555"));
    }

    #[test]
    fn a_quoted_password_keeps_semicolons_quotes_and_equal_signs() {
        for (quoted, plain) in
            [("'a;b=''c'", "a;b='c"), ("\"x;\"\"y\"", "x;\"y"), ("{p}};q=}", "p};q="), ("a=b", "a=b")]
        {
            let text = format!("Server=localhost;UID=sa;PWD={quoted};Database=d");
            let settings = ConnectionSettings::parse(&text).unwrap();
            let Authentication::SqlPassword { password, .. } = settings.authentication else {
                unreachable!("a SQL login was asked for")
            };
            assert_eq!(password.expose_secret(), plain);
            assert_eq!(settings.database.as_deref(), Some("d"));
        }
    }

    #[test]
    fn every_refusal_says_what_to_do_and_repeats_no_value() {
        let cases = [
            (
                "Server=h;Databse=CANARY",
                "part 2 of the connection string begins with an unknown keyword (did you mean `Database`?)",
            ),
            ("Server=h;UID=u;PWD=ab;CANARY=ef", "part 4"),
            ("Database=CANARY", "names no server"),
            ("Server=h\\CANARY;UID=u;PWD=p", "`Server`"),
            ("Server=h;UID=u;PWD=p;Encrypt=no", "Encrypt=false"),
            ("Server=h;UID=u;PWD=p;Encrypt=CANARY", "`Encrypt`"),
            ("Server=h;UID=u", "doesn't say how to log in"),
            ("Server=h;Authentication=CANARY", "ActiveDirectoryMSI"),
            ("Server=h;Authentication=ActiveDirectoryMSI;Password=CANARY", "contradicts"),
            ("Server=h;UID=u;PWD='CANARY", "part 3"),
            ("CANARY", "part 1"),
            ("jdbc:sqlserver://h;password=CANARY", "JDBC"),
            ("Server=h;UID=u;PWD=p;Connect Timeout=CANARY", "from 1 to 300"),
        ];
        for (text, expected) in cases {
            let message = ConnectionSettings::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{expected} is not in: {message}");
            assert!(!message.contains("CANARY"), "a value is in: {message}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let settings = ConnectionSettings::parse("Server=h;UID=u;PWD=CANARY").unwrap();
        assert!(!format!("{settings:?}").contains("CANARY"));
    }
}
