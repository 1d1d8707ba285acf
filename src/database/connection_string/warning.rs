//! What a connection string asks for in vain. No warning holds any of its values.

/// Something that is not done as the string says, while the connection still works.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringWarning {
    /// A keyword that no driver knows. It is not repeated: it may be the rest of a password that was not quoted.
    #[error(
        "part {part} of the connection string begins with an unknown keyword{} and is passed over; a value that holds \
         `;` must stand in quotes or braces",
        nearest.map(|keyword| format!(" (did you mean `{keyword}`?)")).unwrap_or_default()
    )]
    UnknownKeyword {
        /// Which part, from 1.
        part: usize,
        /// The known keyword that looks like it.
        nearest: Option<&'static str>,
    },
    /// A keyword whose matter is settled elsewhere.
    #[error("`{keyword}` in the connection string has no effect here: {instead}")]
    NoEffect {
        /// The keyword.
        keyword: &'static str,
        /// What to do, or what happens, instead.
        instead: &'static str,
    },
    /// A user beside a way to sign in that has its own.
    #[error("`User Id` in the connection string has no effect with {method}: {instead}")]
    UserNotUsed {
        /// The `Authentication`.
        method: &'static str,
        /// Where the user comes from instead.
        instead: &'static str,
    },
    /// `clientId@tenantId` where the tenant is taken from the environment.
    #[error("the tenant after `@` in `User Id` has no effect with {method}: set AZURE_TENANT_ID")]
    TenantNotUsed {
        /// The `Authentication`.
        method: &'static str,
    },
    /// `AZSQL_ACCESS_TOKEN_FILE` beside an `Authentication`.
    #[error(
        "AZSQL_ACCESS_TOKEN_FILE is set, so its token is used and `Authentication={method}` of the connection string is \
         not: unset one of the two"
    )]
    TokenFileInstead {
        /// The `Authentication` that is not used.
        method: &'static str,
    },
    /// `AZSQL_ACCESS_TOKEN_FILE` beside a SQL login.
    #[error(
        "AZSQL_ACCESS_TOKEN_FILE has no effect: the connection string has a SQL login; remove `User Id` and `Password`"
    )]
    TokenFileNotUsed,
    /// Both a connection string and the split form.
    #[error("SQL_SERVER and SQL_DATABASE have no effect: {setting} is set")]
    SplitFormNotUsed {
        /// The setting that is used.
        setting: String,
    },
    /// `SQL_DRIVER`
    #[error("SQL_DRIVER has no effect: the worker has its own driver")]
    DriverNotUsed,
    /// A server of one word in the split form.
    #[error(
        "SQL_SERVER has no dot: it is taken as it is; a server of Azure SQL is `<name>.database.windows.net` in full"
    )]
    ShortServerName,
    /// Any certificate will do.
    #[error(
        "`TrustServerCertificate=true` in the connection string accepts any certificate, also that of an impostor: for a \
         server with a certificate of its own set AZSQL_TRUST_CA instead"
    )]
    AnyCertificate,
}
