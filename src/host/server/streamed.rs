//! The body of an answer that leaves while its command runs: chunk by chunk, as fast as the caller takes them, and broken off
//! when its end doesn't come.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::task::yield_now;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::answers::cut_off;
use super::bodies::Reservation;
use super::life::Life;
use crate::functions::Streaming;
use crate::host::worker::log_end_of_stream;

/// The error of a body that ends before its end: actix closes the connection without the chunk that would mark it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is broken off")]
pub(super) struct BrokenOff;

/// Whose answer it is, for the log.
#[derive(Debug)]
pub(super) struct StreamedInvocation {
    pub(super) function: Arc<str>,
    pub(super) id: String,
    pub(super) arrived: Instant,
}

/// See the module. Dropping it cancels the command.
#[derive(Debug)]
pub(super) struct StreamedBody {
    streaming: Box<Streaming>,
    invocation: StreamedInvocation,
    /// What has been handed over of it.
    bytes: u64,
    /// Its end was logged.
    is_over: bool,
    life: Life,
    _running: TaskTrackerToken,
    _request: Reservation,
}

impl StreamedBody {
    /// It counts as running, and keeps the memory of its request, until it is dropped.
    pub(super) fn new(
        streaming: Box<Streaming>,
        invocation: StreamedInvocation,
        life: Life,
        request: Reservation,
    ) -> Self {
        let running = life.go_on();
        Self { streaming, invocation, bytes: 0, is_over: false, life, _running: running, _request: request }
    }

    /// All chunks.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
        stream::unfold(self, async |mut body| {
            let chunk = body.next().await?;
            Some((chunk, body))
        })
    }

    /// Nothing: the caller asked for the head alone, and the command is cancelled.
    pub(super) fn left_out(mut self) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
        self.is_over = true;
        log_end_of_stream(&self.invocation.function, &self.invocation.id, self.invocation.arrived, 0, None);
        stream::empty()
    }

    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        if self.is_over {
            return None;
        }
        let next = tokio::select! {
            biased;
            () = self.life.is_cut_off() => Some(Err(cut_off())),
            next = self.streaming.next() => next,
        };
        let end = match next {
            Some(Ok(chunk)) => {
                self.bytes = self.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                return Some(Ok(chunk.into()));
            }
            Some(Err(problem)) => Err(problem),
            None => Ok(()),
        };
        self.is_over = true;
        let StreamedInvocation { function, id, arrived } = &self.invocation;
        log_end_of_stream(function, id, *arrived, self.bytes, end.as_ref().err());
        if end.is_ok() {
            return None;
        }
        // What was handed over goes to the socket before the connection ends, the head above all: the host takes a connection
        // that ends without one for one that it may send the request on again.
        yield_now().await;
        Some(Err(BrokenOff))
    }
}

impl Drop for StreamedBody {
    fn drop(&mut self) {
        if !self.is_over {
            let StreamedInvocation { function, id, .. } = &self.invocation;
            let (function, bytes) = (function.as_ref(), self.bytes);
            tracing::info!(function, id, bytes, "the caller left in the middle of the answer");
        }
    }
}
