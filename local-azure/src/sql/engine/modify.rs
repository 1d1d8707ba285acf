//! Running INSERT, UPDATE and DELETE, whole or not at all.

use sqlparser::ast;

use super::bind::{Binder, Facts};
use super::errors;
use super::identity::lock;
use super::session::{Failure, Session, Variables};
use crate::sql::reply::{ReplySink, StatementKind};
use crate::sql::types::Column;

impl Session {
    /// Runs the statement whole or not at all; the rows of OUTPUT go to `reply`, and so does its end.
    pub(super) fn modify(
        &mut self,
        statement: &ast::Statement,
        top: Option<&ast::Expr>,
        variables: &Variables,
        facts: &Facts,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        let (kind, count) = self.atomically(|session| {
            let mut binder = Binder::new(&session.connection, variables, facts);
            let bound = binder.modification(statement, top, session.settings.identity_insert)?;
            let parameters = std::mem::take(&mut binder.parameters);
            drop(binder);
            session
                .database
                .counters
                .prepare(&session.connection, &bound.table)
                .map_err(|error| errors::internal(&error))?;
            session.set_clock();
            lock(&session.shared).last_identity = None;
            let mut count = 0_i64;
            let result = if bound.output.is_empty() {
                let done = session
                    .connection
                    .prepare_cached(&bound.sql)
                    .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(&parameters)));
                match done {
                    Ok(changed) => {
                        count = i64::try_from(changed).unwrap_or(i64::MAX);
                        Ok(())
                    }
                    Err(error) => Err(session.modification_failure(&error, &bound, &parameters)),
                }
            } else {
                session.send_output(&bound, &parameters, &mut count, reply)
            };
            result?;
            if bound.kind == StatementKind::Insert {
                let last = lock(&session.shared).last_identity.take();
                // A table without an identity column sets @@IDENTITY to NULL, and leaves SCOPE_IDENTITY().
                session.identity = last;
                session.scope_identity = last.or(session.scope_identity);
            }
            if bound.kind == StatementKind::Insert
                && bound.table.identity().is_some()
                && let Some(last) = session.database.counters.last(bound.table.id)
            {
                let sql = format!(
                    "INSERT OR REPLACE INTO {}.local_azure_identities VALUES (?1, ?2)",
                    bound.table.database()
                );
                session
                    .connection
                    .prepare_cached(&sql)
                    .and_then(|mut statement| statement.execute([bound.table.id, last]))
                    .map_err(|error| errors::internal(&error))?;
            }
            if bound.kind != StatementKind::Delete
                && bound.table.row_version().is_some()
                && !bound.table.temporary
            {
                session
                    .database
                    .row_versions
                    .keep(&session.connection)
                    .map_err(|error| errors::internal(&error))?;
            }
            Ok((bound.kind, count))
        })?;
        self.row_count = count;
        self.last_error = 0;
        let count = u64::try_from(count).ok().filter(|_| !self.settings.no_count);
        reply.done(kind, count);
        Ok(())
    }

    fn send_output(
        &mut self,
        bound: &super::bind::modify::BoundModification,
        parameters: &[rusqlite::types::Value],
        count: &mut i64,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        let columns: Vec<Column> = bound.output.iter().map(Column::from).collect();
        let run = |session: &Self, count: &mut i64| -> Result<Result<(), Failure>, rusqlite::Error> {
            let mut statement = session.connection.prepare_cached(&bound.sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
            if reply.columns(&columns).is_err() {
                return Ok(Err(Failure::Stopped));
            }
            while let Some(row) = rows.next()? {
                let mut values = Vec::with_capacity(columns.len());
                for (index, column) in columns.iter().enumerate() {
                    match crate::sql::values::storage::from_sqlite(row.get_ref(index)?, column.sql_type) {
                        Ok(value) => values.push(value),
                        Err(error) => return Ok(Err(error.into())),
                    }
                }
                if reply.row(&values).is_err() || session.cancelled() {
                    return Ok(Err(Failure::Stopped));
                }
                *count += 1;
            }
            Ok(Ok(()))
        };
        let mut run = run;
        match run(self, count) {
            Ok(result) => result,
            Err(error) => Err(self.modification_failure(&error, bound, parameters)),
        }
    }
}
