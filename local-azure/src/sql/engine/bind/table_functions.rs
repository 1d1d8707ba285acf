//! Functions in FROM: OPENJSON and GENERATE_SERIES.

use sqlparser::ast::{self, Expr};

use super::from::alias_parts;
use super::functions::json::json_as_text;
use super::{Binder, Source, SourceColumn, Typed, identifier, not_tsql};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::errors::{invalid_argument_type, unsupported};
use crate::sql::values::json::errors::internal;
use crate::sql::values::json::open::WithColumn;
use crate::sql::values::json::path::Path;
use crate::sql::values::json::write::put_string;

const TEXT: SqlType = SqlType::NVarChar(Length::Max);

/// A column of a function's table.
struct FunctionColumn {
    name: String,
    sql: String,
    sql_type: SqlType,
    nullable: bool,
}

impl Binder<'_> {
    /// OPENJSON; with APPLY its arguments see the tables to its left.
    pub(super) fn open_json(
        &mut self,
        document: &Expr,
        path: Option<&ast::ValueWithSpan>,
        columns: &[ast::OpenJsonTableColumn],
        alias: Option<&ast::TableAlias>,
        apply: bool,
    ) -> Result<String, SqlError> {
        let hidden = if apply { None } else { self.scopes.pop() };
        let arguments = self.open_json_arguments(document, path);
        self.scopes.extend(hidden);
        let (document, path) = arguments?;
        let name = self.alias();
        let cell = |place: usize| format!("json_extract({name}.value, '$[{place}]')");
        let mut with = Vec::new();
        let mut list = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            let (column, with_column) = open_json_column(column, &cell(place))?;
            list.push(column);
            with.push(with_column);
        }
        let columns = if with.is_empty() {
            let column = |name: &str, sql: String, sql_type, nullable| FunctionColumn {
                name: name.to_owned(),
                sql,
                sql_type,
                nullable,
            };
            list.push(column("key", cell(0), SqlType::NVarChar(Length::Limit(4000)), false));
            list.push(column("value", cell(1), TEXT, true));
            list.push(column("type", format!("CAST({} AS INTEGER)", cell(2)), SqlType::TinyInt, false));
            "NULL".to_owned()
        } else {
            let with = serde_json::to_string(&with).map_err(|error| internal(&error))?;
            self.value(&Value::Text(with), TEXT)
        };
        let (path, given) = path.map_or_else(|| ("NULL".to_owned(), 0), |path| (path, 1));
        let sql = format!("json_each(tsql_openjson({document}, {path}, {given}, {columns})) AS {name}");
        self.add_function(alias, name, list)?;
        Ok(sql)
    }

    fn open_json_arguments(
        &mut self,
        document: &Expr,
        path: Option<&ast::ValueWithSpan>,
    ) -> Result<(String, Option<String>), SqlError> {
        let document = json_as_text(self.expression(document)?);
        let document = if document.null { document } else { self.as_text(document)? };
        let path = match path {
            None => None,
            Some(ast::ValueWithSpan { value, span: _ }) => {
                let path = self.literal(value)?;
                if path.null || !path.sql_type.is_text() {
                    return Err(invalid_argument_type(path.sql_type, 2, "OPENJSON"));
                }
                Some(path.sql)
            }
        };
        Ok((document.sql, path))
    }

    /// GENERATE_SERIES of whole numbers: SQLite makes the rows one by one as they are read.
    pub(super) fn generate_series(
        &mut self,
        arguments: &ast::TableFunctionArgs,
        alias: Option<&ast::TableAlias>,
    ) -> Result<String, SqlError> {
        let ast::TableFunctionArgs { args, settings } = arguments;
        if settings.is_some() {
            return Err(not_tsql("GENERATE_SERIES"));
        }
        let hidden = self.scopes.pop();
        let bound: Result<Vec<Typed>, SqlError> = args
            .iter()
            .map(|argument| match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(value)) => self.expression(value),
                _ => Err(not_tsql("GENERATE_SERIES")),
            })
            .collect();
        self.scopes.extend(hidden);
        let bound = bound?;
        let (start, stop, step) = match bound.as_slice() {
            [start, stop] => (start, stop, None),
            [start, stop, step] => (start, stop, Some(step)),
            _ => {
                return Err(SqlError::new(189, "The generate_series function requires 2 to 3 arguments.")
                    .with_class(15));
            }
        };
        let sql_type = start.sql_type;
        if matches!(sql_type, SqlType::Decimal { .. }) {
            return Err(unsupported("GENERATE_SERIES of decimals"));
        }
        let whole = sql_type.is_integer() && sql_type != SqlType::Bit;
        if !whole || bound.iter().any(|value| !value.null && value.sql_type != sql_type) {
            return Err(SqlError::new(
                5373,
                "All the input parameters should be of the same type. Supported types are tinyint, smallint, int, bigint, decimal and numeric.",
            ));
        }
        let name = self.alias();
        let step = step.map_or_else(
            || format!("(CASE WHEN {} <= {} THEN 1 ELSE -1 END)", start.sql, stop.sql),
            |step| format!("tsql_series_step({})", step.sql),
        );
        // The last number is compared with the end less a step, so that no sum goes beyond the type.
        let sql = format!(
            "(WITH RECURSIVE bounds(a, b, d) AS (SELECT {}, {}, {step}), series(c0) AS (\
             SELECT a FROM bounds WHERE (d > 0 AND a <= b) OR (d < 0 AND a >= b) \
             UNION ALL SELECT c0 + d FROM series CROSS JOIN bounds WHERE (d > 0 AND c0 <= b - d) OR (d < 0 AND c0 >= b - d)\
             ) SELECT c0 FROM series) AS {name}",
            start.sql, stop.sql
        );
        let column =
            FunctionColumn { name: "value".to_owned(), sql: format!("{name}.c0"), sql_type, nullable: false };
        self.add_function(alias, name, vec![column])?;
        Ok(sql)
    }

    fn add_function(
        &mut self,
        alias: Option<&ast::TableAlias>,
        sqlite_alias: String,
        columns: Vec<FunctionColumn>,
    ) -> Result<(), SqlError> {
        let (name, renamed) = match alias.map(alias_parts).transpose()? {
            Some((name, renamed)) => (Some(name), renamed),
            None => (None, Vec::new()),
        };
        if !renamed.is_empty() && renamed.len() != columns.len() {
            let name = name.unwrap_or_default();
            return Err(SqlError::new(
                8158,
                format!("'{name}' has more columns than were specified in the column list."),
            ));
        }
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(place, column)| SourceColumn {
                name: renamed.get(place).cloned().unwrap_or(column.name),
                sql: column.sql,
                sql_type: column.sql_type,
                nullable: column.nullable,
                identity: false,
                updatable: false,
                collated: false,
                table: Vec::new(),
                json: false,
            })
            .collect();
        self.add(Source {
            written: name.clone().unwrap_or_default(),
            qualifier: name.into_iter().collect(),
            columns,
            table: None,
            alias: sqlite_alias,
        })
    }
}

