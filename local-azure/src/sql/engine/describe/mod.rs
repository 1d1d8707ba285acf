//! Metadata of a batch without running it: `sp_describe_first_result_set`, `sp_describe_undeclared_parameters` and
//! `sys.dm_exec_describe_first_result_set`.
//!
//! | module | does |
//! |---|---|
//! | `call` | reads the arguments of the procedures |
//! | `describer` | binds the statements and follows the ways through them |
//! | `execute` | EXEC: follows texts and procedures that it calls |
//! | `errors` | why there is no description |
//! | `paths` | finds the first result set of all ways |
//! | `rows` | the rows in which a description is given |
//! | `type_facts` | what the catalogue and the wire say of a type |

mod call;
mod describer;
pub(crate) mod errors;
mod execute;
mod paths;
pub(crate) mod rows;
mod type_facts;

use rusqlite::Connection;

pub(crate) use self::call::Procedure;
use self::describer::Describer;
use self::errors::{Refusal, any_type, used_twice};
use self::paths::ResultSet;
use super::Argument;
use super::bind::Facts;
use super::run::Frame;
use super::session::{Failure, Session};
use super::table_types::variable::{TableVariable, TableVariables, described};
use crate::sql::reply::{ReplySink, StatementKind};
use crate::sql::tsql::batch::{Parameter, parse_declarations};
use crate::sql::tsql::statement::TableSource;
use crate::sql::types::Value;

/// The first result set that the batch can give; None if it gives none. Nothing is run.
///
/// # Errors
/// When the batch is wrong, or what it gives can't be known before it runs.
pub(crate) fn first_result_set(
    connection: &Connection,
    facts: &Facts,
    text: &str,
    declarations: &str,
) -> Result<Option<ResultSet>, Refusal> {
    describer(connection, facts, declarations)?.batch(text)?.first()
}

/// A describer that knows the declared parameters.
fn describer<'a>(
    connection: &'a Connection,
    facts: &'a Facts,
    declarations: &str,
) -> Result<Describer<'a>, Refusal> {
    let declared = parse_declarations(declarations).map_err(Refusal::compile)?;
    let mut scalars = Vec::new();
    let mut tables = TableVariables::new();
    for (place, parameter) in (1..).zip(declared) {
        match parameter {
            Parameter::Scalar { name, sql_type, output: _ } => scalars.push((name, sql_type)),
            Parameter::Table { name, type_name } => {
                let source = TableSource::Type(type_name);
                let variable = described(connection, &name, &source, place).map_err(Refusal::compile)?;
                tables.insert(name, TableVariable { read_only: true, ..variable });
            }
        }
    }
    let mut describer = Describer::new(connection, facts, &scalars);
    describer.facts.tables = tables;
    Ok(describer)
}

/// The rows about the undeclared parameters of a batch.
fn undeclared_parameters(
    connection: &Connection,
    facts: &Facts,
    text: &str,
    declarations: &str,
) -> Result<Vec<Vec<Value>>, Refusal> {
    let mut describer = describer(connection, facts, declarations)?;
    describer.batch(text)?.temporary_tables_apart()?;
    let undeclared = describer.into_undeclared();
    let mut rows = Vec::new();
    for (index, place) in undeclared.uses.iter().enumerate() {
        let before = undeclared.uses.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.name.to_lowercase() == place.name.to_lowercase()) {
            return Err(Refusal::of_call(used_twice(&place.name)));
        }
        let sql_type = place.sql_type.ok_or_else(|| Refusal::of_call(any_type(&place.name)))?;
        rows.push(rows::of_parameter(i64::try_from(index + 1).unwrap_or(i64::MAX), place, sql_type));
    }
    Ok(rows)
}

/// What one of the procedures answers.
struct Description {
    headings: &'static [rows::Heading],
    rows: Vec<Vec<Value>>,
}

impl Session {
    /// Answers a call of one of the procedures by a client.
    pub(super) fn describe_call(
        &mut self,
        procedure: Procedure,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) {
        match self.description(procedure, arguments) {
            Ok(description) => {
                self.send_description(&description, reply);
                reply.return_status(0);
            }
            Err(Refusal { cause, consequence, error_type }) => {
                self.last_error = consequence.as_ref().unwrap_or(&cause).number;
                for error in [cause].into_iter().chain(consequence) {
                    reply.error(&error);
                }
                reply.done(StatementKind::Other, None);
                reply.return_status(error_type.number());
            }
        }
    }

    /// Runs EXEC of one of the procedures; the status is 0 even after an error. Of two errors TRY sees the second.
    pub(super) fn describe_nested(
        &mut self,
        procedure: Procedure,
        arguments: &[Argument],
        frame: &Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        match self.description(procedure, arguments) {
            Ok(description) => {
                reply.enter_procedure();
                self.send_description(&description, reply);
                reply.leave_procedure(Some(0));
                Ok(())
            }
            Err(Refusal { cause, consequence: None, error_type: _ }) => Err(cause.into()),
            Err(Refusal { cause, consequence: Some(consequence), error_type: _ }) => {
                if frame.tries == 0 {
                    reply.error(&cause);
                }
                Err(consequence.into())
            }
        }
    }

    fn send_description(&mut self, description: &Description, reply: &mut dyn ReplySink) {
        let Description { headings, rows } = description;
        self.row_count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        // Who has gone needs no answer.
        let mut listens = reply.columns(&rows::reply_columns(headings)).is_ok();
        for row in rows {
            listens = listens && reply.row(row).is_ok();
        }
        let count = u64::try_from(rows.len()).ok().filter(|_| !self.settings.no_count);
        reply.done(StatementKind::Select, count);
    }

    fn description(&self, procedure: Procedure, arguments: &[Argument]) -> Result<Description, Refusal> {
        let described = || {
            let subject = procedure.subject(arguments).map_err(Refusal::of_call)?;
            let facts = self.facts();
            let (connection, text, declarations) = (&self.connection, &subject.text, &subject.declarations);
            Ok(match procedure {
                Procedure::FirstResultSet => {
                    let result = first_result_set(connection, &facts, text, declarations)?;
                    let rows = result.as_ref().map(rows::of_result).unwrap_or_default();
                    Description { headings: &rows::RESULT, rows }
                }
                Procedure::UndeclaredParameters => {
                    let rows = undeclared_parameters(connection, &facts, text, declarations)?;
                    Description { headings: &rows::PARAMETERS, rows }
                }
            })
        };
        described().map_err(|mut refusal: Refusal| {
            refusal.name_procedure(procedure.name());
            refusal
        })
    }
}
