//! Statements that a client prepared: the system procedures that deal with handles, turned into `sp_executesql`.

use std::collections::HashMap;

use super::reply::ReplyWriter;
use super::rpc::Procedure;
use super::session::Session;
use crate::sql::engine::Argument;
use crate::sql::reply::{ReplySink, SqlError};
use crate::sql::types::{SqlType, Value};

/// A prepared statement.
#[derive(Clone)]
struct Statement {
    declarations: String,
    text: String,
}

/// The statements of one session. A handle is a number from 1.
#[derive(Default)]
pub(crate) struct PreparedStatements {
    last: i32,
    statements: HashMap<i32, Statement>,
}

impl PreparedStatements {
    /// Forgets all handles, as a reset of the session does.
    pub(crate) fn clear(&mut self) {
        self.statements.clear();
    }

    /// Runs one of the procedures that deal with statements as text.
    pub(crate) fn run(
        &mut self,
        procedure: &Procedure,
        arguments: &[Argument],
        session: &mut dyn Session,
        reply: &mut ReplyWriter,
    ) {
        let outcome = match procedure {
            Procedure::ExecuteSql => execute_sql(arguments, session, reply),
            Procedure::Prepare => self.prepare(arguments, reply).map(|_| ()),
            Procedure::PrepareAndExecute => self.prepare(arguments, reply).map(|(statement, rest)| {
                session.execute_sql(&statement.text, &statement.declarations, rest, reply);
            }),
            Procedure::Execute => self.execute(arguments, session, reply),
            Procedure::Unprepare => self.unprepare(arguments),
            Procedure::Named(name) => {
                session.call(name, arguments, reply);
                Ok(())
            }
        };
        if let Err(error) = outcome {
            reply.error(&error);
        }
    }

    fn prepare<'a>(
        &mut self,
        arguments: &'a [Argument],
        reply: &mut ReplyWriter,
    ) -> Result<(Statement, &'a [Argument]), SqlError> {
        let [handle, declarations, text, rest @ ..] = arguments else {
            return Err(missing("sp_prepare", "@handle, @params and @stmt"));
        };
        let statement = Statement {
            declarations: text_of(declarations, "@params")?.to_owned(),
            text: text_of(text, "@stmt")?.to_owned(),
        };
        // After 2^31 statements on one connection the numbers begin again; the oldest are long gone.
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.statements.insert(self.last, statement.clone());
        reply.output(&handle.name, SqlType::Int, &Value::Integer(self.last.into()));
        Ok((statement, rest))
    }

    fn execute(
        &mut self,
        arguments: &[Argument],
        session: &mut dyn Session,
        reply: &mut ReplyWriter,
    ) -> Result<(), SqlError> {
        let (handle, rest) = handle("sp_execute", arguments)?;
        let statement = self.statements.get(&handle).ok_or_else(|| unknown(handle))?;
        session.execute_sql(&statement.text, &statement.declarations, rest, reply);
        Ok(())
    }

    fn unprepare(&mut self, arguments: &[Argument]) -> Result<(), SqlError> {
        let (handle, _) = handle("sp_unprepare", arguments)?;
        self.statements.remove(&handle).map(|_| ()).ok_or_else(|| unknown(handle))
    }
}

fn execute_sql(
    arguments: &[Argument],
    session: &mut dyn Session,
    reply: &mut ReplyWriter,
) -> Result<(), SqlError> {
    let [text, rest @ ..] = arguments else {
        return Err(missing("sp_executesql", "@stmt"));
    };
    let text = text_of(text, "@statement")?;
    let (declarations, rest) = match rest {
        [] => ("", rest),
        [declarations, rest @ ..] if declarations.value == Value::Null => ("", rest),
        [declarations, rest @ ..] => (text_of(declarations, "@params")?, rest),
    };
    session.execute_sql(text, declarations, rest, reply);
    Ok(())
}

fn handle<'a>(procedure: &str, arguments: &'a [Argument]) -> Result<(i32, &'a [Argument]), SqlError> {
    let [handle, rest @ ..] = arguments else {
        return Err(missing(procedure, "@handle"));
    };
    match handle.value {
        Value::Integer(number) => {
            i32::try_from(number).map(|number| (number, rest)).map_err(|_| missing(procedure, "@handle"))
        }
        _ => Err(missing(procedure, "@handle")),
    }
}

fn text_of<'a>(argument: &'a Argument, name: &str) -> Result<&'a str, SqlError> {
    match &argument.value {
        Value::Text(text) => Ok(text),
        Value::Null => Ok(""),
        _ => Err(SqlError::new(
            214,
            format!("Procedure expects parameter '{name}' of type 'ntext/nchar/nvarchar'."),
        )),
    }
}

fn missing(procedure: &str, parameters: &str) -> SqlError {
    SqlError::new(
        201,
        format!("Procedure or function '{procedure}' expects {parameters}, which was not supplied."),
    )
}

fn unknown(handle: i32) -> SqlError {
    SqlError::new(8179, format!("Could not find prepared statement with handle {handle}."))
}
