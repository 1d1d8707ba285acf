//! What a fault is: where it strikes, whom, how often, and what it does.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::sql::reply::SqlError;

/// A fault to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where it strikes, and what it does there.
    pub strike: Strike,
    /// Whom it strikes.
    pub only: Selection,
    /// How often; None until it is disarmed.
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that strikes the first that passes its point, once.
    #[must_use]
    pub fn new(strike: impl Into<Strike>) -> Self {
        Self { strike: strike.into(), only: Selection::default(), times: Some(1) }
    }

    /// A fault of requests of this kind.
    #[must_use]
    pub fn at(request: RequestKind, fault: RequestFault) -> Self {
        Self::new(Strike::Request(request, fault))
    }

    /// The same fault `times` times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same fault until it is disarmed.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Only for statements whose text contains this, without case. Has no meaning before there is a statement: there it
    /// strikes nobody. The texts of COMMIT, BEGIN and ROLLBACK as transaction requests are those words.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.only.text = Some(text.into());
        self
    }

    /// Only for sessions of the program with this name. Strikes nobody before the login, where no name is known.
    #[must_use]
    pub fn of_application(mut self, application: impl Into<String>) -> Self {
        self.only.application = Some(application.into());
        self
    }

    /// Lets the first `passed` that it could strike pass.
    #[must_use]
    pub fn after(mut self, passed: u32) -> Self {
        self.only.skip = passed;
        self
    }

    /// Strikes only this share of those that it could strike.
    #[must_use]
    pub fn for_share(mut self, share: Share) -> Self {
        self.only.share = Some(share);
        self
    }
}

/// Whom a fault strikes: all that pass its point and have what is asked for here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// What a statement's text contains, without case.
    pub text: Option<String>,
    /// The name of the program that logged in.
    pub application: Option<String>,
    /// How many that it could strike pass first.
    pub skip: u32,
    /// Which share of them it strikes; all when None.
    pub share: Option<Share>,
}

/// A share, in parts of a million. Which ones it takes follows from the seed of [`super::Faults::seed`], the order in which
/// faults were armed, and how many came before: the same run strikes the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// Everything.
    const WHOLE: u32 = 1_000_000;

    /// So many of a hundred; fractions down to a ten-thousandth of a percent count. None outside 0 to 100.
    #[must_use]
    pub fn percent(percent: f64) -> Option<Self> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        // In range: 0 to 1,000,000.
        let parts = (percent * 10_000.0).round() as u32;
        Some(Self(parts))
    }

    /// Whether the share takes this draw, any number.
    pub(super) fn takes(self, draw: u64) -> bool {
        draw % u64::from(Self::WHOLE) < u64::from(self.0)
    }
}

/// Where a fault strikes, from the first packet on, and what it does there.
#[derive(Clone, Debug, PartialEq)]
pub enum Strike {
    /// A connection that was just accepted. See [`super::Faults::close_port`] for refused ones.
    Connection(ConnectionFault),
    /// TLS, after PRELOGIN was answered. Without TLS there is nothing to strike.
    Handshake(HandshakeFault),
    /// LOGIN7 was read.
    Login(LoginFault),
    /// A request of a session.
    Request(RequestKind, RequestFault),
}

/// What happens to a connection before a byte of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionFault {
    /// It ends.
    Cut(CutBy),
    /// Nothing is answered, ever: until the stalls are released (then it is cut), the client leaves or the server stops.
    Silence,
}

/// What happens to the TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFault {
    /// The connection ends after the client's first record.
    Cut(CutBy),
    /// The server refuses with the fatal alert `handshake_failure` and closes.
    Alert,
    /// Nothing is answered, as in [`ConnectionFault::Silence`].
    Silence,
}

/// What happens to a login.
#[derive(Clone, Debug, PartialEq)]
pub enum LoginFault {
    /// It fails with this error, whoever it is, and the connection ends.
    Fail(SqlError),
    /// The connection ends without an answer.
    Cut(CutBy),
    /// It hangs, then goes on.
    Stall(Until),
    /// It succeeds and is sent to another address, as Azure's gateway does (MS-TDS 2.2.7.9, routing).
    Redirect {
        /// The address's host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Its answer suffers.
    Reply(ReplyFault),
}

/// Which requests of a session a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A batch or a procedure call, except a batch that is COMMIT and nothing else.
    Statement,
    /// The transaction manager's request to begin.
    Begin,
    /// The transaction manager's request to commit, or a batch that is COMMIT and nothing else.
    Commit,
    /// The transaction manager's request to roll back.
    Rollback,
}

/// What happens to a request. Whatever ends the connection ends the session, and what it had not committed is rolled back.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestFault {
    /// Before the effect: it fails with this error and doesn't run. The error does what it does on SQL Server: 1205, 3960 and,
    /// under XACT_ABORT, every error roll the transaction back; class 20 and above ends the connection. At COMMIT the
    /// transaction is rolled back whatever the error.
    Fail(SqlError),
    /// Before the effect: the connection ends and it doesn't run.
    Cut(CutBy),
    /// It hangs, then runs. An attention signal or the client's end takes it back.
    Stall(Until),
    /// In its middle: so many statements of the batch (or of what `sp_executesql` runs) run, and the next raises this error
    /// instead of running; TRY catches it, as it would any other. Without a next one it strikes none, and counts.
    FailInBatch {
        /// How many statements run first.
        after_statements: u32,
        /// What the next one raises.
        error: SqlError,
    },
    /// In its answer: the error comes after so many rows, and ends the request. With fewer rows it comes after them all.
    FailInRows {
        /// How many rows the client gets first.
        after_rows: u64,
        /// What follows them.
        error: SqlError,
    },
    /// After the effect: it runs, and the client gets this error instead of its answer.
    RunThenFail(SqlError),
    /// After the effect: it runs, and the connection ends without an answer.
    RunThenCut(CutBy),
    /// Late: the connection ends at once; the session is an orphan that keeps its locks, runs the request when it is told
    /// to, and ends.
    CutThenRun {
        /// How the connection ends.
        by: CutBy,
        /// When it runs. A server that stops ends the orphan, and it does not run.
        until: Until,
    },
    /// Its answer suffers; it runs.
    Reply(ReplyFault),
}

/// What happens to an answer on its way. Bytes are those of the TDS stream: packet headers count, TLS does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFault {
    /// The connection ends after so many bytes of it; after its last one when it is shorter.
    Cut {
        /// How many bytes the client gets.
        after: u64,
        /// How the connection ends.
        by: CutBy,
    },
    /// It hangs after so many bytes, then goes on.
    Stall {
        /// How many bytes the client gets first.
        after: u64,
        /// When it goes on.
        until: Until,
    },
    /// It comes in small pieces.
    Drip {
        /// How many bytes at a time.
        bytes: NonZeroUsize,
        /// How long it pauses before each piece.
        every: Duration,
    },
}

/// How a connection ends. TLS is never closed in an orderly way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutBy {
    /// TCP's orderly end.
    Fin,
    /// TCP's reset.
    Reset,
}

/// When something that hangs goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When [`super::Faults::release_stalled`] or [`super::Faults::clear`] says so.
    Released,
    /// After this time, or when it is released before.
    For(Duration),
}

impl From<ConnectionFault> for Strike {
    fn from(fault: ConnectionFault) -> Self {
        Self::Connection(fault)
    }
}

impl From<HandshakeFault> for Strike {
    fn from(fault: HandshakeFault) -> Self {
        Self::Handshake(fault)
    }
}

impl From<LoginFault> for Strike {
    fn from(fault: LoginFault) -> Self {
        Self::Login(fault)
    }
}
