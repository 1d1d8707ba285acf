//! What the host makes of the worker's reply.
//!
//! Facts: `DefaultHttpWorkerService.cs`, `HttpScriptInvocationResult.cs` and `HttpScriptInvocationResultExtensions.cs` of
//! azure-functions-host for the reply; `HttpBinding.cs` there for the answer to an HTTP caller.

mod http_answer;
mod http_output;
mod outputs;
mod reserialise;
mod result;

pub(super) use http_answer::HttpAnswer;
pub use outputs::OutputValue;
pub(super) use outputs::{FunctionOutputs, apply_outputs};
pub(super) use result::{ReadReply, read_reply};
