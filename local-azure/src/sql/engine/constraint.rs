//! Constraints of a new table, and those that ALTER TABLE adds or drops.

use super::bind::from::columns_of;
use super::bind::keys::is_incomparable;
use super::bind::{Binder, Facts, Scope, Source};
use super::catalog::{Key, KeyKind, Table, quote, same_name};
use super::define::table as find_table;
use super::errors;
use super::session::{Failure, Session, Variables};
use crate::sql::reply::SqlError;
use crate::sql::tsql::batch::parse_expression;
use crate::sql::tsql::statement::{ConstraintDefinition, ConstraintKind, ForeignAction, Name};
use crate::sql::types::SqlType;
use crate::sql::values::errors::unsupported;

/// A constraint as it is made: its description, and the clause of SQLite's CREATE TABLE if it is one.
pub(super) struct Made {
    pub(super) key: Key,
    pub(super) clause: Option<String>,
}

/// FOREIGN KEY's other half.
struct Reference<'a> {
    parent: &'a Name,
    columns: &'a [String],
    on_delete: ForeignAction,
    on_update: ForeignAction,
}

/// The columns' names as the table has them; 1911 for one that it hasn't.
pub(super) fn proper_names(table: &Table, names: &[String]) -> Result<Vec<String>, SqlError> {
    names
        .iter()
        .map(|name| {
            table.column(name).map(|(_, column)| column.name.clone()).ok_or_else(|| {
                SqlError::new(
                    1911,
                    format!("Column name '{name}' does not exist in the target table or view."),
                )
            })
        })
        .collect()
}

/// The columns of a key or index; 1919 for one of a type that has no order.
pub(super) fn key_columns(table: &Table, names: &[String]) -> Result<Vec<String>, SqlError> {
    let names = proper_names(table, names)?;
    for column in table.columns.iter().filter(|column| names.contains(&column.name)) {
        if is_incomparable(column.sql_type) {
            return Err(SqlError::new(
                1919,
                format!(
                    "Column '{}' in table '{}' is of a type that is invalid for use as a key column in an index.",
                    column.name, table.name
                ),
            ));
        }
        if column.sql_type == SqlType::SqlVariant {
            return Err(unsupported("A key or index of a sql_variant column"));
        }
    }
    Ok(names)
}

/// The constraint's name, or one of the kind that SQL Server makes up.
pub(super) fn constraint_name(table: &Table, written: Option<&str>, prefix: &str) -> String {
    written.map_or_else(
        || {
            let number = i64::try_from(table.keys.len()).unwrap_or(0);
            let id = table.id.wrapping_mul(64).wrapping_add(number);
            format!("{prefix}__{}__{id:08X}", table.name.chars().take(9).collect::<String>())
        },
        str::to_owned,
    )
}

fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
}

