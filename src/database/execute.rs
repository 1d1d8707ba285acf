//! A command on one connection: sent by name through `sp_executesql`, results pushed into the sink.

use futures_util::TryStreamExt;
use tiberius::{Column, ColumnData, Command as RemoteCall, CommandItem, CommandStream};

use super::connect::DriverClient;
use super::faults::{Fault, FaultClass, Stage};
use super::idempotency::IdempotencyFailure;
use super::metrics::DiscardCause;
use super::sink::{ResultColumn, ResultSink, SinkError};
use super::steps::Trouble;
use super::values::{ReadError, bare_type, to_cell, to_driver};
use super::{Command, Failure};

/// Why a try ended early.
#[derive(Debug)]
pub(super) enum TryError {
    /// The server or the way to it.
    Fault(Fault),
    /// The results don't fit what the definition declares; the rest of the reply stands on the wire.
    Sink(SinkError),
    /// The same, seen when the reply had been read to its end.
    Answer(SinkError),
    /// A value that can't be read truly.
    Read(ReadError),
    /// The command began a transaction and didn't end it.
    OpenTransaction,
    /// The command ended the transaction of ours that it ran in.
    EndedTransaction,
    /// The idempotency key.
    Idempotency(IdempotencyFailure),
}

impl TryError {
    /// Whether the connection itself broke, as all do in a failover. A fault before the command is of the class `Opening`
    /// whatever it is: what the server said on a connection that still works, or of one session's token, is no break.
    pub(super) fn is_broken_connection(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.distrusts_all_connections(),
            Self::Sink(_)
            | Self::Answer(_)
            | Self::Read(_)
            | Self::OpenTransaction
            | Self::EndedTransaction
            | Self::Idempotency(_) => false,
        }
    }

    /// Whether the session's token has ended, and so all that it opened.
    pub(super) fn is_ended_token(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.is_ended_token())
    }

    /// Why its connection leaves the pool, when it does.
    pub(super) fn discard_cause(&self) -> DiscardCause {
        match self {
            Self::OpenTransaction | Self::EndedTransaction => DiscardCause::OpenTransaction,
            Self::Fault(_) if self.is_ended_token() => DiscardCause::TokenEnded,
            Self::Fault(_) | Self::Sink(_) | Self::Answer(_) | Self::Read(_) | Self::Idempotency(_) => {
                DiscardCause::Fault
            }
        }
    }

    /// What it means for the steps of a try.
    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Self::Fault(fault) => Trouble { class: fault.class, readable: fault.connection_usable },
            // The rest of the reply stands on the wire.
            Self::Sink(_) | Self::Read(_) => Trouble { class: FaultClass::Permanent, readable: false },
            Self::Answer(_) | Self::OpenTransaction | Self::EndedTransaction | Self::Idempotency(_) => {
                Trouble { class: FaultClass::Permanent, readable: true }
            }
        }
    }

    /// The same, told of a command of which nothing was sent: whatever broke or ended the session, another one may do.
    pub(super) fn before_the_command(self) -> Self {
        match self {
            Self::Fault(fault) if fault.class != FaultClass::Permanent => {
                Self::Fault(Fault { class: FaultClass::Opening, ..fault })
            }
            other => other,
        }
    }
}

impl From<tiberius::error::Error> for TryError {
    fn from(error: tiberius::error::Error) -> Self {
        Self::Fault(Fault::from_driver(&error, Stage::Running))
    }
}

impl From<TryError> for Failure {
    fn from(error: TryError) -> Self {
        match error {
            TryError::Fault(fault) => Self::Fault(fault),
            TryError::Sink(SinkError::TooLarge { limit })
            | TryError::Answer(SinkError::TooLarge { limit }) => Self::AnswerTooLarge { limit },
            TryError::Sink(error) | TryError::Answer(error) => Self::Results(error.to_string()),
            TryError::Read(error) => Self::Results(error.to_string()),
            TryError::OpenTransaction => Self::OpenTransaction,
            TryError::EndedTransaction => Self::EndedTransaction,
            TryError::Idempotency(failure) => Self::Idempotency(failure),
        }
    }
}

/// Runs the command and reads its reply to the end. An error in the middle of the reply is told when the rest has come: statements
/// after it may have run (RAISERROR ends nothing), and the first error is the one that tells why.
pub(super) async fn execute(
    client: &mut DriverClient,
    command: &Command,
    sink: &mut dyn ResultSink,
) -> Result<(), TryError> {
    let mut call = RemoteCall::new("sp_executesql");
    call.bind_param("@stmt", &*command.text);
    if !command.parameters.is_empty() {
        call.bind_param("@params", &*command.declarations);
        for parameter in &command.parameters {
            call.bind_param(parameter.name.as_str(), to_driver(parameter.sql_type, &parameter.value));
        }
    }
    read(call.exec(client).await?, sink).await
}

async fn read(mut reply: CommandStream<'_>, sink: &mut dyn ResultSink) -> Result<(), TryError> {
    // The count that ends a result set is not a number of changed rows.
    let mut in_result_set = false;
    while let Some(item) = reply.try_next().await? {
        match item {
            CommandItem::Metadata(metadata) => {
                in_result_set = true;
                let columns: Vec<ResultColumn<'_>> = metadata.columns().iter().map(result_column).collect();
                sink.columns(&columns).map_err(TryError::Sink)?;
            }
            CommandItem::Row(row) => {
                sink.begin_row().map_err(TryError::Sink)?;
                for (column, data) in row.cells() {
                    push_cell(column, data, sink)?;
                }
                sink.end_row().map_err(TryError::Sink)?;
                if sink.is_full() {
                    sink.flush().await.map_err(TryError::Sink)?;
                }
            }
            CommandItem::RowsAffected(_) if in_result_set => in_result_set = false,
            CommandItem::RowsAffected(count) => sink.rows_affected(count),
            CommandItem::ReturnStatus(_) | CommandItem::ReturnValue(_) => {}
        }
    }
    sink.complete().map_err(TryError::Answer)
}

fn result_column(column: &Column) -> ResultColumn<'_> {
    ResultColumn { name: column.name(), bare_type: bare_type(column.column_type()) }
}

fn push_cell(column: &Column, data: &ColumnData<'_>, sink: &mut dyn ResultSink) -> Result<(), TryError> {
    let cell = to_cell(data, column.column_type(), column.name()).map_err(TryError::Read)?;
    sink.cell(cell).map_err(TryError::Sink)
}

#[cfg(test)]
mod tests {
    use super::super::faults::SESSION_TOKEN_EXPIRED;
    use super::*;

    fn before_the_command(number: Option<u32>, connection_usable: bool) -> TryError {
        let fault = Fault::without_number(FaultClass::Opening, "a fault while the session was told");
        TryError::Fault(Fault { number, connection_usable, ..fault })
    }

    #[test]
    fn only_a_fault_that_breaks_the_connection_tells_of_all_others() {
        assert!(before_the_command(None, false).is_broken_connection());
        assert!(!before_the_command(Some(10928), true).is_broken_connection(), "the server was busy");
        assert!(!before_the_command(Some(SESSION_TOKEN_EXPIRED), false).is_broken_connection());
        let unknown = Fault::without_number(FaultClass::Unknown, "the connection broke");
        assert!(TryError::Fault(unknown).is_broken_connection());
    }
}
