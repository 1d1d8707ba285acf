//! What the session's user needs for what a statement touches: SELECT on the tables it reads, INSERT, UPDATE or DELETE on
//! the one it changes. `dbo` needs nothing, nor does a temporary table, nor the body of a procedure, which has one owner
//! with every table.

use std::sync::Arc;

use sqlparser::ast;

use super::Binder;
use crate::sql::engine::catalog::Table;
use crate::sql::engine::errors;
use crate::sql::engine::security::denied;
use crate::sql::engine::security::rights::Rights;
use crate::sql::engine::security::store;
use crate::sql::reply::SqlError;

impl Binder<'_> {
    /// The rights as they are while this statement is bound; functions that run with it see the same.
    pub(super) fn rights(&mut self) -> Result<Arc<Rights>, SqlError> {
        if let Some(rights) = &self.rights {
            return Ok(Arc::clone(rights));
        }
        let rights = store::load(self.connection, self.facts.user.clone(), &self.facts.login.database)
            .map_err(|error| errors::internal(&error))?;
        self.facts.rights.set(Arc::clone(&rights));
        self.rights = Some(Arc::clone(&rights));
        Ok(rights)
    }

    /// 229 unless the session's user has the permission on the table.
    fn require(&mut self, permission: &str, table: &Table) -> Result<(), SqlError> {
        if self.facts.user.is_dbo() || self.facts.chained || table.temporary {
            return Ok(());
        }
        let rights = self.rights()?;
        if rights.allows_named(rights.securable(table), permission) {
            return Ok(());
        }
        Err(denied::on_object(permission, &rights.database, table))
    }

    /// A FROM clause names a table.
    pub(super) fn reads_from(&mut self, table: &Table) -> Result<(), SqlError> {
        match &mut self.deferred {
            Some(tables) => {
                tables.push(table.clone());
                Ok(())
            }
            None => self.require("SELECT", table),
        }
    }

    /// Binds the FROM clause of an UPDATE or DELETE; [`Binder::changes`] says later which of its tables is the target.
    pub(super) fn tables_with_target(&mut self, tables: &[ast::TableWithJoins]) -> Result<String, SqlError> {
        let outer = self.deferred.replace(Vec::new());
        let sql = self.from(tables);
        let named = std::mem::replace(&mut self.deferred, outer).unwrap_or_default();
        self.targets.extend(named);
        sql
    }

    /// The statement changes `table`, and reads it too if it uses one of its columns or gives rows of it back.
    pub(super) fn changes(&mut self, permission: &str, table: &Table, output: bool) -> Result<(), SqlError> {
        if self.facts.tables.values().any(|variable| variable.read_only && variable.table.id == table.id) {
            return Err(SqlError::new(
                10700,
                format!("The table-valued parameter \"{}\" is READONLY and cannot be modified.", table.name),
            ));
        }
        self.require(permission, table)?;
        for other in std::mem::take(&mut self.targets) {
            if other.id != table.id {
                self.require("SELECT", &other)?;
            }
        }
        if output || self.read_tables.contains(&table.id) {
            self.require("SELECT", table)?;
        }
        Ok(())
    }
}
