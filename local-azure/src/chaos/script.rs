//! A script of faults, as types: what can be in one is what can happen.

use std::fmt;
use std::time::Duration;

use serde_json::Value as Json;

use super::mistake::Mistakes;
use super::read;
use crate::identity::TokenRequestFault;
use crate::sql::faults::{
    ConnectionFault, HandshakeFault, LoginFault, ReplyFault, RequestFault, RequestKind,
};

/// The longest wait that a script can ask for.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The most rules that a script can have.
pub const MOST_RULES: usize = 1_000;

/// Where in the life of a token, a connection or a transaction something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The identity endpoint was asked for a token, with correct credentials.
    Token,
    /// A TCP connection was accepted; nothing was read from it.
    Connect,
    /// The client is about to encrypt the connection.
    Tls,
    /// A client said who it is; nothing was answered.
    Login,
    /// A transaction is about to begin, by the protocol's request.
    Begin,
    /// A batch or a procedure call is about to run.
    Statement,
    /// A transaction is about to be committed: by the protocol's request, or by a batch that is COMMIT and nothing else.
    Commit,
    /// A transaction is about to be rolled back, by the protocol's request.
    Rollback,
    /// The answer to a batch, a procedure call or one of the protocol's requests is about to be written.
    Reply,
}

impl Place {
    /// All of them, in the order in which an invocation comes by.
    pub const ALL: [Self; 9] = [
        Self::Token,
        Self::Connect,
        Self::Tls,
        Self::Login,
        Self::Begin,
        Self::Statement,
        Self::Commit,
        Self::Rollback,
        Self::Reply,
    ];

    /// Its word in a script.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Begin => "begin",
            Self::Statement => "statement",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Reply => "reply",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What is to go wrong, and how often. Read from JSON with [`Script::parse`].
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) seed: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) written: Json,
}

impl Script {
    /// Reads a script, JSON that may hold comments, whose rules may be at the places `served`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, served: &[Place]) -> Result<Self, Mistakes> {
        read::script(text, served)
    }

    /// Where the random choices begin. Default 0.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Asked in this order; the first that strikes decides.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// As it was written, without comments.
    #[must_use]
    pub fn written(&self) -> &Json {
        &self.written
    }
}

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What the report calls it.
    pub name: Option<String>,
    /// Only statements with this text in them, whatever its case, and replies to such; every event where it is None.
    /// In lower case.
    pub matching: Option<String>,
    /// How likely it is to strike.
    pub probability: Probability,
    /// How many events go by before it can strike.
    pub after: u64,
    /// How often it strikes at most; None for no end.
    pub times: Option<u64>,
    /// What it does.
    pub fault: Fault,
}

/// A chance above 0, up to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Probability {
    /// Always.
    pub const CERTAIN: Self = Self(1.0);

    /// None unless it is above 0 and not above 1.
    #[must_use]
    pub fn new(chance: f64) -> Option<Self> {
        (chance > 0.0 && chance <= 1.0).then_some(Self(chance))
    }

    /// The number.
    #[must_use]
    pub fn chance(self) -> f64 {
        self.0
    }
}

/// What goes wrong; its kind says at which place.
#[derive(Clone, Debug)]
pub enum Fault {
    /// To a token request.
    Token(TokenRequestFault),
    /// To a new TCP connection.
    Connect(ConnectionFault),
    /// To the TLS handshake.
    Tls(HandshakeFault),
    /// To a login.
    Login(LoginFault),
    /// To a batch, a procedure call, or a request of the transaction manager.
    Request(RequestKind, RequestFault),
    /// The access tokens of all sessions that are open now expire, when a batch or a procedure call comes: it, and whatever
    /// follows on these sessions, fails with 37396 and doesn't run.
    ExpireToken,
    /// To the bytes of an answer. The work is done.
    Reply(ReplyFault),
}

impl Fault {
    /// Where it happens.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Token(_) => Place::Token,
            Self::Connect(_) => Place::Connect,
            Self::Tls(_) => Place::Tls,
            Self::Login(_) => Place::Login,
            Self::Request(RequestKind::Begin, _) => Place::Begin,
            Self::Request(RequestKind::Statement, _) | Self::ExpireToken => Place::Statement,
            Self::Request(RequestKind::Commit, _) => Place::Commit,
            Self::Request(RequestKind::Rollback, _) => Place::Rollback,
            Self::Reply(_) => Place::Reply,
        }
    }
}
