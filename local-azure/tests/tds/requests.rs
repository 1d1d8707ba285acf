//! Batches and procedure calls.

use tiberius::Command;

use crate::harness::{Fixture, connect, failure, number, options};

#[tokio::test]
async fn result_sets_come_apart_and_in_order() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let results = client.simple_query("two").await.unwrap().into_results().await.unwrap();
    let numbers: Vec<Vec<i32>> =
        results.iter().map(|rows| rows.iter().map(|row| row.get(0).unwrap()).collect()).collect();
    assert_eq!(numbers, [vec![1], vec![2, 3]]);
}

#[tokio::test]
async fn counts_of_affected_rows_arrive() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let result = client.execute("two", &[]).await.unwrap();
    assert_eq!(result.rows_affected(), [1, 7, 2]);
}

#[tokio::test]
async fn a_statement_without_a_result_is_answered() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let results = client.simple_query("nothing").await.unwrap().into_results().await.unwrap();
    assert!(results.is_empty());
}

#[tokio::test]
async fn text_of_100_kb_goes_both_ways_at_every_packet_size() {
    let fixture = Fixture::start(options()).await;
    for packet_size in [512, 4096, 16_000, 32_767] {
        let mut config = fixture.config();
        config.packet_size(packet_size);
        let mut client = connect(config, &fixture).await.unwrap();
        let text = "äbc€".repeat(25_000);
        let batch = format!("length {text}");
        let row = client.simple_query(batch).await.unwrap().into_row().await.unwrap().unwrap();
        assert_eq!(row.get::<&str, _>(1), Some(text.as_str()), "{packet_size}");
    }
}

#[tokio::test]
async fn many_rows_arrive_whole() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let rows = client.simple_query("rows 20000").await.unwrap().into_first_result().await.unwrap();
    let numbers: Vec<i32> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(numbers, (0..20_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_error_leaves_the_connection_usable() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let error = failure(&mut client, "fail 50404").await;
    assert_eq!((error.code(), error.class(), error.line()), (50404, 16, 3));
    let rows = client.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn an_error_of_class_20_or_more_ends_the_connection() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    assert_eq!(failure(&mut client, "fatal").await.code(), 596);
    fixture.until_noted("closed").await;
    assert!(client.simple_query("rows 1").await.is_err());
}

#[tokio::test]
async fn a_value_that_does_not_fit_its_column_is_an_error_and_not_a_wrong_value() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    assert_eq!(failure(&mut client, "misfit").await.code(), 8115);
}

#[tokio::test]
async fn a_procedure_is_called_by_name_and_its_status_comes_back() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let mut command = Command::new("dbo.Close_Year");
    command.bind_param("@year", 2026);
    let result = command.exec(&mut client).await.unwrap();
    let result = result.into_command_result().await.unwrap();
    assert_eq!(result.return_code(), 42);
    assert_eq!(fixture.journal(), ["call dbo.Close_Year with 1"]);
}

#[tokio::test]
async fn sp_executesql_takes_declarations_and_gives_output_values() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let mut command = Command::new("sp_executesql");
    command.bind_param("@stmt", "echo");
    command.bind_param("@params", "@a int, @b nvarchar(20) OUTPUT");
    command.bind_param("@a", 7);
    command.bind_out_param("@b", "out");
    let result = command.exec(&mut client).await.unwrap();
    let result = result.into_command_result().await.unwrap();
    assert_eq!(result.return_code(), 0);
    assert_eq!(result.try_return_value::<&str>("@b").unwrap(), Some("out"));
    let row = result.to_query_result(0).unwrap().first().unwrap();
    assert_eq!(row.get::<i32, _>("@a"), Some(7));
    assert_eq!(fixture.journal(), ["declared @a int, @b nvarchar(20) OUTPUT"]);
}

#[tokio::test]
async fn a_statement_can_be_prepared_run_twice_and_given_back() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let mut prepare = Command::new("sp_prepexec");
    prepare.bind_out_param("@handle", Option::<i32>::None);
    prepare.bind_param("@params", "@a int");
    prepare.bind_param("@stmt", "echo");
    prepare.bind_param("@a", 1);
    let prepared = prepare.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    let handle = prepared.try_return_value::<i32>("@handle").unwrap().unwrap();

    let mut execute = Command::new("sp_execute");
    execute.bind_param("@handle", handle);
    execute.bind_param("@a", 2);
    let executed = execute.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    let row = executed.to_query_result(0).unwrap().first().unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(2));

    let mut unprepare = Command::new("sp_unprepare");
    unprepare.bind_param("@handle", handle);
    unprepare.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    let mut again = Command::new("sp_execute");
    again.bind_param("@handle", handle);
    let gone = again.exec(&mut client).await.unwrap().into_command_result().await;
    assert_eq!(number(gone), 8179);
}
