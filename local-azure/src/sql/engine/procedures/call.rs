//! Running a procedure.

use super::RunningProcedure;
use super::arguments::{Fitting, Passed};
use crate::sql::engine::bind::Variable;
use crate::sql::engine::errors;
use crate::sql::engine::run::{Flow, Frame};
use crate::sql::engine::session::{Failure, Session, no_procedure};
use crate::sql::reply::{ReplySink, SqlError};
use crate::sql::tsql::procedure::{self, Parameter, Procedure};
use crate::sql::tsql::statement::Name;

/// A procedure that ended.
pub(super) enum Ended {
    /// At its end, at RETURN, or at an error that ends only the procedure.
    Returned {
        status: i32,
        /// The argument's place, and the parameter with its name as the procedure left it.
        outputs: Vec<(usize, String, Variable)>,
        /// 266, when it left another number of transactions open than it found.
        mismatch: Option<SqlError>,
    },
    /// By an error of this number, which has been sent and ends the batch.
    Aborted(i32),
}

impl Session {
    /// Runs a procedure. `caller` is the text whose EXEC calls it, if one does: its TRY catches what fails here, and a
    /// procedure's owner need not be asked again for what procedures of the same owner call.
    pub(super) fn run_procedure(
        &mut self,
        name: &Name,
        passed: &[Passed],
        caller: Option<&Frame>,
        reply: &mut dyn ReplySink,
    ) -> Result<Ended, Failure> {
        let Some(stored) = self.procedure(name)? else {
            return Err(self.no_such(name)?.into());
        };
        let running = RunningProcedure {
            id: stored.id,
            name: stored.name.clone(),
            shown: match name.schema {
                Some(_) => format!("{}.{}", stored.schema, stored.name),
                None => stored.name.clone(),
            },
        };
        // All schemas are dbo's, so a procedure and what it calls have one owner.
        if caller.is_none_or(|caller| caller.procedure.is_none()) {
            self.may_call(&stored).map_err(|error| SqlError { procedure: running.shown.clone(), ..error })?;
        }
        self.check_nesting(1)?;
        let text = super::catalog::definition(&self.connection, stored.id)
            .map_err(|error| errors::internal(&error))?;
        let procedure: Procedure = procedure::read(&text)?;
        let Fitting { variables, outputs, tables } =
            self.fit(&procedure, passed).map_err(|failure| before_the_body(failure, &running))?;
        let mut frame = Frame {
            variables,
            tries: caller.map_or(0, |caller| caller.tries),
            caught: caller.map(|caller| caller.caught.clone()).unwrap_or_default(),
            procedure: Some(running.clone()),
            ..Frame::default()
        };
        let before = self.transaction_count();
        reply.enter_procedure();
        let flow = self.in_scope(1, |session| {
            session
                .fit_tables(&procedure, &tables, passed, &mut frame)
                .map_err(|failure| session.undone_if_stopped(before_the_body(failure, &running), reply))?;
            session.run_body(&procedure.body, &mut frame, reply)
        });
        let status = frame.status.unwrap_or_else(|| frame.status_of_errors());
        reply.leave_procedure(
            matches!(flow, Ok(Flow::Next | Flow::Return | Flow::ScopeAborted(_))).then_some(status),
        );
        match flow? {
            Flow::Stopped => return Err(Failure::Stopped),
            Flow::Aborted(number) => return Ok(Ended::Aborted(number)),
            Flow::Next | Flow::Break | Flow::Continue | Flow::Return | Flow::ScopeAborted(_) => {}
        }
        let outputs = outputs
            .into_iter()
            .filter_map(|(place, parameter)| {
                let Parameter { name, .. } = procedure.parameters.get(parameter)?;
                frame.variables.remove(&name.to_lowercase()).map(|variable| (place, name.clone(), variable))
            })
            .collect();
        let mismatch = (self.transaction_count() != before).then(|| {
            let message = format!(
                "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = {before}, current count = {}.",
                self.transaction_count()
            );
            SqlError { procedure: running.shown.clone(), ..SqlError::new(266, message).with_state(2).at_line(0) }
        });
        Ok(Ended::Returned { status, outputs, mismatch })
    }

    fn no_such(&self, name: &Name) -> Result<SqlError, SqlError> {
        let is_table = crate::sql::engine::catalog::find(
            &self.connection,
            name.schema.as_deref().unwrap_or("dbo"),
            &name.object,
        )
        .map_err(|error| errors::internal(&error))?
        .is_some_and(|table| !table.temporary);
        let shown = errors::display(name);
        Ok(if is_table && self.user.is_dbo() {
            SqlError::new(
                2809,
                format!("The request for procedure '{shown}' failed because '{shown}' is a table object."),
            )
            .with_class(18)
        } else {
            no_procedure(&shown)
        })
    }
}

/// An error of the call itself stands before the procedure's first line.
fn before_the_body(failure: Failure, running: &RunningProcedure) -> Failure {
    let located = |error: SqlError| SqlError { procedure: running.shown.clone(), line: 0, ..error };
    match failure {
        Failure::Sql(error) => Failure::Sql(located(error)),
        Failure::Thrown(error) => Failure::Thrown(located(error)),
        Failure::Stopped => Failure::Stopped,
    }
}
