//! What the callers of one schedule were told, held against the table of the effects.

use std::collections::BTreeSet;

use super::schedule::{KEYS, Schedule};

/// What one try of a caller came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Acknowledged, with the effect's row number in the answer.
    Done { id: i64, amount: i32 },
    /// It did not happen: a problem of this kind says so.
    Refused(String),
    /// The key belongs to another request.
    OtherRequest,
    /// Nobody knows.
    Unknown(String),
}

/// A caller's tries.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Which of the schedule's keys, or None and which call.
    pub(super) key: Result<usize, usize>,
    pub(super) amount: i32,
    pub(super) told: Vec<Told>,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) id: i64,
    /// Which of the schedule's tickets: a key, or a call without one.
    pub(super) ticket: usize,
    pub(super) amount: i32,
}

/// The ticket of a key, or of a call without one: what makes its effects known in the table.
pub(super) fn ticket(key: Result<usize, usize>) -> usize {
    match key {
        Ok(key) => key,
        Err(call) => KEYS + call,
    }
}

/// The most tickets that a schedule has.
pub(super) const TICKETS: usize = KEYS + 4;

/// Everything that breaks a law. `settled`: each key was called once more after the faults were over, with its usual amount,
/// so nothing may be open. `total_off`: by how much the running total differs from the effects.
pub(super) fn breaks(
    histories: &[History],
    effects: &[Effect],
    settled: bool,
    total_off: i64,
) -> Vec<String> {
    let mut breaks = Vec::new();
    if total_off != 0 {
        breaks.push(format!("the running total is off by {total_off}: a transaction took effect in part"));
    }
    let tickets: BTreeSet<usize> = histories.iter().map(|history| ticket(history.key)).collect();
    for effect in effects.iter().filter(|effect| !tickets.contains(&effect.ticket)) {
        breaks.push(format!("nobody asked for {effect:?}"));
    }
    for ticket_of_law in tickets {
        let mine: Vec<&History> =
            histories.iter().filter(|history| ticket(history.key) == ticket_of_law).collect();
        let there: Vec<Effect> =
            effects.iter().copied().filter(|effect| effect.ticket == ticket_of_law).collect();
        let what = if ticket_of_law < KEYS {
            format!("key {ticket_of_law}")
        } else {
            format!("ticket {ticket_of_law}")
        };
        let told = || mine.iter().flat_map(|history| history.told.iter().map(|told| (history.amount, told)));
        if there.len() > 1 {
            breaks.push(format!("{what} took effect {} times", there.len()));
        }
        for (asked, told_done) in told() {
            let Told::Done { id, amount } = told_done else { continue };
            if asked != *amount {
                breaks.push(format!("{what}: a caller who asked for {asked} was told {amount}"));
            }
            if !there.iter().any(|effect| effect.id == *id && effect.amount == *amount) {
                breaks.push(format!("{what}: row {id} of {amount} was acknowledged, and is not there"));
            }
        }
        for effect in &there {
            if !mine.iter().any(|history| history.amount == effect.amount) {
                breaks.push(format!("{what}: nobody asked for {}", effect.amount));
            }
            let possible = told().any(|(asked, told)| {
                asked == effect.amount && matches!(told, Told::Done { .. } | Told::Unknown(_))
            });
            if !possible {
                breaks.push(format!("{what} took effect, and all who asked for it were told that it didn't"));
            }
        }
        let answered = told().any(|(_, told)| matches!(told, Told::Done { .. } | Told::OtherRequest));
        if settled && ticket_of_law < KEYS && !answered {
            breaks.push(format!("{what} gets no answer, though all faults are over"));
        }
        if told().any(|(_, told)| *told == Told::OtherRequest) && there.is_empty() {
            breaks.push(format!("{what} is held by a request that never took effect"));
        }
    }
    breaks
}

impl Schedule {
    /// All of it, for whoever has to find out what went wrong.
    pub(super) fn story(&self, histories: &[History], effects: &[Effect]) -> String {
        let mut story = String::new();
        for call in &self.calls {
            story.push_str(&format!("  {call:?}\n"));
        }
        for (place, fault) in &self.faults {
            story.push_str(&format!(
                "  {place:?}: {:?} {:?} times {:?}\n",
                fault.strike, fault.only, fault.times
            ));
        }
        for history in histories {
            story.push_str(&format!("  {history:?}\n"));
        }
        for effect in effects {
            story.push_str(&format!("  {effect:?}\n"));
        }
        story
    }
}

/// The laws themselves, on accounts made up by hand: each breach is seen, and what is right is not blamed.
#[test]
fn each_law_sees_its_breach_and_blames_nothing_else() {
    let done = |id| Told::Done { id, amount: 10 };
    let unknown = || Told::Unknown("500 outcome-unknown".to_owned());
    let refused = || Told::Refused("503 unavailable".to_owned());
    let history = |told: Vec<Told>| History { key: Ok(0), amount: 10, told };
    let effect = |id| Effect { id, ticket: 0, amount: 10 };
    let check =
        |told: Vec<Told>, effects: &[Effect], settled| breaks(&[history(told)], effects, settled, 0).len();

    assert_eq!(check(vec![unknown(), done(1), done(1)], &[effect(1)], true), 0);
    assert_eq!(check(vec![unknown()], &[], false), 0);
    assert_eq!(check(vec![unknown()], &[effect(1)], false), 0);
    assert_eq!(check(vec![refused()], &[], false), 0);

    assert_ne!(check(vec![done(1)], &[], false), 0, "lost");
    assert_ne!(check(vec![done(1)], &[effect(1), effect(2)], false), 0, "doubled");
    assert_ne!(check(vec![unknown()], &[effect(1), effect(2)], false), 0, "doubled though unknown");
    assert_ne!(check(vec![refused()], &[effect(1)], false), 0, "refused, and there");
    assert_ne!(check(vec![done(1), done(2)], &[effect(2)], false), 0, "another answer to the same key");
    assert_ne!(check(vec![unknown()], &[], true), 0, "never settled");
    assert_ne!(check(vec![Told::OtherRequest], &[], false), 0, "held by nobody");
    assert_ne!(breaks(&[], &[effect(1)], false, 0).len(), 0, "a stranger");
    assert_ne!(breaks(&[history(vec![done(1)])], &[effect(1)], true, 5).len(), 0, "torn");
}
