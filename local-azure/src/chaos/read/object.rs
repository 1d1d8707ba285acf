//! An object of a script, taken apart key by key; what nobody took is a mistake.

use serde::Deserialize;

use super::json::{Node, Text};
use super::{Problems, duration};
use crate::chaos::words::nearest;

/// An object whose members are taken out one by one.
pub(super) struct Object<'t> {
    text: Text<'t>,
    path: String,
    line: usize,
    members: Vec<(String, Node<'t>)>,
    known: Vec<&'static str>,
}

impl<'t> Object<'t> {
    /// None, and a mistake, for anything but an object; a name that stands twice is a mistake too.
    pub(super) fn open(text: Text<'t>, node: Node<'t>, path: &str, problems: &mut Problems) -> Option<Self> {
        let Some(members) = text.members(node) else {
            problems.add(node.line(), path, "must be an object");
            return None;
        };
        let mut seen: Vec<(String, Node<'t>)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            if seen.iter().any(|(other, _)| *other == name) {
                problems.add(value.line(), &join(path, &name), "stands here a second time; keep one");
            } else {
                seen.push((name, value));
            }
        }
        Some(Self { text, path: path.to_owned(), line: node.line(), members: seen, known: Vec::new() })
    }

    /// The line it begins in.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The path of one of its keys.
    pub(super) fn key(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Its own path.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A member that stays.
    pub(super) fn peek(&self, name: &str) -> Option<Node<'t>> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, node)| *node)
    }

    /// The names that are left.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node<'t>> {
        self.known.push(name);
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.remove(at).1)
    }

    /// Takes a member out and reads it; None if it isn't there or, with a mistake, not as expected.
    pub(super) fn read<T: Deserialize<'t>>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        expected: &str,
        fits: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let node = self.take(name)?;
        let value = node.read::<T>().filter(fits);
        if value.is_none() {
            problems.add(node.line(), &self.key(name), expected);
        }
        value
    }

    /// The same for one of several words.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        let node = self.take(name)?;
        let written = node.read::<String>();
        let found = written.as_deref().and_then(|written| known.iter().find(|(word, _)| *word == written));
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let sentence = must_be_a_word(written.as_deref(), &words);
            problems.add(node.line(), &self.key(name), &sentence);
        }
        found.map(|(_, value)| *value)
    }

    /// The same for a length of time.
    pub(super) fn duration(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
    ) -> Option<std::time::Duration> {
        let node = self.take(name)?;
        let found = node.read::<String>().as_deref().and_then(duration::parse);
        if found.is_none() {
            problems.add(node.line(), &self.key(name), duration::EXPECTED);
        }
        found
    }

    /// The elements of a member that is an array.
    pub(super) fn elements(&mut self, name: &'static str, problems: &mut Problems) -> Option<Vec<Node<'t>>> {
        let node = self.take(name)?;
        let elements = self.text.elements(node);
        if elements.is_none() {
            problems.add(node.line(), &self.key(name), "must be an array");
        }
        elements
    }

    /// Whatever is left is a mistake.
    pub(super) fn end(self, problems: &mut Problems) {
        for (name, node) in &self.members {
            let sentence = match nearest(name, self.known.iter().copied()) {
                Some(word) => format!("is not known here; did you mean \"{word}\"?"),
                None => format!("is not known here; known are {}", listed(&self.known)),
            };
            problems.add(node.line(), &join(&self.path, name), &sentence);
        }
    }
}

/// `"x" is not known; did you mean ...`, or all words there are.
pub(super) fn must_be_a_word(written: Option<&str>, known: &[&str]) -> String {
    match written.and_then(|written| nearest(written, known.iter().copied())) {
        Some(word) => format!("is not a known word; did you mean \"{word}\"?"),
        None => format!("must be one of {}", listed(known)),
    }
}

/// `"a", "b", "c"`.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
