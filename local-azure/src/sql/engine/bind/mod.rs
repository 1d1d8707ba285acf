//! The binder: finds what names mean, gives every expression its type, and writes the SQLite SQL that computes it.
//!
//! | module | binds |
//! |---|---|
//! | [`assignment`] | `SELECT @a = ...` |
//! | [`expression`] | values |
//! | [`condition`] | conditions, which T-SQL keeps apart from values |
//! | [`functions`] | built-in functions and aggregates |
//! | [`select`] | queries |
//! | [`for_json`] | what the text of FOR JSON looks like |
//! | [`from`] | tables, joins, derived tables, common table expressions |
//! | [`keys`] | what comparisons, groups and orders look at |
//! | [`literals`] | literals and their types |
//! | [`operators`] | signs, arithmetic, concatenation, bits |
//! | [`set`] | UNION, EXCEPT, INTERSECT |
//! | [`insert`] | INSERT |
//! | `modules` | the views of procedures, and functions about objects |
//! | [`permissions`] | what the user needs for what the statement touches |
//! | [`projection`] | the items of a select list |
//! | [`modify`] | UPDATE, DELETE, OUTPUT |
//! | [`table_functions`] | OPENJSON and GENERATE_SERIES |
//! | [`system`] | the catalogue views |
//! | [`system_rights`] | those about principals, permissions and sessions |
//! | `system_types` | those about types |
//!
//! A name that nothing in scope has is 207 (a column), 208 (a table), 4104 (a qualifier) or 209 (two columns have it);
//! they end the batch, and unlike SQL Server's they come when the statement runs, not when the batch is compiled: what
//! stands before it in the batch has run by then.

pub(crate) mod assignment;
pub(crate) mod condition;
pub(crate) mod expression;
pub(crate) mod for_json;
pub(crate) mod from;
pub(crate) mod functions;
mod insert;
pub(crate) mod keys;
mod literals;
pub(crate) mod modify;
mod modules;
mod operators;
mod permissions;
mod projection;
pub(crate) mod select;
mod set;
pub(crate) mod system;
mod system_rights;
mod system_types;
mod table_functions;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use sqlparser::ast;

use super::catalog::same_name;
use super::errors;
use super::security::functions::CurrentRights;
use super::security::login::{Login, User};
use super::security::rights::Rights;
use super::sessions::Sessions;
use super::table_types::variable::TableVariables;
use crate::sql::reply::SqlError;
use crate::sql::tsql::keywords::is_reserved;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::errors::unsupported;
use crate::sql::values::storage::to_sqlite;

/// A variable of the batch.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) sql_type: SqlType,
    pub(crate) value: Value,
}

/// What a session's functions and `@@` variables give while one statement is bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// By lower-case name, with `@@` or without parentheses.
    pub(crate) values: HashMap<&'static str, (Option<SqlType>, Option<Value>)>,
    /// SESSION_CONTEXT's keys, lower case.
    pub(crate) session_context: HashMap<String, (SqlType, Value)>,
    pub(crate) login: Login,
    pub(crate) user: User,
    /// Whether the body of a procedure runs, whose owner has all the tables that it names: its caller's rights on them
    /// aren't asked for.
    pub(crate) chained: bool,
    /// Where functions about rights find them while the statement runs.
    pub(crate) rights: CurrentRights,
    pub(crate) sessions: Arc<Sessions>,
    /// The table variables that the text knows.
    pub(crate) tables: TableVariables,
}

/// A bound expression.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) sql: String,
    pub(crate) sql_type: SqlType,
    pub(crate) nullable: bool,
    /// The bare word NULL, which takes any type.
    pub(crate) null: bool,
    /// A column, whose collation SQLite knows.
    pub(crate) collated: bool,
    pub(crate) identity: bool,
    /// Text that is JSON, which FOR JSON takes in as it is.
    pub(crate) json: bool,
}

impl Typed {
    pub(crate) fn new(sql: impl Into<String>, sql_type: SqlType) -> Self {
        Self {
            sql: sql.into(),
            sql_type,
            nullable: true,
            null: false,
            collated: false,
            identity: false,
            json: false,
        }
    }

    pub(crate) fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }
}

/// A column that a FROM clause offers.
#[derive(Clone, Debug)]
pub(crate) struct SourceColumn {
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) sql_type: SqlType,
    pub(crate) nullable: bool,
    pub(crate) identity: bool,
    pub(crate) collated: bool,
    /// As in [`Typed`].
    pub(crate) json: bool,
}

/// A table, derived table or pseudo-table in scope.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// What qualifies its columns: alias, or schema and table.
    pub(crate) qualifier: Vec<String>,
    /// The alias, or the name as it was written.
    pub(crate) written: String,
    pub(crate) columns: Vec<SourceColumn>,
    /// The base table, if it is one, as a target of UPDATE and DELETE.
    pub(crate) table: Option<super::catalog::Table>,
    /// The alias inside SQLite.
    pub(crate) alias: String,
}

