//! Conversion from and to xml, json, sql_variant, rowversion, the older long types and the CLR types.
//!
//! Sources of what converts: the chart of "CAST and CONVERT" in the Transact-SQL reference, and the pages of the types.
//! What the pages of json leave open (text into a json column or variable without CAST, which their examples do) is
//! allowed here.

use super::{Conversion, not_allowed, to_binary, to_text};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value, Variant};
use crate::sql::values::xml_text::Source;
use crate::sql::values::{errors, hierarchy, json_text, variant, xml_text};

const TEXT: SqlType = SqlType::VarChar(Length::Max);
const NTEXT: SqlType = SqlType::NVarChar(Length::Max);
const BYTES: SqlType = SqlType::VarBinary(Length::Max);

/// Whether it is one of the types of this file.
pub(super) fn is_special(sql_type: SqlType) -> bool {
    sql_type.is_old_long()
        || sql_type.is_clr()
        || matches!(sql_type, SqlType::RowVersion | SqlType::Xml | SqlType::Json | SqlType::SqlVariant)
}

/// Whether there is a conversion between two types, one of which is special.
pub(super) fn is_allowed(from: SqlType, to: SqlType, explicit: bool) -> bool {
    let exact = |sql_type: SqlType| sql_type.is_number() && !sql_type.is_approximate();
    match (from, to) {
        _ if from == to => true,
        (SqlType::SqlVariant, _) => explicit && (variant::can_hold(to) || to.length() == Some(Length::Max)),
        (_, SqlType::SqlVariant) => variant::can_hold(from),
        (SqlType::Xml, _) => explicit && (to.is_text() || to.is_binary()),
        (_, SqlType::Xml) => {
            from.is_text() || from.is_binary() || matches!(from, SqlType::Text | SqlType::NText)
        }
        (SqlType::Json, _) => explicit && to.is_text(),
        (_, SqlType::Json) => from.is_text(),
        (SqlType::Text, SqlType::NText) | (SqlType::NText, SqlType::Text) => true,
        (SqlType::Text, _) => to.is_text() && (explicit || !to.is_unicode_text()),
        (SqlType::NText, _) => to.is_text() && (explicit || to.is_unicode_text()),
        (_, SqlType::Text | SqlType::NText) => from.is_text(),
        (SqlType::Image, _) => to.is_binary() || to == SqlType::RowVersion,
        (_, SqlType::Image) => from.is_binary() || from == SqlType::RowVersion,
        (SqlType::RowVersion, _) => {
            to.is_binary() || exact(to) || (explicit && to.is_text() && !to.is_unicode_text())
        }
        (_, SqlType::RowVersion) => from.is_binary() || exact(from) || (explicit && from.is_text()),
        _ if from.is_clr() => explicit && (to.is_text() || to.is_binary()),
        _ if to.is_clr() => from.is_text() || from.is_binary(),
        _ => false,
    }
}

/// Converts a value that isn't NULL between two types, one of which is special.
pub(super) fn convert(
    value: &Value,
    from: SqlType,
    to: SqlType,
    how: Conversion<'_>,
    style: Option<i32>,
) -> Result<Value, SqlError> {
    if from == to {
        return Ok(value.clone());
    }
    match (from, to) {
        (SqlType::SqlVariant, _) => {
            let Value::Variant(held) = value else {
                return Err(errors::internal("a sql_variant is none"));
            };
            if !super::is_allowed(held.base, to, true) {
                return Err(not_allowed(held.base, to, true));
            }
            super::convert(&held.value, held.base, to, how, style)
        }
        (_, SqlType::SqlVariant) => {
            Ok(Value::Variant(Box::new(Variant { base: from, value: value.clone() })))
        }
        (_, SqlType::Xml) => to_xml(value, from, style),
        (SqlType::Xml, _) => from_xml(value, to, how),
        (_, SqlType::Json) => match value {
            Value::Text(text) => json_text::checked(text).map(|text| Value::Text(text.to_owned())),
            _ => Err(errors::internal("no json comes from this value")),
        },
        (SqlType::Json, _) => {
            let whole = to_text::convert(value, NTEXT, widest(to), how, style)?;
            let fitted = to_text::convert(value, NTEXT, to, how, style)?;
            // Half a document would be worse than none.
            if cut(&whole, &fitted) { Err(truncated_document()) } else { Ok(fitted) }
        }
        (SqlType::Text, SqlType::NText) => Ok(value.clone()),
        (_, SqlType::Text) => to_text::convert(value, NTEXT, TEXT, how, style),
        (_, SqlType::NText) => to_text::convert(value, from, NTEXT, how, style),
        (SqlType::Text, _) => to_text::convert(value, TEXT, to, how, style),
        (SqlType::NText, _) => to_text::convert(value, NTEXT, to, how, style),
        (SqlType::Image, SqlType::RowVersion) => to_binary(value, BYTES, SqlType::Binary(8), how, style),
        (SqlType::Image, _) => to_binary(value, BYTES, to, how, style),
        (SqlType::RowVersion, SqlType::Image) => Ok(value.clone()),
        (_, SqlType::Image) => to_binary(value, from, BYTES, how, style),
        (SqlType::RowVersion, _) => super::convert(value, SqlType::Binary(8), to, how, style),
        (_, SqlType::RowVersion) => {
            super::convert(value, from, SqlType::Binary(8), Conversion::Explicit, style)
        }
        (SqlType::HierarchyId, _) if to.is_text() => {
            let Value::Binary(bytes) = value else { return Err(errors::internal("a hierarchyid is none")) };
            let path =
                hierarchy::path(bytes).ok_or_else(|| not_a_hierarchy("the bytes are not those of a node"))?;
            to_text::convert(&Value::Text(path), NTEXT, to, how, style)
        }
        (_, SqlType::HierarchyId) => match value {
            Value::Text(text) => hierarchy::parse(text).map(Value::Binary).ok_or_else(|| {
                not_a_hierarchy(
                    "the input string is not a valid string representation of a SqlHierarchyId node",
                )
            }),
            Value::Binary(bytes) if hierarchy::path(bytes).is_some() => Ok(value.clone()),
            _ => Err(not_a_hierarchy("the bytes are not those of a node")),
        },
        _ if to.is_binary() => to_binary(value, BYTES, to, how, style),
        _ if from.is_binary() => Ok(value.clone()),
        _ => Err(errors::unsupported(&format!(
            "Conversion between {} and text",
            if from.is_clr() { from.family_name() } else { to.family_name() }
        ))),
    }
}

