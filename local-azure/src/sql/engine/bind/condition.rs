//! Conditions: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, EXISTS, IS NULL.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use super::{
    Binder, Typed,
    expression::common_type,
    functions,
    keys::{CollationLabel, comparison, has_key, key, meet, operator},
    not_tsql,
};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};

impl Binder<'_> {
    /// Binds a condition to SQLite SQL that gives 1, 0 or NULL.
    pub(crate) fn condition(&mut self, expression: &Expr) -> Result<String, SqlError> {
        self.deeper(|binder| binder.condition_kind(expression))
    }

    fn condition_kind(&mut self, expression: &Expr) -> Result<String, SqlError> {
        match expression {
            Expr::Nested(inner) => Ok(format!("({})", self.condition(inner)?)),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(format!("(NOT {})", self.condition(expr)?)),
            Expr::BinaryOp { left: _, op: BinaryOperator::And | BinaryOperator::Or, right: _ } => {
                // Long chains lie deep on the left: walked in a loop.
                let mut rest = Vec::new();
                let mut first = expression;
                while let Expr::BinaryOp {
                    left,
                    op: op @ (BinaryOperator::And | BinaryOperator::Or),
                    right,
                } = first
                {
                    rest.push((op, right));
                    first = left;
                }
                let mut sql = self.condition(first)?;
                while let Some((op, right)) = rest.pop() {
                    let word = if *op == BinaryOperator::And { "AND" } else { "OR" };
                    sql = format!("({sql} {word} {})", self.condition(right)?);
                }
                Ok(sql)
            }
            Expr::BinaryOp { left, op, right } => {
                let symbol = match op {
                    BinaryOperator::Eq => "=",
                    BinaryOperator::NotEq => "<>",
                    BinaryOperator::Lt => "<",
                    BinaryOperator::LtEq => "<=",
                    BinaryOperator::Gt => ">",
                    BinaryOperator::GtEq => ">=",
                    _ => return Err(non_boolean()),
                };
                let left = self.expression(left)?;
                let right = self.expression(right)?;
                self.compare(left, symbol, right)
            }
            Expr::IsNull(inner) => Ok(format!("({} IS NULL)", self.expression(inner)?.sql)),
            Expr::IsNotNull(inner) => Ok(format!("({} IS NOT NULL)", self.expression(inner)?.sql)),
            Expr::Between { expr, negated, low, high } => {
                let value = self.expression(expr)?;
                let low = self.expression(low)?;
                let high = self.expression(high)?;
                let from = self.compare(value.clone(), ">=", low)?;
                let to = self.compare(value, "<=", high)?;
                Ok(if *negated { format!("(NOT ({from} AND {to}))") } else { format!("({from} AND {to})") })
            }
            Expr::InList { expr, list, negated } => {
                let value = self.expression(expr)?;
                let mut tests = Vec::new();
                for item in list {
                    let item = self.expression(item)?;
                    tests.push(self.compare(value.clone(), "=", item)?);
                }
                let any = format!("({})", tests.join(" OR "));
                Ok(if *negated { format!("(NOT {any})") } else { any })
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let value = self.expression(expr)?;
                let query = self.subquery(subquery)?;
                let [column] = query.columns.as_slice() else {
                    return Err(SqlError::new(
                        116,
                        "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
                    ));
                };
                let inner = Typed {
                    null: column.null,
                    parameter: column.parameter.clone(),
                    ..Typed::new("c0", column.sql_type)
                };
                self.deduce(&value, inner.sql_type);
                self.deduce(&inner, value.sql_type);
                comparison(&value, "=", &inner)?;
                let (left, right) = self.comparable(value, "=", inner)?;
                let word = if *negated { "NOT IN" } else { "IN" };
                Ok(format!("({left} {word} (SELECT {right} FROM ({})))", query.sql))
            }
            Expr::Exists { subquery, negated } => {
                let query = self.subquery(subquery)?;
                Ok(format!("({}EXISTS (SELECT 1 FROM ({})))", if *negated { "NOT " } else { "" }, query.sql))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                let text = self.expression(expr)?;
                let pattern = self.expression(pattern)?;
                self.two_untyped(&text, &pattern)?;
                self.deduce_generally(&pattern, text.sql_type);
                self.deduce_generally(&text, pattern.sql_type);
                let text = self.as_text(text)?;
                let pattern = self.as_text(pattern)?;
                let escape = match escape_char {
                    Some(escape) => {
                        let escape = self.expression(escape)?;
                        self.as_text(escape)?.sql
                    }
                    None => "NULL".to_owned(),
                };
                let (collation, _) = meet(&[&text, &pattern], "like")?;
                functions::folds_case(collation, "LIKE")?;
                let common = text.sql_type.common(pattern.sql_type).with_collation(collation);
                let sql = format!("tsql_like({}, {}, {escape}, '{common}')", text.sql, pattern.sql);
                Ok(if *negated { format!("(NOT {sql})") } else { sql })
            }
            Expr::ILike { .. } => Err(not_tsql("ILIKE")),
            Expr::SimilarTo { .. } => Err(not_tsql("SIMILAR")),
            Expr::RLike { .. } => Err(not_tsql("RLIKE")),
            Expr::AnyOp { .. } | Expr::AllOp { .. } => {
                Err(crate::sql::values::errors::unsupported("ANY, SOME or ALL with a subquery"))
            }
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => {
                Err(crate::sql::values::errors::unsupported("IS DISTINCT FROM"))
            }
            _ => Err(non_boolean()),
        }
    }

    /// `left op right` after both have their common type.
    pub(crate) fn compare(&mut self, left: Typed, symbol: &str, right: Typed) -> Result<String, SqlError> {
        if matches!(symbol, "=" | "<>") {
            self.deduce(&left, right.sql_type);
            self.deduce(&right, left.sql_type);
        }
        comparison(&left, symbol, &right)?;
        let (left, right) = self.comparable(left, symbol, right)?;
        Ok(format!("({left} {symbol} {right})"))
    }

    /// Both sides in a form in which SQLite's own comparison is SQL Server's.
    fn comparable(&mut self, left: Typed, symbol: &str, right: Typed) -> Result<(String, String), SqlError> {
        self.two_untyped(&left, &right)?;
        let (collation, label) = meet(&[&left, &right], operator(symbol))?;
        let common = match common_type(&[&left, &right]) {
            // Digits before the point make no difference, digits behind it do.
            SqlType::Decimal { precision: _, scale } => SqlType::Decimal { precision: 38, scale },
            common => common,
        };
        let scale = |value: &Typed| value.sql_type.precision_and_scale().map_or(0, |(_, scale)| scale);
        if let SqlType::Decimal { precision: _, scale: kept } = common
            && !left.null
            && !right.null
            && kept < scale(&left).max(scale(&right))
        {
            return Err(crate::sql::values::errors::unsupported(
                "A comparison of decimals that needs more than 38 digits",
            ));
        }
        let common = common.with_collation(collation);
        let left = self.coerce(left, common)?;
        let right = self.coerce(right, common)?;
        Ok(if has_key(common) {
            (key(&left.sql, common), key(&right.sql, common))
        } else if common.is_text()
            && (label == CollationLabel::Explicit || collation.is_some() || !left.collated && !right.collated)
        {
            (key(&left.sql, common), right.sql)
        } else {
            (left.sql, right.sql)
        })
    }

    /// A value as text, for functions on text.
    pub(crate) fn as_text(&mut self, value: Typed) -> Result<Typed, SqlError> {
        if value.sql_type.is_text() {
            return Ok(value);
        }
        // The stored form is that of the newer types.
        match value.sql_type {
            SqlType::Text => return Ok(Typed { sql_type: SqlType::VarChar(Length::Max), ..value }),
            SqlType::NText => return Ok(Typed { sql_type: SqlType::NVarChar(Length::Max), ..value }),
            _ => {}
        }
        // Of the texts that would do it has the higher precedence.
        self.deduce(&value, SqlType::NVarChar(Length::Limit(4000)));
        let unlimited = Length::Limit(8000);
        self.coerce(value, SqlType::VarChar(unlimited))
    }
}

fn non_boolean() -> SqlError {
    SqlError::new(
        4145,
        "An expression of non-boolean type specified in a context where a condition is expected.",
    )
    .with_class(15)
}
