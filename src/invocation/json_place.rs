//! Where a key stands in a JSON text that may hold comments: from the key's path to its line.

use std::borrow::Cow;

use super::without_comments;

/// Deeper nesting is not followed; serde_json refuses it as well.
const MAX_DEPTH: usize = 128;

/// The keys of a JSON text with their lines.
#[derive(Debug)]
pub(crate) struct JsonPlaces {
    root: Option<Place>,
    repeated: Vec<(String, usize)>,
}

/// A value: the line of its key (of its first character where it has none) and what is inside.
#[derive(Debug)]
struct Place {
    line: usize,
    inside: Inside,
}

#[derive(Debug)]
enum Inside {
    Members(Vec<(String, Place)>),
    Elements(Vec<Place>),
    Nothing,
}

impl JsonPlaces {
    /// Reads a text; what isn't JSON has no places from there on.
    pub(crate) fn read(text: &str) -> Self {
        let plain = without_comments(text);
        let mut reader = Reader { rest: &plain, line: 1, repeated: Vec::new() };
        let root = reader.value("", 0);
        Self { root, repeated: reader.repeated }
    }

    /// The line, from 1, of the key with this path, such as `bindings[0].route` or `sql.parameters.@id.type`; of the
    /// nearest key above it when there is none. Names are found as written, else without regard to case.
    pub(crate) fn line(&self, path: &str) -> Option<usize> {
        let mut place = self.root.as_ref()?;
        let mut rest = path;
        while let Some((next, after)) = place.step(rest) {
            place = next;
            rest = after;
        }
        Some(place.line)
    }

    /// Keys that stand a second time in their object, with the line of the second.
    pub(crate) fn repeated(&self) -> &[(String, usize)] {
        &self.repeated
    }
}

