//! From a command's failure to the problem that its caller gets.
//!
//! The server's own words can hold values and names of the schema, so a caller sees them only where the operator
//! allows it, or where the function's author wrote them with THROW.

use crate::database::Failure;
use crate::database::Unit;
use crate::database::faults::{DATABASE_NOT_OPENED, Fault, FaultClass, SERVICE_BUSY};
use crate::database::idempotency::IdempotencyFailure;
use crate::identity::IdentityError;
use crate::invocation::Problem;

/// What decides how much of a failure is told, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    /// The operator allows the server's own words.
    pub(super) show_database_errors: bool,
    /// `THROW 50404` answers 404.
    pub(super) throw_status: bool,
    /// What may be repeated of the command.
    pub(super) unit: Unit,
    /// Whether it calls code that could end the worker's transaction.
    pub(super) may_commit: bool,
}

/// Wait that is proposed to a caller after a fault that goes by.
const RETRY_AFTER_SECONDS: u64 = 5;
/// The same after error 40501, which asks for 10 seconds.
const RETRY_AFTER_BUSY_SECONDS: u64 = 10;

/// The problem for a failure.
pub(super) fn problem_of(failure: &Failure, telling: Telling) -> Problem {
    match failure {
        Failure::Fault(fault) => of_fault(fault, telling),
        // Spread over two seconds, so that the callers who are refused together don't come back together.
        Failure::ServerDown(_) => later(
            Problem::new(
                503,
                "unavailable",
                "The database is not available",
                format!("The database is not available: {failure}. Try again later."),
            ),
            fastrand::u64(1..=2),
        ),
        Failure::PoolFull | Failure::QueueFull => {
            later(Problem::new(503, "busy", "Too busy", failure.to_string()), RETRY_AFTER_SECONDS)
        }
        Failure::Identity(error) => of_identity(error),
        Failure::Results(_) => {
            Problem::new(500, "results", "The function's results don't fit", results_detail(failure, telling))
        }
        Failure::AnswerTooLarge { limit } => too_large_an_answer(*limit, failure, telling),
        Failure::OpenTransaction => {
            Problem::new(500, "open-transaction", "The command left a transaction open", failure.to_string())
        }
        Failure::EndedTransaction => {
            Problem::new(500, "ended-transaction", "The command ended the transaction", failure.to_string())
        }
        Failure::DeadlineBeforeRunning => later(
            Problem::new(503, "unavailable", "No connection in time", failure.to_string()),
            RETRY_AFTER_SECONDS,
        ),
        Failure::Deadline => Problem::new(504, "deadline", "Too slow", deadline_detail(telling.unit)),
        Failure::DeadlineRolledBack => Problem::new(504, "deadline", "Too slow", DEADLINE_ROLLED_BACK),
        Failure::Cancelled => Problem::new(503, "cancelled", "Cancelled", failure.to_string()),
        Failure::Idempotency(failure) => of_key(*failure),
        Failure::Internal(_) => Problem::new(500, "defect", "The worker has a defect", failure.to_string()),
    }
}

/// The 413 of an answer with more bytes than a function may answer. RFC 9110 has no status for that; among clients 413 is the one
/// that none repeats by itself, as many do with 5xx, and the cure is the same: ask for less at a time.
fn too_large_an_answer(limit: usize, failure: &Failure, telling: Telling) -> Problem {
    let detail = format!(
        "{} Ask for less at a time, as with TOP or OFFSET and FETCH. The operator can raise AZSQL_MAX_ANSWER_MB from {} to \
         100, or let the rows of a command that only reads stream, which the host's proxying mode does without a limit.",
        results_detail(failure, telling),
        limit / 1024 / 1024
    );
    Problem::new(413, "answer-too-large", "The answer is too large", detail)
}

fn results_detail(failure: &Failure, telling: Telling) -> String {
    match telling.unit {
        Unit::Repeatable | Unit::RepeatableTransaction(_) => failure.to_string(),
        Unit::Transaction(_) | Unit::Keyed(_) if telling.may_commit => format!(
            "{failure} What the command did was rolled back, unless a procedure that it calls committed by itself."
        ),
        // Results are read before COMMIT is sent.
        Unit::Transaction(_) | Unit::Keyed(_) => format!("{failure} What the command did was rolled back."),
        Unit::SingleStatement | Unit::OnItsOwn => {
            format!("{failure} The command may have taken effect: look before you repeat it.")
        }
    }
}

const DEADLINE_ROLLED_BACK: &str = "The command did not end in time; it was cancelled and rolled back: nothing took effect. \
                                    Make it faster, or raise its timeout.";

