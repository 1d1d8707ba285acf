//! What is wrong with a definition: every mistake with its file, its key and the cure.

use std::fmt;

use super::forwarded::ForwardedRoute;

/// One thing wrong in a function's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file below the script root, such as `GetPerson/function.json`.
    pub file: String,
    /// The key's path in it, such as `sql.parameters.@id.type`; empty when it is not about a key.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.key.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}: {}", self.file, self.key, self.message)
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

/// Collects the mistakes of one definition while it is read.
#[derive(Debug)]
pub(super) struct Mistakes {
    file: String,
    list: Vec<Mistake>,
    http_output: Option<String>,
    forwarded: ForwardedRoute,
}

impl Mistakes {
    pub(super) fn new(file: impl Into<String>) -> Self {
        // Until the file was read, nobody knows what the host finds in it.
        Self { file: file.into(), list: Vec::new(), http_output: None, forwarded: ForwardedRoute::Unknown }
    }

    pub(super) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        let file = self.file.clone();
        self.add_in(file, key, message);
    }

    /// A mistake in another file than `function.json`.
    pub(super) fn add_in(
        &mut self,
        file: impl Into<String>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.list.push(Mistake { file: file.into(), key: key.into(), message: message.into() });
    }

    pub(super) fn set_http_output(&mut self, name: Option<String>) {
        self.http_output = name;
    }

    pub(super) fn set_forwarded(&mut self, forwarded: ForwardedRoute) {
        self.forwarded = forwarded;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What was read when there was no mistake.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, DefinitionError> {
        match read {
            Some(read) if self.list.is_empty() => Ok(read),
            _ => Err(DefinitionError {
                mistakes: self.list,
                http_output: self.http_output,
                forwarded: self.forwarded,
            }),
        }
    }
}
