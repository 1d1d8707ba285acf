//! Every type, from a client's parameter to its column: tiberius writes and reads, the session only hands back.

use std::borrow::Cow;

use proptest::prelude::*;
use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime, Time};
use tiberius::{ColumnData, Command, IntoSql, Uuid};

use crate::harness::{Fixture, options};
use local_azure::sql::tds::bytes::Reader;
use local_azure::sql::tds::type_info::TypeInfo;
use local_azure::sql::tds::{decode, encode, type_info};
use local_azure::sql::types::{Length, SqlType, Value};

/// A parameter in the form in which tiberius sends it.
struct Raw(ColumnData<'static>);

impl IntoSql<'static> for Raw {
    fn into_sql(self) -> ColumnData<'static> {
        self.0
    }
}

fn samples() -> Vec<ColumnData<'static>> {
    let text = |text: String| ColumnData::String(Some(Cow::Owned(text)));
    let binary = |bytes: Vec<u8>| ColumnData::Binary(Some(Cow::Owned(bytes)));
    vec![
        ColumnData::Bit(Some(true)),
        ColumnData::Bit(Some(false)),
        ColumnData::U8(Some(255)),
        ColumnData::I16(Some(i16::MIN)),
        ColumnData::I32(Some(i32::MIN)),
        ColumnData::I64(Some(i64::MAX)),
        ColumnData::F32(Some(-1.5e-30)),
        ColumnData::F64(Some(std::f64::consts::PI)),
        ColumnData::Numeric(Some(Numeric::new_with_scale(-123_456_789, 4))),
        ColumnData::Numeric(Some(Numeric::new_with_scale(
            99_999_999_999_999_999_999_999_999_999_999_999_999,
            0,
        ))),
        ColumnData::Guid(Some(Uuid::from_u128(0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF))),
        text("Zürich, 東京, 🚀".to_owned()),
        text(String::new()),
        text("x".repeat(4000)),
        text("é".repeat(100_000)),
        binary(vec![0, 1, 2, 255]),
        binary(Vec::new()),
        binary(vec![7; 20_000]),
        ColumnData::Date(Some(Date::new(0))),
        ColumnData::Date(Some(Date::new(3_652_058))),
        ColumnData::Time(Some(Time::new(863_999_999_999, 7))),
        ColumnData::Time(Some(Time::new(86_399_999, 3))),
        ColumnData::Time(Some(Time::new(86_399, 0))),
        ColumnData::DateTime(Some(DateTime::new(45_000, 25_919_999))),
        ColumnData::DateTime(Some(DateTime::new(-53_690, 1))),
        ColumnData::SmallDateTime(Some(SmallDateTime::new(45_000, 1439))),
        ColumnData::DateTime2(Some(DateTime2::new(Date::new(738_000), Time::new(1_234_567, 7)))),
        ColumnData::DateTimeOffset(Some(DateTimeOffset::new(
            DateTime2::new(Date::new(738_000), Time::new(1_234_567, 7)),
            -840,
        ))),
    ]
}

#[tokio::test]
async fn values_of_every_type_come_back_as_they_went() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    for sample in samples() {
        let mut command = Command::new("sp_executesql");
        command.bind_param("@stmt", "echo");
        command.bind_param("@params", "@v sql_variant");
        command.bind_param("@v", Raw(sample.clone()));
        let result = command.exec(&mut client).await.unwrap();
        let result = result.into_command_result().await.unwrap();
        let row = result.to_query_result(0).unwrap().first().unwrap();
        let (_, back) = row.cells().next().unwrap();
        assert_eq!(back, &sample);
    }
}

#[tokio::test]
async fn nulls_stay_null() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    let mut command = Command::new("sp_executesql");
    command.bind_param("@stmt", "echo");
    command.bind_param("@params", "");
    command.bind_param("@a", Option::<i32>::None);
    command.bind_param("@b", Option::<&str>::None);
    command.bind_param("@c", Option::<Uuid>::None);
    command.bind_param("@d", Option::<&[u8]>::None);
    command.bind_param("@e", 5);
    let result = command.exec(&mut client).await.unwrap();
    let result = result.into_command_result().await.unwrap();
    let row = result.to_query_result(0).unwrap().first().unwrap();
    // tiberius sends NULL text without a type, which is an int then; what counts is that nothing becomes a value.
    let nulls = row.cells().take(4).all(|(_, cell)| {
        matches!(cell, ColumnData::I32(None) | ColumnData::Guid(None) | ColumnData::Binary(None))
    });
    assert!(nulls);
    assert_eq!(row.get::<i32, _>("@e"), Some(5));
}

