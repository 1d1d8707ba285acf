//! Which health learns what from an opening, and who shares it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use futures_util::FutureExt;

use super::*;
use crate::identity::IdentityEnvironment;

/// As many openings that reach nobody are an outage; see `state.rs`.
const OUTAGE: usize = 5;

fn settings(server: &str, database: &str) -> ConnectionSettings {
    let text = format!("Server={server};Database={database};Authentication=ActiveDirectoryMSI");
    ConnectionSettings::parse(&text, &IdentityEnvironment::default()).unwrap().settings
}

fn gate(gates: &Gates, server: &str, database: &str) -> Gate {
    gates.gate(&settings(server, database))
}

fn unreached() -> Fault {
    Fault::without_number(FaultClass::Opening, "nobody answers")
}

fn said(class: FaultClass, number: u32) -> Fault {
    Fault { number: Some(number), ..Fault::without_number(class, "the server spoke") }
}

/// Openings that reach nobody until that is an outage.
fn take_down(gate: &Gate) {
    for _ in 0..OUTAGE {
        gate.admit().unwrap().failed(&unreached());
    }
}

/// The same for the node that the server sends logins on to.
fn take_node_down(gate: &Gate) {
    for _ in 0..OUTAGE {
        let mut pass = gate.admit().unwrap();
        pass.redirected();
        pass.failed(&unreached());
    }
}

#[test]
fn databases_of_one_server_share_what_is_known_of_its_address_whatever_its_case() {
    let gates = Gates::default();
    let one = gate(&gates, "Sql.example.com,1433", "one");
    let other = gate(&gates, "sql.EXAMPLE.com,1433", "other");

    take_down(&one);

    assert!(other.is_down());
    assert!(matches!(other.admit(), Err(Refusal::Down(_))));
}

#[test]
fn another_port_is_another_server() {
    let gates = Gates::default();

    take_down(&gate(&gates, "sql.example.com,1433", "one"));

    assert!(!gate(&gates, "sql.example.com,1434", "one").is_down());
}

#[test]
fn a_database_that_resumes_slows_its_own_logins_and_nobody_elses() {
    let gates = Gates::default();
    let paused = gate(&gates, "sql.example.com", "Paused");
    let same = gate(&gates, "sql.example.com", "paused");
    let neighbour = gate(&gates, "sql.example.com", "neighbour");

    for _ in 0..2 {
        paused.admit().unwrap().failed(&said(FaultClass::Opening, 40613));
    }

    assert!(matches!(same.admit(), Err(Refusal::NotReady(_))));
    assert!(matches!(same.verdict(), Verdict::Wait), "its caller waits on by its own policy");
    assert!(!same.is_down());
    assert!(neighbour.admit().is_ok());
}

#[test]
fn whatever_the_server_says_it_is_there() {
    for fault in [
        said(FaultClass::Opening, 40613),
        said(FaultClass::Opening, CANNOT_OPEN_DATABASE),
        said(FaultClass::Permanent, 18456),
    ] {
        let gates = Gates::default();
        let (spoken_to, other) =
            (gate(&gates, "sql.example.com", "one"), gate(&gates, "sql.example.com", "two"));
        for _ in 1..OUTAGE {
            other.admit().unwrap().failed(&unreached());
        }

        spoken_to.admit().unwrap().failed(&fault);
        other.admit().unwrap().failed(&unreached());

        assert!(!other.is_down(), "{:?} begins the row anew", fault.number);
    }
}

#[test]
fn a_name_that_cannot_be_opened_and_a_refused_login_do_not_make_others_wait() {
    for fault in [said(FaultClass::Opening, CANNOT_OPEN_DATABASE), said(FaultClass::Permanent, 18456)] {
        let gate = gate(&Gates::default(), "sql.example.com", "one");
        for _ in 0..=OUTAGE {
            gate.admit().unwrap().failed(&fault);
        }
        assert!(gate.admit().is_ok(), "{:?}", fault.number);
    }
}

#[test]
fn a_node_that_nobody_reaches_is_the_databases_trouble_and_not_the_servers() {
    let gates = Gates::default();
    let one = gate(&gates, "sql.example.com", "one");
    let other = gate(&gates, "sql.example.com", "other");

    take_node_down(&one);

    assert!(one.is_down());
    assert!(matches!(one.admit(), Err(Refusal::Down(_))));
    assert!(!other.is_down());
    assert!(other.admit().is_ok());
}

#[test]
fn a_login_that_nobody_waits_for_any_more_counts_for_nothing() {
    let gate = gate(&Gates::default(), "sql.example.com", "one");
    for _ in 0..=OUTAGE {
        let _ = gate.admit().unwrap();
    }
    assert!(!gate.is_down());

    for _ in 1..OUTAGE {
        gate.admit().unwrap().failed(&unreached());
    }
    let _ = gate.admit().unwrap();
    gate.admit().unwrap().failed(&unreached());
    assert!(gate.is_down(), "nor does it begin the row anew");
}

#[test]
fn one_that_gets_in_opens_the_gate_for_all() {
    let gates = Gates::default();
    let one = gate(&gates, "sql.example.com", "one");
    let other = gate(&gates, "sql.example.com", "other");
    for _ in 1..OUTAGE {
        one.admit().unwrap().failed(&unreached());
    }
    let late = other.admit().unwrap();
    one.admit().unwrap().failed(&unreached());
    assert!(other.is_down() && other.last_fault().is_some());

    late.got_in();

    assert!(!one.is_down() && one.last_fault().is_none());
    assert!(one.admit().is_ok());
}

#[test]
fn whoever_waits_hears_of_the_outage_of_server_or_node_and_of_none_before() {
    for take in [take_down, take_node_down] {
        let gates = Gates::default();
        let gate = gate(&gates, "sql.example.com", "one");
        let mut hears = Box::pin(gate.goes_down());
        assert!(hears.as_mut().now_or_never().is_none());

        take(&gate);

        assert!(hears.now_or_never().is_some());
        assert!(gate.goes_down().now_or_never().is_none(), "only of what comes after it asked");
    }
}

#[test]
fn while_it_is_down_a_caller_without_a_connection_is_refused() {
    let gate = gate(&Gates::default(), "sql.example.com", "one");
    assert!(matches!(gate.verdict(), Verdict::Wait));

    take_down(&gate);

    assert!(matches!(gate.verdict(), Verdict::Refuse { look: false, .. }), "the next look is not due yet");
}
