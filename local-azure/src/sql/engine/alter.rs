//! ALTER TABLE: what can be added to a table and taken from it.

use super::bind::Facts;
use super::catalog::{self, Key, KeyKind, Table, quote, same_name};
use super::constraint::constraint_name;
use super::define::{column_sql, storage_class, table as find_table};
use super::errors;
use super::run::Frame;
use super::session::{Failure, Session};
use crate::sql::reply::SqlError;
use crate::sql::tsql::batch::parse_expression;
use crate::sql::tsql::statement::{
    ColumnDefinition, ConstraintDefinition, ConstraintKind, Name, TableElement,
};
use crate::sql::types::SqlType;
use crate::sql::values::errors::unsupported;
use crate::sql::values::storage::to_sqlite;

impl Session {
    /// ALTER TABLE ... ADD.
    pub(super) fn alter_table_add(
        &mut self,
        name: &Name,
        elements: &[TableElement],
        facts: &Facts,
    ) -> Result<(), Failure> {
        let mut table = alterable(self, name)?;
        for element in elements {
            match element {
                TableElement::Column(column) => self.add_column(&mut table, column, facts)?,
                TableElement::Constraint(constraint) => {
                    self.add_constraint(&mut table, constraint, facts)?;
                }
            }
        }
        catalog::update(&self.connection, &table).map_err(|error| errors::internal(&error).into())
    }

    /// A column: rows that are there get its default if it is NOT NULL, and NULL if not.
    fn add_column(
        &mut self,
        table: &mut Table,
        definition: &ColumnDefinition,
        facts: &Facts,
    ) -> Result<(), Failure> {
        if definition.identity.is_some() {
            return Err(unsupported("ALTER TABLE ... ADD of an IDENTITY column").into());
        }
        if let Some(other) =
            definition.constraints.iter().find(|other| !matches!(other.kind, ConstraintKind::Unique(_)))
        {
            return Err(unsupported(&format!("ALTER TABLE ... ADD of a column with {}", what(other))).into());
        }
        let column = self.make_column(table, definition, facts)?;
        let mut sql = format!("ALTER TABLE {} ADD COLUMN {}", table.sql(), column_sql(&column));
        if !column.nullable {
            let value = match &column.default {
                // Each row gets its own below.
                None if column.sql_type == SqlType::RowVersion => Some("x'0000000000000000'".to_owned()),
                Some(text) => {
                    let expression = parse_expression(text)?;
                    let value = self.evaluate(&expression, Some(column.sql_type), &Frame::default())?.0;
                    Some(literal(&to_sqlite(&value, column.sql_type))).filter(|text| text != "NULL")
                }
                None => None,
            };
            let empty: bool = self
                .connection
                .query_row(&format!("SELECT NOT EXISTS (SELECT 1 FROM {})", table.sql()), [], |row| {
                    row.get(0)
                })
                .map_err(|error| errors::internal(&error))?;
            let value = match value {
                Some(value) => value,
                // SQLite wants a value even where no row takes it.
                None if empty => nothing(storage_class(column.sql_type)).to_owned(),
                None => {
                    return Err(SqlError::new(4901, format!("ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column '{}' cannot be added to non-empty table '{}' because it does not satisfy these conditions.", column.name, table.name)).into());
                }
            };
            sql.push_str(" DEFAULT ");
            sql.push_str(&value);
        }
        self.sql(&sql, [])?;
        if column.sql_type == SqlType::RowVersion {
            let column = quote(&column.name);
            self.sql(&format!("UPDATE {} SET {column} = local_azure_row_version()", table.sql()), [])?;
            self.database.row_versions.keep(&self.connection).map_err(|error| errors::internal(&error))?;
        }
        table.columns.push(column);
        for constraint in &definition.constraints {
            self.add_constraint(table, constraint, facts)?;
        }
        Ok(())
    }

