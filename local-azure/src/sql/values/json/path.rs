//! JSON paths: `[append] [lax | strict] $`, then `.name`, `."name"` or `[number]`.

use super::errors;
use super::reader::decoded;
use crate::sql::reply::SqlError;

/// The most steps of a path.
const MOST_STEPS: usize = 128;

/// A step into an object or an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The name without escapes, and as it is written between quotes.
    Member { name: String, written: String },
    /// From 0.
    Element(u32),
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Whether a path that leads nowhere is an error.
    pub(crate) strict: bool,
    /// Whether JSON_MODIFY adds to the array that it names.
    pub(crate) append: bool,
    pub(crate) steps: Vec<Step>,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// 13607 with the first character that doesn't fit; 13606 for more than 128 steps.
    pub(crate) fn parse(text: &str) -> Result<Self, SqlError> {
        Scanner { text, at: 0 }.path(false)
    }

    /// Reads a path of JSON_MODIFY, which may begin with `append`.
    ///
    /// # Errors
    /// As [`Path::parse`].
    pub(crate) fn parse_for_modify(text: &str) -> Result<Self, SqlError> {
        Scanner { text, at: 0 }.path(true)
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(self.peek().map_or(0, char::len_utf8));
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r' | '\u{C}')) {
            self.advance();
        }
    }

    /// 13607 at the place. Punctuation and digits out of place, and the end, have a state of their own.
    fn fail(&self, state: u8) -> SqlError {
        let character = self.peek();
        let state = match character {
            None | Some('$' | '"' | '[' | ']' | '.' | ',' | '*' | '0'..='9') => 14,
            Some(_) => state,
        };
        self.fail_as(state)
    }

    fn fail_as(&self, state: u8) -> SqlError {
        let place = self.text.get(..self.at).unwrap_or_default().encode_utf16().count();
        errors::not_a_path(self.peek(), place, state)
    }

    fn word(&mut self, word: &str) -> bool {
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        let found = self.rest().strip_prefix(word).is_some_and(ends);
        if found {
            self.at = self.at.saturating_add(word.len());
            self.blanks();
        }
        found
    }

    fn path(&mut self, modify: bool) -> Result<Path, SqlError> {
        self.blanks();
        if !modify && self.rest().starts_with("append") {
            return Err(self.fail_as(14));
        }
        let append = modify && self.word("append");
        let strict = self.word("strict");
        if !strict {
            self.word("lax");
        }
        if self.peek() != Some('$') {
            return Err(self.fail(22));
        }
        self.advance();
        let mut steps = Vec::new();
        loop {
            self.blanks();
            let step = match self.peek() {
                None => return Ok(Path { strict, append, steps }),
                Some('.') => {
                    self.advance();
                    self.blanks();
                    self.name()?
                }
                Some('[') => {
                    self.advance();
                    self.blanks();
                    self.index()?
                }
                Some(_) => return Err(self.fail(22)),
            };
            if steps.len() >= MOST_STEPS {
                return Err(errors::too_deep(4));
            }
            steps.push(step);
        }
    }

    fn name(&mut self) -> Result<Step, SqlError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.rest();
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(self.fail(22));
        }
        let length =
            rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.at = self.at.saturating_add(length);
        Ok(Step::Member { written: name.clone(), name })
    }

    fn quoted(&mut self) -> Result<Step, SqlError> {
        self.advance();
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(self.fail_as(20)),
                Some('"') => break,
                Some('\\') => {
                    self.advance();
                    match self.peek() {
                        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.advance(),
                        Some('u') => {
                            self.advance();
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|digit| digit.is_ascii_hexdigit()) {
                                    return Err(self.fail_as(17));
                                }
                                self.advance();
                            }
                        }
                        _ => return Err(self.fail_as(17)),
                    }
                }
                Some(_) => self.advance(),
            }
        }
        let written = self.text.get(start..self.at).unwrap_or_default().to_owned();
        self.advance();
        self.blanks();
        match self.peek() {
            None | Some('.' | '[') => {
                let name = decoded(&format!("\"{written}\""));
                Ok(Step::Member { name, written })
            }
            Some(_) => Err(self.fail_as(14)),
        }
    }

    fn index(&mut self) -> Result<Step, SqlError> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.fail(21));
        }
        let number = self.rest().get(..digits).unwrap_or_default().parse();
        self.at = self.at.saturating_add(digits);
        let Ok(number) = number else {
            self.at = self.at.saturating_sub(1);
            return Err(self.fail_as(16));
        };
        self.blanks();
        if self.peek() != Some(']') {
            return Err(self.fail(15));
        }
        self.advance();
        Ok(Step::Element(number))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn member(name: &str) -> Step {
        Step::Member { name: name.to_owned(), written: name.to_owned() }
    }

    #[test]
    fn steps_are_names_quoted_names_and_numbers() {
        let path = Path::parse("  lax  $ . a [ 0 ].\"b c\" ").unwrap();
        assert_eq!(path.steps, [member("a"), Step::Element(0), member("b c")]);
        assert!(!path.strict);
        assert!(Path::parse("strict$.City").unwrap().strict);
        assert!(Path::parse_for_modify("append strict $.a").unwrap().append);
        assert_eq!(Path::parse("$").unwrap().steps, []);
    }

    #[test]
    fn a_wrong_path_is_13607_with_its_character_its_place_and_its_state() {
        for (path, character, place, state) in [
            ("xyz", 'x', 0, 22),
            ("$.a b", 'b', 4, 22),
            ("$.\"a\"x", 'x', 5, 14),
            ("$.", '.', 2, 14),
            ("$[a]", 'a', 2, 21),
            ("$[1x]", 'x', 3, 15),
            ("$[4294967296]", '6', 11, 16),
            ("$.\"a", '.', 4, 20),
            ("$.a$b", '$', 3, 14),
            ("$.a-b", '-', 3, 22),
            ("LAX $.a", 'L', 0, 22),
            ("append $.a", 'a', 0, 14),
            ("$.é", 'é', 2, 22),
        ] {
            let error = Path::parse(path).unwrap_err();
            assert_eq!((error.number, error.state), (13607, state), "{path}");
            let expected = format!("Unexpected character '{character}' is found at position {place}.");
            assert!(error.message.ends_with(&expected), "{path}: {}", error.message);
        }
    }
}
