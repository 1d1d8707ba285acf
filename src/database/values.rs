//! Between our values and the driver's: parameters out, cells in.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use tiberius::error::Error as DriverError;
use tiberius::numeric::Numeric;
use tiberius::{ColumnData, ColumnType, time as driver_time};

use super::sink::Cell;
use crate::invocation::{Decimal, SqlType, SqlValue};

/// chrono counts days from 1 January of year 1 as day 1, TDS as day 0.
const CHRONO_DAY_OF_TDS_DAY_ZERO: i32 = 1;

/// 1900-01-01, day 0 of datetime and smalldatetime, as chrono counts.
const CHRONO_DAY_OF_1900: i32 = 693_596;

/// Nanoseconds of one unit at scale 0.
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A value that the driver gave and that we can't tell truly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    #[error(
        "column `{column}` is money with a value that loses digits on its way: write CAST(... AS decimal(19,4))"
    )]
    Money { column: String },
    #[error(
        "column `{column}` is a sql_variant with a value that may be money and lose digits on its way: write \
         CAST(... AS decimal(19,4)), or CAST(... AS float) where it is one"
    )]
    MoneyInVariant { column: String },
    #[error(
        "column `{column}` is a hierarchyid, geometry, geography or another .NET type: write `{column}.ToString() AS {column}`"
    )]
    DotNetType { column: String },
    #[error("column `{column}` is of a type that can't be read: convert it in the query with CAST")]
    Unsupported { column: String },
    #[error("column `{column}` holds a date or time outside the years 1 to 9999")]
    OutOfRange { column: String },
    #[error(
        "a varchar value has bytes that the code page of its collation doesn't have, or the driver doesn't know the code page: \
         write CAST(... AS nvarchar(max))"
    )]
    CodePage,
    #[error("a text is no valid UTF-16: write CAST(... AS varbinary(max)), or mend it in the table")]
    HalfSurrogates,
    #[error(
        "a column is of a type that the driver doesn't know: convert it in the query, for example with \
         CAST(... AS nvarchar(max))"
    )]
    UnknownType,
}

impl ReadError {
    /// What the driver says of a reply that came whole and in order, and that it can't tell truly. Another try would meet it again,
    /// unlike a reply that is cut or garbled. Some of it only the driver's sentence tells.
    pub(super) fn of_driver(error: &DriverError) -> Option<Self> {
        match error {
            DriverError::Encoding(_) => Some(Self::CodePage),
            DriverError::Utf16 => Some(Self::HalfSurrogates),
            DriverError::Protocol(what) if what.contains("invalid UTF-16 sequence") => {
                Some(Self::HalfSurrogates)
            }
            DriverError::Protocol(what) if what.contains("unsupported column type") => {
                Some(Self::UnknownType)
            }
            _ => None,
        }
    }
}

/// A parameter as the driver sends it. The server converts it to the declared type, which is the same or wider.
pub(super) fn to_driver(sql_type: SqlType, value: &SqlValue) -> ColumnData<'_> {
    match value {
        SqlValue::Null => null_of(sql_type),
        SqlValue::Bit(bit) => ColumnData::Bit(Some(*bit)),
        SqlValue::Integer(integer) => integer_of(sql_type, *integer),
        SqlValue::Decimal(decimal) => decimal_of(*decimal),
        // A real is sent as the float that it equals; the server rounds it to the same real again.
        SqlValue::Float(float) => ColumnData::F64(Some(*float)),
        SqlValue::Text(text) => ColumnData::String(Some(Cow::Borrowed(text))),
        SqlValue::Binary(bytes) => ColumnData::Binary(Some(Cow::Borrowed(bytes))),
        SqlValue::UniqueIdentifier(uuid) => ColumnData::Guid(Some(*uuid)),
        SqlValue::Date(date) => ColumnData::Date(Some(driver_date(*date))),
        SqlValue::Time(time) => ColumnData::Time(Some(driver_time_of(*time, scale_of(sql_type)))),
        SqlValue::DateTime(date_time) => {
            ColumnData::DateTime2(Some(driver_date_time(*date_time, scale_of(sql_type))))
        }
        SqlValue::DateTimeOffset(instant) => {
            let offset_minutes = i16::try_from(instant.offset().local_minus_utc() / 60).unwrap_or(0);
            let utc = driver_date_time(instant.naive_utc(), scale_of(sql_type));
            ColumnData::DateTimeOffset(Some(driver_time::DateTimeOffset::new(utc, offset_minutes)))
        }
    }
}

