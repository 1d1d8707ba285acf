//! Transactions of a session over SQLite's.
//!
//! SQLite's transaction begins at the first write (BEGIN IMMEDIATE), not at BEGIN TRANSACTION: readers before it see the
//! last committed state statement by statement, as READ_COMMITTED_SNAPSHOT has it, and a reader never has to become a
//! writer on an old snapshot, which SQLite refuses.

use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

use super::session::{Failure, Session};
use super::{Isolation, errors};
use crate::sql::reply::{ReplySink, SqlError, TransactionChange};

/// How long a writer waits for another when LOCK_TIMEOUT isn't set; SQL Server would wait for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) descriptor: u64,
    /// `@@TRANCOUNT`
    pub(super) count: i64,
    /// What BEGIN TRANSACTION called the outermost one: ROLLBACK with this name undoes all.
    name: Option<String>,
    /// Whether SQLite's transaction has begun.
    pub(super) begun: bool,
    /// Can only be rolled back (`XACT_STATE()` −1).
    pub(super) doomed: bool,
    /// Names, and whether SQLite's transaction had begun at that point.
    savepoints: Vec<(String, Option<usize>)>,
    marks: usize,
}

impl Session {
    /// `@@TRANCOUNT`
    pub(super) fn transaction_count(&self) -> i64 {
        self.transaction.as_ref().map_or(0, |transaction| transaction.count)
    }

    pub(super) fn begin_transaction(
        &mut self,
        isolation: Isolation,
        name: Option<&str>,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        if isolation != Isolation::Unchanged {
            self.settings.isolation = isolation;
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.count += 1;
            return Ok(());
        }
        let descriptor = self.database.next_transaction();
        self.transaction = Some(Transaction {
            descriptor,
            count: 1,
            name: name.map(str::to_lowercase),
            begun: false,
            doomed: false,
            savepoints: Vec::new(),
            marks: 0,
        });
        if self.settings.isolation.sees_one_state() {
            // These see one state throughout: with the write lock nobody can change it.
            if let Err(failure) = self.start_writing() {
                self.transaction = None;
                return Err(failure);
            }
        }
        reply.transaction(TransactionChange::Began(descriptor));
        Ok(())
    }

