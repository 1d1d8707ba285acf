//! Takes the steps of one try on a connection, in the order that `steps.rs` gives.

use super::Command;
use super::connect::Connection;
use super::execute::{TryError, execute};
use super::faults::{Fault, FaultClass};
use super::idempotency::{self, Claim, Found, Idempotency, IdempotencyFailure, LONGEST_ANSWER};
use super::session_context;
use super::sink::ResultSink;
use super::steps::{End, Next, Outcome, Sequence, Step, Stored};
use super::transaction;

/// SQL error 266: code that was called left more or fewer transactions open than it found.
const TRANSACTION_COUNT_MISMATCH: u32 = 266;

const MANAGES_TRANSACTIONS: &str = "A procedure that the command calls begins or ends a transaction that isn't its own: let it \
                                    end what it begins and nothing else, or set \"transaction\": \"none\".";

/// One try under way.
pub(super) struct Stepping<'a> {
    command: &'a Command,
    sequence: Sequence,
    /// The step that is on its way; None before the first.
    step: Option<Step>,
    has_claimed: bool,
}

/// How a try failed.
pub(super) struct Failed {
    /// Why, with the class that the fault has for the unit of work as a whole.
    pub(super) error: TryError,
    /// Whether the connection may serve the next caller: every reply was read to its end and no transaction is open.
    pub(super) is_clean: bool,
    /// Whether the connection itself broke, as all do in a failover.
    pub(super) is_broken: bool,
    /// Whether the session's token has ended, and so all that it opened.
    pub(super) is_ended_token: bool,
}

impl<'a> Stepping<'a> {
    pub(super) fn new(command: &'a Command) -> Self {
        let sequence = Sequence::new(command.unit, command.may_leave_transaction);
        Self { command, sequence, step: None, has_claimed: false }
    }

    /// Whether anything of the command itself may be on its way.
    pub(super) fn is_command_sent(&self) -> bool {
        !matches!(self.step, None | Some(Step::Begin))
    }

    /// Whether the idempotency key was claimed: no earlier run of the same request was committed, nor can it be any more.
    pub(super) fn has_claimed(&self) -> bool {
        self.has_claimed
    }

    /// Whether nothing of the command remains when the connection ends now.
    pub(super) fn is_undone(&self) -> bool {
        self.step.is_none_or(|step| self.sequence.is_undone_at(step))
    }

    /// Takes all steps. The answer may leave when this says Ok, and not before.
    pub(super) async fn run(
        &mut self,
        connection: &mut Connection,
        sink: &mut dyn ResultSink,
    ) -> Result<(), Failed> {
        self.prepare(connection).await?;
        let mut step = self.sequence.first();
        let mut failed: Option<Failed> = None;
        loop {
            self.step = Some(step);
            let outcome = match self.take(step, connection, sink).await {
                Ok(outcome) => {
                    self.has_claimed |= step == Step::Claim && outcome == Outcome::Done;
                    if let Some(failed) = failed.as_mut().filter(|_| step == Step::Rollback) {
                        failed.is_clean = true;
                    }
                    outcome
                }
                Err(error) => {
                    let trouble = error.trouble();
                    match failed.as_mut().filter(|_| step == Step::Rollback) {
                        // Why there was something to roll back is what the caller wants to know.
                        Some(before) => {
                            before.is_clean = false;
                            before.is_broken |= error.is_broken_connection();
                        }
                        None => failed = Some(Self::failed(error)),
                    }
                    Outcome::Failed(trouble)
                }
            };
            match self.sequence.after(step, outcome) {
                Next::Step(next) => step = next,
                Next::End(End::Acknowledged) => return Ok(()),
                Next::End(End::Replayed) => {
                    tracing::info!("the idempotency key had its answer already");
                    return Ok(());
                }
                Next::End(End::Failed(class)) => {
                    return Err(failed.map_or_else(no_reason, |failed| failed.with_class(class)));
                }
                Next::End(End::OtherRequest) => {
                    return Err(told_by_key(IdempotencyFailure::OtherRequest, failed));
                }
                Next::End(End::InProgress) => {
                    return Err(told_by_key(IdempotencyFailure::InProgress, failed));
                }
                Next::End(End::Unanswered) => {
                    return Err(told_by_key(IdempotencyFailure::Unanswered, failed));
                }
            }
        }
    }

    /// What the session needs before anything of the command is sent.
    async fn prepare(&self, connection: &mut Connection) -> Result<(), Failed> {
        if self.command.unit.transaction().is_none() {
            let reset = transaction::reset_isolation(connection).await;
            reset.map_err(|error| Self::failed(error.before_the_command()))?;
        }
        if !self.command.session_context.is_empty() {
            let set = session_context::set(&mut connection.client, &self.command.session_context).await;
            set.map_err(Self::failed)?;
        }
        Ok(())
    }

