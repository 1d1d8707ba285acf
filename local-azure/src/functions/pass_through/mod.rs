//! Requests that reach the worker as HTTP and not in an envelope: forwarding mode and proxying mode.
//!
//! Facts: `DefaultHttpWorkerService.cs` and `HttpRequestExtensions.cs` (`ToHttpRequestMessage`) of azure-functions-host for
//! forwarding; `DefaultHttpProxyService.cs`, `RetryProxyHandler.cs` and `ScriptInvocationRequestTransformer.cs` there, and
//! `RequestUtilities.cs`, `HttpTransformer.cs` and `TransformBuilder.cs` of dotnet/yarp, for proxying.
//!
//! Different from the real host: a request without an Accept header gets `*/*`, and an apostrophe in the query becomes
//! `%27` (both are habits of the HTTP client used here); upgrades (WebSocket) and trailers are not passed on.

mod address;
mod forwarding;
mod headers;
mod proxying;
mod request;
mod stream;

pub(super) use forwarding::{BufferedReply, forward};
pub(super) use headers::PassedHeaders;
pub(super) use proxying::{ProxyEnd, Proxying};
pub(super) use request::PassedRequest;
pub(super) use stream::{BodyCut, Caller, Chunk, ReplyHead, RequestBody, Waiting};
