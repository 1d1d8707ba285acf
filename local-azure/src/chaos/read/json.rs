//! JSON of which every value knows its line.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A text and, one level at a time, the values in it.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(pub(super) &'t str);

/// A value as it stands in the text.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    raw: &'t RawValue,
    line: usize,
}

/// The members of an object in their order, a name that stands twice included.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Text<'t> {
    /// The value that the text is.
    pub(super) fn root(self) -> Result<Node<'t>, serde_json::Error> {
        serde_json::from_str::<&RawValue>(self.0).map(|raw| self.node(raw))
    }

    fn node(self, raw: &'t RawValue) -> Node<'t> {
        // The value is a part of the text, so the distance of the two addresses is its position.
        let position = raw.get().as_ptr().addr().saturating_sub(self.0.as_ptr().addr());
        let before = self.0.as_bytes().get(..position).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        Node { raw, line }
    }

    /// The members, if it is an object.
    pub(super) fn members(self, of: Node<'t>) -> Option<Vec<(String, Node<'t>)>> {
        let Members(members) = serde_json::from_str(of.raw.get()).ok()?;
        Some(members.into_iter().map(|(name, raw)| (name, self.node(raw))).collect())
    }

    /// The elements, if it is an array.
    pub(super) fn elements(self, of: Node<'t>) -> Option<Vec<Node<'t>>> {
        let elements: Vec<&RawValue> = serde_json::from_str(of.raw.get()).ok()?;
        Some(elements.into_iter().map(|raw| self.node(raw)).collect())
    }
}

impl<'t> Node<'t> {
    /// The line it begins in, from 1.
    pub(super) fn line(self) -> usize {
        self.line
    }

    /// What it is as a Rust value, if it can be one.
    pub(super) fn read<T: Deserialize<'t>>(self) -> Option<T> {
        serde_json::from_str(self.raw.get()).ok()
    }
}

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<'t>(PhantomData<&'t ()>);

        impl<'de: 't, 't> Visitor<'de> for InOrder<'t> {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder(PhantomData))
    }
}
