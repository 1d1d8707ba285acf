//! The rows of a table parameter: a caller's JSON array, each value checked as a parameter's, written as the JSON that the
//! command's text fills the table from.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Misfit;
use super::properties::Properties;
use crate::database::Cell;
use crate::functions::conversion::from_json_text;
use crate::functions::json_text::write_cell;
use crate::functions::plan::Numbers;
use crate::functions::table_type::{TableColumn, TableType};
use crate::invocation::{SqlType, SqlValue};

/// How many misfits are told; a list of thousands helps nobody.
const MOST_TOLD: usize = 20;

/// The rows of a valid JSON text, as an array of arrays with a value for each column.
///
/// Each element is an object whose properties are the columns, or, for a table of one column, the value itself; not where that
/// column takes any JSON, since an object would have two readings. Properties that are no column are left out. Of a name that is there twice the last one counts.
pub(super) fn rows(table: &TableType, json: &str) -> Result<String, Vec<Misfit>> {
    let mut rows = Rows { table, count: 0, written: "[".to_owned(), misfits: Vec::new() };
    if !json.trim_start().starts_with('[') {
        let elements = if table.takes_values() { "objects or values" } else { "objects" };
        return Err(vec![format!("must be a JSON array of {elements}").into()]);
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    if Elements(&mut rows).deserialize(&mut deserializer).is_err() {
        return Err(vec!["must be a JSON array".to_owned().into()]);
    }
    if rows.count > table.max_rows {
        rows.misfits.insert(0, format!("must have at most {} rows", table.max_rows).into());
    }
    if rows.misfits.is_empty() { Ok(rows.written + "]") } else { Err(rows.misfits) }
}

struct Rows<'t> {
    table: &'t TableType,
    count: usize,
    written: String,
    misfits: Vec<Misfit>,
}

impl Rows<'_> {
    /// Whether another row is of any use.
    fn wants_more(&self) -> bool {
        self.count < self.table.max_rows && self.misfits.len() < MOST_TOLD
    }

    fn row(&mut self, element: &str) {
        let table = self.table;
        self.written.push_str(if self.count == 0 { "[" } else { ",[" });
        match (element.starts_with('{'), table.columns.as_slice()) {
            (false, [column]) if !column.sql_type.takes_json() => self.value(column, Some(element), None),
            (true, columns) => {
                let paths = columns.iter().map(|column| std::slice::from_ref(&column.name));
                match Properties::find(element, paths) {
                    Ok(properties) => {
                        for (index, column) in columns.iter().enumerate() {
                            if index > 0 {
                                self.written.push(',');
                            }
                            let value = properties.get(std::slice::from_ref(&column.name)).ok().flatten();
                            if value.is_none() && columns.len() == 1 && column.sql_type.takes_json() {
                                // It was meant as the value itself, and would be lost.
                                self.misfit(None, format!("must be an object with `{}`", column.name));
                            } else {
                                self.value(column, value, Some(&column.name));
                            }
                        }
                    }
                    // The whole was read before.
                    Err(_) => self.misfit(None, "must be a JSON object".to_owned()),
                }
            }
            (false, _) => self.misfit(None, "must be a JSON object".to_owned()),
        }
        self.written.push(']');
        self.count += 1;
    }

    fn value(&mut self, column: &TableColumn, json: Option<&str>, name: Option<&str>) {
        match bind(column, json) {
            Ok(value) => write_value(&mut self.written, &value, column.sql_type),
            Err(message) => self.misfit(name, message),
        }
    }

    fn misfit(&mut self, column: Option<&str>, message: String) {
        let row = self.count;
        let place = column.map_or_else(|| format!("[{row}]"), |column| format!("[{row}].{column}"));
        match self.misfits.len() {
            told if told + 1 < MOST_TOLD => self.misfits.push(Misfit { place, message }),
            told if told < MOST_TOLD => {
                let message = format!("{message}; what is wrong in later rows is not told");
                self.misfits.push(Misfit { place, message });
            }
            _ => {}
        }
    }
}

fn bind(column: &TableColumn, json: Option<&str>) -> Result<SqlValue, String> {
    let value = match json.map_or(Ok(SqlValue::Null), |json| from_json_text(json, column.sql_type))? {
        SqlValue::Null => match &column.default {
            Some(default) => default.clone(),
            None if column.required => return Err("is required".to_owned()),
            None => SqlValue::Null,
        },
        value => value,
    };
    column.limits.check(&value)?;
    Ok(value)
}

/// Writes a value so that the server reads the same one: digits, offset and fraction as they are.
fn write_value(json: &mut String, value: &SqlValue, sql_type: SqlType) {
    let cell = match value {
        SqlValue::Null => Cell::Null,
        SqlValue::Bit(bit) => Cell::Bit(*bit),
        SqlValue::Integer(integer) => Cell::BigInt(*integer),
        SqlValue::Decimal(decimal) => Cell::Decimal(*decimal),
        // The digits of an f32 that was widened would be those of the f64.
        #[expect(clippy::cast_possible_truncation, reason = "a real was read as an f32 and is one still")]
        SqlValue::Float(float) if sql_type == SqlType::Real => Cell::Real(*float as f32),
        SqlValue::Float(float) => Cell::Float(*float),
        SqlValue::Date(date) => Cell::Date(*date),
        SqlValue::Time(value) => Cell::Time { value: *value, scale: scale_of(sql_type) },
        SqlValue::DateTime(value) => Cell::DateTime { value: *value, scale: scale_of(sql_type) },
        SqlValue::DateTimeOffset(value) => Cell::DateTimeOffset { value: *value, scale: scale_of(sql_type) },
        SqlValue::Text(text) => Cell::Text(text),
        SqlValue::UniqueIdentifier(uuid) => Cell::UniqueIdentifier(*uuid),
        SqlValue::Binary(bytes) => {
            json.push('"');
            for byte in bytes {
                json.extend([byte >> 4, byte & 15].map(hexadecimal));
            }
            json.push('"');
            return;
        }
    };
    write_cell(json, cell, Numbers::Exact);
}

fn hexadecimal(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

fn scale_of(sql_type: SqlType) -> u8 {
    match sql_type {
        SqlType::Time { scale } | SqlType::DateTime2 { scale } | SqlType::DateTimeOffset { scale } => scale,
        SqlType::DateTime => 3,
        _ => 0,
    }
}

/// Reads an array element by element, and leaves each unbuilt.
struct Elements<'r, 't>(&'r mut Rows<'t>);

impl<'j> DeserializeSeed<'j> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'j> Visitor<'j> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut elements: A) -> Result<(), A::Error> {
        while self.0.wants_more() {
            match elements.next_element::<&'j RawValue>()? {
                Some(element) => self.0.row(element.get()),
                None => return Ok(()),
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            self.0.count += 1;
        }
        Ok(())
    }
}
