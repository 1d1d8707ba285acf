//! What the doctor found: steps with their findings, for people and for scripts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It was not taken; the summary says why.
    Skip,
    /// All is well.
    Ok,
    /// It works, and something should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// `ok`, `warn`, `fail` or `skip`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The steps, in their order. The names are part of the JSON and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepName {
    /// The worker's settings; for a connection, its connection string.
    Settings,
    /// Which way to sign in, and why that one.
    Identity,
    /// The token itself, which is never shown.
    Token,
    /// The server's name.
    Dns,
    /// A TCP connection.
    Tcp,
    /// TLS and the server's certificate.
    Tls,
    /// Where the gateway sends the login.
    Redirect,
    /// The login.
    Login,
    /// The database.
    Database,
    /// Who the server takes us for.
    User,
    /// The fixed database roles.
    Roles,
    /// The rights that the functions need.
    Rights,
    /// Our clock against the server's.
    Clock,
    /// The pool against the server's limits.
    Pool,
    /// A statement of the GRANT script that was to be run.
    Grant,
}

impl StepName {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Identity => "identity",
            Self::Token => "token",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Redirect => "redirect",
            Self::Login => "login",
            Self::Database => "database",
            Self::User => "user",
            Self::Roles => "roles",
            Self::Rights => "rights",
            Self::Clock => "clock",
            Self::Pool => "pool",
            Self::Grant => "grant",
        }
    }
}

/// What a step found. Nothing in it is a secret, a token or a connection string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it went.
    pub status: Status,
    /// One sentence.
    pub summary: String,
    /// Facts by name.
    pub details: Map<String, Json>,
    /// What to do, when not all is well.
    pub cure: Option<String>,
    /// The SQL error's number, where there is one.
    pub sql_error: Option<u32>,
}

impl Finding {
    fn new(status: Status, summary: impl Into<String>, cure: Option<String>) -> Self {
        Self { status, summary: summary.into(), details: Map::new(), cure, sql_error: None }
    }

    pub(super) fn ok(summary: impl Into<String>) -> Self {
        Self::new(Status::Ok, summary, None)
    }

    pub(super) fn warn(summary: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(Status::Warn, summary, Some(cure.into()))
    }

    pub(super) fn fail(summary: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(Status::Fail, summary, Some(cure.into()))
    }

    pub(super) fn skip(reason: impl Into<String>) -> Self {
        Self::new(Status::Skip, reason, None)
    }

    /// A step that another one's failure leaves nothing to do.
    pub(super) fn skip_because(failed: StepName) -> Self {
        let mut finding = Self::skip(format!("because {} failed", failed.name()));
        finding.details.insert("because".to_owned(), failed.name().into());
        finding
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn with_sql_error(self, number: Option<u32>) -> Self {
        Self { sql_error: number, ..self }
    }

    pub(super) fn is_failure(&self) -> bool {
        self.status == Status::Fail
    }
}

/// One step that was taken or skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The app setting of the connection; None for what all connections share.
    pub connection: Option<Arc<str>>,
    /// Which step.
    pub name: StepName,
    /// How long it took.
    pub time: Duration,
    /// What it found.
    pub finding: Finding,
}

impl Step {
    fn json(&self) -> Json {
        let Finding { status, summary, details, cure, sql_error } = &self.finding;
        json!({
            "connection": self.connection.as_deref(),
            "step": self.name.name(),
            "status": status.name(),
            "milliseconds": u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX),
            "summary": summary,
            "details": details,
            "cure": cure,
            "sqlError": sql_error,
        })
    }
}

/// All steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were taken.
    pub steps: Vec<Step>,
}

impl Report {
    /// The worst of its steps; skipped ones don't count.
    #[must_use]
    pub fn status(&self) -> Status {
        self.steps.iter().map(|step| step.finding.status).max().unwrap_or(Status::Skip).max(Status::Ok)
    }

    /// Whether no step failed.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status() != Status::Fail
    }

    /// How many steps went so.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.steps.iter().filter(|step| step.finding.status == status).count()
    }

    /// `{"status", "healthy", "steps": [{connection, step, status, milliseconds, summary, details, cure, sqlError}]}`
    #[must_use]
    pub fn json(&self) -> Json {
        json!({
            "status": self.status().name(),
            "healthy": self.is_healthy(),
            "steps": self.steps.iter().map(Step::json).collect::<Vec<_>>(),
        })
    }
}

/// Whether a terminal may take a character for a command, or show text in another order because of it (Unicode,
/// "General Category" Cc, and the format characters of bidirectional text).
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A JSON document in which such characters are escaped: servers have a say in it, and it ends up on terminals.
pub(crate) fn printable(document: &str) -> String {
    let mut printable = String::with_capacity(document.len());
    for c in document.chars() {
        // Outside of texts there is no such character but line feeds; within them JSON escapes those itself.
        if c != '\n' && is_unprintable(c) {
            printable.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            printable.push(c);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_means_the_same_and_moves_no_cursor() {
        let document = json!({ "a": "\u{9b}31m \u{202e}cba \u{7f} \u{1b}[2J\n", "b": "Zürich" });
        for text in [document.to_string(), format!("{document:#}")] {
            let printed = printable(&text);
            assert!(!printed.chars().any(|c| c != '\n' && is_unprintable(c)), "{printed}");
            assert!(printed.contains("Zürich"));
            assert_eq!(serde_json::from_str::<Json>(&printed).ok().as_ref(), Some(&document));
        }
    }
}