fn deadline_detail(unit: Unit) -> &'static str {
    match unit {
        Unit::Repeatable | Unit::RepeatableTransaction(_) => {
            "The command did not end in time and was cancelled. Make it faster, or raise its timeout."
        }
        Unit::Keyed(_) => {
            "The command did not end in time and was cancelled. It may have taken effect: send the same request with the \
             same idempotency key again, it takes effect once."
        }
        Unit::SingleStatement | Unit::Transaction(_) | Unit::OnItsOwn => {
            "The command did not end in time and was cancelled. It may have taken effect: look before you repeat it."
        }
    }
}

fn of_key(failure: IdempotencyFailure) -> Problem {
    use IdempotencyFailure as Why;
    let problem = |status, kind, title| Problem::new(status, kind, title, failure.to_string());
    match failure {
        Why::OtherRequest => problem(422, "key-reused", "The idempotency key belongs to another request"),
        Why::InProgress => {
            later(problem(409, "in-progress", "The call is still running"), RETRY_AFTER_SECONDS)
        }
        Why::AnswerTooLong => problem(500, "results", "The function's results don't fit"),
        Why::RowGone => problem(500, "ended-transaction", "The command ended the transaction"),
        Why::Unanswered | Why::Unreadable => problem(500, "answer-lost", "The stored answer is not there"),
        Why::NoTable => problem(500, "database", "The table of idempotency keys is missing"),
        Why::NoRight => problem(500, "database", "The identity lacks a right"),
    }
}

fn of_identity(error: &IdentityError) -> Problem {
    if error.goes_by() {
        later(Problem::new(503, "identity", "No token", error.to_string()), RETRY_AFTER_SECONDS)
    } else {
        Problem::new(500, "identity", "No token", error.to_string())
    }
}

fn of_fault(fault: &Fault, telling: Telling) -> Problem {
    if let Some(thrown) = thrown(fault, telling) {
        return thrown;
    }
    let mut problem = match (fault.class, telling.unit) {
        (FaultClass::Permanent, _) => of_number(fault),
        // It was tried twice: a name that is wrong for good is likelier by now, and has a cure.
        (FaultClass::Opening, _) if fault.number == Some(DATABASE_NOT_OPENED) => of_number(fault),
        (FaultClass::Opening, _) => unavailable(fault),
        (FaultClass::RolledBack | FaultClass::Unknown, unit) if unit.is_repeatable() => unavailable(fault),
        (FaultClass::RolledBack, Unit::OnItsOwn) => outcome_unknown(fault),
        (FaultClass::RolledBack, _) => rolled_back(fault),
        (FaultClass::Unknown, Unit::Keyed(_)) => outcome_unknown_with_key(fault),
        (FaultClass::Unknown, _) => outcome_unknown(fault),
    };
    problem.sql_error = fault.number;
    if let Some(cure) = fault.cure {
        problem.detail = format!("{} {cure}", problem.detail);
    }
    if telling.show_database_errors
        && let Some(message) = &fault.server_message
    {
        problem.detail = format!("{} The server says: {message}", problem.detail);
    }
    problem
}

/// `THROW 50404, 'no such order', 1`: 50000 + a status from 400 to 599, with a text that is meant for callers.
fn thrown(fault: &Fault, telling: Telling) -> Option<Problem> {
    let status = u16::try_from(fault.number?.checked_sub(50_000)?).ok()?;
    if !telling.throw_status || !(400..=599).contains(&status) {
        return None;
    }
    let detail = fault.server_message.clone().unwrap_or_default();
    let mut problem = Problem::new(status, "thrown", "The function refused", detail);
    problem.sql_error = fault.number;
    problem.detail_may_hold_values = !telling.show_database_errors;
    Some(problem)
}

/// Nothing was sent, or nothing but a read.
fn unavailable(fault: &Fault) -> Problem {
    let detail = format!("The database is not available: {}. Try again later.", fault.description);
    later(Problem::new(503, "unavailable", "The database is not available", detail), retry_after(fault))
}

/// A write that certainly didn't happen.
fn rolled_back(fault: &Fault) -> Problem {
    let detail = format!(
        "The command was rolled back or never ran ({}): nothing took effect. Try again later.",
        fault.description
    );
    later(Problem::new(503, "rolled-back", "The command was rolled back", detail), retry_after(fault))
}

/// A write that may have happened, wholly or in part.
fn outcome_unknown(fault: &Fault) -> Problem {
    let detail = format!(
        "The command failed while it ran ({}), so nobody knows whether it, or a part of it, took effect. It was \
         not repeated: look before you repeat it.",
        fault.description
    );
    Problem::new(500, "outcome-unknown", "Outcome unknown", detail)
}