fn null_of(sql_type: SqlType) -> ColumnData<'static> {
    match sql_type {
        SqlType::Bit => ColumnData::Bit(None),
        SqlType::TinyInt => ColumnData::U8(None),
        SqlType::SmallInt => ColumnData::I16(None),
        SqlType::Int => ColumnData::I32(None),
        SqlType::BigInt => ColumnData::I64(None),
        SqlType::Decimal { .. } => ColumnData::Numeric(None),
        SqlType::Real | SqlType::Float => ColumnData::F64(None),
        SqlType::Date => ColumnData::Date(None),
        SqlType::Time { .. } => ColumnData::Time(None),
        SqlType::DateTime | SqlType::SmallDateTime | SqlType::DateTime2 { .. } => ColumnData::DateTime2(None),
        SqlType::DateTimeOffset { .. } => ColumnData::DateTimeOffset(None),
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Xml
        | SqlType::Json => ColumnData::String(None),
        SqlType::Binary(_) | SqlType::VarBinary(_) => ColumnData::Binary(None),
        SqlType::UniqueIdentifier => ColumnData::Guid(None),
    }
}

/// The driver counts a digit before the point even where there is none, so of 38 digits after it it makes 39, which no server
/// takes: such a number goes as text, which the server converts.
fn decimal_of(decimal: Decimal) -> ColumnData<'static> {
    if decimal.scale >= Numeric::MAX_NUMERIC_SCALE {
        return ColumnData::String(Some(Cow::Owned(decimal.to_string())));
    }
    ColumnData::Numeric(Some(Numeric::new_with_scale(decimal.unscaled, decimal.scale)))
}

/// The narrowest wire type of the declaration; a value outside it, which binding excludes, travels as bigint so that
/// the server refuses it with a number of its own.
fn integer_of(sql_type: SqlType, integer: i64) -> ColumnData<'static> {
    let narrow = match sql_type {
        SqlType::TinyInt => u8::try_from(integer).ok().map(|v| ColumnData::U8(Some(v))),
        SqlType::SmallInt => i16::try_from(integer).ok().map(|v| ColumnData::I16(Some(v))),
        SqlType::Int => i32::try_from(integer).ok().map(|v| ColumnData::I32(Some(v))),
        _ => None,
    };
    narrow.unwrap_or(ColumnData::I64(Some(integer)))
}

fn scale_of(sql_type: SqlType) -> u8 {
    match sql_type {
        SqlType::Time { scale } | SqlType::DateTime2 { scale } | SqlType::DateTimeOffset { scale } => {
            scale.min(7)
        }
        SqlType::SmallDateTime => 0,
        // datetime has steps of 1/300 s: three digits name each of them.
        SqlType::DateTime => 3,
        _ => 7,
    }
}

fn driver_date(date: NaiveDate) -> driver_time::Date {
    let days = date.num_days_from_ce() - CHRONO_DAY_OF_TDS_DAY_ZERO;
    driver_time::Date::new(u32::try_from(days).unwrap_or(0))
}

fn driver_time_of(time: NaiveTime, scale: u8) -> driver_time::Time {
    let nanos = u64::from(time.num_seconds_from_midnight()) * NANOS_PER_SECOND
        + u64::from(time.nanosecond() % 1_000_000_000);
    driver_time::Time::new(nanos / nanos_per_increment(scale), scale)
}

fn driver_date_time(value: NaiveDateTime, scale: u8) -> driver_time::DateTime2 {
    driver_time::DateTime2::new(driver_date(value.date()), driver_time_of(value.time(), scale))
}

fn nanos_per_increment(scale: u8) -> u64 {
    10_u64.pow(9 - u32::from(scale.min(9)))
}