impl Session {
    /// Describes a constraint of `table`; `column` is the one at which it was written, if it was at one.
    pub(super) fn make_constraint(
        &self,
        table: &mut Table,
        constraint: &ConstraintDefinition,
        column: Option<&str>,
        facts: &Facts,
    ) -> Result<Made, Failure> {
        let name = |table: &Table, prefix: &str| constraint_name(table, constraint.name.as_deref(), prefix);
        let taken = |name: &str| table.keys.iter().any(|key| same_name(&key.name, name));
        if let Some(name) = constraint.name.as_deref().filter(|name| taken(name)) {
            return Err(SqlError::new(
                2714,
                format!("There is already an object named '{name}' in the database."),
            )
            .with_state(5)
            .into());
        }
        match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => {
                if table.keys.iter().any(|key| key.kind == KeyKind::PrimaryKey) {
                    return Err(SqlError::new(
                        1779,
                        format!("Table '{}' already has a primary key defined on it.", table.name),
                    )
                    .with_state(0)
                    .into());
                }
                let columns = key_columns(table, columns)?;
                for column in table.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                    column.nullable = false;
                }
                let clause = format!("PRIMARY KEY ({})", quoted(&columns));
                let key = Key { name: name(table, "PK"), kind: KeyKind::PrimaryKey, columns };
                Ok(Made { key, clause: Some(clause) })
            }
            ConstraintKind::Unique(columns) => {
                let columns = key_columns(table, columns)?;
                let key = Key { name: name(table, "UQ"), kind: KeyKind::Unique, columns };
                Ok(Made { key, clause: None })
            }
            ConstraintKind::Check(text) => {
                let condition = self.check_condition(table, text, facts)?;
                let key = Key {
                    name: name(table, "CK"),
                    kind: KeyKind::Check,
                    columns: column.map(str::to_owned).into_iter().collect(),
                };
                let clause = format!("CONSTRAINT {} CHECK ({condition})", quote(&key.name));
                Ok(Made { key, clause: Some(clause) })
            }
            ConstraintKind::ForeignKey { columns, parent, parent_columns, on_delete, on_update } => {
                let reference = Reference {
                    parent,
                    columns: parent_columns,
                    on_delete: *on_delete,
                    on_update: *on_update,
                };
                self.foreign_key(table, name(table, "FK"), columns, &reference)
            }
            // `CONSTRAINT name DEFAULT ... FOR` belongs to ALTER TABLE alone.
            ConstraintKind::Default { .. } => Err(crate::sql::tsql::cursor::syntax_error(None).into()),
        }
    }

    fn check_condition(&self, table: &Table, text: &str, facts: &Facts) -> Result<String, SqlError> {
        let expression = parse_expression(text)?;
        let variables = Variables::new();
        let mut binder = Binder::new(&self.connection, &variables, facts);
        binder.inline = true;
        let source = Source {
            qualifier: vec![table.name.clone()],
            written: table.name.clone(),
            columns: columns_of(table, ""),
            table: None,
            alias: String::new(),
        };
        binder.scopes.push(Scope { sources: vec![source], ..Scope::default() });
        binder.condition(&expression)
    }

    fn foreign_key(
        &self,
        table: &Table,
        name: String,
        columns: &[String],
        reference: &Reference<'_>,
    ) -> Result<Made, Failure> {
        if table.temporary {
            return Err(unsupported("A foreign key of a temporary table").into());
        }
        let written = reference.parent;
        let own = same_name(&written.object, &table.name)
            && same_name(written.schema.as_deref().unwrap_or("dbo"), &table.schema);
        let parent = if own {
            table.clone()
        } else {
            find_table(&self.connection, written).map_err(|_| {
                SqlError::new(
                    1767,
                    format!("Foreign key '{name}' references invalid table '{}'.", errors::display(written)),
                )
            })?
        };
        let parent_columns = if reference.columns.is_empty() {
            let primary = parent.keys.iter().find(|key| key.kind == KeyKind::PrimaryKey);
            primary.map(|key| key.columns.clone()).unwrap_or_default()
        } else {
            proper_names(&parent, reference.columns)?
        };
        let columns = key_columns(table, columns)?;
        let unique = parent.keys.iter().any(|key| {
            matches!(key.kind, KeyKind::PrimaryKey | KeyKind::Unique | KeyKind::UniqueIndex)
                && key.columns == parent_columns
        });
        if !unique || columns.len() != parent_columns.len() {
            return Err(SqlError::new(1776, format!("There are no primary or candidate keys in the referenced table '{}' that match the referencing column list in the foreign key '{name}'.", parent.shown())).with_state(0).into());
        }
        let action = |action: ForeignAction| match action {
            ForeignAction::NoAction => "NO ACTION",
            ForeignAction::Cascade => "CASCADE",
            ForeignAction::SetNull => "SET NULL",
        };
        let clause = format!(
            "FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
            quoted(&columns),
            quote(&parent.stored_name()),
            quoted(&parent_columns),
            action(reference.on_delete),
            action(reference.on_update)
        );
        let kind =
            KeyKind::Foreign { parent: parent.stored_name(), shown: parent.shown(), columns: parent_columns };
        Ok(Made { key: Key { name, kind, columns }, clause: Some(clause) })
    }
}
