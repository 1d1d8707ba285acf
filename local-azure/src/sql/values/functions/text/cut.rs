//! Parts of a text: LEFT, RIGHT, SUBSTRING, STUFF and the trims.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value as Stored, ValueRef};

use super::super::FunctionContext;
use super::super::collation::fold;
use super::super::context::{Arguments, pure};
use super::{append, text_or_null, units};
use crate::sql::reply::SqlError;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_left", 2, left)?;
    pure(connection, context, "tsql_right", 2, right)?;
    pure(connection, context, "tsql_substring", 3, substring)?;
    pure(connection, context, "tsql_stuff", 4, stuff)?;
    for (name, side) in [
        ("tsql_ltrim", Side { start: true, end: false }),
        ("tsql_rtrim", Side { start: false, end: true }),
        ("tsql_trim", Side { start: true, end: true }),
    ] {
        for arguments in [1, 2] {
            pure(connection, context, name, arguments, move |call| trim(call, side))?;
        }
    }
    Ok(())
}

/// 537: a negative length; LEFT and SUBSTRING share the sentence.
fn invalid_length() -> SqlError {
    SqlError::new(537, "Invalid length parameter passed to the LEFT or SUBSTRING function.").with_state(3)
}

/// 536: a negative length for RIGHT.
fn invalid_length_for_right() -> SqlError {
    SqlError::new(536, "Invalid length parameter passed to the RIGHT function.")
}

fn left(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(length)) = (call.text(0)?, call.integer(1)?) else {
        return Ok(Stored::Null);
    };
    if length < 0 {
        return Err(invalid_length());
    }
    Ok(Stored::Text(units::slice(text, 0, position(length))))
}

fn right(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(length)) = (call.text(0)?, call.integer(1)?) else {
        return Ok(Stored::Null);
    };
    if length < 0 {
        return Err(invalid_length_for_right());
    }
    let all = units::length(text);
    Ok(Stored::Text(units::slice(text, all.saturating_sub(position(length)), all)))
}

/// A start before the text uses up length: `SUBSTRING('abc', 0, 2)` is `a`.
fn substring(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (false, Some(start), Some(length)) = (call.is_null(0), call.integer(1)?, call.integer(2)?) else {
        return Ok(Stored::Null);
    };
    if length < 0 {
        return Err(invalid_length());
    }
    let first = start.saturating_sub(1);
    let (first, end) = (position(first), position(first.saturating_add(length)));
    match call.stored(0) {
        ValueRef::Blob(bytes) => {
            let end = end.min(bytes.len());
            Ok(Stored::Blob(bytes.get(first..end).unwrap_or_default().to_vec()))
        }
        _ => Ok(text_or_null(call.text(0)?.map(|text| units::slice(text, first, end)))),
    }
}

/// NULL for a start outside the text and a negative length; a NULL to put in is nothing to put in.
fn stuff(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(start), Some(length)) = (call.text(0)?, call.integer(1)?, call.integer(2)?) else {
        return Ok(Stored::Null);
    };
    let all = units::length(text);
    let first = position(start.saturating_sub(1));
    if start < 1 || first >= all || length < 0 {
        return Ok(Stored::Null);
    }
    let mut result = units::slice(text, 0, first);
    append(&mut result, call.text(3)?.unwrap_or_default())?;
    append(&mut result, &units::slice(text, first.saturating_add(position(length)), all))?;
    Ok(Stored::Text(result))
}

/// A number of units; what is negative is 0.
fn position(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

#[derive(Clone, Copy)]
struct Side {
    start: bool,
    end: bool,
}

/// Takes away blanks (U+0020 only), or any of the characters given, in both cases of letters.
fn trim(call: &Arguments<'_, '_>, side: Side) -> Result<Stored, SqlError> {
    let characters: Vec<char> = if call.len() < 2 {
        vec![' ']
    } else {
        match call.text(1)? {
            Some(characters) => characters.chars().map(fold).collect(),
            None => return Ok(Stored::Null),
        }
    };
    let Some(mut text) = call.text(0)? else {
        return Ok(Stored::Null);
    };
    let unwanted = |character: char| characters.contains(&fold(character));
    if side.start {
        text = text.trim_start_matches(unwanted);
    }
    if side.end {
        text = text.trim_end_matches(unwanted);
    }
    Ok(Stored::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value as Stored;

    use super::super::test_support::{error_number, evaluate, text};

    #[test]
    fn parts_of_a_text_are_those_of_the_reference() {
        for (expression, expected) in [
            ("tsql_left('abcdefg', 2)", "ab"),
            ("tsql_left('abc', 20)", "abc"),
            ("tsql_left('abc', 0)", ""),
            ("tsql_left('a😀', 3)", "a😀"),
            ("tsql_right('abcdef', 2)", "ef"),
            ("tsql_right('abc', 9223372036854775807)", "abc"),
            ("tsql_substring('abcdef', 2, 3)", "bcd"),
            ("tsql_substring('abcdef', 0, 3)", "ab"),
            ("tsql_substring('abcdef', -5, 3)", ""),
            ("tsql_substring('abcdef', 5, 9223372036854775807)", "ef"),
            ("tsql_substring('abcdef', 50, 1)", ""),
            ("tsql_stuff('abcdef', 2, 3, 'ijklmn')", "aijklmnef"),
            ("tsql_stuff('abcdef', 2, 0, 'X')", "aXbcdef"),
            ("tsql_stuff('abcdef', 2, 3, NULL)", "aef"),
            ("tsql_stuff('abcdef', 6, 100, '')", "abcde"),
        ] {
            assert_eq!(text(expression).as_deref(), Some(expected), "{expression}");
        }
    }

    #[test]
    fn a_negative_length_is_refused_by_the_functions_own_number() {
        assert_eq!(error_number("tsql_left('abc', -1)"), 537);
        assert_eq!(error_number("tsql_substring('abc', 1, -1)"), 537);
        assert_eq!(error_number("tsql_right('abc', -1)"), 536);
    }

    #[test]
    fn stuff_outside_the_text_is_null() {
        for expression in [
            "tsql_stuff('abc', 0, 1, 'x')",
            "tsql_stuff('abc', 4, 1, 'x')",
            "tsql_stuff('abc', 1, -1, 'x')",
            "tsql_stuff('', 1, 0, 'x')",
            "tsql_stuff(NULL, 1, 0, 'x')",
        ] {
            assert_eq!(text(expression), None, "{expression}");
        }
    }

    #[test]
    fn bytes_have_substrings_too() {
        assert_eq!(evaluate("tsql_substring(x'00010203', 2, 2)"), Ok(Stored::Blob(vec![1, 2])));
        assert_eq!(evaluate("tsql_substring(x'0001', 5, 2)"), Ok(Stored::Blob(Vec::new())));
    }

    #[test]
    fn trims_take_blanks_or_the_characters_given() {
        for (expression, expected) in [
            ("tsql_ltrim('  a ')", "a "),
            ("tsql_rtrim('  a ')", "  a"),
            ("tsql_trim('  a ')", "a"),
            ("tsql_trim(char(9) || 'a ')", "\ta"),
            ("tsql_trim('#     test    .', '.,! ')", "#     test"),
            ("tsql_ltrim('123abc.', '123')", "abc."),
            ("tsql_rtrim('.123abcABC', 'abc')", ".123"),
        ] {
            assert_eq!(text(expression).as_deref(), Some(expected), "{expression}");
        }
        assert_eq!(text("tsql_trim('a', NULL)"), None);
    }
}
