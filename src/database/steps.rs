//! The order of one try's requests to the server, and what a fault at one of them means for the unit of work as a whole.
//!
//! Nothing here talks to a server: `attempt.rs` takes the steps with the driver, and the model of the idempotency protocol takes
//! the same ones on a database of its own, in all orders.

use super::Unit;
use super::faults::FaultClass;

/// How often a try begins again because the row of its key was gone when it looked it up: whoever held the key rolled back or
/// the key expired. More often than this, others are at it without end.
const MOST_RESTARTS: u8 = 3;

/// One request to the server, or a few that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Begins the transaction.
    Begin,
    /// Inserts the row of the idempotency key, as the first statement of the transaction.
    Claim,
    /// The command itself.
    Run,
    /// Puts the answer into the key's row.
    Record,
    /// Ends the transaction with its effect.
    Commit,
    /// Ends the transaction without effect, if one is open still.
    Rollback,
    /// Reads the key's row, outside of any transaction.
    LookUp,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It went through.
    Done,
    /// It failed.
    Failed(Trouble),
    /// [`Step::Claim`]: the key has a row already (2627).
    Taken,
    /// [`Step::Claim`]: another holds the key and didn't end within the bounded wait (1222).
    Held,
    /// [`Step::LookUp`]: what the key's row says.
    Found(Stored),
}

/// How a step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The class of the fault by itself: `Unknown` for a connection that broke and for a try that we ended early.
    pub(super) class: FaultClass,
    /// Whether the connection can serve another request: the reply was read to its end, and the session lives.
    pub(super) readable: bool,
}

/// What a key's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// The answer to the same request.
    Answer,
    /// It was claimed for another request.
    OtherRequest,
    /// It was committed without an answer: the command's own code must have ended the transaction.
    Unanswered,
    /// There is none any more.
    Nothing,
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another step.
    Step(Step),
    /// The try is over.
    End(End),
}

/// How a try ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The effect is there and was acknowledged: the answer may leave.
    Acknowledged,
    /// An earlier run of the same request was committed: its answer may leave.
    Replayed,
    /// The key belongs to another request.
    OtherRequest,
    /// Another run holds the key still.
    InProgress,
    /// An earlier run was committed without an answer.
    Unanswered,
    /// It failed; the class is that of the unit as a whole.
    Failed(FaultClass),
}

/// One try's way through its steps.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    unit: Unit,
    may_commit: bool,
    /// What comes after [`Step::Rollback`], whatever becomes of it on a connection that holds.
    after_rollback: Next,
    restarts: u8,
}

impl Sequence {
    /// The way of `unit`. `may_commit`: whether the command calls code that could end the transaction by itself.
    pub(super) fn new(unit: Unit, may_commit: bool) -> Self {
        let after_rollback = Next::End(End::Failed(FaultClass::RolledBack));
        Self { unit, may_commit, after_rollback, restarts: 0 }
    }

    /// The step to begin with.
    pub(super) fn first(&self) -> Step {
        if self.unit.transaction().is_some() { Step::Begin } else { Step::Run }
    }

    /// What follows `step`.
    pub(super) fn after(&mut self, step: Step, outcome: Outcome) -> Next {
        match (step, outcome) {
            // The end was settled before. A connection that didn't roll back is not used again, and its session's end does it.
            (Step::Rollback, Outcome::Failed(_)) => match self.after_rollback {
                end @ Next::End(_) => end,
                Next::Step(_) => Next::End(End::Failed(self.class_of(step, FaultClass::Unknown))),
            },
            (Step::Rollback, _) => self.after_rollback,
            (Step::Claim, Outcome::Taken) => self.roll_back(Next::Step(Step::LookUp)),
            (Step::Claim, Outcome::Held) => self.roll_back(Next::End(End::InProgress)),
            (_, Outcome::Failed(trouble)) => {
                let end = Next::End(End::Failed(self.class_of(step, trouble.class)));
                if trouble.readable && self.may_be_open(step) { self.roll_back(end) } else { end }
            }
            (_, Outcome::Found(stored)) => self.after_look_up(stored),
            (_, Outcome::Done | Outcome::Taken | Outcome::Held) => self.after_success(step),
        }
    }

