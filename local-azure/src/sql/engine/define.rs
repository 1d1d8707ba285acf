//! Running CREATE, DROP, TRUNCATE.

use super::bind::{
    Binder, Facts, Scope, Source,
    from::{columns_of, find_table},
};
use super::catalog::{self, Key, KeyKind, Table, TableColumn, quote, same_name};
use super::errors;
use super::session::{Failure, Session, Variables};
use crate::sql::reply::SqlError;
use crate::sql::tsql::batch::parse_expression;
use crate::sql::tsql::statement::{
    ConstraintDefinition, ConstraintKind, ForeignAction, IndexDefinition, Name, StatementKind,
    TableDefinition, TableElement,
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
            StatementKind::AlterTableAdd { .. } => Err(unsupported("ALTER TABLE ... ADD").into()),
            _ => Err(unsupported("This statement").into()),
        })
    }

    fn sql(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), Failure> {
        self.connection
            .execute(sql, parameters)
            .map(|_| ())
            .map_err(|error| self.sqlite_failure(&error, None))
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
        let known =
            catalog::find(&self.connection, &schema, name).map_err(|error| errors::internal(&error))?;
        if known.is_some() {
            return Err(SqlError::new(
                2714,
                format!("There is already an object named '{name}' in the database."),
            )
            .with_state(6)
            .into());
        }
        let mut table = Table {
            id: self.database.next_object(),
            schema,
            name: name.clone(),
            temporary,
            columns: Vec::new(),
            keys: Vec::new(),
        };
        let mut constraints: Vec<(&ConstraintDefinition, Option<&str>)> = Vec::new();
        for element in &definition.elements {
            match element {
                TableElement::Column(column) => {
                    if table.column(&column.name).is_some() {
                        return Err(SqlError::new(2705, format!("Column names in each table must be unique. Column name '{}' in table '{name}' is specified more than once.", column.name)).with_state(3).into());
                    }
                    if column.identity.is_some()
                        && (!(column.sql_type.is_integer() && column.sql_type != SqlType::Bit)
                            || column.nullable == Some(true))
                    {
                        return Err(SqlError::new(2749, format!("Identity column '{}' must be of data type int, bigint, smallint or tinyint, and constrained to be nonnullable.", column.name)).with_state(2).into());
                    }
                    if column.identity.is_some() && table.identity().is_some() {
                        return Err(SqlError::new(2744, format!("Multiple identity columns specified for table '{name}'. Only one identity column per table is allowed.")).with_state(2).into());
                    }
                    if let Some((_, text)) = &column.default {
                        // Bound once here, so that a default that can't be computed is refused now.
                        let expression = parse_expression(text)?;
                        let variables = Variables::new();
                        Binder::new(&self.connection, &variables, facts).expression(&expression)?;
                    }
                    table.columns.push(TableColumn {
                        name: column.name.clone(),
                        sql_type: column.sql_type,
                        nullable: column.nullable.unwrap_or(column.identity.is_none()),
                        identity: column.identity,
                        default: column.default.as_ref().map(|(_, text)| text.clone()),
                    });
                    constraints.extend(
                        column.constraints.iter().map(|constraint| (constraint, Some(column.name.as_str()))),
                    );
                }
                TableElement::Constraint(constraint) => constraints.push((constraint, None)),
            }
        }
        let mut clauses = Vec::new();
        let mut uniques = Vec::new();
        for (number, (constraint, column)) in constraints.into_iter().enumerate() {
            self.add_constraint(&mut table, constraint, column, number, facts, &mut clauses, &mut uniques)?;
        }
        let columns = table.columns.iter().map(|column| {
            let collation = if column.sql_type.is_text() { " COLLATE tsql_ci_as" } else { "" };
            format!(
                "{} {}{collation}{}",
                quote(&column.name),
                storage_class(column.sql_type),
                if column.nullable { "" } else { " NOT NULL" }
            )
        });
        let keyed = table.keys.iter().any(|key| key.kind == KeyKind::PrimaryKey);
        let body: Vec<String> = columns.chain(clauses).collect();
        self.sql(
            &format!(
                "CREATE TABLE {} ({}) STRICT{}",
                table.sql(),
                body.join(", "),
                if keyed { ", WITHOUT ROWID" } else { "" }
            ),
            [],
        )?;
        for key in uniques {
            self.unique(&table, &key, &[])?;
        }
        catalog::insert(&self.connection, &table, self.depth).map_err(|error| errors::internal(&error).into())
    }

    #[expect(clippy::too_many_arguments, reason = "one step of create_table, which owns all of these")]
    fn add_constraint(
        &mut self,
        table: &mut Table,
        constraint: &ConstraintDefinition,
        column: Option<&str>,
        number: usize,
        facts: &Facts,
        clauses: &mut Vec<String>,
        uniques: &mut Vec<Key>,
    ) -> Result<(), Failure> {
        let proper = |table: &Table, names: &[String]| -> Result<Vec<String>, SqlError> {
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
        };
        let name = |prefix: &str| {
            constraint.name.clone().unwrap_or_else(|| {
                format!(
                    "{prefix}__{}__{:08X}",
                    table.name.chars().take(9).collect::<String>(),
                    table.id * 64 + i64::try_from(number).unwrap_or(0)
                )
            })
        };
        let (key, clause) = match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => {
                if table.keys.iter().any(|key| key.kind == KeyKind::PrimaryKey) {
                    return Err(SqlError::new(
                        8110,
                        format!("Cannot add multiple PRIMARY KEY constraints to table '{}'.", table.name),
                    )
                    .into());
                }
                let key =
                    Key { name: name("PK"), kind: KeyKind::PrimaryKey, columns: proper(table, columns)? };
                for column in &mut table.columns {
                    if key.columns.contains(&column.name) {
                        column.nullable = false;
                    }
                }
                let list: Vec<String> = key.columns.iter().map(|column| quote(column)).collect();
                (key, Some(format!("PRIMARY KEY ({})", list.join(", "))))
            }
            ConstraintKind::Unique(columns) => {
                let key = Key { name: name("UQ"), kind: KeyKind::Unique, columns: proper(table, columns)? };
                uniques.push(key.clone());
                (key, None)
            }
            ConstraintKind::Check(text) => {
                let expression = parse_expression(text)?;
                let variables = Variables::new();
                let mut binder = Binder::new(&self.connection, &variables, facts);
                binder.inline = true;
                let source = Source {
                    qualifier: vec![table.name.clone()],
                    columns: columns_of(table, ""),
                    table: None,
                    alias: String::new(),
                };
                binder.scopes.push(Scope { sources: vec![source], ..Scope::default() });
                let condition = binder.condition(&expression)?;
                let key = Key {
                    name: name("CK"),
                    kind: KeyKind::Check,
                    columns: column.map(str::to_owned).into_iter().collect(),
                };
                let clause = format!("CONSTRAINT {} CHECK ({condition})", quote(&key.name));
                (key, Some(clause))
            }
            ConstraintKind::ForeignKey { columns, parent, parent_columns, on_delete, on_update } => {
                if table.temporary {
                    return Err(unsupported("A foreign key of a temporary table").into());
                }
                let own = table.name.clone();
                let parent = if same_name(&parent.object, &own)
                    && parent.schema.as_deref().is_none_or(|schema| same_name(schema, &table.schema))
                {
                    table.clone()
                } else {
                    self::table(&self.connection, parent).map_err(|_| {
                        SqlError::new(
                            1767,
                            format!(
                                "Foreign key '{}' references invalid table '{}'.",
                                name("FK"),
                                errors::display(parent)
                            ),
                        )
                    })?
                };
                let parent_columns = if parent_columns.is_empty() {
                    parent
                        .keys
                        .iter()
                        .find(|key| key.kind == KeyKind::PrimaryKey)
                        .map(|key| key.columns.clone())
                        .unwrap_or_default()
                } else {
                    proper(&parent, parent_columns)?
                };
                let columns = proper(table, columns)?;
                let unique = parent.keys.iter().any(|key| {
                    matches!(key.kind, KeyKind::PrimaryKey | KeyKind::Unique | KeyKind::UniqueIndex)
                        && key.columns == parent_columns
                });
                if !unique || columns.len() != parent_columns.len() {
                    return Err(SqlError::new(1776, format!("There are no primary or candidate keys in the referenced table '{}' that match the referencing column list in the foreign key '{}'.", parent.shown(), name("FK"))).into());
                }
                let quoted = |columns: &[String]| {
                    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
                };
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
                    action(*on_delete),
                    action(*on_update)
                );
                (
                    Key {
                        name: name("FK"),
                        kind: KeyKind::Foreign {
                            parent: parent.stored_name(),
                            shown: parent.shown(),
                            columns: parent_columns,
                        },
                        columns,
                    },
                    Some(clause),
                )
            }
            ConstraintKind::Default { .. } => return Err(crate::sql::tsql::cursor::syntax_error(None).into()),
        };
        clauses.extend(clause);
        table.keys.push(key);
        Ok(())
    }

    /// A unique index; where a column may be NULL a second one lets NULL in only once, as SQL Server does.
    fn unique(&self, table: &Table, key: &Key, directions: &[(String, bool)]) -> Result<(), Failure> {
        let index = format!("{}.{}", table.stored_name(), key.name);
        let list: Vec<String> = key
            .columns
            .iter()
            .map(|column| {
                format!(
                    "{}{}",
                    quote(column),
                    if directions.iter().any(|(name, descending)| *descending && same_name(name, column)) {
                        " DESC"
                    } else {
                        ""
                    }
                )
            })
            .collect();
        let on = quote(&table.stored_name());
        let database = table.database();
        let create = |name: &str, list: &str, filter: &str| {
            format!("CREATE UNIQUE INDEX {database}.{} ON {on} ({list}){filter}", quote(name))
        };
        self.index_sql(&create(&index, &list.join(", "), ""), table, key)?;
        let nullable: Vec<String> = key
            .columns
            .iter()
            .filter(|column| table.column(column).is_some_and(|(_, column)| column.nullable))
            .map(|column| quote(column))
            .collect();
        if nullable.is_empty() {
            return Ok(());
        }
        let expressions: Vec<String> = key
            .columns
            .iter()
            .map(|column| quote(column))
            .flat_map(|column| [format!("({column} IS NULL)"), format!("ifnull({column}, 0)")])
            .collect();
        let filter: Vec<String> = nullable.iter().map(|column| format!("{column} IS NULL")).collect();
        self.index_sql(
            &create(
                &format!("{index}$null"),
                &expressions.join(", "),
                &format!(" WHERE {}", filter.join(" OR ")),
            ),
            table,
            key,
        )
    }

    fn index_sql(&self, sql: &str, table: &Table, key: &Key) -> Result<(), Failure> {
        self.connection.execute(sql, []).map(|_| ()).map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => SqlError::new(1505, format!("The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{}' and the index name '{}'.", table.shown(), key.name)).into(),
            _ => self.sqlite_failure(&error, None),
        })
    }

    fn create_index(&mut self, definition: &IndexDefinition) -> Result<(), Failure> {
        let mut table = table(&self.connection, &definition.table)?;
        if table.keys.iter().any(|key| same_name(&key.name, &definition.name)) {
            return Err(SqlError::new(1913, format!("The operation failed because an index or statistics with name '{}' already exists on table '{}'.", definition.name, table.shown())).into());
        }
        let columns = definition
            .columns
            .iter()
            .map(|(name, _)| {
                table.column(name).map(|(_, column)| column.name.clone()).ok_or_else(|| {
                    SqlError::new(
                        1911,
                        format!("Column name '{name}' does not exist in the target table or view."),
                    )
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let key = Key {
            name: definition.name.clone(),
            kind: if definition.unique { KeyKind::UniqueIndex } else { KeyKind::Index },
            columns,
        };
        if definition.unique {
            self.unique(&table, &key, &definition.columns)?;
        } else {
            let list: Vec<String> = key
                .columns
                .iter()
                .zip(&definition.columns)
                .map(|(column, (_, descending))| {
                    format!("{}{}", quote(column), if *descending { " DESC" } else { "" })
                })
                .collect();
            let name = format!("{}.{}", table.stored_name(), key.name);
            self.sql(
                &format!(
                    "CREATE INDEX {}.{} ON {} ({})",
                    table.database(),
                    quote(&name),
                    quote(&table.stored_name()),
                    list.join(", ")
                ),
                [],
            )?;
        }
        table.keys.push(key);
        catalog::update(&self.connection, &table).map_err(|error| errors::internal(&error).into())
    }

    fn drop_index(&mut self, index: &str, name: &Name, if_exists: bool) -> Result<(), Failure> {
        let mut table = table(&self.connection, name)?;
        let place = table.keys.iter().position(|key| {
            same_name(&key.name, index) && matches!(key.kind, KeyKind::Index | KeyKind::UniqueIndex)
        });
        let Some(place) = place else {
            if if_exists {
                return Ok(());
            }
            return Err(SqlError::new(3701, format!("Cannot drop the index '{}.{index}', because it does not exist or you do not have permission.", table.shown())).with_class(11).into());
        };
        let key = table.keys.remove(place);
        let stored = format!("{}.{}", table.stored_name(), key.name);
        for name in [stored.clone(), format!("{stored}$null")] {
            self.sql(&format!("DROP INDEX IF EXISTS {}.{}", table.database(), quote(&name)), [])?;
        }
        catalog::update(&self.connection, &table).map_err(|error| errors::internal(&error).into())
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

/// SQLite's storage class for values of a type (see `values::storage`).
fn storage_class(sql_type: SqlType) -> &'static str {
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
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => "TEXT",
        SqlType::Decimal { .. }
        | SqlType::DateTimeOffset { .. }
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::UniqueIdentifier => "BLOB",
    }
}
