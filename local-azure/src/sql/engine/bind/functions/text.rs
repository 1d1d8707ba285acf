//! Functions of texts.

use sqlparser::ast::{self, Expr};

use super::super::{Binder, Typed, expression::widest};
use super::folds_case;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};
use crate::sql::values::errors::invalid_argument_type;

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn text_function(&mut self, name: &str, values: &[&Expr]) -> Result<Option<Typed>, SqlError> {
        let lower = name.to_lowercase();
        Ok(Some(match (name, values) {
            ("LEN", [value]) => {
                let value = self.text((name, values), value)?;
                Typed::new(format!("tsql_len({})", value.sql), place_type(value.sql_type))
            }
            ("DATALENGTH", [value]) => {
                let value = self.expression(value)?;
                let sql = format!("tsql_datalength({}, '{}')", value.sql, value.sql_type);
                Typed::new(sql, place_type(value.sql_type))
            }
            ("ISNUMERIC", [value]) => {
                let value = self.expression(value)?;
                Typed::new(format!("tsql_isnumeric({}, '{}')", value.sql, value.sql_type), SqlType::Int)
            }
            ("UPPER" | "LOWER" | "REVERSE" | "LTRIM" | "RTRIM" | "TRIM", [value]) => {
                let value = self.text((name, values), value)?;
                Typed::new(format!("tsql_{lower}({})", value.sql), varying(value.sql_type))
            }
            ("LTRIM" | "RTRIM" | "TRIM", [value, characters]) => {
                let (value, characters) =
                    (self.text((name, values), value)?, self.text((name, values), characters)?);
                let sql = format!("tsql_{lower}({}, {})", value.sql, characters.sql);
                Typed::new(sql, varying(value.sql_type))
            }
            ("LEFT" | "RIGHT", [value, count]) => {
                let value = self.text((name, values), value)?;
                let count = self.number(count)?;
                Typed::new(format!("tsql_{lower}({}, {count})", value.sql), varying(value.sql_type))
            }
            ("SUBSTRING", [value, from, length]) => {
                let value = self.expression(value)?;
                // A part of text, ntext or image is of the newer type.
                let value = match value.sql_type {
                    SqlType::Text | SqlType::NText => self.as_text(value)?,
                    SqlType::Image => Typed { sql_type: SqlType::VarBinary(Length::Max), ..value },
                    _ => value,
                };
                if !value.sql_type.is_text() && !value.sql_type.is_binary() {
                    return Err(invalid_argument_type(value.sql_type, 1, "substring"));
                }
                let (from, length) = (self.number(from)?, self.number(length)?);
                let sql = format!("tsql_substring({}, {from}, {length})", value.sql);
                Typed::new(sql, varying(value.sql_type))
            }
            ("REPLACE", [text, find, with]) => {
                let (text, find, with) = (
                    self.text((name, values), text)?,
                    self.text((name, values), find)?,
                    self.text((name, values), with)?,
                );
                let result = joined_type(&[&text, &find, &with]);
                cut(format!("tsql_replace({}, {}, {})", text.sql, find.sql, with.sql), result)
            }
            ("TRANSLATE", [text, find, with]) => {
                let (text, find, with) = (
                    self.text((name, values), text)?,
                    self.text((name, values), find)?,
                    self.text((name, values), with)?,
                );
                let sql = format!("tsql_translate({}, {}, {})", text.sql, find.sql, with.sql);
                Typed::new(sql, varying(text.sql_type))
            }
            ("REPLICATE", [value, count]) => {
                let value = self.text((name, values), value)?;
                let count = self.number(count)?;
                let result = joined_type(&[&value]);
                Typed::new(format!("tsql_replicate({}, {count}, '{}')", value.sql, value.sql_type), result)
            }
            ("SPACE", [count]) => Typed::new(
                format!("tsql_space({})", self.number(count)?),
                SqlType::VarChar(Length::Limit(8000)),
            ),
            ("CHARINDEX", [find, text, rest @ ..]) if rest.len() <= 1 => {
                let (find, text) = (self.text((name, values), find)?, self.text((name, values), text)?);
                let start = match rest {
                    [start] => self.number(start)?,
                    _ => "1".to_owned(),
                };
                let sql = format!("tsql_charindex({}, {}, {start})", find.sql, text.sql);
                Typed::new(sql, place_type(text.sql_type))
            }
            ("PATINDEX", [pattern, text]) => {
                let (pattern, text) = (self.text((name, values), pattern)?, self.text((name, values), text)?);
                let sql = format!("tsql_patindex({}, {})", pattern.sql, text.sql);
                Typed::new(sql, place_type(text.sql_type))
            }
            ("STUFF", [text, from, length, new]) => {
                let text = self.text((name, values), text)?;
                let (from, length) = (self.number(from)?, self.number(length)?);
                let new = self.text((name, values), new)?;
                let result = joined_type(&[&text, &new]);
                cut(format!("tsql_stuff({}, {from}, {length}, {})", text.sql, new.sql), result)
            }
            ("CONCAT" | "CONCAT_WS", [_, _, ..]) => {
                let texts = values
                    .iter()
                    .map(|value| self.text((name, values), value))
                    .collect::<Result<Vec<_>, _>>()?;
                let result = concatenation(&texts, name == "CONCAT_WS");
                let list: Vec<String> = texts.into_iter().map(|text| text.sql).collect();
                cut(format!("tsql_{lower}({})", list.join(", ")), result).not_null()
            }
            ("STR", [value, rest @ ..]) if rest.len() <= 2 => {
                let value = self.float(value)?;
                let (length, decimals) = (rest.first(), rest.get(1));
                let limit = match length {
                    None => 10,
                    Some(Expr::Value(ast::ValueWithSpan {
                        value: ast::Value::Number(digits, false),
                        span: _,
                    })) => digits.parse::<u16>().map_or(8000, |length| length.clamp(1, 8000)),
                    Some(_) => 8000,
                };
                let length = length.map_or(Ok("10".to_owned()), |length| self.number(length))?;
                let decimals = decimals.map_or(Ok("0".to_owned()), |decimals| self.number(decimals))?;
                Typed::new(
                    format!("tsql_str({value}, {length}, {decimals})"),
                    SqlType::VarChar(Length::Limit(limit)),
                )
            }
            ("QUOTENAME", [value, rest @ ..]) if rest.len() <= 1 => {
                let value = self.text((name, values), value)?;
                let quote = match rest {
                    [quote] => self.text((name, values), quote)?.sql,
                    _ => "'['".to_owned(),
                };
                let sql = format!("tsql_quotename({}, {quote})", value.sql);
                Typed::new(sql, SqlType::NVarChar(Length::Limit(258)))
            }
            ("CHAR", [code]) => Typed::new(format!("tsql_char({})", self.number(code)?), SqlType::Char(1)),
            ("NCHAR", [code]) => Typed::new(format!("tsql_nchar({})", self.number(code)?), SqlType::NChar(1)),
            ("ASCII" | "UNICODE", [value]) => {
                let value = self.text((name, values), value)?;
                Typed::new(format!("tsql_{lower}({})", value.sql), SqlType::Int)
            }
            _ => return Ok(None),
        }))
    }

    /// An argument as text; the call it belongs to is for the message about a type that isn't taken.
    fn text(&mut self, (name, values): (&str, &[&Expr]), value: &Expr) -> Result<Typed, SqlError> {
        let place = values.iter().position(|other| std::ptr::eq(*other, value)).map_or(1, |place| place + 1);
        let value = self.expression(value)?;
        let searches = matches!(name, "PATINDEX" | "CHARINDEX");
        let taken = match value.sql_type {
            SqlType::Text | SqlType::NText => searches,
            SqlType::Image | SqlType::Xml | SqlType::Json | SqlType::SqlVariant => false,
            other => !other.is_clr(),
        };
        if matches!(name, "CHARINDEX" | "PATINDEX" | "REPLACE" | "TRANSLATE") {
            folds_case(value.sql_type.collation(), name)?;
        }
        if !taken && !value.null {
            return Err(invalid_argument_type(value.sql_type, place, &name.to_lowercase()));
        }
        self.as_text(value)
    }
}