    /// The class for the unit as a whole of a fault that by itself has the class `class`.
    pub(super) fn class_of(&self, step: Step, class: FaultClass) -> FaultClass {
        if self.unit.transaction().is_none() {
            return class;
        }
        match (step, class) {
            // Nothing of the command was sent.
            (Step::Begin, FaultClass::Unknown | FaultClass::RolledBack) => FaultClass::Opening,
            (Step::Run | Step::Record | Step::Rollback, FaultClass::Unknown) if self.may_commit => {
                FaultClass::Unknown
            }
            // The key has a row, so an earlier run was committed: that nothing took effect would be untrue.
            (Step::LookUp, FaultClass::RolledBack) => FaultClass::Unknown,
            (Step::Rollback, FaultClass::Unknown) if self.is_taken() => FaultClass::Unknown,
            // A session that ends before COMMIT was sent is rolled back, whatever it ended from.
            (Step::Claim | Step::Run | Step::Record | Step::Rollback, FaultClass::Unknown) => {
                FaultClass::RolledBack
            }
            // At COMMIT, what the server refused is definite and the rest isn't, as the fault itself says.
            (_, class) => class,
        }
    }

    /// Whether nothing of the command remains when the connection ends while this step is on its way.
    pub(super) fn is_undone_at(&self, step: Step) -> bool {
        self.unit.transaction().is_some() && self.class_of(step, FaultClass::Unknown) != FaultClass::Unknown
    }

    /// Whether a transaction may be open when this step failed. Without one of ours it is the command's own, or that of a trigger
    /// that a statement fired; a read fires none.
    fn may_be_open(&self, step: Step) -> bool {
        step != Step::LookUp && (self.unit != Unit::Repeatable || self.may_commit)
    }

    /// Whether the key has a row, which is looked up next.
    fn is_taken(&self) -> bool {
        self.after_rollback == Next::Step(Step::LookUp)
    }

    fn is_keyed(&self) -> bool {
        matches!(self.unit, Unit::Keyed(_))
    }

    fn roll_back(&mut self, then: Next) -> Next {
        self.after_rollback = then;
        Next::Step(Step::Rollback)
    }

    fn after_success(&self, step: Step) -> Next {
        match step {
            Step::Begin if self.is_keyed() => Next::Step(Step::Claim),
            Step::Begin | Step::Claim => Next::Step(Step::Run),
            Step::Run if self.is_keyed() => Next::Step(Step::Record),
            Step::Run if self.unit.transaction().is_none() => Next::End(End::Acknowledged),
            Step::Run | Step::Record => Next::Step(Step::Commit),
            Step::Commit => Next::End(End::Acknowledged),
            Step::Rollback => self.after_rollback,
            // A look-up always finds something, if only nothing.
            Step::LookUp => Next::End(End::InProgress),
        }
    }

