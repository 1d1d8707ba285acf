//! The table itself: sorted, whole, and each entry with its reason and source.

use std::collections::BTreeSet;

use super::super::table::{Source, entries, entry};
use super::super::{FaultClass, LEFT_OUT, Outcome};

/// The lists of other clients, as the project's reference has them (`reference/azure-sql-and-identity.md`, section 5).
const PEERS: [(Source, &[u32]); 5] = [
    (Source::SqlClientLogin, &[4060, 10928, 10929, 40197, 40501, 40613, 42108, 42109]),
    (
        Source::SqlClientRetry,
        &[
            233, 997, 1204, 1205, 1222, 4060, 4221, 10060, 10928, 10929, 40143, 40197, 40501, 40540, 40613,
            42108, 42109, 49918, 49919, 49920,
        ],
    ),
    (
        Source::Jdbc,
        &[
            64, 233, 4060, 4221, 10053, 10054, 10928, 10929, 40020, 40143, 40166, 40197, 40501, 40540, 40613,
            42108, 42109, 49918, 49919, 49920,
        ],
    ),
    (Source::Tedious, &[4060, 10928, 10929, 40197, 40501, 40613]),
    (
        Source::DataApiBuilder,
        &[
            20, 53, 64, 121, 233, 601, 615, 617, 669, 921, 926, 997, 1203, 1204, 1205, 1221, 1222, 1807,
            3935, 3960, 3966, 4060, 4221, 8628, 8645, 8651, 9515, 10053, 10054, 10060, 10922, 10928, 10929,
            10936, 11001, 14355, 17197, 20041, 40143, 40197, 40501, 40540, 40613, 41301, 41302, 41305, 41325,
            41839, 42109, 49918, 49919, 49920,
        ],
    ),
];

/// What the project's brief names.
const BRIEF: [u32; 3] = [40613, 40197, 40501];

#[test]
fn the_table_is_sorted_and_has_no_number_twice() {
    assert!(entries().is_sorted_by(|one, next| one.number < next.number));
    assert!(LEFT_OUT.is_sorted_by(|one, next| one.number < next.number));
}

#[test]
fn every_entry_is_found_by_its_number_and_has_a_reason_and_a_source() {
    for known in entries() {
        assert_eq!(entry(known.number), Some(known));
        assert!(known.reason.len() > 10 && !known.reason.ends_with('.'), "{known:?}");
        assert!(!known.sources.is_empty(), "{known:?}");
    }
    assert_eq!(entry(2627), None, "a doubled key is no fault of the service");
}

#[test]
fn every_number_of_the_peers_is_in_the_table_or_left_out_for_a_reason() {
    let numbers = PEERS.iter().flat_map(|(_, numbers)| *numbers).copied().chain(BRIEF);
    for number in numbers.collect::<BTreeSet<_>>() {
        let left_out = LEFT_OUT.iter().find(|left_out| left_out.number == number);
        assert!(entry(number).is_some() != left_out.is_some(), "{number}");
        assert!(left_out.is_none_or(|left_out| left_out.because.len() > 10), "{number}");
    }
}

#[test]
fn an_entry_names_the_peers_that_have_its_number_and_no_others() {
    for known in entries() {
        let peers: Vec<Source> =
            PEERS.iter().filter(|(_, list)| list.contains(&known.number)).map(|(peer, _)| *peer).collect();
        let named: Vec<Source> =
            known.sources.iter().copied().filter(|source| *source != Source::Documentation).collect();
        assert_eq!(named, peers, "{}", known.number);
    }
}

#[test]
fn nothing_that_runs_is_called_undone_where_the_service_itself_failed() {
    for number in [4060, 4221, 40020, 40143, 40166, 40197, 40540, 40613] {
        assert_eq!(entry(number).map(|known| known.running), Some(Outcome::Unknown), "{number}");
    }
}

#[test]
fn what_ends_the_session_is_known_only_where_the_request_was_turned_away() {
    for known in entries() {
        let expected = match known.running {
            Outcome::TurnedAway => FaultClass::RolledBack,
            Outcome::Undone | Outcome::Refused | Outcome::Unknown => FaultClass::Unknown,
        };
        for severity in [20, 25, u8::MAX] {
            assert_eq!(known.running.class(severity), expected, "{}", known.number);
        }
    }
}
