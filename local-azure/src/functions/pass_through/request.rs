//! A request that came in and is to reach the worker as HTTP.

use std::net::IpAddr;

use super::headers::PassedHeaders;

/// Everything but the body.
#[derive(Clone, Debug)]
pub(in crate::functions) struct PassedRequest {
    pub(in crate::functions) method: String,
    /// The path as it came, percent-encoded.
    pub(in crate::functions) path: String,
    /// The query as it came, without the question mark.
    pub(in crate::functions) query: Option<String>,
    pub(in crate::functions) headers: PassedHeaders,
    /// Who sent it.
    pub(in crate::functions) remote: Option<IpAddr>,
}
