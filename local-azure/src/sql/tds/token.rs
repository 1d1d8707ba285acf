//! Tokens of a reply (MS-TDS 2.2.7), each appended to a buffer.

use super::bytes::put_utf16;
use super::encode::{self, DoesNotFit};
use super::{prelogin, type_info};
use crate::sql::reply::{SqlError, StatementKind};
use crate::sql::types::{Column, Length, SqlType, Value};
use crate::sql::values::collations::Sensitivity;

/// What the endpoint calls itself in error tokens.
pub const SERVER_NAME: &str = "local-azure";

/// First bytes of the tokens.
pub mod kind {
    pub(crate) const RETURN_STATUS: u8 = 0x79;
    pub(crate) const COL_METADATA: u8 = 0x81;
    pub(crate) const ERROR: u8 = 0xAA;
    pub(crate) const INFO: u8 = 0xAB;
    pub(crate) const RETURN_VALUE: u8 = 0xAC;
    pub(crate) const LOGIN_ACK: u8 = 0xAD;
    pub(crate) const FEATURE_EXT_ACK: u8 = 0xAE;
    pub(crate) const ROW: u8 = 0xD1;
    pub(crate) const NBC_ROW: u8 = 0xD2;
    pub(crate) const ENV_CHANGE: u8 = 0xE3;
    pub(crate) const FED_AUTH_INFO: u8 = 0xEE;
    pub(crate) const DONE: u8 = 0xFD;
    pub(crate) const DONE_PROC: u8 = 0xFE;
    pub(crate) const DONE_IN_PROC: u8 = 0xFF;
}

/// Bits of a DONE token's status (MS-TDS 2.2.7.6).
pub mod done {
    /// More follows.
    pub const MORE: u16 = 0x01;
    /// The statement failed.
    pub const ERROR: u16 = 0x02;
    /// A transaction is open.
    pub const IN_TRANSACTION: u16 = 0x04;
    /// The row count holds.
    pub const COUNT: u16 = 0x10;
    /// Answers an attention signal.
    pub const ATTENTION: u16 = 0x20;
    /// The error was so severe that what came before it is to be thrown away.
    pub const SERVER_ERROR: u16 = 0x100;
}

/// Which of the three DONE tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoneKind {
    /// The end of a statement or of a message.
    Done,
    /// The end of a procedure.
    DoneProc,
    /// The end of a statement in a procedure.
    DoneInProc,
}

/// Appends a DONE, DONEPROC or DONEINPROC token.
pub fn put_done(out: &mut Vec<u8>, kind: DoneKind, status: u16, command: u16, rows: u64) {
    out.push(match kind {
        DoneKind::Done => kind::DONE,
        DoneKind::DoneProc => kind::DONE_PROC,
        DoneKind::DoneInProc => kind::DONE_IN_PROC,
    });
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&rows.to_le_bytes());
}

/// `CurCmd` of a kind of statement: the numbers that SQL Server sends.
#[must_use]
pub fn command(kind: StatementKind) -> u16 {
    match kind {
        StatementKind::Select => 0xC1,
        StatementKind::Insert => 0xC3,
        StatementKind::Delete => 0xC4,
        StatementKind::Update => 0xC5,
        StatementKind::Merge => 0x117,
        StatementKind::Other => 0xFD,
    }
}

/// `CurCmd` of a procedure call.
pub const EXECUTE: u16 = 0xE0;

/// Appends an ERROR token.
pub fn put_error(out: &mut Vec<u8>, error: &SqlError) {
    put_message(out, kind::ERROR, error);
}

/// Appends an INFO token.
pub fn put_info(out: &mut Vec<u8>, message: &SqlError) {
    put_message(out, kind::INFO, message);
}

fn put_message(out: &mut Vec<u8>, kind: u8, message: &SqlError) {
    counted(out, kind, |out| {
        out.extend_from_slice(&message.number.to_le_bytes());
        out.push(message.state);
        out.push(message.class);
        // SQL Server cuts messages at 2,047 characters; a token has 64 KB at most.
        let text: String = message.message.chars().take(8_000).collect();
        let units = u16::try_from(text.encode_utf16().count()).unwrap_or(u16::MAX);
        out.extend_from_slice(&units.to_le_bytes());
        put_utf16(out, &text);
        put_b_varchar(out, SERVER_NAME);
        put_b_varchar(out, &message.procedure);
        out.extend_from_slice(&message.line.to_le_bytes());
    });
}

/// Appends a token with a two-byte length in front of what `body` appends.
fn counted(out: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    body(&mut content);
    out.push(kind);
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend(content.iter().take(usize::from(length)));
}