/// The same, where the caller may repeat it all the same: the key keeps it from happening twice.
fn outcome_unknown_with_key(fault: &Fault) -> Problem {
    let detail = format!(
        "The command failed while it ran ({}), so nobody knows whether it took effect. Send the same request with the \
         same idempotency key again: it takes effect once, and the answer tells.",
        fault.description
    );
    later(Problem::new(503, "outcome-unknown", "Outcome unknown", detail), retry_after(fault))
}

fn retry_after(fault: &Fault) -> u64 {
    if fault.number == Some(SERVICE_BUSY) { RETRY_AFTER_BUSY_SECONDS } else { RETRY_AFTER_SECONDS }
}

fn later(problem: Problem, seconds: u64) -> Problem {
    Problem { retry_after_seconds: Some(seconds), ..problem }
}

/// Faults that another try would not mend, by their number. Texts of the numbers: SQL Server documentation,
/// "Database engine events and errors".
fn of_number(fault: &Fault) -> Problem {
    let conflict = |detail: &str| Problem::new(409, "conflict", "Conflict", detail);
    let unprocessable =
        |detail: &str| Problem::new(422, "unprocessable", "The database refused a value", detail);
    let ours = |title: &'static str, detail: &str| Problem::new(500, "database", title, detail);
    match fault.number {
        Some(2627 | 2601) => conflict("A row with this key exists already."),
        Some(547) if says(fault, "CHECK") => unprocessable("A value breaks a rule (CHECK) of the table."),
        Some(547) => conflict("Another row is missing that this one refers to, or still refers to this one."),
        Some(515) => unprocessable("A column needs a value and got none."),
        Some(2628 | 8152) => unprocessable("A value is too long for its column."),
        Some(8115 | 220 | 232) => unprocessable("A number is too large for its type."),
        Some(245 | 8114 | 241 | 242) => {
            unprocessable("A value can't be converted to the type that the command needs.")
        }
        // What its XML parser says (sys.messages has nothing else between these).
        Some(9400..=9499) => unprocessable("A text is not XML that the server can read."),
        Some(229 | 230 | 262) => ours(
            "The identity lacks a right",
            "The worker's database user may not do this: grant it the right on the object.",
        ),
        Some(18456) => ours(
            "The server refused the login",
            "The identity has no user in this database, or its token is for another server or has expired. Create the \
             user with CREATE USER [<name of the identity>] FROM EXTERNAL PROVIDER, in this very database. With a SQL login, \
             its name or password is wrong: mend User Id and Password in the connection string. \
             `azsql-worker doctor` tells which it is.",
        ),
        Some(4060) => ours(
            "The database can't be opened",
            "There is no such database, or the identity has no user in it: mend Database in the connection string, or \
             create the user.",
        ),
        Some(40615 | 40532) => ours(
            "The server refused the connection",
            "The server's firewall or name refused it: allow this address, or mend Server in the connection string.",
        ),
        Some(208 | 207 | 102 | 156 | 137 | 2715 | 2812) => ours(
            "The command doesn't fit the database",
            "The command names something that the database doesn't have, or has a mistake: try it in a query window.",
        ),
        Some(number) => ours("The database reported an error", &format!("SQL error {number}; see the log.")),
        None => ours("The database can't be used", &format!("{}.", fault.description)),
    }
}

