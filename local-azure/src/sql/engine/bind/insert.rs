//! INSERT.

use sqlparser::ast::{self, Expr, SetExpr};

use super::{Binder, Typed, modify::BoundModification, not_tsql, parts, table_parts};
use crate::sql::engine::catalog::quote;
use crate::sql::engine::errors;
use crate::sql::reply::{SqlError, StatementKind};

impl Binder<'_> {
    pub(super) fn insert(
        &mut self,
        insert: &ast::Insert,
        identity_insert: Option<i64>,
    ) -> Result<BoundModification, SqlError> {
        let ast::Insert {
            insert_token: _,
            optimizer_hints: _,
            or,
            ignore,
            into: _,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        if on.is_some() {
            return Err(not_tsql("ON"));
        }
        if returning.is_some() {
            return Err(not_tsql("RETURNING"));
        }
        if or.is_some()
            || *ignore
            || table_alias.is_some()
            || *overwrite
            || !assignments.is_empty()
            || partitioned.is_some()
            || !after_columns.is_empty()
            || *has_table_keyword
            || *replace_into
            || priority.is_some()
            || insert_alias.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || multi_table_insert_type.is_some()
            || !multi_table_into_clauses.is_empty()
            || !multi_table_when_clauses.is_empty()
            || multi_table_else_clause.is_some()
        {
            return Err(not_tsql("INSERT"));
        }
        let ast::TableObject::TableName(name) = table else { return Err(not_tsql("INSERT")) };
        let table = self.find_table(&table_parts(name)?)?;
        let explicit = identity_insert == Some(table.id);
        let identity = table.identity().map(|(index, _, _)| index);
        let mut targets = Vec::new();
        for column in columns {
            let [name] = parts(column)?.try_into().map_err(|_| not_tsql("."))?;
            let (index, _) = table.column(&name).ok_or_else(|| errors::invalid_column(&name))?;
            if targets.contains(&index) {
                return Err(SqlError::new(
                    264,
                    format!(
                        "The column name '{name}' is specified more than once in the SET clause or column list of an INSERT."
                    ),
                ));
            }
            if Some(index) == identity && !explicit {
                return Err(SqlError::new(
                    544,
                    format!(
                        "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                        table.name
                    ),
                ));
            }
            targets.push(index);
        }
        if columns.is_empty() {
            if explicit {
                return Err(SqlError::new(
                    8101,
                    format!(
                        "An explicit value for the identity column in table '{}' can only be specified when a column list is used and IDENTITY_INSERT is ON.",
                        table.shown()
                    ),
                ));
            }
            targets = (0..table.columns.len()).filter(|index| Some(*index) != identity).collect();
        }
        let others: Vec<usize> = (0..table.columns.len()).filter(|index| !targets.contains(index)).collect();
        let mut rest = Vec::new();
        for column in &others {
            rest.push(if Some(*column) == identity {
                if explicit {
                    return Err(SqlError::new(545, format!("Explicit value must be specified for identity column in table '{}' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column.", table.name)));
                }
                format!("local_azure_identity({})", table.id)
            } else {
                self.default(&table, *column)?
            });
        }
        let keep = |sql: String, column: usize| {
            if Some(column) == identity {
                format!("local_azure_identity_set({}, {sql})", table.id)
            } else {
                sql
            }
        };
        let names: Vec<String> = targets
            .iter()
            .chain(&others)
            .filter_map(|index| table.columns.get(*index))
            .map(|column| quote(&column.name))
            .collect();
        let source_sql = match source.as_deref() {
            None => format!("VALUES ({})", rest.join(", ")),
            Some(ast::Query {
                with: None,
                body,
                order_by: None,
                limit_clause: None,
                fetch: None,
                locks,
                for_clause: None,
                settings: None,
                format_clause: None,
                pipe_operators,
            }) if matches!(&**body, SetExpr::Values(_)) => {
                if !locks.is_empty() || !pipe_operators.is_empty() {
                    return Err(not_tsql("VALUES"));
                }
                let SetExpr::Values(ast::Values { explicit_row, value_keyword, rows }) = &**body else {
                    return Err(not_tsql("VALUES"));
                };
                if *explicit_row || *value_keyword {
                    return Err(not_tsql("VALUES"));
                }
                let mut tuples = Vec::new();
                for row in rows {
                    let row = &row.content;
                    count_columns(targets.len(), row.len(), "VALUES")?;
                    let mut cells = Vec::new();
                    for (value, column) in row.iter().zip(&targets) {
                        let cell = match value {
                            Expr::Identifier(name)
                                if name.quote_style.is_none()
                                    && name.value.eq_ignore_ascii_case("DEFAULT") =>
                            {
                                self.default(&table, *column)?
                            }
                            value => {
                                let value = self.expression(value)?;
                                self.assigned(value, &table, *column)?
                            }
                        };
                        cells.push(keep(cell, *column));
                    }
                    cells.extend(rest.iter().cloned());
                    tuples.push(format!("({})", cells.join(", ")));
                }
                format!("VALUES {}", tuples.join(", "))
            }
            Some(query) => {
                let query = self.query(query)?;
                if query.json.is_some() {
                    return Err(SqlError::new(
                        13602,
                        "The FOR JSON clause is not allowed in a INSERT statement.",
                    ));
                }
                count_columns(targets.len(), query.columns.len(), "SELECT")?;
                let mut cells = Vec::new();
                for ((index, column), target) in query.columns.iter().enumerate().zip(&targets) {
                    let value =
                        Typed { null: column.null, ..Typed::new(format!("c{index}"), column.sql_type) };
                    let cell = self.assigned(value, &table, *target)?;
                    cells.push(keep(cell, *target));
                }
                cells.extend(rest);
                format!("SELECT {} FROM ({}) WHERE 1", cells.join(", "), query.sql)
            }
        };
        let (returning, output) = self.output(output.as_ref(), &table, "inserted", "")?;
        self.changes("INSERT", &table, !output.is_empty())?;
        let sql = if names.is_empty() {
            format!("INSERT INTO {} DEFAULT VALUES{returning}", table.sql())
        } else {
            format!("INSERT INTO {} ({}) {source_sql}{returning}", table.sql(), names.join(", "))
        };
        Ok(BoundModification { sql, kind: StatementKind::Insert, table, output })
    }
}

fn count_columns(columns: usize, values: usize, clause: &str) -> Result<(), SqlError> {
    match (columns > values, columns < values, clause) {
        (true, _, "VALUES") => Err(SqlError::new(109, "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.").with_class(15)),
        (_, true, "VALUES") => Err(SqlError::new(110, "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.").with_class(15)),
        (true, ..) => Err(SqlError::new(120, "The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.").with_class(15)),
        (_, true, _) => Err(SqlError::new(121, "The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.").with_class(15)),
        _ => Ok(()),
    }
}
