//! What a session tells about itself: `@@` variables, session functions, SESSION_CONTEXT.

use std::collections::HashMap;

use super::Argument;
use super::bind::Facts;
use super::session::Session;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};

impl Session {
    /// `sp_set_session_context`.
    pub(super) fn set_session_context(&mut self, arguments: &[Argument]) -> Result<(), SqlError> {
        let find = |name: &str, place: usize| {
            arguments
                .iter()
                .find(|argument| argument.name.eq_ignore_ascii_case(name))
                .or_else(|| arguments.get(place).filter(|argument| argument.name.is_empty()))
        };
        let (Some(Argument { value: Value::Text(key), .. }), Some(value)) =
            (find("@key", 0), find("@value", 1))
        else {
            return Err(SqlError::new(
                201,
                "Procedure or function 'sp_set_session_context' expects parameter '@key', which was not supplied.",
            ));
        };
        let known = |argument: &Argument| {
            ["", "@key", "@value", "@read_only"].iter().any(|name| argument.name.eq_ignore_ascii_case(name))
        };
        if let Some(other) = arguments.iter().find(|argument| !known(argument)) {
            return Err(SqlError::new(
                8145,
                format!("{} is not a parameter for procedure sp_set_session_context.", other.name),
            ));
        }
        if arguments.len() > 3 {
            return Err(SqlError::new(
                8144,
                "Procedure or function sp_set_session_context has too many arguments specified.",
            )
            .with_state(2));
        }
        let key = key.to_lowercase();
        if self.read_only_context.contains(&key) {
            return Err(SqlError::new(
                15664,
                format!(
                    "Cannot set key '{key}' in the session context. The key has been set as read_only for this session."
                ),
            ));
        }
        match find("@read_only", 2).map(|argument| &argument.value) {
            None | Some(Value::Null | Value::Bit(false) | Value::Integer(0)) => {}
            Some(Value::Bit(true) | Value::Integer(_)) => {
                self.read_only_context.insert(key.clone());
            }
            Some(_) => {
                return Err(SqlError::new(214, "Procedure expects parameter '@read_only' of type 'bit'."));
            }
        }
        self.session_context.insert(key, (value.sql_type, value.value.clone()));
        Ok(())
    }

    /// What `@@` variables and session functions give now.
    pub(super) fn facts(&self) -> Facts {
        let name = SqlType::NVarChar(Length::Limit(128));
        let text = |text: &str| (Some(name), Some(Value::Text(text.to_owned())));
        let int = |number: i64| (Some(SqlType::Int), Some(Value::Integer(number)));
        let identity = |last: Option<i64>| {
            (
                Some(SqlType::Decimal { precision: 38, scale: 0 }),
                last.map(|value| Value::Decimal(i128::from(value))),
            )
        };
        let state =
            self.transaction.as_ref().map_or(0, |transaction| if transaction.doomed { -1 } else { 1 });
        let mut values = HashMap::from([
            ("@@rowcount", int(self.row_count)),
            ("@@error", int(i64::from(self.last_error))),
            ("@@trancount", int(self.transaction.as_ref().map_or(0, |transaction| transaction.count))),
            ("@@spid", (Some(SqlType::SmallInt), Some(Value::Integer(51)))),
            (
                "@@version",
                (
                    Some(SqlType::NVarChar(Length::Limit(300))),
                    Some(Value::Text(
                        "Microsoft SQL Azure (RTM) - 12.0.2000.8 (local-azure, a stand-in on SQLite)"
                            .to_owned(),
                    )),
                ),
            ),
            ("@@servername", text("localhost")),
            ("@@lock_timeout", int(self.settings.lock_timeout)),
            ("rowcount_big", (Some(SqlType::BigInt), Some(Value::Integer(self.row_count)))),
            ("xact_state", (Some(SqlType::SmallInt), Some(Value::Integer(state)))),
            ("db_name", text(&self.login.database)),
            ("suser_sname", text(&self.login.name)),
            ("original_login", text(&self.login.name)),
            ("user_name", text("dbo")),
            ("schema_name", text("dbo")),
            ("app_name", text(&self.login.application)),
            ("host_name", text(&self.login.host)),
        ]);
        values.insert("@@identity", identity(self.identity));
        values.insert("scope_identity", identity(self.scope_identity));
        for fact in ["error_number", "error_severity", "error_state", "error_line"] {
            values.insert(fact, (Some(SqlType::Int), None));
        }
        values.insert("error_message", (Some(SqlType::NVarChar(Length::Limit(4000))), None));
        values.insert("error_procedure", (Some(name), None));
        Facts { values, session_context: self.session_context.clone() }
    }
}
