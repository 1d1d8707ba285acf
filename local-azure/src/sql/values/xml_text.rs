//! xml: whether a text is a well-formed document or content, and the text that the type gives back for it.
//!
//! SQL Server keeps no text but a tree, and writes it anew. The reference ("xml data type and columns", "Create instances
//! of XML data") says what is lost: the XML declaration, which quotes stand round attributes, whitespace between
//! elements, CDATA sections (their text stays), the difference of `<a></a>` and `<a/>`; line ends become line feeds.
//! Those are done here. The order of attributes and namespace prefixes, which need not be kept either, stay as they came.
//!
//! A document type is refused with 6359 as on SQL Server; its CONVERT style 2 is not there.

mod scan;
mod write;

use crate::sql::reply::SqlError;

use self::scan::{Event, Scanner};
use self::write::Writer;

/// In which form the text came: a declaration may not name another encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// nchar, nvarchar, ntext
    Utf16,
    /// char, varchar, text
    CodePage,
    /// binary, varbinary: the bytes were decoded as their declaration or byte order mark says.
    Bytes,
}

/// More levels than this are error 6335.
const MOST_LEVELS: usize = 128;

/// The text that the xml type gives back for `text`.
///
/// # Errors
/// 94xx (6359 for a document type, 6335 for too many levels) with line and character, each from 1.
pub(crate) fn normalised(text: &str, source: Source) -> Result<String, SqlError> {
    let mut scanner = Scanner::new(text);
    scanner.declaration(source)?;
    let mut writer = Writer::default();
    let mut levels: Vec<Level> = Vec::new();
    while let Some(event) = scanner.next_event(levels.is_empty())? {
        match event {
            Event::Text { text, significant } => {
                let preserved = levels.last().is_some_and(|level| level.preserves_space);
                if significant || preserved || !text.bytes().all(is_space) {
                    writer.text(&text);
                }
            }
            Event::Comment(text) => writer.comment(text),
            Event::Instruction { target, data } => writer.instruction(target, data),
            Event::Start { name, attributes, empty } => {
                if levels.len() >= MOST_LEVELS {
                    return Err(SqlError::new(
                        6335,
                        format!(
                            "XML datatype instance has too many levels of nested nodes. Maximum allowed depth is {MOST_LEVELS} levels."
                        ),
                    ));
                }
                let mut level = Level {
                    name,
                    prefixes: Vec::new(),
                    preserves_space: levels.last().is_some_and(|level| level.preserves_space),
                };
                for (attribute, value) in &attributes {
                    match attribute.split_once(':') {
                        Some(("xmlns", prefix)) => level.prefixes.push(prefix),
                        Some(("xml", "space")) => level.preserves_space = value == "preserve",
                        _ => {}
                    }
                }
                let known = |prefix: &str| {
                    matches!(prefix, "xml" | "xmlns")
                        || level.prefixes.contains(&prefix)
                        || levels.iter().any(|level| level.prefixes.contains(&prefix))
                };
                let names = std::iter::once(name).chain(attributes.iter().map(|(attribute, _)| *attribute));
                for prefix in names.filter_map(|name| name.split_once(':').map(|(prefix, _)| prefix)) {
                    if !known(prefix) {
                        return Err(scanner.error(9459, "undeclared prefix"));
                    }
                }
                writer.start(name, &attributes);
                if empty {
                    writer.end(name);
                } else {
                    levels.push(level);
                }
            }
            Event::End(name) => match levels.pop() {
                Some(level) if level.name == name => writer.end(name),
                _ => return Err(scanner.error(9436, "end tag does not match start tag")),
            },
        }
    }
    if levels.is_empty() { Ok(writer.done()) } else { Err(scanner.error(9400, "unexpected end of input")) }
}

/// An element that is open.
struct Level<'a> {
    name: &'a str,
    /// The namespace prefixes that it declares.
    prefixes: Vec<&'a str>,
    preserves_space: bool,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Text from the bytes of a document: UTF-16 or UTF-8 by the byte order mark or the first character, else as the declaration
/// says (Windows-1252 and ISO 8859-1), else UTF-8, and UTF-16 for what is none. None for what is no text in these.
pub(crate) fn decoded(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = bytes.as_chunks::<2>();
        odd.is_empty()
            .then(|| char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<String, _>>().ok())
            .flatten()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        // XML has no NUL: where one is among the first two bytes they are one unit.
        [_, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, _, ..] => utf16(bytes, u16::from_be_bytes),
        _ => {
            let head: String = bytes.iter().take(200).map(|byte| char::from(*byte)).collect();
            let declaration =
                head.split("?>").next().filter(|head| head.starts_with("<?xml")).unwrap_or_default();
            let latin = ["windows-1252", "iso-8859-1"]
                .iter()
                .any(|encoding| declaration.to_ascii_lowercase().contains(encoding));
            if latin {
                Some(bytes.iter().map(|byte| crate::sql::code_page::character_of(*byte)).collect())
            } else {
                let utf8 = String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'));
                utf8.or_else(|| utf16(bytes, u16::from_le_bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests;
