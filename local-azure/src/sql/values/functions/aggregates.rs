//! SUM, AVG, STRING_AGG and the statistical aggregates.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::Value as Stored;

use super::FunctionContext;
use super::context::Arguments;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::arithmetic::{self, Scaled, compute_exact};
use crate::sql::values::data_type::{MAX_BYTES, MAX_UTF16_UNITS};
use crate::sql::values::{decimal, errors, storage};

/// The type of SUM over a type (SQL Server documentation, "SUM (Transact-SQL)", return types).
///
/// # Errors
/// 8117 for a type that can't be summed.
pub fn sum_type(of: SqlType) -> Result<SqlType, SqlError> {
    match of {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => Ok(SqlType::Int),
        SqlType::BigInt => Ok(SqlType::BigInt),
        SqlType::Decimal { scale, .. } => Ok(SqlType::Decimal { precision: 38, scale }),
        SqlType::Money | SqlType::SmallMoney => Ok(SqlType::Money),
        SqlType::Real | SqlType::Float => Ok(SqlType::Float),
        other => Err(errors::invalid_operand(other, "sum")),
    }
}

/// The type of AVG over a type: that of SUM, with at least six digits after the point for decimals.
///
/// # Errors
/// 8117 for a type that has no average.
pub fn avg_type(of: SqlType) -> Result<SqlType, SqlError> {
    match sum_type(of) {
        Ok(SqlType::Decimal { precision, scale }) => Ok(SqlType::Decimal { precision, scale: scale.max(6) }),
        Ok(other) => Ok(other),
        Err(_) => Err(errors::invalid_operand(of, "avg")),
    }
}

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let sum = |mean| Sum { mean, context: Arc::clone(context) };
    connection.create_aggregate_function("tsql_sum", 3, flags, sum(false))?;
    connection.create_aggregate_function("tsql_avg", 3, flags, sum(true))?;
    connection.create_aggregate_function("tsql_string_agg", 3, flags, StringAgg(Arc::clone(context)))?;
    for (name, statistic) in [
        ("tsql_var", Statistic { of_population: false, root: false }),
        ("tsql_varp", Statistic { of_population: true, root: false }),
        ("tsql_stdev", Statistic { of_population: false, root: true }),
        ("tsql_stdevp", Statistic { of_population: true, root: true }),
    ] {
        connection.create_aggregate_function(name, 1, flags, statistic)?;
    }
    Ok(())
}

/// SUM and AVG.
struct Sum {
    mean: bool,
    context: Arc<FunctionContext>,
}

/// What has been added up so far.
struct Total {
    sql_type: SqlType,
    result: SqlType,
    count: i128,
    /// Integers, decimals at their scale, ten-thousandths of money.
    digits: i128,
    float: f64,
}

impl Total {
    fn begin(call: &Arguments<'_, '_>) -> Result<Self, SqlError> {
        Ok(Self { sql_type: call.sql_type(1)?, result: call.sql_type(2)?, count: 0, digits: 0, float: 0.0 })
    }

    fn add(&mut self, value: &Value) -> Result<(), SqlError> {
        let digits = match value {
            Value::Null => return Ok(()),
            Value::Integer(integer) => i128::from(*integer),
            Value::Money(digits) => i128::from(*digits),
            Value::Decimal(digits) => *digits,
            Value::Float(float) => {
                self.count += 1;
                self.float += float;
                return Ok(());
            }
            _ => return Err(errors::invalid_operand(self.sql_type, "sum")),
        };
        self.count += 1;
        let overflow = || errors::overflow("expression", self.result.family_name());
        self.digits = self.digits.checked_add(digits).ok_or_else(overflow)?;
        // The server adds in the result's type, so a sum that is too large on the way fails even if it came back.
        self.total().map(drop)
    }