/// A length or a place in a text: bigint in one of `(max)`.
fn place_type(sql_type: SqlType) -> SqlType {
    if sql_type.length() == Some(Length::Max) { SqlType::BigInt } else { SqlType::Int }
}

fn varying(sql_type: SqlType) -> SqlType {
    let varying = match sql_type.plain() {
        SqlType::Char(n) => SqlType::VarChar(Length::Limit(n)),
        SqlType::NChar(n) => SqlType::NVarChar(Length::Limit(n)),
        SqlType::Binary(n) => SqlType::VarBinary(Length::Limit(n)),
        other => other,
    };
    varying.with_collation(sql_type.collation())
}

/// The type of a text made of others: `(max)` if the first is, else as long as can be.
fn joined_type(texts: &[&Typed]) -> SqlType {
    let unicode = texts.iter().any(|text| text.sql_type.is_unicode_text());
    let largest = texts.first().is_some_and(|text| text.sql_type.length() == Some(Length::Max));
    let joined = match (unicode, largest) {
        (true, true) => SqlType::NVarChar(Length::Max),
        (false, true) => SqlType::VarChar(Length::Max),
        (true, false) => SqlType::NVarChar(Length::Limit(4000)),
        (false, false) => SqlType::VarChar(Length::Limit(8000)),
    };
    joined.with_collation(texts.iter().find_map(|text| text.sql_type.collation()))
}

/// The type of CONCAT and CONCAT_WS: as long as all texts together.
fn concatenation(texts: &[Typed], separated: bool) -> SqlType {
    let unicode = texts.iter().any(|text| text.sql_type.is_unicode_text());
    let most: u16 = if unicode { 4000 } else { 8000 };
    let mut total = Length::Limit(0);
    let lengths = texts.iter().map(|text| text.sql_type.length());
    // The separator, which comes first, stands between all others.
    let separators = if separated { texts.len().saturating_sub(2) } else { 1 };
    for (place, length) in lengths.enumerate() {
        let times = if place == 0 { separators } else { 1 };
        total = match (total, length) {
            (Length::Limit(sum), Some(Length::Limit(length))) => {
                let times = u16::try_from(times).unwrap_or(u16::MAX);
                Length::Limit(sum.saturating_add(length.saturating_mul(times)).min(most))
            }
            _ => Length::Max,
        };
    }
    let total = if total == Length::Limit(0) { Length::Limit(1) } else { total };
    let joined = if unicode { SqlType::NVarChar(total) } else { SqlType::VarChar(total) };
    joined.with_collation(texts.iter().find_map(|text| text.sql_type.collation()))
}

/// A text cut to its type's length.
fn cut(sql: String, result: SqlType) -> Typed {
    if result.length() == Some(Length::Max) {
        return Typed::new(sql, result);
    }
    Typed::new(format!("tsql_coerce({sql}, '{}', '{result}')", widest(result)), result)
}
