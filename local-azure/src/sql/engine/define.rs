//! Running CREATE, DROP, TRUNCATE.

use super::bind::{Binder, Facts, from::find_table};
use super::catalog::{self, Key, KeyKind, Table, TableColumn, quote, same_name};
use super::constraint::constraint_name;
use super::errors;
use super::session::{Failure, Session, Variables};
use crate::sql::reply::SqlError;
use crate::sql::tsql::batch::parse_expression;
use crate::sql::tsql::statement::{
    ColumnDefinition, ConstraintDefinition, Name, StatementKind, TableDefinition, TableElement,
};
use crate::sql::types::SqlType;
use crate::sql::values::errors::unsupported;

/// The table of that name, 208 if there is none.
pub(super) fn table(connection: &rusqlite::Connection, name: &Name) -> Result<Table, SqlError> {
    let parts: Vec<String> = name.schema.iter().chain([&name.object]).cloned().collect();
    find_table(connection, &parts)
}

impl Session {
    /// Runs a statement that changes the catalogue.
    pub(super) fn define(&mut self, statement: &StatementKind, facts: &Facts) -> Result<(), Failure> {
        self.may_define(statement)?;
        self.atomically(|session| match statement {
            StatementKind::CreateTable(definition) => session.create_table(definition, facts),
            StatementKind::DropTable { names, if_exists } => {
                names.iter().try_for_each(|name| session.drop_table(name, *if_exists))
            }
            StatementKind::Truncate(name) => session.truncate(name),
            StatementKind::CreateIndex(index) => session.create_index(index),
            StatementKind::DropIndex { index, table, if_exists } => {
                session.drop_index(index, table, *if_exists)
            }
            StatementKind::CreateSchema(name) => {
                let known =
                    catalog::schema(&session.connection, name).map_err(|error| errors::internal(&error))?;
                if known.is_some() || same_name(name, "sys") || same_name(name, "INFORMATION_SCHEMA") {
                    return Err(SqlError::new(
                        2714,
                        format!("There is already an object named '{name}' in the database."),
                    )
                    .with_state(6)
                    .into());
                }
                session.sql("INSERT INTO main.local_azure_schemas VALUES (?1)", [name])
            }
            StatementKind::CreateTableType { name, body } => session.create_table_type(name, body, facts),
            StatementKind::DropType { name, if_exists } => session.drop_type(name, *if_exists),
            StatementKind::AlterTableAdd { table, elements } => {
                session.alter_table_add(table, elements, facts)
            }
            StatementKind::DropConstraint { table, constraint, if_exists } => {
                session.drop_constraint(table, constraint, *if_exists)
            }
            StatementKind::DefineProcedure(definition) => session.define_procedure(definition),
            StatementKind::DropProcedure { names, if_exists } => session.drop_procedures(names, *if_exists),
            _ => Err(unsupported("This statement").into()),
        })
    }

    pub(super) fn sql(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), Failure> {
        self.connection.execute(sql, parameters).map(|_| ()).map_err(|error| self.sqlite_failure(&error))
    }

    fn create_table(&mut self, definition: &TableDefinition, facts: &Facts) -> Result<(), Failure> {
        let name = &definition.name.object;
        let temporary = name.starts_with('#');
        if name.starts_with("##") {
            return Err(unsupported("A global temporary table").into());
        }
        let written = definition.name.schema.as_deref().unwrap_or("dbo");
        let schema = catalog::schema(&self.connection, written)
            .map_err(|error| errors::internal(&error))?
            .ok_or_else(|| SqlError::new(2760, format!("The specified schema name \"{written}\" either does not exist or you do not have permission to use it.")))?;
        // A temporary table hides one of the same name that a caller has.
        let known = if temporary {
            catalog::temporary_from(&self.connection, self.depth)
                .map(|tables| tables.iter().any(|table| same_name(&table.name, name)))
        } else {
            catalog::find(&self.connection, &schema, name).map(|table| table.is_some())
        };
        if known.map_err(|error| errors::internal(&error))?
            || (!temporary && self.procedure(&definition.name)?.is_some())
        {
            return Err(SqlError::new(
                2714,
                format!("There is already an object named '{name}' in the database."),
            )
            .with_state(6)
            .into());
        }
        let table = Table {
            id: self.database.next_object(),
            schema,
            name: name.clone(),
            temporary,
            columns: Vec::new(),
            keys: Vec::new(),
        };
        let (table, create) = self.describe_table(table, &definition.elements, facts)?;
        self.create_described(&table, &create)?;
        catalog::insert(&self.connection, &table, self.depth).map_err(|error| errors::internal(&error).into())
    }

