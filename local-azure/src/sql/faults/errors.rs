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

/// Text and severity of the errors in Azure SQL's list of transient faults; others get severity 16 and a text that says where they come from.
fn azure_error(number: i32) -> SqlError {
    let (class, text) = match number {
        1205 => (
            13,
            "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
        ),
        10928 => (
            16,
            "Resource ID: 1. The request limit for the database is 100 and has been reached. See 'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance.",
        ),
        10929 => (
            16,
            "Resource ID: 1. The minimum guarantee is 10, maximum limit is 100 and the current usage for the database is 100. However, the server is currently too busy to support requests greater than 10 for this database. Please try again later.",
        ),
        37396 => (14, "The access token of this session has expired. Log in again."),
        40197 => (
            20,
            "The service has encountered an error processing your request. Please try again. Error code 40143.",
        ),
        40501 => (
            17,
            "The service is currently busy. Retry the request after 10 seconds. Incident ID: 00000000-0000-0000-0000-000000000000. Code: 0.",
        ),
        40613 => (
            17,
            "Database 'local' on server 'local-azure' is not currently available. Please retry the connection later. If the problem persists, contact customer support, and provide them the session tracing ID of '00000000-0000-0000-0000-000000000000'.",
        ),
        49918 => (
            16,
            "Cannot process request. Not enough resources to process request. Please retry your request later.",
        ),
        49919 => (
            16,
            "Cannot process create or update request. Too many create or update operations in progress. Please retry your request later.",
        ),
        49920 => {
            (16, "Cannot process request. Too many operations in progress. Please retry your request later.")
        }
        _ => (16, "This error was asked for by fault injection."),
    };
    SqlError::new(number, text).with_class(class)
}