/// The T-SQL name of a column's type. The driver calls a nullable datetime and smalldatetime, money and smallmoney, the same.
pub(super) fn bare_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Bit | ColumnType::Bitn => "bit",
        ColumnType::Int1 => "tinyint",
        ColumnType::Int2 => "smallint",
        ColumnType::Int4 | ColumnType::Intn => "int",
        ColumnType::Int8 => "bigint",
        ColumnType::Decimaln | ColumnType::Numericn => "decimal",
        ColumnType::Money => "money",
        ColumnType::Money4 => "smallmoney",
        ColumnType::Float4 => "real",
        ColumnType::Float8 | ColumnType::Floatn => "float",
        ColumnType::Datetime4 => "smalldatetime",
        ColumnType::Datetime | ColumnType::Datetimen => "datetime",
        ColumnType::Daten => "date",
        ColumnType::Timen => "time",
        ColumnType::Datetime2 => "datetime2",
        ColumnType::DatetimeOffsetn => "datetimeoffset",
        ColumnType::Guid => "uniqueidentifier",
        ColumnType::BigVarBin => "varbinary",
        ColumnType::BigBinary => "binary",
        ColumnType::BigVarChar => "varchar",
        ColumnType::BigChar => "char",
        ColumnType::NVarchar => "nvarchar",
        ColumnType::NChar => "nchar",
        ColumnType::Xml => "xml",
        ColumnType::Udt => "udt",
        ColumnType::Text => "text",
        ColumnType::NText => "ntext",
        ColumnType::Image => "image",
        ColumnType::SSVariant => "sql_variant",
        ColumnType::Null => "",
    }
}

/// A value of a row as a cell; `column` names it in an error.
pub(super) fn to_cell<'a>(
    data: &'a ColumnData<'_>,
    column_type: ColumnType,
    column: &str,
) -> Result<Cell<'a>, ReadError> {
    let out_of_range = || ReadError::OutOfRange { column: column.to_owned() };
    let unsupported = || ReadError::Unsupported { column: column.to_owned() };
    let cell = match data {
        ColumnData::U8(value) => value.map(|v| Cell::Integer(i32::from(v))),
        ColumnData::I16(value) => value.map(|v| Cell::Integer(i32::from(v))),
        ColumnData::I32(value) => value.map(Cell::Integer),
        ColumnData::I64(value) => value.map(Cell::BigInt),
        ColumnData::F32(value) => value.map(Cell::Real),
        ColumnData::F64(Some(value)) => Some(float_or_money(*value, column_type, column)?),
        ColumnData::F64(None) => None,
        ColumnData::Bit(value) => value.map(Cell::Bit),
        ColumnData::String(value) => value.as_deref().map(Cell::Text),
        ColumnData::Guid(value) => value.map(Cell::UniqueIdentifier),
        ColumnData::Binary(Some(_)) if column_type == ColumnType::Udt => {
            return Err(ReadError::DotNetType { column: column.to_owned() });
        }
        ColumnData::Binary(value) => value.as_deref().map(Cell::Binary),
        ColumnData::Numeric(value) => {
            value.map(|n| Cell::Decimal(Decimal { unscaled: n.value(), scale: n.scale() }))
        }
        ColumnData::Date(value) => {
            value.map(|date| civil_date(date).map(Cell::Date).ok_or_else(out_of_range)).transpose()?
        }
        ColumnData::Time(value) => value
            .map(|time| {
                civil_time(time)
                    .map(|value| Cell::Time { value, scale: time.scale() })
                    .ok_or_else(out_of_range)
            })
            .transpose()?,
        ColumnData::DateTime2(value) => value
            .map(|v| {
                civil_date_time(v)
                    .map(|value| Cell::DateTime { value, scale: v.time().scale() })
                    .ok_or_else(out_of_range)
            })
            .transpose()?,
        ColumnData::DateTimeOffset(value) => {
            value.map(|v| civil_offset(v).ok_or_else(out_of_range)).transpose()?
        }
        ColumnData::DateTime(value) => value
            .map(|v| civil_legacy(v.days(), u64::from(v.seconds_fragments())).ok_or_else(out_of_range))
            .transpose()?,
        ColumnData::SmallDateTime(value) => {
            value.map(|v| civil_small(v).ok_or_else(out_of_range)).transpose()?
        }
        ColumnData::Xml(value) => value.as_deref().map(|xml| Cell::Text(xml.as_ref())),
        #[expect(unreachable_patterns, reason = "a type that a later driver adds is refused, not guessed")]
        _ => return Err(unsupported()),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

/// 2^39: from here on the doubles next to each other are further apart than two money values, so that two of them become one.
/// Below it they are 2^-14 apart at the most, and every money value is nearer to its own double than to its neighbour's.
const MONEY_LIMIT: f64 = 549_755_813_888.0;

/// The largest money value, 922337203685477.5807, as the double that the driver makes of it.
const LARGEST_MONEY: f64 = 922_337_203_685_477.6;

/// What an f64 of the driver's is: it reads money through one too, and in a `sql_variant` doesn't tell which it was.
fn float_or_money(value: f64, column_type: ColumnType, column: &str) -> Result<Cell<'static>, ReadError> {
    match column_type {
        ColumnType::Money | ColumnType::Money4 => exact_money(value)
            .map(Cell::Decimal)
            .ok_or_else(|| ReadError::Money { column: column.to_owned() }),
        // Below the limit the shortest digits of the double are those of the money value, but for zeros at its end.
        ColumnType::SSVariant if (MONEY_LIMIT..=LARGEST_MONEY).contains(&value.abs()) => {
            Err(ReadError::MoneyInVariant { column: column.to_owned() })
        }
        _ => Ok(Cell::Float(value)),
    }
}

