//! Remote procedure calls (MS-TDS 2.2.6.6).

use super::bytes::{Malformed, Reader};
use super::decode;
use super::request::skip_headers;
use super::table_value;
use super::type_info::{RequestError, TypeInfo};
use crate::sql::engine::{Argument, TableArgument};
use crate::sql::reply::SqlError;
use crate::sql::tsql::system_name::of_system;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::xml_text;

/// Which procedure is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Procedure {
    /// `sp_executesql`
    ExecuteSql,
    /// `sp_prepare`
    Prepare,
    /// `sp_execute`
    Execute,
    /// `sp_prepexec`
    PrepareAndExecute,
    /// `sp_unprepare`
    Unprepare,
    /// Any other, by name.
    Named(String),
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub procedure: Procedure,
    /// With what, in the order in which it came.
    pub arguments: Vec<Argument>,
}

/// `fByRefValue`
const OUTPUT: u8 = 0x01;
/// `fDefaultValue`
const DEFAULT: u8 = 0x02;
/// `fEncrypted`
const ENCRYPTED: u8 = 0x08;
/// Stands between two calls of one message.
const BATCH: u8 = 0xFF;
/// The same, where the call in front is not to be run.
const NO_EXEC: u8 = 0xFE;
/// SQL Server takes at most this many parameters a call.
const MAX_PARAMETERS: usize = 2100;

/// Reads a message of type 0x03: one call or several.
///
/// # Errors
/// When it is malformed, or a parameter is of a kind that this endpoint does not take.
pub fn parse(payload: &[u8]) -> Result<Vec<Call>, RequestError> {
    let mut reader = Reader::new(payload);
    skip_headers(&mut reader)?;
    let mut calls = Vec::new();
    loop {
        let procedure = procedure(&mut reader)?;
        reader.u16()?; // options: recompile, and metadata that may be left out
        let mut arguments = Vec::new();
        while let Some(next) = reader.peek() {
            if next == BATCH || next == NO_EXEC {
                break;
            }
            if arguments.len() >= MAX_PARAMETERS {
                return Err(SqlError::new(
                    8003,
                    "The incoming request has too many parameters. The server supports a maximum of 2100 parameters. Reduce the number of parameters and resend the request.",
                )
                .into());
            }
            if let Some(argument) = argument(&mut reader)? {
                arguments.push(argument);
            }
        }
        let call = Call { procedure, arguments };
        match reader.peek() {
            None => {
                calls.push(call);
                return Ok(calls);
            }
            Some(separator) => {
                reader.u8()?;
                if separator == BATCH {
                    calls.push(call);
                }
                if reader.is_empty() {
                    return Ok(calls);
                }
            }
        }
    }
}

fn procedure(reader: &mut Reader<'_>) -> Result<Procedure, RequestError> {
    let length = reader.u16()?;
    if length == 0xFFFF {
        return Ok(match reader.u16()? {
            10 => Procedure::ExecuteSql,
            11 => Procedure::Prepare,
            12 => Procedure::Execute,
            13 => Procedure::PrepareAndExecute,
            15 => Procedure::Unprepare,
            id @ 1..=14 => {
                let name = match id {
                    1 => "sp_cursor",
                    2 => "sp_cursoropen",
                    3 => "sp_cursorprepare",
                    4 => "sp_cursorexecute",
                    5 => "sp_cursorprepexec",
                    6 => "sp_cursorunprepare",
                    7 => "sp_cursorfetch",
                    8 => "sp_cursoroption",
                    9 => "sp_cursorclose",
                    _ => "sp_prepexecrpc",
                };
                return Err(SqlError::new(
                    16901,
                    format!(
                        "{name}: This feature has not been implemented in the local SQL endpoint. Read the result set without a server cursor."
                    ),
                )
                .into());
            }
            _ => return Err(Malformed("an unknown procedure number").into()),
        });
    }
    let name = reader.utf16(usize::from(length))?;
    let bare = of_system(&name).unwrap_or_default().to_ascii_lowercase();
    Ok(match bare.as_str() {
        "sp_executesql" => Procedure::ExecuteSql,
        "sp_prepare" => Procedure::Prepare,
        "sp_execute" => Procedure::Execute,
        "sp_prepexec" => Procedure::PrepareAndExecute,
        "sp_unprepare" => Procedure::Unprepare,
        _ => Procedure::Named(name),
    })
}

/// A document as its type keeps it: what it is in is checked here and not again.
pub(super) fn checked(sql_type: SqlType, value: Value) -> Result<Value, SqlError> {
    match (sql_type, value) {
        (SqlType::Xml, Value::Text(text)) => {
            xml_text::normalised(&text, xml_text::Source::Bytes).map(Value::Text)
        }
        (SqlType::HierarchyId, value) => {
            let from = SqlType::VarBinary(Length::Max);
            convert(&value, from, sql_type, Conversion::Implicit, None)
        }
        (_, value) => Ok(value),
    }
}

/// One parameter; None if its default is to be taken, which is what leaving it out means.
fn argument(reader: &mut Reader<'_>) -> Result<Option<Argument>, RequestError> {
    let name = reader.b_varchar()?;
    let flags = reader.u8()?;
    if reader.peek() == Some(table_value::TABLE) {
        return table(name, flags, reader);
    }
    let info = TypeInfo::read(reader)?;
    let value = checked(info.sql_type, decode::value(info, reader)?)?;
    if flags & ENCRYPTED != 0 {
        return Err(SqlError::new(
            33514,
            "The local SQL endpoint has no Always Encrypted columns: send the parameter unencrypted.",
        )
        .into());
    }
    if flags & DEFAULT != 0 {
        if name.is_empty() {
            return Err(SqlError::new(
                8179,
                "The local SQL endpoint takes DEFAULT only for a parameter that is passed by name.",
            )
            .into());
        }
        return Ok(None);
    }
    Ok(Some(Argument {
        name,
        sql_type: info.sql_type,
        untyped: info.is_untyped(),
        value,
        output: flags & OUTPUT != 0,
        table: None,
    }))
}

/// A table-valued parameter. Its default is a table without rows, as if it weren't passed.
fn table(name: String, flags: u8, reader: &mut Reader<'_>) -> Result<Option<Argument>, RequestError> {
    reader.u8()?;
    let table = table_value::read(reader)?;
    if flags & OUTPUT != 0 {
        return Err(SqlError::new(
            8058,
            "A table-valued parameter can't be an OUTPUT parameter: pass it as an input parameter.",
        )
        .into());
    }
    if flags & DEFAULT != 0 && !name.is_empty() {
        return Ok(None);
    }
    Ok(Some(Argument {
        name,
        sql_type: SqlType::Int,
        untyped: false,
        value: Value::Null,
        output: false,
        table: Some(TableArgument::Sent(table)),
    }))
}
