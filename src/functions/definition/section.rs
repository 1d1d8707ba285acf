//! Reads the keys of one JSON object of a definition, and notes each that has the wrong kind of value.

use serde_json::{Map, Value as Json};

use crate::invocation::Mistakes;
use crate::invocation::nearest;

/// A JSON object with its path in the file.
///
/// Read by hand and not by a derived `Deserialize`, which ends at the first mistake; a user wants all of them.
pub(super) struct Section<'a> {
    path: String,
    keys: &'a Map<String, Json>,
}

impl<'a> Section<'a> {
    pub(super) fn new(path: impl Into<String>, keys: &'a Map<String, Json>) -> Self {
        Self { path: path.into(), keys }
    }

    /// The section below a key; a mistake when it isn't an object.
    pub(super) fn of(path: impl Into<String>, json: &'a Json, mistakes: &mut Mistakes) -> Option<Self> {
        let path = path.into();
        match json {
            Json::Object(keys) => Some(Self { path, keys }),
            other => {
                mistakes.add(path, format!("must be an object {{...}}, not {}", kind(other)));
                None
            }
        }
    }

    /// A key's path in the file.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Json)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Json> {
        self.keys.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Notes every key that is neither known nor part of the design but not built yet.
    pub(super) fn check_keys(&self, known: &[&str], later: &[&str], mistakes: &mut Mistakes) {
        for key in self.keys.keys().map(String::as_str).filter(|key| !known.contains(key)) {
            let message = if later.contains(&key) {
                "is not supported yet; leave it out".to_owned()
            } else {
                match nearest(key, known.iter().copied()) {
                    Some(word) => format!("is not a key; did you mean `{word}`?"),
                    None => format!("is not a key; there are {}", known.join(", ")),
                }
            };
            mistakes.add(self.path_of(key), message);
        }
    }

    pub(super) fn text(&self, key: &str, mistakes: &mut Mistakes) -> Option<&'a str> {
        self.read(key, "a string", Json::as_str, mistakes)
    }

    pub(super) fn flag(&self, key: &str, mistakes: &mut Mistakes) -> Option<bool> {
        self.read(key, "true or false", Json::as_bool, mistakes)
    }

    pub(super) fn whole_number(&self, key: &str, mistakes: &mut Mistakes) -> Option<u64> {
        self.read(key, "a whole number, not negative", Json::as_u64, mistakes)
    }

    pub(super) fn list(&self, key: &str, mistakes: &mut Mistakes) -> Option<&'a Vec<Json>> {
        self.read(key, "an array [...]", Json::as_array, mistakes)
    }

    fn read<T>(
        &self,
        key: &str,
        wanted: &str,
        convert: impl FnOnce(&'a Json) -> Option<T>,
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let json = self.keys.get(key)?;
        let value = convert(json);
        if value.is_none() {
            mistakes.add(self.path_of(key), format!("must be {wanted}, not {}", kind(json)));
        }
        value
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "this number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
