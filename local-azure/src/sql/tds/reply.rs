//! Turns what a session says into tokens, and tokens into packets on their way to the client.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::interrupt::Interrupt;
use super::outgoing::{Outgoing, Suffering};
use super::packet::Packets;
use super::token::{self, DoneKind, EnvironmentChange, done};
use crate::sql::faults::{CutBy, Faults, ReplyRecord};
use crate::sql::reply::{ReplySink, SqlError, StatementKind, Stopped, TransactionChange};
use crate::sql::types::{Column, Length, SqlType, Value, Variant};

/// From this severity on an error ends the connection.
pub const FATAL_CLASS: u8 = 20;

/// What kind of request is answered: it decides which DONE tokens there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A batch or a transaction request: DONE.
    Batch,
    /// A procedure call: DONEINPROC for each statement, DONEPROC at its end.
    Procedure,
}

/// A statement's end that is held back: the last one of a message says that nothing follows.
#[derive(Clone, Copy, Debug)]
struct HeldDone {
    kind: DoneKind,
    status: u16,
    command: u16,
    rows: u64,
}

/// An OUTPUT parameter that waits for the end of its call.
struct Output {
    ordinal: u16,
    name: String,
    sql_type: SqlType,
    value: Value,
}

/// Writes replies, one after the other. Lives as long as its connection.
pub(crate) struct ReplyWriter {
    packets: Packets,
    to_client: mpsc::Sender<Outgoing>,
    interrupt: Arc<Interrupt>,
    faults: Faults,
    answer: Answer,
    types: Vec<SqlType>,
    /// Whether the client said at login that it reads UTF-8.
    utf8_support: bool,
    scratch: Vec<u8>,
    held: Option<HeldDone>,
    /// An error came and the DONE of its statement did not yet.
    failed: bool,
    /// Any error came in this request.
    any_error: bool,
    in_transaction: bool,
    status: Option<i32>,
    outputs: Vec<Output>,
    parameters: Vec<(String, bool)>,
    fatal: bool,
    /// What a fault does to this answer, which also counts its bytes.
    suffering: Suffering,
    /// What is kept of this answer once it is whole.
    record: Option<ReplyRecord>,
    /// Nothing of what the session says is for the client.
    muted: bool,
    /// A fault has ended the connection.
    cut: bool,
    /// How many rows the client still gets.
    rows_left: Option<u64>,
    /// How deep procedures lie in each other that a batch calls.
    procedures: usize,
}

impl ReplyWriter {
    pub(crate) fn new(
        packets: Packets,
        to_client: mpsc::Sender<Outgoing>,
        interrupt: Arc<Interrupt>,
        faults: Faults,
        utf8_support: bool,
    ) -> Self {
        Self {
            packets,
            to_client,
            interrupt,
            faults,
            answer: Answer::Batch,
            types: Vec::new(),
            utf8_support,
            scratch: Vec::new(),
            held: None,
            failed: false,
            any_error: false,
            in_transaction: false,
            status: None,
            outputs: Vec::new(),
            parameters: Vec::new(),
            fatal: false,
            suffering: Suffering::default(),
            record: None,
            muted: false,
            cut: false,
            rows_left: None,
            procedures: 0,
        }
    }

    /// Whether the connection ends: by an error that was sent, or by a fault whose session isn't an orphan that still runs.
    pub(crate) fn is_over(&self) -> bool {
        self.fatal || (self.cut && !self.muted)
    }

    /// Whether a fault has ended the connection.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether an error was sent that ends the connection.
    pub(crate) fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Whether the client was told of a transaction that is still open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// The next answer is this one.
    pub(crate) fn keep_record(&mut self, record: ReplyRecord) {
        self.record = Some(record);
    }

    /// What happens to this answer on its way.
    pub(crate) fn suffer(&mut self, suffering: Suffering) {
        self.suffering = suffering;
    }

    /// The client gets no more than so many rows of this answer; the session is then told to stop.
    pub(crate) fn limit_rows(&mut self, rows: Option<u64>) {
        self.rows_left = rows;
    }

    /// From here on the client hears nothing.
    pub(crate) fn mute(&mut self) {
        self.muted = true;
    }

    /// From here on it hears all, and nothing of what was said meanwhile.
    pub(crate) fn unmute(&mut self) {
        self.muted = false;
        self.begin(self.answer);
        self.held = None;
    }

