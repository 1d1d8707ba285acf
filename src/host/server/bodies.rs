//! Reads request bodies in bounded memory and time: a limit for each, one for all that are in flight together, and a pace that
//! none may fall behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};

/// A body of up to this many bytes takes its memory from a part that larger ones leave alone, so that few large bodies that
/// come slowly keep no small one out.
const SMALL: usize = 64 * 1024;

/// What small bodies have beside the memory for all: this fraction of it.
const SMALL_PART: usize = 8;

/// 16 KiB/s, slower than any network that a caller of an API has. The time is long enough for a pause.
const PACE: Pace = Pace { window: Duration::from_secs(30), least: 30 * 16 * 1024 };

/// How long the rest of a refused body is read, and thrown away, before the connection is closed: most clients write
/// their whole request before they look for an answer.
const DRAIN: Duration = Duration::from_secs(10);

/// A client that sends nothing for this long waits for an answer.
const DRAIN_PAUSE: Duration = Duration::from_secs(1);

/// How fast a body must come: in each window it ends or brings so many bytes.
#[derive(Clone, Copy, Debug)]
struct Pace {
    window: Duration,
    least: usize,
}

/// What all request bodies in flight take together, in bytes as they arrive.
#[derive(Debug)]
pub(super) struct BodyMemory {
    /// For any body.
    all: Memory,
    /// For bodies while they are small.
    small: Memory,
    pace: Pace,
}

/// A number of bytes, and how many of them are taken.
#[derive(Debug)]
struct Memory {
    limit: usize,
    used: AtomicUsize,
}

/// What one body takes of the memory, given back on drop.
#[derive(Debug)]
pub(super) struct Reservation {
    memory: Arc<BodyMemory>,
    all: usize,
    small: usize,
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
        Self::with_pace(limit, PACE)
    }

    fn with_pace(limit: usize, pace: Pace) -> Arc<Self> {
        let small = (limit / SMALL_PART).max(SMALL);
        Arc::new(Self { all: Memory::new(limit), small: Memory::new(small), pace })
    }

    /// Reads a body of at most `limit` bytes until `deadline`, or until it falls behind the pace. What is over a limit is not kept: nothing waits for memory, so
    /// bodies can't hold each other up.
    pub(super) async fn read(
        self: &Arc<Self>,
        headers: &HeaderMap,
        mut payload: Payload,
        limit: usize,
        deadline: Instant,
    ) -> Result<ReadBody, BodyError> {
        let declared = declared_length(headers);
        let result = match declared.filter(|length| *length > limit.min(self.all.limit)) {
            Some(_) => Err(BodyError::TooLarge(limit.min(self.all.limit))),
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
        payload: &mut (impl Stream<Item = Result<Bytes, PayloadError>> + Unpin),
        declared: Option<usize>,
        limit: usize,
        deadline: Instant,
    ) -> Result<ReadBody, BodyError> {
        let mut reservation = Reservation::new(self);
        let mut bytes = Vec::new();
        // An announced length takes address space only; memory comes with the bytes.
        if bytes.try_reserve_exact(declared.unwrap_or_default()).is_err() {
            return Err(BodyError::NoMemory);
        }
        let mut window = Window::new(self.pace);
        loop {
            let chunk = match timeout_at(window.end().min(deadline), payload.next()).await {
                Err(_) if window.end() < deadline && window.keeps_pace() => {
                    window = Window::new(self.pace);
                    continue;
                }
                Err(_) => return Err(BodyError::TooSlow),
                Ok(None) => return Ok(ReadBody { bytes, reservation }),
                Ok(Some(Err(error))) => return Err(broken(&error)),
                Ok(Some(Ok(chunk))) => chunk,
            };
            let length = bytes.len().saturating_add(chunk.len());
            if length > limit.min(self.all.limit) {
                return Err(BodyError::TooLarge(limit.min(self.all.limit)));
            }
            if !reservation.grow(chunk.len()) || bytes.try_reserve(chunk.len()).is_err() {
                return Err(BodyError::NoMemory);
            }
            bytes.extend_from_slice(&chunk);
            window.brought = window.brought.saturating_add(chunk.len());
        }
    }
}

/// The time in which a body must bring something.
#[derive(Clone, Copy, Debug)]
struct Window {
    pace: Pace,
    begun: Instant,
    brought: usize,
}

impl Window {
    fn new(pace: Pace) -> Self {
        Self { pace, begun: Instant::now(), brought: 0 }
    }

    fn end(&self) -> Instant {
        self.begun.checked_add(self.pace.window).unwrap_or(self.begun)
    }

    fn keeps_pace(&self) -> bool {
        self.brought >= self.pace.least
    }
}

