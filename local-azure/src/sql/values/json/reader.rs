//! Reading JSON text from left to right, as far as a question needs it and no farther.
//!
//! What stands behind the answer can't be wrong: SQL Server finds `$.a` in `{"a":1}extra`.

use super::errors;
use crate::sql::reply::SqlError;

/// How many containers may lie in each other.
const DEEPEST: usize = 128;

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    String,
    Number,
    Boolean,
    Array,
    Object,
}

impl Kind {
    /// The number of OPENJSON's column `type`.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Null => 0,
            Self::String => 1,
            Self::Number => 2,
            Self::Boolean => 3,
            Self::Array => 4,
            Self::Object => 5,
        }
    }

    pub(crate) fn is_container(self) -> bool {
        matches!(self, Self::Array | Self::Object)
    }
}

/// A value as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node<'t> {
    pub(crate) kind: Kind,
    /// Its text with all blanks in it; of a string with its quotes.
    pub(crate) text: &'t str,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
}

impl Node<'_> {
    /// Where it ends, in bytes.
    pub(crate) fn end(&self) -> usize {
        self.start.saturating_add(self.text.len())
    }

    /// The text of a string without escapes, `true`, `false` and numbers as written; None for null and containers.
    pub(crate) fn scalar(&self) -> Option<String> {
        match self.kind {
            Kind::String => Some(decoded(self.text)),
            Kind::Number | Kind::Boolean => Some(self.text.to_owned()),
            Kind::Null | Kind::Array | Kind::Object => None,
        }
    }
}

/// A place in a JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// How many containers lie round the place.
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Where it stands, in bytes.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// 13609 at the place.
    pub(crate) fn fail(&self) -> SqlError {
        self.fail_at(self.at)
    }

    fn fail_at(&self, at: usize) -> SqlError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let character = self.text.get(at..).and_then(|rest| rest.chars().next());
        errors::not_json(character, before.encode_utf16().count())
    }

    /// The next byte behind blanks; None at the end.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at = self.at.saturating_add(blanks);
        rest.get(blanks).copied()
    }

    /// Goes to the root, which must be an object or an array.
    pub(crate) fn root(&mut self) -> Result<(), SqlError> {
        if matches!(self.peek(), Some(b'{' | b'[')) { Ok(()) } else { Err(self.fail()) }
    }

    /// Nothing but blanks may follow.
    pub(crate) fn end(&mut self) -> Result<(), SqlError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.fail()) }
    }

    /// Steps over the opening bracket, which comes next.
    pub(crate) fn open(&mut self) {
        self.peek();
        self.at = self.at.saturating_add(1);
        self.depth = self.depth.saturating_add(1);
    }

    /// The next member's name, in quotes; the reader then stands before its value. None at the object's end, which it
    /// has stepped over.
    pub(crate) fn member(&mut self, first: bool) -> Result<Option<Node<'t>>, SqlError> {
        if !self.another(first, b'}')? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.fail());
        }
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.fail());
        }
        self.at = self.at.saturating_add(1);
        Ok(Some(name))
    }

    /// Whether another element comes; the reader then stands before it, and otherwise behind the array.
    pub(crate) fn element(&mut self, first: bool) -> Result<bool, SqlError> {
        self.another(first, b']')
    }

    fn another(&mut self, first: bool, close: u8) -> Result<bool, SqlError> {
        match self.peek() {
            Some(byte) if byte == close => {
                self.at = self.at.saturating_add(1);
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            Some(b',') if !first => {
                self.at = self.at.saturating_add(1);
                // A bracket behind a comma is found by whoever reads the value.
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => Err(self.fail()),
        }
    }

    /// Behind a container that was looked through: what follows must fit the one round it, or be the end.
    pub(crate) fn after(&mut self) -> Result<(), SqlError> {
        match (self.depth, self.peek()) {
            (0, None) | (1.., Some(b',' | b'}' | b']')) => Ok(()),
            _ => Err(self.fail()),
        }
    }

    /// Reads the value that comes next, whatever it is.
    pub(crate) fn value(&mut self) -> Result<Node<'t>, SqlError> {
        let Some(next) = self.peek() else { return Err(self.fail()) };
        // A container is a level of its own, also one with nothing in it.
        let levels = self.depth.saturating_add(usize::from(matches!(next, b'{' | b'[')));
        if levels > DEEPEST {
            return Err(errors::too_deep(1));
        }
        let start = self.at;
        let kind = match next {
            b'{' => {
                self.open();
                let mut first = true;
                while self.member(first)?.is_some() {
                    self.value()?;
                    first = false;
                }
                Kind::Object
            }
            b'[' => {
                self.open();
                let mut first = true;
                while self.element(first)? {
                    self.value()?;
                    first = false;
                }
                Kind::Array
            }
            b'"' => return self.string(),
            _ => return self.word(),
        };
        Ok(Node { kind, text: self.text.get(start..self.at).unwrap_or_default(), start })
    }

    /// A string; an error is at its opening quote, since it is judged as a whole.
    fn string(&mut self) -> Result<Node<'t>, SqlError> {
        let start = self.at;
        let mut bytes = self.text.bytes().skip(start.saturating_add(1));
        let mut length = 1_usize;
        loop {
            let Some(byte) = bytes.next() else { return Err(self.fail_at(start)) };
            length = length.saturating_add(1);
            match byte {
                b'"' => break,
                b'\\' => {
                    let escape = bytes.next();
                    length = length.saturating_add(1);
                    match escape {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                        Some(b'u') => {
                            for _ in 0..4 {
                                if !bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit()) {
                                    return Err(self.fail_at(start));
                                }
                            }
                            length = length.saturating_add(4);
                        }
                        _ => return Err(self.fail_at(start)),
                    }
                }
                0..=0x1F => return Err(self.fail_at(start)),
                _ => {}
            }
        }
        self.at = start.saturating_add(length);
        Ok(Node { kind: Kind::String, text: self.text.get(start..self.at).unwrap_or_default(), start })
    }

    /// A number, `true`, `false` or `null`: all up to a delimiter, judged as a whole.
    fn word(&mut self) -> Result<Node<'t>, SqlError> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest
            .find(|character| {
                matches!(character, ',' | ':' | '{' | '}' | '[' | ']' | '"' | ' ' | '\t' | '\n' | '\r')
            })
            .unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        let kind = match text {
            "null" => Kind::Null,
            "true" | "false" => Kind::Boolean,
            _ if is_number(text) => Kind::Number,
            _ => return Err(self.fail_at(start)),
        };
        self.at = start.saturating_add(length);
        Ok(Node { kind, text, start })
    }
}

