//! Functions about users, roles and permissions.

use sqlparser::ast::Expr;

use super::super::{Binder, Typed};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};
use crate::sql::values::errors::unsupported;

const NAME: SqlType = SqlType::NVarChar(Length::Limit(128));
/// A name with its schema, in brackets.
const LONG_NAME: SqlType = SqlType::NVarChar(Length::Limit(776));

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn rights_function(
        &mut self,
        name: &str,
        values: &[&Expr],
    ) -> Result<Option<Typed>, SqlError> {
        let question = name.to_lowercase();
        Ok(Some(match (name, values) {
            (
                "DATABASE_PRINCIPAL_ID"
                | "IS_MEMBER"
                | "IS_ROLEMEMBER"
                | "IS_SRVROLEMEMBER"
                | "HAS_DBACCESS"
                | "SCHEMA_ID",
                [subject],
            ) => {
                let subject = self.name_argument(subject)?;
                self.ask_rights(&question, [&subject, "NULL", "NULL"], SqlType::Int)?
            }
            ("IS_ROLEMEMBER", [role, member]) => {
                let role = self.name_argument(role)?;
                let member = self.name_argument(member)?;
                self.ask_rights(&question, [&role, &member, "NULL"], SqlType::Int)?
            }
            ("IS_SRVROLEMEMBER", [_, _]) => {
                return Err(unsupported("IS_SRVROLEMEMBER of another login"));
            }
            ("USER_NAME", [id]) => {
                let id = self.number(id)?;
                self.ask_rights(&question, [&id, "NULL", "NULL"], NAME)?
            }
            ("HAS_PERMS_BY_NAME", [securable, class, permission]) => {
                let securable = self.name_argument(securable)?;
                let class = self.name_argument(class)?;
                let permission = self.name_argument(permission)?;
                self.ask_rights(&question, [&securable, &class, &permission], SqlType::Int)?
            }
            ("HAS_PERMS_BY_NAME", [_, _, _, ..]) => {
                return Err(unsupported("HAS_PERMS_BY_NAME of a column"));
            }
            _ => return Ok(None),
        }))
    }

    /// An argument that is a name, as SQLite SQL.
    pub(super) fn name_argument(&mut self, argument: &Expr) -> Result<String, SqlError> {
        let argument = self.expression(argument)?;
        Ok(self.coerce(argument, LONG_NAME)?.sql)
    }

    /// A call of `local_azure_rights`, for which the rights are loaded.
    pub(in crate::sql::engine::bind) fn ask_rights(
        &mut self,
        question: &str,
        [a, b, c]: [&str; 3],
        sql_type: SqlType,
    ) -> Result<Typed, SqlError> {
        self.rights()?;
        Ok(Typed::new(format!("local_azure_rights('{question}', {a}, {b}, {c})"), sql_type))
    }
}