impl Memory {
    fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// Takes so many bytes, if they are there.
    fn take(&self, bytes: usize) -> bool {
        let take = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Reservation {
    fn new(memory: &Arc<BodyMemory>) -> Self {
        Self { memory: Arc::clone(memory), all: 0, small: 0 }
    }

    /// Takes more, if there is as much. A body that is small no more moves over.
    fn grow(&mut self, more: usize) -> bool {
        let Some(total) = self.all.checked_add(self.small).and_then(|taken| taken.checked_add(more)) else {
            return false;
        };
        if self.all == 0 && total <= SMALL && self.memory.small.take(more) {
            self.small = total;
            return true;
        }
        let missing = total.saturating_sub(self.all);
        if !self.memory.all.take(missing) {
            return false;
        }
        self.memory.small.give_back(self.small);
        (self.all, self.small) = (total, 0);
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.memory.all.give_back(self.all);
        self.memory.small.give_back(self.small);
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
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use futures_util::stream;

    use super::*;

    fn used(memory: &BodyMemory) -> (usize, usize) {
        (memory.all.used.load(Ordering::Relaxed), memory.small.used.load(Ordering::Relaxed))
    }

    #[test]
    fn memory_is_taken_up_to_the_limit_and_given_back() {
        let memory = BodyMemory::new(10 * SMALL);
        let (mut one, mut other) = (Reservation::new(&memory), Reservation::new(&memory));
        assert!(one.grow(6 * SMALL) && other.grow(4 * SMALL));
        assert!(!one.grow(1) && !other.grow(usize::MAX));
        drop(other);
        assert!(one.grow(4 * SMALL) && !one.grow(1));
        drop(one);
        assert_eq!(used(&memory), (0, 0));
    }

    #[test]
    fn small_bodies_have_memory_that_large_ones_leave_alone() {
        let memory = BodyMemory::new(8 * SMALL);
        let (mut large, mut small) = (Reservation::new(&memory), Reservation::new(&memory));
        assert!(large.grow(8 * SMALL));
        assert!(small.grow(SMALL - 1) && small.grow(1));
        assert_eq!(used(&memory), (8 * SMALL, SMALL));
        assert!(!small.grow(1), "it is small no more");
        drop(large);
        assert!(small.grow(1));
        assert_eq!(used(&memory), (SMALL + 1, 0));
        drop(small);
        assert_eq!(used(&memory), (0, 0));
    }

    #[test]
    fn where_the_part_of_small_bodies_is_taken_they_use_that_of_all() {
        let memory = BodyMemory::new(8 * SMALL);
        let mut bodies: Vec<_> = (0..9).map(|_| Reservation::new(&memory)).collect();
        assert!(bodies.iter_mut().all(|body| body.grow(SMALL)));
        assert_eq!(used(&memory), (8 * SMALL, SMALL));
        assert!(!Reservation::new(&memory).grow(1));
    }

    /// A body in chunks of this length, one every five milliseconds; it never ends by itself.
    fn chunks(length: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        let chunk = move |()| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok(Bytes::from(vec![b'x'; length])), ()))
        };
        Box::pin(stream::unfold((), chunk))
    }

    /// What comes of an endless body of these chunks in a memory whose windows are short, and whether that was at the deadline.
    async fn read(length: usize, limit: usize) -> (BodyError, bool) {
        let pace = Pace { window: Duration::from_millis(50), least: 100 };
        let memory = BodyMemory::with_pace(1024 * 1024, pace);
        let deadline = Instant::now() + Duration::from_secs(20);
        let error = memory.collect(&mut chunks(length), None, limit, deadline).await.unwrap_err();
        assert_eq!(used(&memory), (0, 0));
        (error, Instant::now() >= deadline)
    }

    #[tokio::test]
    async fn a_body_that_falls_behind_the_pace_is_given_up_long_before_its_deadline() {
        // Ten chunks of a byte in a window at the most.
        assert_eq!(read(1, usize::MAX).await, (BodyError::TooSlow, false));
    }

    #[tokio::test]
    async fn a_body_that_keeps_the_pace_is_read_on_for_many_windows() {
        // It takes 100 chunks, which is ten windows and more, to come to the limit.
        assert_eq!(read(1000, 100_000).await, (BodyError::TooLarge(100_000), false));
    }

    #[tokio::test]
    async fn a_body_that_begins_fast_and_goes_on_slowly_is_given_up_too() {
        let pace = Pace { window: Duration::from_millis(50), least: 100 };
        let memory = BodyMemory::with_pace(1024 * 1024, pace);
        let deadline = Instant::now() + Duration::from_secs(20);
        let beginning = stream::iter([Ok(Bytes::from(vec![b'x'; 500_000]))]);
        let mut payload = Box::pin(beginning.chain(chunks(1)));

        let error = memory.collect(&mut payload, None, usize::MAX, deadline).await.unwrap_err();

        assert_eq!(error, BodyError::TooSlow);
        assert!(Instant::now() < deadline);
    }
}