    fn total(&self) -> Result<Value, SqlError> {
        match self.result {
            SqlType::Decimal { .. } if decimal::fits(self.digits, 38) => Ok(Value::Decimal(self.digits)),
            SqlType::Decimal { .. } => Err(errors::overflow("expression", "numeric")),
            SqlType::Money => arithmetic::money(self.digits, SqlType::Money),
            SqlType::Real | SqlType::Float => arithmetic::finite(self.float, SqlType::Float),
            other => {
                let integer = i64::try_from(self.digits);
                arithmetic::in_range(
                    integer.map_err(|_| errors::overflow("expression", other.family_name()))?,
                    other,
                )
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of rows is far below 2^53")]
    fn mean(&self) -> Result<Value, SqlError> {
        let quotient = || self.digits.checked_div(self.count).ok_or_else(errors::divide_by_zero);
        match (self.result, self.sql_type) {
            (SqlType::Decimal { scale, .. }, SqlType::Decimal { scale: own, .. }) => {
                let (sum, count) =
                    (Scaled { digits: self.digits, scale: own }, Scaled { digits: self.count, scale: 0 });
                let digits =
                    compute_exact('/', sum, count, scale).map_err(|none| none.into_error("numeric"))?;
                Ok(Value::Decimal(digits))
            }
            (SqlType::Decimal { .. }, _) => Err(errors::internal("an average's type")),
            (SqlType::Money, _) => arithmetic::money(quotient()?, SqlType::Money),
            (SqlType::Real | SqlType::Float, _) => {
                arithmetic::finite(self.float / self.count as f64, SqlType::Float)
            }
            (other, _) => {
                let integer = i64::try_from(quotient()?);
                arithmetic::in_range(
                    integer.map_err(|_| errors::overflow("expression", other.family_name()))?,
                    other,
                )
            }
        }
    }
}

impl Aggregate<Option<Total>, Stored> for Sum {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Total>> {
        Ok(None)
    }

    fn step(&self, call: &mut Context<'_>, total: &mut Option<Total>) -> rusqlite::Result<()> {
        let call = Arguments::of(call);
        let mut add = || {
            if total.is_none() {
                *total = Some(Total::begin(&call)?);
            }
            match total {
                Some(total) => total.add(&call.value(0, total.sql_type)?),
                None => Ok(()),
            }
        };
        add().map_err(|error| self.context.fail(error))
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<Option<Total>>) -> rusqlite::Result<Stored> {
        let Some(total) = total.flatten().filter(|total| total.count > 0) else { return Ok(Stored::Null) };
        let value = if self.mean { total.mean() } else { total.total() };
        value.map(|value| storage::to_sqlite(&value, total.result)).map_err(|error| self.context.fail(error))
    }
}

/// STRING_AGG.
struct StringAgg(Arc<FunctionContext>);

impl Aggregate<Option<(String, SqlType)>, Stored> for StringAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<(String, SqlType)>> {
        Ok(None)
    }

    fn step(&self, call: &mut Context<'_>, joined: &mut Option<(String, SqlType)>) -> rusqlite::Result<()> {
        let call = Arguments::of(call);
        let mut add = || {
            let Some(text) = call.text(0)? else { return Ok(()) };
            match joined {
                Some((joined, _)) => {
                    joined.push_str(call.text(1)?.unwrap_or_default());
                    joined.push_str(text);
                }
                None => *joined = Some((text.to_owned(), call.sql_type(2)?)),
            }
            match joined {
                Some((joined, result)) if is_too_long(joined, *result) => Err(too_long()),
                _ => Ok(()),
            }
        };
        add().map_err(|error| self.0.fail(error))
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        joined: Option<Option<(String, SqlType)>>,
    ) -> rusqlite::Result<Stored> {
        Ok(joined.flatten().map_or(Stored::Null, |(joined, _)| Stored::Text(joined)))
    }
}

/// A text is no longer than its bytes, so most need no counting.
fn is_too_long(text: &str, result: SqlType) -> bool {
    match result.plain() {
        SqlType::VarChar(Length::Limit(_)) if result.is_utf8_text() => text.len() > usize::from(MAX_BYTES),
        SqlType::VarChar(Length::Limit(_)) => {
            text.len() > usize::from(MAX_BYTES) && text.chars().count() > usize::from(MAX_BYTES)
        }
        SqlType::NVarChar(Length::Limit(_)) => {
            text.len() > usize::from(MAX_UTF16_UNITS)
                && text.encode_utf16().count() > usize::from(MAX_UTF16_UNITS)
        }
        _ => false,
    }
}

fn too_long() -> SqlError {
    SqlError::new(
        9829,
        "STRING_AGG aggregation result exceeded the limit of 8000 bytes. Use LOB types to avoid result truncation.",
    )
}

/// VAR, VARP, STDEV, STDEVP, by Welford's method, which doesn't lose digits to large means.
struct Statistic {
    of_population: bool,
    root: bool,
}

#[derive(Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Aggregate<Spread, Option<f64>> for Statistic {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Spread> {
        Ok(Spread::default())
    }

