//! The types and their values: what is sent, and the documented form in which it comes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{Duration, NaiveDate, NaiveDateTime};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// A value on its way.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    pub(super) sent: Json,
    pub(super) returned: Json,
}

/// A type with a column of it.
pub(super) struct Case {
    /// What it is called when it fails.
    pub(super) name: &'static str,
    /// The column's declaration.
    pub(super) column: &'static str,
    /// The parameter's type.
    pub(super) parameter: &'static str,
    /// What is stored of a parameter, `{}`.
    pub(super) stored: &'static str,
    pub(super) trips: BoxedStrategy<Trip>,
}

impl Case {
    /// Column and parameter have the same type.
    fn of(name: &'static str, trips: BoxedStrategy<Trip>) -> Self {
        Self { name, column: name, parameter: name, stored: "{}", trips }
    }

    /// The column has a type that no parameter has.
    fn column(column: &'static str, parameter: &'static str, trips: BoxedStrategy<Trip>) -> Self {
        Self { name: column, column, parameter, stored: "{}", trips }
    }

    /// A sql_variant with a value of this type in it.
    fn variant(parameter: &'static str, trips: BoxedStrategy<Trip>) -> Self {
        Self { name: parameter, column: "sql_variant", parameter, stored: "{}", trips }
    }
}

/// The value comes back as it was sent.
fn same(strategy: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Trip> {
    strategy.prop_map(|json| Trip { sent: json.clone(), returned: json }).boxed()
}

/// The value comes back otherwise than it was sent.
fn changed(strategy: impl Strategy<Value = (Json, Json)> + 'static) -> BoxedStrategy<Trip> {
    strategy.prop_map(|(sent, returned)| Trip { sent, returned }).boxed()
}

fn number(digits: &str) -> Json {
    serde_json::from_str(digits).unwrap()
}

/// A number of at most so many digits, all of the scale's written.
fn decimal(precision: u32, scale: usize) -> BoxedStrategy<Json> {
    let limit = 10_i128.pow(precision);
    let any = prop_oneof![-limit + 1..limit, -99_999.min(limit - 1)..=99_999.min(limit - 1)];
    any.prop_map(move |unscaled| number(&decimal_text(unscaled, scale))).boxed()
}

fn decimal_text(unscaled: i128, scale: usize) -> String {
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn real() -> impl Strategy<Value = Json> {
    use proptest::num::f32::{NEGATIVE, NORMAL, POSITIVE};
    (POSITIVE | NEGATIVE | NORMAL).prop_map(|real| number(&format!("{real:?}")))
}

fn float() -> impl Strategy<Value = Json> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE};
    (POSITIVE | NEGATIVE | NORMAL).prop_map(|float| number(&format!("{float:?}")))
}

fn midnight(year: i32, month: u32, day: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap()
}

/// Any moment from the first on, within so many days, with a fraction of so many digits.
fn moment(first: NaiveDateTime, days: i64, digits: u32) -> impl Strategy<Value = NaiveDateTime> {
    let unit = 10_i64.pow(9 - digits);
    (0..days, 0..86_400 * 10_i64.pow(digits))
        .prop_map(move |(day, units)| first + Duration::days(day) + Duration::nanoseconds(units * unit))
}

fn fraction(moment: NaiveDateTime, digits: usize) -> String {
    let nanoseconds = moment.format("%f").to_string();
    if digits == 0 { String::new() } else { format!(".{}", &nanoseconds[..digits]) }
}

fn date() -> BoxedStrategy<Trip> {
    same(
        moment(midnight(1, 1, 1), 3_652_059, 0)
            .prop_map(|moment| json!(moment.format("%Y-%m-%d").to_string())),
    )
}

fn time(digits: usize) -> BoxedStrategy<Trip> {
    let moment = moment(midnight(2026, 1, 1), 1, u32::try_from(digits).unwrap());
    same(
        moment.prop_map(move |moment| {
            json!(format!("{}{}", moment.format("%H:%M:%S"), fraction(moment, digits)))
        }),
    )
}

fn date_time_text(moment: NaiveDateTime, digits: usize) -> String {
    format!("{}{}", moment.format("%Y-%m-%dT%H:%M:%S"), fraction(moment, digits))
}

