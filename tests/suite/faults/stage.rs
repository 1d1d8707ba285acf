//! One function of each unit of work, and how a case is played on it.

use local_azure::sql::faults::Fault;
use serde_json::{Value as Json, json};

use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk, eventually};

/// No key: what happens twice is there twice.
const SEED: &str = "CREATE TABLE dbo.Effects (Id int NOT NULL, Part int NOT NULL);";

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A read that says so.
    Repeatable,
    /// One INSERT.
    SingleStatement,
    /// Two INSERTs in the worker's transaction.
    Transaction,
    /// Two INSERTs in the worker's transaction, which claims an idempotency key first.
    Keyed,
    /// Two INSERTs that manage no transaction of their own, and have none: each is committed by itself.
    OnItsOwn,
}

impl Kind {
    fn function(self) -> FunctionFolder {
        const INSERT: &str = "INSERT INTO dbo.Effects (Id, Part) VALUES (@id, 1)";
        let id = json!({ "@id": { "from": "body.id", "type": "int" } });
        let both = format!("{INSERT}; INSERT INTO dbo.Effects (Id, Part) VALUES (@id, 2)");
        let (sql, command) = match self {
            Self::Repeatable => (
                json!({ "result": "value", "repeatable": true, "parameters": id }),
                "SELECT COUNT(*) FROM dbo.Effects WHERE Id = @id".to_owned(),
            ),
            Self::SingleStatement => {
                (json!({ "result": "rowsAffected", "parameters": id }), INSERT.to_owned())
            }
            Self::Transaction => (json!({ "result": "rowsAffected", "parameters": id }), both),
            Self::Keyed => {
                (json!({ "result": "rowsAffected", "parameters": id, "idempotencyKey": "body.key" }), both)
            }
            Self::OnItsOwn => {
                (json!({ "result": "rowsAffected", "parameters": id, "transaction": "none" }), both)
            }
        };
        FunctionFolder::http("Work", "post", "work", sql, &command)
    }

    /// The rows that one run leaves.
    fn parts(self) -> i32 {
        match self {
            Self::Repeatable => 0,
            Self::SingleStatement => 1,
            Self::Transaction | Self::Keyed | Self::OnItsOwn => 2,
        }
    }
}

/// What the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It happened.
    Done,
    /// It did not happen, or was no write: a problem of this status and kind.
    Failed(u16, &'static str),
    /// Nobody knows.
    Unknown,
}

/// A row of the table.
pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) fault: Fault,
    pub(super) told: Told,
    /// Tries that failed.
    pub(super) failed_tries: usize,
    /// How often the whole effect is there in the end.
    pub(super) effects: i32,
}

/// A desk with one function, and the cases that were played on it.
pub(super) struct Stage {
    kind: Kind,
    desk: Desk,
    played: i32,
    failed_tries: usize,
}

impl Stage {
    pub(super) async fn new(kind: Kind) -> Self {
        let desk = Desk::builder().seed(SEED).function(kind.function()).start().await;
        Self { kind, desk, played: 0, failed_tries: 0 }
    }

    /// Plays each case with an id of its own; then nothing of any case may have changed any more.
    pub(super) async fn play(mut self, cases: Vec<Case>) {
        let expected: Vec<(i32, i32)> = cases.iter().zip(1..).map(|(case, id)| (id, case.effects)).collect();
        for case in cases {
            self.play_one(case).await;
        }
        for (id, effects) in expected {
            assert_eq!(
                self.rows(id).await,
                effects * self.kind.parts(),
                "case {id} at the end: {:?}",
                self.kind
            );
        }
        self.desk.finish().await;
    }

    async fn play_one(&mut self, case: Case) {
        self.played += 1;
        let (kind, what, id) = (self.kind, case.what, self.played);
        let armed = self.desk.sql().faults().arm(case.fault);

        let answer = self.desk.post("/api/work", &json!({ "id": id, "key": format!("CANARY-{id}") })).await;

        assert!(armed.struck() >= 1, "{kind:?}, {what}: the fault did not strike");
        self.desk.sql().faults().disarm(armed.id());
        check(&answer, case.told, &format!("{kind:?}, {what}"));
        self.failed_tries += case.failed_tries;
        let failed =
            |event: &Json| event["message"].as_str().is_some_and(|message| message.starts_with("try failed"));
        let tries = self.desk.events("failed tries", self.failed_tries, failed).await;
        assert_eq!(tries.len(), self.failed_tries, "{kind:?}, {what}: {:#?}", tries.last());
        // An orphan commits a little later, and nobody else gets at the database until then.
        eventually("the orphans' end", async || (self.desk.sql().faults().orphans() == 0).then_some(()))
            .await;
        let rows = case.effects * kind.parts();
        eventually(&format!("{rows} rows of {kind:?}, {what}"), async || {
            (self.rows(id).await == rows).then_some(())
        })
        .await;
    }

    async fn rows(&self, id: i32) -> i32 {
        self.desk.number(&format!("SELECT COUNT(*) FROM dbo.Effects WHERE Id = {id}")).await
    }
}

fn check(answer: &Answer, told: Told, what: &str) {
    let text = &answer.text;
    match told {
        Told::Done => assert_eq!(answer.status, 200, "{what}: {text}"),
        Told::Failed(status, kind) => {
            assert_eq!(answer.status, status, "{what}: {text}");
            answer.problem_for_caller(status, kind);
            assert_eq!(answer.header("retry-after").is_some(), status == 503, "{what}: {text}");
        }
        Told::Unknown => {
            assert_eq!(answer.status, 500, "{what}: {text}");
            answer.problem_for_caller(500, "outcome-unknown");
            assert_eq!(answer.header("retry-after"), None, "{what}: nothing invites a blind repeat");
        }
    }
}
