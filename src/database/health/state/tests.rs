//! The laws of the breaker, on any order of events, and the cases that a reader may ask about.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::database::faults::FaultClass;

const INTERVAL: Duration = Duration::from_secs(1);

fn fault() -> Fault {
    Fault::without_number(FaultClass::Opening, "test")
}

/// A health with a clock that a test moves.
struct Watched {
    health: Health,
    now: Instant,
}

impl Watched {
    fn new() -> Self {
        Self { health: Health::default(), now: Instant::now() }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    fn admit(&mut self) -> Result<Ticket, Why> {
        self.health.admit(self.now, INTERVAL)
    }

    fn settle(&mut self, ticket: Ticket, outcome: Outcome) -> Option<Change> {
        self.health.settle(ticket, outcome, self.now, INTERVAL)
    }

    /// One opening that ends at once.
    fn open(&mut self, outcome: Outcome) -> Option<Change> {
        let ticket = self.admit().unwrap();
        self.settle(ticket, outcome)
    }

    fn down() -> Self {
        let mut watched = Self::new();
        for _ in 0..FAILURES_UNTIL_DOWN {
            watched.open(Outcome::Unreached(fault()));
        }
        assert!(watched.health.is_down());
        watched
    }
}

#[test]
fn five_openings_in_a_row_that_reach_nobody_are_an_outage_and_four_are_not() {
    let mut watched = Watched::new();
    for _ in 1..FAILURES_UNTIL_DOWN {
        assert!(watched.open(Outcome::Unreached(fault())).is_none());
    }
    assert!(!watched.health.is_down());
    assert!(matches!(watched.open(Outcome::Unreached(fault())), Some(Change::WentDown(_))));
    assert!(matches!(watched.admit(), Err(Why::Down(_))));
}

#[test]
fn a_word_of_the_server_begins_the_row_anew() {
    for word in [Outcome::GotIn, Outcome::Answered, Outcome::NotReady(fault())] {
        let mut watched = Watched::new();
        for _ in 1..FAILURES_UNTIL_DOWN {
            watched.open(Outcome::Unreached(fault()));
        }
        watched.open(word);
        watched.pass(1_000);
        watched.open(Outcome::Unreached(fault()));
        assert!(!watched.health.is_down());
    }
}

#[test]
fn openings_of_before_the_return_that_time_out_after_it_close_nothing_again() {
    let mut watched = Watched::new();
    let old: Vec<Ticket> = (0..20).map(|_| watched.admit().unwrap()).collect();
    watched.pass(10_000);
    watched.open(Outcome::GotIn);
    watched.pass(5_000);
    for ticket in old {
        assert!(watched.settle(ticket, Outcome::Unreached(fault())).is_none());
    }
    assert!(!watched.health.is_down());
}

#[test]
fn a_login_that_was_turned_away_before_another_got_in_slows_nobody_down() {
    let mut watched = Watched::new();
    let (slow, quick) = (watched.admit().unwrap(), watched.admit().unwrap());
    watched.pass(10);
    watched.settle(quick, Outcome::GotIn);
    assert!(watched.settle(slow, Outcome::NotReady(fault())).is_none());
    assert!(matches!(watched.health.outlook(watched.now), Outlook::Open));
}

#[test]
fn a_look_that_nobody_ends_does_not_keep_the_next_from_being_taken() {
    let mut watched = Watched::down();
    for _ in 0..20 {
        watched.pass(1_000);
        // The ticket is dropped: whoever looked has left.
        assert!(watched.admit().is_ok());
        assert!(watched.admit().is_err());
    }
}

#[test]
fn what_nobody_has_looked_at_for_long_is_stale() {
    let mut watched = Watched::down();
    watched.pass(1_500);
    assert!(matches!(watched.health.outlook(watched.now), Outlook::LookDue { stale: false }));
    watched.pass(60_000);
    assert!(matches!(watched.health.outlook(watched.now), Outlook::LookDue { stale: true }));
}

#[test]
fn one_login_that_is_turned_away_tells_nothing_and_a_second_in_a_row_does() {
    let mut watched = Watched::new();
    for _ in 0..10 {
        assert!(watched.open(Outcome::NotReady(fault())).is_none());
        assert!(watched.open(Outcome::GotIn).is_none());
    }
    assert!(watched.open(Outcome::NotReady(fault())).is_none());
    watched.pass(60_000);
    assert!(matches!(watched.open(Outcome::NotReady(fault())), Some(Change::BeganToResume(_))));
}

#[test]
fn two_logins_at_once_that_are_turned_away_are_two_in_a_row() {
    let mut watched = Watched::new();
    let (one, other) = (watched.admit().unwrap(), watched.admit().unwrap());
    watched.pass(10);
    assert!(watched.settle(one, Outcome::NotReady(fault())).is_none());
    watched.pass(10);
    assert!(matches!(watched.settle(other, Outcome::NotReady(fault())), Some(Change::BeganToResume(_))));
}

#[test]
fn a_database_that_resumes_lets_one_login_a_second_through_and_is_no_outage() {
    let mut watched = Watched::new();
    watched.open(Outcome::NotReady(fault()));
    watched.open(Outcome::NotReady(fault()));
    for _ in 0..60 {
        assert!(matches!(watched.admit(), Err(Why::NotReady(_))));
        watched.pass(1_000);
        watched.open(Outcome::NotReady(fault()));
        assert!(!watched.health.is_down());
    }
    watched.pass(1_000);
    assert!(matches!(watched.open(Outcome::GotIn), Some(Change::Recovered(_))));
    assert!(watched.admit().is_ok() && watched.admit().is_ok());
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Admit,
    /// An opening under way ends: which, and how.
    End(usize, u8),
    /// Its caller leaves.
    Leave(usize),
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Admit),
        6 => (0_usize..8, prop_oneof![1 => 0_u8..3, 3 => Just(3_u8)]).prop_map(|(which, how)| Event::End(which, how)),
        1 => (0_usize..8).prop_map(Event::Leave),
        2 => (1_u64..2_500).prop_map(Event::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_in_any_order_of_events(events in proptest::collection::vec(event(), 1..150)) {
        let mut watched = Watched::new();
        let mut under_way: Vec<Ticket> = Vec::new();
        // Openings that reached nobody since somebody last heard the server.
        let mut in_a_row = 0_u32;
        let mut was_open = true;
        let mut last_look: Option<Instant> = None;
        for event in events {
            match event {
                Event::Admit => {
                    let admitted = watched.admit();
                    if was_open {
                        prop_assert!(admitted.is_ok(), "whoever is healthy lets everybody in");
                    } else if admitted.is_ok() {
                        let early = last_look.is_some_and(|last| watched.now < last + INTERVAL);
                        prop_assert!(!early, "two looks within a second");
                        last_look = Some(watched.now);
                    } else {
                        let late = last_look.is_some_and(|last| watched.now >= last + INTERVAL);
                        prop_assert!(!late, "a look was due");
                    }
                    under_way.extend(admitted.ok());
                }
                Event::End(which, how) if which < under_way.len() => {
                    let ticket = under_way.remove(which);
                    let outcome = match how {
                        0 => Outcome::GotIn,
                        1 => Outcome::Answered,
                        2 => Outcome::NotReady(fault()),
                        _ => Outcome::Unreached(fault()),
                    };
                    let got_in = how == 0;
                    let was_down = watched.health.is_down();
                    in_a_row = if how == 3 { in_a_row + 1 } else { 0 };
                    let change = watched.settle(ticket, outcome);
                    if let Some(Change::WentDown(_)) = &change {
                        prop_assert!(how == 3 && in_a_row >= FAILURES_UNTIL_DOWN, "down after {in_a_row}");
                    }
                    prop_assert!(was_down || !watched.health.is_down() || matches!(change, Some(Change::WentDown(_))));
                    if got_in {
                        prop_assert!(matches!(watched.health.outlook(watched.now), Outlook::Open));
                    }
                    if matches!(change, Some(Change::WentDown(_) | Change::BeganToResume(_))) {
                        last_look = Some(watched.now);
                        was_open = false;
                    } else if matches!(change, Some(Change::Recovered(_))) {
                        was_open = true;
                    }
                }
                Event::Leave(which) if which < under_way.len() => drop(under_way.remove(which)),
                Event::End(..) | Event::Leave(_) => {}
                Event::Pass(milliseconds) => watched.pass(milliseconds),
            }
        }
    }
}