/// The names that one SELECT (or statement) sees.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) sources: Vec<Source>,
    /// Whether aggregates may stand here.
    pub(crate) aggregates: bool,
    /// Whether functions with OVER may stand here: the select list and ORDER BY.
    pub(crate) windows: bool,
    pub(crate) saw_aggregate: bool,
    pub(crate) inside_aggregate: usize,
    pub(crate) inside_key: usize,
    /// GROUP BY's expressions.
    pub(crate) keys: Vec<ast::Expr>,
    /// GROUP BY's columns, as SQLite SQL.
    pub(crate) key_columns: Vec<String>,
    /// Columns outside aggregates and keys: an error (8120) once the query turns out to be grouped.
    pub(crate) bare_columns: Vec<String>,
    /// Set inside an OUTPUT clause: which of the tables `inserted` and `deleted` it can't give.
    pub(crate) output: Option<&'static str>,
}

/// A common table expression in scope.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) name: String,
    /// None while it is being bound: a reference to itself.
    pub(crate) query: Option<select::BoundQuery>,
}

pub(crate) struct Binder<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) variables: &'a HashMap<String, Variable>,
    pub(crate) facts: &'a Facts,
    pub(crate) parameters: Vec<Stored>,
    /// Values are written into the SQL: SQLite takes no parameters in CREATE.
    pub(crate) inline: bool,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) commons: Vec<Common>,
    /// The variables that the statement has read so far, lower case.
    reads: BTreeSet<String>,
    /// The rights as they are while this statement is bound; None until somebody asks.
    rights: Option<Arc<Rights>>,
    /// Collects the tables that a FROM clause names while it is that of an UPDATE or DELETE.
    deferred: Option<Vec<super::catalog::Table>>,
    /// Tables of FROM in an UPDATE or DELETE, one of which will turn out to be the one that changes.
    targets: Vec<super::catalog::Table>,
    /// The tables a column of which was read, by id.
    read_tables: BTreeSet<i64>,
    aliases: usize,
    depth: usize,
}

impl<'a> Binder<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        variables: &'a HashMap<String, Variable>,
        facts: &'a Facts,
    ) -> Self {
        Self {
            connection,
            variables,
            facts,
            parameters: Vec::new(),
            inline: false,
            scopes: Vec::new(),
            commons: Vec::new(),
            reads: BTreeSet::new(),
            rights: None,
            deferred: None,
            targets: Vec::new(),
            read_tables: BTreeSet::new(),
            aliases: 0,
            depth: 0,
        }
    }

    /// A value as SQLite SQL: a parameter, or text inside CREATE.
    pub(crate) fn value(&mut self, value: &Value, sql_type: SqlType) -> String {
        let stored = to_sqlite(value, sql_type);
        if self.inline {
            return literal(&stored);
        }
        let known = self.parameters.iter().position(|other| *other == stored);
        let index = known.unwrap_or_else(|| {
            self.parameters.push(stored);
            self.parameters.len() - 1
        });
        format!("?{}", index + 1)
    }

    pub(crate) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    /// Runs `bind` one level deeper, within what the stack holds.
    pub(crate) fn deeper<T>(
        &mut self,
        bind: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        if self.depth >= 60 {
            return Err(crate::sql::tsql::query::too_deep());
        }
        self.depth += 1;
        let bound = bind(self);
        self.depth -= 1;
        bound
    }

    /// A column by its name and qualifiers, innermost scope first.
    pub(crate) fn column(&mut self, parts: &[String]) -> Result<Typed, SqlError> {
        let Some((name, qualifier)) = parts.split_last() else {
            return Err(errors::invalid_column(""));
        };
        self.check_output(qualifier, name)?;
        let innermost = self.scopes.len().saturating_sub(1);
        let aggregated = self.scopes.last().is_some_and(|scope| scope.inside_aggregate > 0);
        for (place, scope) in self.scopes.iter_mut().enumerate().rev() {
            let mut found: Option<(SourceColumn, String, Option<i64>)> = None;
            for source in &scope.sources {
                if !qualifies(&source.qualifier, qualifier) {
                    continue;
                }
                for column in source.columns.iter().filter(|column| same_name(&column.name, name)) {
                    if found.is_some() {
                        return Err(SqlError::new(209, format!("Ambiguous column name '{name}'.")));
                    }
                    let shown =
                        source.qualifier.iter().chain([&column.name]).cloned().collect::<Vec<_>>().join(".");
                    found = Some((column.clone(), shown, source.table.as_ref().map(|table| table.id)));
                }
            }
            if let Some((column, shown, table)) = found {
                self.read_tables.extend(table);
                if aggregated && place != innermost {
                    return Err(unsupported("An aggregate of a column of an outer query"));
                }
                if scope.inside_aggregate == 0
                    && scope.inside_key == 0
                    && scope.aggregates
                    && !scope.key_columns.contains(&column.sql)
                {
                    scope.bare_columns.push(shown);
                }
                return Ok(Typed {
                    sql: column.sql,
                    sql_type: column.sql_type,
                    nullable: column.nullable,
                    null: false,
                    collated: column.collated,
                    identity: column.identity,
                    json: column.json,
                });
            }
        }
        if qualifier.is_empty() {
            Err(errors::invalid_column(name))
        } else {
            let known = self
                .scopes
                .iter()
                .any(|scope| scope.sources.iter().any(|source| qualifies(&source.qualifier, qualifier)));
            Err(if known {
                errors::invalid_column(name)
            } else {
                SqlError::new(
                    4104,
                    format!("The multi-part identifier \"{}\" could not be bound.", parts.join(".")),
                )
            })
        }
    }

    /// What an OUTPUT clause can't give is refused by name: SQLite's RETURNING knows one state of the changed table.
    pub(crate) fn check_output(&self, qualifier: &[String], name: &str) -> Result<(), SqlError> {
        let Some(Scope { output: Some(missing), sources, .. }) = self.scopes.last() else { return Ok(()) };
        match qualifier {
            [] => Err(errors::invalid_column(name)),
            [table] if same_name(table, missing) => Err(unsupported("OUTPUT deleted in UPDATE")),
            _ if sources.iter().any(|source| qualifies(&source.qualifier, qualifier)) => Ok(()),
            [table] if same_name(table, "inserted") || same_name(table, "deleted") => Ok(()),
            _ => Err(unsupported("OUTPUT of columns of other tables than inserted and deleted")),
        }
    }

    pub(crate) fn enter_aggregate(&mut self) -> Result<(), SqlError> {
        let Some(scope) = self.scopes.last_mut() else {
            return Err(SqlError::new(147, "An aggregate may not appear outside a query."));
        };
        if scope.inside_aggregate > 0 {
            return Err(aggregate_of_aggregate());
        }
        if !scope.aggregates {
            return Err(SqlError::new(
                147,
                "An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.",
            ));
        }
        scope.inside_aggregate += 1;
        scope.saw_aggregate = true;
        Ok(())
    }

    pub(crate) fn leave_aggregate(&mut self) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.inside_aggregate = scope.inside_aggregate.saturating_sub(1);
        }
    }

    /// Binds `bind` as a whole key of GROUP BY if `expression` is one.
    pub(crate) fn as_key<T>(
        &mut self,
        expression: &ast::Expr,
        bind: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let is_key = self.scopes.last().is_some_and(|scope| scope.keys.contains(expression));
        let place = self.scopes.len();
        if is_key && let Some(scope) = self.scopes.last_mut() {
            scope.inside_key += 1;
        }
        let bound = bind(self);
        if is_key && let Some(scope) = self.scopes.get_mut(place.saturating_sub(1)) {
            scope.inside_key = scope.inside_key.saturating_sub(1);
        }
        bound
    }
}

