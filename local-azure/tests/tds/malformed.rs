//! Bytes that are not TDS: nothing panics, and a client is told.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Fixture, options};
use local_azure::sql::tds::bytes::Reader;
use local_azure::sql::tds::login::{Login7, federated_token};
use local_azure::sql::tds::packet::read_incoming;
use local_azure::sql::tds::prelogin::PreLogin;
use local_azure::sql::tds::request::{TransactionRequest, batch_text};
use local_azure::sql::tds::type_info::TypeInfo;
use local_azure::sql::tds::{decode, rpc};

/// Headers that hold, and then anything: so that the parsers behind them are reached.
fn with_headers(rest: &[u8]) -> Vec<u8> {
    let mut message = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    message.extend_from_slice(rest);
    message
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_message_makes_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = PreLogin::parse(&bytes);
        let _ = Login7::parse(&bytes);
        let _ = federated_token(&bytes);
        let _ = batch_text(&bytes);
        let _ = TransactionRequest::parse(&with_headers(&bytes));
        let _ = rpc::parse(&bytes);
        // A call of sp_executesql with one nameless parameter of any type.
        let mut call = vec![0xFF, 0xFF, 10, 0, 0, 0, 0, 0];
        call.extend_from_slice(&bytes);
        let _ = rpc::parse(&with_headers(&call));
    }

    #[test]
    fn no_login_with_a_plausible_length_makes_the_parser_panic(
        bytes in proptest::collection::vec(any::<u8>(), 94..300)
    ) {
        let mut login = bytes;
        let length = u32::try_from(login.len()).unwrap().to_le_bytes();
        login.splice(..4, length);
        let _ = Login7::parse(&login);
    }

    #[test]
    fn no_typed_value_makes_the_decoder_panic(
        kind in any::<u8>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..60)
    ) {
        let mut typed = vec![kind];
        typed.extend_from_slice(&bytes);
        let mut reader = Reader::new(&typed);
        if let Ok(info) = TypeInfo::read(&mut reader) {
            let _ = decode::value(info, &mut reader);
        }
    }

    #[test]
    fn no_packets_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut source = bytes.as_slice();
            while read_incoming(&mut source, 300).await.is_ok() {}
        });
    }
}

#[tokio::test]
async fn a_client_that_speaks_http_is_disconnected_and_the_server_goes_on() {
    let fixture = Fixture::start(options()).await;
    let mut socket = TcpStream::connect(fixture.server.address()).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let end = timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await;
    assert!(end.is_ok());
    fixture.connect().await;
}
