//! Functions of dates and times.

use sqlparser::ast::{self, Expr};

use super::super::{Binder, Typed};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};
use crate::sql::values::errors::invalid_argument_type;

const DATETIME2: SqlType = SqlType::DateTime2 { scale: 7 };
const OFFSET: SqlType = SqlType::DateTimeOffset { scale: 7 };

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn date_function(&mut self, name: &str, values: &[&Expr]) -> Result<Option<Typed>, SqlError> {
        let lower = name.to_lowercase();
        Ok(Some(match (name, values) {
            ("GETDATE" | "GETUTCDATE", []) => now(SqlType::DateTime),
            ("SYSDATETIME" | "SYSUTCDATETIME", []) => now(DATETIME2),
            ("SYSDATETIMEOFFSET", []) => now(OFFSET),
            ("DATEADD", [unit, count, date]) => {
                let unit = part(name, unit)?;
                let count = self.number(count)?;
                let date = self.date(date, SqlType::DateTime)?;
                let sql = format!("tsql_dateadd('{unit}', {count}, {}, '{}')", date.sql, date.sql_type);
                Typed::new(sql, date.sql_type)
            }
            ("DATEDIFF" | "DATEDIFF_BIG", [unit, from, to]) => {
                let unit = part(name, unit)?;
                let from = self.date(from, OFFSET)?;
                let to = self.date(to, OFFSET)?;
                let sql_type = if name == "DATEDIFF" { SqlType::Int } else { SqlType::BigInt };
                let sql = format!(
                    "tsql_{lower}('{unit}', {}, '{}', {}, '{}')",
                    from.sql, from.sql_type, to.sql, to.sql_type
                );
                Typed::new(sql, sql_type)
            }
            ("DATEPART" | "DATENAME", [unit, date]) => {
                let unit = part(name, unit)?;
                let date = self.date(date, OFFSET)?;
                let result =
                    if name == "DATEPART" { SqlType::Int } else { SqlType::NVarChar(Length::Limit(30)) };
                Typed::new(format!("tsql_{lower}('{unit}', {}, '{}')", date.sql, date.sql_type), result)
            }
            ("DATETRUNC", [unit, date]) => {
                let unit = part(name, unit)?;
                let date = self.date(date, DATETIME2)?;
                let sql = format!("tsql_datetrunc('{unit}', {}, '{}')", date.sql, date.sql_type);
                Typed::new(sql, date.sql_type)
            }
            ("YEAR" | "MONTH" | "DAY", [date]) => {
                let date = self.date(date, OFFSET)?;
                Typed::new(
                    format!("tsql_datepart('{lower}', {}, '{}')", date.sql, date.sql_type),
                    SqlType::Int,
                )
            }
            ("EOMONTH", [date, rest @ ..]) if rest.len() <= 1 => {
                let date = self.date(date, SqlType::Date)?;
                let months = match rest {
                    [months] => self.number(months)?,
                    _ => "NULL".to_owned(),
                };
                Typed::new(
                    format!("tsql_eomonth({}, '{}', {months})", date.sql, date.sql_type),
                    SqlType::Date,
                )
            }
            ("DATEFROMPARTS", [_, _, _]) => self.built_date(&lower, values, SqlType::Date)?,
            ("DATETIMEFROMPARTS", [_, _, _, _, _, _, _]) => {
                self.built_date(&lower, values, SqlType::DateTime)?
            }
            ("SMALLDATETIMEFROMPARTS", [_, _, _, _, _]) => {
                self.built_date(&lower, values, SqlType::SmallDateTime)?
            }
            ("TIMEFROMPARTS", [_, _, _, _, scale]) => {
                self.built_date(&lower, values, SqlType::Time { scale: precision(scale, "time")? })?
            }
            ("DATETIME2FROMPARTS", [_, _, _, _, _, _, _, scale]) => {
                self.built_date(&lower, values, SqlType::DateTime2 { scale: precision(scale, "datetime2")? })?
            }
            ("DATETIMEOFFSETFROMPARTS", [_, _, _, _, _, _, _, _, _, scale]) => {
                let scale = precision(scale, "datetimeoffset")?;
                self.built_date(&lower, values, SqlType::DateTimeOffset { scale })?
            }
            ("ISDATE", [value]) => {
                let value = self.expression(value)?;
                let legacy = matches!(value.sql_type, SqlType::DateTime | SqlType::SmallDateTime);
                if value.sql_type.is_date_time() && !legacy {
                    return Err(invalid_argument_type(value.sql_type, 1, "isdate"));
                }
                let value = self.as_text(value)?;
                Typed::new(format!("tsql_isdate({})", value.sql), SqlType::Int)
            }
            ("TODATETIMEOFFSET", [date, zone]) => {
                let date = self.expression(date)?;
                let scale = date.sql_type.fraction_digits().unwrap_or(7);
                let date = self.coerce(date, SqlType::DateTime2 { scale })?;
                self.with_zone(&lower, &date, zone)?
            }
            ("SWITCHOFFSET", [date, zone]) => {
                let date = self.expression(date)?;
                let scale = date.sql_type.fraction_digits().unwrap_or(7);
                let date = self.coerce(date, SqlType::DateTimeOffset { scale })?;
                self.with_zone(&lower, &date, zone)?
            }
            ("AT TIME ZONE", [date, zone]) => {
                let date = self.date(date, DATETIME2)?;
                let zone = self.expression(zone)?;
                let zone = self.as_text(zone)?;
                let scale = date.sql_type.fraction_digits().unwrap_or(3);
                let sql = format!("tsql_at_time_zone({}, '{}', {})", date.sql, date.sql_type, zone.sql);
                Typed::new(sql, SqlType::DateTimeOffset { scale })
            }
            _ => return Ok(None),
        }))
    }

    /// A date: text becomes `otherwise`, and a number the datetime of so many days after 1900-01-01.
    fn date(&mut self, value: &Expr, otherwise: SqlType) -> Result<Typed, SqlError> {
        let value = self.expression(value)?;
        if value.null {
            return self.coerce(value, otherwise);
        }
        if value.sql_type.is_date_time() {
            return Ok(value);
        }
        let to = if value.sql_type.is_text() { otherwise } else { SqlType::DateTime };
        self.coerce(value, to)
    }

    /// A date from numbers.
    fn built_date(&mut self, name: &str, values: &[&Expr], result: SqlType) -> Result<Typed, SqlError> {
        let numbers = values.iter().map(|value| self.number(value)).collect::<Result<Vec<_>, _>>()?;
        Ok(Typed::new(format!("tsql_{name}({})", numbers.join(", ")), result))
    }

    /// A date and a zone, which is text or a number of minutes.
    fn with_zone(&mut self, name: &str, date: &Typed, zone: &Expr) -> Result<Typed, SqlError> {
        let zone = self.expression(zone)?;
        let zone = if zone.sql_type.is_text() { zone } else { self.coerce(zone, SqlType::Int)? };
        let scale = date.sql_type.fraction_digits().unwrap_or(7);
        let sql = format!("tsql_{name}({}, '{}', {})", date.sql, date.sql_type, zone.sql);
        Ok(Typed::new(sql, SqlType::DateTimeOffset { scale }))
    }
}

