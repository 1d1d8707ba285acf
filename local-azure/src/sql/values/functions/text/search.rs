//! Finding and replacing inside a text: LIKE, PATINDEX, CHARINDEX, REPLACE and TRANSLATE. Letters match in both cases.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::super::FunctionContext;
use super::super::collation::fold;
use super::super::context::{Arguments, pure};
use super::like::{Pattern, TrailingBlanks};
use super::units::{self, Finder};
use super::{MAX_TEXT_BYTES, count, too_long};
use crate::sql::reply::SqlError;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_like", 3, like)?;
    pure(connection, context, "tsql_like", 4, like)?;
    pure(connection, context, "tsql_patindex", 2, patindex)?;
    pure(connection, context, "tsql_charindex", 3, charindex)?;
    pure(connection, context, "tsql_replace", 3, replace)?;
    pure(connection, context, "tsql_translate", 3, translate)
}

/// `tsql_like(text, pattern, escape[, 'type'])`. With the common type of text and pattern as a fourth argument, a char or
/// varchar one makes blanks at the end of the text not count, as SQL Server has it; without one they count, as for nvarchar.
fn like(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(pattern)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Stored::Null);
    };
    let escape = match call.text(2)? {
        None => None,
        Some(escape) => Some(one_unit(escape)?),
    };
    let blanks = if call.len() < 4 || call.sql_type(3)?.is_unicode_text() {
        TrailingBlanks::Count
    } else {
        TrailingBlanks::Ignore
    };
    let fits = Pattern::read(pattern, escape).matches(text, blanks);
    Ok(Stored::Integer(i64::from(fits)))
}

/// 506: an escape must be one UTF-16 unit.
fn one_unit(escape: &str) -> Result<u16, SqlError> {
    let mut units = escape.encode_utf16();
    match (units.next(), units.next()) {
        (Some(unit), None) => Ok(unit),
        _ => Err(SqlError::new(
            506,
            format!("The invalid escape character \"{escape}\" was specified in a LIKE predicate."),
        )),
    }
}

fn patindex(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(pattern), Some(text)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Stored::Null);
    };
    Ok(count(Pattern::read(pattern, None).position(text)))
}

/// 0 when it isn't there, and for an empty text to find. A start before the text is the text's start.
fn charindex(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(find), Some(text), Some(start)) = (call.text(0)?, call.text(1)?, call.integer(2)?) else {
        return Ok(Stored::Null);
    };
    let from = usize::try_from(start.saturating_sub(1).max(0)).unwrap_or(usize::MAX);
    let found = Finder::new(units::folded(find)).find(&units::folded(text), from);
    Ok(count(found.map_or(0, |at| at.saturating_add(1))))
}

/// An empty text to find changes nothing.
fn replace(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(find), Some(with)) = (call.text(0)?, call.text(1)?, call.text(2)?) else {
        return Ok(Stored::Null);
    };
    let find = units::folded(find);
    let (step, finder) = (find.len(), Finder::new(find));
    let (haystack, original): (Vec<u16>, Vec<u16>) = (units::folded(text), text.encode_utf16().collect());
    let with: Vec<u16> = with.encode_utf16().collect();
    let mut result: Vec<u16> = Vec::with_capacity(original.len());
    let mut done = 0_usize;
    while let Some(at) = finder.find(&haystack, done) {
        result.extend_from_slice(original.get(done..at).unwrap_or_default());
        result.extend_from_slice(&with);
        // The units are counted in their two bytes here; UTF-8 may need half as much again.
        if result.len() > MAX_TEXT_BYTES / 2 {
            return Err(too_long());
        }
        done = at.saturating_add(step);
    }
    result.extend_from_slice(original.get(done..).unwrap_or_default());
    Ok(Stored::Text(units::text_of(&result)))
}

/// Each character of the second argument becomes the one at its place in the third; the first of equal ones counts.
fn translate(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(from), Some(to)) = (call.text(0)?, call.text(1)?, call.text(2)?) else {
        return Ok(Stored::Null);
    };
    if from.chars().count() != to.chars().count() {
        return Err(SqlError::new(
            9828,
            "The second and third arguments of the TRANSLATE built-in function must contain an equal number of characters.",
        ));
    }
    let mut table: HashMap<char, char> = HashMap::new();
    for (old, new) in from.chars().zip(to.chars()) {
        table.entry(fold(old)).or_insert(new);
    }
    Ok(Stored::Text(
        text.chars().map(|character| table.get(&fold(character)).copied().unwrap_or(character)).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{error_number, integer, text};

    #[test]
    fn like_reads_its_escape_and_type() {
        assert_eq!(integer("tsql_like('30%', '30!%', '!')"), Some(1));
        assert_eq!(integer("tsql_like('300', '30!%', '!')"), Some(0));
        assert_eq!(integer("tsql_like('abc  ', 'ABC', NULL)"), Some(0));
        assert_eq!(integer("tsql_like('abc  ', 'ABC', NULL, 'varchar(5)')"), Some(1));
        assert_eq!(integer("tsql_like('abc  ', 'ABC', NULL, 'nvarchar(5)')"), Some(0));
        assert_eq!(integer("tsql_like(NULL, '%', NULL)"), None);
        assert_eq!(error_number("tsql_like('a', 'a', '!!')"), 506);
        assert_eq!(error_number("tsql_like('a', 'a', '')"), 506);
    }

    #[test]
    fn positions_count_utf16_units_from_one() {
        for (expression, expected) in [
            ("tsql_charindex('BC', 'abcbc', 1)", 2),
            ("tsql_charindex('bc', 'abcbc', 3)", 4),
            ("tsql_charindex('bc', 'abcbc', -7)", 2),
            ("tsql_charindex('bc', 'abcbc', 9223372036854775807)", 0),
            ("tsql_charindex('', 'abc', 1)", 0),
            ("tsql_charindex('b ', 'ab', 1)", 0),
            ("tsql_charindex('b', '😀b', 1)", 3),
            ("tsql_charindex('É', 'café', 1)", 4),
            ("tsql_patindex('%TER%', 'interesting data')", 3),
            ("tsql_patindex('ter', 'interesting data')", 0),
        ] {
            assert_eq!(integer(expression), Some(expected), "{expression}");
        }
        assert_eq!(integer("tsql_charindex(NULL, 'a', 1)"), None);
        assert_eq!(integer("tsql_patindex('%a%', NULL)"), None);
    }

    #[test]
    fn replacing_finds_both_cases_and_never_looks_at_what_it_put_in() {
        for (expression, expected) in [
            ("tsql_replace('abcdefghicde', 'CDE', 'xxx')", "abxxxfghixxx"),
            ("tsql_replace('aaa', 'aa', 'b')", "ba"),
            ("tsql_replace('a', 'a', 'aa')", "aa"),
            ("tsql_replace('abc', '', 'x')", "abc"),
            ("tsql_replace('a😀b', '😀', '')", "ab"),
            ("tsql_translate('2*[3+4]/{7-2}', '[]{}', '()()')", "2*(3+4)/(7-2)"),
            ("tsql_translate('abcABC', 'abc', 'bcd')", "bcdbcd"),
        ] {
            assert_eq!(text(expression).as_deref(), Some(expected), "{expression}");
        }
        assert_eq!(text("tsql_replace('abc', NULL, 'x')"), None);
        assert_eq!(error_number("tsql_translate('a', 'ab', 'a')"), 9828);
    }
}
