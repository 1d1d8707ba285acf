//! Aggregates.

use sqlparser::ast::{self, Expr};

use super::super::{
    Binder, Typed,
    expression::widest,
    keys::{is_incomparable, key, sortable},
    not_tsql,
    select::{direction, order_item},
};
use super::arguments;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};
use crate::sql::values::errors::{invalid_operand, unsupported};
use crate::sql::values::functions::aggregates::{avg_type, sum_type};

/// Whether `name`, in capitals, is an aggregate.
pub(super) fn is_aggregate(name: &str) -> bool {
    matches!(
        name,
        "COUNT"
            | "COUNT_BIG"
            | "SUM"
            | "AVG"
            | "MIN"
            | "MAX"
            | "STRING_AGG"
            | "STDEV"
            | "STDEVP"
            | "VAR"
            | "VARP"
    )
}

impl Binder<'_> {
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        values: &[&Expr],
        star: bool,
        distinct: bool,
        order: &[ast::OrderByExpr],
    ) -> Result<Typed, SqlError> {
        let count_type = if name == "COUNT_BIG" { SqlType::BigInt } else { SqlType::Int };
        if star && values.is_empty() {
            // Never NULL, but for SQL Server's metadata it may be: only ISNULL says that it isn't.
            return Ok(Typed::new("count(*)", count_type));
        }
        let [value, rest @ ..] = values else { return Err(arguments(name, 1)) };
        let value = self.expression(value)?;
        if (name == "STRING_AGG") != (rest.len() == 1) {
            return Err(arguments(name, if name == "STRING_AGG" { 2 } else { 1 }));
        }
        let word = if distinct { "DISTINCT " } else { "" };
        let sql_type = value.sql_type;
        match name {
            "COUNT" | "COUNT_BIG" => {
                if sql_type.is_old_long() || (distinct && is_incomparable(sql_type)) {
                    return Err(invalid_operand(sql_type, &name.to_lowercase()));
                }
                if !distinct {
                    return Ok(Typed::new(format!("count({})", value.sql), count_type));
                }
                Ok(Typed::new(format!("count({word}{})", key(&value.sql, sql_type)), count_type))
            }
            "MIN" | "MAX" => {
                if sql_type == SqlType::Bit {
                    return Err(invalid_operand(sql_type, &name.to_lowercase()));
                }
                Ok(Typed::new(extreme(name, &value)?, sql_type))
            }
            "SUM" | "AVG" => {
                if distinct {
                    return Err(unsupported(&format!("{name}(DISTINCT ...)")));
                }
                let result = if name == "SUM" { sum_type(sql_type)? } else { avg_type(sql_type)? };
                Ok(Typed::new(
                    format!("tsql_{}({}, '{sql_type}', '{result}')", name.to_lowercase(), value.sql),
                    result,
                ))
            }
            "STRING_AGG" => {
                if distinct {
                    return Err(not_tsql("DISTINCT"));
                }
                let value = self.as_text(value)?;
                let [separator] = rest else { return Err(arguments(name, 2)) };
                let separator = self.expression(separator)?;
                let separator = self.as_text(separator)?;
                let result = match value.sql_type.length() {
                    Some(Length::Max) => widest(value.sql_type),
                    _ if value.sql_type.is_unicode_text() => SqlType::NVarChar(Length::Limit(4000)),
                    _ => SqlType::VarChar(Length::Limit(8000)),
                };
                let result = result.with_collation(value.sql_type.collation());
                let mut keys = Vec::new();
                for item in order {
                    let (expr, descending) = order_item(item)?;
                    let bound = self.expression(expr)?;
                    sortable(bound.sql_type, "ORDER BY")?;
                    keys.push(format!("{}{}", key(&bound.sql, bound.sql_type), direction(descending)));
                }
                let order =
                    if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
                Ok(Typed::new(
                    format!("tsql_string_agg({}, {}, '{result}'{order})", value.sql, separator.sql),
                    result,
                ))
            }
            _ => {
                let value = self.coerce(value, SqlType::Float)?;
                let sql = format!("tsql_{}({word}{})", name.to_lowercase(), value.sql);
                Ok(Typed::new(sql, SqlType::Float))
            }
        }
    }
}

/// MIN or MAX. A datetimeoffset's stored form begins with its instant, and bytes differ from their key only in zeros at
/// the end: the smallest stored value is one of the smallest on SQL Server.
pub(super) fn extreme(name: &str, value: &Typed) -> Result<String, SqlError> {
    if is_incomparable(value.sql_type) {
        return Err(invalid_operand(value.sql_type, &name.to_lowercase()));
    }
    if value.sql_type == SqlType::SqlVariant {
        return Err(unsupported(&format!("{name} of sql_variant")));
    }
    let value = if value.sql_type.is_text() { key(&value.sql, value.sql_type) } else { value.sql.clone() };
    Ok(format!("{}({value})", name.to_lowercase()))
}