fn datetime2(digits: usize) -> BoxedStrategy<Trip> {
    let moment = moment(midnight(1, 1, 1), 3_652_059, u32::try_from(digits).unwrap());
    same(moment.prop_map(move |moment| json!(date_time_text(moment, digits))))
}

fn datetimeoffset(digits: usize) -> BoxedStrategy<Trip> {
    let moment = moment(midnight(2, 1, 1), 3_650_000, u32::try_from(digits).unwrap());
    let offset = -840_i32..=840;
    same((moment, offset).prop_map(move |(moment, offset)| {
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
        json!(format!("{}{sign}{hours:02}:{minutes:02}", date_time_text(moment, digits)))
    }))
}

/// The steps of 1/300 s, in the milliseconds that name them.
fn datetime() -> BoxedStrategy<Trip> {
    same((0_i64..3_012_153, 0_i64..25_920_000).prop_map(|(day, step)| {
        let milliseconds = (step * 10 + 1) / 3;
        let moment = midnight(1753, 1, 1) + Duration::days(day) + Duration::milliseconds(milliseconds);
        json!(date_time_text(moment, 3))
    }))
}

fn smalldatetime() -> BoxedStrategy<Trip> {
    same((0_i64..65_536, 0_i64..1440).prop_map(|(day, minute)| {
        json!(date_time_text(midnight(1900, 1, 1) + Duration::days(day) + Duration::minutes(minute), 0))
    }))
}

/// Text that a column of the type fills up with blanks.
fn padded(pattern: &'static str, length: usize) -> BoxedStrategy<Trip> {
    changed(pattern.prop_map(move |text: String| {
        let padded = format!("{text:<length$}");
        (json!(text), json!(padded))
    }))
}

fn text(pattern: &'static str) -> BoxedStrategy<Trip> {
    same(pattern.prop_map(|text: String| json!(text)))
}

/// Longer than what a bounded type holds.
fn long_text(pattern: &'static str) -> BoxedStrategy<Trip> {
    same((pattern, 0_usize..900).prop_map(|(text, times)| json!(text.repeat(times))))
}

fn bytes(length: std::ops::RangeInclusive<usize>) -> BoxedStrategy<Trip> {
    same(vec(any::<u8>(), length).prop_map(|bytes| json!(STANDARD.encode(bytes))))
}

fn padded_bytes(length: usize) -> BoxedStrategy<Trip> {
    changed(vec(any::<u8>(), 0..=length).prop_map(move |mut bytes| {
        let sent = json!(STANDARD.encode(&bytes));
        bytes.resize(length, 0);
        (sent, json!(STANDARD.encode(bytes)))
    }))
}

fn uniqueidentifier() -> BoxedStrategy<Trip> {
    changed(any::<u128>().prop_map(|bits| {
        let uuid = Uuid::from_u128(bits).to_string();
        (json!(format!("{{{}}}", uuid.to_uppercase())), json!(uuid))
    }))
}

/// What a server keeps as it was written: no declaration, no blanks between elements.
fn xml() -> BoxedStrategy<Trip> {
    same(("[a-z]{1,8}", "[A-Za-z0-9é€😀 ]{1,20}", "[A-Za-z0-9 ]{0,9}").prop_map(|(name, text, attribute)| {
        json!(format!("<{name} of=\"{attribute}\"><inner>x{text}x</inner></{name}>"))
    }))
}

