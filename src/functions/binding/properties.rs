//! Finds the properties that parameters name in a JSON text, and leaves everything else of it unbuilt: whatever a caller
//! sends, it takes no more memory than its text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::strictness::{self, Place};

/// What stands at some paths of a JSON text.
///
/// Of an object that has one name several times the last value counts, as with most readers of JSON.
pub(super) struct Properties<'p, 'j>(Node<'p, 'j>);

/// A value that is wanted, or one on the way to it.
#[derive(Default)]
struct Node<'p, 'j> {
    /// As it stands in the text, without blanks around it; None when it doesn't.
    text: Option<&'j str>,
    below: BTreeMap<&'p str, Node<'p, 'j>>,
}

/// The value above a property is there, and no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAnObject {
    /// How many names of the path lead to it; 0 is the text itself.
    pub(super) names: usize,
}

impl<'p, 'j> Properties<'p, 'j> {
    /// Reads a text, whole, for the values at these paths. Nested ones are read once more for each name above them.
    ///
    /// # Errors
    /// Where it stops being JSON: the same texts as `serde_json::Value` refuses.
    pub(super) fn find(text: &'j str, paths: impl IntoIterator<Item = &'p [String]>) -> Result<Self, Place> {
        strictness::check(text)?;
        let mut root = Node::default();
        for path in paths {
            path.iter().fold(&mut root, |node, name| node.below.entry(name.as_str()).or_default());
        }
        let read = if starts_object(text) {
            root.read_members(text)
        } else {
            serde_json::from_str(text).map(|IgnoredAny| ())
        };
        root.text = Some(text.trim_matches(is_blank));
        read.map(|()| Self(root)).map_err(|error| Place { line: error.line(), column: error.column() })
    }

    /// The JSON text of the value at one of the paths; None when it is not there, or null is above it. The text itself
    /// must be an object, if a name is asked for.
    pub(super) fn get(&self, path: &[String]) -> Result<Option<&'j str>, NotAnObject> {
        let mut node = &self.0;
        for (names, name) in path.iter().enumerate() {
            match node.text {
                None => return Ok(None),
                Some("null") if names > 0 => return Ok(None),
                Some(text) if !starts_object(text) => return Err(NotAnObject { names }),
                Some(_) => {}
            }
            match node.below.get(name.as_str()) {
                Some(below) => node = below,
                None => return Ok(None),
            }
        }
        Ok(node.text)
    }
}

