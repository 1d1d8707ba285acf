//! Every error that the driver can give, judged at login and while a command runs.

use proptest::prelude::*;
use tiberius::error::{Error as DriverError, IoErrorKind};

use super::super::fault::ServerError;
use super::super::table::{LOGIN_FAILED, SESSION_TOKEN_EXPIRED, entries};
use super::super::{Connections, Fault, FaultClass, Stage};

fn server_fault(number: u32, severity: u8, message: &str, stage: Stage) -> Fault {
    Fault::from_server(ServerError { number, severity, state: 1, line: 1, message }, stage)
}

fn class(number: u32, severity: u8, stage: Stage) -> FaultClass {
    server_fault(number, severity, "", stage).class
}

#[test]
fn a_failover_at_login_is_an_opening_fault_and_after_the_statement_an_unknown_one() {
    for number in [40613, 40197, 40143, 40166, 40540, 4060, 4221] {
        assert_eq!(class(number, 16, Stage::Opening), FaultClass::Opening, "{number}");
        assert_eq!(class(number, 16, Stage::Running), FaultClass::Unknown, "{number}");
    }
}

#[test]
fn what_the_server_undid_or_turned_away_is_rolled_back() {
    for number in [1204, 1205, 1222, 3960, 3966, 8645, 8651, 41301, 41302, 41305, 41325, 41839] {
        assert_eq!(class(number, 16, Stage::Running), FaultClass::RolledBack, "{number}");
    }
    for number in [10928, 10929, 10936, 40501, 49918, 49919, 49920, SESSION_TOKEN_EXPIRED] {
        for severity in [16, 20] {
            assert_eq!(class(number, severity, Stage::Running), FaultClass::RolledBack, "{number}");
        }
    }
}

#[test]
fn an_error_below_class_20_that_another_try_would_meet_again_is_permanent() {
    for number in [2627, 2601, 547, 245, 229, 208, 3609, 3930, 3998, 50_404] {
        assert_eq!(class(number, 16, Stage::Running), FaultClass::Permanent, "{number}");
    }
    assert_eq!(class(LOGIN_FAILED, 14, Stage::Opening), FaultClass::Permanent);
}

#[test]
fn an_error_that_ends_the_session_leaves_the_outcome_unknown() {
    for number in [596, 823, 1203, 1205, 2627] {
        let fault = server_fault(number, 20, "", Stage::Running);
        assert_eq!((fault.class, fault.connection_usable), (FaultClass::Unknown, false), "{number}");
    }
}

#[test]
fn only_a_failover_casts_doubt_on_other_connections() {
    let doubts =
        |number, severity| server_fault(number, severity, "", Stage::Running).distrusts_all_connections();
    assert!(doubts(40613, 16) && doubts(40197, 20) && doubts(3906, 16));
    assert!(doubts(596, 21), "the server ended the session, nobody knows why");
    assert!(!doubts(1205, 13) && !doubts(10928, 16) && !doubts(40501, 20) && !doubts(2627, 14));
    assert!(!doubts(SESSION_TOKEN_EXPIRED, 20), "one session's token");
    assert!(Fault::io(IoErrorKind::ConnectionReset, Stage::Running).distrusts_all_connections());
    let before_commit =
        Fault { class: FaultClass::RolledBack, ..Fault::io(IoErrorKind::ConnectionReset, Stage::Running) };
    assert!(before_commit.distrusts_all_connections(), "whatever became of the command");
}

#[test]
fn a_failed_session_token_is_told_from_another_servers_login() {
    let expired =
        server_fault(LOGIN_FAILED, 14, "Login failed for user '<token>'. Token is expired.", Stage::Running);
    assert!(expired.is_ended_token());
    assert_eq!((expired.class, expired.connection_usable), (FaultClass::RolledBack, false));
    let linked = server_fault(LOGIN_FAILED, 14, "Login failed for user 'x'.", Stage::Running);
    assert!(!linked.is_ended_token());
    assert_eq!(linked.class, FaultClass::Permanent);
}

