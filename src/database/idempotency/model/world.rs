//! The model's server, its calls, and what can happen next.

use std::fmt;

use crate::database::faults::FaultClass;
use crate::database::steps::{End, Next, Outcome, Sequence, Step, Stored, Trouble};
use crate::database::{Isolation, Unit};

const UNIT: Unit = Unit::Keyed(Isolation::Default);
const CUT: Outcome = Outcome::Failed(Trouble { class: FaultClass::Unknown, readable: false });

/// A law that doesn't hold.
#[derive(Debug)]
pub(super) struct Breach(pub(super) &'static str);

/// In which order a call takes its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// As `steps.rs` says.
    OfTheWorker,
    /// Wrong: looks the key up and runs when there is none; the row is written with the answer, whoever wrote it before.
    LooksUpFirst,
    /// Wrong: claims when the command has run, in the same transaction.
    ClaimsAfterTheEffect,
    /// Wrong: claims when the command is committed, in a transaction of its own.
    ClaimsAfterTheCommit,
}

/// What the command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Something that can be done twice, as adding to a balance can.
    Adds,
    /// A row under a primary key of the command's own: a second one is refused (2627), and waits for the first to end.
    InsertsItsOwnKey,
}

/// A transaction on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Transaction {
    holds_key: bool,
    is_answered: bool,
    has_effect: bool,
}

/// A session whose client is gone, which the server doesn't know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Orphan {
    /// It will be rolled back.
    Open(Transaction),
    /// Its claim still waits, or is still on its way.
    Claiming(Transaction),
    /// Its COMMIT is on its way.
    Committing(Transaction),
}

impl Orphan {
    fn transaction(self) -> Transaction {
        match self {
            Self::Open(transaction) | Self::Claiming(transaction) | Self::Committing(transaction) => {
                transaction
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// About to take this step, or waiting in it.
    At(Step),
    Acknowledged,
    Replayed,
    Failed,
}

/// A call with the key: its tries, and its caller's repeats after a crash.
#[derive(Clone, Debug)]
struct Call {
    phase: Phase,
    sequence: Order,
    transaction: Option<Transaction>,
    tries_left: u8,
}

/// What can happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The server does the step, and says so.
    Does(usize, Step),
    /// The wait for the key is over.
    WaitIsOver(usize),
    /// The connection is cut.
    Cut(usize, Step),
    /// The worker dies; the caller calls again if it has patience left.
    Crash(usize, Step),
    /// The server refuses the step, definitely.
    Refuses(usize, Step, FaultClass),
    /// The server finds out that a session's client is gone, and rolls it back.
    RollsBackLate(usize),
    /// The COMMIT of a session without a client goes through.
    CommitsLate(usize),
    /// The claim of a session without a client goes through.
    ClaimsLate(usize),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Does(call, step) => write!(f, "call {call}: {step:?}"),
            Self::WaitIsOver(call) => write!(f, "call {call}: the wait for the key is over"),
            Self::Cut(call, step) => write!(f, "call {call}: cut at {step:?}"),
            Self::Crash(call, step) => write!(f, "call {call}: the worker dies at {step:?}"),
            Self::Refuses(call, step, class) => write!(f, "call {call}: {step:?} refused ({class:?})"),
            Self::RollsBackLate(orphan) => write!(f, "the server rolls back late (session {orphan})"),
            Self::CommitsLate(orphan) => write!(f, "the server commits late (session {orphan})"),
            Self::ClaimsLate(orphan) => write!(f, "the server claims late (session {orphan})"),
        }
    }
}

/// Everything there is.
#[derive(Clone, Debug)]
pub(super) struct World {
    protocol: Protocol,
    effect: Effect,
    /// The key's row, if it is committed: whether it has an answer.
    row: Option<bool>,
    /// Committed effects.
    effects: u8,
    calls: Vec<Call>,
    orphans: Vec<Orphan>,
    faults_left: u8,
}

impl World {
    /// So many calls with so many tries each, and so many faults among them all.
    pub(super) fn new(protocol: Protocol, effect: Effect, calls: usize, tries: u8, faults: u8) -> Self {
        let sequence = Order::new(protocol);
        let phase = Phase::At(sequence.first());
        let call = Call { phase, sequence, transaction: None, tries_left: tries.saturating_sub(1) };
        let calls = vec![call; calls];
        Self { protocol, effect, row: None, effects: 0, calls, orphans: Vec::new(), faults_left: faults }
    }

    /// The laws of every state.
    pub(super) fn check(&self) -> Result<(), Breach> {
        if self.effects > 1 {
            return Err(Breach("the effect was committed twice"));
        }
        let is_answered = |call: &Call| matches!(call.phase, Phase::Acknowledged | Phase::Replayed);
        if self.effects == 0 && self.calls.iter().any(is_answered) {
            return Err(Breach("a call was answered without its effect"));
        }
        if self.protocol == Protocol::OfTheWorker && (self.effects == 1) != (self.row == Some(true)) {
            return Err(Breach("effect and answer are not there together"));
        }
        Ok(())
    }

