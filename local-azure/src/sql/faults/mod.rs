//! Faults on demand: what Azure SQL and the network do to clients now and then, made to happen when a test wants it.
//!
//! A [`Fault`] says where it strikes ([`Strike`]), whom ([`Selection`]) and how often. [`Faults::arm`] puts it in line: of the
//! faults that could strike, the one that was armed first does. [`Armed::struck`] tells how often it did.
//!
//! | module | holds |
//! |---|---|
//! | `fault` | which faults there are |
//! | `errors` | class, state and text of errors by number |
//! | `shorthands` | the commonest faults in one call each |
//! | `expiry` | sessions that outlive their token |
//! | `release` | what hangs, and what lets it go on |
//! | `replies` | how long the answers were |
//! | `port` | refusing connections |

mod errors;
mod expiry;
mod fault;
mod port;
mod release;
mod replies;
mod shorthands;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::reply::SqlError;

pub use errors::{at_login, at_statement, blocked_by_firewall, unknown_database, unknown_server};
pub(crate) use expiry::TokenLife;
pub use fault::{
    ConnectionFault, CutBy, Fault, HandshakeFault, LoginFault, ReplyFault, RequestFault, RequestKind,
    Selection, Share, Strike, Until,
};
pub(crate) use port::Port;
pub(crate) use release::{Gate, Release};
pub use replies::ReplyRecord;

/// The faults of a running server. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pending: Arc<Mutex<Pending>>,
    strikes: Arc<AtomicU64>,
    orphans: Arc<AtomicUsize>,
    port: Port,
}

#[derive(Debug, Default)]
struct Pending {
    armed: Vec<ArmedFault>,
    last_id: u64,
    seed: u64,
    /// What all logins fail with until they are admitted again.
    refusing: Option<SqlError>,
    /// Ends the stalls of now; replaced after each release.
    release: Release,
    expired: expiry::Expired,
    replies: VecDeque<ReplyRecord>,
}

/// A fault in line.
#[derive(Debug)]
struct ArmedFault {
    id: u64,
    fault: Fault,
    left: Option<u32>,
    /// How many it could have struck so far.
    met: u64,
    struck: Arc<AtomicU64>,
}

/// A fault that was armed.
#[derive(Clone, Debug)]
pub struct Armed {
    id: u64,
    fault: Fault,
    struck: Arc<AtomicU64>,
}

impl Armed {
    /// Its number: the first that a server armed has 1.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What was armed.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// How often it has struck. It counts when it strikes; what it does to its client is seen a little later.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.struck.load(Ordering::SeqCst)
    }
}

/// Who passes a point where faults strike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passer<'a> {
    pub(crate) application: Option<&'a str>,
    pub(crate) text: Option<&'a str>,
}

impl Passer<'_> {
    fn is_in(self, only: &Selection) -> bool {
        let application = only.application.as_deref();
        application.is_none_or(|wanted| self.application == Some(wanted))
            && only.text.as_ref().is_none_or(|wanted| {
                self.text.is_some_and(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
            })
    }
}

/// What strikes now, and what ends it if it hangs.
#[derive(Debug)]
pub(crate) struct Struck<T> {
    pub(crate) fault: T,
    pub(crate) release: Release,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a fault in line, after those that are there.
    #[expect(clippy::must_use_candidate, reason = "the handle is for those who count")]
    pub fn arm(&self, fault: Fault) -> Armed {
        let mut pending = self.lock();
        pending.last_id = pending.last_id.saturating_add(1);
        let armed = Armed { id: pending.last_id, fault, struck: Arc::default() };
        pending.armed.push(ArmedFault {
            id: armed.id,
            left: armed.fault.times,
            fault: armed.fault.clone(),
            met: 0,
            struck: Arc::clone(&armed.struck),
        });
        armed
    }

    /// Takes the fault with this number out of the line; false if it is not there, or no more.
    pub fn disarm(&self, id: u64) -> bool {
        let mut pending = self.lock();
        let before = pending.armed.len();
        pending.armed.retain(|armed| armed.id != id);
        pending.armed.len() < before
    }

    /// The faults that are in line and can still strike, first to last.
    #[must_use]
    pub fn armed(&self) -> Vec<Armed> {
        let pending = self.lock();
        let armed = pending.armed.iter().map(|armed| Armed {
            id: armed.id,
            fault: armed.fault.clone(),
            struck: Arc::clone(&armed.struck),
        });
        armed.collect()
    }

    /// How often a fault that was armed has struck, whichever it was.
    #[must_use]
    pub fn strikes(&self) -> u64 {
        self.strikes.load(Ordering::SeqCst)
    }

    /// What the draws of [`Share`]s follow from. Default 0.
    pub fn seed(&self, seed: u64) {
        self.lock().seed = seed;
    }

