//! The rows of OPENJSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::errors;
use super::find::{find_in, fragment};
use super::path::Path;
use super::reader::{Kind, Node, Reader, decoded};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::convert::{Conversion, convert};

/// A column of OPENJSON's WITH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WithColumn {
    /// Its path, relative to the row.
    pub(crate) path: String,
    /// AS JSON
    pub(crate) json: bool,
}

/// A row's cells as texts.
pub(crate) type Row = Vec<Option<String>>;

/// The rows of a document: with `columns` those of the clause WITH, without them key, value and type. `path` names the
/// array or object to open; the root if there is none.
///
/// # Errors
/// 13609, 13607; with a strict path 13608 and 13611, with a strict path of a column 13608 and 13624.
pub(crate) fn rows(
    document: &str,
    path: Option<&str>,
    columns: Option<&[WithColumn]>,
) -> Result<Vec<Row>, SqlError> {
    let path = path.map(Path::parse).transpose()?;
    let strict = path.as_ref().is_some_and(|path| path.strict);
    let columns = columns
        .map(|columns| {
            columns
                .iter()
                .map(|column| Ok((Path::parse(&column.path)?, column.json)))
                .collect::<Result<Vec<_>, SqlError>>()
        })
        .transpose()?;
    let state = if path.is_some() { 3 } else { 4 };
    let found = open(document, path.as_ref()).map_err(|error| stated(error, state))?;
    let Some(node) = found else {
        return if strict { Err(errors::not_found(3)) } else { Ok(Vec::new()) };
    };
    if !node.kind.is_container() {
        let state = if columns.is_some() { 2 } else { 1 };
        return if strict { Err(errors::not_to_be_opened(state)) } else { Ok(Vec::new()) };
    }
    match columns {
        None => unfolded(&node),
        Some(columns) if node.kind == Kind::Object => Ok(vec![cells(&node, &columns)?]),
        Some(columns) => elements(&node)?.iter().map(|element| cells(element, &columns)).collect(),
    }
}

fn stated(error: SqlError, state: u8) -> SqlError {
    if error.number == 13609 { error.with_state(state) } else { error }
}

fn open<'t>(document: &'t str, path: Option<&Path>) -> Result<Option<Node<'t>>, SqlError> {
    let mut reader = Reader::new(document);
    reader.root()?;
    match path {
        Some(path) => find_in(&mut reader, path),
        None => reader.value().map(Some),
    }
}

fn elements<'t>(array: &Node<'t>) -> Result<Vec<Node<'t>>, SqlError> {
    let mut reader = Reader::new(array.text);
    reader.open();
    let mut elements = Vec::new();
    while reader.element(elements.is_empty())? {
        elements.push(reader.value()?);
    }
    Ok(elements)
}

/// One row for each element or member: key, value, type.
fn unfolded(node: &Node<'_>) -> Result<Vec<Row>, SqlError> {
    let row = |key: String, node: &Node<'_>| {
        let value = if node.kind.is_container() { Some(node.text.to_owned()) } else { node.scalar() };
        vec![Some(key), value, Some(node.kind.number().to_string())]
    };
    if node.kind == Kind::Array {
        return Ok(elements(node)?
            .iter()
            .enumerate()
            .map(|(place, node)| row(place.to_string(), node))
            .collect());
    }
    let mut reader = Reader::new(node.text);
    reader.open();
    let mut rows = Vec::new();
    while let Some(name) = reader.member(rows.is_empty())? {
        let key = decoded(name.text);
        rows.push(row(key, &reader.value()?));
    }
    Ok(rows)
}

fn cells(node: &Node<'_>, columns: &[(Path, bool)]) -> Result<Row, SqlError> {
    columns
        .iter()
        .map(|(path, json)| {
            let mut reader = Reader::new(node.text);
            let Some(found) = find_in(&mut reader, path)? else {
                return if path.strict { Err(errors::not_found(6)) } else { Ok(None) };
            };
            if *json {
                return Ok(fragment(&found, path.strict, 1)?.map(str::to_owned));
            }
            if found.kind.is_container() && path.strict {
                return Err(errors::no_object_or_array(1));
            }
            Ok(found.scalar())
        })
        .collect()
}