/// Appends a `B_VARCHAR`; text beyond 255 UTF-16 units is cut.
pub fn put_b_varchar(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(u8::try_from(units.len()).unwrap_or(u8::MAX));
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

/// A change of the session's environment (MS-TDS 2.2.7.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentChange<'a> {
    /// Type 1: the database.
    Database {
        /// The database now.
        new: &'a str,
        /// The database before.
        old: &'a str,
    },
    /// Type 2: the language.
    Language(&'a str),
    /// Type 4: the packet size.
    PacketSize {
        /// The size now.
        new: u16,
        /// The size before.
        old: u16,
    },
    /// Type 7: the collation.
    Collation([u8; 5]),
    /// Type 8: a transaction began.
    Began(u64),
    /// Type 9: a transaction was committed.
    Committed(u64),
    /// Type 10: a transaction was rolled back.
    RolledBack(u64),
    /// Type 18: the session was reset.
    ResetAcknowledged,
    /// Type 20: connect there instead.
    Routing {
        /// The host to connect to.
        host: &'a str,
        /// Its port.
        port: u16,
    },
}

/// Appends an ENVCHANGE token.
pub fn put_environment_change(out: &mut Vec<u8>, change: &EnvironmentChange<'_>) {
    counted(out, kind::ENV_CHANGE, |out| match change {
        EnvironmentChange::Database { new, old } => {
            out.push(1);
            put_b_varchar(out, new);
            put_b_varchar(out, old);
        }
        EnvironmentChange::Language(language) => {
            out.push(2);
            put_b_varchar(out, language);
            put_b_varchar(out, "");
        }
        EnvironmentChange::PacketSize { new, old } => {
            out.push(4);
            put_b_varchar(out, &new.to_string());
            put_b_varchar(out, &old.to_string());
        }
        EnvironmentChange::Collation(collation) => {
            out.extend_from_slice(&[7, 5]);
            out.extend_from_slice(collation);
            out.push(0);
        }
        EnvironmentChange::Began(descriptor) => {
            out.extend_from_slice(&[8, 8]);
            out.extend_from_slice(&descriptor.to_le_bytes());
            out.push(0);
        }
        EnvironmentChange::Committed(descriptor) => {
            out.extend_from_slice(&[9, 0, 8]);
            out.extend_from_slice(&descriptor.to_le_bytes());
        }
        EnvironmentChange::RolledBack(descriptor) => {
            out.extend_from_slice(&[10, 0, 8]);
            out.extend_from_slice(&descriptor.to_le_bytes());
        }
        EnvironmentChange::ResetAcknowledged => out.extend_from_slice(&[18, 0, 0]),
        EnvironmentChange::Routing { host, port } => {
            let units: Vec<u16> = host.encode_utf16().take(1024).collect();
            let count = u16::try_from(units.len()).unwrap_or(u16::MAX);
            // Protocol, port and the counted host name.
            let length = count.saturating_mul(2).saturating_add(5);
            out.push(20);
            out.extend_from_slice(&length.to_le_bytes());
            out.push(0); // TCP
            out.extend_from_slice(&port.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
            out.extend(units.into_iter().flat_map(u16::to_le_bytes));
            out.extend_from_slice(&[0, 0]);
        }
    });
}

/// Appends LOGINACK (MS-TDS 2.2.7.14) for a TDS version.
pub fn put_login_ack(out: &mut Vec<u8>, tds_version: u32) {
    counted(out, kind::LOGIN_ACK, |out| {
        out.push(1); // SQL_TSQL
        out.extend_from_slice(&tds_version.to_be_bytes());
        put_b_varchar(out, "Microsoft SQL Server");
        let [major, minor, build_high, build_low, ..] = prelogin::VERSION;
        out.extend_from_slice(&[major, minor, build_high, build_low]);
    });
}

/// Appends FEATUREEXTACK (MS-TDS 2.2.7.11) for the features of the login that this endpoint grants; nothing if there are none.
pub fn put_feature_ext_ack(out: &mut Vec<u8>, federated: bool, utf8_support: bool) {
    if !federated && !utf8_support {
        return;
    }
    out.push(kind::FEATURE_EXT_ACK);
    if federated {
        // No nonce was offered in PRELOGIN, so there is none to sign.
        out.extend_from_slice(&[0x02, 0, 0, 0, 0]);
    }
    if utf8_support {
        out.extend_from_slice(&[0x0A, 1, 0, 0, 0, 1]);
    }
    out.push(0xFF);
}

/// Appends FEDAUTHINFO (MS-TDS 2.2.7.12): where a token can be had, and for what.
pub fn put_fed_auth_info(out: &mut Vec<u8>, sts_url: &str, spn: &str) {
    let mut url = Vec::new();
    put_utf16(&mut url, sts_url);
    let mut resource = Vec::new();
    put_utf16(&mut resource, spn);
    // The count and two entries of an id, a length and an offset; offsets count from the start of the count.
    let first = 4usize.saturating_add(2 * 9);
    let mut body = 2u32.to_le_bytes().to_vec();
    for (id, data, offset) in [(1u8, &url, first), (2, &resource, first.saturating_add(url.len()))] {
        body.push(id);
        body.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend_from_slice(&u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes());
    }
    body.extend_from_slice(&url);
    body.extend_from_slice(&resource);
    out.push(kind::FED_AUTH_INFO);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&body);
}

/// Appends COLMETADATA (MS-TDS 2.2.7.4).
pub fn put_columns(out: &mut Vec<u8>, columns: &[Column]) {
    const NULLABLE: u16 = 0x01;
    const CASE_SENSITIVE: u16 = 0x02;
    const UPDATABLE_UNKNOWN: u16 = 0x08;
    const IDENTITY: u16 = 0x10;
    out.push(kind::COL_METADATA);
    let count = u16::try_from(columns.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&count.to_le_bytes());
    for column in columns.iter().take(usize::from(count)) {
        let mut flags = 0;
        if column.nullable {
            flags |= NULLABLE;
        }
        if column.sql_type.collation().is_some_and(|own| own.sensitivity() != Sensitivity::Accents) {
            flags |= CASE_SENSITIVE;
        }
        match column.sql_type {
            _ if column.identity => flags |= IDENTITY,
            // Nobody can write it.
            SqlType::RowVersion => {}
            _ => flags |= UPDATABLE_UNKNOWN,
        }
        out.extend_from_slice(&user_type(column.sql_type).to_le_bytes());
        out.extend_from_slice(&flags.to_le_bytes());
        type_info::write(column.sql_type, out);
        if column.sql_type.is_old_long() {
            put_table_name(out, &column.table);
        }
        put_b_varchar(out, &column.name);
    }
}

/// `UserType`: 0 but for rowversion, which nothing else tells from binary(8).
fn user_type(sql_type: SqlType) -> u32 {
    if sql_type == SqlType::RowVersion { 0x50 } else { 0 }
}

/// Appends `TableName`: the parts of the name of the table that a text, ntext or image is from.
fn put_table_name(out: &mut Vec<u8>, parts: &[String]) {
    out.push(u8::try_from(parts.len()).unwrap_or(u8::MAX));
    for part in parts.iter().take(usize::from(u8::MAX)) {
        let units = u16::try_from(part.encode_utf16().count()).unwrap_or(u16::MAX);
        out.extend_from_slice(&units.to_le_bytes());
        out.extend(part.encode_utf16().take(usize::from(units)).flat_map(u16::to_le_bytes));
    }
}

/// Appends a row: NBCROW (MS-TDS 2.2.7.15) where its bitmap is shorter than the NULLs it saves, else ROW.
///
/// # Errors
/// [`DoesNotFit`]; part of the row may have been appended then.
pub fn put_row(out: &mut Vec<u8>, types: &[SqlType], values: &[Value]) -> Result<(), DoesNotFit> {
    let cells = || types.iter().copied().zip(values);
    let nulls: usize = cells()
        .filter(|(_, value)| **value == Value::Null)
        .map(|(sql_type, _)| encode::null_bytes(sql_type))
        .sum();
    if nulls <= types.len().div_ceil(8) {
        out.push(kind::ROW);
        return cells().try_for_each(|(sql_type, value)| encode::value(sql_type, value, out));
    }
    out.push(kind::NBC_ROW);
    out.extend(values.chunks(8).map(|group| {
        group
            .iter()
            .enumerate()
            .filter(|(_, value)| **value == Value::Null)
            .fold(0u8, |bits, (index, _)| bits | (1 << index))
    }));
    cells()
        .filter(|(_, value)| **value != Value::Null)
        .try_for_each(|(sql_type, value)| encode::value(sql_type, value, out))
}

/// Appends RETURNSTATUS.
pub fn put_return_status(out: &mut Vec<u8>, status: i32) {
    out.push(kind::RETURN_STATUS);
    out.extend_from_slice(&status.to_le_bytes());
}

/// Appends RETURNVALUE (MS-TDS 2.2.7.19) of an OUTPUT parameter; `ordinal` is its place in the call, from 0.
///
/// # Errors
/// [`DoesNotFit`]; part of the token may have been appended then.
pub fn put_return_value(
    out: &mut Vec<u8>,
    ordinal: u16,
    name: &str,
    sql_type: SqlType,
    value: &Value,
) -> Result<(), DoesNotFit> {
    out.push(kind::RETURN_VALUE);
    out.extend_from_slice(&ordinal.to_le_bytes());
    put_b_varchar(out, name);
    out.push(1); // an OUTPUT parameter
    out.extend_from_slice(&user_type(sql_type).to_le_bytes());
    out.extend_from_slice(&[0; 2]); // Flags
    // The older long types have no form outside rows; their content is that of the newer ones.
    let sql_type = match sql_type {
        SqlType::Text => SqlType::VarChar(Length::Max),
        SqlType::NText => SqlType::NVarChar(Length::Max),
        SqlType::Image => SqlType::VarBinary(Length::Max),
        other => other,
    };
    type_info::write(sql_type, out);
    encode::value(sql_type, value, out)
}