impl<'j> Node<'_, 'j> {
    /// Reads the properties below from the text of an object.
    fn read_members(&mut self, text: &'j str) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Members(&mut self.below).deserialize(&mut deserializer)?;
        deserializer.end()
    }

    /// Takes a value in place of what came before under the same name.
    fn replace(&mut self, text: &'j str) -> serde_json::Result<()> {
        self.forget();
        self.text = Some(text);
        if self.below.is_empty() || !starts_object(text) { Ok(()) } else { self.read_members(text) }
    }

    fn forget(&mut self) {
        self.text = None;
        self.below.values_mut().for_each(Self::forget);
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn starts_object(text: &str) -> bool {
    text.trim_start_matches(is_blank).starts_with('{')
}

/// Reads an object's properties of these names.
struct Members<'n, 'p, 'j>(&'n mut BTreeMap<&'p str, Node<'p, 'j>>);

impl<'j> DeserializeSeed<'j> for Members<'_, '_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'j> Visitor<'j> for Members<'_, '_, 'j> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(wanted) = map.next_key_seed(Name(&mut *self.0))? {
            match wanted {
                Some(node) => {
                    let value: &'j RawValue = map.next_value()?;
                    node.replace(value.get()).map_err(A::Error::custom)?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A property's name, looked up where it stands.
struct Name<'n, 'p, 'j>(&'n mut BTreeMap<&'p str, Node<'p, 'j>>);

impl<'n, 'p, 'j> DeserializeSeed<'j> for Name<'n, 'p, 'j> {
    type Value = Option<&'n mut Node<'p, 'j>>;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n, 'p, 'j> Visitor<'j> for Name<'n, 'p, 'j> {
    type Value = Option<&'n mut Node<'p, 'j>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.get_mut(name))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    type Found = Result<Option<Json>, NotAnObject>;

    fn path(names: &str) -> Vec<String> {
        if names.is_empty() { Vec::new() } else { names.split('.').map(str::to_owned).collect() }
    }

    fn found(text: &str, paths: &[Vec<String>]) -> Result<Vec<Found>, Place> {
        let properties = Properties::find(text, paths.iter().map(Vec::as_slice))?;
        let get = |path: &Vec<String>| {
            properties.get(path).map(|text| text.map(|text| serde_json::from_str(text).unwrap()))
        };
        Ok(paths.iter().map(get).collect())
    }

    /// The same on a value that was built whole.
    fn walked(mut json: &Json, path: &[String]) -> Found {
        for (names, name) in path.iter().enumerate() {
            match json {
                Json::Null if names > 0 => return Ok(None),
                Json::Object(properties) => match properties.get(name) {
                    Some(property) => json = property,
                    None => return Ok(None),
                },
                _ => return Err(NotAnObject { names }),
            }
        }
        Ok(Some(json.clone()))
    }

    /// JSON text of a few names, so that they meet each other, with blanks, escapes and repeated names.
    fn any_json() -> impl Strategy<Value = String> {
        let blank = "[ \t\r\n]{0,2}";
        let scalar = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            "\\PC{0,5}".prop_map(|text| Json::from(text).to_string()),
            Just(r#""\ud83d\uDE00\u0061""#.to_owned()),
        ];
        let name = prop_oneof![
            "[ab]".prop_map(|name| format!("\"{name}\"")),
            Just(r#""\u0061""#.to_owned()),
            "\\PC{0,3}".prop_map(|name| Json::from(name).to_string()),
        ];
        scalar.prop_recursive(5, 40, 4, move |inner| {
            let member = (blank, name.clone(), blank, inner.clone())
                .prop_map(|(before, name, between, value)| format!("{before}{name}{between}:{value}"));
            let element =
                (blank, inner, blank).prop_map(|(before, value, after)| format!("{before}{value}{after}"));
            prop_oneof![
                3 => vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(","))),
                1 => vec(element, 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            ]
        })
    }

    fn any_paths() -> impl Strategy<Value = Vec<Vec<String>>> {
        vec(vec("[abc]", 0..4), 1..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn any_json_gives_at_any_paths_what_a_walk_over_its_value_gives(
            json in any_json(),
            paths in any_paths(),
            before in "[ \t\r\n]{0,2}",
            after in "[ \t\r\n]{0,2}",
        ) {
            let text = format!("{before}{json}{after}");
            let value: Json = serde_json::from_str(&text).unwrap();
            let walked: Vec<Found> = paths.iter().map(|path| walked(&value, path)).collect();
            prop_assert_eq!(found(&text, &paths), Ok(walked));
        }

        #[test]
        fn a_text_is_refused_where_a_value_is_and_only_then(
            json in any_json(),
            at in any::<prop::sample::Index>(),
            removed in 0..3usize,
            put in prop_oneof![
                r#"[\[\]{}:,"0-9a-f.+eE\x00-\x1f-]{0,2}"#,
                r"(\\[u\x22/bx]?(d83d|DE00|0061|00)?){0,2}",
            ],
            paths in any_paths(),
        ) {
            let mut characters: Vec<char> = json.chars().collect();
            let at = at.index(characters.len() + 1);
            characters.splice(at..(at + removed).min(characters.len()), put.chars());
            let text: String = characters.into_iter().collect();
            let value = serde_json::from_str::<Json>(&text);
            let found = found(&text, &paths);
            prop_assert_eq!(found.is_ok(), value.is_ok(), "{:?}: {:?} {:?}", text, found, value.err());
        }
    }

    #[test]
    fn values_keep_their_own_text() {
        let text = r#" {"a": {"b": [1.10, {"c" :2}] , "d":"x"}} "#;
        let paths = [path("a.b"), path("a"), path("")];
        let properties = Properties::find(text, paths.iter().map(Vec::as_slice)).unwrap();
        let texts = [0, 1, 2].map(|at| properties.get(&paths[at]).unwrap().unwrap());
        assert_eq!(texts, [r#"[1.10, {"c" :2}]"#, r#"{"b": [1.10, {"c" :2}] , "d":"x"}"#, text.trim()]);
    }

    #[test]
    fn the_last_value_of_a_name_counts_with_all_that_is_below_it() {
        let paths = [path("a.b"), path("a.c"), path("a")];
        let text = r#"{"a":{"b":1,"c":2,"c":3},"a":{"c":4}}"#;
        let last: Json = serde_json::from_str(r#"{"c":4}"#).unwrap();
        assert_eq!(found(text, &paths).unwrap(), [Ok(None), Ok(Some(Json::from(4))), Ok(Some(last))]);
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        for (text, line, column) in [
            ("{\n\"a\" x}", 2, 5),
            ("canary", 1, 1),
            ("{\"x\":[1,]}", 1, 9),
            ("{} x", 1, 4),
            ("", 1, 0),
            ("{\"x\":\n \"\\ud800 y\"}", 2, 3),
        ] {
            assert_eq!(found(text, &[path("a")]), Err(Place { line, column }), "{text}");
        }
    }
}
