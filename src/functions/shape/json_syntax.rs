//! Whether a text that comes in pieces is JSON (RFC 8259), told as early as a byte tells it.
//!
//! Nothing is built and nothing is kept but the open brackets, so that a text of any length can pass through on its way to
//! the caller. What a name or a string means isn't looked at: names may be there twice, as `FOR JSON` writes them.

/// Arrays and objects within each other. A body that comes in may be as deep; readers such as `serde_json` take no more.
const MOST_NESTED: usize = 127;

/// Reads a JSON text piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonSyntax {
    state: State,
    open: Vec<Open>,
}

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJson;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

/// What has been read, as far as it decides what may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value must come.
    Value,
    /// `[` was read: a value, or the end of the array.
    FirstElement,
    /// `{` was read: a name, or the end of the object.
    FirstName,
    /// `,` was read in an object.
    Name,
    /// A name was read.
    Colon,
    /// A value was read.
    After,
    /// In a string.
    Text(Role),
    /// `\` was read in a string.
    Escape(Role),
    /// So many hexadecimal digits of an escape are to come.
    Hex(Role, u8),
    Number(Number),
    /// What is to come of `true`, `false` or `null`.
    Word(&'static [u8]),
}

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Name,
    Value,
}

/// What of a number has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl Number {
    /// What it is after one more byte; None when that byte doesn't belong to it.
    fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Minus, b'0') => Some(Self::Zero),
            (Self::Minus, b'1'..=b'9') | (Self::Digits, b'0'..=b'9') => Some(Self::Digits),
            (Self::Zero | Self::Digits, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Digits | Self::Fraction, b'e' | b'E') => Some(Self::Exponent),
            (Self::Exponent, b'+' | b'-') => Some(Self::ExponentSign),
            (Self::Exponent | Self::ExponentSign | Self::ExponentDigits, b'0'..=b'9') => {
                Some(Self::ExponentDigits)
            }
            _ => None,
        }
    }

    fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Digits | Self::Fraction | Self::ExponentDigits)
    }
}

/// Before the first byte.
impl Default for JsonSyntax {
    fn default() -> Self {
        Self { state: State::Value, open: Vec::new() }
    }
}

impl JsonSyntax {
    /// Reads the next piece, which may end anywhere between two characters.
    ///
    /// # Errors
    /// When no JSON text begins with what has come. Everything that follows is refused then, too.
    pub(super) fn push(&mut self, piece: &str) -> Result<(), NotJson> {
        let mut rest = piece.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = match self.state {
                // Most of a text stands in strings.
                State::Text(_) => {
                    let plain = rest.iter().take_while(|byte| !ends_plain_text(**byte)).count();
                    match rest.get(plain..).and_then(<[u8]>::split_first) {
                        Some((&byte, after)) => {
                            self.read(byte)?;
                            after
                        }
                        None => &[],
                    }
                }
                _ => {
                    self.read(byte)?;
                    after
                }
            };
        }
        Ok(())
    }

    /// # Errors
    /// When what has come is not a whole JSON text.
    pub(super) fn finish(&self) -> Result<(), NotJson> {
        let is_whole = match self.state {
            State::After => true,
            State::Number(number) => number.may_end(),
            _ => false,
        };
        if is_whole && self.open.is_empty() { Ok(()) } else { Err(NotJson) }
    }

    fn read(&mut self, byte: u8) -> Result<(), NotJson> {
        self.state = match self.state {
            State::Number(number) => match number.after(byte) {
                Some(number) => State::Number(number),
                None if number.may_end() => self.after_value(byte)?,
                None => return Err(NotJson),
            },
            State::Text(role) => match byte {
                b'"' if role == Role::Name => State::Colon,
                b'"' => State::After,
                b'\\' => State::Escape(role),
                0..b' ' => return Err(NotJson),
                _ => State::Text(role),
            },
            State::Escape(role) => match byte {
                b'u' => State::Hex(role, 4),
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text(role),
                _ => return Err(NotJson),
            },
            State::Hex(role, left) if byte.is_ascii_hexdigit() => match left {
                0 | 1 => State::Text(role),
                _ => State::Hex(role, left - 1),
            },
            State::Hex(..) => return Err(NotJson),
            State::Word(rest) => match rest.split_first() {
                Some((expected, [])) if *expected == byte => State::After,
                Some((expected, rest)) if *expected == byte => State::Word(rest),
                _ => return Err(NotJson),
            },
            state if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => state,
            State::Value => self.value(byte)?,
            State::FirstElement if byte == b']' => self.close(Open::Array)?,
            State::FirstElement => self.value(byte)?,
            State::FirstName if byte == b'}' => self.close(Open::Object)?,
            State::FirstName | State::Name if byte == b'"' => State::Text(Role::Name),
            State::FirstName | State::Name => return Err(NotJson),
            State::Colon if byte == b':' => State::Value,
            State::Colon => return Err(NotJson),
            State::After => self.after_value(byte)?,
        };
        Ok(())
    }

    fn value(&mut self, byte: u8) -> Result<State, NotJson> {
        match byte {
            b'[' => self.nest(Open::Array, State::FirstElement),
            b'{' => self.nest(Open::Object, State::FirstName),
            b'"' => Ok(State::Text(Role::Value)),
            b'-' => Ok(State::Number(Number::Minus)),
            b'0' => Ok(State::Number(Number::Zero)),
            b'1'..=b'9' => Ok(State::Number(Number::Digits)),
            b't' => Ok(State::Word(b"rue")),
            b'f' => Ok(State::Word(b"alse")),
            b'n' => Ok(State::Word(b"ull")),
            _ => Err(NotJson),
        }
    }

    fn nest(&mut self, open: Open, state: State) -> Result<State, NotJson> {
        if self.open.len() >= MOST_NESTED {
            return Err(NotJson);
        }
        self.open.push(open);
        Ok(state)
    }

    fn after_value(&mut self, byte: u8) -> Result<State, NotJson> {
        match (byte, self.open.last()) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => Ok(State::After),
            (b',', Some(Open::Array)) => Ok(State::Value),
            (b',', Some(Open::Object)) => Ok(State::Name),
            (b']', _) => self.close(Open::Array),
            (b'}', _) => self.close(Open::Object),
            _ => Err(NotJson),
        }
    }

    fn close(&mut self, wanted: Open) -> Result<State, NotJson> {
        match self.open.pop() {
            Some(open) if open == wanted => Ok(State::After),
            _ => Err(NotJson),
        }
    }
}

