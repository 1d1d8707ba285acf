//! The faults of a soak: all kinds, drawn from the seed, for a set share of the requests.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use fastrand::Rng;
use local_azure::sql::SqlServer;
use local_azure::sql::faults::{
    Armed, ConnectionFault, CutBy, Fault, HandshakeFault, LoginFault, ReplyFault, RequestFault, RequestKind,
    Until, at_login, at_statement,
};

/// How long connections are refused.
const REFUSED_FOR: Duration = Duration::from_millis(300);
/// Faults that wait for their chance. More would pile up while few connections are opened, so that each of those met one and
/// the pool never got well: a server with so many faults in a row is an outage, which has a bench of its own.
const WAITING: usize = 2;

/// A kind of fault, as the report names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    RefusedTcp,
    CutAtTheStart,
    CutTls,
    RefusedTls,
    LoginError,
    LoginCut,
    LoginStall,
    ExpiredTokens,
    StatementError,
    ErrorInBatch,
    ErrorInRows,
    StatementCut,
    StatementStall,
    StatementRunsAndIsCut,
    ReplyCut,
    ReplyStall,
    ReplyDrip,
    BeginCut,
    CommitError,
    CommitCutBefore,
    CommitCutAfter,
    CommitErrorAfter,
    CommitLate,
    CommitStall,
}

/// Kinds by how often they are drawn.
const KINDS: [(u32, Kind); 24] = [
    (1, Kind::RefusedTcp),
    (2, Kind::CutAtTheStart),
    (2, Kind::CutTls),
    (1, Kind::RefusedTls),
    (6, Kind::LoginError),
    (2, Kind::LoginCut),
    (2, Kind::LoginStall),
    (1, Kind::ExpiredTokens),
    (20, Kind::StatementError),
    (4, Kind::ErrorInBatch),
    (4, Kind::ErrorInRows),
    (10, Kind::StatementCut),
    (6, Kind::StatementStall),
    (6, Kind::StatementRunsAndIsCut),
    (6, Kind::ReplyCut),
    (3, Kind::ReplyStall),
    (4, Kind::ReplyDrip),
    (3, Kind::BeginCut),
    (3, Kind::CommitError),
    (3, Kind::CommitCutBefore),
    (4, Kind::CommitCutAfter),
    (3, Kind::CommitErrorAfter),
    (4, Kind::CommitLate),
    (2, Kind::CommitStall),
];

/// How often one kind was armed, and struck.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) made: u64,
    pub(crate) struck: u64,
}

/// Makes the faults, and counts them.
#[derive(Debug)]
pub(crate) struct Faults {
    rng: Rng,
    percent: u32,
    armed: Vec<(Kind, Armed)>,
    /// Those that strike at once.
    at_once: BTreeMap<Kind, u64>,
    refused_until: Option<Instant>,
}

impl Faults {
    pub(crate) fn new(seed: u64, percent: u32) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            percent,
            armed: Vec::new(),
            at_once: BTreeMap::new(),
            refused_until: None,
        }
    }

    /// A request is about to be sent: perhaps there is a fault.
    pub(crate) async fn before_request(&mut self, sql: &SqlServer) {
        if self.refused_until.take_if(|until| *until <= Instant::now()).is_some() {
            sql.faults().open_port().await;
        }
        // Drawn whether it is made or not, so that the same seed makes the same faults.
        let happens = self.rng.u32(..100) < self.percent;
        let kind = draw(&mut self.rng);
        let fault = fault(kind, &mut self.rng);
        if !happens {
            return;
        }
        match (kind, fault) {
            (Kind::RefusedTcp, _) => {
                sql.faults().close_port().await;
                self.refused_until = Some(Instant::now() + REFUSED_FOR);
                *self.at_once.entry(kind).or_default() += 1;
            }
            (_, None) => {
                sql.faults().expire_sessions();
                *self.at_once.entry(kind).or_default() += 1;
            }
            (_, Some(fault)) => {
                if sql.faults().armed().len() < WAITING {
                    self.armed.push((kind, sql.faults().arm(fault)));
                }
            }
        }
    }

    /// How many of each kind there were.
    pub(crate) fn counts(&self) -> BTreeMap<Kind, Count> {
        let mut counts: BTreeMap<Kind, Count> = self
            .at_once
            .iter()
            .map(|(kind, times)| (*kind, Count { made: *times, struck: *times }))
            .collect();
        for (kind, armed) in &self.armed {
            let count = counts.entry(*kind).or_default();
            count.made += 1;
            count.struck += armed.struck();
        }
        counts
    }
}

