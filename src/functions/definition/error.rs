//! What is wrong with a definition: every mistake with its file, its line, its key and the cure.

use std::fmt;

use super::forwarded::ForwardedRoute;
use crate::invocation::JsonPlaces;

/// One thing wrong in a script root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file below the script root, such as `GetPerson/function.json`.
    pub file: String,
    /// The line in it, from 1, where it is known.
    pub line: Option<usize>,
    /// The key's path in it, such as `sql.parameters.@id.type`; empty when it is not about a key.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether anything must be done.
    pub severity: Severity,
}

/// How bad a mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does not work.
    Error,
    /// It works, but hardly as it was meant.
    Warning,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Mistake {
    /// Whether it is an error, not a warning.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `GetPerson/function.json:7: sql.result: must be ...`, which editors turn into a link; a warning says that it is one.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.severity == Severity::Warning {
            write!(f, ": warning")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Why a function can't be called: all mistakes of its definition, at least one. `Display` writes one a line.
#[derive(Clone, Debug, PartialEq)]
pub struct DefinitionError {
    /// In the order of the file.
    pub mistakes: Vec<Mistake>,
    http_output: Option<String>,
    forwarded: ForwardedRoute,
}

impl DefinitionError {
    /// A mistake that shows only when the function is seen beside others.
    #[must_use]
    pub(in crate::functions) fn later(
        mistake: Mistake,
        http_output: Option<String>,
        forwarded: ForwardedRoute,
    ) -> Self {
        Self { mistakes: vec![mistake], http_output, forwarded }
    }

    /// How requests reach the function in forwarding and proxying mode: the host may well have loaded it.
    pub(in crate::functions) fn forwarded(&self) -> &ForwardedRoute {
        &self.forwarded
    }

    /// The name of the function's http output where the definition still tells it: a caller can be answered there.
    #[must_use]
    pub fn http_output(&self) -> Option<&str> {
        self.http_output.as_deref()
    }
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DefinitionError {}

/// Collects the mistakes of one JSON file, and of files that it names, while it is read.
#[derive(Debug)]
pub(crate) struct Mistakes {
    file: String,
    text: String,
    list: Vec<Mistake>,
    http_output: Option<String>,
    forwarded: ForwardedRoute,
}

impl Mistakes {
    /// For the file of this name below the script root.
    pub(crate) fn new(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            text: String::new(),
            list: Vec::new(),
            http_output: None,
            // Until the file was read, nobody knows what the host finds in it.
            forwarded: ForwardedRoute::Unknown,
        }
    }

    /// The file's text, in which the lines are to be found. A key that stands twice in one object is a mistake:
    /// readers of JSON take the last one and say nothing.
    pub(crate) fn set_text(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        for (key, line) in JsonPlaces::read(text).repeated() {
            self.add_at(*line, key.as_str(), "is there twice; leave one of the two out");
        }
    }

    /// A mistake of a key.
    pub(crate) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.push(self.file.clone(), None, key.into(), message.into(), Severity::Error);
    }

    /// Something about a key that works, but hardly as it was meant. Only for `host.json`: a definition with anything to
    /// be said about it is refused.
    pub(crate) fn warn(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.push(self.file.clone(), None, key.into(), message.into(), Severity::Warning);
    }

    /// A mistake in a line of the file.
    pub(crate) fn add_at(&mut self, line: usize, key: impl Into<String>, message: impl Into<String>) {
        self.push(self.file.clone(), Some(line), key.into(), message.into(), Severity::Error);
    }

    /// A mistake in another file, in its line where that is known.
    pub(crate) fn add_in(
        &mut self,
        file: impl Into<String>,
        line: Option<usize>,
        message: impl Into<String>,
    ) {
        self.push(file.into(), line, String::new(), message.into(), Severity::Error);
    }

    fn push(&mut self, file: String, line: Option<usize>, key: String, message: String, severity: Severity) {
        self.list.push(Mistake { file, line, key, message, severity });
    }

    pub(super) fn set_http_output(&mut self, name: Option<String>) {
        self.http_output = name;
    }

    pub(super) fn set_forwarded(&mut self, forwarded: ForwardedRoute) {
        self.forwarded = forwarded;
    }

    /// Whether nothing was found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What was read when there was no mistake.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, DefinitionError> {
        match read {
            Some(read) if self.list.is_empty() => Ok(read),
            _ => {
                let (http_output, forwarded) = (self.http_output.clone(), self.forwarded.clone());
                Err(DefinitionError { mistakes: self.into_list(), http_output, forwarded })
            }
        }
    }

    /// All of them with their lines, in the order of the file.
    pub(crate) fn into_list(mut self) -> Vec<Mistake> {
        let places = if self.list.is_empty() { None } else { Some(JsonPlaces::read(&self.text)) };
        for mistake in self.list.iter_mut().filter(|mistake| mistake.file == self.file) {
            mistake.line = mistake.line.or_else(|| places.as_ref()?.line(&mistake.key));
        }
        self.list.sort_by_key(|mistake| (mistake.file != self.file, mistake.line));
        self.list
    }
}
