//! The errors that faults raise: class, state and text by number.

use crate::sql::reply::SqlError;
use crate::sql::tds::authentication::{TOKEN_PRINCIPAL, login_failed};

/// A fault of Azure SQL as a login meets it.
#[must_use]
pub fn at_login(number: i32) -> SqlError {
    match number {
        4060 => unknown_database(DATABASE),
        18456 => login_failed(TOKEN_PRINCIPAL),
        40532 => unknown_server(SERVER),
        40615 => blocked_by_firewall(SERVER, "203.0.113.7"),
        // As seen on Azure: "Error Number:40613,State:1,Class:14".
        40613 => azure_error(number).with_class(14),
        _ => azure_error(number),
    }
}

/// The names that faults give to the database and its server unless they are told others.
const DATABASE: &str = "local";
const SERVER: &str = "local-azure";

/// 4060: there is no such database, or the login is no user of it.
#[must_use]
pub fn unknown_database(database: &str) -> SqlError {
    SqlError::new(
        4060,
        format!("Cannot open database \"{database}\" requested by the login. The login failed."),
    )
    .with_class(11)
}

/// 40532: the gateway knows no such server.
#[must_use]
pub fn unknown_server(server: &str) -> SqlError {
    SqlError::new(40532, format!("Cannot open server \"{server}\" requested by the login. The login failed."))
        .with_class(20)
}

/// 40615: the server's firewall has no rule for the client's address.
#[must_use]
pub fn blocked_by_firewall(server: &str, address: &str) -> SqlError {
    // As seen on Azure: "Error Number:40615,State:1,Class:14".
    SqlError::new(40615, format!("Cannot open server '{server}' requested by the login. Client with IP address '{address}' is not allowed to access the server. To enable access, use the Azure Management Portal or run sp_set_firewall_rule on the master database to create a firewall rule for this IP address or address range. It may take up to five minutes for this change to take effect."))
        .with_class(14)
}

/// A fault of Azure SQL as a statement meets it.
#[must_use]
pub fn at_statement(number: i32) -> SqlError {
    azure_error(number)
}

/// Class, state and text of the errors that an application on Azure SQL should know; others get class 16, state 1 and a text
/// that says where they come from. The texts follow `sys.messages` and Microsoft's list of transient errors, as far as they are
/// recalled; where both leave a state open it is 1.
fn azure_error(number: i32) -> SqlError {
    let (class, state, text) = match number {
        596 => (21, 1, "Cannot continue the execution because the session is in the kill state."),
        1204 => (
            19,
            4,
            "The instance of the SQL Server Database Engine cannot obtain a LOCK resource at this time. Rerun your statement when there are fewer active users.",
        ),
        1205 => (
            13,
            51,
            "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
        ),
        1222 => (16, 51, "Lock request time out period exceeded."),
        2627 => {
            (14, 1, "Violation of PRIMARY KEY constraint. Cannot insert duplicate key in object 'dbo.local'.")
        }
        3906 => (16, 2, "Failed to update database \"local\" because the database is read-only."),
        3930 => (
            16,
            1,
            "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.",
        ),
        3960 => (
            16,
            2,
            "Snapshot isolation transaction aborted due to update conflict. Retry the transaction or change the isolation level for the update/delete statement.",
        ),
        3998 => (
            16,
            1,
            "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
        ),
        8645 => (
            17,
            1,
            "A timeout occurred while waiting for memory resources to execute the query in resource pool 'default' (2). Rerun the query.",
        ),
        8651 => (
            17,
            1,
            "Could not perform the operation because the requested memory grant was not available in resource pool 'default' (2). Rerun the query, reduce the query load, or check resource governor configuration setting.",
        ),
        10928 => (
            16,
            1,
            "Resource ID: 1. The request limit for the database is 100 and has been reached. See 'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance.",
        ),
        10929 => (
            16,
            1,
            "Resource ID: 1. The minimum guarantee is 10, maximum limit is 100 and the current usage for the database is 100. However, the server is currently too busy to support requests greater than 10 for this database. Please try again later.",
        ),
        10936 => (
            16,
            1,
            "Resource ID: 1. The request limit for the elastic pool is 100 and has been reached. See 'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance.",
        ),
        37396 => (14, 1, "The access token of this session has expired. Log in again."),
        40197 => (
            20,
            1,
            "The service has encountered an error processing your request. Please try again. Error code 40143.",
        ),
        40501 => (
            17,
            1,
            "The service is currently busy. Retry the request after 10 seconds. Incident ID: 00000000-0000-0000-0000-000000000000. Code: 0.",
        ),
        40613 => (
            17,
            1,
            "Database 'local' on server 'local-azure' is not currently available. Please retry the connection later. If the problem persists, contact customer support, and provide them the session tracing ID of '00000000-0000-0000-0000-000000000000'.",
        ),
        41301 => (
            16,
            1,
            "A previous transaction that the current transaction took a dependency on has aborted, and the current transaction can no longer commit.",
        ),
        41302 => (
            16,
            1,
            "The current transaction attempted to update a record that has been updated since this transaction started. The transaction was aborted.",
        ),
        41305 => {
            (16, 1, "The current transaction failed to commit due to a repeatable read validation failure.")
        }
        41325 => {
            (16, 1, "The current transaction failed to commit due to a serializable validation failure.")
        }
        42108 => (
            16,
            1,
            "Can not connect to the SQL pool since it is paused. Please resume the SQL pool and try again.",
        ),
        42109 => (16, 1, "The SQL pool is warming up. Please try again."),
        49918 => (
            16,
            1,
            "Cannot process request. Not enough resources to process request. Please retry your request later.",
        ),
        49919 => (
            16,
            1,
            "Cannot process create or update request. Too many create or update operations in progress. Please retry your request later.",
        ),
        49920 => (
            16,
            1,
            "Cannot process request. Too many operations in progress. Please retry your request later.",
        ),
        _ => (16, 1, "This error was asked for by fault injection."),
    };
    SqlError::new(number, text).with_class(class).with_state(state)
}
