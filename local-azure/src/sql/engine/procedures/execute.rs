//! EXEC of a procedure: arguments from the caller's variables, and its results back into them.

use sqlparser::ast::Expr;

use super::arguments::Passed;
use super::call::Ended;
use crate::sql::engine::TableArgument;
use crate::sql::engine::bind::Variable;
use crate::sql::engine::run::{Flow, Frame};
use crate::sql::engine::session::{Failure, Session};
use crate::sql::reply::ReplySink;
use crate::sql::tsql::statement::{ExecuteArgument, Name};
use crate::sql::types::{SqlType, Value};

impl Session {
    /// `EXEC @result = procedure arguments`.
    pub(in crate::sql::engine) fn execute_procedure(
        &mut self,
        result: Option<&str>,
        procedure: &Name,
        arguments: &[ExecuteArgument],
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        let mut passed = Vec::new();
        for argument in arguments {
            let table = argument.value.as_ref().and_then(|value| frame.table_named(value));
            let value = match &argument.value {
                Some(value) if table.is_none() => Some(self.evaluate(value, None, frame)?),
                _ => None,
            };
            passed.push(Passed {
                name: argument.name.clone().unwrap_or_default(),
                value,
                output: argument.output,
                table: table.map(TableArgument::Variable),
            });
        }
        let (status, outputs, mismatch) = match self.run_procedure(procedure, &passed, Some(frame), reply)? {
            Ended::Returned { status, outputs, mismatch } => (status, outputs, mismatch),
            Ended::Aborted(number) => return Ok(Flow::Aborted(number)),
        };
        for (place, _, variable) in outputs {
            if let Some(Expr::Identifier(target)) =
                arguments.get(place).and_then(|argument| argument.value.as_ref())
            {
                self.assign_result(&target.value.to_lowercase(), &variable, frame)?;
            }
        }
        if let Some(result) = result {
            let status = Variable { sql_type: SqlType::Int, value: Value::Integer(i64::from(status)) };
            self.assign_result(result, &status, frame)?;
        }
        match mismatch {
            Some(error) => Err(error.into()),
            None => Ok(Flow::Next),
        }
    }

    /// Gives one of the caller's variables what a procedure left.
    fn assign_result(&mut self, target: &str, from: &Variable, frame: &mut Frame) -> Result<(), Failure> {
        if let Some(sql_type) = frame.variables.get(target).map(|variable| variable.sql_type) {
            let value = self.converted_argument(&from.value, from.sql_type, sql_type)?;
            frame.variables.insert(target.to_owned(), Variable { sql_type, value });
        }
        Ok(())
    }
}
