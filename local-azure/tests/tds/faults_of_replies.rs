//! Faults of answers on their way, byte by byte.

use std::num::NonZeroUsize;
use std::time::Duration;

use local_azure::sql::faults::{CutBy, Fault, LoginFault, ReplyFault, RequestFault, RequestKind, Until};

use crate::harness::until;
use crate::raw::{RawClient, batch, clear_fixture, login7};

const ASK: &str = "rows 2";
const APPLICATION: &str = "raw client";

fn reply(fault: ReplyFault) -> Fault {
    Fault::at(RequestKind::Statement, RequestFault::Reply(fault))
}

#[tokio::test]
async fn an_answer_is_cut_after_each_of_its_bytes_in_either_way() {
    let fixture = clear_fixture().await;
    let faults = fixture.server.faults();
    let mut whole = RawClient::ready(&fixture).await;
    whole.send(1, 1, &batch(ASK)).await;
    let payload = whole.message().await;
    let length = faults.last_reply_bytes(APPLICATION).unwrap();
    assert_eq!(usize::try_from(length).unwrap(), payload.len() + 8, "one packet with its header");
    let record = faults.replies().pop().unwrap();
    assert_eq!((record.request, record.text.as_str()), (Some(RequestKind::Statement), ASK));
    for after in 0..=length {
        let armed = faults.arm(reply(ReplyFault::Cut { after, by: CutBy::Fin }));
        let mut client = RawClient::ready(&fixture).await;
        client.send(1, 1, &batch(ASK)).await;
        let (bytes, end) = client.until_the_end().await;
        end.unwrap();
        assert_eq!((u64::try_from(bytes.len()).unwrap(), armed.struck()), (after, 1));
        let body = bytes.get(8..).unwrap_or_default();
        assert_eq!(Some(body), payload.get(..body.len()));
    }
    for after in [0, 9, length, length + 1000] {
        faults.arm(reply(ReplyFault::Cut { after, by: CutBy::Reset }));
        let mut client = RawClient::ready(&fixture).await;
        client.send(1, 1, &batch(ASK)).await;
        let (_, end) = client.until_the_end().await;
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    }
    until("the ends of the sessions", || fixture.server.connections() == 1).await;
}

#[tokio::test]
async fn an_answer_of_many_packets_is_cut_in_the_middle_and_its_session_stops() {
    let fixture = clear_fixture().await;
    fixture.server.faults().arm(reply(ReplyFault::Cut { after: 10_000, by: CutBy::Fin }));
    let mut client = RawClient::ready(&fixture).await;
    client.send(1, 1, &batch("rows 5000000")).await;
    let (bytes, end) = client.until_the_end().await;
    end.unwrap();
    assert_eq!(bytes.len(), 10_000);
    fixture.until_noted("stopped").await;
    fixture.until_noted("closed").await;
}

#[tokio::test]
async fn an_answer_hangs_after_a_byte_and_goes_on() {
    let fixture = clear_fixture().await;
    let faults = fixture.server.faults();
    let armed = faults.arm(reply(ReplyFault::Stall { after: 11, until: Until::Released }));
    let mut client = RawClient::ready(&fixture).await;
    client.send(1, 1, &batch(ASK)).await;
    let first = client.bytes(11).await;
    assert_eq!((first.len(), armed.struck()), (11, 1));
    assert!(client.is_silent());
    faults.release_stalled();
    let length = usize::from(u16::from_be_bytes([first[2], first[3]]));
    client.bytes(length - 11).await;
    client.send(1, 1, &batch(ASK)).await;
    assert_eq!(client.message().await.len() + 8, length);
}

#[tokio::test]
async fn an_answer_that_drips_comes_whole() {
    let fixture = clear_fixture().await;
    let bytes = NonZeroUsize::new(3).unwrap();
    let armed =
        fixture.server.faults().arm(reply(ReplyFault::Drip { bytes, every: Duration::from_micros(100) }));
    let mut client = RawClient::ready(&fixture).await;
    client.send(1, 1, &batch(ASK)).await;
    let slow = client.message().await;
    client.send(1, 1, &batch(ASK)).await;
    assert_eq!((client.message().await, armed.struck()), (slow, 1));
}

#[tokio::test]
async fn the_answer_of_a_login_is_cut_after_each_of_its_bytes() {
    let fixture = clear_fixture().await;
    let faults = fixture.server.faults();
    RawClient::ready(&fixture).await;
    let length = faults.last_reply_bytes(APPLICATION).unwrap();
    for after in 0..=length {
        faults.arm(Fault::new(LoginFault::Reply(ReplyFault::Cut { after, by: CutBy::Fin })));
        let mut client = RawClient::open(&fixture).await;
        client.send(0x10, 1, &login7(&[])).await;
        let (bytes, end) = client.until_the_end().await;
        end.unwrap();
        assert_eq!(u64::try_from(bytes.len()).unwrap(), after);
    }
    RawClient::ready(&fixture).await;
    until("the ends of the sessions", || fixture.server.connections() == 0).await;
}
