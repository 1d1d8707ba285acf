//! What converts, to what, and with which error; and the laws that all conversions and stored forms keep.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::sql::values::data_type::DefaultLength;
use crate::sql::values::storage;

fn sql_type(text: &str) -> SqlType {
    SqlType::parse_with(text, DefaultLength::Cast).unwrap()
}

fn cast(value: Value, from: &str, to: &str) -> Result<Value, SqlError> {
    convert(&value, sql_type(from), sql_type(to), Conversion::Explicit, None)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The value that a text is as one type, as the text of another type's value.
fn via(start: &str, through: &str) -> Result<String, SqlError> {
    let value = cast(text(start), "nvarchar(100)", through)?;
    match cast(value, through, "nvarchar(100)")? {
        Value::Text(text) => Ok(text),
        other => Ok(format!("{other:?}")),
    }
}

#[test]
fn text_becomes_the_type_and_is_written_as_the_server_writes_it() {
    for (start, through, end) in [
        (" 12 ", "int", "12"),
        ("", "int", "0"),
        ("true", "bit", "1"),
        ("12.345", "decimal(9,2)", "12.35"),
        ("-12.345", "decimal(9,2)", "-12.35"),
        ("$1,234.56789", "money", "1234.57"),
        ("1e3", "float", "1000"),
        ("2024-02-29", "date", "2024-02-29"),
        ("23:59:59.9999999", "time(7)", "23:59:59.9999999"),
        ("2024-01-01 00:00:00.002", "datetime", "Jan  1 2024 12:00AM"),
        ("2024-01-01T10:00:00.123456", "datetime2(3)", "2024-01-01 10:00:00.123"),
        ("2024-12-31T23:59:59.9996", "datetime2(3)", "2025-01-01 00:00:00.000"),
        ("2024-01-01T10:00:00+02:00", "datetimeoffset(0)", "2024-01-01 10:00:00 +02:00"),
        ("2024-01-01T10:00:00+02:00", "datetime2(0)", "2024-01-01 10:00:00"),
        ("00112233-4455-6677-8899-aabbccddeeff", "uniqueidentifier", "00112233-4455-6677-8899-AABBCCDDEEFF"),
        ("Łódź", "varchar(10)", "?ód?"),
        ("abc", "char(5)", "abc  "),
        ("abcdef", "varchar(3)", "abc"),
    ] {
        assert_eq!(via(start, through).unwrap(), end, "{start} as {through}");
    }
}

#[test]
fn text_of_the_wrong_form_gives_the_servers_number() {
    for (start, through, number) in [
        ("abc", "int", 245),
        ("1.5", "int", 245),
        ("3000000000", "int", 248),
        ("300", "tinyint", 244),
        ("abc", "bigint", 8114),
        ("9223372036854775808", "bigint", 8115),
        ("1e5", "decimal(9,2)", 8114),
        ("12345678.1", "decimal(9,2)", 8115),
        ("abc", "float", 8114),
        ("nan", "float", 8114),
        ("abc", "money", 235),
        ("abc", "date", 241),
        ("2023-02-29", "date", 241),
        ("2023-02-29", "datetime", 242),
        ("1752-12-31", "datetime", 242),
        ("2024-01-01 10:00:00.1234", "datetime", 241),
        ("2080-01-01", "smalldatetime", 242),
        ("abc", "uniqueidentifier", 8169),
    ] {
        assert_eq!(via(start, through).unwrap_err().number, number, "{start} as {through}");
    }
}

#[test]
fn numbers_out_of_range_give_the_servers_number() {
    for (value, from, to, number) in [
        (Value::Integer(256), "int", "tinyint", 220),
        (Value::Integer(1 << 40), "bigint", "int", 8115),
        (Value::Float(1e10), "float", "int", 232),
        (Value::Float(1e300), "float", "real", 232),
        (Value::Integer(1000), "int", "decimal(3,0)", 8115),
        (Value::Integer(1000), "int", "nvarchar(2)", 8115),
        (Value::Money(1_234_500), "money", "varchar(2)", 234),
        (Value::Integer(1), "int", "date", 529),
    ] {
        assert_eq!(cast(value, from, to).unwrap_err().number, number, "{from} to {to}");
    }
    assert_eq!(cast(Value::Integer(1000), "int", "varchar(2)").unwrap(), text("*"));
}

#[test]
fn fractions_are_cut_by_int_and_rounded_by_decimal() {
    assert_eq!(cast(Value::Decimal(199), "decimal(3,2)", "int").unwrap(), Value::Integer(1));
    assert_eq!(cast(Value::Decimal(-199), "decimal(3,2)", "int").unwrap(), Value::Integer(-1));
    assert_eq!(cast(Value::Float(1.99), "float", "int").unwrap(), Value::Integer(1));
    assert_eq!(cast(Value::Money(19_900), "money", "int").unwrap(), Value::Integer(2));
    assert_eq!(cast(Value::Float(0.5), "float", "decimal(5,0)").unwrap(), Value::Decimal(1));
}

#[test]
fn bytes_and_numbers_change_places_big_endian() {
    let bytes = cast(Value::Integer(258), "int", "varbinary(4)").unwrap();
    assert_eq!(bytes, Value::Binary(vec![0, 0, 1, 2]));
    assert_eq!(cast(bytes, "varbinary(4)", "int").unwrap(), Value::Integer(258));
    let hex = convert(
        &text("0xAbC0"),
        sql_type("varchar(9)"),
        sql_type("varbinary(9)"),
        Conversion::Explicit,
        Some(1),
    );
    assert_eq!(hex.unwrap(), Value::Binary(vec![0xab, 0xc0]));
}

#[test]
fn what_needs_a_cast_is_refused_without_one() {
    let from = SqlType::DateTime;
    let refused = convert(&Value::DateTime(0), from, SqlType::Int, Conversion::Implicit, None);
    assert_eq!(refused.unwrap_err().number, 257);
    let refused = convert(&Value::Date(0), SqlType::Date, SqlType::Int, Conversion::Implicit, None);
    assert_eq!(refused.unwrap_err().number, 206);
}

#[test]
fn blanks_beyond_a_columns_end_are_dropped_without_a_word() {
    let column = Conversion::Assignment { table: "dbo.T", column: "C" };
    let stored = convert(&text("ab   "), sql_type("varchar(5)"), sql_type("varchar(3)"), column, None);
    assert_eq!(stored.unwrap(), text("ab "));
}

#[test]
fn uniqueidentifiers_are_ordered_by_their_last_group_first() {
    let key = |printed: &str| {
        let value = cast(text(printed), "varchar(36)", "uniqueidentifier").unwrap();
        match storage::to_sqlite(&value, SqlType::UniqueIdentifier) {
            rusqlite::types::Value::Blob(bytes) => bytes,
            _ => Vec::new(),
        }
    };
    // From least to most significant byte, as SQL Server's documentation of SqlGuid has it.
    let ascending = [
        "01000000-0000-0000-0000-000000000000",
        "00000001-0000-0000-0000-000000000000",
        "00000000-0100-0000-0000-000000000000",
        "00000000-0000-0100-0000-000000000000",
        "00000000-0000-0000-0001-000000000000",
        "00000000-0000-0000-0100-000000000000",
        "00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-010000000000",
    ];
    for pair in ascending.windows(2) {
        assert!(key(pair[0]) < key(pair[1]), "{} < {}", pair[0], pair[1]);
    }
}

fn any_type_and_value() -> impl Strategy<Value = (SqlType, Value)> {
    let ticks = 0..3_155_378_975_999_999_999_i64;
    prop_oneof![
        any::<bool>().prop_map(|bit| (SqlType::Bit, Value::Bit(bit))),
        any::<i64>().prop_map(|number| (SqlType::BigInt, Value::Integer(number))),
        any::<i64>().prop_map(|number| (SqlType::Money, Value::Money(number))),
        (-10_i128.pow(37)..10_i128.pow(37))
            .prop_map(|digits| { (SqlType::Decimal { precision: 38, scale: 9 }, Value::Decimal(digits),) }),
        (-1e300..1e300_f64).prop_map(|number| (SqlType::Float, Value::Float(number))),
        (0..3_652_059_i32).prop_map(|days| (SqlType::Date, Value::Date(days))),
        (0..864_000_000_000_i64).prop_map(|ticks| (SqlType::Time { scale: 7 }, Value::Time(ticks))),
        ticks.clone().prop_map(|ticks| (SqlType::DateTime2 { scale: 7 }, Value::DateTime(ticks))),
        (864_000_000_000..3_154_000_000_000_000_000_i64, -840..=840_i16).prop_map(
            |(utc_ticks, offset_minutes)| {
                (SqlType::DateTimeOffset { scale: 7 }, Value::DateTimeOffset { utc_ticks, offset_minutes })
            }
        ),
        "\\PC{0,20}".prop_map(|text| (SqlType::NVarChar(Length::Max), Value::Text(text))),
        any::<Vec<u8>>().prop_map(|bytes| (SqlType::VarBinary(Length::Max), Value::Binary(bytes))),
        any::<[u8; 16]>().prop_map(|bytes| (SqlType::UniqueIdentifier, Value::UniqueIdentifier(bytes))),
    ]
}

fn stored_blob(digits: i128) -> Vec<u8> {
    match storage::to_sqlite(&Value::Decimal(digits), SqlType::Decimal { precision: 38, scale: 0 }) {
        rusqlite::types::Value::Blob(bytes) => bytes,
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn what_is_stored_comes_back((sql_type, value) in any_type_and_value()) {
        let stored = storage::to_sqlite(&value, sql_type);
        prop_assert_eq!(storage::from_sqlite((&stored).into(), sql_type).unwrap(), value);
    }

    #[test]
    fn stored_decimals_are_in_the_order_of_their_values(a in any::<i128>(), b in any::<i128>()) {
        prop_assert_eq!(stored_blob(a).cmp(&stored_blob(b)), a.cmp(&b));
    }

    #[test]
    fn every_type_is_read_back_from_its_spelling((sql_type, _) in any_type_and_value(), n in 1..4000_u16) {
        for sql_type in [sql_type, SqlType::Char(n), SqlType::NVarChar(Length::Limit(n)), SqlType::Binary(n)] {
            prop_assert_eq!(SqlType::parse(&sql_type.to_string()).unwrap(), sql_type);
        }
    }

    /// Binary and text of bytes are other conversions; floats lose digits by rule.
    #[test]
    fn a_value_survives_its_way_through_text((sql_type, value) in any_type_and_value()) {
        prop_assume!(!sql_type.is_binary() && sql_type != SqlType::Float);
        let style = (sql_type == SqlType::Money).then_some(2);
        let max = SqlType::NVarChar(Length::Max);
        let text = convert(&value, sql_type, max, Conversion::Explicit, style).unwrap();
        prop_assert_eq!(convert(&text, max, sql_type, Conversion::Explicit, None).unwrap(), value);
    }

    #[test]
    fn a_float_survives_its_way_through_text_in_style_3(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let max = SqlType::NVarChar(Length::Max);
        let text = convert(&Value::Float(number), SqlType::Float, max, Conversion::Explicit, Some(3)).unwrap();
        prop_assert_eq!(
            convert(&text, max, SqlType::Float, Conversion::Explicit, None).unwrap(),
            Value::Float(number)
        );
    }

    #[test]
    fn no_text_makes_a_conversion_panic(start in "\\PC{0,30}", (to, _) in any_type_and_value()) {
        let _ = convert(&Value::Text(start), SqlType::NVarChar(Length::Max), to, Conversion::Explicit, None);
    }

    #[test]
    fn no_text_of_digits_and_signs_makes_a_date_panic(start in "[0-9:./ TZAPM+-]{0,30}", style in proptest::option::of(0..132_i32)) {
        for to in [SqlType::DateTime, SqlType::Date, SqlType::DateTimeOffset { scale: 7 }, SqlType::SmallDateTime] {
            let _ = convert(&Value::Text(start.clone()), SqlType::VarChar(Length::Max), to, Conversion::Explicit, style);
        }
    }
}
