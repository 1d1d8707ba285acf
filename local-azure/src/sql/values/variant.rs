//! What a sql_variant holds: which types it can, its stored form, and the key by which it is compared.
//!
//! Source of what it holds and of the order of families: the Transact-SQL reference, "sql_variant".

use rusqlite::types::{Value as Stored, ValueRef};

use super::collations::Sensitivity;
use super::functions::collation;
use super::{collations, convert, errors, storage};
use crate::sql::reply::SqlError;
use crate::sql::types::{Collation, Length, SqlType, Value, Variant};

/// Whether a sql_variant can hold values of the type: those of up to 8,000 bytes, without rowversion, xml, json and the
/// CLR types.
#[must_use]
pub(crate) fn can_hold(sql_type: SqlType) -> bool {
    match sql_type.plain() {
        SqlType::VarChar(length) | SqlType::NVarChar(length) | SqlType::VarBinary(length) => {
            length != Length::Max
        }
        SqlType::Text
        | SqlType::NText
        | SqlType::Image
        | SqlType::RowVersion
        | SqlType::Xml
        | SqlType::Json
        | SqlType::SqlVariant
        | SqlType::HierarchyId
        | SqlType::Geometry
        | SqlType::Geography => false,
        _ => true,
    }
}

const INTEGER: u8 = 0;
const REAL: u8 = 1;
const TEXT: u8 = 2;
const BLOB: u8 = 3;

