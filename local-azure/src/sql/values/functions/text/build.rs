//! Texts made from others or from numbers: case, CONCAT, REPLICATE, SPACE, REVERSE, CHAR, QUOTENAME, STR and NEWID.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use uuid::Uuid;

use super::super::FunctionContext;
use super::super::collation::{capital, fold};
use super::super::context::{Arguments, changing, pure};
use super::{MAX_TEXT_BYTES, append, code_page, str_function, text_or_null, too_long, units};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::data_type::{MAX_BYTES, MAX_UTF16_UNITS};
use crate::sql::values::storage;

/// The longest name that QUOTENAME takes, in UTF-16 units: that of a `sysname`.
const MAX_NAME_UNITS: usize = 128;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_upper", 1, |call| {
        Ok(text_or_null(call.text(0)?.map(|text| text.chars().map(capital).collect())))
    })?;
    pure(connection, context, "tsql_lower", 1, |call| {
        Ok(text_or_null(call.text(0)?.map(|text| text.chars().map(fold).collect())))
    })?;
    // By characters: SQL Server without an `_SC` collation would tear surrogate pairs apart.
    pure(connection, context, "tsql_reverse", 1, |call| {
        Ok(text_or_null(call.text(0)?.map(|text| text.chars().rev().collect())))
    })?;
    pure(connection, context, "tsql_replicate", 3, replicate)?;
    pure(connection, context, "tsql_space", 1, space)?;
    pure(connection, context, "tsql_concat", -1, concat)?;
    pure(connection, context, "tsql_concat_ws", -1, concat_ws)?;
    pure(connection, context, "tsql_char", 1, |call| {
        let code = call.integer(0)?.and_then(|code| u8::try_from(code).ok());
        Ok(text_or_null(code.map(|byte| code_page::decode(byte).to_string())))
    })?;
    pure(connection, context, "tsql_nchar", 1, |call| {
        let code = call.integer(0)?.and_then(|code| u16::try_from(code).ok());
        Ok(text_or_null(code.map(|unit| units::text_of(&[unit]))))
    })?;
    pure(connection, context, "tsql_quotename", 2, quotename)?;
    pure(connection, context, "tsql_str", 3, |call| {
        let (Some(number), Some(length), Some(decimals)) =
            (call.float(0)?, call.integer(1)?, call.integer(2)?)
        else {
            return Ok(Stored::Null);
        };
        Ok(text_or_null(str_function::format(number, length, decimals)))
    })?;
    changing(connection, context, "tsql_newid", 0, |_, _| {
        Ok(storage::to_sqlite(
            &Value::UniqueIdentifier(*Uuid::new_v4().as_bytes()),
            SqlType::UniqueIdentifier,
        ))
    })
}

/// NULL for a negative count; cut at 8000 bytes unless the type is `(max)`.
fn replicate(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(text), Some(times)) = (call.text(0)?, call.integer(1)?) else {
        return Ok(Stored::Null);
    };
    let Ok(times) = usize::try_from(times) else {
        return Ok(Stored::Null);
    };
    let sql_type = call.sql_type(2)?;
    let most = match sql_type.length() {
        Some(Length::Max) => None,
        _ if sql_type.is_unicode_text() => Some(usize::from(MAX_UTF16_UNITS)),
        _ => Some(usize::from(MAX_BYTES)),
    };
    if text.is_empty() {
        return Ok(Stored::Text(String::new()));
    }
    match most {
        Some(most) => {
            let once: Vec<u16> = text.encode_utf16().collect();
            let wanted = once.len().saturating_mul(times).min(most);
            let repeated: Vec<u16> = once.into_iter().cycle().take(wanted).collect();
            Ok(Stored::Text(units::text_of(&repeated)))
        }
        None if text.len().saturating_mul(times) > MAX_TEXT_BYTES => Err(too_long()),
        None => Ok(Stored::Text(text.repeat(times))),
    }
}

/// NULL for a negative count; at most 8000.
fn space(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let length = call.integer(0)?.and_then(|length| usize::try_from(length).ok());
    Ok(text_or_null(length.map(|length| " ".repeat(length.min(usize::from(MAX_BYTES))))))
}

fn concat(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let mut result = String::new();
    for at in 0..call.len() {
        append(&mut result, call.text(at)?.unwrap_or_default())?;
    }
    Ok(Stored::Text(result))
}

