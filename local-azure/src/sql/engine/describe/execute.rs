//! EXEC in a batch that is described: texts that stand there, procedures of the database, those of the system.

use sqlparser::ast::{self, Expr};

use super::describer::{Describer, ends, unset};
use super::errors::Place;
use super::paths::{Paths, ResultSet};
use super::rows;
use crate::sql::engine::errors;
use crate::sql::engine::execute::{DEEPEST, STACK_FOR_A_TEXT, STACK_SEGMENT, TEXT_LEVELS, too_deep};
use crate::sql::engine::procedures::catalog;
use crate::sql::engine::session::no_procedure;
use crate::sql::engine::table_types::variable::{TableVariable, TableVariables, described};
use crate::sql::reply::SqlError;
use crate::sql::tsql::batch::{self, Parameter};
use crate::sql::tsql::procedure;
use crate::sql::tsql::statement::{ExecuteArgument, Name, Statement, TableSource};
use crate::sql::types::SqlType;

/// A parameter of what is called: its name with the `@`, and its type.
type Formal = (String, SqlType);

impl Describer<'_> {
    pub(super) fn execute(
        &mut self,
        procedure: &Name,
        arguments: &[ExecuteArgument],
        place: &Place,
    ) -> Result<Paths, SqlError> {
        let schema = procedure.schema.as_deref().unwrap_or("sys").to_lowercase();
        let system = matches!(schema.as_str(), "sys" | "dbo");
        let name = procedure.object.to_lowercase();
        match (name.as_str(), rows::of_procedure(&name)) {
            ("sp_executesql", _) if system => self.execute_text(arguments, place),
            ("sp_set_session_context", _) if system => {
                self.pass(arguments, &[])?;
                Ok(Paths::on())
            }
            (_, Some(columns)) if system => {
                self.pass(arguments, &[])?;
                Ok(Paths::result(place.clone(), ResultSet { columns, order: Some(Vec::new()) }))
            }
            _ => self.call(procedure, arguments, place),
        }
    }

    /// Binds arguments; what is known of the parameters says which types undeclared ones should have.
    fn pass(&mut self, arguments: &[ExecuteArgument], formals: &[Formal]) -> Result<(), SqlError> {
        for (index, argument) in arguments.iter().enumerate() {
            let formal = match &argument.name {
                Some(name) => formals.iter().find(|(other, _)| other.to_lowercase() == *name),
                None => formals.get(index),
            };
            self.bind(|binder| {
                let Some(value) = &argument.value else { return Ok(()) };
                if matches!(value, Expr::Identifier(name) if binder.facts.tables.contains_key(&name.value.to_lowercase())) {
                    return Ok(());
                }
                let value = binder.expression(value)?;
                let Some((name, sql_type)) = formal else { return Ok(()) };
                binder.deduce(&value, *sql_type);
                binder.passed_as(&value, name, argument.output);
                binder.coerce(value, *sql_type).map(drop)
            })?;
        }
        Ok(())
    }

    /// sp_executesql of a text that stands there; what a variable holds isn't known.
    fn execute_text(&mut self, arguments: &[ExecuteArgument], place: &Place) -> Result<Paths, SqlError> {
        let (own, passed) = arguments.split_at(arguments.len().min(2));
        let (Some(text), Some(declarations)) = (literal(own.first()), literal(own.get(1))) else {
            self.pass(arguments, &[])?;
            return Ok(Paths::refusal(place.dynamic_sql()));
        };
        let mut declared: Vec<Formal> = Vec::new();
        let mut tables = Vec::new();
        for parameter in batch::parse_declarations(&declarations)? {
            declared.push(match parameter {
                Parameter::Scalar { name, sql_type, output: _ } => (name, sql_type),
                Parameter::Table { name, type_name } => {
                    tables.push((name.clone(), type_name));
                    // Only its place counts.
                    (name, SqlType::Int)
                }
            });
        }
        self.pass(passed, &declared)?;
        let statements = batch::parse(&text, declared.iter().map(|(name, _)| name.clone()))?;
        let chained = std::mem::replace(&mut self.facts.chained, false);
        let paths = self.inner(&text, &statements, &declared, &tables, TEXT_LEVELS);
        self.facts.chained = chained;
        paths
    }

    /// A procedure of the database, by its body.
    fn call(&mut self, name: &Name, arguments: &[ExecuteArgument], place: &Place) -> Result<Paths, SqlError> {
        let schema = name.schema.as_deref().unwrap_or("dbo");
        let found =
            catalog::find(self.connection, schema, &name.object).map_err(|error| errors::internal(&error))?;
        let Some(stored) = found else {
            self.pass(arguments, &[])?;
            return Err(no_procedure(&errors::display(name)));
        };
        self.bind(|binder| binder.may_call(&stored))?;
        let text =
            catalog::definition(self.connection, stored.id).map_err(|error| errors::internal(&error))?;
        let called = procedure::read(&text)?;
        let formals: Vec<Formal> =
            called.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.sql_type)).collect();
        self.pass(arguments, &formals)?;
        match self.procedures.iter().position(|(id, _)| *id == stored.id) {
            None => {}
            // Whatever a call of itself gives, the procedure gives without it.
            Some(outer) if outer + 1 == self.procedures.len() => return Ok(Paths::on()),
            Some(_) => return Ok(Paths::refusal(place.recursion())),
        }
        let variables: Vec<Formal> =
            formals.into_iter().map(|(name, sql_type)| (name.to_lowercase(), sql_type)).collect();
        self.procedures.push((stored.id, stored.name));
        // A procedure and the tables that it names have one owner.
        let chained = std::mem::replace(&mut self.facts.chained, true);
        let tables: Vec<(String, Name)> = called
            .parameters
            .iter()
            .filter_map(|parameter| parameter.table.clone().map(|table| (parameter.variable(), table)))
            .collect();
        let paths = self.inner(&text, &called.body, &variables, &tables, 1);
        self.facts.chained = chained;
        self.procedures.pop();
        paths
    }

    /// A text that this one calls, with its own variables and settings. What ends it doesn't end the text round it.
    fn inner(
        &mut self,
        text: &str,
        statements: &[Statement],
        declared: &[Formal],
        tables: &[(String, Name)],
        levels: usize,
    ) -> Result<Paths, SqlError> {
        if self.depth + levels > DEEPEST {
            return Err(too_deep());
        }
        let mut inner_tables = TableVariables::new();
        for (place, (name, type_name)) in (1..).zip(tables) {
            let variable = described(self.connection, name, &TableSource::Type(type_name.clone()), place)?;
            inner_tables.insert(name.clone(), TableVariable { read_only: true, ..variable });
        }
        let scalars = declared.iter().filter(|(name, _)| !inner_tables.contains_key(name));
        let inner = scalars.map(|(name, sql_type)| (name.clone(), unset(*sql_type))).collect();
        let outer_tables = std::mem::replace(&mut self.facts.tables, inner_tables);
        let variables = std::mem::replace(&mut self.variables, inner);
        let identity_insert = self.identity_insert;
        self.depth += levels;
        let paths = stacker::maybe_grow(STACK_FOR_A_TEXT, STACK_SEGMENT, || self.text(text, statements));
        self.depth -= levels;
        self.identity_insert = identity_insert;
        self.variables = variables;
        self.facts.tables = outer_tables;
        paths.map(|paths| Paths { passes: paths.passes || ends(statements), ..paths })
    }
}

/// The text of an argument that is a Unicode literal; empty for NULL and for none.
fn literal(argument: Option<&ExecuteArgument>) -> Option<String> {
    match argument.map(|argument| &argument.value) {
        None | Some(None) => Some(String::new()),
        Some(Some(Expr::Value(ast::ValueWithSpan { value, span: _ }))) => match value {
            ast::Value::NationalStringLiteral(text) => Some(text.clone()),
            ast::Value::Null => Some(String::new()),
            _ => None,
        },
        Some(Some(_)) => None,
    }
}