/// A column of WITH: what the query sees, and what OPENJSON looks up.
fn open_json_column(
    column: &ast::OpenJsonTableColumn,
    cell: &str,
) -> Result<(FunctionColumn, WithColumn), SqlError> {
    let ast::OpenJsonTableColumn { name, r#type, path, as_json } = column;
    let name = identifier(name)?;
    let sql_type = SqlType::parse(&r#type.to_string())?;
    if matches!(sql_type, SqlType::Text | SqlType::NText | SqlType::Image | SqlType::SqlVariant) {
        return Err(SqlError::new(
            13614,
            "TEXT, NTEXT, SQL_VARIANT and IMAGE types cannot be used as column types in OPENJSON function with explicit schema. These types are not supported in WITH clause.",
        ));
    }
    if matches!(sql_type, SqlType::HierarchyId | SqlType::Geometry | SqlType::Geography) {
        return Err(SqlError::new(
            13616,
            "CLR types cannot be used as column types in OPENJSON function with explicit schema. CLR types are not supported in WITH clause.",
        ));
    }
    if *as_json && sql_type != TEXT {
        return Err(SqlError::new(
            13618,
            "AS JSON option can be specified only for column of nvarchar(max) type in WITH clause.",
        ));
    }
    let path = match path {
        Some(path) => path.clone(),
        None => {
            let mut path = "$.".to_owned();
            put_string(&name, &mut path);
            path
        }
    };
    Path::parse(&path)?;
    let sql =
        if sql_type == TEXT { cell.to_owned() } else { format!("tsql_openjson_value({cell}, '{sql_type}')") };
    Ok((FunctionColumn { name, sql, sql_type, nullable: true }, WithColumn { path, json: *as_json }))
}
