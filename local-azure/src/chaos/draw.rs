//! The random choice of a rule at an event: a function of the seed, the rule and the event's number, with no state, so
//! that what happens at one rule doesn't move the choices of another.

use super::script::Probability;

/// Whether a rule strikes at the `event`th event that it meets.
pub(super) fn strikes(seed: u64, rule: u64, event: u64, probability: Probability) -> bool {
    unit(mixed(mixed(mixed(seed) ^ rule) ^ event)) < probability.chance()
}

/// The step of `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), whose output for
/// neighbouring inputs has nothing in common.
fn mixed(input: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = input.wrapping_add(GOLDEN);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// From 0 up to, not including, 1: the upper 53 bits, which a double holds exactly.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
fn unit(bits: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    (bits >> 11) as f64 * STEP
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    /// The first numbers that `java.util.SplittableRandom`'s algorithm gives for this seed, as published with
    /// reference implementations.
    #[test]
    fn the_generator_is_splitmix64() {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let seed = 1_234_567_u64;
        assert_eq!(mixed(seed), 6_457_827_717_110_365_317);
        assert_eq!(mixed(seed.wrapping_add(GOLDEN)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_twentieth_is_about_a_twentieth() {
        let probability = Probability::new(0.05).unwrap();
        let strikes = (0..100_000).filter(|event| strikes(42, 0, *event, probability)).count();
        // The seed is fixed, so this is a fact and not a chance: five standard deviations are 345.
        assert!((4_655..=5_345).contains(&strikes), "{strikes}");
    }

    #[test]
    fn rules_of_one_seed_and_seeds_of_one_rule_choose_apart() {
        let half = Probability::new(0.5).unwrap();
        let choices = |seed, rule| (0..64).map(|event| strikes(seed, rule, event, half)).collect::<Vec<_>>();
        assert_ne!(choices(1, 0), choices(1, 1));
        assert_ne!(choices(1, 0), choices(2, 0));
        assert_eq!(choices(1, 0), choices(1, 0));
    }

    proptest! {
        #[test]
        fn what_is_certain_always_strikes(seed: u64, rule: u64, event: u64) {
            prop_assert!(strikes(seed, rule, event, Probability::CERTAIN));
        }
    }
}
