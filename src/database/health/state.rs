//! The rule of the circuit breaker: a state machine that is told what happened, and when.

use std::time::{Duration, Instant};

use crate::database::faults::Fault;

/// So many openings that reach nobody, in a row, are an outage. Fewer would take a lost packet or a gateway that is replaced for
/// one; more would let so many more callers wait for their connect timeout.
pub(super) const FAILURES_UNTIL_DOWN: u32 = 5;

/// Nobody has looked for this long, so what is known is too old to refuse anybody for it: the next caller waits for the look.
pub(super) const STALE: Duration = Duration::from_secs(5);

/// How one opening ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It got in.
    GotIn,
    /// The server spoke, whatever it said: it is there.
    Answered,
    /// The server says that the database is not ready now, and will be later.
    NotReady(Fault),
    /// Nobody spoke: refused, timed out, cut off.
    Unreached(Fault),
}

/// What an opening may do.
#[derive(Clone, Debug)]
pub(super) enum Outlook {
    /// Go ahead.
    Open,
    /// A look at the server is due: one opening may go ahead.
    LookDue {
        /// It is so long since the last one that a caller should wait for it.
        stale: bool,
    },
    /// No opening now, for this fault of an earlier one.
    Closed(Why),
}

/// Why no opening may go ahead.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// The server can't be reached.
    Down(Fault),
    /// The server says that the database is not ready.
    NotReady(Fault),
}

/// Leave to open a connection. It is given back with the outcome, or not at all: an opening that nobody waits for any more
/// tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    began: Instant,
}

/// A change that operators are told of.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// To [`State::Down`].
    WentDown(Fault),
    /// To [`State::Resuming`].
    BeganToResume(Fault),
    /// To [`State::Healthy`], after so long.
    Recovered(Duration),
}

#[derive(Clone, Debug)]
enum State {
    Healthy {
        failures: u32,
        /// The last login that got an answer was turned away: one alone tells little, a second one in a row that the database is
        /// not ready.
        is_doubted: bool,
    },
    Down {
        since: Instant,
        looks: Looks,
        fault: Fault,
    },
    Resuming {
        since: Instant,
        looks: Looks,
        fault: Fault,
        failures: u32,
    },
}

const HEALTHY: State = State::Healthy { failures: 0, is_doubted: false };

/// When somebody last looked, and when somebody may again.
#[derive(Clone, Copy, Debug)]
struct Looks {
    last: Instant,
    next: Instant,
}

impl Looks {
    fn after(now: Instant, interval: Duration) -> Self {
        Self { last: now, next: now.checked_add(interval).unwrap_or(now) }
    }

    fn are_stale(self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= STALE
    }
}

/// See the module. Each method is told the time, and how long the next look must wait.
#[derive(Clone, Debug)]
pub(super) struct Health {
    state: State,
    /// When the server last spoke. How an older opening failed says nothing of the time since.
    contact: Option<Instant>,
}

impl Default for Health {
    fn default() -> Self {
        Self { state: HEALTHY, contact: None }
    }
}

impl Health {
    /// Whether the server can't be reached.
    pub(super) fn is_down(&self) -> bool {
        matches!(self.state, State::Down { .. })
    }

    /// The fault of the last opening that reached nobody, while it is down.
    pub(super) fn fault_if_down(&self) -> Option<&Fault> {
        match &self.state {
            State::Down { fault, .. } => Some(fault),
            State::Healthy { .. } | State::Resuming { .. } => None,
        }
    }

    /// What an opening may do now. Asking changes nothing.
    pub(super) fn outlook(&self, now: Instant) -> Outlook {
        let (looks, why) = match &self.state {
            State::Healthy { .. } => return Outlook::Open,
            State::Down { looks, fault, .. } => (looks, Why::Down(fault.clone())),
            State::Resuming { looks, fault, .. } => (looks, Why::NotReady(fault.clone())),
        };
        if now < looks.next { Outlook::Closed(why) } else { Outlook::LookDue { stale: looks.are_stale(now) } }
    }

    /// Leave to open a connection; takes the look if one is due, and the next is then due after `interval`.
    pub(super) fn admit(&mut self, now: Instant, interval: Duration) -> Result<Ticket, Why> {
        match &mut self.state {
            State::Healthy { .. } => {}
            State::Down { looks, fault, .. } => {
                if now < looks.next {
                    return Err(Why::Down(fault.clone()));
                }
                *looks = Looks::after(now, interval);
            }
            State::Resuming { looks, fault, .. } => {
                if now < looks.next {
                    return Err(Why::NotReady(fault.clone()));
                }
                *looks = Looks::after(now, interval);
            }
        }
        Ok(Ticket { began: now })
    }

    /// An opening ended. What changes by it is told once.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        outcome: Outcome,
        now: Instant,
        interval: Duration,
    ) -> Option<Change> {
        let is_old = self.contact.is_some_and(|contact| ticket.began < contact);
        if is_old && matches!(outcome, Outcome::Unreached(_)) {
            return None;
        }
        if !matches!(outcome, Outcome::Unreached(_)) {
            self.contact = Some(now);
        }
        match outcome {
            Outcome::GotIn | Outcome::Answered => self.recover(now),
            // One of several logins at once was turned away a moment before another got in.
            Outcome::NotReady(_)
                if is_old && matches!(self.state, State::Healthy { is_doubted: false, .. }) =>
            {
                self.recover(now)
            }
            Outcome::NotReady(fault) => self.not_ready(fault, now, interval),
            Outcome::Unreached(fault) => self.unreached(fault, now, interval),
        }
    }

    fn recover(&mut self, now: Instant) -> Option<Change> {
        match std::mem::replace(&mut self.state, HEALTHY) {
            State::Healthy { .. } => None,
            State::Down { since, .. } | State::Resuming { since, .. } => {
                Some(Change::Recovered(now.saturating_duration_since(since)))
            }
        }
    }

    fn not_ready(&mut self, met: Fault, now: Instant, interval: Duration) -> Option<Change> {
        match &mut self.state {
            State::Resuming { fault, failures, .. } => {
                *fault = met;
                *failures = 0;
                return None;
            }
            State::Healthy { failures, is_doubted: is_doubted @ false } => {
                *is_doubted = true;
                *failures = 0;
                return None;
            }
            State::Healthy { .. } | State::Down { .. } => {}
        }
        let looks = Looks::after(now, interval);
        self.state = State::Resuming { since: now, looks, fault: met.clone(), failures: 0 };
        Some(Change::BeganToResume(met))
    }

    fn unreached(&mut self, met: Fault, now: Instant, interval: Duration) -> Option<Change> {
        let failures = match &mut self.state {
            State::Healthy { failures, .. } | State::Resuming { failures, .. } => {
                *failures = failures.saturating_add(1);
                *failures
            }
            State::Down { fault, .. } => {
                *fault = met;
                return None;
            }
        };
        if failures < FAILURES_UNTIL_DOWN {
            return None;
        }
        self.state = State::Down { since: now, looks: Looks::after(now, interval), fault: met.clone() };
        Some(Change::WentDown(met))
    }
}

#[cfg(test)]
mod tests;