    /// The connection ends here, whatever was said.
    pub(crate) fn cut(&mut self, by: CutBy) {
        self.hand_over(Outgoing::Cut(by));
        self.cut = true;
    }

    /// Whether an error was sent since the request or call began.
    pub(crate) fn any_error(&self) -> bool {
        self.any_error
    }

    /// A request, or one call of several in a request, begins.
    pub(crate) fn begin(&mut self, answer: Answer) {
        self.answer = answer;
        self.types.clear();
        self.failed = false;
        self.any_error = false;
        self.status = None;
        self.outputs.clear();
        self.parameters.clear();
        self.procedures = 0;
    }

    /// A call's parameters in order, each with its name and whether it is OUTPUT; RETURNVALUE tells their place.
    pub(crate) fn set_parameters(&mut self, parameters: impl Iterator<Item = (String, bool)>) {
        self.parameters = parameters.collect();
    }

    /// One call ends and another follows in the same message.
    pub(crate) fn end_call(&mut self, more: bool) {
        let more = if more { done::MORE } else { 0 };
        match self.answer {
            Answer::Batch => {
                self.release_held();
                let status = more | self.state_bits();
                self.put(|out| token::put_done(out, DoneKind::Done, status, 0, 0));
            }
            Answer::Procedure => {
                if let Some(status) = self.status.or((!self.any_error).then_some(0)) {
                    self.put(|out| token::put_return_status(out, status));
                }
                let utf8_support = self.utf8_support;
                for output in std::mem::take(&mut self.outputs) {
                    self.put_fallible(|out| {
                        token::put_return_value(
                            out,
                            output.ordinal,
                            &output.name,
                            for_client(output.sql_type, utf8_support),
                            &value_for_client(&output.value, utf8_support),
                        )
                    });
                }
                let status = more | self.state_bits();
                self.put(|out| {
                    token::put_done(out, DoneKind::DoneProc, status, token::EXECUTE, 0);
                });
            }
        }
        self.failed = false;
    }

    /// The request ends. After an attention signal its reply is cut off without a DONE, and the answer to the signal is
    /// a message of its own (MS-TDS 4.19.2): tedious waits for two messages, and tiberius takes a DONE without the
    /// attention bit for the end of all. The packet that ends the cut message is empty for tiberius' sake too.
    pub(crate) fn end(&mut self) {
        if self.interrupt.is_raised() && !self.fatal {
            self.held = None;
            self.record = None;
            let mut out = Vec::new();
            self.packets.cut(&mut out);
            self.send(out, true);
            return;
        }
        match (self.answer, self.held.take()) {
            (Answer::Batch, Some(held)) if !self.failed => self.put(|out| {
                token::put_done(out, held.kind, held.status, held.command, held.rows);
            }),
            (Answer::Batch, held) => {
                self.held = held;
                self.end_call(false);
            }
            (Answer::Procedure, _) => self.end_call(false),
        }
        self.end_message();
    }

    /// Answers an attention signal.
    pub(crate) fn acknowledge_attention(&mut self) {
        self.interrupt.answered();
        let status = done::ATTENTION | self.transaction_bit();
        self.put(|out| token::put_done(out, DoneKind::Done, status, 0, 0));
        self.end_message();
    }

    /// Answers a request that was taken back or could not be read: one error or none, and the end.
    pub(crate) fn refuse(&mut self, error: Option<&SqlError>) {
        self.begin(Answer::Batch);
        if let Some(error) = error {
            self.error(error);
        } else {
            self.failed = true;
        }
        self.end();
    }

    /// The session was reset, as the request asked.
    pub(crate) fn acknowledge_reset(&mut self, keep_transaction: bool) {
        if !keep_transaction {
            self.in_transaction = false;
        }
        self.put(|out| {
            token::put_environment_change(out, &EnvironmentChange::ResetAcknowledged);
        });
    }

    fn end_message(&mut self) {
        let mut out = Vec::new();
        self.packets.end(&mut out);
        self.send(out, true);
    }

    fn transaction_bit(&self) -> u16 {
        if self.in_transaction { done::IN_TRANSACTION } else { 0 }
    }

    fn state_bits(&self) -> u16 {
        let mut bits = self.transaction_bit();
        if self.failed {
            bits |= done::ERROR;
        }
        if self.fatal {
            bits |= done::SERVER_ERROR;
        }
        bits
    }

