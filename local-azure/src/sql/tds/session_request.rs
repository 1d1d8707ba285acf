//! A request of a session, read: what it asks for, and what faults select it by.

use super::packet::{Message, PacketType};
use super::request::{TransactionRequest, batch_text};
use super::rpc::{self, Call, Procedure};
use super::type_info::RequestError;
use crate::sql::faults::RequestKind;
use crate::sql::reply::SqlError;
use crate::sql::tds::bytes::Malformed;
use crate::sql::types::Value;

/// What a session is asked to do.
pub(super) enum SessionRequest {
    Batch(String),
    Calls(Vec<Call>),
    Transaction(TransactionRequest),
}

impl SessionRequest {
    pub(super) fn parse(message: &Message) -> Result<Self, RequestError> {
        match message.packet_type {
            PacketType::SqlBatch => Ok(Self::Batch(batch_text(&message.payload)?)),
            PacketType::Rpc => rpc::parse(&message.payload).map(Self::Calls),
            PacketType::TransactionManager => {
                TransactionRequest::parse(&message.payload).map(Self::Transaction)
            }
            PacketType::BulkLoad => Err(RequestError::Refused(SqlError::new(
                4834,
                "Bulk load (INSERT BULK) is not available in the local SQL endpoint. Insert the rows with INSERT statements.",
            ))),
            PacketType::Attention
            | PacketType::TabularResult
            | PacketType::FederatedToken
            | PacketType::Login7
            | PacketType::Sspi
            | PacketType::PreLogin => Err(Malformed("a packet of this type is not expected here").into()),
        }
    }

    /// Its kind, where faults can strike it: savepoints are never struck.
    pub(super) fn kind(&self) -> Option<RequestKind> {
        match self {
            Self::Batch(text) if is_commit(text) => Some(RequestKind::Commit),
            Self::Batch(_) | Self::Calls(_) => Some(RequestKind::Statement),
            Self::Transaction(TransactionRequest::Begin(_)) => Some(RequestKind::Begin),
            Self::Transaction(TransactionRequest::Commit { .. }) => Some(RequestKind::Commit),
            Self::Transaction(TransactionRequest::Rollback { .. }) => Some(RequestKind::Rollback),
            Self::Transaction(TransactionRequest::Save { .. }) => None,
        }
    }

    /// The text that faults look at: the batch, the statements of calls (for a procedure its name), or the word.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Batch(text) => text.clone(),
            Self::Calls(calls) => calls.iter().map(text_of_call).collect::<Vec<_>>().join("\n"),
            Self::Transaction(TransactionRequest::Begin(_)) => "BEGIN".to_owned(),
            Self::Transaction(TransactionRequest::Commit { .. }) => "COMMIT".to_owned(),
            Self::Transaction(TransactionRequest::Rollback { .. }) => "ROLLBACK".to_owned(),
            Self::Transaction(TransactionRequest::Save { .. }) => "SAVE".to_owned(),
        }
    }
}

fn text_of_call(call: &Call) -> String {
    let text_at = |place: usize| match call.arguments.get(place).map(|argument| &argument.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    match &call.procedure {
        Procedure::Named(name) => name.clone(),
        Procedure::ExecuteSql => text_at(0).unwrap_or_default(),
        // @handle, @params, @stmt.
        Procedure::Prepare | Procedure::PrepareAndExecute => text_at(2).unwrap_or_default(),
        Procedure::Execute => "sp_execute".to_owned(),
        Procedure::Unprepare => "sp_unprepare".to_owned(),
    }
}

/// Whether a batch is COMMIT and nothing else: alone, or with TRAN, TRANSACTION (and a name) or WORK.
fn is_commit(text: &str) -> bool {
    let text = text.trim().trim_end_matches(';');
    let mut words = text.split_whitespace();
    let is = |word: Option<&str>, wanted: &[&str]| {
        word.is_some_and(|word| wanted.iter().any(|wanted| word.eq_ignore_ascii_case(wanted)))
    };
    if !is(words.next(), &["COMMIT"]) {
        return false;
    }
    match words.next() {
        None => true,
        second if is(second, &["WORK"]) => words.next().is_none(),
        second if is(second, &["TRAN", "TRANSACTION"]) => {
            words.next().is_none_or(|name| !name.contains(';')) && words.next().is_none()
        }
        Some(_) => false,
    }
}
