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
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::{ExecuteArgument, Name, Statement};
use crate::sql::tsql::{batch, procedure};
use crate::sql::types::SqlType;

/// A parameter of what is called.
#[derive(Clone, Debug)]
pub(super) struct Formal {
    /// With its `@`.
    name: String,
    /// Its type; None where it is a table.
    sql_type: Option<SqlType>,
    /// The type of a table-valued one.
    table: Option<Name>,
}

impl From<&batch::Parameter> for Formal {
    fn from(parameter: &batch::Parameter) -> Self {
        match parameter {
            batch::Parameter::Scalar { name, sql_type, output: _ } => {
                Self { name: name.clone(), sql_type: Some(*sql_type), table: None }
            }
            batch::Parameter::Table { name, type_name } => {
                Self { name: name.clone(), sql_type: None, table: Some(type_name.clone()) }
            }
        }
    }
}

impl From<&procedure::Parameter> for Formal {
    fn from(parameter: &procedure::Parameter) -> Self {
        Self {
            name: parameter.name.clone(),
            sql_type: parameter.table.is_none().then_some(parameter.sql_type),
            table: parameter.table.clone(),
        }
    }
}

impl Describer<'_> {
    /// Puts the parameters of a text among its variables and tables.
    pub(super) fn declare_parameters(
        &mut self,
        formals: impl Iterator<Item = Formal>,
    ) -> Result<(), SqlError> {
        for Formal { name, sql_type, table } in formals {
            let name = name.to_lowercase();
            match (sql_type, table) {
                (_, Some(table)) => self.table_of_type(&name, &table, true)?,
                (Some(sql_type), None) => drop(self.variables.insert(name, unset(sql_type))),
                (None, None) => {}
            }
        }
        Ok(())
    }

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
                Some(name) => formals.iter().find(|formal| formal.name.to_lowercase() == *name),
                None => formals.get(index),
            };
            if argument.value.as_ref().is_some_and(|value| self.is_table(value)) {
                continue;
            }
            self.bind(|binder| {
                let Some(value) = &argument.value else { return Ok(()) };
                let value = binder.expression(value)?;
                let Some(formal) = formal else { return Ok(()) };
                let Some(sql_type) = formal.sql_type else { return Ok(()) };
                binder.deduce(&value, sql_type);
                binder.passed_as(&value, &formal.name, argument.output);
                binder.coerce(value, sql_type).map(drop)
            })?;
        }
        Ok(())
    }

    /// Whether an argument is nothing but the name of a table variable.
    fn is_table(&self, argument: &Expr) -> bool {
        matches!(argument, Expr::Identifier(name) if self.facts.tables.contains_key(&name.value.to_lowercase()))
    }

    /// sp_executesql of a text that stands there; what a variable holds isn't known.
    fn execute_text(&mut self, arguments: &[ExecuteArgument], place: &Place) -> Result<Paths, SqlError> {
        let (own, passed) = arguments.split_at(arguments.len().min(2));
        let (Some(text), Some(declarations)) = (literal(own.first()), literal(own.get(1))) else {
            self.pass(arguments, &[])?;
            return Ok(Paths::refusal(place.dynamic_sql()));
        };
        let declared: Vec<Formal> =
            batch::parse_declarations(&declarations)?.iter().map(Formal::from).collect();
        self.pass(passed, &declared)?;
        let statements = batch::parse(&text, declared.iter().map(|formal| formal.name.clone()))?;
        let chained = std::mem::replace(&mut self.facts.chained, false);
        let paths = self.inner(&text, &statements, &declared, TEXT_LEVELS);
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
        let formals: Vec<Formal> = called.parameters.iter().map(Formal::from).collect();
        self.pass(arguments, &formals)?;
        match self.procedures.iter().position(|(id, _)| *id == stored.id) {
            None => {}
            // Whatever a call of itself gives, the procedure gives without it.
            Some(outer) if outer + 1 == self.procedures.len() => return Ok(Paths::on()),
            Some(_) => return Ok(Paths::refusal(place.recursion())),
        }
        self.procedures.push((stored.id, stored.name));
        // A procedure and the tables that it names have one owner.
        let chained = std::mem::replace(&mut self.facts.chained, true);
        let paths = self.inner(&text, &called.body, &formals, 1);
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
        levels: usize,
    ) -> Result<Paths, SqlError> {
        if self.depth + levels > DEEPEST {
            return Err(too_deep());
        }
        let variables = std::mem::take(&mut self.variables);
        let tables = std::mem::take(&mut self.facts.tables);
        let identity_insert = self.identity_insert;
        self.depth += levels;
        let paths = self.declare_parameters(declared.iter().cloned()).and_then(|()| {
            stacker::maybe_grow(STACK_FOR_A_TEXT, STACK_SEGMENT, || self.text(text, statements))
        });
        self.depth -= levels;
        self.identity_insert = identity_insert;
        self.variables = variables;
        self.facts.tables = tables;
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
