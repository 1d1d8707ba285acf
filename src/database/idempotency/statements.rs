//! The table of idempotency keys, and the statements on it: constants, with everything that varies as a parameter.

use futures_util::TryStreamExt;
use tiberius::{Command as RemoteCall, CommandItem, Row};

use super::{Idempotency, IdempotencyFailure};
use crate::database::connect::DriverClient;
use crate::database::faults::{Fault, Stage};

/// The table's schema and name.
pub const TABLE: (&str, &str) = ("dbo", "AzsqlIdempotency");

/// Creates the table where it is missing; running it again changes nothing.
///
/// The clustered key is a hash, so that rows are spread and no two sessions meet on one page for long.
pub const SCRIPT: &str = "\
IF OBJECT_ID(N'dbo.AzsqlIdempotency', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.AzsqlIdempotency (
        Id binary(32) NOT NULL CONSTRAINT PK_AzsqlIdempotency PRIMARY KEY,
        FunctionName nvarchar(128) NOT NULL,
        Request binary(32) NOT NULL,
        Answer varbinary(max) NULL,
        CreatedAt datetime2(0) NOT NULL,
        ExpiresAt datetime2(0) NOT NULL
    );
    CREATE INDEX IX_AzsqlIdempotency_ExpiresAt ON dbo.AzsqlIdempotency (ExpiresAt);
END;";

/// Takes the key, for a transaction that is open. A row of the key that has expired makes room first.
///
/// LOCK_TIMEOUT is a constant: the reference shows no variable there ("SET LOCK_TIMEOUT (Transact-SQL)"), and whether a server
/// takes one was not tried. It ends with the call, since what a string for sp_executesql SETs is restored after it ("SET
/// Statements (Transact-SQL)", Considerations).
///
/// It is the INSERT that waits for a transaction that holds the key, at any isolation level: a primary key is checked against
/// what is there, not against row versions. The DELETE need not wait: with optimized locking it judges rows by what was
/// committed last ("Optimized locking", lock after qualification), and looks again when it has the lock.
const CLAIM: &str = "\
SET LOCK_TIMEOUT 10000;
DELETE FROM dbo.AzsqlIdempotency WHERE Id = @id AND ExpiresAt <= SYSUTCDATETIME();
INSERT INTO dbo.AzsqlIdempotency (Id, FunctionName, Request, CreatedAt, ExpiresAt)
VALUES (@id, @function, @request, SYSUTCDATETIME(), DATEADD(hour, @hours, SYSUTCDATETIME()));";
const CLAIM_DECLARATIONS: &str = "@id binary(32), @function nvarchar(128), @request binary(32), @hours int";

/// Puts the answer beside the key that this transaction holds.
const RECORD: &str = "UPDATE dbo.AzsqlIdempotency SET Answer = @answer WHERE Id = @id AND Answer IS NULL;";
const RECORD_DECLARATIONS: &str = "@id binary(32), @answer varbinary(max)";

/// Reads the key's row, outside of a transaction.
const LOOK_UP: &str = "\
SET LOCK_TIMEOUT 10000;
SELECT Request, Answer FROM dbo.AzsqlIdempotency WHERE Id = @id;";
const LOOK_UP_DECLARATIONS: &str = "@id binary(32)";

/// Deletes some expired rows: few enough that they don't become a lock on the table, which takes at least 5,000 locks of one
/// statement on one table or index ("Transaction locking and row versioning guide", Lock escalation thresholds; here it is two
/// for each row and a few for pages). Where others hold a lock for long it ends without effect.
const DELETE_EXPIRED: &str = "\
SET LOCK_TIMEOUT 1000;
DELETE TOP (500) FROM dbo.AzsqlIdempotency WHERE ExpiresAt <= SYSUTCDATETIME();";

/// Rows of one [`DELETE_EXPIRED`].
pub(super) const EXPIRED_BATCH: u64 = 500;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::database) enum Claim {
    /// The open transaction holds the key.
    Claimed,
    /// The key has a row (2627).
    Taken,
    /// Another transaction holds the key, and didn't end within ten seconds (1222).
    Held,
}

/// What the row of a key says.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::database) enum Found {
    /// The answer to the same request.
    Answer(Vec<u8>),
    /// The key was claimed for another request.
    OtherRequest,
    /// The row was committed without an answer.
    Unanswered,
    /// There is no row any more.
    Nothing,
}

