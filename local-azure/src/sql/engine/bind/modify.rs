//! UPDATE and DELETE, OUTPUT, and values on their way into columns.

use sqlparser::ast::{self, Expr, SetExpr};

use super::{
    Binder, Scope, Source, Typed,
    from::{check_hints, columns_of},
    not_tsql, parts,
    select::OutputColumn,
    table_parts,
};
use crate::sql::engine::catalog::{Table, quote, same_name};
use crate::sql::engine::errors;
use crate::sql::reply::{SqlError, StatementKind};
use crate::sql::types::SqlType;
use crate::sql::values::convert::{is_allowed, not_allowed};
use crate::sql::values::errors::unsupported;

/// A modification as SQLite SQL; `output` are the columns of its OUTPUT clause.
#[derive(Debug)]
pub(crate) struct BoundModification {
    pub(crate) sql: String,
    pub(crate) kind: StatementKind,
    pub(crate) table: Table,
    pub(crate) output: Vec<OutputColumn>,
}

/// What gives a row its next rowversion.
const NEXT_ROW_VERSION: &str = "local_azure_row_version()";

impl Binder<'_> {
    /// Binds INSERT, UPDATE or DELETE; `identity_insert` is the table for which SET IDENTITY_INSERT is ON.
    pub(crate) fn modification(
        &mut self,
        statement: &ast::Statement,
        top: Option<&Expr>,
        identity_insert: Option<i64>,
    ) -> Result<BoundModification, SqlError> {
        match statement {
            ast::Statement::Insert(insert) => {
                if top.is_some() {
                    return Err(unsupported("INSERT TOP"));
                }
                self.insert(insert, identity_insert)
            }
            ast::Statement::Update(update) => self.update(update, top),
            ast::Statement::Delete(delete) => self.delete(delete, top),
            ast::Statement::Query(query) => {
                let ast::Query {
                    with: Some(with),
                    body,
                    order_by: None,
                    limit_clause: None,
                    fetch: None,
                    locks,
                    for_clause: None,
                    settings: None,
                    format_clause: None,
                    pipe_operators,
                } = &**query
                else {
                    return Err(not_tsql("WITH"));
                };
                if !locks.is_empty() || !pipe_operators.is_empty() {
                    return Err(not_tsql("WITH"));
                }
                self.with(with)?;
                match &**body {
                    SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
                        self.modification(statement, top, identity_insert)
                    }
                    _ => Err(not_tsql("WITH")),
                }
            }
            _ => Err(not_tsql("WITH")),
        }
    }

    /// A value on its way into a column.
    pub(crate) fn assigned(
        &mut self,
        value: Typed,
        table: &Table,
        column: usize,
    ) -> Result<String, SqlError> {
        let Some(column) = table.columns.get(column) else { return Err(errors::invalid_column("")) };
        if column.sql_type == SqlType::RowVersion {
            return Err(SqlError::new(
                273,
                "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.",
            ));
        }
        if value.null {
            return Ok("NULL".to_owned());
        }
        if super::expression::keeps_form(value.sql_type, column.sql_type) || value.sql_type == column.sql_type
        {
            return Ok(value.sql);
        }
        if !is_allowed(value.sql_type, column.sql_type, false) {
            return Err(not_allowed(value.sql_type, column.sql_type, false));
        }
        let text = |text: &str| text.replace('\'', "''");
        Ok(format!(
            "tsql_assign({}, '{}', '{}', '{}', '{}')",
            value.sql,
            value.sql_type,
            column.sql_type,
            text(&table.shown()),
            text(&column.name)
        ))
    }

    pub(crate) fn default(&mut self, table: &Table, column: usize) -> Result<String, SqlError> {
        if table.columns.get(column).is_some_and(|column| column.sql_type == SqlType::RowVersion) {
            return Ok(NEXT_ROW_VERSION.to_owned());
        }
        match table.columns.get(column).and_then(|column| column.default.clone()) {
            Some(text) => {
                let expression = crate::sql::tsql::batch::parse_expression(&text)?;
                let scopes = std::mem::take(&mut self.scopes);
                let value = self.expression(&expression);
                self.scopes = scopes;
                self.assigned(value?, table, column)
            }
            None => Ok("NULL".to_owned()),
        }
    }

    /// The OUTPUT clause as RETURNING; `pseudo` is the table whose rows SQLite gives back, `missing` the one that SQL Server
    /// has too and SQLite has not.
    pub(super) fn output(
        &mut self,
        output: Option<&ast::OutputClause>,
        table: &Table,
        pseudo: &str,
        missing: &'static str,
    ) -> Result<(String, Vec<OutputColumn>), SqlError> {
        let items = match output {
            None => return Ok((String::new(), Vec::new())),
            Some(ast::OutputClause::Output { output_token: _, select_items, into_table: None }) => {
                select_items
            }
            Some(ast::OutputClause::Output { .. }) => return Err(unsupported("OUTPUT ... INTO")),
            Some(ast::OutputClause::Returning { .. }) => return Err(not_tsql("RETURNING")),
        };
        let source = Source {
            qualifier: vec![pseudo.to_owned()],
            written: pseudo.to_owned(),
            columns: columns_of(table, ""),
            table: None,
            alias: String::new(),
        };
        let scope = Scope { sources: vec![source], output: Some(missing), ..Scope::default() };
        let scopes = std::mem::replace(&mut self.scopes, vec![scope]);
        let mut list = Vec::new();
        let mut columns = Vec::new();
        for item in items {
            let mut values = Vec::new();
            let bound = self.select_item(item, &mut values);
            if bound.is_err() {
                self.scopes = scopes;
                bound?;
                return Err(not_tsql("OUTPUT"));
            }
            for (name, value) in values {
                columns.push(OutputColumn {
                    name,
                    sql_type: value.sql_type,
                    nullable: value.nullable,
                    identity: value.identity,
                    null: value.null,
                    json: false,
                    source: None,
                });
                list.push(value.sql);
            }
        }
        self.scopes = scopes;
        Ok((format!(" RETURNING {}", list.join(", ")), columns))
    }

    fn update(&mut self, update: &ast::Update, top: Option<&Expr>) -> Result<BoundModification, SqlError> {
        let ast::Update {
            update_token: _,
            optimizer_hints: _,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        if returning.is_some() || or.is_some() || !order_by.is_empty() || limit.is_some() {
            return Err(not_tsql("UPDATE"));
        }
        let tables = match from {
            None => None,
            Some(ast::UpdateTableFromKind::AfterSet(tables)) => Some(tables.as_slice()),
            Some(ast::UpdateTableFromKind::BeforeSet(_)) => return Err(not_tsql("FROM")),
        };
        self.scopes.push(Scope::default());
        let (target, from_sql) = self.target(std::slice::from_ref(table), tables)?;
        let base = target.table.clone().ok_or_else(|| unsupported("UPDATE of anything but a table"))?;
        let mut set = Vec::new();
        for ast::Assignment { target: column, value } in assignments {
            let ast::AssignmentTarget::ColumnName(name) = column else { return Err(not_tsql("(")) };
            let written = parts(name)?;
            let Some(name) = written.last() else { return Err(not_tsql("=")) };
            let (index, column) = base.column(name).ok_or_else(|| errors::invalid_column(name))?;
            if column.identity.is_some() {
                return Err(SqlError::new(8102, format!("Cannot update identity column '{}'.", column.name)));
            }
            if column.sql_type == SqlType::RowVersion {
                return Err(SqlError::new(272, "Cannot update a timestamp column."));
            }
            if set.iter().any(|(other, _)| *other == index) {
                return Err(SqlError::new(
                    264,
                    format!(
                        "The column name '{name}' is specified more than once in the SET clause or column list of an INSERT."
                    ),
                ));
            }
            let value = match value {
                Expr::Identifier(name)
                    if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("DEFAULT") =>
                {
                    self.default(&base, index)?
                }
                value => {
                    let value = self.expression(value)?;
                    self.assigned(value, &base, index)?
                }
            };
            set.push((index, value));
        }
        let condition = selection.as_ref().map(|condition| self.condition(condition)).transpose()?;
        let top = top.map(|top| self.row_count(top)).transpose()?;
        self.scopes.pop();
        let (returning, output) = self.output(output.as_ref(), &base, "inserted", "deleted")?;
        self.changes("UPDATE", &base, !output.is_empty())?;
        let column =
            |index: usize| base.columns.get(index).map_or_else(String::new, |column| quote(&column.name));
        let filter = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        let version = base.row_version().map(|index| format!("{} = {NEXT_ROW_VERSION}", column(index)));
        let sql = if tables.is_none() && top.is_none() {
            let mut set: Vec<String> =
                set.into_iter().map(|(index, value)| format!("{} = {value}", column(index))).collect();
            set.extend(version);
            format!("UPDATE {} AS {} SET {}{filter}{returning}", base.sql(), target.alias, set.join(", "))
        } else {
            let outer = self.alias();
            let key = base.row_key();
            let mut list: Vec<String> = key
                .iter()
                .enumerate()
                .map(|(index, key)| format!("{}.{key} AS k{index}", target.alias))
                .collect();
            list.extend(set.iter().map(|(index, value)| format!("{value} AS v{index}")));
            let mut set: Vec<String> =
                set.iter().map(|(index, _)| format!("{} = s.v{index}", column(*index))).collect();
            set.extend(version);
            let same: Vec<String> =
                key.iter().enumerate().map(|(index, key)| format!("{outer}.{key} = s.k{index}")).collect();
            let limit = top.map_or_else(String::new, |top| format!(" LIMIT {top}"));
            format!(
                "UPDATE {} AS {outer} SET {} FROM (SELECT {} FROM {from_sql}{filter}{limit}) AS s WHERE {}{returning}",
                base.sql(),
                set.join(", "),
                list.join(", "),
                same.join(" AND ")
            )
        };
        Ok(BoundModification { sql, kind: StatementKind::Update, table: base, output })
    }

    /// Binds the FROM clause of UPDATE or DELETE and finds the table that changes.
    fn target(
        &mut self,
        named: &[ast::TableWithJoins],
        from: Option<&[ast::TableWithJoins]>,
    ) -> Result<(Source, String), SqlError> {
        let [
            ast::TableWithJoins { relation: ast::TableFactor::Table { name, alias, with_hints, .. }, joins },
        ] = named
        else {
            return Err(not_tsql(","));
        };
        check_hints(with_hints)?;
        if !joins.is_empty() || alias.is_some() {
            return Err(not_tsql(if joins.is_empty() { "AS" } else { "JOIN" }));
        }
        let Some(from) = from else {
            let sql = self.tables_with_target(named)?;
            let source = self.scopes.last().and_then(|scope| scope.sources.first()).cloned();
            return source.map(|source| (source, sql)).ok_or_else(|| not_tsql("UPDATE"));
        };
        let sql = self.tables_with_target(from)?;
        let written = table_parts(name)?;
        let sources = self.scopes.last().map(|scope| scope.sources.clone()).unwrap_or_default();
        let by_alias = sources.iter().find(|source| super::qualifies(&source.qualifier, &written));
        let by_table = || {
            let table = self.find_table(&written).ok()?;
            let mut same = sources
                .iter()
                .filter(|source| source.table.as_ref().is_some_and(|other| other.id == table.id));
            same.next().filter(|_| same.next().is_none())
        };
        let source = by_alias
            .or_else(by_table)
            .cloned()
            .ok_or_else(|| unsupported("UPDATE or DELETE of a table that its FROM clause doesn't name"))?;
        Ok((source, sql))
    }

    fn delete(&mut self, delete: &ast::Delete, top: Option<&Expr>) -> Result<BoundModification, SqlError> {
        let ast::Delete {
            delete_token: _,
            optimizer_hints: _,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        if using.is_some() || returning.is_some() || !order_by.is_empty() || limit.is_some() {
            return Err(not_tsql("DELETE"));
        }
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = from;
        self.scopes.push(Scope::default());
        let (target, from_sql) = match tables.as_slice() {
            [] => self.target(from, None)?,
            [name] => {
                let sql = self.tables_with_target(from)?;
                let written = table_parts(name)?;
                let sources = self.scopes.last().map(|scope| scope.sources.clone()).unwrap_or_default();
                let source = sources.into_iter().find(|source| {
                    super::qualifies(&source.qualifier, &written)
                        || source.table.as_ref().is_some_and(|table| {
                            written.last().is_some_and(|name| same_name(name, &table.name))
                        })
                });
                (
                    source.ok_or_else(|| {
                        errors::invalid_object(&crate::sql::tsql::statement::Name {
                            schema: None,
                            object: written.join("."),
                        })
                    })?,
                    sql,
                )
            }
            _ => return Err(not_tsql(",")),
        };
        let base = target.table.clone().ok_or_else(|| unsupported("DELETE from anything but a table"))?;
        let condition = selection.as_ref().map(|condition| self.condition(condition)).transpose()?;
        let top = top.map(|top| self.row_count(top)).transpose()?;
        self.scopes.pop();
        let (returning, output) = self.output(output.as_ref(), &base, "deleted", "")?;
        self.changes("DELETE", &base, !output.is_empty())?;
        let filter = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        let sql = if tables.is_empty() && top.is_none() {
            format!("DELETE FROM {} AS {}{filter}{returning}", base.sql(), target.alias)
        } else {
            let key = base.row_key();
            let inner: Vec<String> = key.iter().map(|key| format!("{}.{key}", target.alias)).collect();
            let limit = top.map_or_else(String::new, |top| format!(" LIMIT {top}"));
            format!(
                "DELETE FROM {} WHERE ({}) IN (SELECT {} FROM {from_sql}{filter}{limit}){returning}",
                base.sql(),
                key.join(", "),
                inner.join(", ")
            )
        };
        Ok(BoundModification { sql, kind: StatementKind::Delete, table: base, output })
    }
}
