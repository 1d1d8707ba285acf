//! UNION, EXCEPT and INTERSECT.

use sqlparser::ast::{SetExpr, SetOperator, SetQuantifier};

use super::{
    Binder, Typed,
    expression::common_type,
    keys::{collated, has_key, is_incomparable, key, row_keys},
    not_tsql,
    select::{BoundQuery, OutputColumn, Tail},
};
use crate::sql::reply::SqlError;
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    pub(super) fn set(&mut self, body: &SetExpr) -> Result<BoundQuery, SqlError> {
        match body {
            SetExpr::Select(select) => self.select(select, &Tail::default()),
            SetExpr::Query(query) => self.subquery(query),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let word = match (op, set_quantifier) {
                    (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
                    (SetOperator::Union, SetQuantifier::None) => "UNION",
                    (SetOperator::Except, SetQuantifier::None) => "EXCEPT",
                    (SetOperator::Intersect, SetQuantifier::None) => "INTERSECT",
                    _ => return Err(not_tsql("UNION")),
                };
                let left = self.deeper(|binder| binder.set(left))?;
                let right = self.deeper(|binder| binder.set(right))?;
                if left.columns.len() != right.columns.len() {
                    return Err(SqlError::new(
                        205,
                        "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.",
                    ));
                }
                let mut columns = Vec::new();
                let (mut left_list, mut right_list) = (Vec::new(), Vec::new());
                for (index, (l, r)) in left.columns.iter().zip(&right.columns).enumerate() {
                    let typed = |column: &OutputColumn| Typed {
                        null: column.null,
                        ..Typed::new(format!("c{index}"), column.sql_type)
                    };
                    let sql_type = common_type(&[&typed(l), &typed(r)]);
                    if word != "UNION ALL" && is_incomparable(sql_type) {
                        return Err(SqlError::new(
                            5335,
                            format!(
                                "The data type {} cannot be used as an operand to the UNION, INTERSECT or EXCEPT operators because it is not comparable.",
                                sql_type.family_name()
                            ),
                        ));
                    }
                    for (list, column) in [(&mut left_list, l), (&mut right_list, r)] {
                        let value = self.coerce(typed(column), sql_type)?;
                        list.push(format!("{} AS c{index}", collated(&value)));
                    }
                    columns.push(OutputColumn {
                        name: l.name.clone(),
                        sql_type,
                        nullable: l.nullable || r.nullable,
                        identity: false,
                        null: l.null && r.null,
                        json: false,
                        source: None,
                    });
                }
                let left = format!("SELECT {} FROM ({})", left_list.join(", "), left.sql);
                let right = format!("SELECT {} FROM ({})", right_list.join(", "), right.sql);
                let sql = if word != "UNION ALL" && columns.iter().any(|column| has_key(column.sql_type)) {
                    by_keys(*op, &left, &right, &columns)
                } else {
                    format!("{left} {word} {right}")
                };
                Ok(BoundQuery { sql, columns, sources: Vec::new(), json: None })
            }
            SetExpr::Values(_) => Err(unsupported("VALUES as a table")),
            _ => Err(not_tsql("SELECT")),
        }
    }
}

/// UNION, EXCEPT or INTERSECT of rows that are equal when their keys are; NULL equals NULL here.
fn by_keys(op: SetOperator, left: &str, right: &str, columns: &[OutputColumn]) -> String {
    let groups = row_keys("", columns);
    if op == SetOperator::Union {
        return format!("SELECT * FROM ({left} UNION ALL {right}) GROUP BY {groups}");
    }
    let same: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            format!(
                "{} IS {}",
                key(&format!("l.c{index}"), column.sql_type),
                key(&format!("r.c{index}"), column.sql_type)
            )
        })
        .collect();
    let not = if op == SetOperator::Except { "NOT " } else { "" };
    format!(
        "SELECT * FROM ({left}) AS l WHERE {not}EXISTS (SELECT 1 FROM ({right}) AS r WHERE {}) GROUP BY {groups}",
        same.join(" AND ")
    )
}