    /// The law of states after which nothing happens any more.
    pub(super) fn check_end(&self) -> Result<(), Breach> {
        if self.calls.iter().any(|call| matches!(call.phase, Phase::At(_))) || !self.orphans.is_empty() {
            return Err(Breach("a call never ends"));
        }
        Ok(())
    }

    pub(super) fn is_all_answered(&self) -> bool {
        self.calls.iter().all(|call| matches!(call.phase, Phase::Acknowledged | Phase::Replayed))
    }

    pub(super) fn has_replayed(&self) -> bool {
        self.calls.iter().any(|call| call.phase == Phase::Replayed)
    }

    /// The transactions of all but one call.
    fn others(&self, call: Option<usize>) -> impl Iterator<Item = Transaction> {
        let of_calls = self.calls.iter().enumerate().filter(move |(index, _)| Some(*index) != call);
        let of_calls = of_calls.filter_map(|(_, call)| call.transaction);
        of_calls.chain(self.orphans.iter().map(|orphan| orphan.transaction()))
    }

    fn waits_for_key(&self, call: Option<usize>) -> bool {
        self.others(call).any(|other| other.holds_key)
    }

    fn waits_for_effect(&self, call: usize) -> bool {
        self.effect == Effect::InsertsItsOwnKey && self.others(Some(call)).any(|other| other.has_effect)
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for (index, call) in self.calls.iter().enumerate() {
            let Phase::At(step) = call.phase else { continue };
            match step {
                Step::Claim if self.waits_for_key(Some(index)) => events.push(Event::WaitIsOver(index)),
                Step::Run if self.waits_for_effect(index) => {}
                _ => events.push(Event::Does(index, step)),
            }
            if self.faults_left > 0 {
                events.push(Event::Cut(index, step));
                events.push(Event::Crash(index, step));
                match step {
                    Step::Run => events.push(Event::Refuses(index, step, FaultClass::Permanent)),
                    Step::Commit => {
                        events.push(Event::Refuses(index, step, FaultClass::RolledBack));
                        events.push(Event::Refuses(index, step, FaultClass::Permanent));
                    }
                    _ => {}
                }
            }
        }
        for (index, orphan) in self.orphans.iter().enumerate() {
            events.push(Event::RollsBackLate(index));
            match orphan {
                Orphan::Committing(_) => events.push(Event::CommitsLate(index)),
                Orphan::Claiming(_) if self.row.is_none() && !self.waits_for_key(None) => {
                    events.push(Event::ClaimsLate(index));
                }
                Orphan::Open(_) | Orphan::Claiming(_) => {}
            }
        }
        events
    }

    pub(super) fn after(&self, event: Event) -> Result<Self, Breach> {
        let mut next = self.clone();
        match event {
            Event::Does(call, step) => {
                let outcome = next.take(call, step)?;
                next.proceed(call, step, outcome)?;
            }
            Event::WaitIsOver(call) => {
                // XACT_ABORT: the error ends the transaction.
                next.calls[call].transaction = None;
                next.proceed(call, Step::Claim, Outcome::Held)?;
            }
            Event::Cut(call, step) => {
                next.faults_left -= 1;
                next.orphan(call, step);
                next.proceed(call, step, CUT)?;
            }
            Event::Crash(call, step) => {
                next.faults_left -= 1;
                next.orphan(call, step);
                next.try_again(call);
            }
            Event::Refuses(call, step, class) => {
                next.faults_left -= 1;
                if step == Step::Commit {
                    next.calls[call].transaction = None;
                }
                next.proceed(call, step, Outcome::Failed(Trouble { class, readable: true }))?;
            }
            Event::RollsBackLate(orphan) => {
                next.orphans.remove(orphan);
            }
            Event::CommitsLate(orphan) => {
                let transaction = next.orphans.remove(orphan).transaction();
                next.commit(transaction);
            }
            Event::ClaimsLate(orphan) => {
                let transaction = next.orphans.remove(orphan).transaction();
                next.orphans.push(Orphan::Open(Transaction { holds_key: true, ..transaction }));
            }
        }
        next.orphans.sort_unstable();
        Ok(next)
    }

    /// The server does a step of a call.
    fn take(&mut self, call: usize, step: Step) -> Result<Outcome, Breach> {
        let mut transaction = self.calls[call].transaction;
        let mut outcome = Outcome::Done;
        match (step, &mut transaction) {
            (Step::Begin, _) => transaction = Some(Transaction::default()),
            (Step::LookUp, _) => {
                outcome = Outcome::Found(match self.row {
                    None => Stored::Nothing,
                    Some(true) => Stored::Answer,
                    Some(false) => Stored::Unanswered,
                });
            }
            (Step::Rollback, _) => transaction = None,
            (Step::Commit, _) => {
                if let Some(transaction) = transaction.take() {
                    self.commit(transaction);
                }
            }
            (Step::Claim, _) if self.row.is_some() => (transaction, outcome) = (None, Outcome::Taken),
            (Step::Claim, Some(open)) => open.holds_key = true,
            (Step::Run, _) if self.effect == Effect::InsertsItsOwnKey && self.effects > 0 => {
                return Err(Breach("a repeat was refused (2627) though its own effect is there"));
            }
            (Step::Run, Some(open)) => open.has_effect = true,
            (Step::Record, Some(open)) => open.is_answered = true,
            (Step::Claim | Step::Run | Step::Record, None) => {
                return Err(Breach("a step ran outside of the transaction"));
            }
        }
        self.calls[call].transaction = transaction;
        Ok(outcome)
    }

