//! Functions about properties of the server, the database and the connection.
//!
//! SQL Server gives them as sql_variant; here they have the type of what is in it, so the property must be a literal or
//! a variable. The sizes are those of a database with the service objective `GP_Gen5_2`.

use sqlparser::ast::Expr;

use super::super::{Binder, Typed};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};

/// What the database claims to be.
pub(crate) const SERVICE_OBJECTIVE: &str = "GP_Gen5_2";
const EDITION: &str = "GeneralPurpose";

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn server_function(
        &mut self,
        name: &str,
        values: &[&Expr],
    ) -> Result<Option<Typed>, SqlError> {
        let property = |binder: &Self, expression: &Expr| match binder.constant(expression)? {
            (Value::Text(text), _) => Ok(text.trim_end().to_ascii_lowercase()),
            _ => Ok(String::new()),
        };
        let found = match (name, values) {
            ("SERVERPROPERTY", [wanted]) => server_property(&property(self, wanted)?),
            ("SESSIONPROPERTY", [wanted]) => session_property(&property(self, wanted)?),
            ("CONNECTIONPROPERTY", [wanted]) => self.connection_property(&property(self, wanted)?),
            ("DATABASEPROPERTYEX", [database, wanted]) => {
                let database = match self.database_argument(database)? {
                    Some(database) => database,
                    None => return Ok(Some(self.variant(None))),
                };
                let known = database.eq_ignore_ascii_case(&self.facts.login.database);
                Some(property(self, wanted)?).filter(|_| known).and_then(|wanted| database_property(&wanted))
            }
            _ => return Ok(None),
        };
        Ok(Some(self.variant(found)))
    }

    fn variant(&mut self, value: Option<Value>) -> Typed {
        let (value, sql_type) = match value {
            Some(value @ Value::Integer(_)) => (value, SqlType::Int),
            Some(value) => (value, SqlType::NVarChar(Length::Limit(128))),
            None => (Value::Null, SqlType::NVarChar(Length::Limit(128))),
        };
        let sql = self.value(&value, sql_type);
        Typed::new(sql, sql_type)
    }

    /// The name of a database: a literal, a variable or `DB_NAME()`.
    fn database_argument(&self, argument: &Expr) -> Result<Option<String>, SqlError> {
        if let Expr::Function(function) = argument
            && function.name.to_string().eq_ignore_ascii_case("DB_NAME")
        {
            return Ok(Some(self.facts.login.database.clone()));
        }
        match self.constant(argument)? {
            (Value::Text(name), _) => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    fn connection_property(&self, wanted: &str) -> Option<Value> {
        let login = &self.facts.login;
        let text = |text: String| Some(Value::Text(text));
        match wanted {
            "net_transport" | "physical_net_transport" => text("TCP".to_owned()),
            "protocol_type" => text("TSQL".to_owned()),
            // For tokens too: not confirmed on Azure.
            "auth_scheme" => text("SQL".to_owned()),
            "client_net_address" => text(login.client?.ip().to_string()),
            "local_net_address" => text(login.server?.ip().to_string()),
            "local_tcp_port" => Some(Value::Integer(i64::from(login.server?.port()))),
            _ => None,
        }
    }
}

fn server_property(wanted: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match wanted {
        "edition" => text("SQL Azure"),
        "engineedition" => Some(Value::Integer(5)),
        "productversion" => text("12.0.2000.8"),
        "productlevel" => text("RTM"),
        "collation" => text("SQL_Latin1_General_CP1_CI_AS"),
        "servername" => text("localhost"),
        "isexternalauthenticationonly" => Some(Value::Integer(0)),
        _ => None,
    }
}

fn database_property(wanted: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match wanted {
        "serviceobjective" => text(SERVICE_OBJECTIVE),
        "edition" => text(EDITION),
        // Of a login with read-only intent too: there is no replica.
        "updateability" => text("READ_WRITE"),
        "status" => text("ONLINE"),
        "collation" => text("SQL_Latin1_General_CP1_CI_AS"),
        "useraccess" => text("MULTI_USER"),
        _ => None,
    }
}

/// The options with which this endpoint works; others it refuses to set.
fn session_property(wanted: &str) -> Option<Value> {
    match wanted {
        "ansi_nulls"
        | "ansi_padding"
        | "ansi_warnings"
        | "arithabort"
        | "concat_null_yields_null"
        | "quoted_identifier" => Some(Value::Integer(1)),
        "numeric_roundabort" => Some(Value::Integer(0)),
        _ => None,
    }
}