    pub(super) fn commit_transaction(&mut self, reply: &mut dyn ReplySink) -> Result<(), Failure> {
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                3902,
                "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            )
            .into());
        };
        if transaction.doomed {
            return Err(doomed().into());
        }
        if transaction.count > 1 {
            transaction.count -= 1;
            return Ok(());
        }
        if transaction.begun {
            self.connection.execute_batch("COMMIT").map_err(|error| self.sqlite_failure(&error))?;
        }
        if let Some(transaction) = self.transaction.take() {
            reply.transaction(TransactionChange::Committed(transaction.descriptor));
        }
        Ok(())
    }

    pub(super) fn rollback_transaction(&mut self, reply: &mut dyn ReplySink) -> Result<(), Failure> {
        if self.transaction.is_none() {
            return Err(SqlError::new(
                3903,
                "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            )
            .into());
        }
        self.undo(reply);
        Ok(())
    }

    /// Rolls back whatever is open.
    pub(super) fn undo(&mut self, reply: &mut dyn ReplySink) {
        if let Some(transaction) = self.transaction.take() {
            if transaction.begun && !self.connection.is_autocommit() {
                let kept = self.keep_table_variables();
                let _ = self.connection.execute_batch("ROLLBACK");
                // The table variables are there and empty if their rows can't be put back: nothing else is wrong.
                let _ = self.restore_table_variables(&kept);
            }
            reply.transaction(TransactionChange::RolledBack(transaction.descriptor));
        }
    }

    pub(super) fn save_transaction(&mut self, name: &str) -> Result<(), Failure> {
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                628,
                "Cannot issue SAVE TRANSACTION when there is no active transaction.",
            )
            .into());
        };
        if transaction.doomed {
            return Err(doomed().into());
        }
        let mark = if transaction.begun {
            transaction.marks += 1;
            let mark = transaction.marks;
            self.connection
                .execute_batch(&format!("SAVEPOINT local_azure_mark_{mark}"))
                .map_err(|error| errors::internal(&error))?;
            Some(mark)
        } else {
            None
        };
        transaction.savepoints.push((name.to_lowercase(), mark));
        Ok(())
    }

    /// ROLLBACK with a name: that of the transaction or of a savepoint.
    pub(super) fn rollback_named(&mut self, name: &str, reply: &mut dyn ReplySink) -> Result<(), Failure> {
        let lower = name.to_lowercase();
        let is_whole = |transaction: &Transaction| {
            transaction.name.as_ref() == Some(&lower)
                && !transaction.savepoints.iter().any(|(other, _)| *other == lower)
        };
        if self.transaction.as_ref().is_some_and(is_whole) {
            return self.rollback_transaction(reply);
        }
        self.rollback_to(name)
    }

    /// SET TRANSACTION ISOLATION LEVEL. The levels that see one state throughout keep others from writing from here on.
    pub(super) fn set_isolation(&mut self, isolation: Isolation) -> Result<(), Failure> {
        let before = std::mem::replace(&mut self.settings.isolation, isolation);
        if self.transaction.is_none() {
            return Ok(());
        }
        if isolation == Isolation::Snapshot && before != Isolation::Snapshot {
            self.settings.isolation = before;
            return Err(SqlError::new(3951, "Transaction failed in database because the statement was run under snapshot isolation but the transaction did not start in snapshot isolation. You cannot change the isolation level of the transaction to snapshot after the transaction has started unless the transaction was originally started under snapshot isolation level.").into());
        }
        if isolation.sees_one_state() {
            self.start_writing()?;
        }
        Ok(())
    }

    pub(super) fn rollback_to(&mut self, name: &str) -> Result<(), Failure> {
        let missing = || {
            SqlError::new(
                6401,
                format!("Cannot roll back {name}. No transaction or savepoint of that name was found."),
            )
        };
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                3903,
                "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            )
            .into());
        };
        if transaction.doomed {
            return Err(SqlError::new(3931, "The current transaction cannot be committed and cannot be rolled back to a savepoint. Roll back the entire transaction.").into());
        }
        let lower = name.to_lowercase();
        let place =
            transaction.savepoints.iter().rposition(|(other, _)| *other == lower).ok_or_else(missing)?;
        let mark = transaction.savepoints.get(place).and_then(|(_, mark)| *mark);
        transaction.savepoints.truncate(place + 1);
        let word = match mark {
            Some(mark) => format!("ROLLBACK TO local_azure_mark_{mark}"),
            None if transaction.begun => {
                transaction.begun = false;
                "ROLLBACK".to_owned()
            }
            None => return Ok(()),
        };
        let kept = self.keep_table_variables();
        self.connection.execute_batch(&word).map_err(|error| errors::internal(&error))?;
        let restored = self.restore_table_variables(&kept);
        if mark.is_some() {
            self.has_lost_its_transaction();
        }
        restored
    }

    /// Runs something that writes, whole or not at all.
    pub(super) fn atomically<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.doomed) {
            return Err(SqlError::new(3930, "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.").into());
        }
        let inside = self.transaction.is_some();
        self.start_writing()?;
        if inside {
            self.connection
                .execute_batch("SAVEPOINT local_azure_statement")
                .map_err(|error| errors::internal(&error))?;
        }
        let result = work(self);
        let end = match (&result, inside) {
            (Ok(_), true) => "RELEASE local_azure_statement",
            (Ok(_), false) => "COMMIT",
            (Err(_), true) => "ROLLBACK TO local_azure_statement; RELEASE local_azure_statement",
            (Err(_), false) => "ROLLBACK",
        };
        if self.has_lost_its_transaction() {
            return result;
        }
        if let Err(error) = self.connection.execute_batch(end) {
            let failure = self.sqlite_failure(&error);
            if !inside {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            return Err(failure);
        }
        result
    }

    /// A failure before the first statement of a text. With XACT_ABORT a cancel there undoes what is open, as one in the
    /// text does.
    pub(super) fn undone_if_stopped(&mut self, failure: Failure, reply: &mut dyn ReplySink) -> Failure {
        if matches!(failure, Failure::Stopped) && self.settings.xact_abort {
            self.undo(reply);
        }
        failure
    }

    /// Whether SQLite has rolled back by itself, as it does after some errors (a full disk) and when a write is
    /// interrupted. An open transaction of the session can then only be rolled back. To be asked where a transaction
    /// or a savepoint of SQLite's should be open.
    pub(super) fn has_lost_its_transaction(&mut self) -> bool {
        if !self.connection.is_autocommit() {
            return false;
        }
        if let Some(transaction) = self.transaction.as_mut().filter(|transaction| transaction.begun) {
            transaction.begun = false;
            transaction.doomed = true;
        }
        self.drop_what_came_back();
        true
    }

    /// Takes the write lock, waiting for another writer.
    fn start_writing(&mut self) -> Result<(), Failure> {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.begun) {
            return Ok(());
        }
        let wait = u64::try_from(self.settings.lock_timeout).map_or(LONGEST_WAIT, Duration::from_millis);
        let start = Instant::now();
        loop {
            match self.connection.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => break,
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                    if self.cancelled() {
                        return Err(Failure::Stopped);
                    }
                    if start.elapsed() >= wait {
                        return Err(SqlError::new(1222, "Lock request time out period exceeded.")
                            .with_state(51)
                            .into());
                    }
                }
                Err(error) => return Err(self.sqlite_failure(&error)),
            }
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.begun = true;
        }
        Ok(())
    }
}

fn doomed() -> SqlError {
    SqlError::new(
        3930,
        "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.",
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::sql::engine::{Database, Login};

    /// SQLite's own rollback, at a moment that an interrupt hits only by chance.
    #[test]
    fn a_transaction_that_sqlite_undid_can_only_be_rolled_back() {
        for (begun, doomed) in [(true, true), (false, false)] {
            let mut session = Database::open(None).unwrap().session(Login::default()).unwrap();
            session.connection.execute_batch("BEGIN").unwrap();
            session.transaction = Some(Transaction {
                descriptor: 1,
                count: 1,
                name: None,
                begun,
                doomed: false,
                savepoints: Vec::new(),
                marks: 0,
            });
            assert!(!session.has_lost_its_transaction());
            session.connection.execute_batch("ROLLBACK").unwrap();
            assert!(session.has_lost_its_transaction());
            let transaction = session.transaction.as_ref().unwrap();
            assert_eq!((transaction.begun, transaction.doomed), (false, doomed));
        }
    }
}