fn says(fault: &Fault, word: &str) -> bool {
    fault.server_message.as_ref().is_some_and(|message| message.contains(word))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::database::Isolation;

    const QUIET: Telling =
        Telling { show_database_errors: false, throw_status: true, unit: Unit::OnItsOwn, may_commit: false };

    fn server_error(number: u32, message: &str) -> Failure {
        Failure::Fault(Fault {
            number: Some(number),
            server_message: Some(message.to_owned()),
            ..Fault::without_number(FaultClass::Permanent, &format!("SQL error {number}"))
        })
    }

    #[test]
    fn numbers_become_the_statuses_of_the_design() {
        for (number, message, status) in [
            (2627, "Violation of PRIMARY KEY constraint", 409),
            (2601, "Cannot insert duplicate key row", 409),
            (547, "conflicted with the FOREIGN KEY constraint", 409),
            (547, "conflicted with the CHECK constraint", 422),
            (515, "Cannot insert the value NULL", 422),
            (2628, "would be truncated", 422),
            (8115, "Arithmetic overflow", 422),
            (245, "Conversion failed", 422),
            (8114, "Error converting data type", 422),
            (229, "permission was denied", 500),
            (18456, "Login failed", 500),
            (208, "Invalid object name", 500),
        ] {
            let problem = problem_of(&server_error(number, message), QUIET);
            assert_eq!((problem.status, problem.sql_error), (status, Some(number)), "{number}");
        }
    }

    #[test]
    fn the_servers_words_reach_a_caller_only_where_the_operator_allows_it() {
        let failure = server_error(2627, "The duplicate key value is (CANARY).");
        assert!(!problem_of(&failure, QUIET).to_json("id").contains("CANARY"));
        let open = Telling { show_database_errors: true, ..QUIET };
        assert!(problem_of(&failure, open).to_json("id").contains("CANARY"));
    }

    #[test]
    fn a_thrown_status_answers_with_its_own_text_unless_turned_off() {
        let failure = server_error(50_404, "no such order");
        let problem = problem_of(&failure, QUIET);
        assert_eq!((problem.status, problem.detail.as_str()), (404, "no such order"));
        let off = Telling { throw_status: false, ..QUIET };
        assert_eq!(problem_of(&failure, off).status, 500);
        assert_eq!(problem_of(&server_error(50_000, "x"), QUIET).status, 500);
        assert_eq!(problem_of(&server_error(50_600, "x"), QUIET).status, 500);
    }

    #[test]
    fn an_unknown_outcome_of_a_write_invites_no_blind_repeat() {
        let failure = Failure::Fault(Fault::without_number(FaultClass::Unknown, "the connection broke"));
        let problem = problem_of(&failure, QUIET);
        assert_eq!((problem.kind, problem.retry_after_seconds), ("outcome-unknown", None));
        let reads = Telling { unit: Unit::Repeatable, ..QUIET };
        assert_eq!(problem_of(&failure, reads).status, 503);
    }

    #[test]
    fn a_batch_whose_later_statement_never_ran_invites_no_blind_repeat() {
        let fault =
            Fault { number: Some(SERVICE_BUSY), ..Fault::without_number(FaultClass::RolledBack, "busy") };
        let problem = problem_of(&Failure::Fault(fault), QUIET);
        assert_eq!((problem.kind, problem.retry_after_seconds), ("outcome-unknown", None));
    }

    #[test]
    fn a_write_that_was_rolled_back_says_that_nothing_took_effect() {
        let victim = Failure::Fault(Fault {
            number: Some(1205),
            ..Fault::without_number(FaultClass::RolledBack, "SQL error 1205")
        });
        for unit in
            [Unit::SingleStatement, Unit::Transaction(Isolation::Default), Unit::Keyed(Isolation::Default)]
        {
            let problem = problem_of(&victim, Telling { unit, ..QUIET });
            assert_eq!((problem.status, problem.kind), (503, "rolled-back"), "{unit:?}");
            assert!(problem.retry_after_seconds.is_some() && problem.detail.contains("nothing took effect"));
        }
        let problem = problem_of(&victim, Telling { unit: Unit::Repeatable, ..QUIET });
        assert_eq!((problem.status, problem.kind), (503, "unavailable"));
    }

    #[test]
    fn an_unknown_outcome_under_a_key_invites_the_same_request_again() {
        let failure = Failure::Fault(Fault::without_number(FaultClass::Unknown, "the connection broke"));
        let keyed = Telling { unit: Unit::Keyed(Isolation::Default), ..QUIET };
        let problem = problem_of(&failure, keyed);
        assert_eq!((problem.status, problem.kind), (503, "outcome-unknown"));
        assert!(problem.retry_after_seconds.is_some() && problem.detail.contains("same idempotency key"));
    }

    #[test]
    fn a_deadline_says_what_is_certain() {
        let transaction = Telling { unit: Unit::Transaction(Isolation::Default), ..QUIET };
        let detail = |failure| problem_of(&failure, transaction).detail;
        assert!(detail(Failure::DeadlineRolledBack).contains("nothing took effect"));
        assert!(detail(Failure::Deadline).contains("look before you repeat it"), "it met COMMIT");
        assert!(detail(Failure::Results("More than one row.".to_owned())).contains("rolled back"));
    }

    #[test]
    fn a_busy_service_says_when_to_come_back() {
        let fault =
            Fault { number: Some(SERVICE_BUSY), ..Fault::without_number(FaultClass::RolledBack, "busy") };
        let single = Telling { unit: Unit::SingleStatement, ..QUIET };
        let problem = problem_of(&Failure::Fault(fault), single);
        assert_eq!((problem.status, problem.retry_after_seconds.unwrap()), (503, 10));
    }
}
