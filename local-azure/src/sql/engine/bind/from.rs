//! FROM: tables, joins, derived tables, common table expressions.

use sqlparser::ast::{self, JoinConstraint, JoinOperator, TableFactor};

use super::{Binder, Source, SourceColumn, identifier, not_tsql, select::BoundQuery, table_parts};
use crate::sql::engine::catalog::{self, Table, quote, same_name};
use crate::sql::engine::errors;
use crate::sql::reply::SqlError;
use crate::sql::tsql::cursor::no_table_variable;
use crate::sql::tsql::statement::Name;
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    /// Binds the tables into the innermost scope and gives the SQL behind FROM.
    pub(crate) fn from(&mut self, tables: &[ast::TableWithJoins]) -> Result<String, SqlError> {
        let mut clauses = Vec::new();
        for table in tables {
            let sql = self.joined(table)?;
            // A comma binds less than JOIN.
            clauses.push(if clauses.is_empty() || table.joins.is_empty() { sql } else { format!("({sql})") });
        }
        Ok(clauses.join(" CROSS JOIN "))
    }

    fn joined(&mut self, table: &ast::TableWithJoins) -> Result<String, SqlError> {
        let ast::TableWithJoins { relation, joins } = table;
        let place = self.scopes.last().map_or(0, |scope| scope.sources.len());
        let mut sql = self.factor(relation)?;
        for ast::Join { relation, global, join_operator } in joins {
            if *global {
                return Err(not_tsql("GLOBAL"));
            }
            let right_place = self.scopes.last().map_or(0, |scope| scope.sources.len());
            let apply = matches!(join_operator, JoinOperator::CrossApply | JoinOperator::OuterApply);
            let right = if apply { self.applied(relation, join_operator)? } else { self.factor(relation)? };
            let (word, constraint, left_null, right_null) = match join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) => ("JOIN", on, false, false),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("LEFT JOIN", on, false, true),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT JOIN", on, true, false),
                JoinOperator::FullOuter(on) => ("FULL JOIN", on, true, true),
                JoinOperator::CrossJoin(JoinConstraint::None) => {
                    ("CROSS JOIN", &JoinConstraint::None, false, false)
                }
                JoinOperator::CrossApply => ("CROSS JOIN", &JoinConstraint::None, false, false),
                JoinOperator::OuterApply => ("LEFT JOIN", &JoinConstraint::None, false, true),
                _ => return Err(not_tsql("JOIN")),
            };
            let on = match (word, constraint) {
                ("CROSS JOIN", _) => String::new(),
                _ if apply => " ON 1".to_owned(),
                (_, JoinConstraint::On(condition)) => format!(" ON {}", self.condition(condition)?),
                (_, JoinConstraint::Using(_)) => return Err(not_tsql("USING")),
                (_, JoinConstraint::Natural) => return Err(not_tsql("NATURAL")),
                (_, JoinConstraint::None) => return Err(not_tsql("JOIN")),
            };
            sql = format!("{sql} {word} {right}{on}");
            if let Some(scope) = self.scopes.last_mut() {
                for (index, source) in scope.sources.iter_mut().enumerate() {
                    let makes_null =
                        if index >= right_place { right_null } else { index >= place && left_null };
                    for column in &mut source.columns {
                        column.nullable |= makes_null;
                    }
                }
            }
        }
        Ok(sql)
    }

    fn factor(&mut self, factor: &TableFactor) -> Result<String, SqlError> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                if let Some(args) = args
                    && name.to_string().eq_ignore_ascii_case("GENERATE_SERIES")
                    && with_hints.is_empty()
                {
                    return self.generate_series(args, alias.as_ref());
                }
                if args.is_some() {
                    return Err(unsupported(&format!("The table function {name}")));
                }
                if version.is_some() {
                    return Err(unsupported("FOR SYSTEM_TIME"));
                }
                if *with_ordinality
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || !index_hints.is_empty()
                {
                    return Err(not_tsql("FROM"));
                }
                if sample.is_some() {
                    return Err(unsupported("TABLESAMPLE"));
                }
                check_hints(with_hints)?;
                self.table(&table_parts(name)?, alias.as_ref())
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let Some(alias) = alias else {
                    return Err(not_tsql(")"));
                };
                // A derived table doesn't see its neighbours.
                let outer = self.scopes.pop();
                let query = self.subquery(subquery);
                self.scopes.extend(outer);
                let query = query?;
                let (name, columns) = alias_parts(alias)?;
                self.derived(&query, name, &columns)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                Ok(format!("({})", self.joined(table_with_joins)?))
            }
            TableFactor::Pivot { .. } => Err(unsupported("PIVOT")),
            TableFactor::Unpivot { .. } => Err(unsupported("UNPIVOT")),
            TableFactor::OpenJsonTable { json_expr, json_path, columns, alias } => {
                self.open_json(json_expr, json_path.as_ref(), columns, alias.as_ref(), false)
            }
            TableFactor::Derived { lateral: true, .. } => Err(not_tsql("LATERAL")),
            _ => Err(unsupported("This kind of table in FROM")),
        }
    }

    /// What stands behind APPLY, which sees the tables to its left: OPENJSON only.
    fn applied(&mut self, factor: &TableFactor, operator: &JoinOperator) -> Result<String, SqlError> {
        match factor {
            TableFactor::OpenJsonTable { json_expr, json_path, columns, alias } => {
                self.open_json(json_expr, json_path.as_ref(), columns, alias.as_ref(), true)
            }
            _ if *operator == JoinOperator::CrossApply => {
                Err(unsupported("CROSS APPLY of anything but OPENJSON"))
            }
            _ => Err(unsupported("OUTER APPLY of anything but OPENJSON")),
        }
    }

    fn derived(&mut self, query: &BoundQuery, name: String, renamed: &[String]) -> Result<String, SqlError> {
        if !renamed.is_empty() && renamed.len() != query.columns.len() {
            return Err(SqlError::new(
                8158,
                format!("'{name}' has more columns than were specified in the column list."),
            ));
        }
        let alias = self.alias();
        let mut columns: Vec<SourceColumn> = Vec::new();
        for (index, column) in query.columns.iter().enumerate() {
            let column_name = renamed.get(index).unwrap_or(&column.name).clone();
            if column_name.is_empty() {
                return Err(SqlError::new(
                    8155,
                    format!("No column name was specified for column {} of '{name}'.", index + 1),
                ));
            }
            if columns.iter().any(|other| same_name(&other.name, &column_name)) {
                return Err(SqlError::new(
                    8156,
                    format!("The column '{column_name}' was specified multiple times for '{name}'."),
                ));
            }
            columns.push(SourceColumn {
                name: column_name,
                sql: format!("{alias}.c{index}"),
                sql_type: column.sql_type,
                nullable: column.nullable,
                identity: false,
                collated: false,
                json: column.json,
            });
        }
        let sql = format!("({}) AS {alias}", query.sql);
        self.add(Source { written: name.clone(), qualifier: vec![name], columns, table: None, alias })?;
        Ok(sql)
    }

    pub(super) fn add(&mut self, source: Source) -> Result<(), SqlError> {
        if let Some(scope) = self.scopes.last_mut() {
            if let Some(name) = source.qualifier.last()
                && scope.sources.iter().any(|other| {
                    other.qualifier.len() == source.qualifier.len()
                        && other.qualifier.iter().zip(&source.qualifier).all(|(a, b)| same_name(a, b))
                })
            {
                return Err(SqlError::new(
                    1011,
                    format!("The correlation name '{name}' is specified multiple times in a FROM clause."),
                ));
            }
            scope.sources.push(source);
        }
        Ok(())
    }

    fn table(&mut self, name: &[String], alias: Option<&ast::TableAlias>) -> Result<String, SqlError> {
        let alias = alias.map(alias_parts).transpose()?;
        if alias.as_ref().is_some_and(|(_, columns)| !columns.is_empty()) {
            return Err(not_tsql("("));
        }
        let alias = alias.map(|(name, _)| name);
        if let [single] = name
            && let Some(common) =
                self.commons.iter().rev().find(|common| same_name(&common.name, single)).cloned()
        {
            let Some(query) = common.query else {
                return Err(unsupported("A recursive common table expression"));
            };
            return self.derived(&query, alias.unwrap_or(common.name), &[]);
        }
        if let [schema, view] = name
            && (same_name(schema, "sys") || same_name(schema, "INFORMATION_SCHEMA"))
        {
            let query = self.system_view(schema, view)?;
            return self.derived(&query, alias.unwrap_or_else(|| view.clone()), &[]);
        }
        let table = self.find_table(name)?;
        self.reads_from(&table)?;
        let sqlite_alias = self.alias();
        let written = alias.clone().unwrap_or_else(|| name.join("."));
        let qualifier = match alias {
            Some(alias) => vec![alias],
            None if table.name.starts_with('@') => vec![table.name.clone()],
            None => vec![table.schema.clone(), table.name.clone()],
        };
        let sql = format!("{} AS {sqlite_alias}", table.sql());
        let columns = columns_of(&table, &format!("{sqlite_alias}."));
        self.add(Source { qualifier, written, columns, table: Some(table), alias: sqlite_alias })?;
        Ok(sql)
    }

    /// A table or table variable; 208 or 1087 if there is none.
    pub(crate) fn find_table(&self, name: &[String]) -> Result<Table, SqlError> {
        match name {
            [variable] if variable.starts_with('@') => self
                .facts
                .tables
                .get(&variable.to_lowercase())
                .map(|variable| variable.table.clone())
                .ok_or_else(|| no_table_variable(variable)),
            _ => find_table(self.connection, name),
        }
    }
}

