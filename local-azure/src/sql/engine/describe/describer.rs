//! Describing a batch: every statement is bound, none is run, and the ways through it are followed to the first result
//! set (Microsoft's page on `sp_describe_first_result_set`, "Remarks").

use std::collections::HashMap;

use rusqlite::Connection;
use sqlparser::ast::{self, Expr};
use sqlparser::tokenizer::Token;

use super::errors::{Place, Refusal};
use super::execute::Formal;
use super::paths::{Paths, ResultSet};
use crate::sql::engine::bind::parameters::Undeclared;
use crate::sql::engine::bind::select::{BoundQuery, OutputColumn};
use crate::sql::engine::bind::{Binder, Facts, Typed, Variable};
use crate::sql::engine::define;
use crate::sql::reply::SqlError;
use crate::sql::tsql::batch::parse_declarations;
use crate::sql::tsql::lexer::{cut, tokenize};
use crate::sql::tsql::statement::{Declaration, Setting, Statement, StatementKind};
use crate::sql::tsql::undeclared;
use crate::sql::types::{Column, Length, SqlType, Value};

/// RAISERROR from this severity on is an error.
const FIRST_ERROR: i64 = 11;

/// The text that is being described.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    /// Temporary tables are understood only in a batch of one statement.
    single: bool,
}

/// Follows a batch.
pub(super) struct Describer<'a> {
    pub(super) connection: &'a Connection,
    pub(super) facts: Facts,
    pub(super) variables: HashMap<String, Variable>,
    pub(super) identity_insert: Option<i64>,
    pub(super) undeclared: Undeclared,
    /// How deep the text lies in others that call it.
    pub(super) depth: usize,
    /// The procedures whose bodies lie round the statement, outermost first: id and name.
    pub(super) procedures: Vec<(i64, String)>,
    /// The id of the table variable that was declared last.
    pub(super) last_table: i64,
}

impl<'a> Describer<'a> {
    /// # Errors
    /// When the declarations of the parameters are wrong.
    pub(super) fn new(
        connection: &'a Connection,
        facts: &Facts,
        declarations: &str,
    ) -> Result<Self, Refusal> {
        let mut describer = Self {
            connection,
            facts: facts.clone(),
            variables: HashMap::new(),
            identity_insert: None,
            undeclared: Undeclared::default(),
            depth: 0,
            procedures: Vec::new(),
            last_table: 0,
        };
        // A text knows no tables but its own, and what it may is asked of the user even inside a procedure.
        describer.facts.tables.clear();
        describer.facts.chained = false;
        let declared = parse_declarations(declarations).map_err(Refusal::compile)?;
        describer.declare_parameters(declared.iter().map(Formal::from)).map_err(Refusal::compile)?;
        Ok(describer)
    }

    /// The ways through the batch.
    pub(super) fn batch(&mut self, text: &str) -> Result<Paths, Refusal> {
        let statements = undeclared::parse(text, self.declared()).map_err(Refusal::compile)?;
        self.text(text, &statements).map_err(Refusal::compile)
    }

    /// The names of all variables and parameters.
    pub(super) fn declared(&self) -> Vec<String> {
        self.variables.keys().chain(self.facts.tables.keys()).cloned().collect()
    }

    /// The undeclared parameters that were met.
    pub(super) fn into_undeclared(self) -> Undeclared {
        self.undeclared
    }

    /// The ways through a text that has been read.
    pub(super) fn text(&mut self, text: &str, statements: &[Statement]) -> Result<Paths, SqlError> {
        let single = self.depth == 0 && matches!(statements, [only] if !has_parts(&only.kind));
        self.block(statements, Source { text, single })
    }

    /// Statements one behind the other. Those that no way leads to are bound too: what is wrong in them is wrong when the
    /// batch is compiled.
    fn block(&mut self, statements: &[Statement], source: Source<'_>) -> Result<Paths, SqlError> {
        let mut paths = Paths::on();
        for statement in statements {
            paths = paths.then(self.statement(statement, source)?);
        }
        Ok(paths)
    }

    fn statement(&mut self, statement: &Statement, source: Source<'_>) -> Result<Paths, SqlError> {
        let procedure = self.procedures.last().map(|(_, name)| name.clone());
        let place = Place { statement: cut(source.text, statement.span).to_owned(), procedure };
        let temporary = !source.single && !has_parts(&statement.kind) && names_temporary(&place.statement);
        if temporary && uses_tables(&statement.kind) {
            self.declare_only(&statement.kind);
            return Ok(Paths::refusal(place.temporary_table()));
        }
        match self.kind(&statement.kind, &place, source) {
            Ok(paths) => Ok(paths),
            Err(mut error) => {
                if error.line <= 1 {
                    error.line = statement.line;
                }
                if error.procedure.is_empty() {
                    error.procedure = place.procedure.unwrap_or_default();
                }
                // The name may be there by the time the statement runs: only this way ends here.
                if matches!(error.number, 208 | 217 | 2812) { Ok(Paths::failure(error)) } else { Err(error) }
            }
        }
    }

