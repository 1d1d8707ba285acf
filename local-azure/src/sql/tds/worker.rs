//! The thread of a session: takes requests from a channel, runs them, writes the replies.
//!
//! It is a thread of its own and not one of tokio's blocking pool: that has 512, and sessions that wait for each other's
//! locks on all of them would never end.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::interrupt::Interrupt;
use super::outgoing::Outgoing;
use super::packet::{Message, Packets};
use super::prepared::PreparedStatements;
use super::reply::{Answer, ReplyWriter};
use super::request::{Begin, TransactionRequest};
use super::rpc::Call;
use super::session::{OpenSession, Session};
use super::session_request::SessionRequest;
use super::type_info::RequestError;
use crate::sql::engine::Login;
use crate::sql::faults::{Faults, TokenLife, at_statement};
use crate::sql::reply::{ReplySink, SqlError};

/// What the connection hands to the thread.
pub(crate) enum Work {
    /// A request to run.
    Request(Message),
    /// An attention signal to answer.
    Attention,
    /// A request that was taken back.
    Ignored,
    /// An error to send before the connection ends.
    Refuse(SqlError),
}

/// What a session's thread needs.
pub(crate) struct Setup {
    pub(crate) open: OpenSession,
    pub(crate) login: Login,
    pub(crate) packet_size: u16,
    pub(crate) spid: u16,
    pub(crate) interrupt: Arc<Interrupt>,
    pub(crate) token_life: TokenLife,
    pub(crate) faults: Faults,
    /// See [`super::login::Login7::utf8_support`].
    pub(crate) utf8_support: bool,
}

/// A session's thread as its connection sees it.
pub(crate) struct SessionThread {
    pub(crate) work: mpsc::Sender<Work>,
    pub(crate) packets: mpsc::Receiver<Outgoing>,
    pub(crate) thread: thread::JoinHandle<()>,
}

/// How many packets wait for a client that reads slowly.
const PACKETS_IN_FLIGHT: usize = 16;
/// How many requests wait; clients send one at a time.
const REQUESTS_IN_FLIGHT: usize = 4;

/// Starts the thread and waits until it has opened its session.
///
/// # Errors
/// What opening the session gave, or that there is no thread to be had.
pub(crate) async fn start(setup: Setup) -> Result<SessionThread, SqlError> {
    let (work, requests) = mpsc::channel(REQUESTS_IN_FLIGHT);
    let (to_client, packets) = mpsc::channel(PACKETS_IN_FLIGHT);
    let (opened, is_open) = oneshot::channel();
    let thread = thread::Builder::new()
        .name(format!("sql-session-{}", setup.spid))
        .spawn(move || run(setup, opened, requests, to_client))
        .map_err(|error: io::Error| {
            SqlError::new(17189, format!("SQL Server failed to start a thread: {error}")).with_class(16)
        })?;
    match is_open.await {
        Ok(Ok(())) => Ok(SessionThread { work, packets, thread }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SqlError::new(
            17188,
            "The session of the local SQL endpoint ended before it began; its log says why.",
        )),
    }
}

fn run(
    setup: Setup,
    opened: oneshot::Sender<Result<(), SqlError>>,
    mut requests: mpsc::Receiver<Work>,
    to_client: mpsc::Sender<Outgoing>,
) {
    let application = setup.login.application.clone();
    let session = match (setup.open)(setup.login) {
        Ok(session) => session,
        Err(error) => {
            // Nobody waits any more if the login timed out.
            let _ = opened.send(Err(error));
            return;
        }
    };
    setup.interrupt.set_cancel(session.cancel());
    if opened.send(Ok(())).is_err() {
        return;
    }
    let reply = ReplyWriter::new(
        Packets::new(setup.packet_size, setup.spid),
        to_client,
        Arc::clone(&setup.interrupt),
        setup.faults.clone(),
        setup.utf8_support,
    );
    let mut runner = Runner {
        session,
        spid: setup.spid,
        application,
        reply,
        prepared: PreparedStatements::default(),
        transaction_name: String::new(),
        interrupt: setup.interrupt,
        token_life: setup.token_life,
        faults: setup.faults,
    };
    while let Some(work) = requests.blocking_recv() {
        if runner.interrupt.is_gone() || runner.handle(work).is_break() || runner.reply.is_over() {
            break;
        }
    }
}