/// The same kind of text without a limit.
fn widest(text: SqlType) -> SqlType {
    if text.is_unicode_text() { NTEXT } else { TEXT }
}

/// Whether the second is shorter than the first.
fn cut(whole: &Value, fitted: &Value) -> bool {
    match (whole, fitted) {
        (Value::Text(whole), Value::Text(fitted)) => fitted.len() < whole.len(),
        _ => false,
    }
}

/// 8152; which number SQL Server gives a json that is too long for its text isn't documented.
fn truncated_document() -> SqlError {
    SqlError::new(8152, "String or binary data would be truncated.").with_state(10)
}

/// 6522, the error of everything that CLR types throw.
fn not_a_hierarchy(why: &str) -> SqlError {
    SqlError::new(
        6522,
        format!(
            "A .NET Framework error occurred during execution of user-defined routine or aggregate \"hierarchyid\": Microsoft.SqlServer.Types.HierarchyIdException: 24001: SqlHierarchyId operation failed because {why}."
        ),
    )
    .with_state(2)
}

fn to_xml(value: &Value, from: SqlType, style: Option<i32>) -> Result<Value, SqlError> {
    if let Some(style @ 1..) = style {
        return Err(errors::unsupported(&format!("Style {style} of a conversion to xml")));
    }
    let text = match value {
        Value::Text(text) => {
            let wide = from.is_unicode_text() || from == SqlType::NText;
            xml_text::normalised(text, if wide { Source::Utf16 } else { Source::CodePage })?
        }
        Value::Binary(bytes) => {
            let text = xml_text::decoded(bytes).ok_or_else(|| {
                SqlError::new(9420, "XML parsing: line 1, character 1, illegal xml character")
            })?;
            xml_text::normalised(&text, Source::Bytes)?
        }
        _ => return Err(errors::internal("no xml comes from this value")),
    };
    Ok(Value::Text(text))
}

fn from_xml(value: &Value, to: SqlType, how: Conversion<'_>) -> Result<Value, SqlError> {
    let Value::Text(text) = value else { return Err(errors::internal("an xml is none")) };
    let (whole, fitted) = if to.is_binary() {
        // UTF-16 with its byte order mark.
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        let bytes = Value::Binary(units.flat_map(u16::to_le_bytes).collect());
        let fitted = to_binary(&bytes, BYTES, to, how, None)?;
        (bytes, fitted)
    } else {
        (
            to_text::convert(value, NTEXT, widest(to), how, None)?,
            to_text::convert(value, NTEXT, to, Conversion::Explicit, None)?,
        )
    };
    let too_long = match (&whole, &fitted) {
        (Value::Binary(whole), Value::Binary(fitted)) => fitted.len() < whole.len(),
        (whole, fitted) => cut(whole, fitted),
    };
    if too_long {
        return Err(SqlError::new(6354, "Target string size is too small to represent the XML instance")
            .with_state(10));
    }
    Ok(fitted)
}
