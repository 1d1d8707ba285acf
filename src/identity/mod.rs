//! Entra tokens: the ways to get one, and how they are kept.
//!
//! A [`Method`] says how to sign in, an [`IdentityEnvironment`] what the process was given for it. A [`TokenFetcher`] asks
//! for one token, a cache keeps it and asks again ahead of time.

mod assertion;
mod chain;
mod claims;
mod clock;
mod cloud;
mod cures;
mod environment;
mod error;
mod fetcher;
mod method;
mod token;
mod transport;
mod ways;

pub use claims::Claims;
pub use clock::{Clock, SystemClock};
pub use cloud::Cloud;
pub use environment::{IdentityEnvironment, PipelineSettings};
pub use error::{IdentityError, Way};
pub use fetcher::TokenFetcher;
pub use method::{ClientCertificate, Method};
pub use token::Token;
pub use ways::fetcher_of;
