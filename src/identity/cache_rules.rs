//! When a cached token is asked for again, when connections stop relying on it, and how long a failure is remembered:
//! arithmetic on Unix seconds alone.

use std::time::Duration;

/// A token that lives longer than this is asked for again at half of its life, as Azure's SDKs do with `refresh_in`: there
/// is much time to find a platform that is out of order.
const LONG_LIFE: i64 = 2 * 60 * 60;

/// How long before its end any other token is asked for again, at the most.
const MAX_REFRESH_MARGIN: i64 = 15 * 60;

/// How long before its token's end a connection retires, at the most. A command that is sent then has two minutes.
const MAX_RETIRE_MARGIN: i64 = 2 * 60;

/// By how much of the margin a refresh may come later, in thousandths: workers that started together spread out.
const REFRESH_JITTER: i64 = 200;

/// The first wait after a refresh that failed; it doubles with each further one.
const FIRST_WAIT: i64 = 30;

/// The longest of these waits.
const MAX_WAIT: i64 = 5 * 60;

/// The shortest of these waits: towards the token's end they shrink, so that several tries are left.
const MIN_WAIT: i64 = 5;

/// By how much of itself such a wait may be longer, in thousandths.
const WAIT_JITTER: i64 = 200;

/// How long a failure is told without asking again, where no good token is left: a fresh start doesn't hammer.
const FAILURE_MEMORY: i64 = 2;

/// The longest such time that a Retry-After may ask for: an invocation must not fail for an hour on one reply's word.
const MAX_FAILURE_MEMORY: i64 = 60;

/// A chance between 0 and 1, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(i64);

impl Chance {
    /// Draws one.
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        Self(random.i64(0..=1000))
    }

    /// The share of `whole` that `thousandths` at the most allow.
    fn of(self, whole: i64, thousandths: i64) -> i64 {
        // Divided first where the product would not fit: such a time is beyond all clocks.
        let most = whole.checked_mul(thousandths).map_or(whole / 1000, |product| product / 1000);
        most.checked_mul(self.0).map_or(most, |product| product / 1000)
    }
}

/// A span of time that a clock which jumps back ends: nobody waits for a moment that was far off only by mistake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    from: i64,
    until: i64,
}

impl Window {
    pub(super) fn until(now: i64, until: i64) -> Self {
        Self { from: now, until }
    }

    pub(super) fn of(now: i64, seconds: i64) -> Self {
        Self::until(now, now.saturating_add(seconds))
    }

    pub(super) fn is_over(self, now: i64) -> bool {
        now >= self.until || now < self.from
    }
}

/// When a token that ends at `expires_at` and was got at `now` is asked for again.
pub(super) fn due_at(now: i64, expires_at: i64, chance: Chance) -> i64 {
    let left = expires_at.saturating_sub(now);
    let margin = if left > LONG_LIFE { left / 2 } else { (left / 3).clamp(1, MAX_REFRESH_MARGIN) };
    expires_at.saturating_sub(margin - chance.of(margin, REFRESH_JITTER))
}

/// When connections that logged in with it retire: always after [`due_at`], or every new connection would be born retired
/// while the cache still hands out the same token.
pub(super) fn retire_at(now: i64, expires_at: i64) -> i64 {
    let left = expires_at.saturating_sub(now);
    expires_at.saturating_sub((left / 6).clamp(0, MAX_RETIRE_MARGIN))
}

/// Seconds until the next refresh, after this many that failed in a row (at least 1), where the token still holds for `left`
/// seconds: a third of that at the most.
pub(super) fn wait_after_failures(
    failures: u32,
    retry_after: Option<Duration>,
    left: i64,
    chance: Chance,
) -> i64 {
    let doublings = failures.saturating_sub(1).min(8);
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(MAX_WAIT).min((left / 3).max(MIN_WAIT));
    wait.saturating_add(chance.of(wait, WAIT_JITTER)).max(retry_after.map_or(0, seconds))
}

/// Seconds until the next refresh, after one that brought no longer life: the platform has a cache of its own.
pub(super) fn wait_for_platform(now: i64, expires_at: i64) -> i64 {
    (expires_at.saturating_sub(now) / 2).max(FIRST_WAIT)
}

