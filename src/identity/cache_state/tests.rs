//! The rules of the cache, event by event.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use secrecy::SecretString;

use super::*;
use crate::identity::cache_rules::Chance;

const NOW: i64 = 1_000_000;
const HOUR: i64 = 3600;

fn token(text: &str, expires_at: i64) -> Token {
    Token { secret: SecretString::from(text), expires_at }
}

fn chance() -> Chance {
    Chance::draw(&mut fastrand::Rng::with_seed(7))
}

fn brought(state: &mut CacheState, now: i64, text: &str, expires_at: i64) -> Outcome {
    state.brought(now, token(text, expires_at), Way::Custom, chance())
}

type Outcome = Result<Arc<HeldToken>, IdentityError>;

fn unreachable() -> IdentityError {
    IdentityError::Unreachable { way: Way::Custom, what: "refused".to_owned(), cure: "wait" }
}

fn throttled(seconds: u64) -> IdentityError {
    let retry_after = Some(Duration::from_secs(seconds));
    IdentityError::Refused {
        way: Way::Custom,
        status: Some(429),
        code: None,
        retry_after,
        cure: "wait".to_owned(),
    }
}

fn with_hour_token() -> CacheState {
    let mut state = CacheState::default();
    brought(&mut state, NOW, "first", NOW + HOUR).unwrap();
    state
}

#[test]
fn a_token_is_good_then_due_then_gone() {
    let state = with_hour_token();
    assert!(matches!(state.standing(NOW), Standing::Good(_)));
    assert!(matches!(state.standing(NOW + HOUR - 901), Standing::Good(_)));
    assert!(matches!(state.standing(NOW + HOUR - 700), Standing::Due(_)));
    assert!(matches!(state.standing(NOW + HOUR - 1), Standing::Due(_)));
    assert!(matches!(state.standing(NOW + HOUR), Standing::Missing));
}

#[test]
fn a_failed_refresh_leaves_the_token_and_the_next_one_waits() {
    let mut state = with_hour_token();
    let due = NOW + HOUR - 700;
    state.failed(due, unreachable(), chance()).unwrap_err();
    assert!(matches!(state.standing(due + 29), Standing::Good(_)));
    assert!(matches!(state.standing(due + 37), Standing::Due(_)));
    assert!(matches!(state.standing(NOW + HOUR + 1), Standing::Missing), "its end is its end");
}

#[test]
fn a_retry_after_is_kept_while_the_token_holds_and_ends_with_it() {
    let mut state = with_hour_token();
    let due = NOW + HOUR - 700;
    state.failed(due, throttled(100_000), chance()).unwrap_err();
    assert!(matches!(state.standing(NOW + HOUR - 1), Standing::Good(_)));
    assert!(matches!(state.standing(NOW + HOUR), Standing::Missing));
}

#[test]
fn a_failure_without_a_token_is_told_for_two_seconds_or_as_long_as_asked() {
    let mut state = CacheState::default();
    state.failed(NOW, unreachable(), chance()).unwrap_err();
    assert!(matches!(state.standing(NOW + 1), Standing::Failed(_)));
    assert!(matches!(state.standing(NOW + 2), Standing::Missing));
    state.failed(NOW + 2, throttled(20), chance()).unwrap_err();
    assert!(matches!(state.standing(NOW + 21), Standing::Failed(_)));
    assert!(matches!(state.standing(NOW + 22), Standing::Missing));
}

