//! A schedule: what is called and what goes wrong, all of it from one seed.

use std::time::Duration;

use fastrand::Rng;
use local_azure::sql::faults::{
    ConnectionFault, CutBy, Fault, LoginFault, ReplyFault, RequestFault, RequestKind, Until, at_login,
    at_statement,
};

/// How the statement that claims a key is told from others.
pub(super) const CLAIM: &str = "INSERT INTO dbo.AzsqlIdempotency";
/// The same of the one that records the answer.
pub(super) const RECORD: &str = "UPDATE dbo.AzsqlIdempotency";
/// And of the one that looks an answer up.
pub(super) const LOOK_UP: &str = "SELECT Request, Answer FROM dbo.AzsqlIdempotency";
/// And of the one that ends a transaction that failed.
const ROLLBACK: &str = "ROLLBACK TRANSACTION";
/// The table of the effects, which only the command itself names.
pub(super) const EFFECT: &str = "dbo.Effects";

/// Keys that calls of one schedule share, at the most.
pub(super) const KEYS: usize = 2;

/// One caller.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Which of the schedule's keys it sends; None for the function without one.
    pub(super) key: Option<usize>,
    /// What it asks for. Calls of one key mostly ask for the same.
    pub(super) amount: i32,
    /// When it begins.
    pub(super) begins: Duration,
    /// How often it repeats what wasn't acknowledged.
    pub(super) repeats: usize,
    /// How long it waits before each repeat.
    pub(super) pause: Duration,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) calls: Vec<Call>,
    pub(super) faults: Vec<(Place, Fault)>,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Connection,
    Login,
    Begin,
    Claim,
    Run,
    Record,
    Commit,
    Rollback,
    LookUp,
}

impl Place {
    /// Those that a keyed call passes for certain when nothing goes wrong.
    pub(super) const ON_THE_WAY: [Self; 5] =
        [Self::Begin, Self::Claim, Self::Run, Self::Record, Self::Commit];

    /// By how often they are drawn: what happens round COMMIT is what the protocol is for.
    const DRAWN: [(u32, Self); 9] = [
        (1, Self::Connection),
        (1, Self::Login),
        (1, Self::Begin),
        (3, Self::Claim),
        (3, Self::Run),
        (2, Self::Record),
        (8, Self::Commit),
        (1, Self::Rollback),
        (2, Self::LookUp),
    ];
}

impl Schedule {
    /// The schedule of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let keys = rng.usize(1..=KEYS);
        let calls = (0..rng.usize(2..=4)).map(|_| call(&mut rng, keys)).collect();
        let faults = (0..rng.usize(1..=3)).map(|_| fault(&mut rng)).collect();
        Self { calls, faults }
    }

    /// The amount that the calls of a key mostly ask for.
    pub(super) fn usual_amount(key: usize) -> i32 {
        i32::try_from(key).unwrap_or(0) + 10
    }
}

fn call(rng: &mut Rng, keys: usize) -> Call {
    let key = (rng.u32(..6) > 0).then(|| rng.usize(..keys));
    let other = rng.u32(..8) == 0;
    Call {
        key,
        amount: Schedule::usual_amount(key.unwrap_or(KEYS)) + if other { 100 } else { 0 },
        begins: Duration::from_millis(if rng.bool() { 0 } else { rng.u64(..60) }),
        repeats: rng.usize(..4),
        pause: Duration::from_millis(rng.u64(..40)),
    }
}

fn fault(rng: &mut Rng) -> (Place, Fault) {
    let all: u32 = Place::DRAWN.iter().map(|(weight, _)| weight).sum();
    let mut left = rng.u32(..all);
    let drawn = Place::DRAWN.iter().find(|(weight, _)| match left.checked_sub(*weight) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    let place = drawn.map_or(Place::Commit, |(_, place)| *place);
    let by = if rng.bool() { CutBy::Fin } else { CutBy::Reset };
    let fault = match place {
        Place::Connection => Fault::new(ConnectionFault::Cut(by)),
        Place::Login => Fault::new(match rng.u32(..3) {
            0 => LoginFault::Cut(by),
            1 => LoginFault::Fail(at_login(40613)),
            _ => LoginFault::Reply(ReplyFault::Cut { after: rng.u64(..200), by }),
        }),
        Place::Begin => Fault::at(RequestKind::Begin, at_request(rng, by, &[40197])),
        Place::Claim => {
            Fault::at(RequestKind::Statement, at_request(rng, by, &[1205, 1222, 40197])).containing(CLAIM)
        }
        Place::Run => Fault::at(RequestKind::Statement, in_command(rng, by)).containing(EFFECT),
        Place::Record => {
            Fault::at(RequestKind::Statement, at_request(rng, by, &[1205, 40197])).containing(RECORD)
        }
        Place::Commit => Fault::at(RequestKind::Commit, at_commit(rng, by)),
        Place::Rollback => {
            Fault::at(RequestKind::Statement, at_request(rng, by, &[40197])).containing(ROLLBACK)
        }
        Place::LookUp => Fault::at(RequestKind::Statement, at_request(rng, by, &[40197])).containing(LOOK_UP),
    };
    (place, fault.after(rng.u32(..3)).times(rng.u32(1..=2)))
}

/// What can happen to any request.
fn at_request(rng: &mut Rng, by: CutBy, numbers: &[i32]) -> RequestFault {
    let number = rng.choice(numbers).copied().unwrap_or(40197);
    match rng.u32(..6) {
        0 | 1 => RequestFault::Fail(at_statement(number)),
        2 => RequestFault::Cut(by),
        3 => RequestFault::RunThenCut(by),
        4 => RequestFault::Reply(ReplyFault::Cut { after: rng.u64(..60), by }),
        _ => RequestFault::Stall(Until::For(Duration::from_millis(rng.u64(1..120)))),
    }
}

/// What can happen to the command, which has two statements.
fn in_command(rng: &mut Rng, by: CutBy) -> RequestFault {
    match rng.u32(..4) {
        0 => RequestFault::FailInBatch { after_statements: 1, error: at_statement(1205) },
        1 => RequestFault::FailInRows { after_rows: rng.u64(..2), error: at_statement(40197) },
        _ => at_request(rng, by, &[1205, 40197, 40613]),
    }
}

/// What can happen to COMMIT, late effects most of all.
fn at_commit(rng: &mut Rng, by: CutBy) -> RequestFault {
    match rng.u32(..8) {
        0 => RequestFault::Fail(at_statement(41305)),
        1 => RequestFault::Cut(by),
        2 => RequestFault::RunThenFail(at_statement(40197)),
        3 => RequestFault::RunThenCut(by),
        4 => RequestFault::Reply(ReplyFault::Cut { after: rng.u64(..40), by }),
        5 => RequestFault::Stall(Until::For(Duration::from_millis(rng.u64(1..120)))),
        _ => RequestFault::CutThenRun { by, until: Until::For(Duration::from_millis(rng.u64(1..400))) },
    }
}
