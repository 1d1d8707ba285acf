//! Faults of statements: what they do to the statement, its batch and its transaction; whom they strike.

use local_azure::sql::faults::{CutBy, Fault, RequestFault, RequestKind, Share, Until, at_statement};

use crate::faults_of_commit::{ids, run, until_ids, with_table};
use crate::harness::{Fixture, connect, failure, options, until};

const INSERT: &str = "INSERT INTO dbo.t VALUES (2)";

fn statement(fault: RequestFault) -> Fault {
    Fault::at(RequestKind::Statement, fault).containing("dbo.T values")
}

#[tokio::test]
async fn a_single_statement_has_its_effect_after_but_not_before() {
    for (fault, wanted) in [
        (RequestFault::Fail(at_statement(40501)), vec![]),
        (RequestFault::Cut(CutBy::Fin), vec![]),
        (RequestFault::Cut(CutBy::Reset), vec![]),
        (RequestFault::RunThenFail(at_statement(40501)), vec![2]),
        (RequestFault::RunThenCut(CutBy::Fin), vec![2]),
        (RequestFault::RunThenCut(CutBy::Reset), vec![2]),
    ] {
        let fixture = with_table().await;
        let mut client = fixture.connect().await;
        let armed = fixture.server.faults().arm(statement(fault.clone()));
        assert!(run(&mut client, INSERT).await.is_err(), "{fault:?}");
        assert_eq!(armed.struck(), 1);
        assert_eq!(ids(&fixture).await, wanted, "{fault:?}");
    }
}

#[tokio::test]
async fn a_single_statement_can_be_late() {
    let fixture = with_table().await;
    let mut client = fixture.connect().await;
    let fault = RequestFault::CutThenRun { by: CutBy::Fin, until: Until::Released };
    fixture.server.faults().arm(Fault::at(RequestKind::Statement, fault).containing("OUTPUT"));
    assert!(run(&mut client, "INSERT INTO dbo.t OUTPUT inserted.id VALUES (2)").await.is_err());
    assert!(ids(&fixture).await.is_empty());
    fixture.server.faults().release_stalled();
    until_ids(&fixture, &[2]).await;
}

/// What a transaction of two inserts leaves when the second fails and the client commits all the same.
async fn left_after(number: i32, xact_abort: bool) -> Vec<i32> {
    let fixture = with_table().await;
    let mut client = fixture.connect().await;
    if xact_abort {
        run(&mut client, "SET XACT_ABORT ON").await.unwrap();
    }
    run(&mut client, "BEGIN TRANSACTION").await.unwrap();
    run(&mut client, "INSERT INTO dbo.t VALUES (1)").await.unwrap();
    fixture.server.faults().arm(statement(RequestFault::Fail(at_statement(number))));
    assert_eq!(i32::try_from(failure(&mut client, INSERT).await.code()).unwrap(), number);
    let _ = run(&mut client, "IF @@TRANCOUNT > 0 COMMIT").await;
    ids(&fixture).await
}

#[tokio::test]
async fn an_error_does_to_its_transaction_what_it_does_on_sql_server() {
    for (number, xact_abort, wanted) in [
        (1205, false, vec![]),
        (3960, false, vec![]),
        (1222, false, vec![1]),
        (10928, false, vec![1]),
        (1222, true, vec![]),
        (10928, true, vec![]),
        (40197, false, vec![]),
    ] {
        assert_eq!(left_after(number, xact_abort).await, wanted, "{number} {xact_abort}");
    }
}

