//! A session on a temporary database, and a sink that keeps what comes.

use std::sync::Arc;

use local_azure::sql::engine::{Argument, Database, Login, Session};
use local_azure::sql::reply::{ReplySink, SqlError, StatementKind, Stopped, TransactionChange};
use local_azure::sql::types::{Column, Length, SqlType, Value};

#[derive(Default)]
pub(crate) struct Replies {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) errors: Vec<SqlError>,
    pub(crate) messages: Vec<String>,
    pub(crate) counts: Vec<Option<u64>>,
    pub(crate) changes: Vec<TransactionChange>,
    pub(crate) outputs: Vec<(String, Value)>,
    pub(crate) status: Option<i32>,
}

impl ReplySink for Replies {
    fn columns(&mut self, columns: &[Column]) -> Result<(), Stopped> {
        self.columns = columns.to_vec();
        Ok(())
    }
    fn row(&mut self, values: &[Value]) -> Result<(), Stopped> {
        self.rows.push(values.to_vec());
        Ok(())
    }
    fn done(&mut self, _kind: StatementKind, count: Option<u64>) {
        self.counts.push(count);
    }
    fn error(&mut self, error: &SqlError) {
        self.errors.push(error.clone());
    }
    fn info(&mut self, message: &SqlError) {
        self.messages.push(message.message.clone());
    }
    fn transaction(&mut self, change: TransactionChange) {
        self.changes.push(change);
    }
    fn output(&mut self, name: &str, _sql_type: SqlType, value: &Value) {
        self.outputs.push((name.to_owned(), value.clone()));
    }
    fn return_status(&mut self, status: i32) {
        self.status = Some(status);
    }
}

pub(crate) fn session_on(database: &Arc<Database>) -> Session {
    let login = Login {
        name: "tester".into(),
        database: "local".into(),
        application: "tests".into(),
        host: "here".into(),
        ..Login::default()
    };
    database.session(login).unwrap()
}

pub(crate) fn session() -> Session {
    session_on(&Database::open(None).unwrap())
}

/// Runs a batch and gives whatever came.
pub(crate) fn run(session: &mut Session, text: &str) -> Replies {
    let mut replies = Replies::default();
    session.batch(text, &mut replies);
    replies
}

/// Runs a batch that must not fail.
pub(crate) fn ok(session: &mut Session, text: &str) -> Replies {
    let replies = run(session, text);
    assert!(replies.errors.is_empty(), "{text}: {:?}", replies.errors);
    replies
}

/// The number of the one error that a batch must give.
pub(crate) fn error(session: &mut Session, text: &str) -> SqlError {
    let mut replies = run(session, text);
    assert_eq!(replies.errors.len(), 1, "{text}: {:?}", replies.errors);
    replies.errors.remove(0)
}

pub(crate) fn execute(
    session: &mut Session,
    text: &str,
    declarations: &str,
    arguments: &[(&str, SqlType, Value)],
) -> Replies {
    let arguments: Vec<Argument> = arguments
        .iter()
        .map(|(name, sql_type, value)| Argument {
            name: (*name).to_owned(),
            sql_type: *sql_type,
            value: value.clone(),
            output: false,
            table: None,
        })
        .collect();
    let mut replies = Replies::default();
    session.execute_sql(text, declarations, &arguments, &mut replies);
    replies
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) const NVARCHAR: SqlType = SqlType::NVarChar(Length::Limit(4000));

pub(crate) const PERSONS: &str = "CREATE TABLE dbo.Persons (Id int IDENTITY PRIMARY KEY, Name nvarchar(100) NOT NULL, City nvarchar(50), Balance decimal(18,4), Created datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME())";

/// A session with the sample table and three rows.
pub(crate) fn with_persons() -> Session {
    let mut session = session();
    ok(&mut session, PERSONS);
    ok(
        &mut session,
        "INSERT INTO dbo.Persons (Name, City, Balance) VALUES (N'Ada', N'London', 10.5), (N'Grace', N'New York', 20), (N'Edsger', NULL, NULL)",
    );
    session
}