/// A NULL separator is an empty one.
fn concat_ws(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let separator = call.text(0)?.unwrap_or_default();
    let (mut result, mut first) = (String::new(), true);
    for at in 1..call.len() {
        if let Some(text) = call.text(at)? {
            if !first {
                append(&mut result, separator)?;
            }
            append(&mut result, text)?;
            first = false;
        }
    }
    Ok(Stored::Text(result))
}

/// NULL for a name of more than 128 units and for a quote that is none; only the quote's first character counts.
fn quotename(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (Some(name), Some(quote)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Stored::Null);
    };
    let (open, close) = match quote.chars().next() {
        Some('[' | ']') => ('[', ']'),
        Some('(' | ')') => ('(', ')'),
        Some('<' | '>') => ('<', '>'),
        Some('{' | '}') => ('{', '}'),
        Some(same @ ('\'' | '"' | '`')) => (same, same),
        _ => return Ok(Stored::Null),
    };
    if units::length(name) > MAX_NAME_UNITS {
        return Ok(Stored::Null);
    }
    let mut quoted = String::from(open);
    for character in name.chars() {
        quoted.push(character);
        if character == close {
            quoted.push(close);
        }
    }
    quoted.push(close);
    Ok(Stored::Text(quoted))
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value as Stored;

    use super::super::test_support::{error_number, evaluate, integer, text};

    #[test]
    fn texts_are_built_as_the_reference_says() {
        for (expression, expected) in [
            ("tsql_upper('abcé ß ı')", "ABCÉ ß ı"),
            ("tsql_lower('ABCÉ İ')", "abcé İ"),
            ("tsql_reverse('abc😀')", "😀cba"),
            ("tsql_replicate('ab', 3, 'varchar(2)')", "ababab"),
            ("tsql_replicate('ab', 0, 'varchar(2)')", ""),
            ("tsql_replicate('', 9223372036854775807, 'varchar(2)')", ""),
            ("tsql_space(3)", "   "),
            ("tsql_concat('a', NULL, 'b', '')", "ab"),
            ("tsql_concat(NULL, NULL)", ""),
            ("tsql_concat_ws(',', 'a', NULL, '', 'b')", "a,,b"),
            ("tsql_concat_ws(NULL, 'a', 'b')", "ab"),
            ("tsql_concat_ws(',', NULL, NULL)", ""),
            ("tsql_char(65)", "A"),
            ("tsql_char(128)", "€"),
            ("tsql_nchar(8364)", "€"),
            ("tsql_nchar(55357)", "\u{FFFD}"),
            ("tsql_quotename('abc[]def', '[')", "[abc[]]def]"),
            ("tsql_quotename('it''s', '''')", "'it''s'"),
            ("tsql_quotename('a', ')')", "(a)"),
            ("tsql_str(123.45, 6, 1)", " 123.5"),
        ] {
            assert_eq!(text(expression).as_deref(), Some(expected), "{expression}");
        }
    }

    #[test]
    fn what_makes_no_text_is_null() {
        for expression in [
            "tsql_upper(NULL)",
            "tsql_replicate('a', -1, 'varchar(1)')",
            "tsql_space(-1)",
            "tsql_char(256)",
            "tsql_char(-1)",
            "tsql_nchar(65536)",
            "tsql_quotename('a', 'x')",
            "tsql_quotename('a', '')",
            "tsql_quotename(tsql_space(129), '[')",
            "tsql_str(1.0, NULL, 0)",
        ] {
            assert_eq!(text(expression), None, "{expression}");
        }
    }

    #[test]
    fn replicate_is_cut_at_8000_bytes_unless_the_type_is_max() {
        for (sql_type, length) in [("varchar(3)", 8000), ("nvarchar(3)", 4000), ("varchar(max)", 30_000)] {
            let expression = format!("length(tsql_replicate('abc', 10000, '{sql_type}'))");
            assert_eq!(integer(&expression), Some(length), "{sql_type}");
        }
        assert_eq!(integer("length(tsql_space(9000))"), Some(8000));
        assert_eq!(error_number("tsql_replicate('abc', 2000000000, 'nvarchar(max)')"), 7119);
    }

    #[test]
    fn every_newid_is_another() {
        let (one, other) = (evaluate("tsql_newid()"), evaluate("tsql_newid()"));
        assert!(matches!(&one, Ok(Stored::Blob(bytes)) if bytes.len() == 16));
        assert_ne!(one, other);
    }
}
