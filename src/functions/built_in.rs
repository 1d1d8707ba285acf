//! Functions that the worker serves itself: `"sql": { "builtIn": "doctor" }`.

use futures_util::future::BoxFuture;

use crate::invocation::{HttpRequest, Invocation, Problem};

/// A function of the worker's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BuiltIn {
    /// What `azsql-worker doctor --json` prints, for plans without a shell.
    Doctor,
    /// The numbers of the connection pools.
    Metrics,
    /// What `azsql-worker openapi` prints, for those who call the functions.
    OpenApi,
}

impl BuiltIn {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Doctor, Self::Metrics, Self::OpenApi];

    /// The word of the definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Metrics => "metrics",
            Self::OpenApi => "openapi",
        }
    }

    /// Whether its answer is for operators alone, who have the master key.
    #[must_use]
    pub fn is_for_operators(self) -> bool {
        match self {
            Self::Doctor | Self::Metrics => true,
            Self::OpenApi => false,
        }
    }
}

/// What a built-in function answers.
#[derive(Clone, PartialEq, Eq)]
pub struct BuiltInAnswer {
    /// HTTP status, 200 to 599 and no redirect, which the host would follow.
    pub status: u16,
    /// JSON text.
    pub body: String,
}

// As for other answers: what is in it is for its caller.
impl std::fmt::Debug for BuiltInAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuiltInAnswer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Runs built-in functions.
pub trait BuiltInFunctions: Send + Sync {
    /// Runs one. The future is dropped when its caller leaves and at the invocation's deadline, which the worker itself
    /// answers with 504; what must not be cut off belongs in a task. It is polled on a thread that has other requests to
    /// answer: what blocks belongs on a thread of its own.
    ///
    /// # Errors
    /// The problem that the caller gets.
    fn run(
        &self,
        which: BuiltIn,
        invocation: Invocation,
        request: HttpRequest,
    ) -> BoxFuture<'_, Result<BuiltInAnswer, Problem>>;
}
