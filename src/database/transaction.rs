//! Beginning and ending a transaction of ours, and the isolation level that one leaves in its session.

use tiberius::IsolationLevel;

use super::connect::{Connection, DriverClient};
use super::execute::TryError;
use super::faults::{Fault, FaultClass, Stage};
use super::unit::Isolation;

/// Begins a transaction. A level that is asked for when it begins stays with the session after its end (MS-TDS, "Transaction
/// Manager Request"), so it is remembered, and the next transaction says its own.
pub(super) async fn begin(connection: &mut Connection, isolation: Isolation) -> Result<(), TryError> {
    let level = if is_usual(isolation) && is_usual(connection.isolation) {
        IsolationLevel::Unspecified
    } else {
        driver_level(isolation)
    };
    if !is_usual(isolation) {
        connection.isolation = isolation;
    }
    connection.client.begin_transaction_with_isolation(level).await?;
    connection.isolation = isolation;
    Ok(())
}

/// Commits. An error of the server's is definite, but for those that the table of numbers calls unknown.
pub(super) async fn commit(connection: &mut Connection) -> Result<(), TryError> {
    let committed = connection.client.commit_transaction().await;
    committed.map_err(|error| TryError::Fault(at_commit(Fault::from_driver(&error, Stage::Running))))
}

/// An error that ends the session in the middle of COMMIT tells nothing, whatever its number says of a statement.
fn at_commit(fault: Fault) -> Fault {
    let class = if fault.ends_session() { FaultClass::Unknown } else { fault.class };
    Fault { class, ..fault }
}

/// Rolls back what is still open: after most errors the server did so itself.
pub(super) async fn roll_back(connection: &mut Connection) -> Result<(), TryError> {
    batch(&mut connection.client, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION").await
}

/// Gives the session back the level that a new one has, if a transaction before left another.
pub(super) async fn reset_isolation(connection: &mut Connection) -> Result<(), TryError> {
    if !is_usual(connection.isolation) {
        batch(&mut connection.client, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        connection.isolation = Isolation::Default;
    }
    Ok(())
}

/// How many transactions are open in the session, one in the other.
pub(super) async fn open_transactions(client: &mut DriverClient) -> Result<i32, TryError> {
    let ask = async { client.simple_query("SELECT @@TRANCOUNT").await?.into_row().await };
    // Whatever goes wrong here comes after the command itself was through.
    let row = ask.await.map_err(|error| {
        TryError::Fault(Fault { class: FaultClass::Unknown, ..Fault::from_driver(&error, Stage::Running) })
    })?;
    let count = row.and_then(|row| row.try_get::<i32, _>(0).ok().flatten());
    // A server that gives no number can't be trusted with what comes next either.
    count.ok_or_else(|| {
        TryError::Fault(Fault::without_number(
            FaultClass::Unknown,
            "the server did not say whether a transaction is open",
        ))
    })
}

/// Our own text, so it may go as a batch. A user's text never does.
async fn batch(client: &mut DriverClient, text: &str) -> Result<(), TryError> {
    client.simple_query(text).await?.into_results().await?;
    Ok(())
}

/// Whether it is the level of a new session.
fn is_usual(isolation: Isolation) -> bool {
    matches!(isolation, Isolation::Default | Isolation::ReadCommitted)
}

fn driver_level(isolation: Isolation) -> IsolationLevel {
    match isolation {
        Isolation::ReadUncommitted => IsolationLevel::ReadUncommitted,
        Isolation::Default | Isolation::ReadCommitted => IsolationLevel::ReadCommitted,
        Isolation::RepeatableRead => IsolationLevel::RepeatableRead,
        Isolation::Serializable => IsolationLevel::Serializable,
        Isolation::Snapshot => IsolationLevel::Snapshot,
    }
}
