//! `SELECT @a = ...`: the query whose last row sets variables.

use sqlparser::ast::{self, SetExpr};

use super::{Binder, select::BoundQuery};
use crate::sql::reply::SqlError;
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    /// Binds the query of `SELECT @a = ..., @b = ...`, whose `targets` are lower-case names in the order of its columns.
    ///
    /// SQL Server sets the variables row by row and item by item, so that `@a = @a + x` over rows adds them up. Variables
    /// have one value per statement here: a statement for which that makes a difference is refused. Which variables it
    /// reads is known from binding it, whether it has rows from its tree.
    pub(crate) fn assignment(
        &mut self,
        query: &ast::Query,
        targets: &[String],
    ) -> Result<BoundQuery, SqlError> {
        let bound = self.query(query)?;
        if bound.json.is_some() {
            // SQL Server names the other clause here.
            return Err(SqlError::new(6819, "The FOR XML clause is not allowed in a ASSIGNMENT statement.")
                .with_state(3));
        }
        let SetExpr::Select(select) = &*query.body else {
            return Err(unsupported("SELECT @a = ... with UNION, EXCEPT or INTERSECT"));
        };
        let repeated = targets
            .iter()
            .enumerate()
            .any(|(place, target)| targets.iter().take(place).any(|earlier| earlier == target));
        let reads = targets.iter().any(|target| self.reads.contains(target));
        let alone = select.from.is_empty() && targets.len() == 1;
        if repeated || (reads && !alone) {
            return Err(unsupported(
                "SELECT @a = ... that reads a variable which it sets, over rows or beside others,",
            ));
        }
        Ok(bound)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::HashMap;

    use rusqlite::Connection;
    use sqlparser::dialect::MsSqlDialect;
    use sqlparser::parser::Parser;

    use super::super::{Facts, Variable};
    use super::*;
    use crate::sql::types::{SqlType, Value};

    fn number_of(query: &str, targets: &[&str]) -> Result<(), i32> {
        let connection = Connection::open_in_memory().unwrap();
        let variable = Variable { sql_type: SqlType::Int, value: Value::Integer(1) };
        let variables: HashMap<String, Variable> =
            ["@a", "@ab"].into_iter().map(|name| (name.to_owned(), variable.clone())).collect();
        let facts = Facts::default();
        let query = Parser::new(&MsSqlDialect {}).try_with_sql(query).unwrap().parse_query().unwrap();
        let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
        let mut binder = Binder::new(&connection, &variables, &facts);
        binder.assignment(&query, &targets).map(drop).map_err(|error| error.number)
    }

    #[test]
    fn a_variable_that_is_only_set_or_only_read_is_bound() {
        assert_eq!(number_of("SELECT x FROM (SELECT 1 AS x) AS t", &["@a"]), Ok(()));
        assert_eq!(number_of("SELECT x + @ab FROM (SELECT 1 AS x) AS t", &["@a"]), Ok(()));
        assert_eq!(number_of("SELECT '@a' FROM (SELECT 1 AS x) AS t", &["@a"]), Ok(()));
        assert_eq!(number_of("SELECT @a + 1", &["@a"]), Ok(()));
    }

    #[test]
    fn a_variable_that_is_read_and_set_over_rows_is_refused() {
        assert_eq!(number_of("SELECT @A + x FROM (SELECT 1 AS x) AS t", &["@a"]), Err(40517));
        assert_eq!(number_of("SELECT x FROM (SELECT 1 AS x) AS t WHERE x > @a", &["@a"]), Err(40517));
        assert_eq!(number_of("SELECT 1, @a", &["@a", "@ab"]), Err(40517));
        assert_eq!(number_of("SELECT 1, 2", &["@a", "@a"]), Err(40517));
    }
}