/// A value with its type, as the session would give it.
fn typed_value() -> impl Strategy<Value = (SqlType, Value)> {
    const LAST_TICK: i64 = 3_652_059 * 864_000_000_000 - 1;
    let scale = || 0u8..=7;
    let unit = |scale: u8| 10i64.pow(7 - u32::from(scale));
    prop_oneof![
        any::<bool>().prop_map(|v| (SqlType::Bit, Value::Bit(v))),
        any::<u8>().prop_map(|v| (SqlType::TinyInt, Value::Integer(v.into()))),
        any::<i16>().prop_map(|v| (SqlType::SmallInt, Value::Integer(v.into()))),
        any::<i32>().prop_map(|v| (SqlType::Int, Value::Integer(v.into()))),
        any::<i64>().prop_map(|v| (SqlType::BigInt, Value::Integer(v))),
        any::<i64>().prop_map(|v| (SqlType::Money, Value::Money(v))),
        any::<i32>().prop_map(|v| (SqlType::SmallMoney, Value::Money(v.into()))),
        (1u8..=38, any::<i128>()).prop_map(|(precision, v)| (
            SqlType::Decimal { precision, scale: precision / 2 },
            Value::Decimal(v % 10i128.pow(precision.into()))
        )),
        (-1e30f32..1e30).prop_map(|v| (SqlType::Real, Value::Float(v.into()))),
        (-1e300f64..1e300).prop_map(|v| (SqlType::Float, Value::Float(v))),
        (0i32..=3_652_058).prop_map(|v| (SqlType::Date, Value::Date(v))),
        (scale(), 0i64..864_000_000_000)
            .prop_map(move |(scale, v)| (SqlType::Time { scale }, Value::Time(v - v % unit(scale)))),
        (scale(), 0..=LAST_TICK)
            .prop_map(move |(scale, v)| (SqlType::DateTime2 { scale }, Value::DateTime(v - v % unit(scale)))),
        (scale(), 0..=LAST_TICK, -840i16..=840).prop_map(move |(scale, v, offset_minutes)| (
            SqlType::DateTimeOffset { scale },
            Value::DateTimeOffset { utc_ticks: v - v % unit(scale), offset_minutes }
        )),
        any::<[u8; 16]>().prop_map(|v| (SqlType::UniqueIdentifier, Value::UniqueIdentifier(v))),
        "\\PC{0,40}".prop_map(|v| (SqlType::NVarChar(Length::Limit(80)), Value::Text(v))),
        "\\PC{0,40}".prop_map(|v| (SqlType::NVarChar(Length::Max), Value::Text(v))),
        "[ -~€é]{0,40}".prop_map(|v| (SqlType::VarChar(Length::Limit(40)), Value::Text(v))),
        proptest::collection::vec(any::<u8>(), 0..60)
            .prop_map(|v| (SqlType::VarBinary(Length::Limit(60)), Value::Binary(v))),
        proptest::collection::vec(any::<u8>(), 0..60)
            .prop_map(|v| (SqlType::VarBinary(Length::Max), Value::Binary(v))),
        typed_null(),
    ]
}

fn typed_null() -> impl Strategy<Value = (SqlType, Value)> {
    prop_oneof![
        Just(SqlType::Int),
        Just(SqlType::NVarChar(Length::Max)),
        Just(SqlType::Char(10)),
        Just(SqlType::DateTime)
    ]
    .prop_map(|sql_type| (sql_type, Value::Null))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back((sql_type, value) in typed_value()) {
        let mut out = Vec::new();
        type_info::write(sql_type, &mut out);
        encode::value(sql_type, &value, &mut out).unwrap();
        let mut reader = Reader::new(&out);
        let info = TypeInfo::read(&mut reader).unwrap();
        prop_assert_eq!(info.sql_type, sql_type);
        prop_assert_eq!(decode::value(info, &mut reader).unwrap(), value);
        prop_assert!(reader.is_empty());
    }

    #[test]
    fn a_datetime_keeps_its_step(day in -53_690i32..=2_958_463, step in 0u32..25_920_000) {
        let mut wire = vec![0x6F, 8, 8];
        wire.extend(day.to_le_bytes());
        wire.extend(step.to_le_bytes());
        let mut reader = Reader::new(&wire);
        let info = TypeInfo::read(&mut reader).unwrap();
        let value = decode::value(info, &mut reader).unwrap();
        let mut out = vec![0x6F, 8];
        encode::value(SqlType::DateTime, &value, &mut out).unwrap();
        prop_assert_eq!(out, wire);
    }
}

#[test]
fn decimals_have_5_9_13_or_17_bytes() {
    for (precision, length) in [(9, 5), (10, 9), (19, 9), (20, 13), (28, 13), (29, 17), (38, 17)] {
        let sql_type = SqlType::Decimal { precision, scale: 0 };
        let mut out = Vec::new();
        encode::value(sql_type, &Value::Decimal(-1), &mut out).unwrap();
        assert_eq!(out.len(), length + 1);
        assert_eq!(out.first().copied().map(usize::from), Some(length));
        assert_eq!(out.get(1), Some(&0), "the sign of a negative number");
    }
}

#[test]
fn money_has_its_high_half_first() {
    let mut out = Vec::new();
    encode::value(SqlType::Money, &Value::Money(0x0000_0001_0000_0002), &mut out).unwrap();
    assert_eq!(out, [8, 1, 0, 0, 0, 2, 0, 0, 0]);
}

#[test]
fn a_guid_has_its_first_three_groups_reversed() {
    let bytes: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let mut out = Vec::new();
    encode::value(SqlType::UniqueIdentifier, &Value::UniqueIdentifier(bytes), &mut out).unwrap();
    assert_eq!(out, [16, 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]);
}

#[test]
fn the_last_datetime_of_a_day_rounds_into_the_next() {
    let mut out = Vec::new();
    let last_tick = 693_595 * 864_000_000_000 + 863_999_999_999;
    encode::value(SqlType::DateTime, &Value::DateTime(last_tick), &mut out).unwrap();
    assert_eq!(out, [8, 1, 0, 0, 0, 0, 0, 0, 0]);
}
