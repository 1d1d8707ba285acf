//! JSON: FOR JSON of a subquery, OPENJSON, JSON_VALUE and its kin.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::Value as Stored;

use super::FunctionContext;
use super::context::{Arguments, pure};
use super::text::text_or_null;
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::json::document::{Document, Form, Shape};
use crate::sql::values::json::errors::internal;
use crate::sql::values::json::find::{self, Wanted};
use crate::sql::values::json::modify::modify;
use crate::sql::values::json::open::{self, WithColumn};
use crate::sql::values::json::path::Path;
use crate::sql::values::json::write::{put_string, put_value};
use crate::sql::values::storage;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_aggregate_function("tsql_for_json", -1, flags, ForJson(Arc::clone(context)))?;
    pure(connection, context, "tsql_json_value", 2, |call| {
        let path = path_of(call, "JSON_VALUE", Path::parse)?;
        let Some(document) = call.text(0)? else { return Ok(Stored::Null) };
        Ok(text_or_null(find::value(document, &path)?))
    })?;
    pure(connection, context, "tsql_json_query", 2, |call| {
        let path = path_of(call, "JSON_QUERY", Path::parse)?;
        let Some(document) = call.text(0)? else { return Ok(Stored::Null) };
        Ok(text_or_null(find::query(document, &path)?.map(str::to_owned)))
    })?;
    pure(connection, context, "tsql_json_path_exists", 2, |call| {
        let path = path_of(call, "JSON_PATH_EXISTS", Path::parse)?;
        let Some(document) = call.text(0)? else { return Ok(Stored::Null) };
        Ok(Stored::Integer(i64::from(find::exists(document, &path))))
    })?;
    pure(connection, context, "tsql_isjson", 2, |call| {
        let Some(text) = call.text(0)? else { return Ok(Stored::Null) };
        let wanted = match call.text(1)?.unwrap_or_default() {
            "VALUE" => Wanted::Value,
            "SCALAR" => Wanted::Scalar,
            "ARRAY" => Wanted::Array,
            "OBJECT" => Wanted::Object,
            _ => Wanted::Document,
        };
        Ok(Stored::Integer(i64::from(find::is_json(text, wanted))))
    })?;
    pure(connection, context, "tsql_json_modify", 5, |call| {
        let path = path_of(call, "JSON_MODIFY", Path::parse_for_modify)?;
        let Some(document) = call.text(0)? else { return Ok(Stored::Null) };
        let value = if call.is_null(2) { None } else { Some(json_of(call, 2)?) };
        Ok(Stored::Text(modify(document, &path, value.as_deref())?))
    })?;
    pure(connection, context, "tsql_json_array", -1, array)?;
    pure(connection, context, "tsql_json_object", -1, object)?;
    pure(connection, context, "tsql_openjson", 4, |call| {
        if call.integer(2)? == Some(1) && call.is_null(1) {
            return Err(null_path("OPENJSON").with_state(9));
        }
        let Some(document) = call.text(0)? else { return Ok(Stored::Null) };
        let columns: Option<Vec<WithColumn>> = match call.text(3)? {
            Some(columns) => Some(serde_json::from_str(columns).map_err(|error| internal(&error))?),
            None => None,
        };
        let rows = open::rows(document, call.text(1)?, columns.as_deref())?;
        serde_json::to_string(&rows).map(Stored::Text).map_err(|error| internal(&error))
    })?;
    pure(connection, context, "tsql_openjson_value", 2, |call| {
        let Some(text) = call.text(0)? else { return Ok(Stored::Null) };
        let sql_type = call.sql_type(1)?;
        Ok(storage::to_sqlite(&open::typed(text, sql_type)?, sql_type))
    })
}

/// The second argument. A path that is NULL is refused, whatever the document is.
fn path_of(
    call: &Arguments<'_, '_>,
    function: &str,
    parse: impl Fn(&str) -> Result<Path, SqlError>,
) -> Result<Path, SqlError> {
    parse(call.text(1)?.ok_or_else(|| null_path(function))?)
}

