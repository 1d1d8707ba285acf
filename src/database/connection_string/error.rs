//! Why a connection string was refused, with what to do. No variant holds any of its values.

use super::server::ServerError;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// `keyword` without `=`, or `=` without a keyword.
    #[error(
        "the connection string is not a list of `keyword=value` joined with `;`: look at part {part}; a value that holds \
         `;` must stand in quotes for ADO.NET, in braces for ODBC and JDBC"
    )]
    Syntax {
        /// Which part, from 1.
        part: usize,
    },
    /// A quote or brace that opens and never closes.
    #[error(
        "the value of part {part} of the connection string begins with a quote or brace that has no end: one that belongs \
         to the value stands there twice, between quotes of its own"
    )]
    NoEndQuote {
        /// Which part, from 1.
        part: usize,
    },
    /// `'..'x`
    #[error(
        "there is text after the quoted value of part {part} of the connection string: an end quote or `}}` that belongs \
         to the value stands there twice"
    )]
    TextAfterQuote {
        /// Which part, from 1.
        part: usize,
    },
    /// A JDBC value with `{` inside.
    #[error(
        "the value of part {part} of the JDBC URL holds `{{` and doesn't begin with it: put the whole value in braces, with \
         each `}}` twice"
    )]
    BraceInside {
        /// Which part, from 1.
        part: usize,
    },
    /// ADO.NET and ODBC read it differently.
    #[error(
        "part {part} of the connection string has a quote, brace or blank that ADO.NET and ODBC read differently: for ADO.NET \
         write `User Id` and `Password` rather than UID and PWD, for ODBC begin with \
         `Driver={{ODBC Driver 18 for SQL Server}}`"
    )]
    TwoReadings {
        /// Which part, from 1.
        part: usize,
    },
    /// `sqlserver://`, `jdbc:mysql:` and the like.
    #[error(
        "the connection string is a URL that this worker doesn't read: write \
         `Server=tcp:<host>,1433;Database=<name>;Authentication=ActiveDirectoryMSI`, or a JDBC URL, \
         `jdbc:sqlserver://<host>:1433;databaseName=<name>;authentication=ActiveDirectoryManagedIdentity`"
    )]
    OtherUrl,
    /// No server.
    #[error(
        "the connection string names no server: add `Server=tcp:<name>.database.windows.net,1433`{}",
        also(.unknown)
    )]
    NoServer {
        /// A part with an unknown keyword, which may have been meant.
        unknown: Option<UnknownPart>,
    },
    /// What `Server` says can't be reached.
    #[error("the server in the connection string {0}")]
    Server(ServerError),
    /// A known keyword with a value it can't have.
    #[error("`{keyword}` in the connection string must be {expected}")]
    Value {
        /// The keyword.
        keyword: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// The same twice, with different values.
    #[error(
        "`{first}` and `{second}` in the connection string say different things (parts {first_part} and {second_part}): \
         remove one"
    )]
    Contradiction {
        /// One keyword.
        first: &'static str,
        /// The other, perhaps the same.
        second: &'static str,
        /// The part of the first, from 1.
        first_part: usize,
        /// The part of the other.
        second_part: usize,
    },
    /// An `Authentication` that nobody knows.
    #[error(
        "`Authentication` in the connection string must be ActiveDirectoryDefault, ActiveDirectoryMSI (a managed identity), \
         ActiveDirectoryServicePrincipal, ActiveDirectoryWorkloadIdentity, ActiveDirectoryAzCli, \
         ActiveDirectoryAzureDeveloperCli, ActiveDirectoryAzurePipelines, ActiveDirectoryEnvironment, \
         ActiveDirectoryInteractive, ActiveDirectoryDeviceCode or SqlPassword"
    )]
    UnknownAuthentication,
    /// An `Authentication` that other drivers have.
    #[error("`Authentication={method}` in the connection string is not possible: {instead}")]
    Unsupported {
        /// Which one.
        method: &'static str,
        /// Why, and what to write.
        instead: &'static str,
    },
    /// Neither an identity nor a login.
    #[error(
        "the connection string doesn't say how to log in: add `Authentication=ActiveDirectoryMSI` for a managed identity, \
         or `User Id` and `Password` for a SQL login{}",
        also(.unknown)
    )]
    NoAuthentication {
        /// A part with an unknown keyword, which may have been meant.
        unknown: Option<UnknownPart>,
    },
    /// A password beside a way to sign in that has none.
    #[error("`Password` contradicts `Authentication={method}` in the connection string: remove one")]
    PasswordWithIdentity {
        /// The `Authentication`.
        method: &'static str,
    },
    /// A service principal without a secret.
    #[error(
        "`Authentication=ActiveDirectoryServicePrincipal` needs a secret or a certificate: set AZURE_CLIENT_SECRET or \
         AZURE_CLIENT_CERTIFICATE_PATH, or write `Password` in the connection string"
    )]
    NoSecret,
    /// A certificate beside a way to sign in that has none.
    #[error(
        "a client certificate in the connection string goes with \
         `Authentication=ActiveDirectoryServicePrincipalCertificate` alone: remove one"
    )]
    CertificateNotUsed,
    /// A key with a password.
    #[error(
        "a client certificate whose key has a password can't be read: store certificate and key as PEM without one, \
         readable by the worker alone, and remove the password from the connection string"
    )]
    CertificatePassword,
    /// Windows' own authentication.
    #[error(
        "`{keyword}=true` in the connection string asks for Windows' authentication, which Azure SQL doesn't have: write \
         `Authentication=ActiveDirectoryDefault`, or ActiveDirectoryMSI for a managed identity"
    )]
    IntegratedSecurity {
        /// The keyword.
        keyword: &'static str,
    },
    /// TLS off.
    #[error(
        "`Encrypt=false` in the connection string is not possible: Azure SQL refuses it and so do we; for a server with a \
         certificate of its own set AZSQL_TRUST_CA"
    )]
    Unencrypted,
    /// `Encrypt=strict;TrustServerCertificate=true`
    #[error(
        "`TrustServerCertificate=true` contradicts `Encrypt=strict` in the connection string: remove one; for a server with \
         a certificate of its own set AZSQL_TRUST_CA"
    )]
    StrictWithoutTrust,
    /// `*.database.windows.net` for a server elsewhere.
    #[error(
        "`HostNameInCertificate` in the connection string begins with `*.` and the server's name doesn't end like it: write \
         the name that the certificate has, such as `<name>.database.windows.net`"
    )]
    HostNameInCertificate,
    /// A pinned certificate.
    #[error(
        "`ServerCertificate` in the connection string is not read: set AZSQL_TRUST_CA to a PEM file with it"
    )]
    ServerCertificate,
    /// Always Encrypted.
    #[error(
        "`Column Encryption Setting` in the connection string asks for Always Encrypted, whose columns the worker can't \
         decrypt: remove it, and leave such columns out of the commands"
    )]
    ColumnEncryption,
    /// `AttachDbFilename`
    #[error(
        "`AttachDbFilename` in the connection string attaches a file, which Azure SQL can't: write `Database=<name>`"
    )]
    AttachedFile,
    /// A token in the string.
    #[error(
        "a connection string must hold no access token, which ends within hours: set AZSQL_ACCESS_TOKEN_FILE to a file that \
         another program keeps fresh"
    )]
    AccessToken,
    /// `DSN=..` without a server.
    #[error(
        "the connection string names a data source (DSN), which only ODBC can look up: write \
         `Server=tcp:<host>,1433;Database=<name>` in its place"
    )]
    DataSourceName,
}

/// A part whose keyword nobody knows; the keyword is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPart {
    /// Which part, from 1.
    pub part: usize,
    /// The known keyword that looks like it.
    pub nearest: Option<&'static str>,
}

fn also(unknown: &Option<UnknownPart>) -> String {
    match unknown {
        None => String::new(),
        Some(UnknownPart { part, nearest: None }) => format!("; part {part} begins with an unknown keyword"),
        Some(UnknownPart { part, nearest: Some(nearest) }) => {
            format!("; part {part} begins with an unknown keyword (did you mean `{nearest}`?)")
        }
    }
}