#[test]
fn every_kind_of_broken_connection_is_an_opening_fault_or_an_unknown_one() {
    use IoErrorKind::{
        AddrInUse, AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset,
        HostUnreachable, Interrupted, InvalidData, InvalidInput, NetworkDown, NetworkUnreachable,
        NotConnected, NotFound, Other, OutOfMemory, PermissionDenied, TimedOut, UnexpectedEof, Unsupported,
        WouldBlock, WriteZero,
    };
    let kinds = [
        AddrInUse,
        AddrNotAvailable,
        BrokenPipe,
        ConnectionAborted,
        ConnectionRefused,
        ConnectionReset,
        HostUnreachable,
        Interrupted,
        InvalidData,
        InvalidInput,
        NetworkDown,
        NetworkUnreachable,
        NotConnected,
        NotFound,
        Other,
        OutOfMemory,
        PermissionDenied,
        TimedOut,
        UnexpectedEof,
        Unsupported,
        WouldBlock,
        WriteZero,
    ];
    for kind in kinds {
        let error = DriverError::Io { kind, message: "CANARY".to_owned() };
        for (stage, class) in [(Stage::Opening, FaultClass::Opening), (Stage::Running, FaultClass::Unknown)] {
            let fault = Fault::from_driver(&error, stage);
            assert_eq!((fault.class, fault.connection_usable), (class, false), "{kind:?}");
            assert!(!fault.description.contains("CANARY"), "the text may name what it met");
        }
    }
}

#[test]
fn whatever_the_driver_could_not_read_may_have_taken_effect() {
    let parse = "x".parse::<i32>().map_err(DriverError::from).err();
    let errors = [
        Some(DriverError::Protocol("CANARY".into())),
        Some(DriverError::Encoding("CANARY".into())),
        Some(DriverError::Conversion("CANARY".into())),
        Some(DriverError::BulkInput("CANARY".into())),
        Some(DriverError::Tls("CANARY".to_owned())),
        Some(DriverError::Utf8),
        Some(DriverError::Utf16),
        parse,
    ];
    for error in errors.into_iter().flatten() {
        let running = Fault::from_driver(&error, Stage::Running);
        assert_eq!((running.class, running.connection_usable), (FaultClass::Unknown, false), "{error:?}");
        let opening = Fault::from_driver(&error, Stage::Opening);
        assert_eq!(opening.class, FaultClass::Permanent, "what answers is no SQL endpoint: {error:?}");
        assert!(!running.description.contains("CANARY") && !opening.description.contains("CANARY"));
    }
    let circle = DriverError::Routing { host: "CANARY".to_owned(), port: 1 };
    assert_eq!(Fault::from_driver(&circle, Stage::Opening).class, FaultClass::Opening);
    assert_eq!(Fault::from_driver(&circle, Stage::Running).class, FaultClass::Unknown);
}

proptest! {
    /// Whatever number and severity a server thinks of: what ends a session is never taken for one that works, what ran is
    /// never an opening fault, and what the table doesn't have is never repeated for a write.
    #[test]
    fn every_server_error_has_a_safe_class(
        number in prop_oneof![any::<u32>(), proptest::sample::select(entries()).prop_map(|entry| entry.number)],
        severity: u8,
    ) {
        let running = server_fault(number, severity, "", Stage::Running);
        let known = running.entry();
        prop_assert_ne!(running.class, FaultClass::Opening);
        prop_assert!(known.is_some() || running.class != FaultClass::RolledBack);
        if severity >= 20 {
            prop_assert!(!running.connection_usable);
            prop_assert_ne!(running.class, FaultClass::Permanent);
        }
        if running.connection_usable {
            prop_assert!(known.is_none_or(|entry| entry.connections == Connections::Kept));
            prop_assert_ne!(running.class, FaultClass::Unknown);
        }
        let opening = server_fault(number, severity, "", Stage::Opening);
        prop_assert!(matches!(opening.class, FaultClass::Opening | FaultClass::Permanent));
        prop_assert!(!opening.connection_usable);
    }
}
