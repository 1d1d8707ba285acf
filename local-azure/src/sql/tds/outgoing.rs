//! What goes to a client, and what faults do to it on the way.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use super::stream::opens;
use crate::sql::faults::{CutBy, Gate, Release, ReplyFault};

/// One piece of what the writer of a connection does.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Write this.
    Bytes(Vec<u8>),
    /// Write this so many bytes at a time, with a pause before each.
    Drip { bytes: Vec<u8>, size: NonZeroUsize, every: Duration },
    /// Wait.
    Hang(Gate),
    /// End the connection.
    Cut(CutBy),
}

/// What one answer suffers. Counts its bytes, whether it suffers or not.
#[derive(Debug, Default)]
pub(crate) struct Suffering {
    fault: Option<Fault>,
    bytes: u64,
}

#[derive(Debug)]
enum Fault {
    Cut { after: u64, by: CutBy },
    Hang { after: u64, gate: Gate },
    Drip { size: NonZeroUsize, every: Duration },
}

impl Suffering {
    /// Of the next answer.
    pub(crate) fn new(fault: ReplyFault, release: &Release) -> Self {
        let fault = match fault {
            ReplyFault::Cut { after, by } => Fault::Cut { after, by },
            ReplyFault::Stall { after, until } => Fault::Hang { after, gate: release.gate(until) },
            ReplyFault::Drip { bytes, every } => Fault::Drip { size: bytes, every },
        };
        Self { fault: Some(fault), bytes: 0 }
    }

    /// How many bytes the answer has so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What becomes of the next bytes of the answer; `last` when no more follow. After a cut there is nothing to do.
    pub(crate) fn put(&mut self, bytes: Vec<u8>, last: bool) -> Vec<Outgoing> {
        let before = self.bytes;
        self.bytes = before.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match &self.fault {
            None => vec![Outgoing::Bytes(bytes)],
            Some(Fault::Drip { size, every }) => {
                vec![Outgoing::Drip { bytes, size: *size, every: *every }]
            }
            Some(Fault::Cut { after, .. } | Fault::Hang { after, .. }) if self.bytes < *after && !last => {
                vec![Outgoing::Bytes(bytes)]
            }
            Some(Fault::Cut { .. } | Fault::Hang { .. }) => self.strike(bytes, before),
        }
    }

    /// These bytes, of which the first has so many before it, meet the fault.
    fn strike(&mut self, mut bytes: Vec<u8>, before: u64) -> Vec<Outgoing> {
        let (after, what, rest_follows) = match self.fault.take() {
            Some(Fault::Cut { after, by }) => (after, Outgoing::Cut(by), false),
            Some(Fault::Hang { after, gate }) => (after, Outgoing::Hang(gate), true),
            Some(Fault::Drip { .. }) | None => return vec![Outgoing::Bytes(bytes)],
        };
        let place = usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX).min(bytes.len());
        let rest = bytes.split_off(place);
        let mut pieces = vec![Outgoing::Bytes(bytes), what];
        if rest_follows {
            pieces.push(Outgoing::Bytes(rest));
        }
        pieces
    }
}

/// Writes one piece; gives how the connection is to end, if it is.
pub(super) async fn write<W: AsyncWrite + Unpin + ?Sized>(
    writer: &mut W,
    piece: Outgoing,
) -> io::Result<Option<CutBy>> {
    match piece {
        Outgoing::Bytes(bytes) => {
            writer.write_all(&bytes).await?;
            writer.flush().await?;
        }
        Outgoing::Drip { bytes, size, every } => {
            for drop in bytes.chunks(size.get()) {
                sleep(every).await;
                writer.write_all(drop).await?;
                writer.flush().await?;
            }
        }
        Outgoing::Hang(gate) => opens(&gate).await,
        Outgoing::Cut(by) => return Ok(Some(by)),
    }
    Ok(None)
}
