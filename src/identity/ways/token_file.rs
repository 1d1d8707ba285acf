//! A token in a file that another program keeps fresh.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::asking::NETWORK_BOUND;
use crate::identity::{Claims, Clock, IdentityError, SystemClock, Token, TokenFetcher, Way};

/// A token has a few KB. What is far larger is another file.
const MAX_FILE: u64 = 256 * 1024;

/// See the module. The file is read at every fetch; what is in it tells for how long it holds.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    async fn read(&self) -> Result<Token, IdentityError> {
        let unavailable = |reason: String| IdentityError::Unavailable { way: Way::TokenFile, reason };
        let unreadable = |error: std::io::Error| {
            let why = match error.kind() {
                ErrorKind::NotFound => "is not there",
                ErrorKind::PermissionDenied => "may not be read by this process",
                ErrorKind::InvalidData => "holds no text",
                _ => "can't be read",
            };
            unavailable(format!(
                "the file of AZSQL_ACCESS_TOKEN_FILE {why}; check the path and who writes it"
            ))
        };
        let file = tokio::fs::metadata(&self.path).await.map_err(unreadable)?;
        if !file.is_file() || file.len() > MAX_FILE {
            return Err(unavailable(
                "AZSQL_ACCESS_TOKEN_FILE names something else than a file with a token".to_owned(),
            ));
        }
        let text = tokio::fs::read_to_string(&self.path).await.map(SecretString::from).map_err(unreadable)?;
        let secret = text.expose_secret().trim();
        let expires_at = Claims::read(secret).and_then(|claims| claims.expires_at).ok_or_else(|| {
            unavailable(
                "the file of AZSQL_ACCESS_TOKEN_FILE holds no token (a JWT with the claim exp and nothing beside it); write it with \
                 `az account get-access-token --resource https://database.windows.net --query accessToken -o tsv`"
                    .to_owned(),
            )
        })?;
        if expires_at <= SystemClock.now() {
            return Err(IdentityError::Unreadable {
                way: Way::TokenFile,
                what: "the token in the file of AZSQL_ACCESS_TOKEN_FILE has ended",
                cure: "see that whoever writes it does so before it ends",
            });
        }
        Ok(Token { secret: SecretString::from(secret), expires_at })
    }
}

impl TokenFetcher for TokenFile {
    fn fetch<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.read().boxed()
    }

    fn bound(&self) -> Duration {
        NETWORK_BOUND
    }

    fn way(&self) -> Way {
        Way::TokenFile
    }
}