impl Place {
    /// The place that the path names next, and what of the path is left.
    fn step<'p>(&self, path: &'p str) -> Option<(&Self, &'p str)> {
        match &self.inside {
            Inside::Members(members) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                // A name may hold dots of its own: the longest that fits is meant. Of equal names the last one counts,
                // as it does for every reader of JSON here.
                members
                    .iter()
                    .filter_map(|(name, place)| {
                        let written = path.get(..name.len())?;
                        let after = path.get(name.len()..)?;
                        let ends = after.is_empty() || after.starts_with(['.', '[']);
                        let fits = !name.is_empty() && ends && written.eq_ignore_ascii_case(name);
                        fits.then_some(((name.len(), written == name), place, after))
                    })
                    .max_by_key(|(fit, _, _)| *fit)
                    .map(|(_, place, after)| (place, after))
            }
            Inside::Elements(elements) => {
                let (index, after) = path.strip_prefix('[')?.split_once(']')?;
                Some((elements.get(index.parse::<usize>().ok()?)?, after))
            }
            Inside::Nothing => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    repeated: Vec<(String, usize)>,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, length: usize) -> &'a str {
        let (skipped, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += skipped.matches('\n').count();
        self.rest = rest;
        skipped
    }

    /// Goes over blanks; the next character.
    fn peek(&mut self) -> Option<char> {
        let blanks =
            self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']).len();
        self.skip(blanks);
        self.rest.chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.skip(expected.len_utf8());
        }
        found
    }

    fn value(&mut self, path: &str, depth: usize) -> Option<Place> {
        if depth > MAX_DEPTH {
            return None;
        }
        let first = self.peek()?;
        let line = self.line;
        let inside = match first {
            '{' => self.members(path, depth),
            '[' => self.elements(path, depth),
            '"' => {
                self.string()?;
                Inside::Nothing
            }
            _ => {
                let end = self.rest.find([',', ']', '}', '\n', ' ']).unwrap_or(self.rest.len());
                self.skip(end);
                Inside::Nothing
            }
        };
        Some(Place { line, inside })
    }

    fn members(&mut self, path: &str, depth: usize) -> Inside {
        let mut members: Vec<(String, Place)> = Vec::new();
        self.take('{');
        while self.peek() == Some('"') {
            let line = self.line;
            let Some(name) = self.string() else { break };
            let inner = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            if members.iter().any(|(other, _)| *other == *name) {
                self.repeated.push((inner.clone(), line));
            }
            if !self.take(':') {
                break;
            }
            let Some(value) = self.value(&inner, depth + 1) else { break };
            members.push((name.into_owned(), Place { line, ..value }));
            if !self.take(',') {
                break;
            }
        }
        self.take('}');
        Inside::Members(members)
    }

    fn elements(&mut self, path: &str, depth: usize) -> Inside {
        let mut elements = Vec::new();
        self.take('[');
        while self.peek().is_some_and(|next| next != ']') {
            let Some(value) = self.value(&format!("{path}[{}]", elements.len()), depth + 1) else { break };
            elements.push(value);
            if !self.take(',') {
                break;
            }
        }
        self.take(']');
        Inside::Elements(elements)
    }

    /// The string that begins here, without its escapes.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find_map(|(at, character)| match character {
            '"' if !escaped => Some(at + 1),
            '\\' => {
                escaped = !escaped;
                None
            }
            _ => {
                escaped = false;
                None
            }
        })?;
        let written = self.skip(end);
        match serde_json::from_str::<String>(written) {
            Ok(text) => Some(Cow::Owned(text)),
            Err(_) => Some(Cow::Borrowed(written)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    const TEXT: &str = r#"// a definition
{
  "bindings": [
    { "type": "httpTrigger" }, /* two
    lines */ {
      "type": "http" }
  ],
  "sql": { "parameters": {
      "@id": {
        "from": "route.id",
        "enum": [ 1,
                  2 ] },
      "@a.b": { "type": "int" }
  } }
}"#;

    #[test]
    fn a_key_is_found_by_its_path() {
        let places = JsonPlaces::read(TEXT);
        for (path, line) in [
            ("", 2),
            ("bindings", 3),
            ("bindings[0].type", 4),
            ("bindings[1]", 5),
            ("bindings[1].type", 6),
            ("sql.parameters.@id", 9),
            ("sql.parameters.@id.from", 10),
            ("sql.parameters.@id.enum[1]", 12),
            ("sql.parameters.@a.b.type", 13),
            ("SQL.Parameters", 8),
        ] {
            assert_eq!(places.line(path), Some(line), "{path}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_has_the_line_of_the_one_above_it() {
        let places = JsonPlaces::read(TEXT);
        assert_eq!(places.line("sql.parameters.@id.type"), Some(9));
        assert_eq!(places.line("bindings[7].name"), Some(3));
        assert_eq!(places.line("retry"), Some(2));
    }

    #[test]
    fn a_key_that_stands_twice_is_found_and_the_second_counts() {
        let places = JsonPlaces::read("{ \"a\": { \"b\": 1,\n \"b\": 2 },\n \"c\": 3 }");
        assert_eq!(places.repeated(), [("a.b".to_owned(), 2)]);
        assert_eq!(places.line("a.b"), Some(2));
        assert_eq!(places.line("c"), Some(3));
    }

    #[test]
    fn deep_nesting_ends_without_an_overflow() {
        assert_eq!(JsonPlaces::read(&"[".repeat(100_000)).line(""), Some(1));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf =
            prop_oneof![any::<i32>().prop_map(Json::from), "[a-z\\\\\"{}/ ,:]{0,6}".prop_map(Json::from)];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Every key's path with its line in serde_json's pretty form, which puts each key on a line of its own.
    fn lines(json: &Json, path: &str, next: &mut usize, found: &mut Vec<(String, usize)>) {
        match json {
            Json::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    *next += 1;
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    found.push((path.clone(), *next));
                    lines(value, &path, next, found);
                }
                *next += 1;
            }
            Json::Array(elements) if !elements.is_empty() => {
                for (index, value) in elements.iter().enumerate() {
                    *next += 1;
                    let path = format!("{path}[{index}]");
                    found.push((path.clone(), *next));
                    lines(value, &path, next, found);
                }
                *next += 1;
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn every_key_of_a_pretty_text_is_found_in_its_line(inner in any_json()) {
            let json = json!({ "top": inner });
            let places = JsonPlaces::read(&serde_json::to_string_pretty(&json).unwrap_or_default());
            let mut found = Vec::new();
            lines(&json, "", &mut 1, &mut found);
            for (path, line) in found {
                prop_assert_eq!(places.line(&path), Some(line), "{}", path);
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>(), path in any::<String>()) {
            JsonPlaces::read(&text).line(&path);
        }

        #[test]
        fn text_like_json_is_read_without_a_panic(text in "[\\[\\]{}\":,a\\\\\n/*]{0,40}", path in "[a\\[\\]0.]{0,8}") {
            JsonPlaces::read(&text).line(&path);
        }
    }
}