    /// More follows the statement that ended last.
    fn release_held(&mut self) {
        if let Some(held) = self.held.take() {
            self.put(|out| {
                token::put_done(out, held.kind, held.status | done::MORE, held.command, held.rows);
            });
        }
    }

    fn put(&mut self, token: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        token(&mut bytes);
        self.write(&bytes);
        self.scratch = bytes;
    }

    /// Puts a token, or an error in its place if a value does not fit; true if the token was put.
    fn put_fallible<E: std::fmt::Display>(
        &mut self,
        token: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> bool {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        let result = token(&mut bytes);
        if result.is_ok() {
            self.write(&bytes);
        }
        self.scratch = bytes;
        if let Err(error) = result {
            self.error(&SqlError::new(
                8115,
                format!("Arithmetic overflow error: {error}; the local SQL endpoint can't send it."),
            ));
            return false;
        }
        true
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.muted {
            return;
        }
        let mut out = Vec::new();
        self.packets.write(bytes, &mut out);
        if !out.is_empty() {
            self.send(out, false);
        }
    }

    /// Waits while the client does not read: that is what holds a large reply back.
    fn send(&mut self, packets: Vec<u8>, last: bool) {
        if self.muted {
            return;
        }
        let pieces = self.suffering.put(packets, last);
        let is_cut = pieces.iter().any(|piece| matches!(piece, Outgoing::Cut(_)));
        if last {
            let bytes = std::mem::take(&mut self.suffering).bytes();
            // Before the client can have it all, so that whoever has it finds it.
            if let Some(record) = self.record.take().filter(|_| !is_cut) {
                self.faults.record_reply(ReplyRecord { bytes, ..record });
            }
        }
        for piece in pieces {
            self.hand_over(piece);
        }
        self.cut |= is_cut;
    }

    fn hand_over(&mut self, piece: Outgoing) {
        if !self.cut && self.to_client.blocking_send(piece).is_err() {
            self.interrupt.leave();
        }
    }

    fn check(&self) -> Result<(), Stopped> {
        if self.interrupt.is_raised() || self.is_over() { Err(Stopped) } else { Ok(()) }
    }
}

/// The type in which a value goes to the client. One that didn't say that it reads UTF-8 gets such text in UTF-16: so a SQL Server
/// 2022 was seen to do (github.com/hugr-lab/mssql-extension, issue 225). How it declares one of more than 4,000 bytes
/// is not known; `(max)` holds it.
fn for_client(sql_type: SqlType, utf8_support: bool) -> SqlType {
    if utf8_support || !sql_type.is_utf8_text() {
        return sql_type;
    }
    let unicode = match sql_type.plain() {
        SqlType::Char(limit @ ..=LONGEST_IN_UNITS) => SqlType::NChar(limit),
        SqlType::VarChar(Length::Limit(limit @ ..=LONGEST_IN_UNITS)) => {
            SqlType::NVarChar(Length::Limit(limit))
        }
        _ => SqlType::NVarChar(Length::Max),
    };
    unicode.with_collation(sql_type.collation())
}

/// A value as it goes to the client: in a sql_variant too text has the type in which the client can read it, if it is as
/// short as a sql_variant's nvarchar must be. Longer text goes in the code page, since UTF-16 has no room for it there; what
/// a SQL Server does then is not known.
fn value_for_client(value: &Value, utf8_support: bool) -> Cow<'_, Value> {
    let Value::Variant(held) = value else { return Cow::Borrowed(value) };
    let (true, false, Value::Text(text)) = (held.base.is_utf8_text(), utf8_support, &held.value) else {
        return Cow::Borrowed(value);
    };
    let base = match for_client(held.base, utf8_support) {
        SqlType::NVarChar(Length::Max) => {
            if text.encode_utf16().count() <= usize::from(LONGEST_IN_UNITS) {
                SqlType::NVarChar(Length::Limit(LONGEST_IN_UNITS))
            } else {
                held.base.plain()
            }
        }
        base => base,
    };
    Cow::Owned(Value::Variant(Box::new(Variant { base, value: held.value.clone() })))
}

/// The longest bounded nvarchar (T-SQL reference, "nchar and nvarchar").
const LONGEST_IN_UNITS: u16 = 4000;

