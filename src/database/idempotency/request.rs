//! What a call with an idempotency key asks for: a hash of the values that its caller gave.

use super::key::LengthPrefixed;
use crate::invocation::{Parameter, SqlValue};

/// SHA-256 over the names, types and values that a caller gave.
///
/// What differs from one delivery of a message to the next must not be in it (`metadata.DequeueCount`, `invocation.id`), or a
/// redelivery would pass for another request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// The hash of these values, in this order.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = &'a Parameter>) -> Self {
        let mut digest = LengthPrefixed::new("azsql-worker idempotency request 1");
        for parameter in values {
            digest.add(parameter.name.as_bytes());
            digest.add(parameter.sql_type.to_string().as_bytes());
            add_value(&mut digest, &parameter.value);
        }
        Self(digest.finish())
    }

    /// The bytes, for the table's column `Request`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

// A value of few possibilities could be guessed from the hash.
impl std::fmt::Debug for RequestHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestHash(..)")
    }
}

/// The kind and the value, as two parts. Values that the server takes for one are one: 0 and -0, every NaN.
fn add_value(digest: &mut LengthPrefixed, value: &SqlValue) {
    let mut add = |kind: &str, bytes: &[u8]| {
        digest.add(kind.as_bytes());
        digest.add(bytes);
    };
    match value {
        SqlValue::Null => add("null", &[]),
        SqlValue::Bit(bit) => add("bit", &[u8::from(*bit)]),
        SqlValue::Integer(number) => add("integer", &number.to_be_bytes()),
        SqlValue::Decimal(number) => add("decimal", number.to_string().as_bytes()),
        SqlValue::Float(number) => {
            let number = if *number == 0.0 { 0.0 } else { *number };
            let number = if number.is_nan() { f64::NAN } else { number };
            add("float", &number.to_bits().to_be_bytes());
        }
        // chrono writes each of these in one way that it reads back as the same value.
        SqlValue::Date(date) => add("date", date.to_string().as_bytes()),
        SqlValue::Time(time) => add("time", time.to_string().as_bytes()),
        SqlValue::DateTime(moment) => add("datetime", moment.to_string().as_bytes()),
        SqlValue::DateTimeOffset(moment) => add("datetimeoffset", moment.to_rfc3339().as_bytes()),
        SqlValue::Text(text) => add("text", text.as_bytes()),
        SqlValue::Binary(bytes) => add("binary", bytes),
        SqlValue::UniqueIdentifier(id) => add("uniqueidentifier", id.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use chrono::{DateTime, NaiveDate, NaiveTime};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::invocation::{Decimal, SqlType};

    fn parameter(name: &str, sql_type: SqlType, value: SqlValue) -> Parameter {
        Parameter { name: name.to_owned(), sql_type, value }
    }

    fn any_value() -> impl Strategy<Value = SqlValue> {
        let day = (0i32..10_000, 1u32..366)
            .prop_filter_map("a day of that year", |(year, day)| NaiveDate::from_yo_opt(year, day));
        let time = (0u32..86_400, 0u32..1_000_000_000).prop_filter_map("a time", |(second, nano)| {
            NaiveTime::from_num_seconds_from_midnight_opt(second, nano)
        });
        let moment = (day.clone(), time.clone()).prop_map(|(day, time)| day.and_time(time));
        prop_oneof![
            Just(SqlValue::Null),
            any::<bool>().prop_map(SqlValue::Bit),
            any::<i64>().prop_map(SqlValue::Integer),
            (any::<i64>(), 0u8..5).prop_map(|(unscaled, scale)| SqlValue::Decimal(Decimal {
                unscaled: i128::from(unscaled),
                scale
            })),
            any::<f64>().prop_map(SqlValue::Float),
            day.prop_map(SqlValue::Date),
            time.prop_map(SqlValue::Time),
            moment.prop_map(SqlValue::DateTime),
            (0i64..4_000_000_000).prop_map(|second| SqlValue::DateTimeOffset(
                DateTime::from_timestamp(second, 5).unwrap().fixed_offset()
            )),
            "[ab\\x00]{0,3}".prop_map(SqlValue::Text),
            prop::collection::vec(any::<u8>(), 0..4).prop_map(SqlValue::Binary),
            any::<u128>().prop_map(|id| SqlValue::UniqueIdentifier(Uuid::from_u128(id))),
        ]
    }

    fn any_parameter() -> impl Strategy<Value = Parameter> {
        let sql_type = prop_oneof![Just(SqlType::Int), Just(SqlType::Bit), Just(SqlType::Date)];
        ("@[ab]{1,2}", sql_type, any_value())
            .prop_map(|(name, sql_type, value)| parameter(&name, sql_type, value))
    }

    proptest! {
        #[test]
        fn two_requests_have_one_hash_only_when_they_are_the_same(
            one in prop::collection::vec(any_parameter(), 0..3),
            other in prop::collection::vec(any_parameter(), 0..3),
        ) {
            prop_assert_eq!(RequestHash::new(&one) == RequestHash::new(&other), one == other);
            prop_assert_eq!(RequestHash::new(&one), RequestHash::new(&one.clone()));
        }
    }

    #[test]
    fn values_that_look_alike_are_told_apart() {
        let values = [
            SqlValue::Null,
            SqlValue::Text(String::new()),
            SqlValue::Text("1".to_owned()),
            SqlValue::Text("1 ".to_owned()),
            SqlValue::Binary(b"1".to_vec()),
            SqlValue::Integer(1),
            SqlValue::Bit(true),
            SqlValue::Float(1.0),
            SqlValue::Decimal(Decimal { unscaled: 1, scale: 0 }),
            SqlValue::Decimal(Decimal { unscaled: 10, scale: 1 }),
        ];
        for (index, one) in values.iter().enumerate() {
            for other in values.iter().skip(index + 1) {
                let hash =
                    |value: &SqlValue| RequestHash::new([&parameter("@a", SqlType::Int, value.clone())]);
                assert_ne!(hash(one), hash(other), "{index}");
            }
        }
    }

    #[test]
    fn a_value_that_moves_to_another_parameter_is_another_request() {
        let request = |first: &str, second: &str| {
            let text = |text: &str| SqlValue::Text(text.to_owned());
            let parameters =
                [parameter("@a", SqlType::Int, text(first)), parameter("@b", SqlType::Int, text(second))];
            RequestHash::new(&parameters)
        };
        assert_ne!(request("ab", "c"), request("a", "bc"));
        assert_ne!(request("x", "y"), request("y", "x"));
    }

    #[test]
    fn what_the_server_takes_for_one_value_is_one_request() {
        let hash = |value| RequestHash::new([&parameter("@a", SqlType::Int, SqlValue::Float(value))]);
        assert_eq!(hash(0.0), hash(-0.0));
        assert_eq!(hash(f64::NAN), hash(-f64::NAN));
    }
}
