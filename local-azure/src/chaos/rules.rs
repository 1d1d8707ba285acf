//! The rules of a running script: how often each was met and struck, and which one strikes now.

use super::draw;
use super::script::{Fault, Place, Rule, Script};

/// A script with its counts.
#[derive(Debug)]
pub(super) struct RunningScript {
    script: Script,
    counts: Vec<Counts>,
}

/// How often a rule was met, and how often it struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events at its place, with its text in them, that no rule before it struck.
    pub met: u64,
    /// Those of them that it struck.
    pub struck: u64,
}

impl RunningScript {
    pub(super) fn new(script: Script) -> Self {
        let counts = vec![Counts::default(); script.rules.len()];
        Self { script, counts }
    }

    pub(super) fn script(&self) -> &Script {
        &self.script
    }

    /// Each rule with its counts, in the script's order.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&Rule, Counts)> {
        self.script.rules.iter().zip(self.counts.iter().copied())
    }

    /// The fault that meets an event at this place, if one does, of those that `fits` takes; `text` is the statement's,
    /// where there is one.
    pub(super) fn strike(
        &mut self,
        place: Place,
        text: Option<&str>,
        fits: impl Fn(&Fault) -> bool,
    ) -> Option<Fault> {
        let seed = self.script.seed;
        let mut lower_case = None;
        for ((number, rule), counts) in (0_u64..).zip(&self.script.rules).zip(&mut self.counts) {
            if rule.fault.place() != place || !fits(&rule.fault) {
                continue;
            }
            if let Some(part) = &rule.matching {
                let text = lower_case.get_or_insert_with(|| text.unwrap_or_default().to_lowercase());
                if !text.contains(part) {
                    continue;
                }
            }
            let event = counts.met;
            counts.met = counts.met.saturating_add(1);
            let is_due = event >= rule.after && rule.times.is_none_or(|times| counts.struck < times);
            if is_due && draw::strikes(seed, number, event, rule.probability) {
                counts.struck = counts.struck.saturating_add(1);
                return Some(rule.fault.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;
    use crate::sql::faults::LoginFault;

    fn running(text: &str) -> RunningScript {
        RunningScript::new(Script::parse(text, &Place::ALL).unwrap())
    }

    fn strikes(script: &mut RunningScript, place: Place, events: usize) -> Vec<bool> {
        (0..events).map(|_| script.strike(place, None, |_| true).is_some()).collect()
    }

    #[test]
    fn a_rule_waits_strikes_and_has_had_enough() {
        let mut script = running(
            r#"{ "rules": [ { "at": "login", "after": 2, "times": 3, "fault": { "error": 40613 } } ] }"#,
        );

        let struck = strikes(&mut script, Place::Login, 7);

        assert_eq!(struck, [false, false, true, true, true, false, false]);
        let counts: Vec<_> = script.counted().map(|(_, counts)| counts).collect();
        assert_eq!(counts, [Counts { met: 7, struck: 3 }]);
    }

    #[test]
    fn the_first_rule_that_strikes_decides_and_the_next_does_not_meet_the_event() {
        let mut script = running(
            r#"{ "rules": [ { "at": "login", "times": 1, "fault": { "error": 40613 } },
                            { "at": "login", "fault": { "cut": "rst" } } ] }"#,
        );

        let faults: Vec<_> = (0..2).filter_map(|_| script.strike(Place::Login, None, |_| true)).collect();

        assert!(matches!(
            faults.as_slice(),
            [Fault::Login(LoginFault::Fail(_)), Fault::Login(LoginFault::Cut(_))]
        ));
        let met: Vec<_> = script.counted().map(|(_, counts)| counts.met).collect();
        assert_eq!(met, [2, 1]);
    }

    #[test]
    fn only_statements_with_the_text_in_them_meet_a_rule() {
        let mut script = running(
            r#"{ "rules": [ { "at": "statement", "matching": "dbo.Persons", "fault": { "error": 1205 } } ] }"#,
        );

        assert!(script.strike(Place::Statement, Some("SELECT 1"), |_| true).is_none());
        assert!(script.strike(Place::Statement, Some("DELETE DBO.PERSONS"), |_| true).is_some());
        assert_eq!(script.counted().next().unwrap().1, Counts { met: 1, struck: 1 });
    }

    const TWO_PLACES: &str = r#"{ "seed": 7, "rules": [
        { "at": "login", "probability": 0.5, "fault": { "error": 40613 } },
        { "at": "statement", "probability": 0.5, "fault": { "error": 40501 } } ] }"#;

    proptest! {
        /// However the events of two places are mixed, each place sees the same strikes.
        #[test]
        fn what_happens_at_one_place_does_not_move_another(order: Vec<bool>) {
            let mut mixed = running(TWO_PLACES);
            let mut seen = (Vec::new(), Vec::new());
            for is_login in &order {
                if *is_login {
                    seen.0.push(mixed.strike(Place::Login, None, |_| true).is_some());
                } else {
                    seen.1.push(mixed.strike(Place::Statement, None, |_| true).is_some());
                }
            }
            let mut alone = running(TWO_PLACES);
            prop_assert_eq!(&seen.0, &strikes(&mut alone, Place::Login, seen.0.len()));
            prop_assert_eq!(&seen.1, &strikes(&mut alone, Place::Statement, seen.1.len()));
        }
    }
}