/// A cell of WITH in its column's type: bytes are base64, everything else is converted from its text.
///
/// # Errors
/// Those of the conversion; 13612 and 13613 for bytes.
pub(crate) fn typed(text: &str, sql_type: SqlType) -> Result<Value, SqlError> {
    if !sql_type.is_binary() {
        let text = Value::Text(text.to_owned());
        return convert(&text, SqlType::NVarChar(Length::Max), sql_type, Conversion::Explicit, None);
    }
    let mut bytes = STANDARD.decode(text).map_err(|_| errors::not_base64())?;
    if let Some(Length::Limit(limit)) = sql_type.length() {
        let limit = usize::from(limit);
        if bytes.len() > limit {
            return Err(errors::base64_too_long());
        }
        if let SqlType::Binary(_) = sql_type {
            bytes.resize(limit, 0);
        }
    }
    Ok(Value::Binary(bytes))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn with(columns: &[(&str, bool)]) -> Vec<WithColumn> {
        columns.iter().map(|(path, json)| WithColumn { path: (*path).to_owned(), json: *json }).collect()
    }

    fn shown(rows: Vec<Row>) -> Vec<String> {
        rows.into_iter()
            .map(|row| {
                row.into_iter()
                    .map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()))
                    .collect::<Vec<_>>()
                    .join("|")
            })
            .collect()
    }

    #[test]
    fn without_columns_each_member_or_element_is_a_row() {
        let document = r#"{"a":1,"b":"x\"","c":null,"d":true,"e":[ 1 ],"f":{}, "a":2}"#;
        assert_eq!(
            shown(rows(document, None, None).unwrap()),
            ["a|1|2", "b|x\"|1", "c|NULL|0", "d|true|3", "e|[ 1 ]|4", "f|{}|5", "a|2|2"]
        );
        assert_eq!(shown(rows("[7,[]]", None, None).unwrap()), ["0|7|2", "1|[]|4"]);
        assert_eq!(shown(rows(document, Some("$.e"), None).unwrap()), ["0|1|2"]);
    }

    #[test]
    fn with_columns_an_object_is_one_row_and_an_array_one_for_each_element() {
        let columns = with(&[("$.n", false), ("$.o", true), ("$.o", false)]);
        assert_eq!(
            shown(rows(r#"[{"n":1,"o":{"x":1}},{"o":5},7]"#, None, Some(&columns)).unwrap()),
            ["1|{\"x\":1}|NULL", "NULL|NULL|5", "NULL|NULL|NULL"]
        );
        assert_eq!(shown(rows(r#"{"n":"a\/b"}"#, None, Some(&columns)).unwrap()), ["a/b|NULL|NULL"]);
        assert_eq!(shown(rows("[1,2]", None, Some(&with(&[("$", false)]))).unwrap()), ["1", "2"]);
    }

    #[test]
    fn what_a_strict_path_misses_is_an_error_and_what_a_lax_one_misses_no_row() {
        let number = |document: &str, path: &str| {
            rows(document, Some(path), None).map(|rows| rows.len()).map_err(|error| error.number)
        };
        assert_eq!(number(r#"{"a":1}"#, "$.b"), Ok(0));
        assert_eq!(number(r#"{"a":1}"#, "$.a"), Ok(0));
        assert_eq!(number(r#"{"a":1}"#, "strict $.b"), Err(13608));
        assert_eq!(number(r#"{"a":1}"#, "strict $.a"), Err(13611));
        assert_eq!(number("{}extra", "$.a"), Err(13609));
        let cell = |path: &str, json: bool| {
            rows(r#"{"a":1,"o":{}}"#, None, Some(&with(&[(path, json)])))
                .map(drop)
                .map_err(|error| (error.number, error.state))
        };
        assert_eq!(cell("strict $.b", false), Err((13608, 6)));
        assert_eq!(cell("strict $.a", true), Err((13624, 1)));
        assert_eq!(cell("strict $.o", false), Err((13624, 1)));
        assert_eq!(cell("strict $.a", false), Ok(()));
    }

    #[test]
    fn a_cell_is_converted_cut_or_decoded() {
        let typed = |text: &str, sql_type: &str| {
            typed(text, SqlType::parse(sql_type).unwrap()).map_err(|error| error.number)
        };
        assert_eq!(typed("12", "int"), Ok(Value::Integer(12)));
        assert_eq!(typed("abc", "int"), Err(245));
        assert_eq!(typed("true", "bit"), Ok(Value::Bit(true)));
        assert_eq!(typed("Lissabon", "nvarchar(3)"), Ok(Value::Text("Lis".to_owned())));
        assert_eq!(typed("AQL/", "varbinary(3)"), Ok(Value::Binary(vec![1, 2, 0xFF])));
        assert_eq!(typed("AQL/", "binary(4)"), Ok(Value::Binary(vec![1, 2, 0xFF, 0])));
        assert_eq!(typed("AQL/", "varbinary(2)"), Err(13613));
        assert_eq!(typed("%", "varbinary(2)"), Err(13612));
    }
}