/// The table of that name, 208 if there is none.
pub(crate) fn find_table(connection: &rusqlite::Connection, name: &[String]) -> Result<Table, SqlError> {
    let (schema, object) = match name {
        [object] => ("dbo", object),
        [schema, object] => (schema.as_str(), object),
        _ => return Err(unsupported("A name with a database or server part")),
    };
    catalog::find(connection, schema, object).map_err(|error| errors::internal(&error))?.ok_or_else(|| {
        errors::invalid_object(&Name {
            schema: (name.len() > 1).then(|| schema.to_owned()),
            object: object.clone(),
        })
    })
}

/// A table's columns with `prefix` before each.
pub(crate) fn columns_of(table: &Table, prefix: &str) -> Vec<SourceColumn> {
    table
        .columns
        .iter()
        .map(|column| SourceColumn {
            name: column.name.clone(),
            sql: format!("{prefix}{}", quote(&column.name)),
            sql_type: column.sql_type,
            nullable: column.nullable,
            identity: column.identity.is_some(),
            collated: column.sql_type.is_text(),
            json: false,
        })
        .collect()
}

/// The name and the column names of an alias.
pub(crate) fn alias_parts(alias: &ast::TableAlias) -> Result<(String, Vec<String>), SqlError> {
    let ast::TableAlias { explicit: _, name, columns, at } = alias;
    if at.is_some() {
        return Err(not_tsql("AT"));
    }
    let columns = columns
        .iter()
        .map(|ast::TableAliasColumnDef { name, data_type }| match data_type {
            None => identifier(name),
            Some(_) => Err(not_tsql("(")),
        })
        .collect::<Result<_, _>>()?;
    Ok((identifier(name)?, columns))
}

/// Lock hints: a writer here has the whole database to itself, so those that ask for more locks have them already.
pub(crate) fn check_hints(hints: &[ast::Expr]) -> Result<(), SqlError> {
    for hint in hints {
        let hint = hint.to_string().to_ascii_uppercase();
        let harmless = [
            "NOLOCK",
            "READUNCOMMITTED",
            "READCOMMITTED",
            "UPDLOCK",
            "ROWLOCK",
            "PAGLOCK",
            "TABLOCK",
            "XLOCK",
            "READCOMMITTEDLOCK",
            "HOLDLOCK",
            "SERIALIZABLE",
            "REPEATABLEREAD",
            "TABLOCKX",
            "FORCESEEK",
        ];
        if !harmless.contains(&hint.as_str()) {
            return Err(unsupported(&format!("The table hint {hint}")));
        }
    }
    Ok(())
}
