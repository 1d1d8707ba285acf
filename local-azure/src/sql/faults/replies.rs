//! How long the answers were, for whoever wants to cut the next ones at each of their bytes.

use std::collections::VecDeque;

use super::{Faults, RequestKind};

/// How many answers are kept.
const KEPT: usize = 1_000;

/// An answer that was given whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRecord {
    /// The number of its session, as `@@SPID` would say.
    pub spid: u16,
    /// The name of the program that asked.
    pub application: String,
    /// What it answers; None for a login.
    pub request: Option<RequestKind>,
    /// The text that was asked, as [`super::Fault::containing`] sees it; empty for a login.
    pub text: String,
    /// Its bytes in the TDS stream, packet headers counted, TLS not.
    pub bytes: u64,
}

impl Faults {
    /// The last 1,000 answers that were given whole, oldest first: logins that succeed, and requests of each kind.
    #[must_use]
    pub fn replies(&self) -> Vec<ReplyRecord> {
        self.lock().replies.iter().cloned().collect()
    }

    /// How many bytes the last answer of this program's sessions had.
    #[must_use]
    pub fn last_reply_bytes(&self, application: &str) -> Option<u64> {
        let pending = self.lock();
        pending.replies.iter().rev().find(|reply| reply.application == application).map(|reply| reply.bytes)
    }

    pub(crate) fn record_reply(&self, reply: ReplyRecord) {
        let replies: &mut VecDeque<ReplyRecord> = &mut self.lock().replies;
        if replies.len() >= KEPT {
            replies.pop_front();
        }
        replies.push_back(reply);
    }
}
