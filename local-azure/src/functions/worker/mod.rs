//! The worker process: started, probed, watched, started again.
//!
//! Facts: `HttpWorkerProcess.cs`, `HttpFunctionInvocationDispatcher.cs` and `DefaultHttpWorkerService.cs` of azure-functions-host.

mod client;
mod crashes;
mod output;
mod process;
mod supervisor;

pub(super) use client::{HOST_VERSION, WorkerClient, describe_error};
pub(super) use process::WorkerProcess;
pub(super) use supervisor::{Worker, WorkerInstance, WorkerOptions, WorkerState};