/// 8116: a path that is NULL when the statement runs.
fn null_path(function: &str) -> SqlError {
    SqlError::new(8116, format!("Argument data type NULL is invalid for argument 2 of {function} function."))
        .with_state(8)
}

/// The value at an argument as JSON; behind it stand its type and whether it is JSON already.
fn json_of(call: &Arguments<'_, '_>, at: usize) -> Result<String, SqlError> {
    let sql_type = call.sql_type(at.saturating_add(1))?;
    let value = call.value(at, sql_type)?;
    let is_json = call.integer(at.saturating_add(2))? == Some(1);
    match value {
        Value::Text(text) if is_json => Ok(text),
        value => {
            let mut out = String::new();
            put_value(&value, sql_type, &mut out)?;
            Ok(out)
        }
    }
}

/// `(absent, value, 'type', json, ...)`
fn array(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let absent = call.integer(0)? == Some(1);
    let mut elements = Vec::new();
    for at in (1..call.len()).step_by(3) {
        if !(absent && call.is_null(at)) {
            elements.push(json_of(call, at)?);
        }
    }
    Ok(Stored::Text(format!("[{}]", elements.join(","))))
}

/// `(absent, name, value, 'type', json, ...)`
fn object(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let absent = call.integer(0)? == Some(1);
    let mut members = Vec::new();
    for at in (1..call.len()).step_by(4) {
        let name = call.text(at)?.ok_or_else(|| {
            SqlError::new(13638, "User error : Name parameter value in 'json_object' cannot be null")
        })?;
        let value = at.saturating_add(1);
        if !(absent && call.is_null(value)) {
            let mut member = String::new();
            put_string(name, &mut member);
            member.push(':');
            member.push_str(&json_of(call, value)?);
            members.push(member);
        }
    }
    Ok(Stored::Text(format!("{{{}}}", members.join(","))))
}

/// FOR JSON of a subquery, `(shape, columns, c0, c1, ...)`: NULL without rows.
struct ForJson(Arc<FunctionContext>);

/// The columns of [`ForJson`]: type, and whether it is JSON already.
type Columns = Vec<(String, bool)>;

impl ForJson {
    fn begin(shape: &str, columns: &str) -> Result<(Document, Vec<SqlType>), SqlError> {
        let shape: Shape = serde_json::from_str(shape).map_err(|error| internal(&error))?;
        let columns: Columns = serde_json::from_str(columns).map_err(|error| internal(&error))?;
        let forms = columns
            .iter()
            .map(|(sql_type, json)| Ok(Form { sql_type: SqlType::parse(sql_type)?, json: *json }))
            .collect::<Result<Vec<_>, SqlError>>()?;
        let types = forms.iter().map(|form| form.sql_type).collect();
        Ok((Document::new(shape, forms), types))
    }

    fn row(call: &Arguments<'_, '_>, state: &mut Option<Making>) -> Result<(), SqlError> {
        if state.is_none() {
            let (shape, columns) = (call.text(0)?.unwrap_or_default(), call.text(1)?.unwrap_or_default());
            let (document, types) = Self::begin(shape, columns)?;
            *state = Some(Making { document, types, text: String::new() });
        }
        let Some(making) = state else { return Ok(()) };
        let values = making
            .types
            .iter()
            .enumerate()
            .map(|(place, sql_type)| call.value(place.saturating_add(2), *sql_type))
            .collect::<Result<Vec<_>, _>>()?;
        making.document.row(&values, &mut making.text)
    }
}

/// A text in the making.
struct Making {
    document: Document,
    types: Vec<SqlType>,
    text: String,
}

impl Aggregate<Option<Making>, Option<String>> for ForJson {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Making>> {
        Ok(None)
    }

    fn step(&self, call: &mut Context<'_>, state: &mut Option<Making>) -> rusqlite::Result<()> {
        Self::row(&Arguments::of(call), state).map_err(|error| self.0.fail(error))
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        state: Option<Option<Making>>,
    ) -> rusqlite::Result<Option<String>> {
        Ok(state.flatten().map(|mut making| {
            making.document.end(&mut making.text);
            making.text
        }))
    }
}
