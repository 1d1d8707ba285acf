//! Built-in functions.
//!
//! | module | binds |
//! |---|---|
//! | [`aggregates`] | COUNT, SUM, STRING_AGG and their kin |
//! | [`dates`] | dates and times |
//! | [`json`] | JSON_VALUE and its kin |
//! | [`maths`] | numbers |
//! | [`methods`] | methods of xml, hierarchyid and the spatial types |
//! | [`rights`] | users, roles, permissions |
//! | [`server`] | properties of server, database and connection |
//! | [`session`] | the session, the server, its objects |
//! | [`text`] | texts |
//! | [`windows`] | functions with OVER |

mod aggregates;
mod dates;
pub(in crate::sql::engine::bind) mod json;
mod maths;
mod methods;
mod rights;
pub(crate) mod server;
pub(crate) mod session;
mod text;
mod windows;

use sqlparser::ast::{self, Expr};

use self::aggregates::is_aggregate;
use super::{Binder, Typed, expression::common_type, keys::meet, not_tsql, parts};
use crate::sql::reply::SqlError;
use crate::sql::types::{Collation, SqlType};
use crate::sql::values::collations::Sensitivity;
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    /// Functions without parentheses.
    pub(crate) fn niladic(&mut self, name: &str) -> Result<Option<Typed>, SqlError> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "CURRENT_TIMESTAMP" => Some(dates::now(SqlType::DateTime)),
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
        let (written, name) = match name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(name)] => (&name.value, name.value.to_ascii_uppercase()),
            _ => {
                if let Some(bound) = self.method_of_name(function)? {
                    return Ok(bound);
                }
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
        if matches!(name.as_str(), "JSON_OBJECT" | "JSON_ARRAY") {
            return self.json_maker(&name, args, over.is_some() || !within_group.is_empty());
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
        let aggregate = is_aggregate(&name);
        if let Some(over) = over {
            if distinct || !within_group.is_empty() {
                return Err(not_tsql("DISTINCT"));
            }
            return self.window(&name, &values, star, over);
        }
        if star && !matches!(name.as_str(), "COUNT" | "COUNT_BIG") {
            return Err(not_tsql("*"));
        }
        if distinct && !aggregate {
            return Err(not_tsql("DISTINCT"));
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
        if let Some((of, method)) = written.split_once("::") {
            return self.static_method(of, method, &values);
        }
        let before = self.untyped_uses();
        let bound = self.call(&name, &values)?;
        Ok(self.depends_on_untyped_since(before, bound))
    }

    /// A scalar function of `name` in upper case.
    pub(crate) fn call(&mut self, name: &str, values: &[&Expr]) -> Result<Typed, SqlError> {
        if values.is_empty()
            && let Some(bound) = self.fact(&name.to_lowercase())
        {
            return Ok(bound);
        }
        if let Some(bound) = self.choice(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.date_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.text_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.maths_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.session_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.module_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.rights_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.server_function(name, values)? {
            return Ok(bound);
        }
        if let Some(bound) = self.json_function(name, values)? {
            return Ok(bound);
        }
        if let Some((_, count)) = ARGUMENTS.iter().find(|(known, _)| *known == name) {
            return Err(arguments(name, *count));
        }
        if UNSUPPORTED.contains(&name) {
            return Err(unsupported(&format!("The function {name}")));
        }
        Err(SqlError::new(195, format!("'{name}' is not a recognized built-in function name."))
            .with_class(15))
    }

    /// Functions that choose one of their arguments.
    fn choice(&mut self, name: &str, values: &[&Expr]) -> Result<Option<Typed>, SqlError> {
        Ok(Some(match (name, values) {
            ("IIF", [condition, yes, no]) => {
                let condition = self.condition(condition)?;
                let yes = self.expression(yes)?;
                let no = self.expression(no)?;
                self.choose(vec![(condition, yes)], Some(no))?
            }
            ("CHOOSE", [index, rest @ ..]) if !rest.is_empty() => {
                let index = self.expression(index)?;
                let index = self.coerce(index, SqlType::Int)?;
                let mut branches = Vec::new();
                for (place, value) in rest.iter().enumerate() {
                    let condition = format!("{} = {}", index.sql, place.saturating_add(1));
                    branches.push((condition, self.expression(value)?));
                }
                self.choose(branches, None)?
            }
            ("COALESCE", [_, _, ..]) => {
                let bound =
                    values.iter().map(|value| self.expression(value)).collect::<Result<Vec<_>, _>>()?;
                if bound.iter().all(|value| value.null) {
                    return Err(SqlError::new(
                        4127,
                        "At least one of the arguments to COALESCE must be an expression that is not the NULL constant.",
                    ));
                }
                let (collation, label) = meet(&bound.iter().collect::<Vec<_>>(), "COALESCE")?;
                let sql_type = common_type(&bound.iter().collect::<Vec<_>>()).with_collation(collation);
                let parameter = bound.iter().find_map(|value| value.parameter.clone());
                let parts = bound
                    .into_iter()
                    .map(|value| self.coerce(value, sql_type).map(|value| value.sql))
                    .collect::<Result<Vec<_>, _>>()?;
                // Unlike ISNULL it may be NULL for SQL Server's metadata, whatever its arguments are.
                let sql = format!("coalesce({})", parts.join(", "));
                Typed { parameter, label, ..Typed::new(sql, sql_type) }
            }
            ("ISNULL", [value, other]) => {
                let value = self.expression(value)?;
                let other = self.expression(other)?;
                self.two_untyped(&value, &other)?;
                let sql_type = if value.null { other.sql_type } else { value.sql_type };
                self.deduce_generally(&value, sql_type);
                let other = self.coerce(other, sql_type)?;
                Typed {
                    parameter: value.parameter.clone().or_else(|| other.parameter.clone()),
                    nullable: other.nullable && value.nullable,
                    json: [&value, &other].iter().all(|either| either.json || either.null),
                    ..Typed::new(format!("ifnull({}, {})", value.sql, other.sql), sql_type)
                }
            }
            ("NULLIF", [value, other]) => {
                let value = self.expression(value)?;
                if value.null {
                    return Err(SqlError::new(
                        4151,
                        "The type of the first argument to NULLIF cannot be the NULL constant because the type of the first argument has to be known.",
                    ));
                }
                let other = self.expression(other)?;
                let same = self.compare(value.clone(), "=", other)?;
                let sql = format!("(CASE WHEN {same} THEN NULL ELSE {} END)", value.sql);
                Typed { json: value.json, ..Typed::new(sql, value.sql_type) }
            }
            _ => return Ok(None),
        }))
    }

    /// An argument that is a whole number.
    pub(super) fn number(&mut self, value: &Expr) -> Result<String, SqlError> {
        let value = self.expression(value)?;
        self.deduce(&value, SqlType::Int);
        Ok(self.coerce(value, SqlType::BigInt)?.sql)
    }
}

/// Functions with a fixed number of arguments, for 174.
const ARGUMENTS: [(&str, usize); 72] = [
    ("SQL_VARIANT_PROPERTY", 2),
    ("JSON_VALUE", 2),
    ("JSON_MODIFY", 3),
    ("JSON_PATH_EXISTS", 2),
    ("OBJECT_NAME", 1),
    ("OBJECT_SCHEMA_NAME", 1),
    ("OBJECT_DEFINITION", 1),
    ("IS_MEMBER", 1),
    ("HAS_DBACCESS", 1),
    ("SERVERPROPERTY", 1),
    ("CONNECTIONPROPERTY", 1),
    ("SESSIONPROPERTY", 1),
    ("SESSION_CONTEXT", 1),
    ("DATABASEPROPERTYEX", 2),
    ("IIF", 3),
    ("ISNULL", 2),
    ("NULLIF", 2),
    ("LEN", 1),
    ("DATALENGTH", 1),
    ("ISNUMERIC", 1),
    ("UPPER", 1),
    ("LOWER", 1),
    ("REVERSE", 1),
    ("LEFT", 2),
    ("RIGHT", 2),
    ("SUBSTRING", 3),
    ("REPLACE", 3),
    ("TRANSLATE", 3),
    ("REPLICATE", 2),
    ("SPACE", 1),
    ("PATINDEX", 2),
    ("STUFF", 4),
    ("CHAR", 1),
    ("NCHAR", 1),
    ("ASCII", 1),
    ("UNICODE", 1),
    ("ABS", 1),
    ("CEILING", 1),
    ("FLOOR", 1),
    ("SIGN", 1),
    ("POWER", 2),
    ("SQRT", 1),
    ("SQUARE", 1),
    ("EXP", 1),
    ("LOG10", 1),
    ("SIN", 1),
    ("COS", 1),
    ("TAN", 1),
    ("COT", 1),
    ("ASIN", 1),
    ("ACOS", 1),
    ("ATAN", 1),
    ("ATN2", 2),
    ("PI", 0),
    ("NEWID", 0),
    ("GETDATE", 0),
    ("GETUTCDATE", 0),
    ("SYSDATETIME", 0),
    ("SYSUTCDATETIME", 0),
    ("DATEADD", 3),
    ("DATEDIFF", 3),
    ("DATEDIFF_BIG", 3),
    ("DATEPART", 2),
    ("DATENAME", 2),
    ("DATETRUNC", 2),
    ("YEAR", 1),
    ("MONTH", 1),
    ("DAY", 1),
    ("DATEFROMPARTS", 3),
    ("ISDATE", 1),
    ("TODATETIMEOFFSET", 2),
    ("SWITCHOFFSET", 2),
];

/// Functions that SQL Server has and this endpoint has not.
const UNSUPPORTED: [&str; 32] = [
    "SUSER_SNAME",
    "SUSER_SID",
    "SUSER_ID",
    "USER_ID",
    "ROLLUP",
    "CUBE",
    "FORMAT",
    "HASHBYTES",
    "CHECKSUM",
    "BINARY_CHECKSUM",
    "CHECKSUM_AGG",
    "APPROX_COUNT_DISTINCT",
    "GROUPING",
    "GROUPING_ID",
    "PARSE",
    "TRY_PARSE",
    "SOUNDEX",
    "DIFFERENCE",
    "JSON_ARRAYAGG",
    "JSON_OBJECTAGG",
    "JSON_CONTAINS",
    "STRING_SPLIT",
    "STRING_ESCAPE",
    "DEGREES",
    "RADIANS",
    "RAND",
    "NEWSEQUENTIALID",
    "DATE_BUCKET",
    "GREATEST",
    "LEAST",
    "COMPRESS",
    "DECOMPRESS",
];

/// Functions and LIKE look for text without regard to case: under another collation they would find too much.
///
/// # Errors
/// 40517, with the name of the function.
pub(crate) fn folds_case(collation: Option<Collation>, name: &str) -> Result<(), SqlError> {
    match collation {
        Some(collation) if collation.sensitivity() != Sensitivity::Accents => {
            Err(unsupported(&format!("{name} under the collation {collation}")))
        }
        _ => Ok(()),
    }
}

/// 174.
fn arguments(name: &str, count: usize) -> SqlError {
    SqlError::new(174, format!("The {} function requires {count} argument(s).", name.to_lowercase()))
        .with_class(15)
}
