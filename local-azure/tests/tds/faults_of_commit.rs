//! Faults at COMMIT: before its effect, after it, and late; on the real engine, with the final state of the table.

use std::time::Duration;

use local_azure::sql::faults::{CutBy, Fault, RequestFault, RequestKind, Until, at_statement};
use local_azure::sql::{self, SqlOptions};

use crate::harness::{Fixture, Journal, SqlClient, failure, options, until};

/// A server with a real database and an empty table `dbo.t`.
pub(crate) async fn with_table() -> Fixture {
    let seed = Some("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)".to_owned());
    let server = sql::start(SqlOptions { seed, ..options() }).await.unwrap();
    Fixture { server, journal: Journal::default() }
}

/// What is in the table, as a new connection sees it.
pub(crate) async fn ids(fixture: &Fixture) -> Vec<i32> {
    let mut client = fixture.connect().await;
    let query = client.simple_query("SELECT id FROM dbo.t ORDER BY id").await.unwrap();
    query.into_first_result().await.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

pub(crate) async fn run(client: &mut SqlClient, batch: &str) -> tiberius::Result<()> {
    client.simple_query(batch).await?.into_results().await.map(|_| ())
}

pub(crate) async fn until_ids(fixture: &Fixture, wanted: &[i32]) {
    for _ in 0..1000 {
        if ids(fixture).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the table never has {wanted:?}");
}

/// The two ways to commit.
#[derive(Clone, Copy, Debug)]
enum Way {
    Request,
    Batch,
}

const WAYS: [Way; 2] = [Way::Request, Way::Batch];

async fn insert_and_commit(client: &mut SqlClient, way: Way) -> tiberius::Result<()> {
    client.begin_transaction().await.unwrap();
    run(client, "INSERT INTO dbo.t VALUES (1)").await.unwrap();
    match way {
        Way::Request => client.commit_transaction().await.map(|_| ()),
        Way::Batch => run(client, "commit TRANSACTION;").await,
    }
}

async fn committed_under(fault: RequestFault, way: Way) -> (Fixture, tiberius::Result<()>) {
    let fixture = with_table().await;
    let mut client = fixture.connect().await;
    let armed = fixture.server.faults().arm(Fault::at(RequestKind::Commit, fault));
    let outcome = insert_and_commit(&mut client, way).await;
    assert_eq!(armed.struck(), 1, "{way:?}");
    (fixture, outcome)
}

fn server_error(outcome: tiberius::Result<()>) -> u32 {
    match outcome {
        Err(tiberius::error::Error::Server(error)) => error.code(),
        other => panic!("no server error: {other:?}"),
    }
}

fn is_lost(outcome: &tiberius::Result<()>) -> bool {
    matches!(outcome, Err(tiberius::error::Error::Io { .. } | tiberius::error::Error::Protocol(_)))
}

#[tokio::test]
async fn an_error_instead_of_a_commit_rolls_back() {
    for way in WAYS {
        for number in [41305, 10928, 40197] {
            let fault = RequestFault::Fail(at_statement(number));
            let (fixture, outcome) = committed_under(fault, way).await;
            assert_eq!(i32::try_from(server_error(outcome)).unwrap(), number);
            assert!(ids(&fixture).await.is_empty(), "{way:?} {number}");
        }
    }
}

#[tokio::test]
async fn an_error_after_a_commit_leaves_it() {
    for way in WAYS {
        for number in [41305, 40197] {
            let fault = RequestFault::RunThenFail(at_statement(number));
            let (fixture, outcome) = committed_under(fault, way).await;
            assert_eq!(i32::try_from(server_error(outcome)).unwrap(), number);
            assert_eq!(ids(&fixture).await, [1], "{way:?} {number}");
        }
    }
}

#[tokio::test]
async fn a_cut_before_a_commit_rolls_back_and_one_after_it_does_not() {
    for by in [CutBy::Fin, CutBy::Reset] {
        for way in WAYS {
            let (fixture, outcome) = committed_under(RequestFault::Cut(by), way).await;
            assert!(is_lost(&outcome), "{outcome:?}");
            until("the end of the session", || fixture.server.connections() == 0).await;
            assert!(ids(&fixture).await.is_empty(), "{way:?}");

            let (fixture, outcome) = committed_under(RequestFault::RunThenCut(by), way).await;
            assert!(is_lost(&outcome), "{outcome:?}");
            assert_eq!(ids(&fixture).await, [1], "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_late_commit_holds_its_locks_until_it_is_released_and_then_happens() {
    for way in WAYS {
        let fault = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::Released };
        let (fixture, outcome) = committed_under(fault, way).await;
        assert!(is_lost(&outcome), "{outcome:?}");
        let faults = fixture.server.faults();
        until("the connection's end", || fixture.server.connections() == 0).await;
        assert_eq!(faults.orphans(), 1);
        assert!(ids(&fixture).await.is_empty(), "readers see what is committed");
        let mut other = fixture.connect().await;
        let blocked = "SET LOCK_TIMEOUT 0; INSERT INTO dbo.t VALUES (1)";
        assert_eq!(failure(&mut other, blocked).await.code(), 1222);
        faults.release_stalled();
        until("the orphan's end", || faults.orphans() == 0).await;
        assert_eq!(ids(&fixture).await, [1]);
        assert_eq!(failure(&mut other, blocked).await.code(), 2627);
    }
}

#[tokio::test]
async fn a_late_commit_happens_by_itself_after_its_time() {
    let until_then = Until::For(Duration::from_millis(50));
    let fault = RequestFault::CutThenRun { by: CutBy::Fin, until: until_then };
    let (fixture, outcome) = committed_under(fault, Way::Request).await;
    assert!(is_lost(&outcome), "{outcome:?}");
    until_ids(&fixture, &[1]).await;
}

#[tokio::test]
async fn a_server_that_stops_ends_orphans_without_their_commit() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let options = SqlOptions {
            database_file: Some(folder.path().join("orphan.db")),
            seed: Some("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)".to_owned()),
            ..options()
        };
        Fixture { server: sql::start(options).await.unwrap(), journal: Journal::default() }
    };
    let fixture = start().await;
    let mut client = fixture.connect().await;
    let fault = RequestFault::CutThenRun { by: CutBy::Fin, until: Until::Released };
    fixture.server.faults().arm(Fault::at(RequestKind::Commit, fault));
    assert!(insert_and_commit(&mut client, Way::Request).await.is_err());
    tokio::time::timeout(Duration::from_secs(20), fixture.server.stop()).await.unwrap();
    assert!(ids(&start().await).await.is_empty());
}

#[tokio::test]
async fn a_commit_that_hangs_commits_when_it_is_released() {
    let fixture = with_table().await;
    let mut client = fixture.connect().await;
    let stall = RequestFault::Stall(Until::Released);
    let armed = fixture.server.faults().arm(Fault::at(RequestKind::Commit, stall));
    let committing = tokio::spawn(async move { insert_and_commit(&mut client, Way::Request).await });
    for _ in 0..2000 {
        if armed.struck() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ids(&fixture).await.is_empty());
    fixture.server.faults().release_stalled();
    committing.await.unwrap().unwrap();
    assert_eq!(ids(&fixture).await, [1]);
}

#[tokio::test]
async fn a_fault_of_statements_passes_a_commit_and_one_of_commits_passes_statements() {
    let fixture = with_table().await;
    let mut client = fixture.connect().await;
    let faults = fixture.server.faults();
    let of_commit = faults.arm(Fault::at(RequestKind::Commit, RequestFault::Fail(at_statement(10928))));
    run(&mut client, "INSERT INTO dbo.t VALUES (5); SELECT 'COMMIT'").await.unwrap();
    assert_eq!((of_commit.struck(), faults.disarm(of_commit.id())), (0, true));
    client.begin_transaction().await.unwrap();
    let of_statement = faults.arm(Fault::at(RequestKind::Statement, RequestFault::Fail(at_statement(10928))));
    client.commit_transaction().await.unwrap();
    assert_eq!(of_statement.struck(), 0);
    assert_eq!(failure(&mut client, "SELECT 1").await.code(), 10928);
    assert_eq!((of_statement.struck(), faults.strikes(), faults.armed().len()), (1, 1, 0));
}