/// Whether a text is a number of RFC 8259.
fn is_number(text: &str) -> bool {
    fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
        bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count())
    }
    let (whole, mut rest) = digits(text.strip_prefix('-').unwrap_or(text).as_bytes());
    if whole.is_empty() || (whole.len() > 1 && whole.first() == Some(&b'0')) {
        return false;
    }
    if let [b'.', fraction @ ..] = rest {
        let (fraction, behind) = digits(fraction);
        if fraction.is_empty() {
            return false;
        }
        rest = behind;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', digits @ ..] => digits,
            digits => digits,
        };
        let (exponent, behind) = digits(exponent);
        if exponent.is_empty() {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

/// A string in quotes without its escapes. Half of a surrogate pair becomes U+FFFD: text here can't hold it.
pub(crate) fn decoded(quoted: &str) -> String {
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
    if !inside.contains('\\') {
        return inside.to_owned();
    }
    let mut units: Vec<u16> = Vec::with_capacity(inside.len());
    let mut characters = inside.chars();
    let mut buffer = [0; 2];
    while let Some(character) = characters.next() {
        let character = match character {
            '\\' => match characters.next() {
                Some('b') => '\u{8}',
                Some('f') => '\u{C}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('u') => {
                    let digits: String = characters.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap_or(0xFFFD));
                    continue;
                }
                Some(other) => other,
                None => break,
            },
            other => other,
        };
        units.extend_from_slice(character.encode_utf16(&mut buffer));
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn message(text: &str) -> String {
        let mut reader = Reader::new(text);
        reader.root().and_then(|()| reader.value()).and_then(|_| reader.end()).unwrap_err().message
    }

    #[test]
    fn an_error_names_the_character_and_its_place() {
        for (text, character, place) in [
            ("not json", 'n', 0),
            ("{not json at all", 'n', 1),
            ("{\"a\":1x}", '1', 5),
            ("{\"a\":01}", '0', 5),
            ("{\"a\":\"b}", '"', 5),
            ("{\"a\":1}extra", 'e', 7),
            ("{\"a\":1", '.', 6),
            ("[\"€\",]", ']', 5),
            ("[1 2]", '2', 3),
            ("1", '1', 0),
            ("", '.', 0),
        ] {
            let expected = format!("Unexpected character '{character}' is found at position {place}.");
            assert!(message(text).ends_with(&expected), "{text}: {}", message(text));
        }
    }

    #[test]
    fn a_value_within_128_containers_is_read_and_one_deeper_is_13606() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Reader::new(&nested(128)).value().is_ok());
        assert_eq!(Reader::new(&nested(129)).value().unwrap_err().number, 13606);
    }

    #[test]
    fn escapes_are_the_characters_that_they_stand_for() {
        assert_eq!(decoded(r#""a\"\\\/\b\f\n\r\tA\uD83D\uDE00""#), "a\"\\/\u{8}\u{C}\n\r\tA😀");
    }
}
