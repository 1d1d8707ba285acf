//! Values: columns, variables, CASE, CAST, subqueries, and the way to literals, operators and functions.

use sqlparser::ast::{self, Expr};

use super::{
    Binder, Typed, identifier,
    keys::{CollationLabel, meet},
    literals::short,
    not_tsql, parts,
};
use crate::sql::reply::SqlError;
use crate::sql::tsql::cursor::undeclared;
use crate::sql::types::{Collation, Length, SqlType, Value};
use crate::sql::values::collations;
use crate::sql::values::convert::{is_allowed, not_allowed};
use crate::sql::values::data_type::DefaultLength;
use crate::sql::values::errors::{no_collation, unsupported};

impl Binder<'_> {
    /// Binds a value.
    pub(crate) fn expression(&mut self, expression: &Expr) -> Result<Typed, SqlError> {
        self.deeper(|binder| binder.as_key(expression, |binder| binder.expression_kind(expression)))
    }

    fn expression_kind(&mut self, expression: &Expr) -> Result<Typed, SqlError> {
        match expression {
            Expr::Nested(inner) => {
                let mut inner = self.expression(inner)?;
                inner.sql = format!("({})", inner.sql);
                Ok(inner)
            }
            Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('@') => {
                self.variable(&name.value)
            }
            Expr::Identifier(name) => {
                if name.quote_style.is_none()
                    && let Some(bound) = self.niladic(&name.value)?
                {
                    return Ok(bound);
                }
                let name = identifier(name)?;
                self.column(&[name])
            }
            Expr::CompoundIdentifier(names) => {
                let names: Vec<String> = names.iter().map(identifier).collect::<Result<_, _>>()?;
                self.column(&names)
            }
            Expr::Value(ast::ValueWithSpan { value, span: _ }) => self.literal(value),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { kind, expr, data_type, format } => {
                if format.is_some() {
                    return Err(not_tsql("FORMAT"));
                }
                let attempt = match kind {
                    ast::CastKind::Cast => false,
                    ast::CastKind::TryCast => true,
                    ast::CastKind::SafeCast => return Err(not_tsql("SAFE_CAST")),
                    ast::CastKind::DoubleColon => return Err(not_tsql("::")),
                };
                self.convert(expr, data_type, None, attempt)
            }
            Expr::Convert { is_try, expr, data_type, charset, target_before_value, styles } => {
                let (Some(data_type), None, true) = (data_type, charset, *target_before_value) else {
                    return Err(not_tsql("CONVERT"));
                };
                match styles.as_slice() {
                    [] => self.convert(expr, data_type, None, *is_try),
                    [style] => self.convert(expr, data_type, Some(style), *is_try),
                    _ => Err(not_tsql(",")),
                }
            }
            Expr::Subquery(query) => self.scalar_subquery(query),
            Expr::Function(function) => self.function(function),
            Expr::Substring { expr, substring_from, substring_for, special: true, shorthand: _ } => {
                match (substring_from, substring_for) {
                    (Some(from), Some(length)) => self.call("SUBSTRING", &[expr, from, length]),
                    _ => {
                        Err(SqlError::new(174, "The substring function requires 3 argument(s).")
                            .with_class(15))
                    }
                }
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let function = match trim_where {
                    None | Some(ast::TrimWhereField::Both) => "TRIM",
                    Some(ast::TrimWhereField::Leading) => "LTRIM",
                    Some(ast::TrimWhereField::Trailing) => "RTRIM",
                };
                match (trim_what, trim_characters) {
                    (None, None) => self.call(function, &[expr]),
                    (Some(what), None) => self.call(function, &[expr, what]),
                    (_, Some(_)) => Err(not_tsql(",")),
                }
            }
            Expr::Ceil { expr, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                self.call("CEILING", &[expr])
            }
            Expr::Floor {
                expr,
                field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
            } => self.call("FLOOR", &[expr]),
            Expr::AtTimeZone { timestamp, time_zone } => self.call("AT TIME ZONE", &[timestamp, time_zone]),
            Expr::Collate { expr, collation } => {
                let collation = collations::read(&parts(collation)?.join("."))?;
                let value = self.expression(expr)?;
                if !value.sql_type.is_text() {
                    return Err(no_collation(value.sql_type));
                }
                self.with_collation(value, collation)
            }
            Expr::CompoundFieldAccess { root, access_chain } => match access_chain.as_slice() {
                [ast::AccessExpr::Dot(Expr::Function(method))] => {
                    let value = self.expression(root)?;
                    self.method(&value, method)
                }
                _ => Err(not_tsql(".")),
            },
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::Exists { .. } => Err(not_tsql("a condition where a value is expected")),
            Expr::ILike { .. } => Err(not_tsql("ILIKE")),
            Expr::SimilarTo { .. } => Err(not_tsql("SIMILAR")),
            Expr::RLike { .. } => Err(not_tsql("RLIKE")),
            Expr::Interval(_) => Err(not_tsql("INTERVAL")),
            Expr::Array(_) => Err(not_tsql("ARRAY")),
            Expr::Tuple(_) => Err(not_tsql(",")),
            other => {
                Err(SqlError::new(102, format!("Incorrect syntax near '{}'.", short(&other.to_string())))
                    .with_class(15))
            }
        }
    }

    pub(super) fn variable(&mut self, name: &str) -> Result<Typed, SqlError> {
        let lower = name.to_lowercase();
        if lower.starts_with("@@") {
            return self.fact(&lower).ok_or_else(|| unsupported(&format!("The function {name}")));
        }
        let Some(variable) = self.variables.get(&lower) else {
            return self.untyped(name).ok_or_else(|| undeclared(name));
        };
        self.reads.insert(lower);
        let sql = self.value(&variable.value, variable.sql_type);
        Ok(Typed::new(sql, variable.sql_type))
    }

    /// A function of the session whose value is known before the statement runs.
    pub(crate) fn fact(&mut self, name: &str) -> Option<Typed> {
        let (sql_type, value) = self.facts.values.get(name)?.clone();
        let sql_type = sql_type.unwrap_or(SqlType::Int);
        let sql = self.value(&value.unwrap_or(Value::Null), sql_type);
        let fact = Typed::new(sql, sql_type);
        Some(if NEVER_NULL.contains(&name) { fact.not_null() } else { fact })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Typed, SqlError> {
        let mut branches = Vec::new();
        for ast::CaseWhen { condition, result } in conditions {
            let condition = match operand {
                Some(operand) => {
                    let left = self.expression(operand)?;
                    let right = self.expression(condition)?;
                    self.compare(left, "=", right)?
                }
                None => self.condition(condition)?,
            };
            branches.push((condition, self.expression(result)?));
        }
        let otherwise = otherwise.map(|otherwise| self.expression(otherwise)).transpose()?;
        self.choose(branches, otherwise)
    }

    /// CASE over bound branches, of their common type.
    pub(crate) fn choose(
        &mut self,
        branches: Vec<(String, Typed)>,
        otherwise: Option<Typed>,
    ) -> Result<Typed, SqlError> {
        let values: Vec<&Typed> = branches.iter().map(|(_, value)| value).chain(&otherwise).collect();
        if values.iter().all(|value| value.null) {
            return Err(SqlError::new(
                8133,
                "At least one of the result expressions in a CASE specification must be an expression other than the NULL constant.",
            ));
        }
        let (collation, label) = meet(&values, "CASE")?;
        let sql_type = common_type(&values).with_collation(collation);
        let parameter = values.iter().find_map(|value| value.parameter.clone());
        let nullable = otherwise.is_none() || values.iter().any(|value| value.nullable);
        let mut sql = String::from("CASE");
        for (condition, value) in branches {
            let value = self.coerce(value, sql_type)?;
            sql.push_str(&format!(" WHEN {condition} THEN {}", value.sql));
        }
        if let Some(otherwise) = otherwise {
            let otherwise = self.coerce(otherwise, sql_type)?;
            sql.push_str(&format!(" ELSE {}", otherwise.sql));
        }
        sql.push_str(" END");
        // What CASE chooses is text for FOR JSON, whatever its branches are.
        Ok(Typed { nullable, label, parameter, ..Typed::new(format!("({sql})"), sql_type) })
    }

    fn convert(
        &mut self,
        value: &Expr,
        data_type: &ast::DataType,
        style: Option<&Expr>,
        attempt: bool,
    ) -> Result<Typed, SqlError> {
        let to = SqlType::parse_with(&data_type.to_string(), DefaultLength::Cast)?;
        let value = self.expression(value)?;
        let style = match style {
            Some(style) => {
                let style = self.expression(style)?;
                self.coerce(style, SqlType::Int)?.sql
            }
            None => "NULL".to_owned(),
        };
        if value.null {
            self.deduce(&value, to);
            return Ok(Typed { nullable: true, ..Typed::new("NULL", to) });
        }
        if !is_allowed(value.sql_type, to, true) {
            return Err(not_allowed(value.sql_type, to, true));
        }
        // Text that was text keeps its collation.
        let to = if value.sql_type.is_text() { to.with_collation(value.sql_type.collation()) } else { to };
        let label = if to.is_text() { value.label } else { CollationLabel::Coercible };
        let function = if attempt { "tsql_try_convert" } else { "tsql_convert" };
        let sql = format!("{function}({}, '{}', '{to}', {style})", value.sql, value.sql_type);
        // SQL Server takes every conversion for one that may give NULL, as it does every arithmetic: an overflow could.
        Ok(Typed { label, ..Typed::new(sql, to) })
    }

    /// The value in another type, as an implicit conversion.
    pub(crate) fn coerce(&mut self, value: Typed, to: SqlType) -> Result<Typed, SqlError> {
        if value.null {
            self.deduce_generally(&value, to);
        }
        if value.null || value.sql_type == to {
            return Ok(Typed { sql_type: to, ..value });
        }
        if keeps_form(value.sql_type, to) {
            return Ok(Typed { sql_type: to, ..value });
        }
        if !is_allowed(value.sql_type, to, false) {
            return Err(not_allowed(value.sql_type, to, false));
        }
        let sql = format!("tsql_coerce({}, '{}', '{to}')", value.sql, value.sql_type);
        Ok(Typed { nullable: value.nullable, label: value.label, ..Typed::new(sql, to) })
    }

    /// COLLATE.
    fn with_collation(&mut self, value: Typed, collation: Option<Collation>) -> Result<Typed, SqlError> {
        let to = value.sql_type.under(collation);
        let collated = value.collated && value.sql_type == to;
        let value = self.coerce(value, to)?;
        Ok(Typed { label: CollationLabel::Explicit, collated, ..value })
    }

    fn scalar_subquery(&mut self, query: &ast::Query) -> Result<Typed, SqlError> {
        let query = self.subquery(query)?;
        let [column] = query.columns.as_slice() else {
            return Err(SqlError::new(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        // More than one row is error 512 on SQL Server; SQLite would take the first.
        let sql = format!("(SELECT local_azure_single(c0, count(*) OVER ()) FROM ({}))", query.sql);
        Ok(Typed { json: column.json, ..Typed::new(sql, column.sql_type) })
    }
}

/// `@@` variables that always have a value.
const NEVER_NULL: [&str; 6] =
    ["@@rowcount", "@@error", "@@trancount", "@@spid", "@@version", "@@lock_timeout"];

/// The type that values of all these types become.
pub(crate) fn common_type(values: &[&Typed]) -> SqlType {
    let mut common: Option<SqlType> = None;
    for value in values.iter().filter(|value| !value.null) {
        common = Some(match common {
            Some(common) => common.common(value.sql_type),
            None => value.sql_type,
        });
    }
    common.unwrap_or(SqlType::Int)
}

/// The same kind of text without a limit.
pub(crate) fn widest(text: SqlType) -> SqlType {
    if text.is_unicode_text() { SqlType::NVarChar(Length::Max) } else { SqlType::VarChar(Length::Max) }
}

/// Whether a stored value of `from` is the same stored value in `to`, so that no conversion is needed.
pub(crate) fn keeps_form(from: SqlType, to: SqlType) -> bool {
    let rank = |sql_type| match sql_type {
        SqlType::Bit => Some(0),
        SqlType::TinyInt => Some(1),
        SqlType::SmallInt => Some(2),
        SqlType::Int => Some(3),
        SqlType::BigInt => Some(4),
        _ => None,
    };
    if let (Some(from), Some(to)) = (rank(from), rank(to)) {
        return from <= to;
    }
    if from.is_text() && to.is_text() && !to.is_unicode_text() && from.is_utf8_text() != to.is_utf8_text() {
        return false;
    }
    let fits = |from: Option<Length>, to: Option<Length>| match (from, to) {
        (_, Some(Length::Max)) => true,
        (Some(Length::Limit(from)), Some(Length::Limit(to))) => from <= to,
        _ => false,
    };
    match (from.plain(), to.plain()) {
        (SqlType::Char(_) | SqlType::VarChar(_), SqlType::VarChar(_) | SqlType::NVarChar(_))
        | (SqlType::NChar(_) | SqlType::NVarChar(_), SqlType::NVarChar(_))
        | (SqlType::Binary(_) | SqlType::VarBinary(_), SqlType::VarBinary(_)) => {
            fits(from.length(), to.length())
        }
        (SqlType::Decimal { precision: p1, scale: s1 }, SqlType::Decimal { precision: p2, scale: s2 }) => {
            s1 == s2 && p1 <= p2
        }
        (SqlType::SmallMoney, SqlType::Money) | (SqlType::Real, SqlType::Float) => true,
        (SqlType::DateTime2 { scale: s1 }, SqlType::DateTime2 { scale: s2 })
        | (SqlType::Time { scale: s1 }, SqlType::Time { scale: s2 })
        | (SqlType::DateTimeOffset { scale: s1 }, SqlType::DateTimeOffset { scale: s2 }) => s1 <= s2,
        _ => false,
    }
}
