//! A message of a queue-like trigger and the host's metadata of it, which the message itself can forge.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

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
    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which of these names of its own metadata the host may have taken from this payload (azure-functions-host,
    /// `WorkerFunctionInvoker.cs`, `ApplyBindingData`): it lays the top-level properties of a payload that looks like a JSON
    /// object over them. Without names nothing is looked at.
    #[must_use]
    pub fn may_shadow<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Shadows {
        let names: Vec<&str> = names.into_iter().collect();
        let text = match self {
            _ if names.is_empty() => return Shadows::Nothing,
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
        let mut taken = TopLevelNames { wanted: names, found: Vec::new() };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = deserializer.deserialize_map(&mut taken).and_then(|()| deserializer.end());
        // The host's parser takes more than JSON: single quotes, comments, names without quotes. What it found in such
        // a text can't be known here.
        read.map_or(Shadows::Anything, |()| Shadows::Names(taken.found))
    }
}

// A sender's value must not reach a log.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    /// Its top-level properties have these of the names that were asked for.
    Names(Vec<String>),
    /// It looks like an object, and isn't strict JSON.
    Anything,
}

impl Shadows {
    /// Whether `name`, one of those that were asked for, may come from the payload.
    #[must_use]
    pub fn hide(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Anything => true,
            Self::Names(names) => names.iter().any(|taken| taken == name),
        }
    }
}

// They tell of what a sender sent.
impl fmt::Debug for Shadows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Names(names) => write!(f, "Names({})", names.len()),
            Self::Anything => f.write_str("Anything"),
        }
    }
}

/// Looks for names among those of an object's properties while it reads them; values are skipped.
struct TopLevelNames<'n> {
    wanted: Vec<&'n str>,
    found: Vec<String>,
}

impl<'de> Visitor<'de> for &mut TopLevelNames<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(()) = map.next_key_seed(Name(self))? {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// A name, compared where it stands.
struct Name<'t, 'n>(&'t mut TopLevelNames<'n>);

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        let TopLevelNames { wanted, found } = self.0;
        // Each is found once, however often a sender repeats it.
        wanted.retain(|wanted| {
            let same = may_be_the_same(wanted, name);
            if same {
                found.push((*wanted).to_owned());
            }
            !same
        });
        Ok(())
    }
}

/// Whether the host, which compares names without case, may take one name for the other. Both foldings: one more name
/// refused is better than one forged name taken.
fn may_be_the_same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.to_lowercase() == other.to_lowercase() || one.to_uppercase() == other.to_uppercase()
}

/// What the host says beside a trigger's data: the values that the function's definition names, without the host's
/// encoding around them, as JSON text: a sender can lay a value of any size over one.
#[derive(Clone, Default)]
pub struct Metadata(BTreeMap<String, Box<RawValue>>);

impl Metadata {
    /// The value of this name, which has no case; None when the host said nothing of it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(&name.to_ascii_lowercase()).map(AsRef::as_ref)
    }
}

impl<N: AsRef<str>> FromIterator<(N, Box<RawValue>)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, Box<RawValue>)>>(values: I) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value)).collect())
    }
}

// A sender's values can be among them.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metadata").field(&self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;
    use serde_json::Value as Json;
    use serde_json::value::to_raw_value;

    use super::*;

    proptest! {
        #[test]
        fn any_object_hides_its_own_names_in_any_case(
            names in proptest::collection::vec("\\PC{1,8}", 1..4),
            space in "[ \\t\\r\\n]{0,3}",
        ) {
            let members: Vec<String> = names.iter().map(|name| format!("{}:null", Json::from(name.as_str()))).collect();
            let payload = format!("{space}{{{}}}{space}", members.join(","));
            for name in names {
                for name in [&name, &name.to_uppercase(), &name.to_lowercase()] {
                    prop_assert!(hides(&payload, name));
                }
            }
        }
    }

    fn text(text: &str) -> Payload {
        Payload::Text(text.to_owned())
    }

    fn hides(payload: &str, name: &str) -> bool {
        text(payload).may_shadow([name]).hide(name)
    }

    #[test]
    fn an_object_hides_the_names_of_its_top_level_in_any_case() {
        let payload = text(" {\"ID\": 1, \"a\": {\"DequeueCount\": 1}, \"\\u0050opReceipt\": null} ");
        let names = [("Id", true), ("PopReceipt", true), ("DequeueCount", false), ("a", true)];
        let shadows = payload.may_shadow(names.map(|(name, _)| name));
        for (name, hidden) in names {
            assert_eq!(shadows.hide(name), hidden, "{name}");
        }
        assert!(hides("{\"DequeueCount\": 1, \"dequeuecount\": 2}", "DequeueCount"));
        // The Kelvin sign folds to k.
        assert!(hides("{\"\u{212a}ey\": 1}", "Key"));
        assert!(Payload::Bytes(b"{\"Id\":1}".to_vec()).may_shadow(["Id"]).hide("Id"));
    }

    #[test]
    fn what_the_hosts_parser_may_take_for_an_object_hides_everything() {
        for payload in
            ["{Id:1}", "{'Id':1}", "{/**/}", "{\"a\":1}}", "{\"a\":1,}", "\u{feff}{Id:1}", "\u{a0}{Id:1}"]
        {
            assert_eq!(text(payload).may_shadow(["Id"]), Shadows::Anything, "{payload}");
        }
    }

    #[test]
    fn other_payloads_hide_nothing() {
        for payload in ["", "hello", "[{\"Id\":1}]", "\"{Id:1}\"", "5"] {
            assert!(!hides(payload, "Id"), "{payload}");
        }
        assert!(!Payload::Empty.may_shadow(["Id"]).hide("Id"));
        assert!(!Payload::Bytes(vec![0xff, b'{']).may_shadow(["Id"]).hide("Id"));
    }

    #[test]
    fn debug_shows_no_value() {
        let message = Message {
            payload: Payload::Text("{\"CANARY\":1}".to_owned()),
            metadata: [("Id", to_raw_value("CANARY").unwrap())].into_iter().collect(),
        };
        let shown = format!("{message:?} {:?}", message.payload.may_shadow(["canary"]));
        assert!(!shown.contains("CANARY"), "{shown}");
        assert_eq!(message.metadata.get("iD").unwrap().get(), "\"CANARY\"");
    }
}
