//! FOR JSON: what the text looks like, and the text of a subquery.

use sqlparser::ast;

use super::select::{BoundQuery, OutputColumn};
use super::{Binder, not_tsql};
use crate::sql::reply::SqlError;
use crate::sql::types::{Column, Length, SqlType, Value};
use crate::sql::values::errors::unsupported;
use crate::sql::values::json::document::{Document, Form, Level, Member, Shape};
use crate::sql::values::json::errors::{clr, internal};

/// What SQL Server calls the one column of a result that is FOR JSON's.
pub(crate) const COLUMN: &str = "JSON_F52E2B61-18A1-11d1-B105-00805F49916B";

const TEXT: SqlType = SqlType::NVarChar(Length::Max);

impl BoundQuery {
    /// The columns that a client gets: those of the query, or the one of FOR JSON.
    pub(crate) fn client_columns(&self) -> Vec<Column> {
        match self.json {
            None => self.columns.iter().map(Column::from).collect(),
            Some(_) => {
                vec![Column {
                    name: COLUMN.to_owned(),
                    sql_type: TEXT,
                    nullable: true,
                    identity: false,
                    table: Vec::new(),
                }]
            }
        }
    }

    /// The text of FOR JSON, to be made row by row; None without the clause.
    pub(crate) fn document(&self) -> Option<Document> {
        let forms = self.columns.iter().map(|column| Form { sql_type: column.sql_type, json: column.json });
        self.json.as_ref().map(|shape| Document::new(shape.clone(), forms.collect()))
    }
}

impl Binder<'_> {
    /// A query inside another statement: with FOR JSON it gives one text, or no row when the query has none.
    pub(super) fn json_as_value(&mut self, query: BoundQuery) -> Result<BoundQuery, SqlError> {
        let Some(shape) = &query.json else { return Ok(query) };
        let columns: Vec<(String, bool)> =
            query.columns.iter().map(|column| (column.sql_type.to_string(), column.json)).collect();
        let text =
            |json: Result<String, serde_json::Error>| json.map(Value::Text).map_err(|error| internal(&error));
        let (shape_text, columns) =
            (text(serde_json::to_string(shape))?, text(serde_json::to_string(&columns))?);
        let mut arguments = vec![self.value(&shape_text, TEXT), self.value(&columns, TEXT)];
        arguments.extend((0..query.columns.len()).map(|index| format!("c{index}")));
        let sql = format!(
            "SELECT tsql_for_json({}) AS c0 FROM ({}) HAVING count(*) > 0",
            arguments.join(", "),
            query.sql
        );
        let column = OutputColumn {
            name: String::new(),
            sql_type: TEXT,
            nullable: true,
            identity: false,
            null: false,
            updatable: false,
            parameter: None,
            table: Vec::new(),
            json: shape.brackets,
            source: None,
        };
        Ok(BoundQuery { sql, columns: vec![column], sources: Vec::new(), json: None })
    }
}

/// The shape that a FOR clause asks for; `has_tables` says whether the query has a FROM.
pub(super) fn shape(
    clause: &ast::ForClause,
    query: &BoundQuery,
    has_tables: bool,
) -> Result<Shape, SqlError> {
    let ast::ForClause::Json { for_json, root, include_null_values, without_array_wrapper } = clause else {
        return Err(match clause {
            ast::ForClause::Xml { .. } => unsupported("FOR XML"),
            _ => unsupported("FOR BROWSE"),
        });
    };
    if root.is_some() && *without_array_wrapper {
        return Err(SqlError::new(
            13620,
            "ROOT option and WITHOUT_ARRAY_WRAPPER option cannot be used together in FOR JSON. Remove one of these options.",
        ));
    }
    if *for_json == ast::ForJson::Auto && !has_tables {
        return Err(SqlError::new(
            13600,
            "FOR JSON AUTO requires at least one table for generating JSON objects. Use FOR JSON PATH or add a FROM clause with a table name.",
        ));
    }
    if query.columns.iter().any(|column| column.name.is_empty()) {
        return Err(SqlError::new(
            13605,
            "Column expressions and data sources without names or aliases cannot be formatted as JSON text using FOR JSON clause. Add alias to the unnamed column or table.",
        ));
    }
    if query.columns.iter().any(|column| matches!(column.sql_type, SqlType::Geometry | SqlType::Geography)) {
        return Err(clr());
    }
    let levels = match for_json {
        ast::ForJson::Path => {
            vec![Level { name: String::new(), members: tree(&query.columns)?, columns: Vec::new() }]
        }
        ast::ForJson::Auto => levels(query)?,
    };
    Ok(Shape { levels, root: root.clone(), nulls: *include_null_values, brackets: !*without_array_wrapper })
}

