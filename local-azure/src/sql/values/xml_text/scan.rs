//! Reading XML 1.0 piece by piece, without a document type.

use super::{Source, is_space};
use crate::sql::reply::SqlError;

/// A piece of content.
pub(super) enum Event<'a> {
    /// Text with its references replaced; significant if a reference or CDATA section took part in it.
    Text {
        text: String,
        significant: bool,
    },
    Comment(&'a str),
    Instruction {
        target: &'a str,
        data: &'a str,
    },
    Start {
        name: &'a str,
        attributes: Vec<(&'a str, String)>,
        empty: bool,
    },
    End(&'a str),
}

/// The text and how far it was read.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: text.strip_prefix('\u{FEFF}').unwrap_or(text), at: 0 }
    }

    /// An error at the place that was read last.
    pub(super) fn error(&self, number: i32, what: &str) -> SqlError {
        let read = self.text.get(..self.at).unwrap_or_default();
        let line = read.matches('\n').count().saturating_add(1);
        let character = read.rsplit('\n').next().unwrap_or_default().encode_utf16().count().saturating_add(1);
        SqlError::new(number, format!("XML parsing: line {line}, character {character}, {what}"))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at = self.at.saturating_add(token.len());
        }
        found
    }

    fn skip_space(&mut self) -> bool {
        let spaces = self.rest().bytes().take_while(|&byte| is_space(byte)).count();
        self.at = self.at.saturating_add(spaces);
        spaces > 0
    }

    /// What stands before `end`, which is read too.
    fn until(&mut self, end: &str) -> Result<&'a str, SqlError> {
        let rest = self.rest();
        let Some((inside, _)) = rest.split_once(end) else {
            self.at = self.text.len();
            return Err(self.error(9400, "unexpected end of input"));
        };
        self.check_characters(inside)?;
        self.at = self.at.saturating_add(inside.len()).saturating_add(end.len());
        Ok(inside)
    }

    /// 9420 for a character that XML doesn't have.
    fn check_characters(&mut self, part: &str) -> Result<(), SqlError> {
        match part.char_indices().find(|(_, character)| !is_character(*character)) {
            Some((place, _)) => {
                self.at = self.at.saturating_add(place);
                Err(self.error(9420, "illegal xml character"))
            }
            None => Ok(()),
        }
    }

    /// Reads the XML declaration if there is one, and checks the encoding that it names.
    pub(super) fn declaration(&mut self, source: Source) -> Result<(), SqlError> {
        let declared =
            self.rest().strip_prefix("<?xml").is_some_and(|rest| rest.bytes().next().is_some_and(is_space));
        if !declared {
            return Ok(());
        }
        self.at = "<?xml".len();
        let mut names = ["version", "encoding", "standalone"].iter().peekable();
        let mut first = true;
        loop {
            let space = self.skip_space();
            if self.accept("?>") {
                return if first { Err(self.error(9439, "illegal xml declaration")) } else { Ok(()) };
            }
            let name = self.name()?;
            if !space || (first && name != "version") || !names.any(|known| *known == name) {
                return Err(self.error(9439, "illegal xml declaration"));
            }
            first = false;
            let value = self.attribute_value()?;
            if name == "encoding" {
                let wide = matches!(
                    value.to_ascii_lowercase().as_str(),
                    "utf-16" | "ucs-2" | "utf-16le" | "utf-16be"
                );
                let fits = match source {
                    Source::Utf16 => wide,
                    Source::CodePage => !wide,
                    Source::Bytes => true,
                };
                if !fits {
                    return Err(self.error(9402, "unable to switch the encoding"));
                }
            }
        }
    }

    /// The next piece of content; `outside` is whether no element is open.
    pub(super) fn next_event(&mut self, outside: bool) -> Result<Option<Event<'a>>, SqlError> {
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(None);
        }
        if !rest.starts_with('<') || rest.starts_with("<![CDATA[") {
            return self.text().map(Some);
        }
        if self.accept("<!--") {
            let inside = self.until("--")?;
            if !self.accept(">") {
                return Err(self.error(9404, "incorrect comment syntax"));
            }
            return Ok(Some(Event::Comment(inside)));
        }
        if rest.starts_with("<!DOCTYPE") {
            return Err(SqlError::new(
                6359,
                "Parsing XML with internal subset DTDs not allowed. Use CONVERT with style option 2 to enable limited internal subset DTD support.",
            ));
        }
        if rest.starts_with("<!") {
            return Err(self.error(9422, "incorrect document syntax"));
        }
        if self.accept("<?") {
            let target = self.name()?;
            if target.eq_ignore_ascii_case("xml") {
                return Err(self.error(9438, "text/xmldecl not at the beginning of input"));
            }
            let space = self.skip_space();
            let data = self.until("?>")?;
            if !space && !data.is_empty() {
                return Err(self.error(9410, "whitespace expected"));
            }
            return Ok(Some(Event::Instruction { target, data }));
        }
        if self.accept("</") {
            let name = self.name()?;
            self.skip_space();
            if !self.accept(">") {
                return Err(self.error(9412, "'>' expected"));
            }
            if outside {
                return Err(self.error(9436, "end tag does not match start tag"));
            }
            return Ok(Some(Event::End(name)));
        }
        self.at = self.at.saturating_add(1);
        self.start().map(Some)
    }

    fn start(&mut self) -> Result<Event<'a>, SqlError> {
        let name = self.name()?;
        let mut attributes: Vec<(&'a str, String)> = Vec::new();
        loop {
            let space = self.skip_space();
            if self.accept("/>") {
                return Ok(Event::Start { name, attributes, empty: true });
            }
            if self.accept(">") {
                return Ok(Event::Start { name, attributes, empty: false });
            }
            if self.rest().is_empty() {
                return Err(self.error(9400, "unexpected end of input"));
            }
            if !space {
                return Err(self.error(9410, "whitespace expected"));
            }
            let attribute = self.name()?;
            if attributes.iter().any(|(other, _)| *other == attribute) {
                return Err(self.error(9437, "duplicate attribute"));
            }
            let value = self.attribute_value()?;
            attributes.push((attribute, value));
        }
    }

    /// `="..."` with what may stand around the equals sign.
    fn attribute_value(&mut self) -> Result<String, SqlError> {
        self.skip_space();
        if !self.accept("=") {
            return Err(self.error(9414, "equal expected"));
        }
        self.skip_space();
        let quote = if self.accept("\"") {
            "\""
        } else if self.accept("'") {
            "'"
        } else {
            return Err(self.error(9413, "A string literal was expected"));
        };
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(['&', '<', if quote == "'" { '\'' } else { '"' }]) else {
                self.at = self.text.len();
                return Err(self.error(9400, "unexpected end of input"));
            };
            let part = rest.get(..end).unwrap_or_default();
            self.check_characters(part)?;
            // Whitespace in an attribute's value is a blank (XML 1.0, 3.3.3), a line end one of them.
            value.push_str(&part.replace("\r\n", " ").replace(['\t', '\n', '\r'], " "));
            self.at = self.at.saturating_add(end);
            if self.accept(quote) {
                return Ok(value);
            }
            if self.rest().starts_with('<') {
                return Err(self.error(9420, "illegal xml character"));
            }
            value.push(self.reference()?);
        }
    }

    /// Text up to the next tag, comment or instruction.
    fn text(&mut self) -> Result<Event<'a>, SqlError> {
        let mut text = String::new();
        let mut significant = false;
        loop {
            if self.accept("<![CDATA[") {
                text.push_str(&self.until("]]>")?.replace("\r\n", "\n").replace('\r', "\n"));
                significant = true;
                continue;
            }
            let rest = self.rest();
            match rest.find(['&', '<']).unwrap_or(rest.len()) {
                0 if rest.starts_with('&') => {
                    text.push(self.reference()?);
                    significant = true;
                }
                0 => return Ok(Event::Text { text, significant }),
                end => {
                    let part = rest.get(..end).unwrap_or_default();
                    self.check_characters(part)?;
                    if let Some(place) = part.find("]]>") {
                        self.at = self.at.saturating_add(place);
                        return Err(self.error(9422, "incorrect document syntax"));
                    }
                    text.push_str(&part.replace("\r\n", "\n").replace('\r', "\n"));
                    self.at = self.at.saturating_add(end);
                }
            }
        }
    }

    /// The character of `&...;`.
    fn reference(&mut self) -> Result<char, SqlError> {
        self.at = self.at.saturating_add(1);
        let rest = self.rest();
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'_'))
            .count();
        let name = rest.get(..length).unwrap_or_default();
        self.at = self.at.saturating_add(length);
        if !self.accept(";") {
            return Err(self.error(9411, "semicolon expected"));
        }
        let number = |digits: &str, radix| {
            let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            valid.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
        };
        let code = match name {
            "lt" => return Ok('<'),
            "gt" => return Ok('>'),
            "amp" => return Ok('&'),
            "quot" => return Ok('"'),
            "apos" => return Ok('\''),
            _ => match name.strip_prefix("#x") {
                Some(digits) => number(digits, 16),
                None => match name.strip_prefix('#') {
                    Some(digits) => number(digits, 10),
                    None => return Err(self.error(9448, "well formed check: undeclared entity")),
                },
            },
        };
        code.and_then(char::from_u32)
            .filter(|character| is_character(*character))
            .ok_or_else(|| self.error(9420, "illegal xml character"))
    }

    /// A name with at most one colon, between two parts that are names.
    fn name(&mut self) -> Result<&'a str, SqlError> {
        let rest = self.rest();
        let length =
            rest.find(|character| !is_name_part(character) && character != ':').unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        let parts = name.split(':').collect::<Vec<_>>();
        let valid =
            parts.len() <= 2 && parts.iter().all(|part| part.chars().next().is_some_and(is_name_start));
        if name.is_empty() {
            return Err(if rest.is_empty() {
                self.error(9400, "unexpected end of input")
            } else {
                self.error(9421, "illegal name character")
            });
        }
        if !valid {
            return Err(self.error(9455, "illegal qualified name character"));
        }
        self.at = self.at.saturating_add(length);
        Ok(name)
    }
}

/// `Char` of XML 1.0.
fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// `NameStartChar` of XML 1.0 without the colon.
fn is_name_start(character: char) -> bool {
    matches!(character, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0 without the colon.
fn is_name_part(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