/// Seconds for which a failure is told without asking again.
pub(super) fn failure_memory(retry_after: Option<Duration>) -> i64 {
    retry_after.map_or(FAILURE_MEMORY, seconds).clamp(FAILURE_MEMORY, MAX_FAILURE_MEMORY)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of the times that clocks show, those that hurt most.
    fn lifetimes() -> impl Strategy<Value = i64> {
        prop_oneof![1..200_i64, 1..200_000_i64, 1..i64::MAX / 4]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_connection_never_retires_before_its_token_is_asked_for_again(
            now in 0..i64::MAX / 4, left in lifetimes(), chance in 0..=1000_i64
        ) {
            let expires_at = now + left;
            let (due, retire) = (due_at(now, expires_at, Chance(chance)), retire_at(now, expires_at));
            prop_assert!(now <= due && due < retire && retire <= expires_at, "{due} {retire} {expires_at}");
        }

        #[test]
        fn a_refresh_is_later_by_a_fifth_of_the_margin_at_the_most(
            left in 100..200_000_i64, chance in 0..=1000_i64
        ) {
            let earliest = due_at(0, left, Chance(0));
            let due = due_at(0, left, Chance(chance));
            prop_assert!(due >= earliest);
            prop_assert!((due - earliest) * 5 <= left - earliest);
        }

        #[test]
        fn the_wait_after_failures_stays_within_its_bounds(
            failures in 1..u32::MAX, asked in 0..u64::MAX, left: i64, chance in 0..=1000_i64
        ) {
            let wait = wait_after_failures(failures, None, left, Chance(chance));
            prop_assert!((MIN_WAIT..=MAX_WAIT * 6 / 5).contains(&wait));
            let told = wait_after_failures(failures, Some(Duration::from_secs(asked)), left, Chance(chance));
            prop_assert!(told >= wait && told >= i64::try_from(asked).unwrap_or(i64::MAX));
        }

        #[test]
        fn no_time_on_any_clock_overflows(now: i64, end: i64, chance in 0..=1000_i64) {
            let _ = (due_at(now, end, Chance(chance)), retire_at(now, end), wait_for_platform(now, end));
            let _ = Window::of(now, end).is_over(now);
        }
    }

    #[test]
    fn every_short_life_keeps_the_order_for_every_chance() {
        for left in 1..=(LONG_LIFE + 2) {
            for chance in [0, 1, 500, 999, 1000] {
                assert!(due_at(0, left, Chance(chance)) < retire_at(0, left), "{left} s, chance {chance}");
            }
        }
    }

    #[test]
    fn the_margins_of_usual_lives_are_these() {
        let margins = |left| (left - due_at(0, left, Chance(0)), left - retire_at(0, left));
        assert_eq!(margins(24 * 3600), (12 * 3600, 120));
        assert_eq!(margins(3600), (900, 120));
        assert_eq!(margins(600), (200, 100));
        assert_eq!(margins(60), (20, 10));
    }

    #[test]
    fn a_window_ends_with_its_time_and_when_the_clock_jumps_back() {
        let window = Window::of(100, 30);
        assert!(!window.is_over(100) && !window.is_over(129));
        assert!(window.is_over(130) && window.is_over(99));
    }

    #[test]
    fn a_retry_after_lengthens_the_memory_within_bounds() {
        let memory = |seconds| failure_memory(Some(Duration::from_secs(seconds)));
        assert_eq!((failure_memory(None), memory(0), memory(20), memory(9999)), (2, 2, 20, 60));
    }

    #[test]
    fn waits_double_up_to_five_minutes_and_shrink_towards_the_end() {
        let waits =
            |left| (1..=6).map(|failures| wait_after_failures(failures, None, left, Chance(0))).collect();
        let long: Vec<i64> = waits(43_200);
        assert_eq!(long, [30, 60, 120, 240, 300, 300]);
        let short: Vec<i64> = waits(160);
        assert_eq!(short, [30, 53, 53, 53, 53, 53]);
        assert_eq!(wait_after_failures(9, None, 3, Chance(0)), 5);
    }
}