#[test]
fn a_token_that_ended_or_is_empty_is_no_token() {
    for (text, expires_at) in
        [("first", NOW), ("first", NOW - 5), ("first", i64::MIN), ("", NOW + HOUR), (" \n", NOW + HOUR)]
    {
        let mut state = CacheState::default();
        let error = brought(&mut state, NOW, text, expires_at).unwrap_err();
        assert!(matches!(error, IdentityError::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains("clock"), "{error}");
    }
}

#[test]
fn a_refresh_that_brings_the_same_token_keeps_its_generation_and_rests() {
    let mut state = with_hour_token();
    let due = NOW + HOUR - 700;
    let same = brought(&mut state, due, "first", NOW + HOUR).unwrap();
    assert_eq!(same.generation, 1);
    assert!(matches!(state.standing(due + 349), Standing::Good(_)));
    assert!(matches!(state.standing(due + 350), Standing::Due(_)));
}

#[test]
fn a_refresh_never_shortens_what_is_there() {
    let mut state = with_hour_token();
    let kept = brought(&mut state, NOW + 1000, "shorter", NOW + HOUR - 10).unwrap();
    assert_eq!((kept.generation, kept.token.expires_at), (1, NOW + HOUR));
}

#[test]
fn a_refused_token_is_asked_for_again_once() {
    let mut state = with_hour_token();
    assert!(matches!(state.standing_after_refusal(NOW, 1), Standing::Missing));
    assert!(matches!(state.standing(NOW), Standing::Good(_)), "it may be good elsewhere");
    brought(&mut state, NOW, "first", NOW + HOUR).unwrap();
    for _ in 0..3 {
        let Standing::Good(same) = state.standing_after_refusal(NOW, 1) else { panic!("asked again") };
        assert_eq!(same.generation, 1);
    }
}

#[test]
fn the_token_after_a_refused_one_serves_all_who_were_refused() {
    let mut state = with_hour_token();
    assert!(matches!(state.standing_after_refusal(NOW, 1), Standing::Missing));
    brought(&mut state, NOW, "second", NOW + HOUR).unwrap();
    for _ in 0..3 {
        let Standing::Good(other) = state.standing_after_refusal(NOW, 1) else { panic!("asked again") };
        assert_eq!(other.generation, 2);
    }
}

#[test]
fn a_refusal_while_the_platform_fails_asks_once_in_two_seconds() {
    let mut state = with_hour_token();
    assert!(matches!(state.standing_after_refusal(NOW, 1), Standing::Missing));
    state.failed(NOW, unreachable(), chance()).unwrap_err();
    assert!(matches!(state.standing_after_refusal(NOW + 1, 1), Standing::Failed(_)));
    assert!(matches!(state.standing_after_refusal(NOW + 2, 1), Standing::Missing));
}

#[test]
fn a_token_that_a_server_calls_ended_is_dropped_once() {
    let mut state = with_hour_token();
    state.drop_ended(1);
    assert!(matches!(state.standing(NOW), Standing::Missing));
    let same = brought(&mut state, NOW, "first", NOW + HOUR).unwrap();
    assert_eq!(same.generation, 1);
    state.drop_ended(1);
    assert!(matches!(state.standing(NOW), Standing::Good(_)), "the platform insists");
}

#[test]
fn a_token_that_ended_long_ago_drops_no_newer_one() {
    let mut state = with_hour_token();
    brought(&mut state, NOW + 3000, "second", NOW + 2 * HOUR).unwrap();
    state.drop_ended(1);
    assert!(matches!(state.standing(NOW + 3000), Standing::Good(_)));
}

#[test]
fn a_clock_that_jumps_back_neither_loses_the_token_nor_waits_for_the_lost_time() {
    let mut state = with_hour_token();
    assert!(matches!(state.standing(NOW - HOUR), Standing::Due(_)));
    state.failed(NOW - HOUR, unreachable(), chance()).unwrap_err();
    assert!(matches!(state.standing(NOW - HOUR + 1), Standing::Good(_)));
    let mut empty = CacheState::default();
    empty.failed(NOW, unreachable(), chance()).unwrap_err();
    assert!(matches!(empty.standing(NOW - HOUR), Standing::Missing));
}

#[test]
fn a_clock_that_jumps_ahead_and_back_finds_its_token_again() {
    let mut state = with_hour_token();
    let ahead = NOW + 24 * HOUR;
    assert!(matches!(state.standing(ahead), Standing::Missing));
    brought(&mut state, ahead, "second", NOW + HOUR + 60).unwrap_err();
    assert!(matches!(state.standing(NOW + 10), Standing::Due(_)));
}

#[test]
fn a_connection_is_never_born_retired() {
    let mut state = CacheState::default();
    let held = brought(&mut state, NOW, "first", NOW + 600).unwrap();
    assert_eq!(held.connection_retires_at(NOW), NOW + 500);
    for opened in NOW..NOW + 600 {
        assert!(held.connection_retires_at(opened) > opened, "opened {} s after", opened - NOW);
    }
}
