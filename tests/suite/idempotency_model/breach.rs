//! The protocol broken on purpose, by sessions of the SQL endpoint that do another thing than the statement they are sent.
//! The library can't break it itself: it has no switch for that.

use std::sync::Arc;

use azsql_worker::database::idempotency::SCRIPT;
use local_azure::sql::engine::{self, Argument, Database, Isolation, Login};
use local_azure::sql::reply::{ReplySink, SqlError, StatementKind, Stopped, TransactionChange};
use local_azure::sql::tds::session::{Cancel, Session};
use local_azure::sql::types::{Column, SqlType, Value};

use super::schedule::{CLAIM, RECORD};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    /// The claim only looks whether the key is there. The row comes with the record, and nothing refuses a second.
    LookUpInsteadOfClaim,
    /// The claim only looks too; the row comes in a transaction of its own once the effect is committed.
    ClaimAfterEffect,
    /// The claim is committed at once, in a transaction of its own.
    ClaimCommittedFirst,
}

impl Breach {
    /// The script of the table of keys. What only looks has no primary key to save it.
    pub(super) fn table(breach: Option<Self>) -> String {
        match breach {
            None | Some(Self::ClaimCommittedFirst) => SCRIPT.to_owned(),
            Some(Self::LookUpInsteadOfClaim | Self::ClaimAfterEffect) => {
                let without = SCRIPT.replace("CONSTRAINT PK_AzsqlIdempotency PRIMARY KEY", "");
                assert_ne!(without, SCRIPT, "the script names its primary key otherwise");
                without
            }
        }
    }

    /// A session that breaks the protocol.
    pub(super) fn session(
        self,
        database: &Arc<Database>,
        login: Login,
    ) -> Result<Box<dyn Session>, SqlError> {
        let aside = database.session(login.clone())?;
        let inner = database.session(login)?;
        Ok(Box::new(Broken { breach: self, inner, aside, put_off: Vec::new() }))
    }
}

/// A statement with its parameters.
struct Statement {
    text: String,
    declarations: String,
    arguments: Vec<Argument>,
}

impl Statement {
    fn run(&self, session: &mut engine::Session, reply: &mut dyn ReplySink) {
        session.execute_sql(&self.text, &self.declarations, &self.arguments, reply);
    }
}

struct Broken {
    breach: Breach,
    inner: engine::Session,
    /// For what happens outside of the transaction.
    aside: engine::Session,
    /// What is still to be done for the key.
    put_off: Vec<Statement>,
}

impl Broken {
    fn is_taken(&mut self, claim: &Statement) -> bool {
        let look = Statement {
            text: "SELECT 1 AS one FROM dbo.AzsqlIdempotency WHERE Id = @id".to_owned(),
            declarations: claim.declarations.clone(),
            arguments: claim.arguments.clone(),
        };
        let mut rows = Quiet::default();
        look.run(&mut self.aside, &mut rows);
        rows.rows > 0
    }

    fn claim(&mut self, claim: Statement, reply: &mut dyn ReplySink) {
        if self.breach == Breach::ClaimCommittedFirst {
            claim.run(&mut self.aside, reply);
        } else if self.is_taken(&claim) {
            reply.error(&SqlError::new(2627, "Violation of PRIMARY KEY constraint.").with_class(14));
            reply.done(StatementKind::Insert, None);
            reply.return_status(0);
        } else {
            self.put_off = vec![claim];
            reply.done(StatementKind::Insert, Some(1));
            reply.return_status(0);
        }
    }

    fn record(&mut self, record: Statement, reply: &mut dyn ReplySink) {
        match self.breach {
            Breach::ClaimCommittedFirst => record.run(&mut self.inner, reply),
            Breach::LookUpInsteadOfClaim => {
                for claim in self.put_off.drain(..) {
                    claim.run(&mut self.inner, &mut Quiet::default());
                }
                record.run(&mut self.inner, reply);
            }
            Breach::ClaimAfterEffect => {
                self.put_off.push(record);
                reply.done(StatementKind::Update, Some(1));
                reply.return_status(0);
            }
        }
    }
}

impl Session for Broken {
    fn cancel(&self) -> Cancel {
        Session::cancel(&self.inner)
    }

    fn batch(&mut self, text: &str, reply: &mut dyn ReplySink) {
        self.inner.batch(text, reply);
    }

    fn execute_sql(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) {
        let statement = Statement {
            text: text.to_owned(),
            declarations: declarations.to_owned(),
            arguments: arguments.to_vec(),
        };
        if text.contains(CLAIM) {
            self.claim(statement, reply);
        } else if text.contains(RECORD) {
            self.record(statement, reply);
        } else {
            statement.run(&mut self.inner, reply);
        }
    }

    fn call(&mut self, procedure: &str, arguments: &[Argument], reply: &mut dyn ReplySink) {
        self.inner.call(procedure, arguments, reply);
    }

    fn begin(&mut self, isolation: Isolation, reply: &mut dyn ReplySink) {
        self.put_off.clear();
        self.inner.begin(isolation, reply);
    }

    fn commit(&mut self, reply: &mut dyn ReplySink) {
        self.inner.commit(reply);
        for statement in self.put_off.drain(..) {
            statement.run(&mut self.aside, &mut Quiet::default());
        }
    }

    fn rollback(&mut self, savepoint: Option<&str>, reply: &mut dyn ReplySink) {
        self.put_off.clear();
        self.inner.rollback(savepoint, reply);
    }

    fn save(&mut self, savepoint: &str, reply: &mut dyn ReplySink) {
        self.inner.save(savepoint, reply);
    }

    fn reset(&mut self, keep_transaction: bool) {
        self.inner.reset(keep_transaction);
    }
}

/// Takes an answer that nobody gets.
#[derive(Default)]
struct Quiet {
    rows: usize,
}

impl ReplySink for Quiet {
    fn columns(&mut self, _: &[Column]) -> Result<(), Stopped> {
        Ok(())
    }

    fn row(&mut self, _: &[Value]) -> Result<(), Stopped> {
        self.rows += 1;
        Ok(())
    }

    fn done(&mut self, _: StatementKind, _: Option<u64>) {}
    fn error(&mut self, _: &SqlError) {}
    fn info(&mut self, _: &SqlError) {}
    fn transaction(&mut self, _: TransactionChange) {}
    fn output(&mut self, _: &str, _: SqlType, _: &Value) {}
    fn return_status(&mut self, _: i32) {}
}
