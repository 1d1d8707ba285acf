//! The statement's instant: GETDATE, GETUTCDATE, SYSDATETIME, SYSUTCDATETIME, SYSDATETIMEOFFSET.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::FunctionContext;
use super::super::context::changing;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::storage;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    changing(connection, context, "tsql_now", 1, |context, call| {
        let to = call.sql_type(0)?;
        let now = Value::DateTime(context.now());
        let from = SqlType::DateTime2 { scale: 7 };
        let value = convert(&now, from, to, Conversion::Explicit, None)?;
        Ok(storage::to_sqlite(&value, to))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use rusqlite::types::Value as Stored;

    use super::super::test_support::Server;
    use crate::sql::values::calendar::{self, DAY, SECOND};

    #[test]
    fn the_clock_is_the_statements_rounded_to_the_type() {
        let server = Server::new();
        let midnight = calendar::join(calendar::days_of(2024, 3, 5).unwrap(), 0);
        server.context.set_now(midnight + DAY - SECOND + 1_234_567);
        for (sql_type, expected) in [
            ("datetime", "2024-03-05 23:59:59.123"),
            ("datetime2(7)", "2024-03-05 23:59:59.1234567"),
            ("datetimeoffset(7)", "2024-03-05 23:59:59.1234567 +00:00"),
        ] {
            let expression =
                format!("tsql_convert(tsql_now('{sql_type}'), '{sql_type}', 'varchar(40)', 121)");
            let printed = server.evaluate(&expression).unwrap();
            assert_eq!(printed, Stored::Text(expected.to_owned()), "{sql_type}");
        }
    }
}