    /// The variables of a statement that isn't bound.
    fn declare_only(&mut self, kind: &StatementKind) {
        if let StatementKind::Declare(declarations) = kind {
            for declaration in declarations {
                self.variables.insert(declaration.name.clone(), unset(declaration.sql_type));
            }
        }
    }

    fn kind(&mut self, kind: &StatementKind, place: &Place, source: Source<'_>) -> Result<Paths, SqlError> {
        match kind {
            StatementKind::Select { query, targets } if targets.is_empty() => {
                let (bound, order) =
                    self.bind(|binder| binder.query(query).map(|bound| (bound, binder.order.clone())))?;
                Ok(of_result(place, ResultSet { columns: sent(bound), order: Some(order) }))
            }
            StatementKind::Select { query, targets } => {
                let types: Vec<SqlType> = targets.iter().map(|name| self.type_of(name)).collect();
                self.bind(|binder| {
                    let bound = binder.assignment(query, targets)?;
                    for (column, sql_type) in bound.columns.iter().zip(types) {
                        let value = Typed {
                            null: column.null,
                            parameter: column.parameter.clone(),
                            ..Typed::new("", column.sql_type)
                        };
                        binder.deduce(&value, sql_type);
                        binder.coerce(value, sql_type)?;
                    }
                    Ok(())
                })?;
                Ok(Paths::on())
            }
            StatementKind::Modify { statement, top } => self.modify(statement, top.as_deref(), place),
            StatementKind::Declare(declarations) => self.declare(declarations),
            StatementKind::DeclareTable { name, source } => {
                self.declare_table(name, source)?;
                Ok(Paths::on())
            }
            StatementKind::Assign { variable, value } => {
                self.assign(variable, value)?;
                Ok(Paths::on())
            }
            StatementKind::Set(settings) => {
                for setting in settings {
                    if let Setting::IdentityInsert(name, on) = setting {
                        let table = define::table(self.connection, name)?;
                        self.identity_insert = on.then_some(table.id);
                    }
                }
                Ok(Paths::on())
            }
            StatementKind::If { condition, then, otherwise } => {
                self.bind(|binder| binder.condition(condition))?;
                let paths = self.statement(then, source)?;
                Ok(match otherwise {
                    Some(otherwise) => paths.or(self.statement(otherwise, source)?),
                    None => paths.or(Paths::on()),
                })
            }
            StatementKind::While { condition, body } => {
                self.bind(|binder| binder.condition(condition))?;
                Ok(self.statement(body, source)?.or(Paths::on()))
            }
            StatementKind::Block(statements) => self.block(statements, source),
            StatementKind::TryCatch { body, handler } => {
                let body = self.block(body, source)?;
                Ok(body.or(self.block(handler, source)?))
            }
            StatementKind::Return(Some(status)) => {
                self.bind(|binder| binder.expression(status))?;
                Ok(Paths::end())
            }
            StatementKind::Break | StatementKind::Continue | StatementKind::Return(None) => Ok(Paths::end()),
            StatementKind::Throw(parts) => {
                for part in parts.iter().flat_map(|parts| parts.iter()) {
                    self.bind(|binder| binder.expression(part))?;
                }
                Ok(Paths::end())
            }
            StatementKind::RaiseError { message, severity, state, arguments } => {
                for part in [message, severity, state].into_iter().map(|part| &**part).chain(arguments) {
                    self.bind(|binder| binder.expression(part))?;
                }
                Ok(if is_error(severity) { Paths::end() } else { Paths::on() })
            }
            StatementKind::Print(value) | StatementKind::Wait(value) => {
                let text = SqlType::NVarChar(Length::Limit(4000));
                self.bind(|binder| {
                    let value = binder.expression(value)?;
                    binder.coerce(value, text)
                })?;
                Ok(Paths::on())
            }
            StatementKind::Execute { result: _, procedure, arguments } => {
                self.execute(procedure, arguments, place)
            }
            _ => Ok(Paths::on()),
        }
    }