// An answer holds what the database holds.
impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "Answer(..)",
            Self::OtherRequest => "OtherRequest",
            Self::Unanswered => "Unanswered",
            Self::Nothing => "Nothing",
        })
    }
}

/// Claims the key in the transaction that is open on `client`.
///
/// # Errors
/// Any fault but those that [`Claim`] names.
pub(in crate::database) async fn claim(
    client: &mut DriverClient,
    idempotency: &Idempotency,
) -> Result<Claim, Fault> {
    let mut call = statement(CLAIM, CLAIM_DECLARATIONS);
    call.bind_param("@id", idempotency.key.as_bytes().as_slice());
    call.bind_param("@function", &*idempotency.function);
    call.bind_param("@request", idempotency.request.as_bytes().as_slice());
    call.bind_param("@hours", i32::from(idempotency.lifetime_hours));
    match run(call, client).await {
        Ok(_) => Ok(Claim::Claimed),
        Err(fault) => match fault.number {
            Some(2627) => Ok(Claim::Taken),
            Some(1222) => Ok(Claim::Held),
            _ => Err(fault),
        },
    }
}

/// Stores the answer beside the key. False when this transaction has no row of the key without an answer.
///
/// # Errors
/// Any fault.
pub(in crate::database) async fn record(
    client: &mut DriverClient,
    idempotency: &Idempotency,
    answer: &[u8],
) -> Result<bool, Fault> {
    let mut call = statement(RECORD, RECORD_DECLARATIONS);
    call.bind_param("@id", idempotency.key.as_bytes().as_slice());
    call.bind_param("@answer", answer);
    Ok(run(call, client).await? == 1)
}

/// Reads the key's row.
///
/// # Errors
/// Any fault.
pub(in crate::database) async fn look_up(
    client: &mut DriverClient,
    idempotency: &Idempotency,
) -> Result<Found, Fault> {
    let mut call = statement(LOOK_UP, LOOK_UP_DECLARATIONS);
    call.bind_param("@id", idempotency.key.as_bytes().as_slice());
    let row = only_row(call, client).await.map_err(|error| Fault::from_driver(&error, Stage::Running))?;
    let Some(row) = row else { return Ok(Found::Nothing) };
    let bytes = |index: usize| row.try_get::<&[u8], _>(index).ok().flatten();
    Ok(match (bytes(0), bytes(1)) {
        (Some(request), _) if request != idempotency.request.as_bytes() => Found::OtherRequest,
        (Some(_), Some(answer)) => Found::Answer(answer.to_vec()),
        (Some(_) | None, _) => Found::Unanswered,
    })
}

/// Deletes a batch of expired rows and says how many.
///
/// # Errors
/// Any fault.
pub(super) async fn delete_expired(client: &mut DriverClient) -> Result<u64, Fault> {
    let mut call = RemoteCall::new("sp_executesql");
    call.bind_param("@stmt", DELETE_EXPIRED);
    run(call, client).await
}

/// What a fault of one of these statements says of the table; None for any other.
pub(in crate::database) fn of_the_table(fault: &Fault) -> Option<IdempotencyFailure> {
    match fault.number {
        Some(208) => Some(IdempotencyFailure::NoTable),
        Some(229 | 230) => Some(IdempotencyFailure::NoRight),
        _ => None,
    }
}

fn statement<'a>(text: &'static str, declarations: &'static str) -> RemoteCall<'a> {
    let mut call = RemoteCall::new("sp_executesql");
    call.bind_param("@stmt", text);
    call.bind_param("@params", declarations);
    call
}

/// The first row of a reply, which is read to its end.
async fn only_row(
    call: RemoteCall<'_>,
    client: &mut DriverClient,
) -> Result<Option<Row>, tiberius::error::Error> {
    let mut reply = call.exec(client).await?;
    let mut first = None;
    while let Some(item) = reply.try_next().await? {
        if let CommandItem::Row(row) = item {
            first.get_or_insert(row);
        }
    }
    Ok(first)
}

/// Runs a statement without result sets; the rows that it changed.
async fn run(call: RemoteCall<'_>, client: &mut DriverClient) -> Result<u64, Fault> {
    let run = async { call.exec(client).await?.into_command_result().await };
    let result = run.await.map_err(|error| Fault::from_driver(&error, Stage::Running))?;
    Ok(result.rows_affected().iter().sum())
}