/// A session and what belongs to it.
pub(super) struct Runner {
    pub(super) session: Box<dyn Session>,
    pub(super) spid: u16,
    pub(super) application: String,
    pub(super) reply: ReplyWriter,
    prepared: PreparedStatements,
    /// The name the transaction was begun with: a rollback to it is one of all.
    transaction_name: String,
    pub(super) interrupt: Arc<Interrupt>,
    token_life: TokenLife,
    pub(super) faults: Faults,
}

type Flow = std::ops::ControlFlow<()>;

impl Runner {
    fn handle(&mut self, work: Work) -> Flow {
        match work {
            Work::Attention => self.reply.acknowledge_attention(),
            Work::Ignored => self.reply.refuse(None),
            Work::Refuse(error) => {
                self.reply.refuse(Some(&error));
                return Flow::Break(());
            }
            // A request that came before an attention signal that is known already need not begin.
            Work::Request(_) if self.interrupt.is_raised() => self.reply.end(),
            Work::Request(message) => return self.request(&message),
        }
        Flow::Continue(())
    }

    fn request(&mut self, message: &Message) -> Flow {
        self.reply.begin(Answer::Batch);
        if let Some(reset) = message.reset {
            self.session.reset(reset.keep_transaction);
            self.prepared.clear();
            self.reply.acknowledge_reset(reset.keep_transaction);
        }
        if self.faults.is_over(&self.token_life) {
            self.reply.error(&at_statement(37396));
            self.reply.end();
            return Flow::Continue(());
        }
        match SessionRequest::parse(message) {
            Ok(request) => self.serve(request),
            Err(RequestError::Refused(error)) => self.reply.error(&error),
            Err(RequestError::Malformed(malformed)) => {
                self.reply.error(&protocol_error(&malformed.to_string()));
            }
        }
        if !self.reply.is_cut() {
            self.reply.end();
        }
        Flow::Continue(())
    }

    /// Runs a request that no fault keeps from running.
    pub(super) fn run(&mut self, request: SessionRequest) {
        match request {
            SessionRequest::Batch(text) => self.session.batch(&text, &mut self.reply),
            SessionRequest::Calls(calls) => self.calls(calls),
            SessionRequest::Transaction(request) => self.transaction(request),
        }
    }

    fn calls(&mut self, calls: Vec<Call>) {
        let mut calls = calls.into_iter().peekable();
        while let Some(call) = calls.next() {
            self.reply.begin(Answer::Procedure);
            self.reply.set_parameters(
                call.arguments.iter().map(|argument| (argument.name.clone(), argument.output)),
            );
            self.prepared.run(&call.procedure, &call.arguments, self.session.as_mut(), &mut self.reply);
            if self.interrupt.is_raised() || self.reply.is_over() {
                break;
            }
            if calls.peek().is_some() {
                self.reply.end_call(true);
            }
        }
    }

    fn transaction(&mut self, request: TransactionRequest) {
        match request {
            TransactionRequest::Begin(begin) => self.begin(begin),
            TransactionRequest::Commit { next } => {
                self.session.commit(&mut self.reply);
                self.begin_next(next);
            }
            TransactionRequest::Rollback { name, next } => {
                let whole = name.is_empty() || name == self.transaction_name;
                let savepoint = (!whole).then_some(name.as_str());
                self.session.rollback(savepoint, &mut self.reply);
                self.begin_next(next);
            }
            TransactionRequest::Save { name } => self.session.save(&name, &mut self.reply),
        }
    }

    fn begin(&mut self, begin: Begin) {
        self.transaction_name = begin.name;
        self.session.begin(begin.isolation, &mut self.reply);
    }

    fn begin_next(&mut self, next: Option<Begin>) {
        if let Some(next) = next
            && !self.reply.any_error()
        {
            self.begin(next);
        }
    }
}

/// The error for bytes that are not TDS; its severity ends the connection.
pub(crate) fn protocol_error(what: &str) -> SqlError {
    SqlError::new(
        4002,
        format!("The incoming tabular data stream (TDS) protocol stream is incorrect: {what}."),
    )
    .with_class(super::reply::FATAL_CLASS)
}
