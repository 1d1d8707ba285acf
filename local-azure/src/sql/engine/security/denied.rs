//! The errors for what a user may not.

use crate::sql::engine::catalog::Table;
use crate::sql::reply::SqlError;

/// 229.
pub(crate) fn on_object(permission: &str, database: &str, table: &Table) -> SqlError {
    on_named(permission, database, &table.schema, &table.name)
}

/// 229 on an object that is no table.
pub(crate) fn on_named(permission: &str, database: &str, schema: &str, name: &str) -> SqlError {
    SqlError::new(
        229,
        format!(
            "The {permission} permission was denied on the object '{name}', database '{database}', schema '{schema}'."
        ),
    )
    .with_class(14)
    .with_state(5)
}

/// 229 of a user's type.
pub(crate) fn on_type(permission: &str, database: &str, schema: &str, name: &str) -> SqlError {
    SqlError::new(
        229,
        format!(
            "The {permission} permission was denied on the object '{name}', database '{database}', schema '{schema}'."
        ),
    )
    .with_class(14)
    .with_state(5)
}

/// 262.
pub(crate) fn in_database(permission: &str, database: &str) -> SqlError {
    SqlError::new(262, format!("{permission} permission denied in database '{database}'.")).with_class(14)
}

/// 1088.
pub(crate) fn cannot_find_table(shown: &str) -> SqlError {
    SqlError::new(
        1088,
        format!(
            "Cannot find the object \"{shown}\" because it does not exist or you do not have permissions."
        ),
    )
    .with_state(13)
}

/// 15151; `verb` as in "find", `what` as in "user".
pub(crate) fn cannot(verb: &str, what: &str, name: &str) -> SqlError {
    SqlError::new(
        15151,
        format!(
            "Cannot {verb} the {what} '{name}', because it does not exist or you do not have permission."
        ),
    )
}

/// 15247.
pub(crate) fn this_action() -> SqlError {
    SqlError::new(15247, "User does not have permission to perform this action.")
}

/// 2760.
pub(crate) fn schema(name: &str) -> SqlError {
    SqlError::new(
        2760,
        format!(
            "The specified schema name \"{name}\" either does not exist or you do not have permission to use it."
        ),
    )
}

/// 3701.
pub(crate) fn drop(what: &str, name: &str) -> SqlError {
    SqlError::new(
        3701,
        format!("Cannot drop the {what} '{name}', because it does not exist or you do not have permission."),
    )
    .with_class(11)
    .with_state(5)
}
