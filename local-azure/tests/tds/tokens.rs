//! The tokens of replies, read with the decoder of tds-protocol.

use crate::harness::until;
use crate::raw::{RawClient, batch, clear_fixture, login7, utf16, with_headers};

const BATCH: u8 = 0x01;
const RPC: u8 = 0x03;
const ATTENTION: u8 = 0x06;
const BULK_LOAD: u8 = 0x07;
const FEDERATED_TOKEN: u8 = 0x08;
const TRANSACTION: u8 = 0x0E;
const LOGIN: u8 = 0x10;

/// A call of `sp_executesql` by number: text, declarations, and parameters as they are.
fn execute_sql(text: &str, declarations: &str, parameters: &[u8]) -> Vec<u8> {
    let mut call = vec![0xFF, 0xFF, 10, 0, 0, 0];
    for argument in [text, declarations] {
        let units = utf16(argument);
        call.extend([0, 0, 0xE7, 0x40, 0x1F, 0x09, 0x04, 0xD0, 0x00, 0x34]);
        call.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
        call.extend(units);
    }
    call.extend_from_slice(parameters);
    call
}

#[tokio::test]
async fn a_login_is_acknowledged_with_all_its_changes() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::open(&fixture).await;
    client.send(LOGIN, 1, &login7(&[])).await;
    assert_eq!(
        client.reply().await,
        [
            "Database master",
            "info 5701",
            "SqlCollation",
            "Language us_english",
            "info 5703",
            "login ack 7.4",
            "PacketSize 4096",
            "done 0x0 0",
        ]
    );
}

#[tokio::test]
async fn features_that_the_server_has_are_acknowledged_and_others_are_not() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::open(&fixture).await;
    // Session recovery, column encryption, UTF-8.
    let features = [1, 0, 0, 0, 0, 4, 1, 0, 0, 0, 1, 0x0A, 0, 0, 0, 0];
    client.send(LOGIN, 1, &login7(&features)).await;
    let reply = client.reply().await;
    assert!(reply.contains(&"features [10]".to_owned()), "{reply:?}");
}

#[tokio::test]
async fn a_client_without_a_token_is_told_where_to_get_one() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::open(&fixture).await;
    client.send(LOGIN, 1, &login7(&[2, 2, 0, 0, 0, 0x02 << 1, 3])).await;
    assert_eq!(
        client.reply().await,
        ["token from https://login.microsoftonline.com/common for https://database.windows.net/"]
    );
    let token = utf16(crate::harness::TOKEN);
    let mut answer = u32::try_from(token.len() + 4).unwrap().to_le_bytes().to_vec();
    answer.extend(u32::try_from(token.len()).unwrap().to_le_bytes());
    answer.extend(token);
    client.send(FEDERATED_TOKEN, 1, &answer).await;
    let reply = client.reply().await;
    assert!(reply.contains(&"features [2]".to_owned()), "{reply:?}");
    assert_eq!(fixture.server.logins().first().unwrap().login, "client@tenant");
}

#[tokio::test]
async fn only_the_last_done_of_a_batch_says_that_nothing_follows() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BATCH, 1, &batch("two")).await;
    assert_eq!(
        client.reply().await,
        ["1 columns", "row", "done 0x11 1", "done 0x11 7", "1 columns", "row", "row", "done 0x10 2",]
    );
    client.send(BATCH, 1, &batch("fail 50001")).await;
    assert_eq!(client.reply().await, ["error 50001 16", "done 0x2 0"]);
}

#[tokio::test]
async fn a_call_ends_with_its_status_its_output_values_and_doneproc() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    // @a, OUTPUT, INTN(4), 7
    let mut parameters = vec![2];
    parameters.extend(utf16("@a"));
    parameters.extend([1, 0x26, 4, 4, 7, 0, 0, 0]);
    let call = execute_sql("echo", "@a int OUTPUT", &parameters);
    client.send(RPC, 1, &with_headers(&call)).await;
    assert_eq!(
        client.reply().await,
        ["1 columns", "row", "doneinproc 0x11 1", "status 0", "value 2 @a", "doneproc 0x0",]
    );
}

#[tokio::test]
async fn two_calls_in_one_message_are_both_answered() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    let mut calls = execute_sql("nothing", "", &[]);
    calls.push(0xFF);
    calls.extend(execute_sql("fail 50002", "", &[]));
    client.send(RPC, 1, &with_headers(&calls)).await;
    assert_eq!(
        client.reply().await,
        ["status 0", "doneproc 0x1", "error 50002 16", "doneinproc 0x3 0", "doneproc 0x0",]
    );
}

#[tokio::test]
async fn the_reset_bits_reset_the_session_before_the_request() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BATCH, 0x09, &batch("nothing")).await;
    assert_eq!(client.reply().await, ["ResetConnectionCompletionAck ", "done 0x0 0"]);
    client.send(BATCH, 0x11, &batch("nothing")).await;
    assert_eq!(client.reply().await, ["ResetConnectionCompletionAck ", "done 0x0 0"]);
    assert_eq!(fixture.journal(), ["reset false", "reset true"]);
}

