//! What a user needs to change the catalogue: CREATE TABLE, ALTER on a table or its schema, REFERENCES.

use super::denied;
use super::rights::Rights;
use crate::sql::engine::bind::from::find_table;
use crate::sql::engine::catalog::Table;
use crate::sql::engine::errors;
use crate::sql::engine::security::rights::Securable;
use crate::sql::engine::session::Session;
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::{ConstraintDefinition, ConstraintKind, Name, StatementKind, TableElement};

impl Session {
    /// Whether the session's user may run a statement that changes the catalogue. What doesn't exist is left to the
    /// statement itself.
    pub(in crate::sql::engine) fn may_define(&self, statement: &StatementKind) -> Result<(), SqlError> {
        if self.user.is_dbo() {
            return Ok(());
        }
        let rights = self.load_rights()?;
        match statement {
            StatementKind::CreateTable(definition) => {
                if definition.name.object.starts_with('#') {
                    return Ok(());
                }
                if !rights.allows_named(Securable::Database, "CREATE TABLE") {
                    return Err(denied::in_database("CREATE TABLE", &rights.database));
                }
                let written = definition.name.schema.as_deref().unwrap_or("dbo");
                let schema = rights.schema(written).map(Securable::Schema);
                if schema.is_some_and(|schema| !rights.allows_named(schema, "ALTER")) {
                    return Err(denied::schema(written));
                }
                self.may_refer(&rights, &definition.elements)
            }
            StatementKind::DefineProcedure(definition) => self.may_define_procedure(&rights, definition),
            StatementKind::DropProcedure { names, .. } => self.may_drop_procedures(&rights, names),
            StatementKind::DropTable { names, .. } => {
                for name in names {
                    let Some(table) = self.found(name)? else { continue };
                    let schema = rights.schema(&table.schema).map(Securable::Schema);
                    let allowed = rights.allows_named(rights.securable(&table), "CONTROL")
                        || schema.is_some_and(|schema| rights.allows_named(schema, "ALTER"));
                    if !allowed {
                        return Err(denied::drop("table", &errors::display(name)));
                    }
                }
                Ok(())
            }
            StatementKind::CreateTableType { name, .. } => {
                if !rights.allows_named(Securable::Database, "CREATE TYPE") {
                    return Err(denied::in_database("CREATE TYPE", &rights.database));
                }
                let written = name.schema.as_deref().unwrap_or("dbo");
                let schema = rights.schema(written).map(Securable::Schema);
                if schema.is_some_and(|schema| !rights.allows_named(schema, "ALTER")) {
                    return Err(denied::schema(written));
                }
                Ok(())
            }
            StatementKind::DropType { name, .. } => {
                let written = name.schema.as_deref().unwrap_or("dbo");
                let schema = rights.schema(written).map(Securable::Schema);
                let allowed = rights
                    .type_named(written, &name.object)
                    .is_none_or(|found| rights.allows_named(found, "CONTROL"))
                    || schema.is_some_and(|schema| rights.allows_named(schema, "ALTER"));
                if allowed { Ok(()) } else { Err(denied::drop("type", &errors::display(name))) }
            }
            StatementKind::AlterTableAdd { table, elements } => {
                self.may_alter_table(&rights, table)?;
                self.may_refer(&rights, elements)
            }
            StatementKind::DropConstraint { table, .. } => self.may_alter_table(&rights, table),
            StatementKind::Truncate(table) => self.may_alter_table(&rights, table),
            StatementKind::CreateIndex(index) => self.may_alter_table(&rights, &index.table),
            StatementKind::DropIndex { index, table, .. } => self
                .may_alter_table(&rights, table)
                .map_err(|_| denied::drop("index", &format!("{}.{index}", errors::display(table)))),
            StatementKind::CreateSchema(_) => {
                if rights.allows_named(Securable::Database, "CREATE SCHEMA") {
                    Ok(())
                } else {
                    Err(denied::in_database("CREATE SCHEMA", &rights.database))
                }
            }
            _ => Ok(()),
        }
    }

    /// 1088 unless the session's user may alter the table of that name.
    pub(in crate::sql::engine) fn may_alter(&self, name: &Name) -> Result<(), SqlError> {
        if self.user.is_dbo() {
            return Ok(());
        }
        self.may_alter_table(&*self.load_rights()?, name)
    }

    fn may_alter_table(&self, rights: &Rights, name: &Name) -> Result<(), SqlError> {
        match self.found(name)? {
            Some(table) if !rights.allows_named(rights.securable(&table), "ALTER") => {
                Err(denied::cannot_find_table(&errors::display(name)))
            }
            _ => Ok(()),
        }
    }

    /// A foreign key needs REFERENCES on the table that it points to.
    fn may_refer(&self, rights: &Rights, elements: &[TableElement]) -> Result<(), SqlError> {
        let constraints = elements.iter().flat_map(|element| match element {
            TableElement::Column(column) => column.constraints.as_slice(),
            TableElement::Constraint(constraint) => std::slice::from_ref(constraint),
        });
        for ConstraintDefinition { name: _, kind } in constraints {
            if let ConstraintKind::ForeignKey { parent, .. } = kind
                && let Some(table) = self.found(parent)?
                && !rights.allows_named(rights.securable(&table), "REFERENCES")
            {
                return Err(denied::on_object("REFERENCES", &rights.database, &table));
            }
        }
        Ok(())
    }

    /// The table of that name, if it is there and not a temporary one.
    fn found(&self, name: &Name) -> Result<Option<Table>, SqlError> {
        let parts: Vec<String> = name.schema.iter().chain([&name.object]).cloned().collect();
        match find_table(&self.connection, &parts) {
            Ok(table) => Ok(Some(table).filter(|table| !table.temporary)),
            Err(error) if error.number == 208 => Ok(None),
            Err(error) => Err(error),
        }
    }
}