    /// Gives a new table its columns and constraints, and the statement that makes it.
    pub(super) fn describe_table(
        &self,
        mut table: Table,
        elements: &[TableElement],
        facts: &Facts,
    ) -> Result<(Table, String), Failure> {
        let mut constraints: Vec<(&ConstraintDefinition, Option<&str>)> = Vec::new();
        for element in elements {
            match element {
                TableElement::Column(column) => {
                    let made = self.make_column(&mut table, column, facts)?;
                    table.columns.push(made);
                    constraints.extend(
                        column.constraints.iter().map(|constraint| (constraint, Some(column.name.as_str()))),
                    );
                }
                TableElement::Constraint(constraint) => constraints.push((constraint, None)),
            }
        }
        let mut clauses = Vec::new();
        for (constraint, column) in constraints {
            let made = self.make_constraint(&mut table, constraint, column, facts)?;
            clauses.extend(made.clause);
            table.keys.push(made.key);
        }
        let columns = table.columns.iter().map(column_sql);
        let keyed = table.keys.iter().any(|key| key.kind == KeyKind::PrimaryKey);
        let body: Vec<String> = columns.chain(clauses).collect();
        let create = format!(
            "CREATE TABLE {} ({}) STRICT{}",
            table.sql(),
            body.join(", "),
            if keyed { ", WITHOUT ROWID" } else { "" }
        );
        Ok((table, create))
    }

    /// Makes a table that [`Session::describe_table`] described, with what stands behind its UNIQUE constraints.
    pub(super) fn create_described(&self, table: &Table, create: &str) -> Result<(), Failure> {
        self.sql(create, [])?;
        let mut unique = table.keys.iter().filter(|key| key.kind == KeyKind::Unique);
        unique.try_for_each(|key| self.unique(table, key, &[]))
    }

    /// Describes a column of `table`, and its DEFAULT constraint among the table's keys.
    pub(super) fn make_column(
        &self,
        table: &mut Table,
        column: &ColumnDefinition,
        facts: &Facts,
    ) -> Result<TableColumn, Failure> {
        let name = &table.name;
        if table.column(&column.name).is_some() {
            return Err(SqlError::new(2705, format!("Column names in each table must be unique. Column name '{}' in table '{name}' is specified more than once.", column.name)).with_state(3).into());
        }
        if column.identity.is_some() {
            let integer = column.sql_type.is_integer() && column.sql_type != SqlType::Bit;
            if !integer || column.nullable == Some(true) {
                return Err(SqlError::new(2749, format!("Identity column '{}' must be of data type int, bigint, smallint or tinyint, and constrained to be nonnullable.", column.name)).with_state(2).into());
            }
            if table.identity().is_some() {
                return Err(SqlError::new(2744, format!("Multiple identity columns specified for table '{name}'. Only one identity column per table is allowed.")).with_state(2).into());
            }
            if column.default.is_some() {
                return Err(SqlError::new(1754, format!("Defaults cannot be created on columns with an IDENTITY attribute. Table '{name}', column '{}'.", column.name)).with_state(0).into());
            }
        }
        if column.sql_type == SqlType::RowVersion {
            if table.row_version().is_some() {
                return Err(SqlError::new(2738, format!("A table can only have one timestamp column. Because table '{name}' already has one, the column '{}' cannot be added.", column.name)).with_state(2).into());
            }
            if column.default.is_some() {
                return Err(SqlError::new(1755, format!("Defaults cannot be created on columns of data type timestamp. Table '{name}', column '{}'.", column.name)).with_state(0).into());
            }
        }
        if let Some((written, text)) = &column.default {
            self.check_default(text, column.sql_type, facts)?;
            let key = Key {
                name: constraint_name(table, written.as_deref(), "DF"),
                kind: KeyKind::Default,
                columns: vec![column.name.clone()],
            };
            table.keys.push(key);
        }
        Ok(TableColumn {
            name: column.name.clone(),
            sql_type: column.sql_type,
            nullable: column
                .nullable
                .unwrap_or(column.identity.is_none() && column.sql_type != SqlType::RowVersion),
            identity: column.identity,
            default: column.default.as_ref().map(|(_, text)| text.clone()),
        })
    }

