//! How many repeats a pool allows, by a clock of the tests' own.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{RetryBudget, RetryShare};

#[test]
fn ten_repeats_in_ten_seconds_are_allowed_without_any_traffic_and_no_more() {
    for percent in [0, 20, 100] {
        let begun = Instant::now();
        let budget = RetryBudget::since(RetryShare::percent(percent), begun);
        assert_eq!((0..100).filter(|_| budget.may_repeat_at(begun)).count(), 10);
        assert!(
            !budget.may_repeat_at(begun + Duration::from_secs(10)),
            "a part of a second may be within the window"
        );
        assert!(budget.may_repeat_at(begun + Duration::from_secs(11)));
    }
}

#[test]
fn a_share_of_the_commands_of_the_last_seconds_may_be_repeated() {
    let begun = Instant::now();
    let budget = RetryBudget::since(RetryShare::default(), begun);
    for _ in 0..1000 {
        budget.command_at(begun);
    }
    assert_eq!((0..1000).filter(|_| budget.may_repeat_at(begun)).count(), 200);
    let later = begun + Duration::from_secs(60);
    assert_eq!((0..1000).filter(|_| budget.may_repeat_at(later)).count(), 10, "that traffic is long over");
}

#[test]
fn a_clock_that_goes_back_gives_no_repeats_away() {
    let begun = Instant::now();
    let budget = RetryBudget::since(RetryShare::percent(0), begun);
    let later = begun + Duration::from_secs(100);
    assert_eq!((0..100).filter(|_| budget.may_repeat_at(later)).count(), 10);
    assert!(!budget.may_repeat_at(begun));
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Command,
    Repeat,
}

proptest! {
    /// In any ten seconds there are no more repeats than the floor, or the share of the commands that came until then in the
    /// window and the second before it; and a repeat that is refused was one too many.
    #[test]
    fn repeats_never_exceed_the_share_nor_are_they_refused_below_the_floor(
        percent in 0_u8..=100,
        events in proptest::collection::vec(
            (0_u64..700, prop_oneof![Just(Event::Command), Just(Event::Repeat)]),
            0..400,
        ),
    ) {
        let begun = Instant::now();
        let budget = RetryBudget::since(RetryShare::percent(percent), begun);
        let mut now = 0_u64;
        let (mut commands, mut repeats) = (Vec::new(), Vec::new());
        for (after, event) in events {
            now += after;
            let within = |times: &[u64], window: u64| {
                u64::try_from(times.iter().filter(|time| **time + window > now).count()).unwrap_or(u64::MAX)
            };
            match event {
                Event::Command => {
                    budget.command_at(begun + Duration::from_millis(now));
                    commands.push(now);
                }
                Event::Repeat => {
                    let before = within(&repeats, 10_000);
                    if budget.may_repeat_at(begun + Duration::from_millis(now)) {
                        let most = (within(&commands, 11_000) * u64::from(percent) / 100).max(10);
                        prop_assert!(before < most, "{before} of {most} at {now}");
                        repeats.push(now);
                    } else {
                        let surely = (within(&commands, 10_000) * u64::from(percent) / 100).max(10);
                        prop_assert!(within(&repeats, 11_000) >= surely, "refused too early at {now}");
                    }
                }
            }
        }
    }
}