/// 130.
pub(crate) fn aggregate_of_aggregate() -> SqlError {
    SqlError::new(
        130,
        "Cannot perform an aggregate function on an expression containing an aggregate or a subquery.",
    )
}

/// Whether columns written with `written` before them may belong to a source called `qualifier`.
fn qualifies(qualifier: &[String], written: &[String]) -> bool {
    written.len() <= qualifier.len()
        && written.iter().rev().zip(qualifier.iter().rev()).all(|(a, b)| same_name(a, b))
}

/// A stored value as SQLite SQL.
fn literal(stored: &Stored) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    match stored {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => format!("{number:e}"),
        Stored::Text(text) if text.contains('\0') => format!("CAST(X'{}' AS TEXT)", hex(text.as_bytes())),
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Blob(bytes) => format!("X'{}'", hex(bytes)),
    }
}

/// The name in an identifier of sqlparser's; 156 for a reserved word without brackets.
pub(crate) fn identifier(name: &ast::Ident) -> Result<String, SqlError> {
    if name.quote_style.is_none() && is_reserved(&name.value) {
        return Err(
            SqlError::new(156, format!("Incorrect syntax near the keyword '{}'.", name.value)).with_class(15)
        );
    }
    if name.quote_style == Some('\'') {
        return Ok(name.value.clone());
    }
    if name.quote_style.is_none() && (name.value.eq_ignore_ascii_case("GO") || name.value.starts_with('@')) {
        return Err(SqlError::new(102, format!("Incorrect syntax near '{}'.", name.value)).with_class(15));
    }
    Ok(name.value.clone())
}

/// The parts of a name of sqlparser's.
pub(crate) fn parts(name: &ast::ObjectName) -> Result<Vec<String>, SqlError> {
    name.0
        .iter()
        .map(|part| match part {
            ast::ObjectNamePart::Identifier(name) => identifier(name),
            ast::ObjectNamePart::Function(_) => Err(unsupported("A function as a name")),
        })
        .collect()
}

/// The parts of a table's name, which may be that of a table variable.
pub(crate) fn table_parts(name: &ast::ObjectName) -> Result<Vec<String>, SqlError> {
    match name.0.as_slice() {
        [ast::ObjectNamePart::Identifier(name)]
            if name.quote_style.is_none() && name.value.starts_with('@') && !name.value.starts_with("@@") =>
        {
            Ok(vec![name.value.clone()])
        }
        _ => parts(name),
    }
}

/// 102 near a clause that T-SQL doesn't have.
pub(crate) fn not_tsql(word: &str) -> SqlError {
    SqlError::new(102, format!("Incorrect syntax near '{word}'.")).with_class(15)
}