    /// UNIQUE and DEFAULT; the others stand in SQLite's CREATE TABLE, which can't be changed.
    fn add_constraint(
        &mut self,
        table: &mut Table,
        constraint: &ConstraintDefinition,
        facts: &Facts,
    ) -> Result<(), Failure> {
        match &constraint.kind {
            ConstraintKind::Unique(_) => {
                let made = self.make_constraint(table, constraint, None, facts)?;
                self.unique(table, &made.key, &[])?;
                table.keys.push(made.key);
                Ok(())
            }
            ConstraintKind::Default { column, expression } => {
                let name = constraint_name(table, constraint.name.as_deref(), "DF");
                let Some((place, _)) = table.column(column) else {
                    return Err(SqlError::new(
                        1752,
                        format!(
                            "Column '{column}' in table '{}' is invalid for creating a default constraint.",
                            table.name
                        ),
                    )
                    .with_state(0)
                    .into());
                };
                let Some(target) = table.columns.get_mut(place) else { return Ok(()) };
                if target.default.is_some() || target.identity.is_some() {
                    return Err(SqlError::new(1781, "Column already has a DEFAULT bound to it.").into());
                }
                self.check_default(expression, target.sql_type, facts)?;
                target.default = Some(expression.clone());
                let columns = vec![target.name.clone()];
                table.keys.push(Key { name, kind: KeyKind::Default, columns });
                Ok(())
            }
            _ => Err(unsupported(&format!("ALTER TABLE ... ADD {}", what(constraint))).into()),
        }
    }

    /// ALTER TABLE ... DROP CONSTRAINT.
    pub(super) fn drop_constraint(
        &mut self,
        name: &Name,
        constraint: &str,
        if_exists: bool,
    ) -> Result<(), Failure> {
        let mut table = alterable(self, name)?;
        let place = table.keys.iter().position(|key| {
            same_name(&key.name, constraint) && !matches!(key.kind, KeyKind::Index | KeyKind::UniqueIndex)
        });
        let Some(place) = place else {
            if if_exists {
                return Ok(());
            }
            return Err(SqlError::new(3728, format!("'{constraint}' is not a constraint.")).into());
        };
        let key = table.keys.remove(place);
        match key.kind {
            KeyKind::Unique => {
                if let Some((child, foreign)) = self.dependent(&table, &key)? {
                    return Err(SqlError::new(3725, format!("The constraint '{}' is being referenced by table '{child}', foreign key constraint '{foreign}'.", key.name)).with_state(0).into());
                }
                self.drop_index_of(&table, &key)?;
            }
            KeyKind::Default => {
                for column in table.columns.iter_mut().filter(|column| key.columns.contains(&column.name)) {
                    column.default = None;
                }
            }
            _ => {
                return Err(
                    unsupported("DROP CONSTRAINT of a PRIMARY KEY, FOREIGN KEY or CHECK constraint").into()
                );
            }
        }
        catalog::update(&self.connection, &table).map_err(|error| errors::internal(&error).into())
    }
}

fn alterable(session: &Session, name: &Name) -> Result<Table, SqlError> {
    find_table(&session.connection, name).map_err(|_| {
        SqlError::new(
            4902,
            format!(
                "Cannot find the object \"{}\" because it does not exist or you do not have permissions.",
                errors::display(name)
            ),
        )
    })
}

fn what(constraint: &ConstraintDefinition) -> &'static str {
    match constraint.kind {
        ConstraintKind::PrimaryKey(_) => "PRIMARY KEY",
        ConstraintKind::Unique(_) => "UNIQUE",
        ConstraintKind::Check(_) => "CHECK",
        ConstraintKind::ForeignKey { .. } => "FOREIGN KEY",
        ConstraintKind::Default { .. } => "DEFAULT",
    }
}

/// A stored value as a literal of SQLite's.
fn literal(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value as Stored;
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => format!("{number:?}"),
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}

/// A value of a storage class that no row takes.
fn nothing(class: &str) -> &'static str {
    match class {
        "INTEGER" => "0",
        "REAL" => "0.0",
        "TEXT" => "''",
        _ => "x''",
    }
}
