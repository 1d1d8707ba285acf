//! Queries: SELECT, ordering, TOP, OFFSET.

use sqlparser::ast::{self, Expr, SetExpr};

use super::{
    Binder, Common, Scope, Typed,
    keys::{self, collated, has_key, key, row_keys, sortable},
    not_tsql,
};
use crate::sql::reply::SqlError;
use crate::sql::types::{Column, SqlType};
use crate::sql::values::errors::unsupported;
use crate::sql::values::json::document::Shape;

/// A column that a query gives.
#[derive(Clone, Debug)]
pub(crate) struct OutputColumn {
    pub(crate) name: String,
    pub(crate) sql_type: SqlType,
    pub(crate) nullable: bool,
    pub(crate) identity: bool,
    /// The bare word NULL.
    pub(crate) null: bool,
    /// Text that is JSON, which FOR JSON takes in as it is.
    pub(crate) json: bool,
    /// Of which of the query's sources it is a column; None for what is computed.
    pub(crate) source: Option<usize>,
}

impl From<&OutputColumn> for Column {
    fn from(column: &OutputColumn) -> Self {
        Self {
            name: column.name.clone(),
            sql_type: column.sql_type,
            nullable: column.nullable,
            identity: column.identity,
        }
    }
}

/// A query as SQLite SQL, whose columns are called c0, c1, ...
#[derive(Clone, Debug)]
pub(crate) struct BoundQuery {
    pub(crate) sql: String,
    pub(crate) columns: Vec<OutputColumn>,
    /// The names of what stands in FROM, as they were written.
    pub(crate) sources: Vec<String>,
    /// FOR JSON of the outermost query, whose rows become one text.
    pub(crate) json: Option<Shape>,
}

/// ORDER BY, OFFSET and FETCH of a query.
#[derive(Default)]
pub(super) struct Tail<'q> {
    order: &'q [ast::OrderByExpr],
    offset: Option<&'q Expr>,
    fetch: Option<&'q Expr>,
}