fn draw(rng: &mut Rng) -> Kind {
    let all: u32 = KINDS.iter().map(|(weight, _)| weight).sum();
    let mut place = rng.u32(..all);
    for (weight, kind) in KINDS {
        match place.checked_sub(weight) {
            Some(rest) => place = rest,
            None => return kind,
        }
    }
    Kind::StatementError
}

/// What is armed for a kind; None for those that strike at once.
fn fault(kind: Kind, rng: &mut Rng) -> Option<Fault> {
    let by = if rng.bool() { CutBy::Fin } else { CutBy::Reset };
    let bytes = rng.u64(..400);
    // Long enough for some deadlines, short enough that the one writer of SQLite is soon free again.
    let briefly = Until::For(Duration::from_millis(rng.u64(20..1500)));
    let login = [40613, 40197, 10928, 40501, 18456][rng.usize(..5)];
    let statement = [1205, 40197, 40613, 40501, 10928, 49918, 3960][rng.usize(..7)];
    let commit = [41305, 41325, 3998][rng.usize(..3)];
    let at_statement_request = |fault| Fault::at(RequestKind::Statement, fault);
    let at_commit = |fault| Fault::at(RequestKind::Commit, fault);
    Some(match kind {
        Kind::RefusedTcp | Kind::ExpiredTokens => return None,
        Kind::CutAtTheStart => Fault::new(ConnectionFault::Cut(by)),
        Kind::CutTls => Fault::new(HandshakeFault::Cut(by)),
        Kind::RefusedTls => Fault::new(HandshakeFault::Alert),
        Kind::LoginError => Fault::new(LoginFault::Fail(at_login(login))),
        Kind::LoginCut => Fault::new(LoginFault::Cut(by)),
        Kind::LoginStall => Fault::new(LoginFault::Stall(briefly)),
        Kind::StatementError => at_statement_request(RequestFault::Fail(at_statement(statement))),
        Kind::ErrorInBatch => {
            at_statement_request(RequestFault::FailInBatch { after_statements: 1, error: at_statement(1205) })
        }
        Kind::ErrorInRows => {
            at_statement_request(RequestFault::FailInRows { after_rows: 1, error: at_statement(40197) })
        }
        Kind::StatementCut => at_statement_request(RequestFault::Cut(by)),
        Kind::StatementStall => at_statement_request(RequestFault::Stall(briefly)),
        Kind::StatementRunsAndIsCut => at_statement_request(RequestFault::RunThenCut(by)),
        Kind::ReplyCut => at_statement_request(RequestFault::Reply(ReplyFault::Cut { after: bytes, by })),
        Kind::ReplyStall => {
            at_statement_request(RequestFault::Reply(ReplyFault::Stall { after: bytes, until: briefly }))
        }
        Kind::ReplyDrip => at_statement_request(RequestFault::Reply(ReplyFault::Drip {
            bytes: NonZeroUsize::MIN.saturating_add(15),
            every: Duration::from_millis(50),
        })),
        Kind::BeginCut => Fault::at(RequestKind::Begin, RequestFault::Cut(by)),
        Kind::CommitError => at_commit(RequestFault::Fail(at_statement(commit))),
        Kind::CommitCutBefore => at_commit(RequestFault::Cut(by)),
        Kind::CommitCutAfter => at_commit(RequestFault::RunThenCut(by)),
        Kind::CommitErrorAfter => at_commit(RequestFault::RunThenFail(at_statement(40197))),
        Kind::CommitLate => at_commit(RequestFault::CutThenRun {
            by,
            until: Until::For(Duration::from_millis(rng.u64(1..800))),
        }),
        Kind::CommitStall => at_commit(RequestFault::Stall(briefly)),
    })
}
