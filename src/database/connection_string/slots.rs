//! What each keyword was given, once.

use super::keywords::{self, Keyword};
use super::scan::Part;
use super::{ConnectionStringError, ConnectionStringWarning, UnknownPart};

/// A keyword's value. No `Debug`: it may be a password.
pub(super) struct Slot {
    /// The keyword in the spelling of the list, not as written.
    pub(super) keyword: &'static str,
    pub(super) value: String,
    /// Its place in the string, from 1.
    pub(super) part: usize,
    meaning: Keyword,
}

impl Slot {
    pub(super) fn must_be(&self, expected: &'static str) -> ConnectionStringError {
        ConnectionStringError::Value { keyword: self.keyword, expected }
    }

    pub(super) fn is_true(&self) -> Result<bool, ConnectionStringError> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            _ => Err(self.must_be("true or false")),
        }
    }
}

/// All of them. A keyword with an empty value counts as not given, as in SqlClient.
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// The first part that nobody knows, best one that looks like something.
    pub(super) unknown: Option<UnknownPart>,
}

impl Slots {
    pub(super) fn fill(
        parts: Vec<Part>,
        warnings: &mut Vec<ConnectionStringWarning>,
    ) -> Result<Self, ConnectionStringError> {
        let mut slots = Self { slots: Vec::new(), unknown: None };
        for Part { number, keyword, value } in parts {
            let Some(spelling) = keywords::find(&keyword) else {
                let nearest = keywords::nearest_to(&keyword);
                warnings.push(ConnectionStringWarning::UnknownKeyword { part: number, nearest });
                if slots.unknown.is_none_or(|known| known.nearest.is_none() && nearest.is_some()) {
                    slots.unknown = Some(UnknownPart { part: number, nearest });
                }
                continue;
            };
            match spelling.keyword {
                _ if value.is_empty() => {}
                Keyword::Ignored => {}
                Keyword::Elsewhere(instead) => {
                    warnings.push(ConnectionStringWarning::NoEffect { keyword: spelling.text, instead });
                }
                meaning => slots.put(Slot { keyword: spelling.text, value, part: number, meaning })?,
            }
        }
        Ok(slots)
    }

    fn put(&mut self, slot: Slot) -> Result<(), ConnectionStringError> {
        let Some(first) = self.slots.iter().find(|other| other.meaning == slot.meaning) else {
            self.slots.push(slot);
            return Ok(());
        };
        if first.value == slot.value {
            return Ok(());
        }
        Err(ConnectionStringError::Contradiction {
            first: first.keyword,
            second: slot.keyword,
            first_part: first.part,
            second_part: slot.part,
        })
    }

    pub(super) fn take(&mut self, keyword: Keyword) -> Option<Slot> {
        let at = self.slots.iter().position(|slot| slot.meaning == keyword)?;
        Some(self.slots.swap_remove(at))
    }

    pub(super) fn value(&mut self, keyword: Keyword) -> Option<String> {
        self.take(keyword).map(|slot| slot.value)
    }
}
