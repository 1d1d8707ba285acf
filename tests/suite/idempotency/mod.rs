//! Idempotency keys: the effect happens once, and every repeat gets the first answer.
//!
//! Every key here holds the canary, so that [`Desk::finish`] finds a key that was written anywhere.

mod answers;
mod calls;
mod interrupted;
mod messages;
mod table;

use serde_json::json;

use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk};

/// The table of keys stands in the sample database.
const SEED: &str = "CREATE TABLE dbo.Payments (Id int IDENTITY PRIMARY KEY, Amount int NOT NULL);";
const PAYMENTS: &str = "SELECT COUNT(*) FROM dbo.Payments";
const KEYS: &str = "SELECT COUNT(*) FROM dbo.AzsqlIdempotency";
const PAY: &str = "IF @amount > 1000 THROW 50422, 'That is too much.', 1;
    INSERT INTO dbo.Payments (Amount) OUTPUT inserted.Id, inserted.Amount VALUES (@amount)";

/// A function that pays once for each key.
fn pay(name: &str, route: &str) -> FunctionFolder {
    let sql = json!({
        "idempotencyKey": "query.key",
        "parameters": { "@amount": { "from": "query.amount", "type": "int", "required": true } },
        "result": "row",
        "status": 201,
    });
    FunctionFolder::http(name, "get", route, sql, PAY)
}

async fn desk() -> Desk {
    Desk::builder().seed(SEED).function(pay("Pay", "pay")).function(pay("PayAgain", "again")).start().await
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}
