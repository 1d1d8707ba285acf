//! Table-valued parameters on the wire (MS-TDS 2.2.5.5.5).

use super::bytes::{Malformed, Reader};
use super::decode;
use super::rpc::checked;
use super::type_info::{RequestError, TypeInfo};
use crate::sql::engine::{SentColumn, SentTable};
use crate::sql::reply::SqlError;

/// `TVPTYPE`
pub(super) const TABLE: u8 = 0xF3;
/// `TVP_NULL_TOKEN`, in place of the number of columns.
const NULL: u16 = 0xFFFF;
/// `fDefault` of a column's flags: no row has a value for it.
const DEFAULT: u16 = 0x0200;
/// `TVP_ROW_TOKEN`
const ROW: u8 = 0x01;
/// `TVP_END_TOKEN`
const END: u8 = 0x00;
/// `TVP_ORDER_UNIQUE_TOKEN`: how the rows are sorted, which changes no result.
const ORDER_UNIQUE: u8 = 0x10;
/// `TVP_COLUMN_ORDERING_TOKEN`
const COLUMN_ORDERING: u8 = 0x11;
/// The most columns.
const MOST_COLUMNS: u16 = 1024;

/// Reads what stands behind `TVPTYPE`.
///
/// # Errors
/// When it is malformed, or holds what this endpoint does not take.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<SentTable, RequestError> {
    if !reader.b_varchar()?.is_empty() {
        return Err(Malformed("the type of a table-valued parameter names a database").into());
    }
    let schema = reader.b_varchar()?;
    let type_name = reader.b_varchar()?;
    let columns = columns(reader)?;
    metadata(reader)?;
    let sent: Vec<TypeInfo> = columns.iter().filter(|(_, default)| !default).map(|(info, _)| *info).collect();
    let mut rows = Vec::new();
    loop {
        match reader.u8()? {
            END => break,
            ROW => {
                let mut row = Vec::with_capacity(sent.len());
                for info in &sent {
                    row.push(checked(info.sql_type, decode::value(*info, reader)?)?);
                }
                rows.push(row);
            }
            _ => return Err(Malformed("an unknown token among the rows of a table-valued parameter").into()),
        }
    }
    if columns.is_empty() && !rows.is_empty() {
        return Err(Malformed("a table-valued parameter has rows and no columns").into());
    }
    let columns =
        columns.into_iter().map(|(info, default)| SentColumn { sql_type: info.sql_type, default }).collect();
    Ok(SentTable { schema, type_name, columns, rows })
}

/// `TVP_COLMETADATA`: the columns, and whether each takes its default.
fn columns(reader: &mut Reader<'_>) -> Result<Vec<(TypeInfo, bool)>, RequestError> {
    let count = match reader.u16()? {
        NULL => return Ok(Vec::new()),
        count @ 1..=MOST_COLUMNS => count,
        _ => return Err(Malformed("a table-valued parameter has an impossible number of columns").into()),
    };
    (0..count)
        .map(|_| {
            reader.u32()?; // user type
            let flags = reader.u16()?;
            let info = TypeInfo::read(reader)?;
            // Its cells have no bytes: a short message could hold rows without end.
            if info.is_untyped() {
                return Err(Malformed("a column of a table-valued parameter has no type").into());
            }
            if !reader.b_varchar()?.is_empty() {
                return Err(Malformed("a column of a table-valued parameter has a name").into());
            }
            Ok((info, flags & DEFAULT != 0))
        })
        .collect()
}

/// The optional tokens up to the end of the metadata.
fn metadata(reader: &mut Reader<'_>) -> Result<(), RequestError> {
    loop {
        match reader.u8()? {
            END => return Ok(()),
            ORDER_UNIQUE => {
                let count = usize::from(reader.u16()?);
                reader.take(count.saturating_mul(3))?;
            }
            COLUMN_ORDERING => {
                return Err(SqlError::new(
                    8058,
                    "The local SQL endpoint does not take TVP_COLUMN_ORDERING of a table-valued parameter. Send the columns in the order of the type.",
                )
                .into());
            }
            _ => return Err(Malformed("an unknown token in the metadata of a table-valued parameter").into()),
        }
    }
}
