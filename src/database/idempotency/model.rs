//! The protocol of idempotency keys in every order of events: two and three calls with one key, on a server that is modelled, with
//! the steps of `steps.rs` themselves.
//!
//! The server reads under row versions: a look-up neither sees nor waits for what isn't committed. An INSERT of a key that another
//! transaction holds waits until that one ends, or until the wait is over (1222); a key that is committed is refused (2627). A
//! connection can be cut at every step, before or after the server has done it. The server finds that out late: until then the
//! session keeps its locks, and a COMMIT that was on its way goes through or not. A worker can die at every step, and its caller
//! calls again. That keys expire is left out.

#![expect(clippy::panic, clippy::expect_used, reason = "a test may panic")]

mod world;

use std::collections::HashSet;

use world::{Breach, Effect, Protocol, World};

/// What was looked at.
#[derive(Debug, Default)]
struct Explored {
    states: usize,
    /// Ways that end with an answer to all.
    all_answered: usize,
    /// Ways that end with an answer from the table.
    replayed: usize,
}

/// Goes through all states that `world` leads to. The first breach of a law ends it: with the events that led there.
fn explore(world: &World) -> Result<Explored, Vec<String>> {
    let mut explored = Explored::default();
    let mut seen = HashSet::new();
    let mut path = Vec::new();
    visit(world, &mut seen, &mut path, &mut explored)?;
    explored.states = seen.len();
    Ok(explored)
}

fn visit(
    world: &World,
    seen: &mut HashSet<String>,
    path: &mut Vec<String>,
    explored: &mut Explored,
) -> Result<(), Vec<String>> {
    // Every event uses something up (a try, a fault, a step of a try), so no way comes back to a state that it was in.
    if !seen.insert(format!("{world:?}")) {
        return Ok(());
    }
    let told = |path: &[String], Breach(law): Breach| {
        let mut told = path.to_vec();
        told.push(format!("BREACH: {law}"));
        told
    };
    world.check().map_err(|breach| told(path, breach))?;
    let events = world.events();
    if events.is_empty() {
        world.check_end().map_err(|breach| told(path, breach))?;
        explored.all_answered += usize::from(world.is_all_answered());
        explored.replayed += usize::from(world.has_replayed());
    }
    for event in events {
        path.push(event.to_string());
        let next = world.after(event).map_err(|breach| told(path, breach))?;
        visit(&next, seen, path, explored)?;
        path.pop();
    }
    Ok(())
}

fn holds(world: &World) -> Explored {
    match explore(world) {
        Ok(explored) => {
            assert!(
                explored.all_answered > 0 && explored.replayed > 0,
                "the model never gets anywhere: {explored:?}"
            );
            explored
        }
        Err(path) => panic!("a law is broken:\n{}", path.join("\n")),
    }
}

/// The events that lead to a breach.
fn breaks(world: &World) -> String {
    explore(world).expect_err("this protocol is wrong, and the model must see it").join("\n")
}

const EFFECTS: [Effect; 2] = [Effect::Adds, Effect::InsertsItsOwnKey];

#[test]
fn two_calls_with_one_key_have_one_effect_in_every_order() {
    for effect in EFFECTS {
        let explored = holds(&World::new(Protocol::OfTheWorker, effect, 2, 3, 3));
        assert!(explored.states > 5_000, "{explored:?}");
    }
}

#[test]
fn three_calls_with_one_key_have_one_effect_in_every_order() {
    for effect in EFFECTS {
        let explored = holds(&World::new(Protocol::OfTheWorker, effect, 3, 2, 2));
        assert!(explored.states > 5_000, "{explored:?}");
    }
}

#[test]
fn a_look_up_instead_of_the_claim_overlooks_what_is_still_committing() {
    let path = breaks(&World::new(Protocol::LooksUpFirst, Effect::Adds, 2, 2, 1));
    assert!(path.contains("twice"), "{path}");
    // One call is enough: it repeats itself while its first COMMIT is still on its way.
    let path = breaks(&World::new(Protocol::LooksUpFirst, Effect::Adds, 1, 2, 1));
    assert!(path.contains("the server commits late"), "{path}");
}

#[test]
fn a_claim_after_the_effect_refuses_a_repeat_whose_effect_is_there() {
    let path = breaks(&World::new(Protocol::ClaimsAfterTheEffect, Effect::InsertsItsOwnKey, 2, 1, 0));
    assert!(path.contains("refused"), "{path}");
}

#[test]
fn a_claim_in_a_transaction_of_its_own_after_the_effect_has_it_twice() {
    let path = breaks(&World::new(Protocol::ClaimsAfterTheCommit, Effect::Adds, 2, 1, 0));
    assert!(path.contains("twice"), "{path}");
}
