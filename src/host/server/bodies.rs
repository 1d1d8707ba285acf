//! Reads request bodies in bounded memory: a limit for each, and one for all that are in flight together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

/// How long the rest of a refused body is read, and thrown away, before the connection is closed: most clients write
/// their whole request before they look for an answer.
const DRAIN: Duration = Duration::from_secs(10);

/// A client that sends nothing for this long waits for an answer.
const DRAIN_PAUSE: Duration = Duration::from_secs(1);

/// What all request bodies in flight take together, in bytes as they arrive.
#[derive(Debug)]
pub(super) struct BodyMemory {
    limit: usize,
    used: AtomicUsize,
}

/// A part of the memory, given back on drop.
#[derive(Debug)]
pub(super) struct Reservation {
    memory: Arc<BodyMemory>,
    bytes: usize,
}

/// A body that was read to its end.
#[derive(Debug)]
pub(super) struct ReadBody {
    pub(super) bytes: Vec<u8>,
    pub(super) reservation: Reservation,
}

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It has more bytes than this.
    TooLarge(usize),
    /// All bodies in flight take all the memory there is for them.
    NoMemory,
    /// It didn't come to its end in time.
    TooSlow,
    /// The connection or the framing broke; the transport's own words, which hold nothing of the content.
    Broken(String),
}

impl BodyMemory {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    /// Reads a body of at most `limit` bytes until `deadline`. What is over a limit is not kept: nothing waits for memory, so
    /// bodies can't hold each other up.
    pub(super) async fn read(
        self: &Arc<Self>,
        headers: &HeaderMap,
        mut payload: web::Payload,
        limit: usize,
        deadline: Instant,
    ) -> Result<ReadBody, BodyError> {
        let declared = declared_length(headers);
        let result = match declared.filter(|length| *length > limit.min(self.limit)) {
            Some(_) => Err(BodyError::TooLarge(limit.min(self.limit))),
            None => self.collect(&mut payload, declared, limit, deadline).await,
        };
        if matches!(result, Err(BodyError::TooLarge(_) | BodyError::NoMemory)) {
            let drain = async { while let Ok(Some(Ok(_))) = timeout(DRAIN_PAUSE, payload.next()).await {} };
            // Whoever still sends after that finds the connection closed.
            let _still_sending = timeout(DRAIN, drain).await;
        }
        result
    }

    async fn collect(
        self: &Arc<Self>,
        payload: &mut web::Payload,
        declared: Option<usize>,
        limit: usize,
        deadline: Instant,
    ) -> Result<ReadBody, BodyError> {
        let mut reservation = Reservation { memory: Arc::clone(self), bytes: 0 };
        let mut bytes = Vec::new();
        // An announced length takes address space only; memory comes with the bytes.
        if bytes.try_reserve_exact(declared.unwrap_or_default()).is_err() {
            return Err(BodyError::NoMemory);
        }
        loop {
            let chunk = match timeout_at(deadline, payload.next()).await {
                Err(_) => return Err(BodyError::TooSlow),
                Ok(None) => return Ok(ReadBody { bytes, reservation }),
                Ok(Some(Err(error))) => return Err(broken(&error)),
                Ok(Some(Ok(chunk))) => chunk,
            };
            let length = bytes.len().saturating_add(chunk.len());
            if length > limit.min(self.limit) {
                return Err(BodyError::TooLarge(limit.min(self.limit)));
            }
            if !reservation.grow(chunk.len()) || bytes.try_reserve(chunk.len()).is_err() {
                return Err(BodyError::NoMemory);
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

impl Reservation {
    /// Takes more, if there is as much.
    fn grow(&mut self, more: usize) -> bool {
        let limit = self.memory.limit;
        let take = |used: usize| used.checked_add(more).filter(|used| *used <= limit);
        let taken = self.memory.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if taken {
            self.bytes = self.bytes.saturating_add(more);
        }
        taken
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn broken(error: &PayloadError) -> BodyError {
    BodyError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_up_to_the_limit_and_given_back() {
        let memory = BodyMemory::new(10);
        let reserve = || Reservation { memory: Arc::clone(&memory), bytes: 0 };
        let (mut one, mut other) = (reserve(), reserve());
        assert!(one.grow(6) && other.grow(4));
        assert!(!one.grow(1) && !other.grow(usize::MAX));
        drop(other);
        assert!(one.grow(4) && !one.grow(1));
        drop(one);
        assert_eq!(memory.used.load(Ordering::Relaxed), 0);
    }
}
