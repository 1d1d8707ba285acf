//! The rows of a query as one JSON text: what FOR JSON makes, row by row.

use serde::{Deserialize, Serialize};

use super::write::{put_string, put_value};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};

/// A property of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Member {
    /// Its value is that of the query's column, counted from 0.
    Value { name: String, column: usize },
    /// An object, left out when all in it is.
    Object { name: String, members: Vec<Member> },
}

/// The objects of one depth: those of PATH, or of one table of AUTO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Level {
    /// What the array is called in the objects of the level above.
    pub(crate) name: String,
    pub(crate) members: Vec<Member>,
    /// The columns whose values tell one object of this level from the next.
    pub(crate) columns: Vec<usize>,
}

/// What the text looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// From the outermost; never empty.
    pub(crate) levels: Vec<Level>,
    /// ROOT
    pub(crate) root: Option<String>,
    /// INCLUDE_NULL_VALUES
    pub(crate) nulls: bool,
    /// Not WITHOUT_ARRAY_WRAPPER
    pub(crate) brackets: bool,
}

/// A column of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) sql_type: SqlType,
    /// Whether its text is JSON already, and goes in as it is.
    pub(crate) json: bool,
}

/// A text in the making.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    shape: Shape,
    forms: Vec<Form>,
    previous: Option<Vec<Value>>,
}

impl Document {
    pub(crate) fn new(shape: Shape, forms: Vec<Form>) -> Self {
        Self { shape, forms, previous: None }
    }

    /// Whether a row has come: without one there is no text.
    pub(crate) fn has_rows(&self) -> bool {
        self.previous.is_some()
    }

    /// Appends what a row adds.
    ///
    /// # Errors
    /// 8630 when a value isn't of its column's type.
    pub(crate) fn row(&mut self, values: &[Value], out: &mut String) -> Result<(), SqlError> {
        let innermost = self.shape.levels.len().saturating_sub(1);
        let from = match &self.previous {
            None => {
                if let Some(root) = &self.shape.root {
                    out.push('{');
                    put_string(root, out);
                    out.push(':');
                }
                if self.shape.brackets {
                    out.push('[');
                }
                0
            }
            Some(previous) => {
                let same = |level: &Level| {
                    level.columns.iter().all(|column| previous.get(*column) == values.get(*column))
                };
                let from = self.shape.levels.iter().take(innermost).take_while(|level| same(level)).count();
                for _ in from..innermost {
                    out.push_str("]}");
                }
                out.push(',');
                from
            }
        };
        for (place, level) in self.shape.levels.iter().enumerate().skip(from) {
            if place > from {
                out.push('[');
            }
            out.push('{');
            let mut first = self.members(&level.members, values, out)?;
            if let Some(below) = self.shape.levels.get(place.saturating_add(1)) {
                comma(&mut first, out);
                put_string(&below.name, out);
                out.push(':');
            } else {
                out.push('}');
            }
        }
        self.previous = Some(values.to_vec());
        Ok(())
    }

    /// Appends what ends the text; nothing if there was no row.
    pub(crate) fn end(&self, out: &mut String) {
        if !self.has_rows() {
            return;
        }
        for _ in 1..self.shape.levels.len() {
            out.push_str("]}");
        }
        if self.shape.brackets {
            out.push(']');
        }
        if self.shape.root.is_some() {
            out.push('}');
        }
    }

    /// Appends the members that are not left out, and says whether none was written.
    fn members(&self, members: &[Member], values: &[Value], out: &mut String) -> Result<bool, SqlError> {
        let mut first = true;
        for member in members {
            match member {
                Member::Value { name, column } => {
                    let value = values.get(*column).unwrap_or(&Value::Null);
                    if *value == Value::Null && !self.shape.nulls {
                        continue;
                    }
                    comma(&mut first, out);
                    put_string(name, out);
                    out.push(':');
                    match (self.forms.get(*column), value) {
                        (Some(Form { json: true, .. }), Value::Text(text)) => out.push_str(text),
                        (Some(form), value) => put_value(value, form.sql_type, out)?,
                        (None, _) => out.push_str("null"),
                    }
                }
                Member::Object { name, members } => {
                    let length = out.len();
                    let was_first = first;
                    comma(&mut first, out);
                    put_string(name, out);
                    out.push_str(":{");
                    if self.members(members, values, out)? {
                        out.truncate(length);
                        first = was_first;
                    } else {
                        out.push('}');
                    }
                }
            }
        }
        Ok(first)
    }
}

fn comma(first: &mut bool, out: &mut String) {
    if !*first {
        out.push(',');
    }
    *first = false;
}