impl ReplySink for ReplyWriter {
    fn columns(&mut self, columns: &[Column]) -> Result<(), Stopped> {
        self.check()?;
        self.release_held();
        let for_client = |column: &Column| Column {
            sql_type: for_client(column.sql_type, self.utf8_support),
            ..column.clone()
        };
        let columns: Vec<Column> = columns.iter().map(for_client).collect();
        self.types = columns.iter().map(|column| column.sql_type).collect();
        self.put(|out| token::put_columns(out, &columns));
        self.check()
    }

    fn row(&mut self, values: &[Value]) -> Result<(), Stopped> {
        self.check()?;
        if let Some(left) = &mut self.rows_left {
            *left = left.checked_sub(1).ok_or(Stopped)?;
        }
        let types = std::mem::take(&mut self.types);
        let utf8_support = self.utf8_support;
        let values: Cow<'_, [Value]> = if utf8_support || !types.contains(&SqlType::SqlVariant) {
            Cow::Borrowed(values)
        } else {
            values.iter().map(|value| value_for_client(value, utf8_support).into_owned()).collect()
        };
        let put = self.put_fallible(|out| token::put_row(out, &types, &values));
        self.types = types;
        if !put {
            return Err(Stopped);
        }
        self.check()
    }

    fn done(&mut self, kind: StatementKind, count: Option<u64>) {
        if self.check().is_err() {
            return;
        }
        self.release_held();
        let mut status = self.state_bits();
        if count.is_some() {
            status |= done::COUNT;
        }
        let (command, rows) = (token::command(kind), count.unwrap_or(0));
        self.failed = false;
        match self.answer {
            Answer::Batch if self.procedures == 0 => {
                self.held = Some(HeldDone { kind: DoneKind::Done, status, command, rows });
            }
            Answer::Batch | Answer::Procedure => self.put(|out| {
                token::put_done(out, DoneKind::DoneInProc, status | done::MORE, command, rows);
            }),
        }
    }

    fn error(&mut self, error: &SqlError) {
        if self.check().is_err() {
            return;
        }
        self.release_held();
        self.failed = true;
        self.any_error = true;
        self.put(|out| token::put_error(out, error));
        if error.class >= FATAL_CLASS {
            self.fatal = true;
        }
    }

    fn info(&mut self, message: &SqlError) {
        if self.check().is_err() {
            return;
        }
        self.release_held();
        self.put(|out| token::put_info(out, message));
    }

    fn transaction(&mut self, change: TransactionChange) {
        // Also while the request is being stopped: the client must know which transaction it has.
        self.release_held();
        let change = match change {
            TransactionChange::Began(descriptor) => {
                self.in_transaction = true;
                EnvironmentChange::Began(descriptor)
            }
            TransactionChange::Committed(descriptor) => {
                self.in_transaction = false;
                EnvironmentChange::Committed(descriptor)
            }
            TransactionChange::RolledBack(descriptor) => {
                self.in_transaction = false;
                EnvironmentChange::RolledBack(descriptor)
            }
        };
        self.put(|out| token::put_environment_change(out, &change));
    }

    fn output(&mut self, name: &str, sql_type: SqlType, value: &Value) {
        let named = self.parameters.iter().position(|(parameter, _)| parameter.eq_ignore_ascii_case(name));
        // Those that were passed by position come in its order.
        let place = named.or_else(|| {
            let taken = self.outputs.iter().map(|output| usize::from(output.ordinal)).max();
            self.parameters.iter().enumerate().position(|(place, (name, output))| {
                *output && name.is_empty() && taken.is_none_or(|taken| place > taken)
            })
        });
        let ordinal = place.and_then(|place| u16::try_from(place).ok()).unwrap_or_default();
        self.outputs.push(Output { ordinal, name: name.to_owned(), sql_type, value: value.clone() });
    }

    fn return_status(&mut self, status: i32) {
        self.status = Some(status);
    }

    fn enter_procedure(&mut self) {
        self.procedures += 1;
    }

    fn leave_procedure(&mut self, status: Option<i32>) {
        self.procedures = self.procedures.saturating_sub(1);
        let outermost = self.answer == Answer::Batch && self.procedures == 0;
        if let Some(status) = status.filter(|_| outermost && self.check().is_ok()) {
            self.release_held();
            self.put(|out| token::put_return_status(out, status));
            self.held = Some(HeldDone {
                kind: DoneKind::DoneProc,
                status: self.state_bits(),
                command: token::EXECUTE,
                rows: 0,
            });
        }
    }
}
