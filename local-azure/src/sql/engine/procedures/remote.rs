//! A client's call of a procedure by its name (an RPC).

use super::arguments::Passed;
use super::call::Ended;
use crate::sql::engine::Argument;
use crate::sql::engine::catalog::same_name;
use crate::sql::engine::security::functions::parts;
use crate::sql::engine::session::{Failure, Session, no_procedure};
use crate::sql::reply::{ReplySink, SqlError, StatementKind};
use crate::sql::tsql::statement::Name;

impl Session {
    /// Runs the procedure that a client calls. A wanted OUTPUT value comes back in the type that the client gave its
    /// argument, as it would in a variable of that type.
    pub(in crate::sql::engine) fn call_by_name(
        &mut self,
        procedure: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) {
        let passed: Vec<Passed> = arguments
            .iter()
            .map(|argument| Passed {
                name: argument.name.clone(),
                value: Some((argument.value.clone(), argument.sql_type)),
                output: argument.output,
                table: argument.table.clone(),
            })
            .collect();
        let ended = match self.named(procedure) {
            Ok(name) => self.run_procedure(&name, &passed, None, reply),
            Err(error) => Err(error.into()),
        };
        match ended {
            Ok(Ended::Returned { status, outputs, mismatch }) => {
                if let Some(error) = mismatch {
                    self.last_error = error.number;
                    reply.error(&error);
                    reply.done(StatementKind::Other, None);
                }
                for (place, parameter, variable) in outputs {
                    let Some(argument) = arguments.get(place) else { continue };
                    let name = if argument.name.is_empty() { &parameter } else { &argument.name };
                    match self.converted_argument(&variable.value, variable.sql_type, argument.sql_type) {
                        Ok(value) => reply.output(name, argument.sql_type, &value),
                        Err(Failure::Sql(error) | Failure::Thrown(error)) => {
                            self.fail(&error.with_state(2), reply);
                        }
                        Err(Failure::Stopped) => return,
                    }
                }
                self.end_batch(reply);
                reply.return_status(status);
            }
            Ok(Ended::Aborted(_)) => self.end_batch(reply),
            Err(Failure::Sql(error) | Failure::Thrown(error)) => self.fail(&error, reply),
            Err(Failure::Stopped) => {}
        }
    }

    /// The name that a client wrote; one with the database in front must name this one.
    fn named(&self, written: &str) -> Result<Name, SqlError> {
        let name = |schema: Option<&String>, object: &String| Name {
            schema: schema.cloned(),
            object: object.clone(),
        };
        match parts(written).as_deref() {
            Some([object]) => Ok(name(None, object)),
            Some([schema, object]) => Ok(name(Some(schema), object)),
            Some([database, schema, object]) if same_name(database, &self.login.database) => {
                Ok(name(Some(schema), object))
            }
            Some([_, _, _, ..]) => Err(SqlError::new(
                40515,
                format!(
                    "Reference to database and/or server name in '{written}' is not supported in this version of SQL Server."
                ),
            )),
            _ => Err(no_procedure(written)),
        }
    }
}