    fn commit(&mut self, transaction: Transaction) {
        self.effects += u8::from(transaction.has_effect);
        if transaction.holds_key || transaction.is_answered {
            self.row = Some(transaction.is_answered);
        }
    }

    /// The client of a call's session is gone while this step was on its way.
    fn orphan(&mut self, call: usize, step: Step) {
        let Some(transaction) = self.calls[call].transaction.take() else { return };
        self.orphans.push(match step {
            Step::Commit => Orphan::Committing(transaction),
            Step::Claim => Orphan::Claiming(transaction),
            _ => Orphan::Open(transaction),
        });
    }

    /// The call hears of its step, and does what its protocol says.
    fn proceed(&mut self, call: usize, step: Step, outcome: Outcome) -> Result<(), Breach> {
        let next = self.calls[call].sequence.after(step, outcome);
        let end = match next {
            Next::Step(step) => {
                self.calls[call].phase = Phase::At(step);
                return Ok(());
            }
            Next::End(end) => end,
        };
        let is_unknown = step == Step::Commit && outcome == CUT;
        match end {
            End::Acknowledged => self.calls[call].phase = Phase::Acknowledged,
            End::Replayed => self.calls[call].phase = Phase::Replayed,
            End::Unanswered => return Err(Breach("an effect is there without an answer")),
            End::OtherRequest => return Err(Breach("a call took its own key for another request's")),
            End::Failed(FaultClass::RolledBack | FaultClass::Opening | FaultClass::Permanent)
                if is_unknown =>
            {
                return Err(Breach("a COMMIT that may go through passed for undone"));
            }
            // The caller is told to come back.
            End::InProgress => self.try_again(call),
            End::Failed(class) if UNIT.repeats_after(class) => self.try_again(call),
            End::Failed(_) => self.calls[call].phase = Phase::Failed,
        }
        Ok(())
    }

    fn try_again(&mut self, call: usize) {
        let sequence = Order::new(self.protocol);
        let call = &mut self.calls[call];
        // A connection that was kept has no transaction open by now; one that was cut is an orphan.
        call.transaction = None;
        call.phase = Phase::Failed;
        if call.tries_left > 0 {
            call.tries_left -= 1;
            call.phase = Phase::At(sequence.first());
        }
        call.sequence = sequence;
    }
}

/// The order of a call's steps: the worker's own, or one that is wrong on purpose.
#[derive(Clone, Debug)]
enum Order {
    Real(Sequence),
    /// The steps that are left; what comes after a step that didn't go through is as simple as can be.
    Wrong(Protocol, usize),
}

impl Order {
    fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::OfTheWorker => Self::Real(Sequence::new(UNIT, false)),
            wrong => Self::Wrong(wrong, 0),
        }
    }

    fn steps(protocol: Protocol) -> &'static [Step] {
        match protocol {
            Protocol::OfTheWorker => &[],
            Protocol::LooksUpFirst => &[Step::LookUp, Step::Begin, Step::Run, Step::Record, Step::Commit],
            Protocol::ClaimsAfterTheEffect => {
                &[Step::Begin, Step::Run, Step::Claim, Step::Record, Step::Commit]
            }
            Protocol::ClaimsAfterTheCommit => {
                &[Step::Begin, Step::Run, Step::Commit, Step::Begin, Step::Claim, Step::Record, Step::Commit]
            }
        }
    }

    fn first(&self) -> Step {
        match self {
            Self::Real(sequence) => sequence.first(),
            Self::Wrong(protocol, _) => Self::steps(*protocol)[0],
        }
    }

    fn after(&mut self, step: Step, outcome: Outcome) -> Next {
        let (protocol, place) = match self {
            Self::Real(sequence) => return sequence.after(step, outcome),
            Self::Wrong(protocol, place) => (*protocol, place),
        };
        match outcome {
            Outcome::Found(Stored::Answer) => Next::End(End::Replayed),
            Outcome::Done | Outcome::Found(_) => {
                *place += 1;
                Self::steps(protocol)
                    .get(*place)
                    .map_or(Next::End(End::Acknowledged), |step| Next::Step(*step))
            }
            Outcome::Taken => Next::End(End::Replayed),
            Outcome::Held => Next::End(End::InProgress),
            Outcome::Failed(trouble) => Next::End(End::Failed(trouble.class)),
        }
    }
}