    /// How many sessions have lost their client and still have a request to run ([`RequestFault::CutThenRun`]).
    #[must_use]
    pub fn orphans(&self) -> usize {
        self.orphans.load(Ordering::SeqCst)
    }

    /// What hangs goes on now; late requests of orphans run.
    pub fn release_stalled(&self) {
        std::mem::take(&mut self.lock().release).release();
    }

    /// Forgets all faults that have not happened yet, opens the port, and releases what hangs.
    pub fn clear(&self) {
        {
            let mut pending = self.lock();
            pending.refusing = None;
            pending.armed.clear();
        }
        self.release_stalled();
        self.port.open();
    }

    /// The fault that strikes who passes, of those that `at` takes.
    fn strike<T>(&self, passer: Passer<'_>, at: impl Fn(&Strike) -> Option<T>) -> Option<Struck<T>> {
        let mut pending = self.lock();
        let Pending { armed, seed, release, .. } = &mut *pending;
        let mut found = None;
        for armed in armed.iter_mut() {
            let Some(fault) = at(&armed.fault.strike).filter(|_| passer.is_in(&armed.fault.only)) else {
                continue;
            };
            armed.met = armed.met.saturating_add(1);
            if armed.left == Some(0)
                || armed.met <= u64::from(armed.fault.only.skip)
                || armed.fault.only.share.is_some_and(|share| !share.takes(draw(*seed, armed.id, armed.met)))
            {
                continue;
            }
            armed.left = armed.left.map(|left| left.saturating_sub(1));
            armed.struck.fetch_add(1, Ordering::SeqCst);
            self.strikes.fetch_add(1, Ordering::SeqCst);
            found = Some(Struck { fault, release: release.clone() });
            break;
        }
        armed.retain(|armed| armed.left != Some(0));
        found
    }

    pub(crate) fn strike_connection(&self) -> Option<Struck<ConnectionFault>> {
        self.strike(Passer::default(), |strike| match strike {
            Strike::Connection(fault) => Some(*fault),
            Strike::Handshake(_) | Strike::Login(_) | Strike::Request(..) => None,
        })
    }

    pub(crate) fn strike_handshake(&self) -> Option<Struck<HandshakeFault>> {
        self.strike(Passer::default(), |strike| match strike {
            Strike::Handshake(fault) => Some(*fault),
            Strike::Connection(_) | Strike::Login(_) | Strike::Request(..) => None,
        })
    }

    /// What happens to a login before it is looked at.
    pub(crate) fn strike_login(&self, application: &str) -> Option<Struck<LoginFault>> {
        let passer = Passer { application: Some(application), text: None };
        let struck = self.strike(passer, |strike| match strike {
            Strike::Login(fault) if !matches!(fault, LoginFault::Redirect { .. }) => Some(fault.clone()),
            Strike::Login(_) | Strike::Connection(_) | Strike::Handshake(_) | Strike::Request(..) => None,
        });
        struck.or_else(|| {
            let pending = self.lock();
            let fault = LoginFault::Fail(pending.refusing.clone()?);
            Some(Struck { fault, release: pending.release.clone() })
        })
    }

    /// Where a login that would succeed is sent.
    pub(crate) fn strike_redirect(&self, application: &str) -> Option<(String, u16)> {
        let passer = Passer { application: Some(application), text: None };
        let struck = self.strike(passer, |strike| match strike {
            Strike::Login(LoginFault::Redirect { host, port }) => Some((host.clone(), *port)),
            Strike::Login(_) | Strike::Connection(_) | Strike::Handshake(_) | Strike::Request(..) => None,
        });
        struck.map(|struck| struck.fault)
    }

    pub(crate) fn strike_request(
        &self,
        kind: RequestKind,
        passer: Passer<'_>,
    ) -> Option<Struck<RequestFault>> {
        self.strike(passer, |strike| match strike {
            Strike::Request(of, fault) if *of == kind => Some(fault.clone()),
            Strike::Request(..) | Strike::Connection(_) | Strike::Handshake(_) | Strike::Login(_) => None,
        })
    }

    /// Counts an orphan as long as the guard lives.
    pub(crate) fn orphan(&self) -> Orphan {
        self.orphans.fetch_add(1, Ordering::SeqCst);
        Orphan(Arc::clone(&self.orphans))
    }

    pub(crate) fn port(&self) -> &Port {
        &self.port
    }
}

/// An orphan that is counted.
#[derive(Debug)]
pub(crate) struct Orphan(Arc<AtomicUsize>);

impl Drop for Orphan {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A number that looks random and follows from these three: the mixing steps of SplitMix64.
fn draw(seed: u64, fault: u64, met: u64) -> u64 {
    let mut mixed = seed;
    for part in [fault, met] {
        mixed = mixed.wrapping_add(part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
    }
    mixed
}
