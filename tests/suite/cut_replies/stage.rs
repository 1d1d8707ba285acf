//! The worker on its desk, the cuts one after the other, and what the caller saw of each.

use std::time::{Duration, Instant};

use local_azure::sql::faults::ReplyRecord;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::recording::{Reply, places};
use crate::support::script_root::FunctionFolder;
use crate::support::secrets::FUNCTION_KEY;
use crate::support::{Desk, Mode, eventually, sql_client};

/// So many openings that are cut follow each other; one more, and the breaker would refuse the next.
const OPENINGS_IN_A_ROW: u64 = 4;

/// What a caller saw.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    /// A status of success and a whole body.
    Answer(Json),
    /// A problem that says that nothing was done.
    Failed,
    /// A problem that says that nobody knows.
    Unknown,
    /// The body broke off.
    Aborted,
}

/// Whether the answers to a login and what follows it are cut: they are the same for every session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Cut,
    LeftAlone,
}

/// Which cuts are this stage's, when several share them: one of every so many bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) number: u64,
    pub(super) of: u64,
}

impl Lane {
    /// All cuts.
    pub(super) const ONLY: Self = Self { number: 0, of: 1 };

    fn takes(self, place: u64) -> bool {
        place % self.of == self.number
    }
}

/// What is asked: how, and with which number, which is a new one for each call.
pub(super) trait Session {
    /// The function.
    fn function(&self) -> FunctionFolder;
    /// The call.
    fn call(&self, number: i32) -> Call;
    /// The body of its answer.
    fn answer(&self, number: i32) -> Json;
    /// The host's mode; that of this run when None.
    fn mode(&self) -> Option<Mode> {
        None
    }
    /// The body of a whole answer.
    fn read(&self, text: &str) -> Json {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
    /// What is in the text of the statement that the worker runs by itself after the first call, if it does.
    fn follows_the_first(&self) -> Option<&'static str> {
        None
    }
}

/// A request.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Json>,
}

/// How many cuts ended how.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) cuts: u64,
    pub(super) answers: u64,
    pub(super) failed: u64,
    pub(super) unknown: u64,
    pub(super) aborted: u64,
}

/// A call, and what its caller saw.
pub(super) type History = Vec<(i32, Seen)>;

/// See the module.
pub(super) struct Stage<S> {
    session: S,
    pub(super) desk: Desk,
    client: reqwest::Client,
    lane: Lane,
    last_number: i32,
    /// All calls, those between the cuts too.
    pub(super) history: History,
    pub(super) tally: Tally,
    begun: Instant,
}

impl<S: Session> Stage<S> {
    pub(super) async fn new(session: S, seed: &str, lane: Lane) -> Self {
        let builder = match session.mode() {
            Some(mode) => Desk::builder().in_mode(mode),
            None => Desk::builder(),
        };
        let desk = builder
            .seed(seed)
            .function(session.function())
            // Thousands of calls: their lines would cost more than they do.
            .setting("AZSQL_LOG", "warn")
            // The driver reads the machine's authorities for each connection, which is most of a call in a debug build; that of
            // the SQL endpoint is all that is needed here.
            .setting("SSL_CERT_FILE", "/dev/null")
            .start()
            .await;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let (history, tally) = (Vec::new(), Tally::default());
        Self { session, desk, client, lane, last_number: 0, history, tally, begun: Instant::now() }
    }

    /// Calls with a number that no call had before.
    pub(super) async fn ask(&mut self) -> Seen {
        self.last_number += 1;
        self.ask_again().await
    }

    /// Calls with the last number once more.
    pub(super) async fn ask_again(&mut self) -> Seen {
        let number = self.last_number;
        let seen = self.request(self.session.call(number)).await;
        if let Seen::Answer(answer) = &seen {
            assert_eq!(*answer, self.session.answer(number), "shorter or other rows");
        }
        self.history.push((number, seen.clone()));
        seen
    }

