//! Calls of the procedures that describe, and their rows by the names of the columns.

use local_azure::sql::engine::{Argument, Session};
use local_azure::sql::types::{Length, SqlType, Value};

use super::support::*;

pub(crate) fn argument(name: &str, text: &str) -> Argument {
    Argument {
        name: name.to_owned(),
        sql_type: SqlType::NVarChar(Length::Limit(4000)),
        untyped: false,
        value: Value::Text(text.to_owned()),
        output: false,
        table: None,
    }
}

/// Calls `sp_describe_first_result_set` as a client does.
pub(crate) fn describe_call(session: &mut Session, text: &str, declarations: &str) -> Replies {
    let mut replies = Replies::default();
    let arguments = [argument("@tsql", text), argument("@params", declarations)];
    session.call("sp_describe_first_result_set", &arguments, &mut replies);
    replies
}

/// The rows of a description that must succeed.
pub(crate) fn described(session: &mut Session, text: &str, declarations: &str) -> Replies {
    let replies = describe_call(session, text, declarations);
    assert_eq!(replies.errors, [], "{text}");
    assert_eq!(replies.status, Some(0), "{text}");
    replies
}

/// Each column as `name type NULL` or `name type NOT NULL`.
pub(crate) fn columns(session: &mut Session, text: &str) -> Vec<String> {
    let replies = described(session, text, "");
    (0..replies.rows.len())
        .map(|row| {
            let name = match cell(&replies, row, "name") {
                Value::Text(name) => name,
                _ => "-".to_owned(),
            };
            let Value::Text(sql_type) = cell(&replies, row, "system_type_name") else { panic!("no type") };
            let nullable = cell(&replies, row, "is_nullable") == Value::Bit(true);
            format!("{name} {sql_type} {}", if nullable { "NULL" } else { "NOT NULL" })
        })
        .collect()
}

pub(crate) fn cell(replies: &Replies, row: usize, column: &str) -> Value {
    let place = replies.columns.iter().position(|other| other.name == column).unwrap();
    replies.rows[row][place].clone()
}

/// The numbers of the errors and the return status.
pub(crate) fn refused(session: &mut Session, text: &str) -> (Vec<i32>, Option<i32>) {
    let replies = describe_call(session, text, "");
    assert!(replies.columns.is_empty(), "{text}");
    (replies.errors.iter().map(|error| error.number).collect(), replies.status)
}