fn ends_plain_text(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\') || byte < b' '
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    /// The verdict on a text that comes in pieces of so many characters.
    fn is_json(text: &str, length: usize) -> bool {
        let mut syntax = JsonSyntax::default();
        let characters: Vec<char> = text.chars().collect();
        let pieces = characters.chunks(length.max(1));
        pieces.map(|piece| piece.iter().collect::<String>()).all(|piece| syntax.push(&piece).is_ok())
            && syntax.finish().is_ok()
    }

    #[test]
    fn what_the_grammar_allows_passes_and_nothing_else() {
        for text in [
            "[]",
            "{}",
            " [ ] ",
            "null",
            "0",
            "-0.5e+10",
            r#""""#,
            r#"[{"a":1,"b":[true,false,null]},"\u00e9\n\"",-1.000000000000000e+000]"#,
            "{\"a\":{\"b\":[1,2]}}\r\n",
        ] {
            assert!(is_json(text, 3), "{text}");
        }
        for text in [
            "",
            " ",
            "[",
            "]",
            "[}",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "01",
            "1.",
            ".5",
            "-",
            "1e",
            "+1",
            "nul",
            "nulll",
            "True",
            "[1][2]",
            "{},{}",
            "\"a",
            "\"\t\"",
            r#""\x""#,
            r#""\u12g4""#,
            "Zoë",
        ] {
            assert!(!is_json(text, 3), "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_json(&nested(MOST_NESTED), 7));
        assert!(!is_json(&nested(MOST_NESTED + 1), 7));
    }

    #[test]
    fn what_was_refused_stays_refused() {
        let mut syntax = JsonSyntax::default();
        assert_eq!(syntax.push("]"), Err(NotJson));
        assert_eq!(syntax.finish(), Err(NotJson));
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(".{0,5}", inner, 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_json_however_it_comes(json in any_json(), length in 1_usize..9) {
            prop_assert!(is_json(&json.to_string(), length));
            let spaced = format!("{json:#}");
            prop_assert!(is_json(&spaced, length));
        }

        #[test]
        fn a_text_with_a_piece_missing_or_added_is_judged_as_serde_json_judges_it(
            json in any_json(),
            at in any::<prop::sample::Index>(),
            piece in r#"[\[\]{},:"\\0-9eE.+\-tfnu \t\n]{0,3}"#,
            removed in 0_usize..3,
            length in 1_usize..9,
        ) {
            let characters: Vec<char> = json.to_string().chars().collect();
            let at = at.index(characters.len() + 1);
            let after = characters.iter().skip(at + removed);
            let text: String = characters.iter().take(at).copied().chain(piece.chars()).chain(after.copied()).collect();
            prop_assert_eq!(is_json(&text, length), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }

        #[test]
        fn any_short_text_is_judged_as_serde_json_judges_it(text in r#"[\[\]{},:"\\019eE.+\-truefalsn \u{1}é]{0,7}"#) {
            prop_assert_eq!(is_json(&text, 1), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}