    /// Binds something with the variables as they are known here.
    pub(super) fn bind<T>(
        &mut self,
        bind: impl FnOnce(&mut Binder<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut binder = Binder::new(self.connection, &self.variables, &self.facts);
        binder.undeclared = Some(std::mem::take(&mut self.undeclared));
        let bound = bind(&mut binder);
        self.undeclared = binder.undeclared.take().unwrap_or_default();
        bound
    }

    fn type_of(&self, variable: &str) -> SqlType {
        self.variables.get(variable).map_or(SqlType::Int, |variable| variable.sql_type)
    }

    fn modify(
        &mut self,
        statement: &ast::Statement,
        top: Option<&Expr>,
        place: &Place,
    ) -> Result<Paths, SqlError> {
        let identity_insert = self.identity_insert;
        let bound = self.bind(|binder| binder.modification(statement, top, identity_insert))?;
        if bound.output.is_empty() {
            return Ok(Paths::on());
        }
        Ok(of_result(place, ResultSet { columns: bound.output, order: Some(Vec::new()) }))
    }

    fn declare(&mut self, declarations: &[Declaration]) -> Result<Paths, SqlError> {
        for declaration in declarations {
            let sql_type = declaration.sql_type;
            if let Some(value) = &declaration.value {
                self.bind(|binder| {
                    let value = binder.expression(value)?;
                    binder.deduce(&value, sql_type);
                    binder.coerce(value, sql_type)
                })?;
            }
            self.variables.insert(declaration.name.clone(), unset(sql_type));
        }
        Ok(Paths::on())
    }

    /// `SET @a = ...`, where `@a` too may be a parameter that nobody declared.
    fn assign(&mut self, variable: &str, value: &Expr) -> Result<(), SqlError> {
        let known = self.variables.get(variable).map(|variable| variable.sql_type);
        let value = self.bind(|binder| {
            let value = binder.expression(value)?;
            let Some(sql_type) = known else { return Ok(value) };
            binder.deduce(&value, sql_type);
            binder.coerce(value, sql_type)
        })?;
        if known.is_none() {
            self.undeclared.meet(variable);
            if let Some(place) = self.undeclared.last_of(variable) {
                place.output = true;
                place.sql_type = (!value.null).then_some(value.sql_type);
            }
        }
        Ok(())
    }
}

/// A variable whose value isn't known.
pub(super) fn unset(sql_type: SqlType) -> Variable {
    Variable { sql_type, value: Value::Null }
}

/// The columns that a query sends: of FOR JSON the one with the text.
fn sent(query: BoundQuery) -> Vec<OutputColumn> {
    match query.json {
        None => query.columns,
        Some(_) => {
            let text = |column: Column| OutputColumn {
                nullable: column.nullable,
                ..OutputColumn::of(column.name, &Typed::new("", column.sql_type))
            };
            query.client_columns().into_iter().map(text).collect()
        }
    }
}

fn of_result(place: &Place, result: ResultSet) -> Paths {
    if result.columns.iter().any(|column| column.parameter.is_some()) {
        return Paths::refusal(place.undeclared_parameter());
    }
    Paths::result(place.clone(), result)
}

/// Whether it is made of other statements.
fn has_parts(kind: &StatementKind) -> bool {
    matches!(
        kind,
        StatementKind::If { .. }
            | StatementKind::While { .. }
            | StatementKind::Block(_)
            | StatementKind::TryCatch { .. }
    )
}

/// Whether it reads or changes rows, so that what it gives may depend on a temporary table.
fn uses_tables(kind: &StatementKind) -> bool {
    matches!(
        kind,
        StatementKind::Select { .. }
            | StatementKind::Modify { .. }
            | StatementKind::Declare(_)
            | StatementKind::Assign { .. }
    )
}

/// Whether a word of the statement is the name of a temporary table.
fn names_temporary(statement: &str) -> bool {
    tokenize(statement)
        .unwrap_or_default()
        .iter()
        .any(|token| matches!(&token.token, Token::Word(word) if word.value.starts_with('#')))
}

/// Whether RETURN stands somewhere in the text.
pub(super) fn ends(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Return(_) => true,
        StatementKind::If { then, otherwise, .. } => {
            ends(std::slice::from_ref(then))
                || otherwise.as_ref().is_some_and(|otherwise| ends(std::slice::from_ref(otherwise)))
        }
        StatementKind::While { body, .. } => ends(std::slice::from_ref(body)),
        StatementKind::Block(statements) => ends(statements),
        StatementKind::TryCatch { body, handler } => ends(body) || ends(handler),
        _ => false,
    })
}

/// Whether a literal severity is that of an error.
fn is_error(severity: &Expr) -> bool {
    match severity {
        Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, _), span: _ }) => {
            digits.parse::<i64>().is_ok_and(|severity| severity >= FIRST_ERROR)
        }
        _ => false,
    }
}
