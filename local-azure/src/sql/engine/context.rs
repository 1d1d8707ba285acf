//! What a session tells about itself: `@@` variables, session functions, SESSION_CONTEXT.

use std::collections::HashMap;
use std::sync::Arc;

use super::Argument;
use super::bind::Facts;
use super::bind::functions::session::context_key;
use super::bind::system::DATABASE_ID;
use super::session::Session;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::errors::unsupported;

/// In UTF-16 units: 256 bytes.
const LONGEST_KEY: usize = 128;
/// Keys and values of a session, in bytes. SQL Server counts what it allocates; here the contents count.
const LARGEST_CONTEXT: usize = 1 << 20;

fn context_size(key: &str, value: &Value) -> usize {
    let value = match value {
        Value::Text(text) => text.len().saturating_mul(2),
        Value::Binary(bytes) => bytes.len(),
        _ => 16,
    };
    key.len().saturating_mul(2).saturating_add(value)
}

impl Session {
    /// `sp_set_session_context`: key, value, and whether the key can't be set again. Values don't follow transactions.
    pub(super) fn set_session_context(&mut self, arguments: &[Argument]) -> Result<(), SqlError> {
        self.set_context(arguments)
            .map_err(|error| SqlError { procedure: "sys.sp_set_session_context".to_owned(), ..error })
    }

    fn set_context(&mut self, arguments: &[Argument]) -> Result<(), SqlError> {
        // SQL Server takes these arguments by their place, whatever they are called; one in another's place is refused here.
        for (argument, name) in arguments.iter().zip(["@key", "@value", "@read_only"]) {
            if !argument.name.is_empty() && !argument.name.eq_ignore_ascii_case(name) {
                return Err(unsupported(&format!(
                    "sp_set_session_context with {} where {name} stands",
                    argument.name
                )));
            }
        }
        let (key, value, read_only) = match arguments {
            [key, value] => (key, value, None),
            [key, value, read_only] => (key, value, Some(read_only)),
            [] | [_] => {
                return Err(SqlError::new(
                    16903,
                    "The \"sp_set_connection_context\" procedure was called with an incorrect number of parameters.",
                ));
            }
            _ => {
                return Err(SqlError::new(
                    16914,
                    "The \"sp_set_connection_context\" procedure was called with too many parameters.",
                ));
            }
        };
        let written = match &key.value {
            Value::Text(key) => key,
            _ => {
                return Err(SqlError::new(
                    225,
                    "The parameters supplied for the procedure \"sp_set_session_context\" are not valid.",
                ));
            }
        };
        let too_long = matches!(
            value.sql_type,
            SqlType::NVarChar(Length::Max) | SqlType::VarChar(Length::Max) | SqlType::VarBinary(Length::Max)
        );
        let read_only = match read_only.map(|argument| &argument.value) {
            None | Some(Value::Bit(false) | Value::Integer(0)) => Some(false),
            Some(Value::Bit(true) | Value::Integer(_)) => Some(true),
            Some(_) => None,
        };
        let Some(read_only) = read_only.filter(|_| !too_long) else {
            return Err(SqlError::new(
                15600,
                "An invalid parameter or option was specified for procedure 'sp_set_connection_context'.",
            ));
        };
        let key = context_key(written);
        if key.is_empty() || key.encode_utf16().count() > LONGEST_KEY {
            return Err(SqlError::new(
                15666,
                format!(
                    "Cannot set key '{written}' in the session context. The size of the key cannot exceed 256 bytes."
                ),
            ));
        }
        if let Some(locked) = self.read_only_context.get(&key) {
            return Err(SqlError::new(
                15664,
                format!(
                    "Cannot set key '{locked}' in the session context. The key has been set as read_only for this session."
                ),
            ));
        }
        let all = self.session_context.iter().filter(|(other, _)| **other != key);
        let size = all.map(|(key, (_, value))| context_size(key, value)).sum::<usize>();
        if size + context_size(&key, &value.value) > LARGEST_CONTEXT {
            return Err(SqlError::new(
                15665,
                format!(
                    "The value was not set for key '{written}' because the total size of keys and values in the session context would exceed the 1 MB limit."
                ),
            ));
        }
        if read_only {
            self.read_only_context.insert(key.clone(), written.clone());
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
            ("@@trancount", int(self.transaction_count())),
            ("@@spid", (Some(SqlType::SmallInt), Some(Value::Integer(i64::from(self.login.session_id))))),
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
            (
                "@@dbts",
                (
                    Some(SqlType::VarBinary(Length::Limit(8))),
                    Some(Value::Binary(self.database.row_versions.last().to_vec())),
                ),
            ),
            ("@@nestlevel", int(i64::try_from(self.depth).unwrap_or(i64::MAX))),
            ("@@procid", int(0)),
            ("@@lock_timeout", int(self.settings.lock_timeout)),
            ("rowcount_big", (Some(SqlType::BigInt), Some(Value::Integer(self.row_count)))),
            ("xact_state", (Some(SqlType::SmallInt), Some(Value::Integer(state)))),
            ("db_name", text(&self.login.database)),
            ("suser_sname", text(&self.login.name)),
            ("original_login", text(&self.login.name)),
            ("user_name", text(&self.user.name)),
            ("database_principal_id", int(self.user.id)),
            ("db_id", (Some(SqlType::SmallInt), Some(Value::Integer(DATABASE_ID)))),
            ("schema_id", int(1)),
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
        Facts {
            values,
            session_context: self.session_context.clone(),
            login: self.login.clone(),
            user: self.user.clone(),
            chained: false,
            rights: self.rights.clone(),
            sessions: Arc::clone(&self.database.sessions),
            tables: HashMap::new(),
        }
    }
}
