//! The two bodies of a proxied request on their way between the threads that serve callers and the task that talks to the
//! worker. Each is a short channel, so that whoever reads slowly slows the writer down and nothing piles up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::{Notify, mpsc, oneshot};

use super::headers::PassedHeaders;

/// Pieces that may wait in a channel. A piece is what one read from a socket gave.
const PIECES_UNDER_WAY: usize = 2;

/// The body ends here although it isn't complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::functions) enum BodyCut {
    /// Who sent it has gone.
    #[error("the body broke off")]
    BrokenOff,
    /// It is longer than the host takes.
    #[error("Request body too large")]
    TooLarge,
}

/// A piece of a body.
pub(in crate::functions) type Chunk = Result<Bytes, BodyCut>;

/// How a reply begins.
#[derive(Clone, Debug)]
pub(in crate::functions) struct ReplyHead {
    pub(in crate::functions) status: u16,
    pub(in crate::functions) headers: PassedHeaders,
}

/// The caller's end: what it waits for. Dropping it says that the caller has left.
#[derive(Debug)]
pub(in crate::functions) struct Waiting {
    pub(in crate::functions) head: oneshot::Receiver<ReplyHead>,
    pub(in crate::functions) body: mpsc::Receiver<Chunk>,
}

/// The caller as the task that talks to the worker sees it.
#[derive(Debug)]
pub(in crate::functions) struct Caller {
    head: Option<oneshot::Sender<ReplyHead>>,
    body: mpsc::Sender<Chunk>,
}

impl Caller {
    /// Both ends.
    pub(in crate::functions) fn new() -> (Self, Waiting) {
        let (head, wait_for_head) = oneshot::channel();
        let (body, wait_for_body) = mpsc::channel(PIECES_UNDER_WAY);
        (Self { head: Some(head), body }, Waiting { head: wait_for_head, body: wait_for_body })
    }

    /// Completes when the caller leaves.
    pub(super) async fn left(&self) {
        self.body.closed().await;
    }

    pub(super) fn has_left(&self) -> bool {
        self.body.is_closed()
    }

    pub(super) fn begin(&mut self, head: ReplyHead) {
        if let Some(sender) = self.head.take() {
            // A caller who has left is noticed elsewhere.
            let _left = sender.send(head);
        }
    }

    /// Hands a piece over, when there is room for it.
    pub(super) async fn give(&self, chunk: Chunk) {
        let _left = self.body.send(chunk).await;
    }

    /// Cuts the reply off: a caller that has seen its beginning must not take it for whole.
    pub(in crate::functions) async fn cut(self) {
        if self.head.is_none() {
            let _left = self.body.send(Err(BodyCut::BrokenOff)).await;
        }
    }
}

/// The body of a request, which can be read once.
#[derive(Clone, Debug)]
pub(in crate::functions) struct RequestBody {
    source: Arc<Mutex<Option<mpsc::Receiver<Chunk>>>>,
    broke_off: Arc<AtomicBool>,
}

impl RequestBody {
    /// The body, and where its pieces are put in.
    pub(in crate::functions) fn new() -> (mpsc::Sender<Chunk>, Self) {
        let (sender, receiver) = mpsc::channel(PIECES_UNDER_WAY);
        (sender, Self { source: Arc::new(Mutex::new(Some(receiver))), broke_off: Arc::default() })
    }

    /// Whether a stream has begun to read it: then it can't be sent again.
    pub(super) fn was_read(&self) -> bool {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Whether it ended before its end: the caller has left in the middle of it.
    pub(super) fn broke_off(&self) -> bool {
        self.broke_off.load(Ordering::Relaxed)
    }

    fn take(&self) -> Option<mpsc::Receiver<Chunk>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads it from the first poll on, and tells `activity` of every piece.
    pub(super) fn stream(&self, activity: Arc<Notify>) -> impl Stream<Item = Chunk> + Send + use<> {
        let body = self.clone();
        stream::unfold((body, None::<mpsc::Receiver<Chunk>>), move |(body, source)| {
            let activity = Arc::clone(&activity);
            async move {
                let Some(mut source) = source.or_else(|| body.take()) else {
                    return Some((Err(BodyCut::BrokenOff), (body, None)));
                };
                let chunk = source.recv().await?;
                activity.notify_one();
                if matches!(chunk, Err(BodyCut::BrokenOff)) {
                    body.broke_off.store(true, Ordering::Relaxed);
                }
                Some((chunk, (body, Some(source))))
            }
        })
    }
}
