//! The file beside a function's definition that keeps what the server said of its command, so that a review sees changes
//! and checks without a server know the columns.

use std::fmt::Write;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::database::DescribedColumn;
use crate::functions::plan::Plan;

/// The file's name in the function's folder.
pub const FILE: &str = "schema.json";

const COMMENT: &str =
    "What the server says of the command. `azsql-worker check --live --write-schema` writes this file.";

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDescription {
    /// The columns of the first result set, in their order.
    pub columns: Vec<DescribedColumn>,
    /// Which command they belong to.
    command: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "$comment", default)]
    comment: String,
    command: String,
    columns: Vec<Column>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
    nullable: bool,
}

impl StoredDescription {
    /// The description of the plan's command as it is now.
    #[must_use]
    pub fn new(plan: &Plan, columns: Vec<DescribedColumn>) -> Self {
        Self { columns, command: fingerprint(plan) }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// A sentence about what is wrong with it, and the cure.
    pub fn read(text: &str) -> Result<Self, String> {
        let read: Result<Document, _> = serde_json::from_str(text.trim_start_matches('\u{feff}'));
        let document = read.map_err(|error| {
            format!(
                "is not a stored description (line {}): write it again with `azsql-worker check --live --write-schema`, or \
                 delete it",
                error.line()
            )
        })?;
        let column = |column: Column| DescribedColumn {
            name: column.name,
            sql_type: column.sql_type,
            nullable: column.nullable,
        };
        Ok(Self { columns: document.columns.into_iter().map(column).collect(), command: document.command })
    }

    /// The file's text, a column a line, so that reviews read well.
    ///
    /// # Errors
    /// None that any description brings about; serde's, if it should.
    pub fn write(&self) -> serde_json::Result<String> {
        let mut text = String::from("{\n");
        let _ = writeln!(text, "  \"$comment\": {},", serde_json::to_string(COMMENT)?);
        let _ = writeln!(text, "  \"command\": {},", serde_json::to_string(&self.command)?);
        text.push_str("  \"columns\": [");
        for (index, column) in self.columns.iter().enumerate() {
            let object = serde_json::to_string(&Column {
                name: column.name.clone(),
                sql_type: column.sql_type.clone(),
                nullable: column.nullable,
            })?;
            let _ = write!(text, "{}\n    {object}", if index == 0 { "" } else { "," });
        }
        text.push_str(if self.columns.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        Ok(text)
    }

    /// Whether it describes the plan's command as it is now.
    #[must_use]
    pub fn is_of(&self, plan: &Plan) -> bool {
        self.command == fingerprint(plan)
    }

    /// What differs from `now`, as one sentence each.
    #[must_use]
    pub fn changes(&self, now: &[DescribedColumn]) -> Vec<String> {
        if self.columns == now {
            return Vec::new();
        }
        let mut changes = Vec::new();
        let find = |columns: &[DescribedColumn], name: &str| {
            columns.iter().find(|column| column.name == name).cloned()
        };
        for before in &self.columns {
            match find(now, &before.name) {
                None => changes.push(format!("column `{}` is gone", before.name)),
                Some(column) if column != *before => {
                    changes.push(format!(
                        "column `{}` is {} now, not {}",
                        before.name,
                        told(&column),
                        told(before)
                    ));
                }
                Some(_) => {}
            }
        }
        for column in now {
            if find(&self.columns, &column.name).is_none() {
                changes.push(format!("column `{}` ({}) is new", column.name, told(column)));
            }
        }
        if changes.is_empty() {
            changes.push("the columns come in another order".to_owned());
        }
        changes
    }
}

fn told(column: &DescribedColumn) -> String {
    format!("{}{}", column.sql_type, if column.nullable { " NULL" } else { " NOT NULL" })
}

/// A fingerprint of the command and its declarations, the same whatever line ends a checkout gave it.
fn fingerprint(plan: &Plan) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(plan.command_text().replace("\r\n", "\n").as_bytes());
    context.update(&[0]);
    context.update(plan.declarations().as_bytes());
    let mut text = String::from("sha256:");
    for byte in context.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn column(name: &str, sql_type: &str, nullable: bool) -> DescribedColumn {
        DescribedColumn { name: name.to_owned(), sql_type: sql_type.to_owned(), nullable }
    }

    fn any_columns() -> impl Strategy<Value = Vec<DescribedColumn>> {
        let any_column = (".{0,12}", "[a-z(),0-9]{1,12}", any::<bool>());
        prop::collection::vec(
            any_column.prop_map(|(name, sql_type, null)| column(&name, &sql_type, null)),
            0..5,
        )
    }

    proptest! {
        #[test]
        fn a_description_survives_its_file(columns in any_columns(), command in "sha256:[0-9a-f]{8}") {
            let stored = StoredDescription { columns, command };
            let text = stored.write().unwrap();
            prop_assert_eq!(&StoredDescription::read(&text).unwrap(), &stored);
            prop_assert!(stored.changes(&stored.columns).is_empty());
        }

        #[test]
        fn a_difference_is_always_told(before in any_columns(), now in any_columns()) {
            let stored = StoredDescription { columns: before.clone(), command: String::new() };
            prop_assert_eq!(stored.changes(&now).is_empty(), before == now);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = StoredDescription::read(&text);
        }
    }

    #[test]
    fn changes_name_the_column_and_what_it_was() {
        let stored = StoredDescription {
            columns: vec![column("Id", "int", false), column("Name", "nvarchar(50)", false)],
            command: String::new(),
        };
        let now = [column("Name", "nvarchar(80)", true), column("Age", "tinyint", true)];
        assert_eq!(
            stored.changes(&now),
            [
                "column `Id` is gone",
                "column `Name` is nvarchar(80) NULL now, not nvarchar(50) NOT NULL",
                "column `Age` (tinyint NULL) is new",
            ]
        );
    }
}
