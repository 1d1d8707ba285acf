//! Where the server is: `tcp:host,port` and what else people write there.

use std::net::Ipv6Addr;

use super::ConnectionStringError;

/// The port of SQL Server when the string names none.
pub(super) const DEFAULT_PORT: u16 = 1433;

/// A host and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

/// Why a server can't be reached by what was written. No variant holds any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// `np:`, `\\.\pipe\..`
    #[error("is a named pipe, which only Windows has: write `tcp:<host>,1433`")]
    NamedPipe,
    /// `lpc:`
    #[error("asks for shared memory, which only Windows has: write `tcp:<host>,1433`")]
    SharedMemory,
    /// `admin:`
    #[error("asks for the administrator's connection, which Azure SQL doesn't have: write `tcp:<host>,1433`")]
    AdministratorConnection,
    /// `host\name`
    #[error(
        "names an instance, whose port only the SQL Server Browser knows and Azure SQL doesn't have: write its port, \
         `tcp:<host>,<port>`, without `\\` and the name"
    )]
    Instance,
    /// `(localdb)\..`
    #[error("is LocalDB, which only Windows has: use `azsql-worker dev`, or a server with a port")]
    LocalDb,
    /// `https://host`
    #[error("begins with a scheme such as `https://`: write the host's name alone, `tcp:<host>,1433`")]
    Scheme,
    /// `host/database`
    #[error("has a path: write the host's name alone, and the database under `Database`")]
    Path,
    /// `host:1433` in a list of keywords.
    #[error("has its port after a colon: write `tcp:<host>,<port>`, with a comma")]
    Colon,
    /// No number, or 0, or more than 65535.
    #[error("has no port from 1 to 65535 after its comma or colon")]
    Port,
    /// `user@host`
    #[error("has an `@`: write the user under `User Id`")]
    At,
    /// `<server>.database.windows.net`
    #[error("still has the brackets of an example: put the name of your server in their place")]
    Placeholder,
    /// Blanks, quotes and the like.
    #[error("is no host name or address: write `tcp:<host>,1433`")]
    NoHost,
}

/// Reads the value of `Server` in a list of keywords.
pub(super) fn of_keyword(value: &str) -> Result<Server, ConnectionStringError> {
    read(value, Some(',')).map_err(ConnectionStringError::Server)
}

/// Reads JDBC's `serverName`, which has no port.
pub(super) fn of_property(value: &str) -> Result<Server, ConnectionStringError> {
    read(value, None).map_err(ConnectionStringError::Server)
}

/// Reads what stands after `jdbc:sqlserver://`.
pub(super) fn of_url(authority: &str) -> Result<Server, ConnectionStringError> {
    read(authority, Some(':')).map_err(ConnectionStringError::Server)
}

fn read(value: &str, separator: Option<char>) -> Result<Server, ServerError> {
    let value = value.trim();
    let value = match value.split_once(':') {
        Some((protocol, rest)) if separator == Some(',') => {
            match protocol.trim().to_ascii_lowercase().as_str() {
                "tcp" => rest.trim_start(),
                "np" => return Err(ServerError::NamedPipe),
                "lpc" => return Err(ServerError::SharedMemory),
                "admin" => return Err(ServerError::AdministratorConnection),
                _ => value,
            }
        }
        _ => value,
    };
    if value.contains("://") {
        return Err(ServerError::Scheme);
    }
    if value.starts_with("\\\\") {
        return Err(ServerError::NamedPipe);
    }
    if value.to_ascii_lowercase().starts_with("(localdb)") {
        return Err(ServerError::LocalDb);
    }
    let (host, port) = host_and_port(value, separator)?;
    let host = match host.split_once('\\') {
        // With a port, mssql-jdbc doesn't look at the instance either.
        Some((host, _)) if separator == Some(':') && port.is_some() => host.trim(),
        _ => host.trim(),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.parse::<Ipv6Addr>().is_ok() {
        return Ok(Server { host: host.to_owned(), port });
    }
    if host == "." || host.eq_ignore_ascii_case("(local)") {
        return Ok(Server { host: "localhost".to_owned(), port });
    }
    // The certificate has the name without the dot that makes it absolute.
    let host = host.strip_suffix('.').unwrap_or(host);
    check_name(host)?;
    Ok(Server { host: host.to_owned(), port })
}

fn host_and_port(value: &str, separator: Option<char>) -> Result<(&str, Option<u16>), ServerError> {
    if value.parse::<Ipv6Addr>().is_ok() {
        return Ok((value, None));
    }
    let bracket = value.rfind(']').unwrap_or_default();
    let at = separator.and_then(|separator| value.rfind(separator)).filter(|at| *at >= bracket);
    let Some((host, port)) = at.and_then(|at| Some((value.get(..at)?, value.get(at + 1..)?))) else {
        return Ok((value, None));
    };
    if separator == Some(':') && port.contains('/') {
        return Err(ServerError::Path);
    }
    match port.trim().parse() {
        Ok(port) if port != 0 => Ok((host, Some(port))),
        Ok(_) | Err(_) => Err(ServerError::Port),
    }
}

fn check_name(host: &str) -> Result<(), ServerError> {
    if host.is_empty() {
        return Err(ServerError::NoHost);
    }
    for character in host.chars() {
        match character {
            '\\' => return Err(ServerError::Instance),
            '/' => return Err(ServerError::Path),
            ':' => return Err(ServerError::Colon),
            '@' => return Err(ServerError::At),
            '<' | '>' | '{' | '}' => return Err(ServerError::Placeholder),
            '-' | '_' | '.' => {}
            character if character.is_alphanumeric() => {}
            _ => return Err(ServerError::NoHost),
        }
    }
    Ok(())
}