/// The money value that the driver made this of; None where it can't be told from its neighbours.
fn exact_money(value: f64) -> Option<Decimal> {
    if value.is_nan() || value.abs() >= MONEY_LIMIT {
        return None;
    }
    // The whole part and the rest apart, each exact: the product of all of it would be rounded once more.
    let whole = value.trunc();
    #[expect(clippy::cast_possible_truncation, reason = "below 2^39, and below 10^4 and rounded")]
    let (whole, ten_thousandths) = (whole as i64, ((value - whole) * 1e4).round() as i64);
    Some(Decimal { unscaled: i128::from(whole) * 10_000 + i128::from(ten_thousandths), scale: 4 })
}

fn civil_date(date: driver_time::Date) -> Option<NaiveDate> {
    let days = i32::try_from(date.days()).ok()?.checked_add(CHRONO_DAY_OF_TDS_DAY_ZERO)?;
    NaiveDate::from_num_days_from_ce_opt(days).filter(|date| (1..=9999).contains(&date.year()))
}

fn civil_time(time: driver_time::Time) -> Option<NaiveTime> {
    let nanos = time.increments().checked_mul(nanos_per_increment(time.scale()))?;
    let seconds = u32::try_from(nanos / NANOS_PER_SECOND).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, u32::try_from(nanos % NANOS_PER_SECOND).ok()?)
}

fn civil_date_time(value: driver_time::DateTime2) -> Option<NaiveDateTime> {
    Some(civil_date(value.date())?.and_time(civil_time(value.time())?))
}

fn civil_offset(value: driver_time::DateTimeOffset) -> Option<Cell<'static>> {
    let offset = FixedOffset::east_opt(i32::from(value.offset()) * 60)?;
    let utc = civil_date_time(value.datetime2())?;
    Some(Cell::DateTimeOffset {
        value: DateTime::from_naive_utc_and_offset(utc, offset),
        scale: value.datetime2().time().scale(),
    })
}

/// datetime: days from 1900 and 300ths of a second, which print as whole milliseconds, rounded as the server does.
fn civil_legacy(days: i32, fragments: u64) -> Option<Cell<'static>> {
    let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(CHRONO_DAY_OF_1900)?)?;
    let millis = (fragments * 10 + 1) / 3;
    let seconds = u32::try_from(millis / 1000).ok()?;
    let nanos = u32::try_from(millis % 1000).ok()? * 1_000_000;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?;
    Some(Cell::DateTime { value: date.and_time(time), scale: 3 })
}

