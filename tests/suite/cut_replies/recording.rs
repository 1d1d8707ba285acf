//! What the server answers to a call, and where those answers are cut.

use local_azure::sql::faults::{CutBy, Fault, LoginFault, ReplyFault, ReplyRecord, RequestFault, Strike};

/// Answers up to this long are cut at every byte.
const EVERY_BYTE_UP_TO: u64 = 1_200;
/// The size of packets that the worker asks for: an answer of several has a header at each multiple of it.
pub(super) const PACKET: u64 = 16_383;
/// Bytes round a packet's end, on either side, that are all cut: the header behind it has eight.
const ROUND_AN_END: u64 = 12;
/// Between, every so many bytes; a prime, so that it drifts through whatever repeats in the rows.
const STEP: u64 = 499;
/// The first bytes and the last ones of an answer are all cut: there are its columns and the tokens of its end.
const AT_THE_ENDS: u64 = 64;

/// An answer of a session.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    record: ReplyRecord,
    /// It comes while a connection is opened, which the server's health watches.
    pub(super) is_of_opening: bool,
    /// It is the last one that the call waits for.
    pub(super) is_last: bool,
}

impl Reply {
    /// The answers of a call on a new connection; `on_an_open_one` are those of the same call on one that is open already.
    pub(super) fn of_call(on_a_new_connection: &[ReplyRecord], on_an_open_one: &[ReplyRecord]) -> Vec<Self> {
        let opening = on_a_new_connection.len() - on_an_open_one.len();
        for (one, other) in on_a_new_connection[opening..].iter().zip(on_an_open_one) {
            assert_eq!(
                (one.request, one.bytes),
                (other.request, other.bytes),
                "{}, {}",
                one.text,
                other.text
            );
        }
        let last = on_a_new_connection.len() - 1;
        let replies = on_a_new_connection.iter().enumerate().map(|(number, record)| Self {
            record: record.clone(),
            is_of_opening: number < opening,
            is_last: number == last,
        });
        replies.collect()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.record.bytes
    }

    /// Its name in what a failing test says.
    pub(super) fn name(&self) -> String {
        let what = self.record.request.map_or_else(|| "Login".to_owned(), |kind| format!("{kind:?}"));
        let text: String = self.record.text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        format!("{what} `{text}`, {} bytes", self.bytes())
    }

    /// The fault that cuts the next such answer after so many bytes.
    pub(super) fn cut(&self, after: u64) -> Fault {
        let by = if after.is_multiple_of(2) { CutBy::Fin } else { CutBy::Reset };
        let cut = ReplyFault::Cut { after, by };
        let fault = match self.record.request {
            None => Fault::new(LoginFault::Reply(cut)),
            Some(kind) => {
                Fault::new(Strike::Request(kind, RequestFault::Reply(cut))).containing(&self.record.text)
            }
        };
        fault.of_application(&self.record.application)
    }

    /// The fault that ends the connection in place of this answer, once.
    pub(super) fn lost(&self) -> Fault {
        let kind = self.record.request.expect("an answer to a request");
        let fault = Fault::at(kind, RequestFault::Cut(CutBy::Fin)).containing(&self.record.text);
        fault.of_application(&self.record.application)
    }
}

/// Whether long answers are cut at every byte too.
pub(super) fn is_everything() -> bool {
    std::env::var("AZSQL_CUTS").is_ok_and(|cuts| cuts == "all")
}

/// Where an answer of this length is cut.
pub(super) fn places(bytes: u64) -> Vec<u64> {
    let is_all = is_everything();
    let is_wanted = |place: &u64| {
        let from_a_packets_end = (place % PACKET).min(PACKET - place % PACKET);
        place.is_multiple_of(STEP)
            || from_a_packets_end <= ROUND_AN_END
            || *place <= AT_THE_ENDS
            || bytes - place <= AT_THE_ENDS
    };
    (0..=bytes).filter(|place| is_all || bytes <= EVERY_BYTE_UP_TO || is_wanted(place)).collect()
}

#[test]
fn every_byte_of_a_short_answer_is_cut_and_the_ends_of_a_long_one() {
    assert_eq!(places(EVERY_BYTE_UP_TO).len() as u64, EVERY_BYTE_UP_TO + 1);
    let long = places(3 * PACKET);
    for place in [0, 1, AT_THE_ENDS, PACKET - 1, PACKET, PACKET + 8, 2 * PACKET, 3 * PACKET - 1, 3 * PACKET] {
        assert!(long.contains(&place), "{place}");
    }
}
