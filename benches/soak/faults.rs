//! The faults of a soak: all kinds in turn, drawn from the seed, a set share of the requests.

use std::collections::BTreeMap;

use fastrand::Rng;
use local_azure::sql::SqlServer;

/// One fault that the SQL endpoint makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A login is refused with this number.
    Login(i32),
    /// A statement fails with this number and does not run; from severity 20 its connection ends.
    Statement(i32),
    /// A statement hangs until its caller cancels it.
    Stall,
    /// The tokens of all sessions expire.
    ExpiredTokens,
}

/// Faults by how often they are drawn.
const KINDS: [(u32, Fault); 11] = [
    (4, Fault::Login(40613)),
    (2, Fault::Login(40197)),
    (2, Fault::Login(10928)),
    (1, Fault::Login(18456)),
    (20, Fault::Statement(1205)),
    (20, Fault::Statement(40197)),
    (10, Fault::Statement(40613)),
    (5, Fault::Statement(40501)),
    (10, Fault::Statement(10928)),
    (20, Fault::Stall),
    (1, Fault::ExpiredTokens),
];

/// Makes the faults, and counts them.
#[derive(Debug)]
pub(crate) struct Faults {
    rng: Rng,
    percent: u32,
    made: BTreeMap<Fault, usize>,
}

impl Faults {
    pub(crate) fn new(seed: u64, percent: u32) -> Self {
        Self { rng: Rng::with_seed(seed), percent, made: BTreeMap::new() }
    }

    /// A request is about to be sent: perhaps there is a fault.
    pub(crate) fn before_request(&mut self, sql: &SqlServer) {
        // Drawn whether it is made or not, so that the same seed makes the same faults.
        let happens = self.rng.u32(..100) < self.percent;
        let fault = draw(&mut self.rng);
        if happens {
            *self.made.entry(fault).or_default() += 1;
            make(fault, sql);
        }
    }

    /// How many of each kind were made.
    pub(crate) fn made(&self) -> &BTreeMap<Fault, usize> {
        &self.made
    }
}

fn draw(rng: &mut Rng) -> Fault {
    let all: u32 = KINDS.iter().map(|(weight, _)| weight).sum();
    let mut place = rng.u32(..all);
    for (weight, fault) in KINDS {
        match place.checked_sub(weight) {
            Some(rest) => place = rest,
            None => return fault,
        }
    }
    Fault::Stall
}

fn make(fault: Fault, sql: &SqlServer) {
    let faults = sql.faults();
    match fault {
        Fault::Login(number) => faults.fail_logins(number, 1),
        Fault::Statement(number) => faults.fail_statements(number, 1),
        Fault::Stall => faults.stall_statements(1),
        Fault::ExpiredTokens => faults.expire_sessions(),
    }
}
