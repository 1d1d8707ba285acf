//! The schedules on the library in this process, several lanes at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::breach::Breach;
use super::lane::Lane;
use super::schedule::{Place, Schedule};

/// How many schedules run when nobody says so.
const SCHEDULES: u64 = 160;
/// Replays of a seed that was asked for.
const REPLAYS: u64 = 50;
/// Lanes at once: schedules wait more than they work.
const LANES: usize = 8;

/// How many, and from which seed on; a seed that was asked for is taken each time.
struct Order {
    schedules: u64,
    only_seed: Option<u64>,
}

impl Order {
    fn of_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
        let only_seed = number("AZSQL_MODEL_SEED");
        let default = if only_seed.is_some() { REPLAYS } else { SCHEDULES };
        Self { schedules: number("AZSQL_MODEL_SCHEDULES").unwrap_or(default), only_seed }
    }

    fn seed(&self, number: u64) -> u64 {
        self.only_seed.unwrap_or(number)
    }
}

/// What came of the schedules.
struct Outcome {
    /// How many ran until the first that broke a law, or all.
    ran: u64,
    broken: Option<(u64, String)>,
    struck: BTreeMap<Place, u64>,
}

async fn run(order: Order, breach: Option<Breach>) -> Outcome {
    let order = Arc::new(order);
    let next = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let (order, next, stop) = (Arc::clone(&order), Arc::clone(&next), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut lane = Lane::start(breach).await;
                let mut broken = None;
                while !stop.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= order.schedules {
                        break;
                    }
                    let seed = order.seed(number);
                    if let Err(story) = lane.run(&Schedule::of(seed)).await {
                        broken = Some((seed, story));
                        stop.store(true, Ordering::SeqCst);
                    }
                }
                let struck = lane.struck().clone();
                lane.stop().await;
                (broken, struck)
            })
        })
        .collect();
    let mut outcome = Outcome { ran: 0, broken: None, struck: BTreeMap::new() };
    for lane in lanes {
        let (broken, struck) = lane.await.unwrap();
        outcome.broken = outcome.broken.or(broken);
        for (place, times) in struck {
            *outcome.struck.entry(place).or_default() += times;
        }
    }
    outcome.ran = next.load(Ordering::SeqCst).min(order.schedules);
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_effect_is_there_once_whatever_happens_on_the_way() {
    let order = Order::of_environment();
    let all_places = order.only_seed.is_none();
    let begun = Instant::now();

    let Outcome { ran, broken, struck } = run(order, None).await;

    if let Some((seed, story)) = broken {
        panic!(
            "the schedule of seed {seed} broke a law; replay it with\n  \
             AZSQL_MODEL_SEED={seed} cargo test --test suite idempotency_model::in_process\n{story}"
        );
    }
    println!("{ran} schedules in {:.1?}, faults that struck: {struck:?}", begun.elapsed());
    // Otherwise the statements have other texts than the faults look for, and nothing was shown.
    for place in Place::ON_THE_WAY.into_iter().filter(|_| all_places) {
        assert!(
            struck.get(&place).is_some_and(|times| *times > 0),
            "no fault struck at {place:?}: {struck:?}"
        );
    }
}

/// Breaks the protocol, and wants it to be found out within so many schedules.
async fn is_found_out(breach: Breach) {
    const WITHIN: u64 = 400;

    let Outcome { ran, broken, .. } = run(Order { schedules: WITHIN, only_seed: None }, Some(breach)).await;

    let (seed, story) = broken.unwrap_or_else(|| panic!("{breach:?} was not noticed in {ran} schedules"));
    println!("{breach:?} was found out after {ran} schedules, by seed {seed}:\n{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_instead_of_the_claim_is_found_out() {
    is_found_out(Breach::LookUpInsteadOfClaim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_after_the_effect_is_found_out() {
    is_found_out(Breach::ClaimAfterEffect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_committed_before_the_effect_is_found_out() {
    is_found_out(Breach::ClaimCommittedFirst).await;
}
