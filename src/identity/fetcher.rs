//! One request for a token, whichever way it goes.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{IdentityError, Token, Way};

/// A way to a token that keeps nothing: each call asks anew.
pub trait TokenFetcher: Debug + Send + Sync {
    /// Asks for a token for `scope`, such as `https://database.windows.net/.default`.
    ///
    /// # Errors
    /// Why there is none; the sentence says what to do.
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>>;

    /// How long a call may take at most. Where a person signs in it is minutes, else seconds.
    fn bound(&self) -> Duration;

    /// Which way it goes; where it has several, the one that gave its last token.
    fn way(&self) -> Way {
        Way::Custom
    }
}