    fn after_look_up(&mut self, stored: Stored) -> Next {
        match stored {
            Stored::Answer => Next::End(End::Replayed),
            Stored::OtherRequest => Next::End(End::OtherRequest),
            Stored::Unanswered => Next::End(End::Unanswered),
            Stored::Nothing if self.restarts < MOST_RESTARTS => {
                self.restarts += 1;
                Next::Step(Step::Begin)
            }
            Stored::Nothing => Next::End(End::InProgress),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::database::Isolation;

    const TRANSACTION: Unit = Unit::Transaction(Isolation::Default);
    const KEYED: Unit = Unit::Keyed(Isolation::Default);
    const BROKEN: Outcome = Outcome::Failed(Trouble { class: FaultClass::Unknown, readable: false });

    fn refused(class: FaultClass) -> Outcome {
        Outcome::Failed(Trouble { class, readable: true })
    }

    /// The steps that `outcomes` lead through, and the end.
    fn walk(unit: Unit, may_commit: bool, outcomes: &[Outcome]) -> (Vec<Step>, Option<End>) {
        let mut sequence = Sequence::new(unit, may_commit);
        let mut step = sequence.first();
        let mut steps = vec![step];
        for outcome in outcomes {
            match sequence.after(step, *outcome) {
                Next::Step(next) => {
                    step = next;
                    steps.push(next);
                }
                Next::End(end) => return (steps, Some(end)),
            }
        }
        (steps, None)
    }

    #[test]
    fn a_unit_outside_of_a_transaction_of_ours_is_one_step() {
        for unit in [Unit::Repeatable, Unit::SingleStatement, Unit::OnItsOwn] {
            assert_eq!(walk(unit, true, &[Outcome::Done]), (vec![Step::Run], Some(End::Acknowledged)));
            let (steps, end) = walk(unit, true, &[BROKEN]);
            assert_eq!((steps, end), (vec![Step::Run], Some(End::Failed(FaultClass::Unknown))));
        }
    }

    #[test]
    fn what_a_failed_statement_may_have_left_open_is_rolled_back_and_its_class_stays() {
        for class in [FaultClass::RolledBack, FaultClass::Unknown, FaultClass::Permanent] {
            for (unit, may_commit) in
                [(Unit::SingleStatement, false), (Unit::OnItsOwn, true), (Unit::Repeatable, true)]
            {
                for rolled_back in [Outcome::Done, BROKEN] {
                    let (steps, end) = walk(unit, may_commit, &[refused(class), rolled_back]);
                    assert_eq!((steps, end), (vec![Step::Run, Step::Rollback], Some(End::Failed(class))));
                }
            }
            let (steps, end) = walk(Unit::Repeatable, false, &[refused(class)]);
            assert_eq!((steps, end), (vec![Step::Run], Some(End::Failed(class))), "a read leaves nothing");
        }
    }

    #[test]
    fn a_transaction_is_acknowledged_by_its_commit_and_by_nothing_before() {
        let (steps, end) = walk(TRANSACTION, false, &[Outcome::Done; 3]);
        assert_eq!(steps, [Step::Begin, Step::Run, Step::Commit]);
        assert_eq!(end, Some(End::Acknowledged));
    }

    #[test]
    fn a_key_is_claimed_before_the_command_and_answered_before_the_commit() {
        let (steps, end) = walk(KEYED, false, &[Outcome::Done; 5]);
        assert_eq!(steps, [Step::Begin, Step::Claim, Step::Run, Step::Record, Step::Commit]);
        assert_eq!(end, Some(End::Acknowledged));
    }

    #[test]
    fn what_the_server_refuses_is_rolled_back_by_request() {
        let (steps, end) =
            walk(TRANSACTION, false, &[Outcome::Done, refused(FaultClass::Permanent), Outcome::Done]);
        assert_eq!(steps, [Step::Begin, Step::Run, Step::Rollback]);
        assert_eq!(end, Some(End::Failed(FaultClass::Permanent)));
    }

    #[test]
    fn a_rollback_that_fails_leaves_the_end_as_it_was() {
        for unit in [TRANSACTION, KEYED] {
            let (_, end) = walk(unit, false, &[Outcome::Done, refused(FaultClass::Permanent), BROKEN]);
            assert_eq!(end, Some(End::Failed(FaultClass::Permanent)));
        }
        let (_, end) = walk(KEYED, false, &[Outcome::Done, Outcome::Taken, BROKEN]);
        assert_eq!(end, Some(End::Failed(FaultClass::Unknown)), "no look-up on a connection that broke");
    }

    #[test]
    fn a_connection_that_breaks_before_the_commit_leaves_nothing() {
        assert_eq!(walk(TRANSACTION, false, &[BROKEN]).1, Some(End::Failed(FaultClass::Opening)));
        let (steps, end) = walk(TRANSACTION, false, &[Outcome::Done, BROKEN]);
        assert_eq!((steps.len(), end), (2, Some(End::Failed(FaultClass::RolledBack))));
    }

    #[test]
    fn code_that_could_commit_on_its_own_leaves_nobody_certain() {
        let (_, end) = walk(TRANSACTION, true, &[Outcome::Done, BROKEN]);
        assert_eq!(end, Some(End::Failed(FaultClass::Unknown)));
        let (_, end) = walk(KEYED, true, &[Outcome::Done, BROKEN]);
        assert_eq!(end, Some(End::Failed(FaultClass::RolledBack)), "the claim is no code of the command's");
    }

    #[test]
    fn a_commit_is_unknown_only_when_nobody_refused_it() {
        let until_commit = |last| [Outcome::Done, Outcome::Done, last, Outcome::Done];
        assert_eq!(walk(TRANSACTION, false, &until_commit(BROKEN)).1, Some(End::Failed(FaultClass::Unknown)));
        for class in [FaultClass::RolledBack, FaultClass::Permanent] {
            let (steps, end) = walk(TRANSACTION, false, &until_commit(refused(class)));
            assert_eq!((steps.last(), end), (Some(&Step::Rollback), Some(End::Failed(class))));
        }
    }

    #[test]
    fn a_taken_key_is_looked_up_outside_of_the_transaction() {
        let look_up = |stored| [Outcome::Done, Outcome::Taken, Outcome::Done, Outcome::Found(stored)];
        for (stored, expected) in [
            (Stored::Answer, End::Replayed),
            (Stored::OtherRequest, End::OtherRequest),
            (Stored::Unanswered, End::Unanswered),
        ] {
            let (steps, end) = walk(KEYED, false, &look_up(stored));
            assert_eq!(steps, [Step::Begin, Step::Claim, Step::Rollback, Step::LookUp]);
            assert_eq!(end, Some(expected));
        }
    }

    #[test]
    fn nobody_is_told_that_nothing_took_effect_once_the_key_is_known_to_have_a_row() {
        let taken = [Outcome::Done, Outcome::Taken];
        for (last, what) in [
            (vec![BROKEN], "rollback"),
            (vec![Outcome::Done, BROKEN], "look-up"),
            (vec![Outcome::Done, refused(FaultClass::RolledBack)], "victim of a deadlock"),
        ] {
            let (_, end) = walk(KEYED, false, &[taken.as_slice(), &last].concat());
            assert_eq!(end, Some(End::Failed(FaultClass::Unknown)), "{what}");
        }
        let mut sequence = Sequence::new(KEYED, false);
        assert!(!sequence.is_undone_at(Step::LookUp));
        sequence.after(Step::Claim, Outcome::Taken);
        assert!(!sequence.is_undone_at(Step::Rollback));
        // Gone when it was looked up: what is claimed then is this call's own.
        sequence.after(Step::LookUp, Outcome::Found(Stored::Nothing));
        assert!(sequence.is_undone_at(Step::Claim));
        sequence.after(Step::Run, refused(FaultClass::Permanent));
        assert!(sequence.is_undone_at(Step::Rollback));
    }

    #[test]
    fn a_key_that_is_gone_when_it_is_looked_up_is_claimed_again_a_few_times() {
        let round = [Outcome::Done, Outcome::Taken, Outcome::Done, Outcome::Found(Stored::Nothing)];
        let (steps, end) = walk(KEYED, false, &round);
        assert_eq!((steps.last(), end), (Some(&Step::Begin), None));
        let (steps, end) = walk(KEYED, false, &round.repeat(100));
        assert_eq!(end, Some(End::InProgress));
        assert_eq!(steps.iter().filter(|step| **step == Step::Claim).count(), usize::from(MOST_RESTARTS) + 1);
    }

    #[test]
    fn a_key_that_another_holds_ends_the_try_without_effect() {
        let (steps, end) = walk(KEYED, false, &[Outcome::Done, Outcome::Held, Outcome::Done]);
        assert_eq!((steps.last(), end), (Some(&Step::Rollback), Some(End::InProgress)));
    }

    #[test]
    fn a_try_that_ends_early_is_undone_until_the_commit_is_on_its_way() {
        let sequence = Sequence::new(KEYED, false);
        for step in [Step::Begin, Step::Claim, Step::Run, Step::Record, Step::Rollback] {
            assert!(sequence.is_undone_at(step), "{step:?}");
        }
        assert!(!sequence.is_undone_at(Step::Commit));
        assert!(!Sequence::new(KEYED, true).is_undone_at(Step::Run));
        assert!(!Sequence::new(Unit::SingleStatement, false).is_undone_at(Step::Run));
    }

    fn any_unit() -> impl Strategy<Value = Unit> {
        prop_oneof![
            Just(Unit::Repeatable),
            Just(Unit::RepeatableTransaction(Isolation::Snapshot)),
            Just(Unit::SingleStatement),
            Just(TRANSACTION),
            Just(KEYED),
            Just(Unit::OnItsOwn),
        ]
    }

    fn any_outcome() -> impl Strategy<Value = Outcome> {
        let class =
            prop_oneof![Just(FaultClass::RolledBack), Just(FaultClass::Unknown), Just(FaultClass::Permanent)];
        prop_oneof![
            4 => Just(Outcome::Done),
            2 => (class, any::<bool>())
                .prop_map(|(class, readable)| Outcome::Failed(Trouble { class, readable })),
            1 => Just(Outcome::Taken),
            1 => Just(Outcome::Held),
            1 => Just(Outcome::Found(Stored::Nothing)),
            1 => Just(Outcome::Found(Stored::Answer)),
        ]
    }

    /// Outcomes that the step can have.
    fn fits(step: Step, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Done => step != Step::LookUp,
            Outcome::Failed(_) => true,
            Outcome::Taken | Outcome::Held => step == Step::Claim,
            Outcome::Found(_) => step == Step::LookUp,
        }
    }

    proptest! {
        #[test]
        fn nothing_is_acknowledged_without_its_last_step_and_nothing_undone_is_committed(
            unit in any_unit(),
            may_commit in any::<bool>(),
            outcomes in prop::collection::vec(any_outcome(), 0..60),
        ) {
            let mut sequence = Sequence::new(unit, may_commit);
            let mut step = sequence.first();
            let (mut in_transaction, mut was_run, mut was_claimed) = (false, false, false);
            for outcome in outcomes {
                if !fits(step, outcome) {
                    continue;
                }
                let is_done = outcome == Outcome::Done;
                match step {
                    Step::Begin => {
                        prop_assert!(!in_transaction, "a transaction in a transaction");
                        (in_transaction, was_run, was_claimed) = (is_done, false, false);
                    }
                    Step::Claim => was_claimed = is_done,
                    Step::Run => {
                        prop_assert_eq!(in_transaction, unit.transaction().is_some());
                        prop_assert_eq!(was_claimed, matches!(unit, Unit::Keyed(_)), "effect before claim");
                        was_run = is_done;
                    }
                    Step::Record => prop_assert!(was_run && was_claimed),
                    Step::Commit => {
                        prop_assert!(in_transaction && was_run);
                        in_transaction = !is_done;
                    }
                    Step::Rollback => in_transaction = !is_done,
                    Step::LookUp => prop_assert!(!in_transaction, "a look-up inside the transaction sees its own claim"),
                }
                match sequence.after(step, outcome) {
                    Next::Step(next) => step = next,
                    Next::End(End::Acknowledged) => {
                        prop_assert!(was_run && is_done && !in_transaction);
                        prop_assert_eq!(step == Step::Commit, unit.transaction().is_some());
                        return Ok(());
                    }
                    Next::End(End::Failed(FaultClass::RolledBack | FaultClass::Opening)) => {
                        let unsaid = matches!(outcome, Outcome::Failed(Trouble { class: FaultClass::Unknown, .. }));
                        prop_assert!(!(step == Step::Commit && unsaid), "an unknown commit passed for undone");
                        return Ok(());
                    }
                    Next::End(_) => return Ok(()),
                }
            }
        }
    }
}
