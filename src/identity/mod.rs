//! Entra tokens: the ways to get one, and how they are kept.
//!
//! A [`Method`] says how to sign in, an [`IdentityEnvironment`] what the process was given for it. A [`TokenFetcher`] asks
//! for one token, a [`TokenCache`] keeps it and asks again ahead of time.

mod assertion;
mod cache;
mod cache_rules;
mod cache_state;
mod caches;
mod chain;
mod claims;
mod clock;
mod cloud;
mod credential;
mod cures;
mod environment;
mod error;
mod fetcher;
mod method;
mod refusals;
mod token;
mod transport;
mod ways;

pub use cache::TokenCache;
pub(crate) use cache_state::HeldToken;
pub use caches::TokenCaches;
pub use claims::Claims;
pub use clock::{Clock, SystemClock};
pub use cloud::Cloud;
pub use environment::{IdentityEnvironment, PipelineSettings};
pub use error::{IdentityError, Way};
pub use fetcher::TokenFetcher;
pub use method::{ClientCertificate, Method};
pub(crate) use refusals::Refusals;
pub use token::Token;
pub use ways::fetcher_of;
