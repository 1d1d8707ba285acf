//! A message of a queue-like trigger and the host's metadata of it, which the message itself can forge.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

/// A message and what the host says of it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// What was sent.
    pub payload: Payload,
    /// What the host, or whoever forged it, says of it: see [`Payload::may_shadow`].
    pub metadata: Metadata,
}

/// A message's content, without the host's own encoding around it.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Payload {
    /// None, or null.
    #[default]
    Empty,
    /// Text: JSON keeps the text it came as. A batch is a JSON array.
    Text(String),
    /// Bytes: the binding's `dataType` is `binary`.
    Bytes(Vec<u8>),
}

impl Payload {
    /// Whether the host may have laid properties of this payload over its own metadata (azure-functions-host,
    /// `WorkerFunctionInvoker.cs`, `ApplyBindingData`): that it does with the top-level properties of a payload that
    /// looks like a JSON object.
    #[must_use]
    pub fn may_shadow(&self) -> Shadows {
        let text = match self {
            Self::Empty => return Shadows::Nothing,
            Self::Text(text) => text.as_str(),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text,
                Err(_) => return Shadows::Nothing,
            },
        };
        let text = text.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
        if !text.starts_with('{') {
            return Shadows::Nothing;
        }
        // The host's parser takes more than JSON: single quotes, comments, names without quotes. What it found in such
        // a text can't be known here.
        serde_json::from_str(text).map_or(Shadows::Anything, |TopLevelNames(names)| Shadows::Names(names))
    }
}

// A sender's value must not reach a log.
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

/// Which names of the host's metadata a payload may have taken.
#[derive(Clone, PartialEq, Eq)]
pub enum Shadows {
    /// It isn't an object.
    Nothing,
    /// The names of its top-level properties.
    Names(Vec<String>),
    /// It looks like an object, and isn't strict JSON.
    Anything,
}

impl Shadows {
    /// Whether `name` may come from the payload; the host compares names without case.
    #[must_use]
    pub fn hide(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Anything => true,
            // Both foldings: one more name refused is better than one forged name taken.
            Self::Names(names) => names.iter().any(|other| {
                other.to_lowercase() == name.to_lowercase() || other.to_uppercase() == name.to_uppercase()
            }),
        }
    }
}

// A sender chose the names.
impl std::fmt::Debug for Shadows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Names(names) => write!(f, "Names({})", names.len()),
            Self::Anything => f.write_str("Anything"),
        }
    }
}

/// The names of an object's properties, each as often as it is there; values are skipped.
struct TopLevelNames(Vec<String>);

impl<'de> Deserialize<'de> for TopLevelNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = TopLevelNames;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(TopLevelNames(names))
            }
        }
        deserializer.deserialize_map(Names)
    }
}

/// What the host says beside a trigger's data: the values that the function's definition names, without the host's
/// encoding around them.
#[derive(Clone, Default)]
pub struct Metadata(BTreeMap<String, Json>);

impl Metadata {
    /// The value of this name, which has no case; None when the host said nothing of it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(&name.to_ascii_lowercase())
    }
}

impl<N: AsRef<str>> FromIterator<(N, Json)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, Json)>>(values: I) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value)).collect())
    }
}

// A sender's values can be among them.
impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Metadata").field(&self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_object_hides_its_own_names_in_any_case(
            names in proptest::collection::vec("\\PC{1,8}", 1..4),
            space in "[ \\t\\r\\n]{0,3}",
        ) {
            let members: Vec<String> = names.iter().map(|name| format!("{}:null", Json::from(name.as_str()))).collect();
            let shadows = text(&format!("{space}{{{}}}{space}", members.join(",")));
            for name in names {
                prop_assert!(shadows.hide(&name) && shadows.hide(&name.to_uppercase()));
                prop_assert!(shadows.hide(&name.to_lowercase()));
            }
        }
    }

    fn text(text: &str) -> Shadows {
        Payload::Text(text.to_owned()).may_shadow()
    }

    #[test]
    fn an_object_hides_the_names_of_its_top_level_in_any_case() {
        let shadows = text(" {\"ID\": 1, \"a\": {\"DequeueCount\": 1}, \"\\u0050opReceipt\": null} ");
        for (name, hidden) in [("Id", true), ("PopReceipt", true), ("DequeueCount", false), ("a", true)] {
            assert_eq!(shadows.hide(name), hidden, "{name}");
        }
        assert!(text("{\"DequeueCount\": 1, \"dequeuecount\": 2}").hide("DequeueCount"));
        // The Kelvin sign folds to k.
        assert!(text("{\"\u{212a}ey\": 1}").hide("Key"));
        assert!(Payload::Bytes(b"{\"Id\":1}".to_vec()).may_shadow().hide("Id"));
    }

    #[test]
    fn what_the_hosts_parser_may_take_for_an_object_hides_everything() {
        for payload in
            ["{Id:1}", "{'Id':1}", "{/**/}", "{\"a\":1}}", "{\"a\":1,}", "\u{feff}{Id:1}", "\u{a0}{Id:1}"]
        {
            assert_eq!(text(payload), Shadows::Anything, "{payload}");
        }
    }

    #[test]
    fn other_payloads_hide_nothing() {
        for payload in ["", "hello", "[{\"Id\":1}]", "\"{Id:1}\"", "5"] {
            assert!(!text(payload).hide("Id"), "{payload}");
        }
        assert!(!Payload::Empty.may_shadow().hide("Id"));
        assert!(!Payload::Bytes(vec![0xff, b'{']).may_shadow().hide("Id"));
    }

    #[test]
    fn debug_shows_no_value() {
        let message = Message {
            payload: Payload::Text("{\"CANARY\":1}".to_owned()),
            metadata: [("Id", Json::from("CANARY"))].into_iter().collect(),
        };
        let shown = format!("{message:?} {:?}", message.payload.may_shadow());
        assert!(!shown.contains("CANARY"), "{shown}");
        assert_eq!(message.metadata.get("iD"), Some(&Json::from("CANARY")));
    }
}