#[tokio::test]
async fn a_cut_in_a_transaction_rolls_it_back_even_after_the_statement() {
    for fault in [RequestFault::Cut(CutBy::Reset), RequestFault::RunThenCut(CutBy::Fin)] {
        let fixture = with_table().await;
        let mut client = fixture.connect().await;
        client.begin_transaction().await.unwrap();
        run(&mut client, "INSERT INTO dbo.t VALUES (1)").await.unwrap();
        fixture.server.faults().arm(statement(fault));
        assert!(run(&mut client, INSERT).await.is_err());
        until("the session's end", || fixture.server.connections() == 0).await;
        assert!(ids(&fixture).await.is_empty());
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_batch_leaves_what_ran_before_it() {
    let fixture = with_table().await;
    let mut client = fixture.connect().await;
    let middle = |number| RequestFault::FailInBatch { after_statements: 1, error: at_statement(number) };
    fixture.server.faults().arm(statement(middle(1205)));
    let batch = "INSERT INTO dbo.t VALUES (1); INSERT INTO dbo.t VALUES (2); INSERT INTO dbo.t VALUES (3)";
    assert_eq!(failure(&mut client, batch).await.code(), 1205);
    assert_eq!(ids(&fixture).await, [1]);
    fixture.server.faults().arm(statement(middle(1222)));
    let caught = "BEGIN TRY INSERT INTO dbo.t VALUES (4); INSERT INTO dbo.t VALUES (5) END TRY BEGIN CATCH INSERT INTO dbo.t VALUES (6) END CATCH";
    run(&mut client, caught).await.unwrap();
    assert_eq!(ids(&fixture).await, [1, 4, 6]);
}

#[tokio::test]
async fn an_error_in_the_rows_comes_after_those_that_were_sent() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    for (after_rows, number, seen) in [(2, 40197, 2), (0, 1205, 0), (9, 1205, 3)] {
        let error = at_statement(number);
        let fault = RequestFault::FailInRows { after_rows, error };
        fixture.server.faults().arm(Fault::at(RequestKind::Statement, fault));
        let mut raw = fixture.connect().await;
        let mut stream = raw.simple_query("rows 3").await.unwrap();
        let mut rows = 0;
        let error = loop {
            match futures_util::TryStreamExt::try_next(&mut stream).await {
                Ok(Some(tiberius::QueryItem::Row(_))) => rows += 1,
                Ok(Some(tiberius::QueryItem::Metadata(_))) => {}
                Ok(None) => panic!("no error"),
                Err(error) => break error,
            }
        };
        assert_eq!((rows, error.code().and_then(|code| i32::try_from(code).ok())), (seen, Some(number)));
    }
    run(&mut client, "rows 3").await.unwrap();
}

#[tokio::test]
async fn only_those_that_are_meant_are_struck() {
    let fixture = with_table().await;
    let mut config = fixture.config();
    config.application_name("writer");
    let mut writer = connect(config, &fixture).await.unwrap();
    let mut other = fixture.connect().await;
    let fail = || Fault::at(RequestKind::Statement, RequestFault::Fail(at_statement(10928)));
    let armed = fixture.server.faults().arm(fail().of_application("writer").containing("insert").after(1));
    run(&mut other, "INSERT INTO dbo.t VALUES (1)").await.unwrap();
    run(&mut writer, "SELECT 1").await.unwrap();
    run(&mut writer, "INSERT INTO dbo.t VALUES (2)").await.unwrap();
    assert_eq!(armed.struck(), 0);
    assert_eq!(failure(&mut writer, "INSERT INTO dbo.t VALUES (3)").await.code(), 10928);
    run(&mut writer, "INSERT INTO dbo.t VALUES (4)").await.unwrap();
    assert_eq!(ids(&fixture).await, [1, 2, 4]);
}

#[tokio::test]
async fn a_share_strikes_the_same_ones_each_time_the_seed_is_the_same() {
    let struck_with = async |seed| {
        let fixture = Fixture::start(options()).await;
        fixture.server.faults().seed(seed);
        let fault = Fault::at(RequestKind::Statement, RequestFault::Fail(at_statement(10928))).always();
        fixture.server.faults().arm(fault.for_share(Share::percent(30.0).unwrap()));
        let mut client = fixture.connect().await;
        let mut struck = Vec::new();
        for place in 0..100 {
            if run(&mut client, "nothing").await.is_err() {
                struck.push(place);
            }
        }
        struck
    };
    let first = struck_with(7).await;
    assert_eq!(first, struck_with(7).await);
    assert_ne!(first, struck_with(8).await);
    assert!((10..60).contains(&first.len()), "{first:?}");
    assert_eq!((Share::percent(-1.0), Share::percent(100.1), Share::percent(f64::NAN)), (None, None, None));
}