    fn step(&self, call: &mut Context<'_>, spread: &mut Spread) -> rusqlite::Result<()> {
        if let Some(value) = call.get::<Option<f64>>(0)? {
            spread.count += 1.0;
            let distance = value - spread.mean;
            spread.mean += distance / spread.count;
            spread.squares += distance * (value - spread.mean);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, spread: Option<Spread>) -> rusqlite::Result<Option<f64>> {
        let spread = spread.unwrap_or_default();
        let divisor = if self.of_population { spread.count } else { spread.count - 1.0 };
        if divisor <= 0.0 {
            return Ok(None);
        }
        let variance = spread.squares / divisor;
        Ok(Some(if self.root { variance.sqrt() } else { variance }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::sql::values::functions::register;

    fn aggregate(call: &str, of: &[Stored]) -> Result<Stored, i32> {
        let connection = Connection::open_in_memory().unwrap();
        let context = Arc::new(FunctionContext::default());
        register(&connection, &context).unwrap();
        connection.execute("CREATE TABLE t (x)", ()).unwrap();
        for value in of {
            connection.execute("INSERT INTO t VALUES (?1)", [value]).unwrap();
        }
        connection
            .query_row(&format!("SELECT {call} FROM t"), (), |row| row.get(0))
            .map_err(|_| context.take_error().map_or(0, |error| error.number))
    }

    fn decimal(digits: i128) -> Stored {
        storage::to_sqlite(&Value::Decimal(digits), SqlType::Decimal { precision: 38, scale: 4 })
    }

    #[test]
    fn decimals_are_added_exactly() {
        let values = [decimal(123_456_789_012_345_678), decimal(1), Stored::Null];
        let sum = aggregate("tsql_sum(x, 'decimal(18,4)', 'decimal(38,4)')", &values);
        assert_eq!(sum, Ok(decimal(123_456_789_012_345_679)));
    }

    #[test]
    fn an_average_of_integers_is_cut_and_of_nothing_is_null() {
        let ints: Vec<_> = [1, 2, 2].map(Stored::Integer).into();
        assert_eq!(aggregate("tsql_avg(x, 'int', 'int')", &ints), Ok(Stored::Integer(1)));
        assert_eq!(aggregate("tsql_avg(x, 'int', 'int')", &[]), Ok(Stored::Null));
        assert_eq!(aggregate("tsql_sum(x, 'int', 'int')", &[Stored::Null]), Ok(Stored::Null));
    }

    #[test]
    fn a_sum_outside_its_type_is_8115() {
        let ints: Vec<_> = [2_147_483_647, 1].map(Stored::Integer).into();
        assert_eq!(aggregate("tsql_sum(x, 'int', 'int')", &ints), Err(8115));
    }

    #[test]
    fn texts_are_joined_without_nulls_and_within_the_limit() {
        let texts = [Stored::Text("a".into()), Stored::Null, Stored::Text("b".into())];
        let call = "tsql_string_agg(x, ', ', 'varchar(8000)')";
        assert_eq!(aggregate(call, &texts), Ok(Stored::Text("a, b".into())));
        let long = [Stored::Text("a".repeat(5000)), Stored::Text("b".repeat(5000))];
        assert_eq!(aggregate(call, &long), Err(9829));
    }

    #[test]
    fn statistics_agree_with_a_textbook_example() {
        let floats: Vec<_> = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].map(Stored::Real).into();
        assert_eq!(aggregate("tsql_stdevp(x)", &floats), Ok(Stored::Real(2.0)));
        assert_eq!(aggregate("tsql_var(x)", &floats[..1]), Ok(Stored::Null));
    }
}