    async fn request(&self, call: Call) -> Seen {
        let url = format!("{}{}", self.desk.host().base_url(), call.path);
        let mut request = self.client.request(call.method, url).header("x-functions-key", FUNCTION_KEY);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let Ok(text) = response.text().await else { return Seen::Aborted };
        if status < 300 {
            return Seen::Answer(self.session.read(&text));
        }
        let body: Json =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}, {error}: {text}"));
        assert!(status >= 400 && body["status"] == json!(status), "{status}: {text}");
        match body["type"].as_str() {
            Some("urn:azsql-worker:problem:outcome-unknown") => Seen::Unknown,
            Some("urn:azsql-worker:problem:unavailable" | "urn:azsql-worker:problem:rolled-back") => {
                Seen::Failed
            }
            _ => panic!("no problem that a cut makes: {text}"),
        }
    }

    /// What only the first call of all meets is over then.
    async fn warm_up(&mut self) {
        assert!(matches!(self.ask().await, Seen::Answer(_)));
        if let Some(text) = self.session.follows_the_first() {
            let has_come = |replies: &[ReplyRecord]| replies.iter().any(|reply| reply.text.contains(text));
            eventually(text, async || has_come(&self.desk.sql().faults().replies()).then_some(())).await;
        }
    }

    /// The answers that the worker got while a call was answered.
    async fn record(&mut self) -> Vec<ReplyRecord> {
        let of_worker = |replies: Vec<ReplyRecord>| -> Vec<ReplyRecord> {
            replies.into_iter().filter(|reply| reply.application != sql_client::APPLICATION).collect()
        };
        let before = of_worker(self.desk.sql().faults().replies()).len();
        assert!(matches!(self.ask().await, Seen::Answer(_)));
        of_worker(self.desk.sql().faults().replies()).split_off(before)
    }

    /// Cuts each answer of the session at all its places, those of the opening only if they are to be; `after_cut` looks at
    /// what each came to.
    pub(super) async fn cut_everything(
        &mut self,
        opening: Opening,
        mut after_cut: impl AsyncFnMut(&mut Self, &Reply, u64, Seen),
    ) {
        self.warm_up().await;
        let open = self.record().await;
        self.lose_the_connection(&Reply::of_call(&open, &open).pop().unwrap()).await;
        let new = self.record().await;
        let replies = Reply::of_call(&new, &open);
        let last = replies.last().unwrap().clone();
        for reply in replies.iter().filter(|reply| opening == Opening::Cut || !reply.is_of_opening) {
            if reply.is_of_opening {
                self.lose_the_connection(&last).await;
            }
            let places = places(reply.bytes()).into_iter().filter(|place| self.lane.takes(*place));
            for (number, after) in (1..).zip(places.collect::<Vec<_>>()) {
                let seen = self.cut(reply, after).await;
                after_cut(self, reply, after, seen).await;
                if reply.is_of_opening && number % OPENINGS_IN_A_ROW == 0 {
                    self.lose_the_connection(&last).await;
                }
            }
            self.until_answered().await;
        }
    }

    /// One cut and the call that meets it. A connection whose last answer came whole was cut behind it: the call that finds it
    /// so is not the one that the next cut is for.
    async fn cut(&mut self, reply: &Reply, after: u64) -> Seen {
        let armed = self.desk.sql().faults().arm(reply.cut(after));
        let mut seen = self.ask().await;
        if armed.struck() == 0 {
            assert!(!matches!(seen, Seen::Answer(_)), "not struck: {} at {after}", reply.name());
            seen = self.ask().await;
        }
        assert_eq!(armed.struck(), 1, "{} at {after}: {seen:?}", reply.name());
        self.tally.cuts += 1;
        match seen {
            Seen::Answer(_) => self.tally.answers += 1,
            Seen::Failed => self.tally.failed += 1,
            Seen::Unknown => self.tally.unknown += 1,
            Seen::Aborted => self.tally.aborted += 1,
        }
        seen
    }

    /// Opens a connection if there is none, which the server's health counts, and loses it at the command.
    async fn lose_the_connection(&mut self, reply: &Reply) {
        let armed = self.desk.sql().faults().arm(reply.lost());
        for _ in 0..2 {
            if armed.struck() == 0 {
                assert!(!matches!(self.ask().await, Seen::Answer(_)));
            }
        }
        assert_eq!(armed.struck(), 1, "{}", reply.name());
    }

    /// No fault is left, and what a cut leaves behind spoils one call at the most.
    pub(super) async fn until_answered(&mut self) {
        assert!(self.desk.sql().faults().armed().is_empty());
        if !matches!(self.ask().await, Seen::Answer(_)) {
            assert!(matches!(self.ask().await, Seen::Answer(_)), "it does not recover");
        }
    }

    /// Ends it; how many cuts there were.
    pub(super) async fn finish(self, what: &str) -> Tally {
        let sessions = async || (self.desk.sql().faults().orphans() == 0).then_some(());
        eventually("the end of all orphans", sessions).await;
        println!("{what}: {:?} in {:.1?}", self.tally, self.begun.elapsed());
        self.desk.finish().await;
        self.tally
    }
}
