//! Picks the wanted values out of an envelope as they stand in the request, and skips all others.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::EnvelopeError;

/// The wanted values as JSON text, borrowed from the request.
#[derive(Default)]
pub(super) struct Picked<'a, 'n> {
    pub(super) data: Option<&'a RawValue>,
    /// By the name that was asked for.
    pub(super) metadata: Vec<(&'n str, &'a RawValue)>,
    has_data: bool,
    has_metadata: bool,
    /// What is there twice.
    twice: Option<String>,
}

/// Picks `Data.<binding>` and the `Metadata` of these names, which have no case.
pub(super) fn pick<'a, 'n>(
    body: &'a [u8],
    binding: &str,
    names: &[&'n str],
) -> Result<Picked<'a, 'n>, EnvelopeError> {
    let mut picked = Picked::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = Envelope { binding, names, picked: &mut picked }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match (read, picked.twice.take()) {
        (Ok(()), _) => Ok(picked),
        (Err(_), Some(what)) => Err(EnvelopeError::Twice(what)),
        (Err(error), None) => Err(EnvelopeError::Syntax { line: error.line(), column: error.column() }),
    }
}

struct Envelope<'p, 'a, 'n> {
    binding: &'p str,
    names: &'p [&'n str],
    picked: &'p mut Picked<'a, 'n>,
}

impl<'p, 'a, 'n> DeserializeSeed<'a> for Envelope<'p, 'a, 'n> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'p, 'a, 'n> Visitor<'a> for Envelope<'p, 'a, 'n> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Data and Metadata")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { binding, names, picked } = self;
        while let Some(key) = map.next_key_seed(Key)? {
            match &*key {
                "Data" => {
                    once(std::mem::replace(&mut picked.has_data, true), "Data", &mut picked.twice)?;
                    map.next_value_seed(Data { binding, picked: &mut *picked })?;
                }
                "Metadata" => {
                    let before = std::mem::replace(&mut picked.has_metadata, true);
                    once(before, "Metadata", &mut picked.twice)?;
                    map.next_value_seed(Metadata { names, picked: &mut *picked })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if picked.has_data { Ok(()) } else { Err(A::Error::custom("there is no Data")) }
    }
}

struct Data<'p, 'a, 'n> {
    binding: &'p str,
    picked: &'p mut Picked<'a, 'n>,
}

impl<'p, 'a, 'n> DeserializeSeed<'a> for Data<'p, 'a, 'n> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'p, 'a, 'n> Visitor<'a> for Data<'p, 'a, 'n> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the trigger's value")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            if key == self.binding {
                let what = format!("Data.{}", self.binding);
                once(self.picked.data.is_some(), &what, &mut self.picked.twice)?;
                self.picked.data = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Metadata<'p, 'a, 'n> {
    names: &'p [&'n str],
    picked: &'p mut Picked<'a, 'n>,
}

impl<'p, 'a, 'n> DeserializeSeed<'a> for Metadata<'p, 'a, 'n> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p, 'a, 'n> Visitor<'a> for Metadata<'p, 'a, 'n> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the host's metadata, or null")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            match self.names.iter().find(|name| name.eq_ignore_ascii_case(&key)) {
                Some(name) => {
                    let before = self.picked.metadata.iter().any(|(other, _)| other == name);
                    once(before, &format!("Metadata.{name}"), &mut self.picked.twice)?;
                    let value = map.next_value()?;
                    self.picked.metadata.push((name, value));
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Ends the reading at the second value of one name.
fn once<E: Error>(was_there: bool, what: &str, twice: &mut Option<String>) -> Result<(), E> {
    if !was_there {
        return Ok(());
    }
    *twice = Some(format!("`{what}`"));
    Err(E::custom("twice"))
}

/// A key, borrowed where it has no escapes.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
