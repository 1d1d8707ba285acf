//! Splits T-SQL into words, names, variables and symbols: enough to tell what stands in strings, comments and quoted
//! names from what the server will read as the command's own words.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or an unquoted name.
    Word,
    /// `[name]` or `"name"`: never a keyword.
    QuotedName,
    /// `@name`
    Variable,
    /// `@@name`, a function of the server's.
    GlobalVariable,
    /// A number or a 0x literal.
    Number,
    /// `'text'`
    Text,
    /// Any other single character.
    Symbol,
}

/// A piece of the command as written, with the line on which it begins (1 is the first).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
}

impl Token<'_> {
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any_word(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }
}

/// Something that is opened and never closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    pub(super) what: &'static str,
    pub(super) line: usize,
}

/// Splits the text; blanks and comments are left out. Quoted identifiers are on, as in every session of ours.
pub(super) fn scan(text: &str) -> Result<Vec<Token<'_>>, Unclosed> {
    let mut scanner = Scanner { rest: text, line: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = scanner.rest.chars().next() {
        let line = scanner.line;
        let unclosed = |what| Unclosed { what, line };
        let rest = scanner.rest;
        if first.is_whitespace() {
            scanner.take(first.len_utf8());
            continue;
        }
        if rest.starts_with("--") {
            scanner.take(rest.find('\n').unwrap_or(rest.len()));
            continue;
        }
        if rest.starts_with("/*") {
            let length = comment_length(rest).ok_or_else(|| unclosed("comment `/*`"))?;
            scanner.take(length);
            continue;
        }
        let (kind, length) = match first {
            '\'' => (Kind::Text, quoted_length(rest, '\'').ok_or_else(|| unclosed("string"))?),
            '"' => (Kind::QuotedName, quoted_length(rest, '"').ok_or_else(|| unclosed("quoted name"))?),
            '[' => (Kind::QuotedName, quoted_length(rest, ']').ok_or_else(|| unclosed("bracketed name"))?),
            '@' if rest.starts_with("@@") => (Kind::GlobalVariable, name_length(rest)),
            '@' => (Kind::Variable, name_length(rest)),
            _ if first.is_ascii_digit() => (Kind::Number, number_length(rest)),
            _ if begins_name(first) => (Kind::Word, name_length(rest)),
            _ => (Kind::Symbol, first.len_utf8()),
        };
        tokens.push(Token { kind, text: scanner.take(length), line });
    }
    Ok(tokens)
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scanner<'a> {
    /// Moves on by so many bytes, which end at a character's end, and hands out what was passed.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        taken
    }
}

fn begins_name(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '_' | '#' | '$')
}

fn continues_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '#' | '$' | '@')
}

fn name_length(text: &str) -> usize {
    text.find(|character| !continues_name(character)).unwrap_or(text.len())
}

/// `12`, `1.5`, `1e-3`, `0xAB`. A letter that follows begins a word: `SELECT 1FROM t` is legal.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let run = |from: usize, belongs: fn(&u8) -> bool| {
        from + bytes.iter().skip(from).take_while(|byte| belongs(byte)).count()
    };
    if text.starts_with("0x") || text.starts_with("0X") {
        return run(2, u8::is_ascii_hexdigit);
    }
    let mantissa = run(0, |byte| byte.is_ascii_digit() || *byte == b'.');
    if !matches!(bytes.get(mantissa), Some(b'e' | b'E')) {
        return mantissa;
    }
    let sign = usize::from(matches!(bytes.get(mantissa + 1), Some(b'+' | b'-')));
    run(mantissa + 1 + sign, u8::is_ascii_digit)
}

/// From the opening quote to the closing one, which is doubled where it is meant itself.
fn quoted_length(text: &str, close: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == close && characters.next_if(|(_, next)| *next == close).is_none() {
            return Some(at + close.len_utf8());
        }
    }
    None
}

/// Block comments nest in T-SQL.
fn comment_length(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<&str> {
        scan(text)
            .unwrap()
            .into_iter()
            .filter(|token| token.kind == Kind::Word)
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn words_in_strings_comments_and_quoted_names_are_not_the_commands() {
        assert_eq!(
            words("SELECT 'DROP''s' /* a /* DELETE */ b */ AS [EXEC ]] x], \"UPDATE \"\" y\" -- GO\nFROM t"),
            ["SELECT", "AS", "FROM", "t"]
        );
        assert_eq!(words("SELECT N'it''s' FROM t -- no line end"), ["SELECT", "N", "FROM", "t"]);
        assert_eq!(words("SELECT 1FROM t WHERE 0xABzz = 1e5"), ["SELECT", "FROM", "t", "WHERE", "zz"]);
    }

    #[test]
    fn variables_and_the_servers_own_are_told_apart() {
        let tokens = scan("@a+@@ROWCOUNT,@ñ_1").unwrap();
        let kinds: Vec<_> = tokens.iter().map(|token| (token.kind, token.text)).collect();
        assert_eq!(
            kinds,
            [
                (Kind::Variable, "@a"),
                (Kind::Symbol, "+"),
                (Kind::GlobalVariable, "@@ROWCOUNT"),
                (Kind::Symbol, ","),
                (Kind::Variable, "@ñ_1"),
            ]
        );
    }

    #[test]
    fn what_is_never_closed_is_named_with_its_line() {
        for (text, what) in [
            ("SELECT\n'a", "string"),
            ("SELECT\n[a", "bracketed name"),
            ("SELECT\n\"a", "quoted name"),
            ("SELECT\n/* /* */", "comment `/*`"),
        ] {
            assert_eq!(scan(text), Err(Unclosed { what, line: 2 }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_without_a_panic(text in "(\\PC|[\\[\\]'\"/*@\n-]){0,80}") {
            let _ = scan(&text);
        }

        #[test]
        fn nothing_in_quotes_becomes_a_word(inside in "\\PC{0,40}") {
            let text = format!(
                "'{}' [{}] \"{}\" -- {}\n",
                inside.replace('\'', "''"),
                inside.replace(']', "]]"),
                inside.replace('"', "\"\""),
                inside,
            );
            prop_assert_eq!(scan(&text).unwrap().len(), 3);
        }
    }
}
