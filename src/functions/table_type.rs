//! A table-valued parameter: its type, and the T-SQL that fills a variable of it.
//!
//! The rows go to the server as one JSON text, and the command's text begins with a variable of the table type that is
//! filled from it. The driver's own table-valued parameters are not used: it asks the server for the type's columns before every
//! call, and sends rows by position and not by name, so that a type with other columns, digits or a UTF-8 collation would
//! get wrong values without a word.

use std::fmt::Write;

use super::ObjectName;
use super::command_text::quoted_name;
use super::limits::Limits;
use crate::invocation::{Length, SqlType, SqlValue};

/// A table type with its columns as the definition declares them, and the parameter that carries the rows.
#[derive(Clone, Debug)]
pub(super) struct TableType {
    /// In the connection's own database.
    pub(super) name: ObjectName,
    /// One at the least.
    pub(super) columns: Vec<TableColumn>,
    /// How many rows may come.
    pub(super) max_rows: usize,
    /// The parameter that goes to the server, `@azsql_rows_ids` for `@ids`.
    pub(super) carrier: String,
}

/// A column of a table type.
#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) required: bool,
    pub(super) default: Option<SqlValue>,
    pub(super) limits: Limits,
}

/// The names of the worker's own variables begin with this; a definition's parameters must not.
pub(super) const OWN_VARIABLES: &str = "@azsql_";

impl TableType {
    /// The name of the parameter that carries the rows of the table parameter `variable`.
    pub(super) fn carrier_of(variable: &str) -> String {
        format!("{OWN_VARIABLES}rows_{}", variable.trim_start_matches('@'))
    }

    /// Whether a row may be the value of the only column itself. A column that takes any JSON takes objects too, which would be read
    /// as rows.
    pub(super) fn takes_values(&self) -> bool {
        matches!(self.columns.as_slice(), [column] if !column.sql_type.takes_json())
    }

    /// The T-SQL that declares `variable` and fills it. It holds names and types of the definition and no value. It is one
    /// line, so that errors tell the command's own lines, and counts as no changed rows.
    pub(super) fn declaration(&self, variable: &str) -> String {
        let mut names = Vec::new();
        let mut values = Vec::new();
        let mut read = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let alias = format!("[c{index}]");
            names.push(quoted_name(&column.name));
            let (read_as, value) = match column.sql_type {
                // As hexadecimal digits: style 2 of CONVERT reads them, and padding follows the type.
                SqlType::Binary(_) | SqlType::VarBinary(_) => (
                    SqlType::VarChar(Length::Max).to_string(),
                    format!("CONVERT({}, {alias}, 2)", column.sql_type),
                ),
                SqlType::Xml => {
                    (SqlType::NVarChar(Length::Max).to_string(), format!("CONVERT(xml, {alias})"))
                }
                // OPENJSON's columns have the database's collation; the INSERT converts to that of the type's column, and
                // says so when a text is too long for it.
                SqlType::Char(_) | SqlType::VarChar(_) => {
                    (SqlType::NVarChar(Length::Max).to_string(), alias.clone())
                }
                other => (other.on_server().to_string(), alias.clone()),
            };
            values.push(value);
            read.push(format!("{alias} {read_as} '$[{index}]'"));
        }
        let mut text = String::new();
        // Writing to a String never fails.
        let _ = write!(
            text,
            "SET NOCOUNT ON; DECLARE {variable} {}; INSERT INTO {variable} ({}) SELECT {} FROM OPENJSON({}) WITH ({}); \
             SET NOCOUNT OFF; ",
            self.name,
            names.join(", "),
            values.join(", "),
            self.carrier,
            read.join(", "),
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, sql_type: SqlType) -> TableColumn {
        TableColumn {
            name: name.to_owned(),
            sql_type,
            required: false,
            default: None,
            limits: Limits::default(),
        }
    }

    #[test]
    fn the_variable_is_filled_by_the_columns_names() {
        let table = TableType {
            name: ObjectName::user_type("dbo", "Odd]List"),
            columns: vec![
                column("Id", SqlType::Int),
                column("Odd]Name", SqlType::NVarChar(Length::Limit(50))),
                column("Hash", SqlType::Binary(4)),
                column("Text", SqlType::Xml),
                column("More", SqlType::Json),
            ],
            max_rows: 10,
            carrier: TableType::carrier_of("@ids"),
        };
        assert_eq!(
            table.declaration("@ids"),
            "SET NOCOUNT ON; DECLARE @ids [dbo].[Odd]]List]; INSERT INTO @ids ([Id], [Odd]]Name], [Hash], [Text], [More]) \
             SELECT [c0], [c1], CONVERT(binary(4), [c2], 2), CONVERT(xml, [c3]), [c4] FROM OPENJSON(@azsql_rows_ids) WITH \
             ([c0] int '$[0]', [c1] nvarchar(50) '$[1]', [c2] varchar(max) '$[2]', [c3] nvarchar(max) '$[3]', \
             [c4] nvarchar(max) '$[4]'); SET NOCOUNT OFF; "
        );
    }
}