/// The current time.
pub(super) fn now(sql_type: SqlType) -> Typed {
    Typed::new(format!("tsql_now('{sql_type}')"), sql_type).not_null()
}

/// The name of a part of a date, which is a word and no value; 1023 for a variable or anything else.
fn part(function: &str, argument: &Expr) -> Result<String, SqlError> {
    match argument {
        Expr::Identifier(name) if name.quote_style.is_none() && !name.value.starts_with('@') => {
            Ok(name.value.to_lowercase().replace('\'', "''"))
        }
        _ => Err(SqlError::new(
            1023,
            format!("Invalid parameter 1 specified for {}.", function.to_lowercase()),
        )
        .with_class(15)),
    }
}

/// The precision of a type, which must be a literal: 10760 otherwise, 1002 beyond 7.
fn precision(argument: &Expr, family: &str) -> Result<u8, SqlError> {
    let Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, false), span: _ }) = argument
    else {
        return Err(SqlError::new(
            10760,
            format!(
                "Scale argument is not valid. Valid expressions for data type {family} scale argument are integer constants and integer constant expressions."
            ),
        ));
    };
    digits.parse::<u8>().ok().filter(|scale| *scale <= 7).ok_or_else(|| {
        SqlError::new(1002, format!("Line 1: Specified scale {digits} is invalid.")).with_class(15)
    })
}
