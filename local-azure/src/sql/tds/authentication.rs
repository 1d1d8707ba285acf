//! Who may log in: SQL logins with a password, and tokens.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::login::Login7;
use crate::sql::engine::LoginIdentity;
use crate::sql::reply::SqlError;

/// Checks an access token: who it is for, or why it is refused. The reason goes to the log, never to the client. A name
/// alone will do (`clientId@tenantId` into a [`LoginIdentity`]).
pub type TokenCheck = Arc<dyn Fn(&str) -> Result<LoginIdentity, String> + Send + Sync>;

/// A SQL login.
#[derive(Clone)]
pub struct SqlLogin {
    user: String,
    password: String,
}

impl SqlLogin {
    /// A login with this name and password. Names are compared without case, as under the server's collation; passwords exactly.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for SqlLogin {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqlLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How somebody logged in, or tried to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// With user and password.
    Password,
    /// With an access token.
    Token,
}

/// What tells tokens apart without giving them away: 16 hexadecimal digits of the token's SHA-256.
#[must_use]
pub fn token_fingerprint(token: &str) -> String {
    let hash = digest(&SHA256, token.as_bytes());
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The name that SQL Server gives a token whose bearer it does not know.
pub(crate) const TOKEN_PRINCIPAL: &str = "<token-identified principal>";

pub(crate) fn check_token(check: Option<&TokenCheck>, token: &str) -> Result<LoginIdentity, SqlError> {
    let outcome = check.map_or_else(
        || Err("this endpoint was started without a check for tokens".to_owned()),
        |check| check(token),
    );
    outcome.map_err(|reason| {
        tracing::info!(%reason, "a login with a token was refused");
        login_failed(TOKEN_PRINCIPAL)
    })
}

/// Checks a login that came without a token; gives the login's name.
pub(crate) fn check_password(logins: &[SqlLogin], login: &Login7) -> Result<String, SqlError> {
    if login.integrated_security {
        return Err(SqlError::new(
            18452,
            "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.",
        )
        .with_class(14));
    }
    let found = logins.iter().find(|known| known.user.eq_ignore_ascii_case(&login.user));
    // A user that does not exist takes as long as a wrong password.
    let expected = found.map_or("", |known| known.password.as_str());
    let equal = constant_time_equal(expected.as_bytes(), login.password.as_bytes());
    match found {
        Some(known) if equal => Ok(known.user.clone()),
        _ => {
            tracing::info!("a login with a password was refused");
            Err(login_failed(&login.user))
        }
    }
}

/// 18456.
pub(crate) fn login_failed(name: &str) -> SqlError {
    SqlError::new(18456, format!("Login failed for user '{name}'.")).with_class(14)
}

/// Compares without stopping at the first difference. The length of the given text is no secret.
fn constant_time_equal(expected: &[u8], given: &[u8]) -> bool {
    let mut difference = u8::from(expected.len() != given.len());
    for (index, byte) in given.iter().enumerate() {
        let other = expected.get(index).copied().unwrap_or_default();
        difference = black_box(difference | (byte ^ other));
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::{SqlLogin, constant_time_equal};

    #[test]
    fn only_equal_bytes_of_equal_length_are_equal() {
        assert!(constant_time_equal(b"secret", b"secret"));
        assert!(!constant_time_equal(b"secret", b"secreT"));
        assert!(!constant_time_equal(b"secret", b"secre"));
        assert!(!constant_time_equal(b"secret", b"secret\0"));
        assert!(!constant_time_equal(b"secret", b""));
    }

    #[test]
    fn debug_output_does_not_hold_the_password() {
        assert!(!format!("{:?}", SqlLogin::new("sa", "hunter2")).contains("hunter2"));
    }
}