/// PATH: a dot in a column's name leads into an object, whose columns must stand side by side.
fn tree(columns: &[OutputColumn]) -> Result<Vec<Member>, SqlError> {
    let mut members = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        let steps: Vec<&str> = column.name.split('.').collect();
        if steps.iter().any(|step| step.is_empty()) {
            return Err(SqlError::new(
                13603,
                format!(
                    "Property '{}' cannot be generated in JSON output due to invalid character in the column name or alias. Column name or alias that contains '..', starts or ends with '.' is not allowed in query that has FOR JSON clause.",
                    column.name
                ),
            ));
        }
        insert(&mut members, &steps, place).ok_or_else(|| conflict(&column.name))?;
    }
    Ok(members)
}

/// 13601.
fn conflict(name: &str) -> SqlError {
    SqlError::new(
        13601,
        format!(
            "Property '{name}' cannot be generated in JSON output due to a conflict with another column name or alias. FOR JSON PATH requires that the column expressions are ordered based on the JSON document paths specified in the column aliases."
        ),
    )
}

/// None when the place is taken.
fn insert(members: &mut Vec<Member>, steps: &[&str], column: usize) -> Option<()> {
    let (first, rest) = steps.split_first()?;
    let last = members.len().checked_sub(1);
    let known = members.iter().position(|member| match member {
        Member::Value { name, .. } | Member::Object { name, .. } => name == first,
    });
    match (known, rest.is_empty()) {
        (Some(place), false) if Some(place) == last => match members.get_mut(place)? {
            Member::Object { members, .. } => insert(members, rest, column),
            Member::Value { .. } => None,
        },
        (Some(_), _) => None,
        (None, true) => {
            members.push(Member::Value { name: (*first).to_owned(), column });
            Some(())
        }
        (None, false) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, column)?;
            members.push(Member::Object { name: (*first).to_owned(), members: inner });
            Some(())
        }
    }
}

/// AUTO: each table of which a column is selected nests in the one before it, in the order in which they come in the
/// select list. What is computed goes with the column before it.
fn levels(query: &BoundQuery) -> Result<Vec<Level>, SqlError> {
    let mut order: Vec<usize> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut waiting = Vec::new();
    let mut current = 0;
    for (place, column) in query.columns.iter().enumerate() {
        match column.source {
            Some(source) => {
                current = match order.iter().position(|other| *other == source) {
                    Some(known) => known,
                    None => {
                        let name = query.sources.get(source).cloned().unwrap_or_default();
                        if name.is_empty() {
                            return Err(unsupported("FOR JSON AUTO of a table without a name"));
                        }
                        order.push(source);
                        levels.push(Level { name, members: Vec::new(), columns: Vec::new() });
                        levels.len().saturating_sub(1)
                    }
                };
            }
            None if levels.is_empty() => {
                waiting.push(place);
                continue;
            }
            None => {}
        }
        let level = levels.get_mut(current).ok_or_else(|| not_tsql("AUTO"))?;
        level.columns.append(&mut waiting);
        level.columns.push(place);
    }
    if levels.is_empty() {
        levels.push(Level { name: String::new(), members: Vec::new(), columns: waiting });
    }
    for level in &mut levels {
        for place in &level.columns {
            let name = query.columns.get(*place).map(|column| column.name.clone()).unwrap_or_default();
            let taken = level.members.iter().any(|member| match member {
                Member::Value { name: other, .. } | Member::Object { name: other, .. } => *other == name,
            });
            if taken {
                return Err(conflict(&name));
            }
            level.members.push(Member::Value { name, column: *place });
        }
    }
    Ok(levels)
}
