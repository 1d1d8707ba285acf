//! One login of our own, beside every pool, and questions to the server over it.

use std::time::Duration;

use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::Place;
use crate::database::Unit;
use crate::database::connect::{DriverClient, driver_config, open_stream};
use crate::database::execute::{TryError, execute};
use crate::database::faults::{Fault, FaultClass, OwnRetryLimits, Stage};
use crate::database::{Cell, Command, ConnectionSettings, ResultColumn, ResultSink, SinkError};
use crate::identity::Token;
use crate::invocation::{Length, Parameter, SqlType, SqlValue};

/// A host name has no more bytes in text (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 253;
/// No answer that we ask for has more rows.
const MOST_ROWS: usize = 16;
/// No text in one is longer: names have 128 characters.
const LONGEST_TEXT: usize = 256;

/// How a login ended.
pub(crate) enum Login {
    /// It succeeded.
    In(Box<Session>),
    /// The server says where to log in instead.
    Elsewhere(Place),
    /// It failed.
    Refused(Fault),
}

/// An open session. Dropping it closes the connection.
pub(crate) struct Session {
    client: DriverClient,
}

/// Logs in at `place`, which is the server of `settings` or where it sent us. No redirect is followed.
pub(crate) async fn log_in(
    settings: &ConnectionSettings,
    authorities: Option<&[u8]>,
    place: &Place,
    token: Option<&Token>,
) -> Login {
    let stream = match open_stream(&place.host, place.port).await {
        Ok(stream) => stream,
        Err(error) => return Login::Refused(Fault::io(error.kind(), Stage::Opening)),
    };
    let config = driver_config(settings, authorities, &place.host, place.port, token);
    match tiberius::Client::connect(config, stream.compat_write()).await {
        Ok(client) => Login::In(Box::new(Session { client })),
        Err(tiberius::error::Error::Routing { host, .. }) if host.len() > LONGEST_NAME => {
            Login::Refused(Fault::without_number(
                FaultClass::Permanent,
                "the server sends the login to what can't be a name",
            ))
        }
        Err(tiberius::error::Error::Routing { host, port }) => Login::Elsewhere(Place { host, port }),
        Err(error) => Login::Refused(Fault::from_driver(&error, Stage::Opening)),
    }
}

/// The rows of an answer, each value as text; None is NULL.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

impl Session {
    /// Runs a text of our own with these values, each an `nvarchar(4000)`, and reads the reply to its end.
    ///
    /// # Errors
    /// What the server or the driver says, or that `bound` was over; after which the session must not be used, since the
    /// rest of the reply may still come.
    pub(crate) async fn ask(
        &mut self,
        text: &str,
        values: &[(&str, &str)],
        bound: Duration,
    ) -> Result<Rows, Fault> {
        let sql_type = SqlType::NVarChar(Length::Limit(4000));
        let declarations: Vec<_> = values.iter().map(|(name, _)| format!("{name} {sql_type}")).collect();
        let parameter = |(name, value): &(&str, &str)| Parameter {
            name: (*name).to_owned(),
            sql_type,
            value: SqlValue::Text((*value).to_owned()),
        };
        let command = Command {
            text: text.into(),
            declarations: declarations.join(", ").into(),
            parameters: values.iter().map(parameter).collect(),
            unit: Unit::Repeatable,
            idempotency: None,
            may_leave_transaction: false,
            leaves_session_state: false,
            session_context: Vec::new(),
            own_retry_limits: OwnRetryLimits::default(),
        };
        let mut sink = TextSink::default();
        match tokio::time::timeout(bound, execute(&mut self.client, &command, &mut sink)).await {
            Ok(Ok(())) => Ok(sink.rows),
            Ok(Err(TryError::Fault(fault))) => Err(fault),
            Ok(Err(_)) => Err(Fault::without_number(FaultClass::Unknown, "the answer could not be read")),
            Err(_) => Err(Fault::io(std::io::ErrorKind::TimedOut, Stage::Running)),
        }
    }
}

/// Keeps an answer as texts.
#[derive(Default)]
struct TextSink {
    rows: Rows,
}

impl ResultSink for TextSink {
    fn columns(&mut self, _columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        if self.rows.len() >= MOST_ROWS {
            return Err(SinkError::Form("more rows than were asked for".to_owned()));
        }
        self.rows.push(Vec::new());
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        let text = match cell {
            Cell::Null => None,
            Cell::Bit(value) => Some(i32::from(value).to_string()),
            Cell::Integer(value) => Some(value.to_string()),
            Cell::BigInt(value) => Some(value.to_string()),
            Cell::Decimal(value) => Some(value.to_string()),
            Cell::Real(value) => Some(value.to_string()),
            Cell::Float(value) => Some(value.to_string()),
            Cell::Text(value) => Some(value.chars().take(LONGEST_TEXT).collect()),
            Cell::Binary(value) => Some(format!("{} bytes", value.len())),
            Cell::UniqueIdentifier(value) => Some(value.to_string()),
            Cell::Date(value) => Some(value.to_string()),
            Cell::Time { value, .. } => Some(value.to_string()),
            Cell::DateTime { value, .. } => Some(value.format("%Y-%m-%dT%H:%M:%S%.f").to_string()),
            Cell::DateTimeOffset { value, .. } => Some(value.to_rfc3339()),
        };
        if let Some(row) = self.rows.last_mut() {
            row.push(text);
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn rows_affected(&mut self, _count: u64) {}

    fn restart(&mut self) -> bool {
        self.rows.clear();
        true
    }
}