/// Any JSON value; a column has its text.
fn json_text() -> BoxedStrategy<Trip> {
    let leaf =
        prop_oneof![any::<bool>().prop_map(Json::from), decimal(30, 10), "\\PC{0,20}".prop_map(Json::from),];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::from),
            vec(("[a-z]{1,3}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    });
    changed(value.prop_map(|value| {
        let text = json!(value.to_string());
        (value, text)
    }))
}

/// What a column of json keeps as it was written, whatever the server stores it as.
fn json_column() -> BoxedStrategy<Trip> {
    changed(vec(("[a-z]{1,6}", any::<i32>()), 1..4).prop_map(|members| {
        let value: Json = members.into_iter().map(|(name, number)| (name, Json::from(number))).collect();
        let text = json!(value.to_string());
        (value, text)
    }))
}

/// What the driver tells truly.
fn money() -> BoxedStrategy<Trip> {
    let limit = 5_497_558_138_880_000_i128;
    let any = prop_oneof![-limit + 1..limit, -999_999..=999_999_i128];
    same(any.prop_map(|unscaled| number(&decimal_text(unscaled, 4))))
}

fn smallmoney() -> BoxedStrategy<Trip> {
    same(any::<i32>().prop_map(|unscaled| number(&decimal_text(unscaled.into(), 4))))
}

/// Latin letters that windows-1252 has.
const LATIN: &str = "[ -~é€ß]{0,50}";
/// At most 50 UTF-16 units.
const ANY: &str = "\\PC{0,25}";

/// Arrives as nvarchar: the driver doesn't tell the server that it knows UTF-8.
const UTF8: &str = "varchar(200) COLLATE Latin1_General_100_CI_AS_SC_UTF8";

/// Every type that a column can have.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::of("bit", same(any::<bool>().prop_map(Json::from))),
        Case::of("tinyint", same(any::<u8>().prop_map(Json::from))),
        Case::of("smallint", same(any::<i16>().prop_map(Json::from))),
        Case::of("int", same(any::<i32>().prop_map(Json::from))),
        Case::of("bigint", same(any::<i64>().prop_map(Json::from))),
        Case::of("decimal(38,10)", same(decimal(38, 10))),
        Case::of("decimal(38,0)", same(decimal(38, 0))),
        Case::of("decimal(38,38)", same(decimal(38, 38))),
        Case::of("decimal(19,4)", same(decimal(19, 4))),
        Case::of("numeric(5,2)", same(decimal(5, 2))),
        Case::of("real", same(real())),
        Case::of("float", same(float())),
        Case::of("date", date()),
        Case::of("time(0)", time(0)),
        Case::of("time(3)", time(3)),
        Case::of("time(7)", time(7)),
        Case::of("datetime", datetime()),
        Case::of("smalldatetime", smalldatetime()),
        Case::of("datetime2(0)", datetime2(0)),
        Case::of("datetime2(3)", datetime2(3)),
        Case::of("datetime2(7)", datetime2(7)),
        Case::of("datetimeoffset(0)", datetimeoffset(0)),
        Case::of("datetimeoffset(3)", datetimeoffset(3)),
        Case::of("datetimeoffset(7)", datetimeoffset(7)),
        Case::of("char(12)", padded("[!-~é]{0,12}", 12)),
        Case::of("varchar(50)", text(LATIN)),
        Case::of("varchar(max)", long_text("[ -~é]{5,20}")),
        Case::of("nchar(12)", padded("[!-~é日]{0,12}", 12)),
        Case::of("nvarchar(50)", text(ANY)),
        Case::of("nvarchar(max)", long_text("\\PC{5,10}")),
        Case::column(UTF8, "nvarchar(50)", text(ANY)),
        Case::of("binary(8)", padded_bytes(8)),
        Case::of("varbinary(50)", bytes(0..=50)),
        Case::of("varbinary(max)", bytes(0..=20_000)),
        Case::of("uniqueidentifier", uniqueidentifier()),
        Case::of("xml", xml()),
        Case::column("nvarchar(max)", "json", json_text()),
        Case::column("json", "json", json_column()),
        Case::column("money", "decimal(19,4)", money()),
        Case::column("smallmoney", "decimal(10,4)", smallmoney()),
        Case::column("text", "varchar(max)", long_text("[ -~é]{5,20}")),
        Case::column("ntext", "nvarchar(max)", long_text("\\PC{5,10}")),
        Case::column("image", "varbinary(max)", bytes(0..=20_000)),
        Case::variant("bit", same(any::<bool>().prop_map(Json::from))),
        Case::variant("int", same(any::<i32>().prop_map(Json::from))),
        Case::variant("bigint", same(any::<i64>().prop_map(Json::from))),
        Case::variant("decimal(38,10)", same(decimal(38, 10))),
        Case::variant("nvarchar(50)", text(ANY)),
        Case::variant("varbinary(50)", bytes(0..=50)),
        Case::variant("date", date()),
        Case::variant("time(3)", time(3)),
        Case::variant("datetime", datetime()),
        Case::variant("datetime2(7)", datetime2(7)),
        Case::variant("datetimeoffset(3)", datetimeoffset(3)),
        Case::variant("uniqueidentifier", uniqueidentifier()),
    ]
}
