//! Class of fault × unit of work × moment of the fault: what the caller is told, how many tries there were, and how often the
//! effect is there.

use std::time::Duration;

use local_azure::sql::faults::{
    CutBy, Fault, LoginFault, ReplyFault, RequestFault, RequestKind, Until, at_login, at_statement,
};

use super::stage::{Case, Kind, Stage, Told};

const DONE: Told = Told::Done;
const UNKNOWN: Told = Told::Unknown;

/// A fault of the command itself; what the worker sends beside it is let pass.
fn at_command(fault: RequestFault) -> Fault {
    Fault::at(RequestKind::Statement, fault).containing("Effects")
}

fn fails_with(number: i32) -> Fault {
    at_command(RequestFault::Fail(at_statement(number)))
}

fn case(what: &'static str, fault: Fault, told: Told, failed_tries: usize, effects: i32) -> Case {
    Case { what, fault, told, failed_tries, effects }
}

/// Nothing was sent: the same for every unit. It comes first, while there is no connection.
fn before_sending(failed: usize) -> Case {
    let login = Fault::new(LoginFault::Fail(at_login(40613)));
    case("40613 at login", login, DONE, failed, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_tried_again_whatever_happened() {
    let rows_then_deadlock = RequestFault::FailInRows { after_rows: 1, error: at_statement(1205) };
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_millis(100)) };
    Stage::new(Kind::Repeatable)
        .await
        .play(vec![
            before_sending(1),
            case("1205", fails_with(1205), DONE, 1, 0),
            case("40613 after it was sent", fails_with(40613), DONE, 1, 0),
            case("40197, which ends the session", fails_with(40197), DONE, 1, 0),
            case("cut before it ran", at_command(RequestFault::Cut(CutBy::Reset)), DONE, 1, 0),
            case("cut after it ran", at_command(RequestFault::RunThenCut(CutBy::Fin)), DONE, 1, 0),
            case("an error after a row", at_command(rows_then_deadlock), DONE, 1, 0),
            case(
                "cut within the answer",
                at_command(RequestFault::Reply(ReplyFault::Cut { after: 20, by: CutBy::Reset })),
                DONE,
                1,
                0,
            ),
            case("cut, and it runs later", at_command(late), DONE, 1, 0),
            case("a mistake", fails_with(208), Told::Failed(500, "database"), 1, 0),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_statement_is_tried_again_only_when_the_server_says_that_it_did_not_happen() {
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_millis(300)) };
    Stage::new(Kind::SingleStatement)
        .await
        .play(vec![
            before_sending(1),
            case("1205", fails_with(1205), DONE, 1, 1),
            case("1222", fails_with(1222), DONE, 1, 1),
            case("10928, turned away", fails_with(10928), DONE, 1, 1),
            case("1205 twice", fails_with(1205).times(2), DONE, 2, 1),
            case("40613 after it was sent", fails_with(40613), UNKNOWN, 1, 0),
            case("40197, which ends the session", fails_with(40197), UNKNOWN, 1, 0),
            case(
                "40197 after the effect",
                at_command(RequestFault::RunThenFail(at_statement(40197))),
                UNKNOWN,
                1,
                1,
            ),
            case("cut before it ran", at_command(RequestFault::Cut(CutBy::Reset)), UNKNOWN, 1, 0),
            case("cut after the effect", at_command(RequestFault::RunThenCut(CutBy::Fin)), UNKNOWN, 1, 1),
            case(
                "cut within the answer",
                at_command(RequestFault::Reply(ReplyFault::Cut { after: 4, by: CutBy::Reset })),
                UNKNOWN,
                1,
                1,
            ),
            case("cut, and it takes effect later", at_command(late), UNKNOWN, 1, 1),
            case("a key that exists", fails_with(2627), Told::Failed(409, "conflict"), 1, 0),
            case("3906 for good", fails_with(3906).always(), Told::Failed(503, "rolled-back"), 3, 0),
            case("and then all is well", fails_with(1205), DONE, 1, 1),
        ])
        .await;
}

fn at_commit(fault: RequestFault) -> Fault {
    Fault::at(RequestKind::Commit, fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_replayed_whole_whatever_happened_before_commit() {
    Stage::new(Kind::Transaction)
        .await
        .play(vec![
            before_sending(1),
            case("cut at BEGIN", Fault::at(RequestKind::Begin, RequestFault::Cut(CutBy::Reset)), DONE, 1, 1),
            case("1205", fails_with(1205), DONE, 1, 1),
            case("40613 after it was sent", fails_with(40613), DONE, 1, 1),
            case(
                "40197 after it ran",
                at_command(RequestFault::RunThenFail(at_statement(40197))),
                DONE,
                1,
                1,
            ),
            case("cut before it ran", at_command(RequestFault::Cut(CutBy::Reset)), DONE, 1, 1),
            case("cut after it ran", at_command(RequestFault::RunThenCut(CutBy::Fin)), DONE, 1, 1),
            case(
                "an error between its statements",
                at_command(RequestFault::FailInBatch { after_statements: 1, error: at_statement(3960) }),
                DONE,
                1,
                1,
            ),
            case(
                "cut within the answer",
                at_command(RequestFault::Reply(ReplyFault::Cut { after: 4, by: CutBy::Reset })),
                DONE,
                1,
                1,
            ),
            case("a key that exists", fails_with(2627), Told::Failed(409, "conflict"), 1, 0),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_commit_what_the_server_refused_is_certain_and_what_broke_is_not() {
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_millis(300)) };
    Stage::new(Kind::Transaction)
        .await
        .play(vec![
            before_sending(1),
            case("41305", at_commit(RequestFault::Fail(at_statement(41305))), DONE, 1, 1),
            case("41325", at_commit(RequestFault::Fail(at_statement(41325))), DONE, 1, 1),
            case(
                "3998",
                at_commit(RequestFault::Fail(at_statement(3998))),
                Told::Failed(500, "database"),
                1,
                0,
            ),
            case("40613", at_commit(RequestFault::Fail(at_statement(40613))), UNKNOWN, 1, 0),
            case("cut before the effect", at_commit(RequestFault::Cut(CutBy::Reset)), UNKNOWN, 1, 0),
            case("cut after the effect", at_commit(RequestFault::RunThenCut(CutBy::Fin)), UNKNOWN, 1, 1),
            case(
                "40197 after the effect",
                at_commit(RequestFault::RunThenFail(at_statement(40197))),
                UNKNOWN,
                1,
                1,
            ),
            case(
                "40501 at severity 20 after the effect",
                at_commit(RequestFault::RunThenFail(at_statement(40501).with_class(20))),
                UNKNOWN,
                1,
                1,
            ),
            case("cut, and it commits later", at_commit(late), UNKNOWN, 1, 1),
            case(
                "cut within the acknowledgement",
                at_commit(RequestFault::Reply(ReplyFault::Cut { after: 4, by: CutBy::Reset })),
                UNKNOWN,
                1,
                1,
            ),
        ])
        .await;
}

/// A fault of the statements on the keys' table.
fn at_key(of: &str, fault: RequestFault) -> Fault {
    Fault::at(RequestKind::Statement, fault).containing(of)
}

/// The worker puts the key's row there, and its answer into it.
const CLAIM: &str = "INSERT INTO dbo.AzsqlIdempotency";
const RECORD: &str = "UPDATE dbo.AzsqlIdempotency";

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_a_key_is_replayed_whole_whatever_happened_before_commit() {
    Stage::new(Kind::Keyed)
        .await
        .play(vec![
            before_sending(1),
            case("cut at BEGIN", Fault::at(RequestKind::Begin, RequestFault::Cut(CutBy::Reset)), DONE, 1, 1),
            case("1205", fails_with(1205), DONE, 1, 1),
            case("40613 after it was sent", fails_with(40613), DONE, 1, 1),
            case("cut before it ran", at_command(RequestFault::Cut(CutBy::Reset)), DONE, 1, 1),
            case("cut after it ran", at_command(RequestFault::RunThenCut(CutBy::Fin)), DONE, 1, 1),
            case(
                "an error between its statements",
                at_command(RequestFault::FailInBatch { after_statements: 1, error: at_statement(3960) }),
                DONE,
                1,
                1,
            ),
            case("a key that exists", fails_with(2627), Told::Failed(409, "conflict"), 1, 0),
            case("and then all is well", fails_with(1205), DONE, 1, 1),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_the_table_of_keys_leaves_neither_key_nor_effect_behind() {
    Stage::new(Kind::Keyed)
        .await
        .play(vec![
            before_sending(1),
            case("1205 at the claim", at_key(CLAIM, RequestFault::Fail(at_statement(1205))), DONE, 1, 1),
            case("cut at the claim", at_key(CLAIM, RequestFault::Cut(CutBy::Reset)), DONE, 1, 1),
            case("cut after the claim", at_key(CLAIM, RequestFault::RunThenCut(CutBy::Fin)), DONE, 1, 1),
            case("1205 at the record", at_key(RECORD, RequestFault::Fail(at_statement(1205))), DONE, 1, 1),
            case("cut after the record", at_key(RECORD, RequestFault::RunThenCut(CutBy::Reset)), DONE, 1, 1),
            case(
                "no right to the table",
                at_key(CLAIM, RequestFault::Fail(at_statement(229))),
                Told::Failed(500, "database"),
                0,
                0,
            ),
            case("and then all is well", fails_with(1205), DONE, 1, 1),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_a_key_is_replayed_from_its_commit_too_and_takes_effect_once() {
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_millis(300)) };
    Stage::new(Kind::Keyed)
        .await
        .play(vec![
            before_sending(1),
            case("41305", at_commit(RequestFault::Fail(at_statement(41305))), DONE, 1, 1),
            case(
                "3998",
                at_commit(RequestFault::Fail(at_statement(3998))),
                Told::Failed(500, "database"),
                1,
                0,
            ),
            case("40613", at_commit(RequestFault::Fail(at_statement(40613))), DONE, 1, 1),
            case("cut before the effect", at_commit(RequestFault::Cut(CutBy::Reset)), DONE, 1, 1),
            case("cut after the effect", at_commit(RequestFault::RunThenCut(CutBy::Fin)), DONE, 1, 1),
            case(
                "40197 after the effect",
                at_commit(RequestFault::RunThenFail(at_statement(40197))),
                DONE,
                1,
                1,
            ),
            case("twice", at_commit(RequestFault::Cut(CutBy::Reset)).times(2), DONE, 2, 1),
            case("cut, and it commits later", at_commit(late), DONE, 1, 1),
            case(
                "cut within the acknowledgement",
                at_commit(RequestFault::Reply(ReplyFault::Cut { after: 4, by: CutBy::Reset })),
                DONE,
                1,
                1,
            ),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_its_own_is_sent_once_and_never_again() {
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_millis(300)) };
    Stage::new(Kind::OnItsOwn)
        .await
        .play(vec![
            before_sending(1),
            case("1205", fails_with(1205), UNKNOWN, 1, 0),
            case("10928, turned away", fails_with(10928), UNKNOWN, 1, 0),
            case("40613 after it was sent", fails_with(40613), UNKNOWN, 1, 0),
            case(
                "40197 after the effect",
                at_command(RequestFault::RunThenFail(at_statement(40197))),
                UNKNOWN,
                1,
                1,
            ),
            case("cut before it ran", at_command(RequestFault::Cut(CutBy::Reset)), UNKNOWN, 1, 0),
            case("cut after the effect", at_command(RequestFault::RunThenCut(CutBy::Fin)), UNKNOWN, 1, 1),
            case("cut, and it takes effect later", at_command(late), UNKNOWN, 1, 1),
            case("a key that exists", fails_with(2627), Told::Failed(409, "conflict"), 1, 0),
        ])
        .await;
}
