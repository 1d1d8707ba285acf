//! Numbers about a value: LEN, DATALENGTH, ASCII, UNICODE and ISNUMERIC.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value as Stored, ValueRef};

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::{count, numeric_text, units};
use crate::sql::code_page;
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::{errors, variant};

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_len", 1, |call| {
        let text = call.text(0)?;
        Ok(text.map_or(Stored::Null, |text| count(units::length(text.trim_end_matches(' ')))))
    })?;
    pure(connection, context, "tsql_datalength", 2, datalength)?;
    pure(connection, context, "tsql_ascii", 1, |call| {
        let first = call.text(0)?.and_then(|text| text.chars().next());
        Ok(first.map_or(Stored::Null, |first| {
            Stored::Integer(i64::from(code_page::byte_or_question_mark(first)))
        }))
    })?;
    pure(connection, context, "tsql_unicode", 1, |call| {
        let first = call.text(0)?.and_then(|text| text.encode_utf16().next());
        Ok(first.map_or(Stored::Null, |unit| Stored::Integer(i64::from(unit))))
    })?;
    pure(connection, context, "tsql_isnumeric", 2, |call| {
        let sql_type = call.sql_type(1)?;
        let numeric = if sql_type.is_text() {
            call.text(0)?.is_some_and(numeric_text::is_numeric)
        } else {
            sql_type.is_number() && !call.is_null(0)
        };
        Ok(Stored::Integer(i64::from(numeric)))
    })
}

/// The bytes of a value in SQL Server's storage; sources: the reference's pages of the types.
fn datalength(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    if call.is_null(0) {
        return Ok(Stored::Null);
    }
    let sql_type = call.sql_type(1)?;
    let bytes: usize = match sql_type.plain() {
        _ if sql_type.is_utf8_text() => call.text(0)?.map_or(0, str::len),
        // Code page 1252 has one byte for each character.
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::Text => text_units(call)?,
        SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText => text_units(call)?.saturating_mul(2),
        SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Image
        | SqlType::HierarchyId
        | SqlType::Geometry
        | SqlType::Geography => match call.stored(0) {
            ValueRef::Blob(bytes) => bytes.len(),
            _ => return Err(errors::internal("a binary argument")),
        },
        SqlType::SqlVariant => match call.value(0, sql_type)? {
            Value::Variant(held) => variant::bytes(&held),
            _ => return Err(errors::internal("a sql_variant")),
        },
        // The size of SQL Server's own binary form, which isn't kept here.
        SqlType::Xml | SqlType::Json => {
            return Err(errors::unsupported(&format!("DATALENGTH of {}", sql_type.family_name())));
        }
        fixed => variant::fixed_bytes(fixed),
    };
    Ok(count(bytes))
}

fn text_units(call: &Arguments<'_, '_>) -> Result<usize, SqlError> {
    Ok(call.text(0)?.map_or(0, units::length))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::integer;

    #[test]
    fn len_counts_utf16_units_and_not_the_blanks_at_the_end() {
        for (expression, expected) in [
            ("tsql_len('abc  ')", Some(3)),
            ("tsql_len('  abc')", Some(5)),
            ("tsql_len('a😀')", Some(3)),
            ("tsql_len('   ')", Some(0)),
            ("tsql_len('a' || char(9))", Some(2)),
            ("tsql_len(NULL)", None),
        ] {
            assert_eq!(integer(expression), expected, "{expression}");
        }
    }

    #[test]
    fn datalength_is_the_size_of_the_type_or_of_the_value() {
        for (expression, expected) in [
            ("tsql_datalength('abc ', 'varchar(10)')", Some(4)),
            ("tsql_datalength('abc ', 'nvarchar(10)')", Some(8)),
            ("tsql_datalength('€', 'varchar(10)')", Some(1)),
            ("tsql_datalength(x'0102', 'varbinary(10)')", Some(2)),
            ("tsql_datalength(1, 'int')", Some(4)),
            ("tsql_datalength(1, 'bigint')", Some(8)),
            ("tsql_datalength(1, 'datetime2(3)')", Some(7)),
            ("tsql_datalength(x'00', 'decimal(18,2)')", Some(9)),
            ("tsql_datalength(NULL, 'int')", None),
        ] {
            assert_eq!(integer(expression), expected, "{expression}");
        }
    }

    #[test]
    fn the_first_characters_code_is_told() {
        assert_eq!(integer("tsql_ascii('Abc')"), Some(65));
        assert_eq!(integer("tsql_ascii('€')"), Some(128));
        assert_eq!(integer("tsql_ascii('ж')"), Some(63));
        assert_eq!(integer("tsql_ascii('')"), None);
        assert_eq!(integer("tsql_unicode('ж')"), Some(1078));
        assert_eq!(integer("tsql_unicode('😀')"), Some(55357));
        assert_eq!(integer("tsql_unicode('')"), None);
    }

    #[test]
    fn isnumeric_looks_at_the_type_and_at_the_text() {
        for (expression, expected) in [
            ("tsql_isnumeric('12', 'nvarchar(5)')", 1),
            ("tsql_isnumeric('x', 'nvarchar(5)')", 0),
            ("tsql_isnumeric(NULL, 'nvarchar(5)')", 0),
            ("tsql_isnumeric(5, 'int')", 1),
            ("tsql_isnumeric(NULL, 'int')", 0),
            ("tsql_isnumeric(5, 'date')", 0),
        ] {
            assert_eq!(integer(expression), Some(expected), "{expression}");
        }
    }
}