/// The stored form: a byte with the length of the type's spelling, the spelling, a byte for SQLite's storage class, and
/// the value's own stored form (numbers big endian).
pub(crate) fn stored(held: &Variant) -> Vec<u8> {
    let spelling = held.base.to_string();
    let mut bytes = vec![u8::try_from(spelling.len()).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(spelling.as_bytes());
    match storage::to_sqlite(&held.value, held.base) {
        Stored::Integer(number) => {
            bytes.push(INTEGER);
            bytes.extend(number.to_be_bytes());
        }
        Stored::Real(number) => {
            bytes.push(REAL);
            bytes.extend(number.to_be_bytes());
        }
        Stored::Text(text) => {
            bytes.push(TEXT);
            bytes.extend_from_slice(text.as_bytes());
        }
        Stored::Blob(blob) => {
            bytes.push(BLOB);
            bytes.extend(blob);
        }
        // A variant of NULL doesn't exist: NULL has no base type.
        Stored::Null => {}
    }
    bytes
}

/// Reads the stored form.
///
/// # Errors
/// 8630 when it is none: a defect of the caller.
pub(crate) fn read(bytes: &[u8]) -> Result<Variant, SqlError> {
    let wrong = || errors::internal("a stored sql_variant is none");
    let (length, rest) = bytes.split_first().ok_or_else(wrong)?;
    let (spelling, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(wrong)?;
    let base = SqlType::parse(std::str::from_utf8(spelling).map_err(|_| wrong())?)?;
    let (class, content) = rest.split_first().ok_or_else(wrong)?;
    let number = || <[u8; 8]>::try_from(content).map_err(|_| wrong());
    let value = match *class {
        INTEGER => storage::from_sqlite(ValueRef::Integer(i64::from_be_bytes(number()?)), base),
        REAL => storage::from_sqlite(ValueRef::Real(f64::from_be_bytes(number()?)), base),
        TEXT => storage::from_sqlite(ValueRef::Text(content), base),
        BLOB => storage::from_sqlite(ValueRef::Blob(content), base),
        _ => return Err(wrong()),
    }?;
    Ok(Variant { base, value })
}

/// The family of a base type, by rank: values of different families compare as their families do.
fn family(base: SqlType) -> u8 {
    match base {
        _ if base.is_date_time() => 6,
        _ if base.is_approximate() => 5,
        _ if base.is_number() => 4,
        _ if base.is_text() => 3,
        _ if base.is_binary() => 2,
        _ => 1,
    }
}

/// Bytes that compare as the values do: by family first, then by value.
///
/// Within a family the values are taken as the widest type of it: an `int` 1 and a `decimal` 1.00 are equal.
///
/// # Errors
/// Where a value doesn't convert to its family's widest type: an exact number with more than 28 digits before the point.
pub(crate) fn key(held: &Variant) -> Result<Vec<u8>, SqlError> {
    let Variant { base, value } = held;
    let family = family(*base);
    let mut bytes = vec![family];
    let widest = match family {
        6 => SqlType::DateTimeOffset { scale: 7 },
        5 => SqlType::Float,
        4 => SqlType::Decimal { precision: 38, scale: 10 },
        3 => {
            let Value::Text(text) = value else { return Err(errors::internal("a text of a sql_variant")) };
            // Texts of two collations compare as these do.
            bytes.extend(Collation::rank(base.collation()));
            let sensitivity = base.collation().map_or(Sensitivity::Accents, Collation::sensitivity);
            bytes.extend(collation::sort_key_under(sensitivity, text));
            return Ok(bytes);
        }
        2 => {
            let Value::Binary(content) = value else {
                return Err(errors::internal("bytes of a sql_variant"));
            };
            let end = content.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            bytes.extend_from_slice(content.get(..end).unwrap_or(content));
            return Ok(bytes);
        }
        _ => *base,
    };
    let converted = if matches!(base, SqlType::Time { .. }) && family == 6 {
        convert::convert(value, *base, SqlType::DateTime2 { scale: 7 }, convert::Conversion::Implicit, None)
            .and_then(|value| {
            convert::convert(
                &value,
                SqlType::DateTime2 { scale: 7 },
                widest,
                convert::Conversion::Implicit,
                None,
            )
        })?
    } else {
        convert::convert(value, *base, widest, convert::Conversion::Implicit, None)?
    };
    match storage::to_sqlite(&converted, widest) {
        Stored::Real(number) => bytes.extend(ordered(number)),
        Stored::Integer(number) => bytes.extend((number ^ i64::MIN).to_be_bytes()),
        // The offset of a datetimeoffset doesn't count.
        Stored::Blob(blob) if family == 6 => bytes.extend(blob.into_iter().take(8)),
        Stored::Blob(blob) => bytes.extend(blob),
        Stored::Text(_) | Stored::Null => return Err(errors::internal("a key of a sql_variant")),
    }
    Ok(bytes)
}

/// A float's bits in the order of the floats.
fn ordered(number: f64) -> [u8; 8] {
    // -0 is 0.
    let bits = (number + 0.0).to_bits();
    let flipped = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
    flipped.to_be_bytes()
}

/// SQL_VARIANT_PROPERTY: None for a property that doesn't exist.
pub(crate) fn property(held: &Variant, name: &str) -> Option<Variant> {
    let text = |text: &str| Variant {
        base: SqlType::NVarChar(Length::Limit(128)),
        value: Value::Text(text.to_owned()),
    };
    let int = |number: usize| Variant {
        base: SqlType::Int,
        value: Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
    };
    let base = held.base;
    let (precision, scale) = digits(base);
    Some(match name.trim_end_matches(' ').to_ascii_lowercase().as_str() {
        // decimal and numeric are one type here, and it travels as decimal.
        "basetype" if matches!(base, SqlType::Decimal { .. }) => text("decimal"),
        "basetype" => text(base.family_name()),
        "precision" => int(usize::from(precision)),
        "scale" => int(usize::from(scale)),
        "maxlength" => int(most_bytes(base)),
        "totalbytes" => int(bytes(held).saturating_add(overhead(base))),
        "collation" if base.is_text() => text(collations::name(base.collation())),
        _ => return None,
    })
}

/// Precision and scale as `sys.columns` has them.
fn digits(base: SqlType) -> (u8, u8) {
    match base {
        SqlType::Real => (24, 0),
        SqlType::Float => (53, 0),
        SqlType::Date => (10, 0),
        SqlType::DateTime => (23, 3),
        SqlType::SmallDateTime => (16, 0),
        SqlType::Time { scale } => (if scale == 0 { 8 } else { scale.saturating_add(9) }, scale),
        SqlType::DateTime2 { scale } => (if scale == 0 { 19 } else { scale.saturating_add(20) }, scale),
        SqlType::DateTimeOffset { scale } => (if scale == 0 { 26 } else { scale.saturating_add(27) }, scale),
        _ => base.precision_and_scale().unwrap_or((0, 0)),
    }
}

fn most_bytes(base: SqlType) -> usize {
    match base.length() {
        Some(Length::Limit(units)) if base.is_unicode_text() => usize::from(units).saturating_mul(2),
        Some(Length::Limit(units)) => usize::from(units),
        Some(Length::Max) => 0,
        None => fixed_bytes(base),
    }
}

/// The bytes of the value in SQL Server's storage, as DATALENGTH gives them.
pub(crate) fn bytes(held: &Variant) -> usize {
    match &held.value {
        Value::Text(text) if held.base.is_unicode_text() => text.encode_utf16().count().saturating_mul(2),
        Value::Text(text) if held.base.is_utf8_text() => text.len(),
        Value::Text(text) => text.encode_utf16().count(),
        Value::Binary(bytes) => bytes.len(),
        _ => fixed_bytes(held.base),
    }
}

/// The bytes that every value of a type of fixed length has; 0 for other types.
pub(crate) fn fixed_bytes(sql_type: SqlType) -> usize {
    let time = |scale: u8| match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    };
    match sql_type {
        SqlType::Bit | SqlType::TinyInt => 1,
        SqlType::SmallInt => 2,
        SqlType::Int | SqlType::SmallMoney | SqlType::Real | SqlType::SmallDateTime => 4,
        SqlType::BigInt | SqlType::Money | SqlType::Float | SqlType::DateTime | SqlType::RowVersion => 8,
        SqlType::Decimal { precision, .. } => match precision {
            0..=9 => 5,
            10..=19 => 9,
            20..=28 => 13,
            _ => 17,
        },
        SqlType::Date => 3,
        SqlType::Time { scale } => time(scale),
        SqlType::DateTime2 { scale } => time(scale).saturating_add(3),
        SqlType::DateTimeOffset { scale } => time(scale).saturating_add(5),
        SqlType::UniqueIdentifier => 16,
        _ => 0,
    }
}

/// What a sql_variant keeps beside the value, as its TotalBytes count it: two bytes, and what the type needs more.
fn overhead(base: SqlType) -> usize {
    match base {
        SqlType::Decimal { .. } | SqlType::Binary(_) | SqlType::VarBinary(_) => 4,
        SqlType::Time { .. } | SqlType::DateTime2 { .. } | SqlType::DateTimeOffset { .. } => 3,
        _ if base.is_text() => 8,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn of(spelling: &str, value: Value) -> Variant {
        Variant { base: SqlType::parse(spelling).unwrap(), value }
    }

    #[test]
    fn the_stored_form_reads_back() {
        for held in [
            of("int", Value::Integer(-5)),
            of("float", Value::Float(-1.5)),
            of("decimal(9,2)", Value::Decimal(-123)),
            of("nvarchar(10)", Value::Text("Zürich".into())),
            of("varbinary(3)", Value::Binary(vec![0, 1])),
            of("uniqueidentifier", Value::UniqueIdentifier([7; 16])),
            of("datetimeoffset(3)", Value::DateTimeOffset { utc_ticks: 10_000, offset_minutes: -60 }),
        ] {
            assert_eq!(read(&stored(&held)).unwrap(), held);
        }
    }

    #[test]
    fn families_decide_before_values_do() {
        let rising = [
            of("uniqueidentifier", Value::UniqueIdentifier([0xFF; 16])),
            of("varbinary(2)", Value::Binary(vec![0xFF])),
            of("varchar(3)", Value::Text("zzz".into())),
            of("int", Value::Integer(1)),
            of("float", Value::Float(-9.0)),
            of("date", Value::Date(0)),
        ];
        for (low, high) in rising.iter().zip(rising.iter().skip(1)) {
            assert!(key(low).unwrap() < key(high).unwrap(), "{low:?} {high:?}");
        }
    }

    #[test]
    fn values_of_one_family_are_equal_across_types() {
        let equal = |a: Variant, b: Variant| assert_eq!(key(&a).unwrap(), key(&b).unwrap());
        equal(of("int", Value::Integer(1)), of("decimal(5,2)", Value::Decimal(100)));
        equal(of("varchar(3)", Value::Text("ABC".into())), of("nvarchar(5)", Value::Text("abc  ".into())));
        equal(of("date", Value::Date(3)), of("datetime2(7)", Value::DateTime(3 * 864_000_000_000)));
        equal(of("varbinary(2)", Value::Binary(vec![1, 0])), of("binary(1)", Value::Binary(vec![1])));
    }

    #[test]
    fn properties_are_those_of_the_base_type() {
        let held = of("decimal(9,2)", Value::Decimal(5));
        let value = |name| property(&held, name).map(|property| property.value);
        assert_eq!(value("BaseType"), Some(Value::Text("decimal".into())));
        assert_eq!(value("precision"), Some(Value::Integer(9)));
        assert_eq!(value("SCALE"), Some(Value::Integer(2)));
        assert_eq!(value("MaxLength"), Some(Value::Integer(5)));
        assert_eq!(value("Collation"), None);
        assert_eq!(value("Colour"), None);
    }

    proptest! {
        #[test]
        fn floats_keep_their_order(a in -1e300f64..1e300, b in -1e300f64..1e300) {
            prop_assert_eq!(a < b, ordered(a) < ordered(b));
        }

        #[test]
        fn keys_of_texts_are_equal_when_the_collation_says_so(a in "[aAbBéÉ ]{0,5}", b in "[aAbBéÉ ]{0,5}") {
            let text = |text: &str| of("nvarchar(9)", Value::Text(text.to_owned()));
            prop_assert_eq!(key(&text(&a)).unwrap().cmp(&key(&text(&b)).unwrap()), collation::compare(&a, &b));
        }
    }
}
