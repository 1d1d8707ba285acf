//! What is wrong with a script: each mistake with its line, its key and the cure.

use std::fmt;

/// One thing wrong in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The key's path, such as `rules[0].fault.error`; empty for the whole.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// `line 7: rules[0].at: ...`
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a script; at least one mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(mistakes))]
pub struct Mistakes {
    mistakes: Vec<Mistake>,
}

impl Mistakes {
    /// None when there are none.
    pub(super) fn new(mut mistakes: Vec<Mistake>) -> Option<Self> {
        mistakes.sort_by_key(|mistake| mistake.line);
        (!mistakes.is_empty()).then_some(Self { mistakes })
    }

    /// In the order of their lines.
    #[must_use]
    pub fn all(&self) -> &[Mistake] {
        &self.mistakes
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n")
}