    /// Binds a default once, so that one that can't be computed is refused where it is defined.
    pub(super) fn check_default(&self, text: &str, sql_type: SqlType, facts: &Facts) -> Result<(), Failure> {
        let expression = parse_expression(text)?;
        let variables = Variables::new();
        let mut binder = Binder::new(&self.connection, &variables, facts);
        let bound = binder.expression(&expression)?;
        binder.coerce(bound, sql_type)?;
        Ok(())
    }

    /// The foreign key of another table that refers to this one.
    fn referrer(&self, table: &Table) -> Result<Option<String>, SqlError> {
        let tables = catalog::all(&self.connection, "main").map_err(|error| errors::internal(&error))?;
        let stored = table.stored_name();
        Ok(tables
            .iter()
            .filter(|other| other.id != table.id)
            .flat_map(|other| &other.keys)
            .find(|key| matches!(&key.kind, KeyKind::Foreign { parent, .. } if *parent == stored))
            .map(|key| key.name.clone()))
    }

    fn drop_table(&mut self, name: &Name, if_exists: bool) -> Result<(), Failure> {
        let table = match table(&self.connection, name) {
            Ok(table) => table,
            Err(_) if if_exists => return Ok(()),
            Err(_) => return Err(SqlError::new(
                3701,
                format!(
                    "Cannot drop the table '{}', because it does not exist or you do not have permission.",
                    errors::display(name)
                ),
            )
            .with_class(11)
            .with_state(5)
            .into()),
        };
        if self.referrer(&table)?.is_some() {
            return Err(SqlError::new(
                3726,
                format!(
                    "Could not drop object '{}' because it is referenced by a FOREIGN KEY constraint.",
                    errors::display(name)
                ),
            )
            .into());
        }
        self.sql(&format!("DROP TABLE {}", table.sql()), [])?;
        catalog::remove(&self.connection, &table).map_err(|error| errors::internal(&error).into())
    }

    fn truncate(&mut self, name: &Name) -> Result<(), Failure> {
        let table = table(&self.connection, name)?;
        if self.referrer(&table)?.is_some() {
            return Err(SqlError::new(
                4712,
                format!(
                    "Cannot truncate table '{}' because it is being referenced by a FOREIGN KEY constraint.",
                    errors::display(name)
                ),
            )
            .into());
        }
        self.sql(&format!("DELETE FROM {}", table.sql()), [])?;
        self.sql(
            &format!("DELETE FROM {}.local_azure_identities WHERE object_id = ?1", table.database()),
            [table.id],
        )?;
        self.database.counters.forget(table.id);
        Ok(())
    }
}

/// A column as SQLite's CREATE TABLE and ALTER TABLE have it.
pub(super) fn column_sql(column: &TableColumn) -> String {
    format!(
        "{} {}{}{}",
        quote(&column.name),
        storage_class(column.sql_type),
        if column.sql_type.is_text() { " COLLATE tsql_ci_as" } else { "" },
        if column.nullable { "" } else { " NOT NULL" }
    )
}

/// SQLite's storage class for values of a type (see `values::storage`).
pub(super) fn storage_class(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt
        | SqlType::Money
        | SqlType::SmallMoney
        | SqlType::Date
        | SqlType::Time { .. }
        | SqlType::DateTime
        | SqlType::SmallDateTime
        | SqlType::DateTime2 { .. } => "INTEGER",
        SqlType::Real | SqlType::Float => "REAL",
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Text
        | SqlType::NText
        | SqlType::Xml
        | SqlType::Json => "TEXT",
        SqlType::Decimal { .. }
        | SqlType::DateTimeOffset { .. }
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::UniqueIdentifier
        | SqlType::Image
        | SqlType::RowVersion
        | SqlType::SqlVariant
        | SqlType::HierarchyId
        | SqlType::Geometry
        | SqlType::Geography => "BLOB",
    }
}