/// smalldatetime: days from 1900 and minutes.
fn civil_small(value: driver_time::SmallDateTime) -> Option<Cell<'static>> {
    let date =
        NaiveDate::from_num_days_from_ce_opt(i32::from(value.days()).checked_add(CHRONO_DAY_OF_1900)?)?;
    let seconds = u32::from(value.seconds_fragments()).checked_mul(60)?;
    Some(Cell::DateTime {
        value: date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)?),
        scale: 0,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use chrono::Duration;
    use proptest::prelude::*;

    use super::*;

    fn cell<'a>(data: &'a ColumnData<'_>) -> Cell<'a> {
        to_cell(data, ColumnType::Null, "c").unwrap()
    }

    fn moment(days: i64, nanos: i64) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(1, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap()
            + Duration::days(days)
            + Duration::nanoseconds(nanos)
    }

    proptest! {
        #[test]
        fn a_moment_goes_through_the_drivers_types_unchanged(
            days in 0_i64..3_652_059,
            ticks in 0_i64..864_000_000_000,
            scale in 0_u8..=7,
            offset_minutes in -840_i32..=840,
        ) {
            let step = 10_i64.pow(7 - u32::from(scale));
            let value = moment(days, ticks / step * step * 100);
            let (date, time, date_time) =
                (SqlValue::Date(value.date()), SqlValue::Time(value.time()), SqlValue::DateTime(value));
            let sent = to_driver(SqlType::DateTime2 { scale }, &date_time);
            prop_assert_eq!(cell(&sent), Cell::DateTime { value, scale });
            let sent = to_driver(SqlType::Time { scale }, &time);
            prop_assert_eq!(cell(&sent), Cell::Time { value: value.time(), scale });
            let sent = to_driver(SqlType::Date, &date);
            prop_assert_eq!(cell(&sent), Cell::Date(value.date()));
            let zone = FixedOffset::east_opt(offset_minutes * 60).unwrap();
            let instant = DateTime::<FixedOffset>::from_naive_utc_and_offset(value, zone);
            let with_offset = SqlValue::DateTimeOffset(instant);
            let sent = to_driver(SqlType::DateTimeOffset { scale }, &with_offset);
            match cell(&sent) {
                Cell::DateTimeOffset { value, scale: found } => {
                    prop_assert_eq!((value, *value.offset(), found), (instant, zone, scale));
                }
                other => panic!("a datetimeoffset was expected, not {other:?}"),
            }
        }

        #[test]
        fn a_decimal_keeps_all_its_digits(unscaled in 1 - 10_i128.pow(38)..10_i128.pow(38), scale in 0_u8..=38) {
            let decimal = Decimal { unscaled, scale };
            let value = SqlValue::Decimal(decimal);
            match to_driver(SqlType::Decimal { precision: 38, scale }, &value) {
                ColumnData::String(Some(text)) => prop_assert_eq!(Decimal::parse(&text, 38, scale), Ok(decimal)),
                ColumnData::Numeric(Some(sent)) => {
                    prop_assert!(sent.precision() <= 38, "no server takes {} digits", sent.precision());
                    let sent = ColumnData::Numeric(Some(sent));
                    prop_assert_eq!(cell(&sent), Cell::Decimal(decimal));
                }
                other => panic!("not {other:?}"),
            }
        }
    }

    /// SQL Server documentation, "datetime": values are rounded to increments of .000, .003, or .007 seconds.
    #[test]
    fn a_datetime_prints_the_milliseconds_that_the_server_prints() {
        for (fragments, millis) in [(0, 0), (1, 3), (2, 7), (3, 10), (25_919_999, 86_399_997)] {
            let data = ColumnData::DateTime(Some(driver_time::DateTime::new(0, fragments)));
            let expected = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap()
                + Duration::milliseconds(millis);
            assert_eq!(cell(&data), Cell::DateTime { value: expected, scale: 3 });
        }
    }

    #[test]
    fn a_smalldatetime_counts_minutes() {
        let data = ColumnData::SmallDateTime(Some(driver_time::SmallDateTime::new(1, 61)));
        let expected = NaiveDate::from_ymd_opt(1900, 1, 2).unwrap().and_hms_opt(1, 1, 0).unwrap();
        assert_eq!(cell(&data), Cell::DateTime { value: expected, scale: 0 });
    }

    /// As the driver makes it of the integer on the wire (`column_data/money.rs`).
    #[expect(clippy::cast_precision_loss, reason = "this is what the test is about")]
    fn drivers_money(unscaled: i64) -> ColumnData<'static> {
        let (high, low) = (unscaled >> 32, f64::from(u32::try_from(unscaled & 0xFFFF_FFFF).unwrap()));
        ColumnData::F64(Some(((high << 32) as f64 + low) / 1e4))
    }

    /// The first value on the wire that is refused.
    const FIRST_REFUSED: i64 = 5_497_558_138_880_000;

    fn check_money(unscaled: i64) {
        let data = drivers_money(unscaled);
        let money = to_cell(&data, ColumnType::Money, "Price");
        let in_variant = to_cell(&data, ColumnType::SSVariant, "Price");
        let decimal = Decimal { unscaled: unscaled.into(), scale: 4 };
        if unscaled.abs() >= FIRST_REFUSED {
            assert!(money.unwrap_err().to_string().contains("CAST(... AS decimal(19,4))"), "{unscaled}");
            assert!(in_variant.unwrap_err().to_string().contains("CAST(... AS decimal(19,4))"), "{unscaled}");
            return;
        }
        assert_eq!(money, Ok(Cell::Decimal(decimal)));
        let Ok(Cell::Float(float)) = in_variant else { panic!("not a number: {in_variant:?}") };
        let shortest = Decimal::parse(&format!("{float}"), 38, 4);
        assert_eq!(shortest, Ok(decimal), "the digits of the double in a sql_variant");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn money_of_any_magnitude_is_exact_or_refused(bits in 0_u32..=63, mantissa: u64, negative: bool) {
            let magnitude = i64::try_from(mantissa >> (64 - bits.clamp(1, 63))).unwrap();
            check_money(if negative { -magnitude } else { magnitude });
        }
    }

    #[test]
    fn money_is_exact_or_refused_at_every_change_of_magnitude() {
        for bits in 0..63 {
            // Where the value on the wire gets another bit, and where the value itself does.
            for around in [1_i64 << bits, (1_i64 << bits).saturating_mul(10_000)] {
                for step in -200..=200 {
                    check_money(around.saturating_add(step));
                    check_money(around.saturating_add(step).saturating_neg());
                }
            }
        }
        for last in [0, 1, i64::MAX, i64::MIN + 1, FIRST_REFUSED - 1, FIRST_REFUSED] {
            check_money(last);
        }
    }

    /// What the limit guards against: above it two values become one.
    #[test]
    fn two_money_values_above_the_limit_become_one_in_the_driver() {
        assert_eq!(drivers_money(FIRST_REFUSED + 8), drivers_money(FIRST_REFUSED + 9));
        assert_ne!(drivers_money(FIRST_REFUSED - 8), drivers_money(FIRST_REFUSED - 9));
    }

    #[test]
    fn a_number_in_a_sql_variant_that_is_too_large_for_money_is_a_float() {
        let data = ColumnData::F64(Some(1e15));
        assert_eq!(to_cell(&data, ColumnType::SSVariant, "Value"), Ok(Cell::Float(1e15)));
    }

    #[test]
    fn a_dotnet_type_is_refused_with_its_cure_and_null_is_null() {
        let data = ColumnData::Binary(Some(Cow::Borrowed(&[0x58])));
        let error = to_cell(&data, ColumnType::Udt, "Node").unwrap_err();
        assert!(error.to_string().contains("`Node.ToString() AS Node`"), "{error}");
        assert_eq!(to_cell(&ColumnData::Binary(None), ColumnType::Udt, "Node"), Ok(Cell::Null));
    }

    #[test]
    fn what_the_driver_cannot_read_is_told_with_its_cure() {
        for (error, cure) in [
            (
                DriverError::Encoding("encoding: unspported encoding (LCID: 0x409, sort ID: 42)".into()),
                "nvarchar(max)",
            ),
            (DriverError::Utf16, "varbinary(max)"),
            (DriverError::Protocol("nvarchar: invalid UTF-16 sequence".into()), "varbinary(max)"),
            (
                DriverError::Protocol("invalid or unsupported column type: 245".into()),
                "CAST(... AS nvarchar(max))",
            ),
        ] {
            let told = ReadError::of_driver(&error).unwrap().to_string();
            assert!(told.contains(cure), "{told}");
        }
        // It may be the way here that broke it.
        assert_eq!(ReadError::of_driver(&DriverError::Protocol("invalid token type".into())), None);
    }

    #[test]
    fn xml_is_its_text() {
        let data = ColumnData::Xml(Some(Cow::Owned(tiberius::xml::XmlData::new("<a>\u{e9}</a>"))));
        assert_eq!(cell(&data), Cell::Text("<a>\u{e9}</a>"));
        assert_eq!(cell(&ColumnData::Xml(None)), Cell::Null);
    }

    #[test]
    fn a_value_outside_the_calendar_is_an_error_and_no_panic() {
        for data in [
            ColumnData::Date(Some(driver_time::Date::new(0x00FF_FFFF))),
            ColumnData::Time(Some(driver_time::Time::new(u64::MAX, 7))),
            ColumnData::DateTime(Some(driver_time::DateTime::new(i32::MAX, u32::MAX))),
            ColumnData::SmallDateTime(Some(driver_time::SmallDateTime::new(0, u16::MAX))),
        ] {
            let error = to_cell(&data, ColumnType::Null, "When").unwrap_err();
            assert!(error.to_string().contains("`When`"), "{error}");
        }
    }

    #[test]
    fn null_goes_out_with_the_wire_type_of_its_declaration() {
        assert_eq!(to_driver(SqlType::Int, &SqlValue::Null), ColumnData::I32(None));
        assert_eq!(
            to_driver(SqlType::NVarChar(crate::invocation::Length::Max), &SqlValue::Null),
            ColumnData::String(None)
        );
        assert_eq!(cell(&ColumnData::I32(None)), Cell::Null);
    }
}