    async fn take(
        &self,
        step: Step,
        connection: &mut Connection,
        sink: &mut dyn ResultSink,
    ) -> Result<Outcome, TryError> {
        match step {
            Step::Begin => {
                let isolation = self.command.unit.transaction().unwrap_or_default();
                transaction::begin(connection, isolation).await?;
            }
            Step::Run => self.run_command(connection, sink).await?,
            Step::Commit => transaction::commit(connection).await?,
            Step::Rollback => transaction::roll_back(connection).await?,
            Step::Claim | Step::Record | Step::LookUp => {
                let Some(idempotency) = &self.command.idempotency else { return Err(without_key()) };
                return Box::pin(take_with_key(step, idempotency, connection, sink)).await;
            }
        }
        Ok(Outcome::Done)
    }

    async fn run_command(
        &self,
        connection: &mut Connection,
        sink: &mut dyn ResultSink,
    ) -> Result<(), TryError> {
        let result = execute(&mut connection.client, self.command, sink).await;
        let has_mismatch = result.as_ref().is_err_and(tells_count_mismatch);
        if !has_mismatch && (result.is_err() || !self.command.may_leave_transaction) {
            return result;
        }
        let ours = i32::from(self.command.unit.transaction().is_some());
        match transaction::open_transactions(&mut connection.client).await? {
            open if open == ours => result.map_err(with_cure),
            open if open < ours => Err(TryError::EndedTransaction),
            _ => Err(TryError::OpenTransaction),
        }
    }

    fn failed(error: TryError) -> Failed {
        Failed {
            is_clean: error.trouble().readable,
            is_broken: error.is_broken_connection(),
            is_ended_token: error.is_ended_token(),
            error,
        }
    }
}

impl Failed {
    fn with_class(mut self, class: FaultClass) -> Self {
        if let TryError::Fault(fault) = &mut self.error {
            fault.class = class;
            // The next try connects afresh, as the service's documentation advises.
            self.is_clean &= class == FaultClass::Permanent;
        }
        self
    }
}

/// The steps of a key.
async fn take_with_key(
    step: Step,
    idempotency: &Idempotency,
    connection: &mut Connection,
    sink: &mut dyn ResultSink,
) -> Result<Outcome, TryError> {
    match step {
        Step::Claim => {
            match idempotency::claim(&mut connection.client, idempotency).await.map_err(of_table)? {
                Claim::Claimed => Ok(Outcome::Done),
                Claim::Taken => Ok(Outcome::Taken),
                Claim::Held => Ok(Outcome::Held),
            }
        }
        Step::Record => {
            let answer = sink.answer_to_store().map_err(TryError::Answer)?;
            if answer.len() > LONGEST_ANSWER {
                return Err(TryError::Idempotency(IdempotencyFailure::AnswerTooLong));
            }
            let recorded = idempotency::record(&mut connection.client, idempotency, &answer).await;
            if recorded.map_err(of_table)? {
                Ok(Outcome::Done)
            } else {
                Err(TryError::Idempotency(IdempotencyFailure::RowGone))
            }
        }
        _ => {
            // At another level the session would read what isn't committed, or keep locks.
            transaction::reset_isolation(connection).await?;
            let found = idempotency::look_up(&mut connection.client, idempotency).await.map_err(of_table)?;
            Ok(Outcome::Found(match found {
                Found::Answer(stored) => {
                    let unreadable = |_| TryError::Idempotency(IdempotencyFailure::Unreadable);
                    sink.replay(&stored).map_err(unreadable)?;
                    Stored::Answer
                }
                Found::OtherRequest => Stored::OtherRequest,
                Found::Unanswered => Stored::Unanswered,
                Found::Nothing => Stored::Nothing,
            }))
        }
    }
}

/// What a fault of a statement on the keys' table means.
fn of_table(fault: Fault) -> TryError {
    match idempotency::of_the_table(&fault) {
        Some(failure) => TryError::Idempotency(failure),
        None => TryError::Fault(fault),
    }
}

/// The end that a key's row tells. The connection is in order unless a step failed on it.
fn told_by_key(failure: IdempotencyFailure, failed: Option<Failed>) -> Failed {
    match failed {
        Some(failed) => Failed { error: TryError::Idempotency(failure), ..failed },
        None => Failed {
            error: TryError::Idempotency(failure),
            is_clean: true,
            is_broken: false,
            is_ended_token: false,
        },
    }
}

fn without_key() -> TryError {
    TryError::Fault(Fault::without_number(FaultClass::Permanent, "the command has no idempotency key"))
}

/// An end that no failed step led to: there is none.
fn no_reason() -> Failed {
    Failed { error: without_key(), is_clean: false, is_broken: false, is_ended_token: false }
}

/// The server raises 266 whenever what it ran left more or fewer transactions open than it found: which of the two, the count tells.
fn tells_count_mismatch(error: &TryError) -> bool {
    matches!(error, TryError::Fault(fault) if fault.connection_usable && fault.number == Some(TRANSACTION_COUNT_MISMATCH))
}

fn with_cure(error: TryError) -> TryError {
    match error {
        TryError::Fault(fault) if fault.number == Some(TRANSACTION_COUNT_MISMATCH) => {
            TryError::Fault(Fault { cure: Some(MANAGES_TRANSACTIONS), ..fault })
        }
        other => other,
    }
}
