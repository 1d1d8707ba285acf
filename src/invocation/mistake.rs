//! What is wrong with a definition or with `host.json`: every mistake with its file, its line, its key and the cure.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::{JsonPlaces, without_comments};

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

/// Collects the mistakes of one JSON file, and of files that it names, while it is read.
#[derive(Debug)]
pub(crate) struct Mistakes {
    file: String,
    text: String,
    list: Vec<Mistake>,
}

impl Mistakes {
    /// For the file of this name below the script root.
    pub(crate) fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), text: String::new(), list: Vec::new() }
    }

    /// The file's text, in which the lines are to be found. A key that stands twice in one object is a mistake:
    /// readers of JSON take the last one and say nothing.
    fn set_text(&mut self, text: &str) {
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

    /// Whether nothing was found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
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

    /// The JSON of the file at this path, which may begin with a byte-order mark and hold comments; the lines of mistakes
    /// are looked up in it. None is a mistake of its own; what to do about a file that can't be read is the `cure`.
    pub(crate) fn read_json(&mut self, path: &Path, cure: &str) -> Option<Json> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.add("", format!("can't be read ({}){cure}", error.kind()));
                return None;
            }
        };
        let text = text.trim_start_matches('\u{feff}');
        match serde_json::from_str(&without_comments(text)) {
            Ok(json) => {
                self.set_text(text);
                Some(json)
            }
            Err(error) => {
                self.add_at(error.line(), "", format!("is not JSON: {error}"));
                None
            }
        }
    }
}
