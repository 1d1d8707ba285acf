//! Built-in functions and aggregates.

use sqlparser::ast::{self, Expr};

use super::{
    Binder, Typed,
    expression::{common_type, widest},
    keys::key,
    not_tsql, parts,
    select::{direction, order_item},
};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::errors::{invalid_operand, unsupported};
use crate::sql::values::functions::aggregates::{avg_type, sum_type};
use crate::sql::values::functions::maths::result_type;

const DATETIME2: SqlType = SqlType::DateTime2 { scale: 7 };
const OFFSET: SqlType = SqlType::DateTimeOffset { scale: 7 };

impl Binder<'_> {
    /// Functions without parentheses.
    pub(crate) fn niladic(&mut self, name: &str) -> Result<Option<Typed>, SqlError> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "CURRENT_TIMESTAMP" => Some(now(SqlType::DateTime)),
            "CURRENT_USER" | "SESSION_USER" | "USER" => self.fact("user_name"),
            "SYSTEM_USER" => self.fact("suser_sname"),
            _ => None,
        })
    }

    pub(crate) fn function(&mut self, function: &ast::Function) -> Result<Typed, SqlError> {
        let ast::Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        let name = match name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(name)] => name.value.to_ascii_uppercase(),
            _ => {
                return Err(SqlError::new(
                    4121,
                    format!(
                        "Cannot find either column or the user-defined function or aggregate \"{}\", or the name is ambiguous.",
                        parts(name)?.join(".")
                    ),
                ));
            }
        };
        if *uses_odbc_syntax
            || *parameters != ast::FunctionArguments::None
            || filter.is_some()
            || null_treatment.is_some()
        {
            return Err(unsupported(&format!("This form of {name}")));
        }
        let (distinct, arguments) = match args {
            ast::FunctionArguments::List(ast::FunctionArgumentList {
                duplicate_treatment,
                args,
                clauses,
            }) if clauses.is_empty() => {
                (*duplicate_treatment == Some(ast::DuplicateTreatment::Distinct), args.as_slice())
            }
            ast::FunctionArguments::None => return self.niladic(&name)?.ok_or_else(|| not_tsql(&name)),
            _ => return Err(not_tsql(&name)),
        };
        let mut star = false;
        let mut values: Vec<&Expr> = Vec::new();
        for argument in arguments {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(value)) => values.push(value),
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) => star = true,
                _ => return Err(not_tsql(&name)),
            }
        }
        let aggregate = matches!(
            name.as_str(),
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
        );
        if let Some(over) = over {
            if distinct || !within_group.is_empty() {
                return Err(not_tsql("DISTINCT"));
            }
            return self.window(&name, &values, star, over);
        }
        if star && !matches!(name.as_str(), "COUNT" | "COUNT_BIG") || (distinct && !aggregate) {
            return Err(not_tsql("*"));
        }
        if !within_group.is_empty() && name != "STRING_AGG" {
            return Err(unsupported(&format!("{name} ... WITHIN GROUP")));
        }
        if aggregate {
            self.enter_aggregate()?;
            let bound = self.aggregate(&name, &values, star, distinct, within_group);
            self.leave_aggregate();
            return bound;
        }
        self.call(&name, &values)
    }

    fn aggregate(
        &mut self,
        name: &str,
        values: &[&Expr],
        star: bool,
        distinct: bool,
        order: &[ast::OrderByExpr],
    ) -> Result<Typed, SqlError> {
        let count_type = if name == "COUNT_BIG" { SqlType::BigInt } else { SqlType::Int };
        if star && values.is_empty() {
            return Ok(Typed::new("count(*)", count_type).not_null());
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
                Ok(Typed::new(format!("count({word}{})", key(&value.sql, sql_type)), count_type).not_null())
            }
            "MIN" | "MAX" => {
                if sql_type == SqlType::Bit {
                    return Err(invalid_operand(sql_type, &name.to_lowercase()));
                }
                Ok(Typed::new(extreme(name, &value), sql_type))
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
                let mut keys = Vec::new();
                for item in order {
                    let (expr, descending) = order_item(item)?;
                    let bound = self.expression(expr)?;
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

    fn window(
        &mut self,
        name: &str,
        values: &[&Expr],
        star: bool,
        over: &ast::WindowType,
    ) -> Result<Typed, SqlError> {
        let ast::WindowType::WindowSpec(ast::WindowSpec {
            window_name: None,
            partition_by,
            order_by,
            window_frame: None,
        }) = over
        else {
            return Err(unsupported("A named window, or ROWS or RANGE in OVER"));
        };
        if !self.scopes.last().is_some_and(|scope| scope.aggregates) {
            return Err(SqlError::new(
                4108,
                "Windowed functions can only appear in the SELECT or ORDER BY clauses.",
            )
            .with_class(15));
        }
        let (call, sql_type) = match (name, values, star) {
            ("ROW_NUMBER" | "RANK" | "DENSE_RANK", [], false) if !order_by.is_empty() => {
                (format!("{}()", name.to_lowercase()), SqlType::BigInt)
            }
            ("COUNT", [], true) => ("count(*)".to_owned(), SqlType::Int),
            ("COUNT_BIG", [], true) => ("count(*)".to_owned(), SqlType::BigInt),
            ("MIN" | "MAX", [value], false) => {
                let value = self.expression(value)?;
                (extreme(name, &value), value.sql_type)
            }
            _ => return Err(unsupported(&format!("{name} with OVER"))),
        };
        let mut partition = Vec::new();
        for expression in partition_by {
            let bound = self.expression(expression)?;
            partition.push(key(&bound.sql, bound.sql_type));
        }
        let mut order = Vec::new();
        for item in order_by {
            let (expr, descending) = order_item(item)?;
            if matches!(expr, Expr::Value(_)) {
                return Err(SqlError::new(
                    5308,
                    "Windowed functions, aggregates and NEXT VALUE FOR functions do not support integer indices as ORDER BY clause expressions.",
                ));
            }
            let bound = self.expression(expr)?;
            order.push(format!("{}{}", key(&bound.sql, bound.sql_type), direction(descending)));
        }
        let partition = if partition.is_empty() {
            String::new()
        } else {
            format!("PARTITION BY {} ", partition.join(", "))
        };
        let order = if order.is_empty() { String::new() } else { format!("ORDER BY {}", order.join(", ")) };
        let window = Typed::new(format!("({call} OVER ({partition}{order}))"), sql_type);
        Ok(if matches!(name, "MIN" | "MAX") { window } else { window.not_null() })
    }

    /// A scalar function of `name` in upper case.
    pub(crate) fn call(&mut self, name: &str, values: &[&Expr]) -> Result<Typed, SqlError> {
        let count = values.len();
        if let Some(bound) = self.dates(name, values)? {
            return Ok(bound);
        }
        let lower = name.to_lowercase();
        if count == 0
            && let Some(bound) = self.fact(&lower)
        {
            return Ok(bound);
        }
        match (name, values) {
            ("IIF", [condition, yes, no]) => {
                let condition = self.condition(condition)?;
                let yes = self.expression(yes)?;
                let no = self.expression(no)?;
                self.choose(vec![(condition, yes)], Some(no))
            }
            ("COALESCE", [_, _, ..]) => {
                let bound =
                    values.iter().map(|value| self.expression(value)).collect::<Result<Vec<_>, _>>()?;
                let sql_type = common_type(&bound.iter().collect::<Vec<_>>());
                let nullable = bound.iter().all(|value| value.nullable);
                let parts = bound
                    .into_iter()
                    .map(|value| self.coerce(value, sql_type).map(|value| value.sql))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Typed { nullable, ..Typed::new(format!("coalesce({})", parts.join(", ")), sql_type) })
            }
            ("ISNULL", [value, other]) => {
                let value = self.expression(value)?;
                let other = self.expression(other)?;
                let sql_type = if value.null { other.sql_type } else { value.sql_type };
                let other = self.coerce(other, sql_type)?;
                Ok(Typed {
                    nullable: other.nullable && value.nullable,
                    ..Typed::new(format!("ifnull({}, {})", value.sql, other.sql), sql_type)
                })
            }
            ("NULLIF", [value, other]) => {
                let value = self.expression(value)?;
                let other = self.expression(other)?;
                let same = self.compare(value.clone(), "=", other)?;
                Ok(Typed::new(format!("(CASE WHEN {same} THEN NULL ELSE {} END)", value.sql), value.sql_type))
            }
            ("LEN", [value]) => self.text_call("tsql_len", &[value], &[], SqlType::Int),
            ("DATALENGTH" | "ISNUMERIC", [value]) => {
                let value = self.expression(value)?;
                Ok(Typed::new(format!("tsql_{lower}({}, '{}')", value.sql, value.sql_type), SqlType::Int))
            }
            ("UPPER" | "LOWER" | "REVERSE" | "LTRIM" | "RTRIM" | "TRIM", [value]) => {
                let value = self.expression(value)?;
                let value = self.as_text(value)?;
                Ok(Typed::new(format!("tsql_{lower}({})", value.sql), varying(value.sql_type)))
            }
            ("LTRIM" | "RTRIM" | "TRIM", [value, characters]) => {
                self.same_text(&lower, value, &[], Some(characters))
            }
            ("LEFT" | "RIGHT", [value, n]) => self.same_text(&lower, value, &[n], None),
            ("SUBSTRING", [value, from, length]) => self.same_text(&lower, value, &[from, length], None),
            ("REPLACE", [a, b, c]) => {
                let sql_type = self.long_text(a)?;
                self.text_call("tsql_replace", &[a, b, c], &[], sql_type)
            }
            ("REPLICATE", [value, n]) => {
                let sql_type = self.long_text(value)?;
                let value = self.expression(value)?;
                let value = self.as_text(value)?;
                let n = self.number(n)?;
                Ok(Typed::new(format!("tsql_replicate({}, {n}, '{}')", value.sql, value.sql_type), sql_type))
            }
            ("SPACE", [n]) => Ok(Typed::new(
                format!("tsql_space({})", self.number(n)?),
                SqlType::VarChar(Length::Limit(8000)),
            )),
            ("CHARINDEX", [find, text]) => {
                let find = self.expression(find)?;
                let find = self.as_text(find)?;
                let text = self.expression(text)?;
                let text = self.as_text(text)?;
                Ok(Typed::new(format!("tsql_charindex({}, {}, 1)", find.sql, text.sql), SqlType::Int))
            }
            ("CHARINDEX", [find, text, start]) => {
                self.text_call("tsql_charindex", &[find, text], &[start], SqlType::Int)
            }
            ("PATINDEX", [pattern, text]) => {
                self.text_call("tsql_patindex", &[pattern, text], &[], SqlType::Int)
            }
            ("STUFF", [text, from, length, new]) => {
                let sql_type = self.long_text(text)?;
                let text = self.expression(text)?;
                let text = self.as_text(text)?;
                let (from, length) = (self.number(from)?, self.number(length)?);
                let new = self.expression(new)?;
                let new = self.as_text(new)?;
                Ok(Typed::new(format!("tsql_stuff({}, {from}, {length}, {})", text.sql, new.sql), sql_type))
            }
            ("CONCAT" | "CONCAT_WS", [_, _, ..]) => {
                let mut parts = Vec::new();
                let mut unicode = false;
                for value in values {
                    let value = self.expression(value)?;
                    let value = self.as_text(value)?;
                    unicode |= value.sql_type.is_unicode_text();
                    parts.push(value.sql);
                }
                let sql_type = if unicode {
                    SqlType::NVarChar(Length::Limit(4000))
                } else {
                    SqlType::VarChar(Length::Limit(8000))
                };
                Ok(Typed::new(format!("tsql_{lower}({})", parts.join(", ")), sql_type).not_null())
            }
            ("CHAR", [n]) => Ok(Typed::new(format!("tsql_char({})", self.number(n)?), SqlType::Char(1))),
            ("NCHAR", [n]) => Ok(Typed::new(format!("tsql_nchar({})", self.number(n)?), SqlType::NChar(1))),
            ("ASCII" | "UNICODE", [value]) => {
                self.text_call(&format!("tsql_{lower}"), &[value], &[], SqlType::Int)
            }
            ("ABS" | "CEILING" | "FLOOR" | "SIGN", [value]) => {
                let value = self.expression(value)?;
                let result = result_type(name, value.sql_type)?;
                let value = if value.sql_type.is_text() || value.sql_type == SqlType::Bit {
                    self.coerce(value, result)?
                } else {
                    value
                };
                Ok(Typed::new(format!("tsql_{lower}({}, '{}')", value.sql, value.sql_type), result))
            }
            ("ROUND", [value, n]) => {
                let value = self.expression(value)?;
                let result = result_type(name, value.sql_type)?;
                let value = if value.sql_type.is_text() || value.sql_type == SqlType::Bit {
                    self.coerce(value, result)?
                } else {
                    value
                };
                let n = self.number(n)?;
                Ok(Typed::new(format!("tsql_round({}, '{}', {n}, 0)", value.sql, value.sql_type), result))
            }
            ("SQRT" | "SQUARE" | "EXP" | "LOG10" | "LOG", [value]) => {
                let value = self.expression(value)?;
                let value = self.coerce(value, SqlType::Float)?;
                Ok(Typed::new(format!("tsql_{lower}({})", value.sql), SqlType::Float))
            }
            ("PI" | "RAND", []) => Ok(Typed::new(format!("tsql_{lower}()"), SqlType::Float)),
            ("NEWID", []) => Ok(Typed::new("tsql_newid()", SqlType::UniqueIdentifier)),
            (
                "SESSION_CONTEXT",
                [
                    Expr::Value(ast::ValueWithSpan {
                        value: ast::Value::NationalStringLiteral(key),
                        span: _,
                    }),
                ],
            ) => {
                let (sql_type, value) = self
                    .facts
                    .session_context
                    .get(&key.to_lowercase())
                    .cloned()
                    .unwrap_or((SqlType::NVarChar(Length::Limit(4000)), Value::Null));
                let sql = self.value(&value, sql_type);
                Ok(Typed::new(sql, sql_type))
            }
            ("DB_NAME" | "USER_NAME" | "SUSER_SNAME" | "SCHEMA_NAME", []) => {
                self.fact(&lower).ok_or_else(|| unknown(name))
            }
            ("OBJECT_ID", [object]) => self.object_id(object, None),
            ("OBJECT_ID", [object, kind]) => self.object_id(object, Some(kind)),
            (
                "SERVERPROPERTY",
                [
                    Expr::Value(ast::ValueWithSpan {
                        value:
                            ast::Value::SingleQuotedString(property) | ast::Value::NationalStringLiteral(property),
                        span: _,
                    }),
                ],
            ) => {
                let name = SqlType::NVarChar(Length::Limit(128));
                let (value, sql_type) = match property.to_ascii_lowercase().as_str() {
                    "edition" => (Value::Text("SQL Azure".to_owned()), name),
                    "engineedition" => (Value::Integer(5), SqlType::Int),
                    "productversion" => (Value::Text("12.0.2000.8".to_owned()), name),
                    "collation" => (Value::Text("SQL_Latin1_General_CP1_CI_AS".to_owned()), name),
                    _ => (Value::Null, name),
                };
                let sql = self.value(&value, sql_type);
                Ok(Typed::new(sql, sql_type))
            }
            (
                "FORMAT" | "HASHBYTES" | "CHECKSUM" | "PARSE" | "SOUNDEX" | "JSON_VALUE" | "JSON_QUERY"
                | "ISJSON" | "STRING_SPLIT" | "TRANSLATE" | "CHOOSE" | "POWER" | "STR" | "QUOTENAME",
                _,
            ) => Err(unsupported(&format!("The function {name}"))),
            _ => Err(unknown(name)),
        }
    }

    fn object_id(&mut self, object: &Expr, kind: Option<&Expr>) -> Result<Typed, SqlError> {
        let text = |expr: &Expr| match expr {
            Expr::Value(ast::ValueWithSpan {
                value: ast::Value::SingleQuotedString(text) | ast::Value::NationalStringLiteral(text),
                span: _,
            }) => Some(text.clone()),
            _ => None,
        };
        let Some(object) = text(object) else {
            return Err(unsupported("OBJECT_ID of anything but a literal"));
        };
        let table_wanted =
            kind.is_none_or(|kind| text(kind).is_some_and(|kind| kind.trim().eq_ignore_ascii_case("U")));
        let object = object.strip_prefix("tempdb..").unwrap_or(&object).to_owned();
        let names: Vec<String> =
            object.split('.').map(|part| part.trim_matches(['[', ']', '"']).to_owned()).collect();
        let id = if table_wanted { self.find_table(&names).ok().map(|table| table.id) } else { None };
        let sql = self.value(&id.map_or(Value::Null, Value::Integer), SqlType::Int);
        Ok(Typed::new(sql, SqlType::Int))
    }

    fn number(&mut self, value: &Expr) -> Result<String, SqlError> {
        let value = self.expression(value)?;
        Ok(self.coerce(value, SqlType::BigInt)?.sql)
    }

    /// A function whose first arguments are text and whose others are integers.
    fn text_call(
        &mut self,
        function: &str,
        texts: &[&Expr],
        numbers: &[&Expr],
        result: SqlType,
    ) -> Result<Typed, SqlError> {
        let mut sql = Vec::new();
        for text in texts {
            let text = self.expression(text)?;
            sql.push(self.as_text(text)?.sql);
        }
        for number in numbers {
            sql.push(self.number(number)?);
        }
        Ok(Typed::new(format!("{function}({})", sql.join(", ")), result))
    }

    /// A function of text that gives text of the same family.
    fn same_text(
        &mut self,
        function: &str,
        value: &Expr,
        numbers: &[&Expr],
        characters: Option<&Expr>,
    ) -> Result<Typed, SqlError> {
        let value = self.expression(value)?;
        let value = if value.sql_type.is_binary() { value } else { self.as_text(value)? };
        let mut sql = vec![value.sql.clone()];
        for number in numbers {
            sql.push(self.number(number)?);
        }
        if let Some(characters) = characters {
            sql.push(self.expression(characters)?.sql);
        }
        Ok(Typed::new(format!("tsql_{function}({})", sql.join(", ")), varying(value.sql_type)))
    }

    fn long_text(&mut self, value: &Expr) -> Result<SqlType, SqlError> {
        let value = self.expression(value)?;
        Ok(match value.sql_type.length() {
            Some(Length::Max) => widest(value.sql_type),
            _ if value.sql_type.is_unicode_text() => SqlType::NVarChar(Length::Limit(4000)),
            _ => SqlType::VarChar(Length::Limit(8000)),
        })
    }

    fn dates(&mut self, name: &str, values: &[&Expr]) -> Result<Option<Typed>, SqlError> {
        let part = |expr: &Expr| match expr {
            Expr::Identifier(name) => Ok(name.value.to_lowercase().replace('\'', "''")),
            other => Err(SqlError::new(
                1023,
                format!(
                    "Invalid parameter 1 specified for {}.",
                    other.to_string().chars().take(40).collect::<String>()
                ),
            )
            .with_class(15)),
        };
        Ok(Some(match (name, values) {
            ("GETDATE" | "GETUTCDATE", []) => now(SqlType::DateTime),
            ("SYSDATETIME" | "SYSUTCDATETIME", []) => now(DATETIME2),
            ("SYSDATETIMEOFFSET", []) => now(OFFSET),
            ("DATEADD", [unit, n, date]) => {
                let unit = part(unit)?;
                let n = self.number(n)?;
                let date = self.date(date, SqlType::DateTime)?;
                Typed::new(
                    format!("tsql_dateadd('{unit}', {n}, {}, '{}')", date.sql, date.sql_type),
                    date.sql_type,
                )
            }
            ("DATEDIFF" | "DATEDIFF_BIG", [unit, a, b]) => {
                let unit = part(unit)?;
                let a = self.date(a, OFFSET)?;
                let b = self.date(b, OFFSET)?;
                let sql_type = if name == "DATEDIFF" { SqlType::Int } else { SqlType::BigInt };
                Typed::new(
                    format!(
                        "tsql_{}('{unit}', {}, '{}', {}, '{}')",
                        name.to_lowercase(),
                        a.sql,
                        a.sql_type,
                        b.sql,
                        b.sql_type
                    ),
                    sql_type,
                )
            }
            ("DATEPART", [unit, date]) => {
                let unit = part(unit)?;
                let date = self.date(date, OFFSET)?;
                Typed::new(
                    format!("tsql_datepart('{unit}', {}, '{}')", date.sql, date.sql_type),
                    SqlType::Int,
                )
            }
            ("DATENAME", [unit, date]) => {
                let unit = part(unit)?;
                let date = self.date(date, OFFSET)?;
                Typed::new(
                    format!("tsql_datename('{unit}', {}, '{}')", date.sql, date.sql_type),
                    SqlType::NVarChar(Length::Limit(30)),
                )
            }
            ("YEAR" | "MONTH" | "DAY", [date]) => {
                let date = self.date(date, OFFSET)?;
                Typed::new(
                    format!("tsql_datepart('{}', {}, '{}')", name.to_lowercase(), date.sql, date.sql_type),
                    SqlType::Int,
                )
            }
            ("EOMONTH", [date]) => {
                let date = self.date(date, SqlType::Date)?;
                Typed::new(format!("tsql_eomonth({}, '{}', NULL)", date.sql, date.sql_type), SqlType::Date)
            }
            ("DATEFROMPARTS", [y, m, d]) => {
                let (y, m, d) = (self.number(y)?, self.number(m)?, self.number(d)?);
                Typed::new(format!("tsql_datefromparts({y}, {m}, {d})"), SqlType::Date)
            }
            ("ISDATE", [text]) => self.text_call("tsql_isdate", &[text], &[], SqlType::Int)?,
            ("AT TIME ZONE", [date, zone]) => {
                let date = self.date(date, DATETIME2)?;
                let zone = self.expression(zone)?;
                let scale = date.sql_type.fraction_digits().unwrap_or(3);
                Typed::new(
                    format!("tsql_at_time_zone({}, '{}', {})", date.sql, date.sql_type, zone.sql),
                    SqlType::DateTimeOffset { scale },
                )
            }
            _ => return Ok(None),
        }))
    }

    /// A date; text becomes `otherwise`.
    fn date(&mut self, value: &Expr, otherwise: SqlType) -> Result<Typed, SqlError> {
        let value = self.expression(value)?;
        if value.sql_type.is_date_time() && !value.null { Ok(value) } else { self.coerce(value, otherwise) }
    }
}

fn now(sql_type: SqlType) -> Typed {
    Typed::new(format!("tsql_now('{sql_type}')"), sql_type).not_null()
}

fn varying(sql_type: SqlType) -> SqlType {
    match sql_type {
        SqlType::Char(n) => SqlType::VarChar(Length::Limit(n)),
        SqlType::NChar(n) => SqlType::NVarChar(Length::Limit(n)),
        SqlType::Binary(n) => SqlType::VarBinary(Length::Limit(n)),
        other => other,
    }
}

/// MIN or MAX. A datetimeoffset's stored form begins with its instant, and bytes differ from their key only in zeros at
/// the end: the smallest stored value is one of the smallest on SQL Server.
fn extreme(name: &str, value: &Typed) -> String {
    let collation = if value.sql_type.is_text() { " COLLATE tsql_ci_as" } else { "" };
    format!("{}({}{collation})", name.to_lowercase(), value.sql)
}

fn unknown(name: &str) -> SqlError {
    SqlError::new(195, format!("'{name}' is not a recognized built-in function name.")).with_class(15)
}

fn arguments(name: &str, count: usize) -> SqlError {
    SqlError::new(174, format!("The {} function requires {count} argument(s).", name.to_lowercase()))
        .with_class(15)
}
