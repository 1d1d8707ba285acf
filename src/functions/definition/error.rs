//! Why a function can't be called.

use std::fmt;

use super::forwarded::ForwardedRoute;
use crate::invocation::Mistake;

/// Why a function can't be called: all mistakes of its definition, at least one. `Display` writes one a line.
#[derive(Clone, Debug, PartialEq)]
pub struct DefinitionError {
    /// In the order of the file.
    pub mistakes: Vec<Mistake>,
    pub(super) http_output: Option<String>,
    pub(super) forwarded: ForwardedRoute,
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