impl Binder<'_> {
    /// A query inside another statement: ORDER BY only with TOP or OFFSET.
    pub(crate) fn subquery(&mut self, query: &ast::Query) -> Result<BoundQuery, SqlError> {
        if query.with.is_some() {
            return Err(SqlError::new(156, "Incorrect syntax near the keyword 'WITH'.").with_class(15));
        }
        if let Some(scope) = self.scopes.last() {
            if scope.output.is_some() {
                return Err(SqlError::new(10705, "Subqueries are not allowed in the OUTPUT clause."));
            }
            if scope.inside_aggregate > 0 {
                return Err(super::aggregate_of_aggregate());
            }
        }
        let limited = query.limit_clause.is_some()
            || query.fetch.is_some()
            || matches!(&*query.body, SetExpr::Select(select) if select.top.is_some());
        if query.order_by.is_some() && !limited && query.for_clause.is_none() {
            return Err(SqlError::new(1033, "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.").with_class(15));
        }
        let bound = self.query(query)?;
        self.json_as_value(bound)
    }

    /// A query whose FOR JSON, if it has one, is for the caller to serve.
    pub(crate) fn query(&mut self, query: &ast::Query) -> Result<BoundQuery, SqlError> {
        self.deeper(|binder| {
            let commons = binder.commons.len();
            let bound = binder.query_parts(query).and_then(|mut bound| {
                if let Some(clause) = &query.for_clause {
                    bound.json = Some(super::for_json::shape(clause, &bound, has_tables(&query.body))?);
                }
                Ok(bound)
            });
            binder.commons.truncate(commons);
            bound
        })
    }

    fn query_parts(&mut self, query: &ast::Query) -> Result<BoundQuery, SqlError> {
        let ast::Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause: _,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !locks.is_empty() || settings.is_some() || format_clause.is_some() || !pipe_operators.is_empty() {
            return Err(not_tsql("FOR"));
        }
        if let Some(with) = with {
            self.with(with)?;
        }
        let order: &[ast::OrderByExpr] = match order_by {
            None => &[],
            Some(ast::OrderBy { kind: ast::OrderByKind::Expressions(order), interpolate: None }) => order,
            Some(_) => return Err(not_tsql("ORDER")),
        };
        let offset = match limit_clause {
            None => None,
            Some(ast::LimitClause::LimitOffset {
                limit: None,
                offset: Some(ast::Offset { value, rows: ast::OffsetRows::Row | ast::OffsetRows::Rows }),
                limit_by,
            }) if limit_by.is_empty() => Some(value),
            Some(_) => return Err(not_tsql("LIMIT")),
        };
        let fetch = match fetch {
            None => None,
            Some(ast::Fetch { with_ties: false, percent: false, quantity: Some(quantity) })
                if offset.is_some() =>
            {
                Some(quantity)
            }
            Some(_) => return Err(not_tsql("FETCH")),
        };
        if offset.is_some() && order.is_empty() {
            return Err(not_tsql("OFFSET"));
        }
        let tail = Tail { order, offset, fetch };
        match &**body {
            SetExpr::Select(select) => self.select(select, &tail),
            other => {
                let bound = self.set(other)?;
                let mut sql = format!("SELECT * FROM ({})", bound.sql);
                if !tail.order.is_empty() {
                    let mut items = Vec::new();
                    for item in tail.order {
                        let (expr, descending) = order_item(item)?;
                        let place = self.output_place(expr, &bound.columns)?.ok_or_else(|| SqlError::new(104, "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.").with_class(15))?;
                        let sql_type =
                            bound.columns.get(place).map_or(SqlType::Int, |column| column.sql_type);
                        sortable(sql_type, "ORDER BY")?;
                        items.push(format!(
                            "{}{}",
                            key(&format!("c{place}"), sql_type),
                            direction(descending)
                        ));
                    }
                    sql.push_str(&format!(" ORDER BY {}", items.join(", ")));
                }
                sql.push_str(&self.limit(None, &tail)?);
                Ok(BoundQuery { sql, columns: bound.columns, sources: Vec::new(), json: None })
            }
        }
    }

    pub(crate) fn with(&mut self, with: &ast::With) -> Result<(), SqlError> {
        let ast::With { with_token: _, recursive, cte_tables } = with;
        if *recursive {
            return Err(not_tsql("RECURSIVE"));
        }
        for ast::Cte { alias, query, from, materialized, closing_paren_token: _ } in cte_tables {
            if from.is_some() || materialized.is_some() {
                return Err(not_tsql("WITH"));
            }
            let (name, renamed) = super::from::alias_parts(alias)?;
            self.commons.push(Common { name: name.clone(), query: None });
            let mut bound = self.subquery(query)?;
            if !renamed.is_empty() && renamed.len() != bound.columns.len() {
                return Err(SqlError::new(
                    8158,
                    format!("'{name}' has more columns than were specified in the column list."),
                ));
            }
            for (column, name) in bound.columns.iter_mut().zip(renamed) {
                column.name = name;
            }
            if let Some(common) = self.commons.last_mut() {
                common.query = Some(bound);
            }
        }
        Ok(())
    }

    pub(super) fn select(&mut self, select: &ast::Select, tail: &Tail<'_>) -> Result<BoundQuery, SqlError> {
        self.scopes.push(Scope::default());
        let bound = self.select_parts(select, tail);
        self.scopes.pop();
        bound
    }

    fn select_parts(&mut self, select: &ast::Select, tail: &Tail<'_>) -> Result<BoundQuery, SqlError> {
        let ast::Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top,
            top_before_distinct,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        if select_modifiers.as_ref().is_some_and(ast::SelectModifiers::is_any_set)
            || exclude.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != ast::SelectFlavor::Standard
            || (*top_before_distinct && distinct.is_some())
        {
            return Err(not_tsql("SELECT"));
        }
        if into.is_some() {
            return Err(unsupported("SELECT ... INTO"));
        }
        if !named_window.is_empty() {
            return Err(unsupported("WINDOW"));
        }
        let distinct = match distinct {
            None | Some(ast::Distinct::All) => false,
            Some(ast::Distinct::Distinct) => true,
            Some(ast::Distinct::On(_)) => return Err(not_tsql("ON")),
        };
        let from_sql = self.from(from)?;
        let where_sql = selection.as_ref().map(|condition| self.condition(condition)).transpose()?;
        let (keys, modifiers) = match group_by {
            ast::GroupByExpr::Expressions(keys, modifiers) => (keys, modifiers),
            ast::GroupByExpr::All(_) => return Err(not_tsql("ALL")),
        };
        if !modifiers.is_empty() {
            return Err(unsupported("GROUP BY ... WITH ROLLUP or CUBE"));
        }
        let mut key_sql = Vec::new();
        for expression in keys {
            if matches!(expression, Expr::Value(_)) {
                return Err(SqlError::new(
                    164,
                    "Each GROUP BY expression must contain at least one column that is not an outer reference.",
                )
                .with_class(15));
            }
            let bound = self.expression(expression)?;
            sortable(bound.sql_type, "GROUP BY")?;
            if let Some(scope) = self.scopes.last_mut() {
                scope.key_columns.push(bound.sql.clone());
            }
            key_sql.push(key(&bound.sql, bound.sql_type));
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.keys.clone_from(keys);
            scope.aggregates = true;
            scope.windows = true;
        }
        let mut values = Vec::new();
        for item in projection {
            self.select_item(item, &mut values)?;
        }
        self.allow_windows(false);
        let having_sql = having.as_ref().map(|condition| self.condition(condition)).transpose()?;
        self.allow_windows(true);
        let sources = self.scopes.last().map(|scope| scope.sources.clone()).unwrap_or_default();
        let columns: Vec<OutputColumn> = values
            .iter()
            .map(|(name, value): &(String, Typed)| OutputColumn {
                name: name.clone(),
                sql_type: value.sql_type,
                nullable: value.nullable,
                identity: value.identity,
                null: value.null,
                json: value.json,
                source: sources
                    .iter()
                    .position(|source| source.columns.iter().any(|column| column.sql == value.sql)),
            })
            .collect();
        if distinct {
            columns.iter().try_for_each(|column| keys::distinct(column.sql_type))?;
        }
        let sources = sources.iter().map(|source| source.written.clone()).collect();
        // DISTINCT compares stored values; where that isn't enough, the rows are grouped by their keys.
        let distinct_by_key = distinct && columns.iter().any(|column| has_key(column.sql_type));
        let mut order_sql = Vec::new();
        for item in tail.order {
            let (expr, descending) = order_item(item)?;
            let order_key = match self.output_place(expr, &columns)? {
                Some(place) => match values.get(place) {
                    // Inside a function SQLite would look for a table's column before it looks for the alias.
                    Some((_, value)) => {
                        sortable(value.sql_type, "ORDER BY")?;
                        if has_key(value.sql_type) && !distinct_by_key {
                            key(&value.sql, value.sql_type)
                        } else {
                            key(&format!("c{place}"), value.sql_type)
                        }
                    }
                    None => return Err(not_tsql("ORDER")),
                },
                None => {
                    let value = self.expression(expr)?;
                    sortable(value.sql_type, "ORDER BY")?;
                    let selected = values.iter().position(|(_, selected)| selected.sql == value.sql);
                    if distinct && selected.is_none() {
                        return Err(SqlError::new(
                            145,
                            "ORDER BY items must appear in the select list if SELECT DISTINCT is specified.",
                        )
                        .with_class(15));
                    }
                    match selected.filter(|_| distinct_by_key) {
                        Some(place) => key(&format!("c{place}"), value.sql_type),
                        None => key(&value.sql, value.sql_type),
                    }
                }
            };
            order_sql.push(format!("{order_key}{}", direction(descending)));
        }
        if let Some(scope) = self.scopes.last()
            && (scope.saw_aggregate || !keys.is_empty() || having.is_some())
            && let Some(column) = scope.bare_columns.first()
        {
            return Err(SqlError::new(
                8120,
                format!(
                    "Column '{column}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause."
                ),
            ));
        }
        let list: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(index, (_, value))| format!("{} AS c{index}", collated(value)))
            .collect();
        let mut sql = format!(
            "SELECT {}{}",
            if distinct && !distinct_by_key { "DISTINCT " } else { "" },
            list.join(", ")
        );
        if !from_sql.is_empty() {
            sql.push_str(&format!(" FROM {from_sql}"));
        }
        if let Some(condition) = where_sql {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        if !key_sql.is_empty() {
            sql.push_str(&format!(" GROUP BY {}", key_sql.join(", ")));
        }
        if let Some(condition) = having_sql {
            sql.push_str(&format!(" HAVING {condition}"));
        }
        if distinct_by_key {
            sql = format!("SELECT * FROM ({sql}) GROUP BY {}", row_keys("", &columns));
        }
        if !order_sql.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", order_sql.join(", ")));
        }
        let top = match top {
            None => None,
            Some(ast::Top {
                with_ties: false,
                percent: false,
                quantity: Some(ast::TopQuantity::Constant(count)),
            }) => Some(count.to_string()),
            Some(ast::Top {
                with_ties: false,
                percent: false,
                quantity: Some(ast::TopQuantity::Expr(count)),
            }) => Some(self.row_count(count)?),
            Some(ast::Top { percent: true, .. }) => return Err(unsupported("TOP ... PERCENT")),
            Some(ast::Top { .. }) => return Err(unsupported("TOP ... WITH TIES")),
        };
        sql.push_str(&self.limit(top, tail)?);
        Ok(BoundQuery { sql, columns, sources, json: None })
    }

    fn allow_windows(&mut self, windows: bool) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.windows = windows;
        }
    }

    fn limit(&mut self, top: Option<String>, tail: &Tail<'_>) -> Result<String, SqlError> {
        match (top, tail.offset) {
            (None, None) => Ok(String::new()),
            (Some(top), None) => Ok(format!(" LIMIT {top}")),
            (Some(_), Some(_)) => {
                Err(SqlError::new(10741, "A TOP can not be used in the same query or sub-query as a OFFSET.")
                    .with_class(15))
            }
            (None, Some(offset)) => {
                let offset = self.row_count(offset)?;
                let fetch = match tail.fetch {
                    Some(fetch) => self.row_count(fetch)?,
                    None => "-1".to_owned(),
                };
                Ok(format!(" LIMIT {fetch} OFFSET {offset}"))
            }
        }
    }

    /// A number of rows. SQLite would take a negative one for "no limit": an error on SQL Server.
    pub(crate) fn row_count(&mut self, count: &Expr) -> Result<String, SqlError> {
        let scopes = std::mem::take(&mut self.scopes);
        let count = self.expression(count);
        self.scopes = scopes;
        let count = self.coerce(count?, SqlType::BigInt)?;
        Ok(format!("local_azure_row_count({})", count.sql))
    }
}

/// Whether a query, or the first of several that are combined, has a FROM.
fn has_tables(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => !select.from.is_empty(),
        SetExpr::SetOperation { left, .. } => has_tables(left),
        SetExpr::Query(query) => has_tables(&query.body),
        _ => false,
    }
}

pub(crate) fn order_item(item: &ast::OrderByExpr) -> Result<(&Expr, bool), SqlError> {
    let ast::OrderByExpr { expr, options: ast::OrderByOptions { sort, nulls_first }, with_fill } = item;
    if nulls_first.is_some() || with_fill.is_some() {
        return Err(not_tsql("NULLS"));
    }
    match sort {
        None | Some(ast::OrderBySort::Asc) => Ok((expr, false)),
        Some(ast::OrderBySort::Desc) => Ok((expr, true)),
        Some(_) => Err(not_tsql("USING")),
    }
}

pub(crate) fn direction(descending: bool) -> &'static str {
    if descending { " DESC" } else { "" }
}
