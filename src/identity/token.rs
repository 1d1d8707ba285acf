//! A token and how long it holds.

use secrecy::SecretString;

/// An Entra token with its end. Its `Debug` shows no byte of it.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub secret: SecretString,
    /// When it ends, as seconds since the Unix epoch.
    pub expires_at: i64,
}