#[tokio::test]
async fn an_open_transaction_shows_in_every_done_and_the_next_can_begin_at_once() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(TRANSACTION, 1, &with_headers(&[5, 0, 2, 0])).await;
    assert_eq!(client.reply().await, ["BeginTransaction", "done 0x4 0"]);
    client.send(BATCH, 1, &batch("nothing")).await;
    assert_eq!(client.reply().await, ["done 0x4 0"]);
    // Commit, no name, and begin a serializable one.
    client.send(TRANSACTION, 1, &with_headers(&[7, 0, 0, 1, 4, 0])).await;
    let reply = client.reply().await;
    assert_eq!(reply.last().unwrap(), "done 0x4 0");
    // Roll back to the savepoint `s`: the specification counts a name's bytes, some clients its characters.
    for count in [2, 1] {
        let request = with_headers(&[8, 0, count, b's', 0, 0]);
        client.send(TRANSACTION, 1, &request).await;
        assert_eq!(client.reply().await, ["done 0x4 0"]);
    }
    assert_eq!(
        fixture.journal(),
        [
            "begin ReadCommitted",
            "commit",
            "begin Serializable",
            "rollback Some(\"s\")",
            "rollback Some(\"s\")"
        ]
    );
}

#[tokio::test]
async fn attention_is_acknowledged_once_whatever_runs() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(ATTENTION, 1, &[]).await;
    assert_eq!(client.reply().await, ["done 0x20 0"]);
    client.send(BATCH, 1, &batch("wait")).await;
    fixture.until_noted("waiting").await;
    client.send(ATTENTION, 1, &[]).await;
    assert!(client.reply().await.is_empty());
    assert_eq!(client.reply().await, ["done 0x20 0"]);
    client.send(BATCH, 1, &batch("nothing")).await;
    assert_eq!(client.reply().await, ["done 0x0 0"]);
}

#[tokio::test]
async fn attention_ends_a_reply_that_the_client_has_not_read() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BATCH, 1, &batch("rows 5000000")).await;
    client.send(ATTENTION, 1, &[]).await;
    client.reply().await;
    assert_eq!(client.reply().await, ["done 0x20 0"]);
    client.send(BATCH, 1, &batch("two")).await;
    assert_eq!(client.reply().await.len(), 8);
}

#[tokio::test]
async fn attention_that_races_with_the_end_of_a_request_is_acknowledged_once() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    for _ in 0..300 {
        client.send(BATCH, 1, &batch("two")).await;
        client.send(ATTENTION, 1, &[]).await;
        while client.reply().await != ["done 0x20 0"] {}
    }
    client.send(BATCH, 1, &batch("nothing")).await;
    assert_eq!(client.reply().await, ["done 0x0 0"]);
}

#[tokio::test]
async fn attention_in_the_middle_of_a_request_gives_it_up() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BATCH, 0, &batch("wait")).await;
    client.send(ATTENTION, 1, &[]).await;
    assert_eq!(client.reply().await, ["done 0x20 0"]);
    assert!(fixture.journal().is_empty());
}

#[tokio::test]
async fn a_request_that_is_taken_back_does_not_run() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BATCH, 0, &batch("wait")).await;
    client.send(BATCH, 0x03, &[]).await;
    assert_eq!(client.reply().await, ["done 0x2 0"]);
    assert!(fixture.journal().is_empty());
}

#[tokio::test]
async fn a_bulk_load_is_refused_and_the_connection_goes_on() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BULK_LOAD, 1, &[0x81, 0, 0]).await;
    assert_eq!(client.reply().await, ["error 4834 16", "done 0x2 0"]);
    client.send(BATCH, 1, &batch("nothing")).await;
    assert_eq!(client.reply().await, ["done 0x0 0"]);
}

#[tokio::test]
async fn parameters_of_types_that_are_not_there_are_refused_by_name() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    for kind in [0xF4, 0xF5] {
        let call = execute_sql("echo", "@a json", &[0, 0, kind, 0, 0, 0]);
        client.send(RPC, 1, &with_headers(&call)).await;
        assert_eq!(client.reply().await, ["error 8058 16", "done 0x2 0"]);
    }
}

#[tokio::test]
async fn a_malformed_request_gets_an_error_and_the_connection_ends() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(BATCH, 1, &[1, 2, 3]).await;
    assert_eq!(client.reply().await, ["error 4002 20", "done 0x102 0"]);
    assert!(client.is_closed().await);
    until("the connection's end", || fixture.server.connections() == 0).await;
}

#[tokio::test]
async fn a_request_beyond_64_mib_gets_an_error_and_the_connection_ends() {
    let fixture = clear_fixture().await;
    let mut client = RawClient::ready(&fixture).await;
    let part = vec![b' '; 32_000];
    for _ in 0..=(64 * 1024 * 1024 / part.len()) {
        client.send(BATCH, 0, &part).await;
    }
    assert_eq!(client.reply().await, ["error 701 20", "done 0x102 0"]);
    assert!(client.is_closed().await);
}
