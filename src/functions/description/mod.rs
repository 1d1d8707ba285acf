//! What the server says of a function's command, held against the definition, and kept in a file beside it.

mod columns;
mod parameters;
mod stored;

pub use columns::column_findings;
pub use parameters::parameter_findings;
pub use stored::{FILE, StoredDescription};

use crate::invocation::Severity;

/// Where a definition and the server's description of its command don't go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The key's path in `function.json`, such as `sql.parameters.@id.type`.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether it would fail.
    pub severity: Severity,
}

impl Finding {
    fn error(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), severity: Severity::Error }
    }

    fn warning(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), severity: Severity::Warning }
    }
}
