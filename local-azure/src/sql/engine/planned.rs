//! Errors that come from outside: a fault raises them where a statement would.

use super::errors::{self, Reach};
use super::session::{Failure, Session};
use crate::sql::reply::{ReplySink, SqlError, StatementKind as Done};
use crate::sql::tsql::statement::StatementKind;

/// From this severity on an error ends the session, and its transaction with it.
const ENDS_THE_SESSION: u8 = 20;

/// An error that is to be raised in the middle of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFailure {
    /// How many statements run first. Those that only lead to others (IF, WHILE, BEGIN, TRY, EXEC) and DECLARE don't count.
    pub after_statements: u32,
    /// What the next one raises.
    pub error: SqlError,
}

impl Session {
    /// Sends an error and does to the transaction what an error of a statement does outside TRY.
    pub fn fail(&mut self, error: &SqlError, reply: &mut dyn ReplySink) {
        self.last_error = error.number;
        self.row_count = 0;
        reply.error(error);
        reply.done(Done::Other, None);
        let undoes = self.settings.xact_abort || errors::reach(error) == Reach::Transaction;
        if undoes && error.class < ENDS_THE_SESSION {
            self.undo(reply);
        }
    }

    /// Of the next request, so many statements run and the next raises this error. None takes that back.
    pub fn plan_failure(&mut self, plan: Option<PlannedFailure>) {
        self.planned = plan;
    }

    /// What is raised instead of running this statement.
    pub(super) fn planned_failure(&mut self, kind: &StatementKind) -> Result<(), Failure> {
        let leads_to_others = matches!(
            kind,
            StatementKind::If { .. }
                | StatementKind::While { .. }
                | StatementKind::Block(_)
                | StatementKind::TryCatch { .. }
                | StatementKind::Declare(_)
                | StatementKind::DeclareTable { .. }
                | StatementKind::Execute { .. }
        );
        let Some(plan) = self.planned.as_mut().filter(|_| !leads_to_others) else {
            return Ok(());
        };
        match plan.after_statements.checked_sub(1) {
            Some(left) => {
                plan.after_statements = left;
                Ok(())
            }
            None => match self.planned.take() {
                Some(plan) => Err(plan.error.into()),
                None => Ok(()),
            },
        }
    }
}
