//! What the server says of a command without running it: the columns of its first result set, and the types that its
//! parameters would get if nobody declared them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::OwnRetryLimits;
use super::sink::{Cell, ResultColumn, ResultSink, SinkError};
use super::{Command, ConnectionSettings, Database, Failure, Unit};
use crate::invocation::{Invocation, Length, Parameter, SqlType, SqlValue};

/// A table has no more columns (Microsoft's documentation, "Maximum capacity specifications for SQL Server": columns per
/// SELECT statement).
const MOST_ROWS: usize = 4096;

/// A column of a command's first result set, as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedColumn {
    /// Empty when it has none.
    pub name: String,
    /// As a declaration writes it: `nvarchar(50)`, `decimal(18,4)`; a type of the user's or the CLR's by its name.
    pub sql_type: String,
    /// Whether it can be NULL.
    pub nullable: bool,
}

/// The type that a parameter would get if it were not declared: that of the column it meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedParameter {
    /// With its `@`, as the command writes it.
    pub name: String,
    /// As a declaration writes it.
    pub sql_type: String,
}

/// Why the server has no description of a command that it could run all the same (Microsoft's documentation, "Database Engine
/// events and errors", 11509 to 11528): what it does is only known when it runs.
const UNDESCRIBABLE: std::ops::RangeInclusive<u32> = 11509..=11528;

/// Why the server suggests no type for a parameter, though the command is right (the same, 11502 to 11508).
const UNDEDUCIBLE: std::ops::RangeInclusive<u32> = 11502..=11508;

/// Whether a failure says no more than that the command can't be described: dynamic SQL, temp tables, branches with different
/// results.
#[must_use]
pub fn is_undescribable(failure: &Failure) -> bool {
    has_number(failure, &UNDESCRIBABLE)
}

/// Whether a failure says no more than that there is no single type for a parameter.
#[must_use]
pub fn is_undeducible(failure: &Failure) -> bool {
    has_number(failure, &UNDEDUCIBLE) || is_undescribable(failure)
}

fn has_number(failure: &Failure, numbers: &std::ops::RangeInclusive<u32>) -> bool {
    matches!(failure, Failure::Fault(fault) if fault.number.is_some_and(|number| numbers.contains(&number)))
}

const DESCRIBE: &str =
    "EXEC sys.sp_describe_first_result_set @tsql = @text, @params = @declared, @browse_information_mode = 0;";
const DESCRIBE_DECLARATIONS: &str = "@text nvarchar(max), @declared nvarchar(max)";

const SUGGEST: &str = "EXEC sys.sp_describe_undeclared_parameters @tsql = @text;";
const SUGGEST_DECLARATIONS: &str = "@text nvarchar(max)";

impl Database {
    /// The columns of the first result set that `text` gives with these declarations, in their order; none when it gives
    /// none. Nothing of it runs.
    ///
    /// # Errors
    /// What the server says of the text, see [`is_undescribable`], or why it can't be asked.
    pub async fn describe_results(
        &self,
        invocation: Invocation,
        name: &Arc<str>,
        connection: &ConnectionSettings,
        text: &str,
        declarations: &str,
    ) -> Result<Vec<DescribedColumn>, Failure> {
        let declared =
            if declarations.is_empty() { SqlValue::Null } else { SqlValue::Text(declarations.to_owned()) };
        let values =
            vec![long_text("@text", SqlValue::Text(text.to_owned())), long_text("@declared", declared)];
        let asked = question(DESCRIBE, DESCRIBE_DECLARATIONS, values);
        let rows = self.ask(invocation, name, connection, asked).await?;
        let shown = rows.into_iter().filter(|row| row.get("is_hidden").is_none_or(|hidden| hidden != "1"));
        shown.map(described).collect()
    }

    /// What the server would declare the parameters of `text` as.
    ///
    /// # Errors
    /// What the server says of the text, see [`is_undeducible`], or why it can't be asked.
    pub async fn suggest_parameters(
        &self,
        invocation: Invocation,
        name: &Arc<str>,
        connection: &ConnectionSettings,
        text: &str,
    ) -> Result<Vec<SuggestedParameter>, Failure> {
        let values = vec![long_text("@text", SqlValue::Text(text.to_owned()))];
        let asked = question(SUGGEST, SUGGEST_DECLARATIONS, values);
        let rows = self.ask(invocation, name, connection, asked).await?;
        rows.into_iter().map(suggested).collect()
    }

    async fn ask(
        &self,
        invocation: Invocation,
        name: &Arc<str>,
        connection: &ConnectionSettings,
        command: Command,
    ) -> Result<Vec<Row>, Failure> {
        let running = self.run(invocation, name, connection, command, NamedTexts::default());
        match running.await {
            Some((sink, Ok(()))) => Ok(sink.rows),
            Some((_, Err(failure))) => Err(failure),
            None => Err(Failure::Internal("the description of a command was not read".to_owned())),
        }
    }
}

fn described(mut row: Row) -> Result<DescribedColumn, Failure> {
    // A CLR type has no system type's name.
    let sql_type = row.remove("system_type_name").or_else(|| row.remove("user_type_name"));
    let nullable = row.remove("is_nullable");
    match (sql_type, nullable) {
        (Some(sql_type), Some(nullable)) => Ok(DescribedColumn {
            name: row.remove("name").unwrap_or_default(),
            sql_type,
            nullable: nullable != "0",
        }),
        _ => Err(unreadable()),
    }
}

fn suggested(mut row: Row) -> Result<SuggestedParameter, Failure> {
    let sql_type =
        row.remove("suggested_system_type_name").or_else(|| row.remove("suggested_user_type_name"));
    match (row.remove("name"), sql_type) {
        (Some(name), Some(sql_type)) => Ok(SuggestedParameter { name, sql_type }),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> Failure {
    Failure::Results("the server's description of the command lacks a name or a type".to_owned())
}

fn long_text(name: &str, value: SqlValue) -> Parameter {
    Parameter { name: name.to_owned(), sql_type: SqlType::NVarChar(Length::Max), value }
}

/// A command of our own: it reads metadata only.
fn question(text: &'static str, declarations: &'static str, parameters: Vec<Parameter>) -> Command {
    Command {
        text: text.into(),
        declarations: declarations.into(),
        parameters,
        session_context: Vec::new(),
        unit: Unit::Repeatable,
        idempotency: None,
        may_leave_transaction: false,
        leaves_session_state: false,
        own_retry_limits: OwnRetryLimits::default(),
    }
}

/// A row's values as texts by their columns' names; NULL is left out.
type Row = BTreeMap<String, String>;

/// Keeps numbers, bits and texts of rows.
#[derive(Default)]
struct NamedTexts {
    columns: Vec<String>,
    column: usize,
    rows: Vec<Row>,
}

impl ResultSink for NamedTexts {
    fn columns(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        self.columns = columns.iter().map(|column| column.name.to_owned()).collect();
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        if self.rows.len() >= MOST_ROWS {
            return Err(SinkError::Form("the server describes more columns than there can be".to_owned()));
        }
        self.rows.push(Row::new());
        self.column = 0;
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        let text = match cell {
            Cell::Bit(value) => Some(u8::from(value).to_string()),
            Cell::Integer(value) => Some(value.to_string()),
            Cell::BigInt(value) => Some(value.to_string()),
            Cell::Text(text) => Some(text.to_owned()),
            // No fact that we read is of another type.
            _ => None,
        };
        let name = self.columns.get(self.column).cloned();
        self.column += 1;
        if let (Some(name), Some(text), Some(row)) = (name, text, self.rows.last_mut()) {
            row.insert(name, text);
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn rows_affected(&mut self, _count: u64) {}

    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::database::faults::{Fault, FaultClass};

    fn row(values: &[(&str, &str)]) -> Row {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_type_without_a_systems_name_has_its_own() {
        let described =
            described(row(&[("name", "Place"), ("user_type_name", "geography"), ("is_nullable", "1")]));
        let expected =
            DescribedColumn { name: "Place".to_owned(), sql_type: "geography".to_owned(), nullable: true };
        assert_eq!(described.unwrap(), expected);
    }

    #[test]
    fn a_description_without_a_type_is_no_description() {
        assert!(described(row(&[("name", "Place"), ("is_nullable", "1")])).is_err());
        assert!(suggested(row(&[("name", "@id")])).is_err());
    }

    #[test]
    fn what_is_only_known_when_it_runs_is_told_apart_from_mistakes() {
        let failure = |number| {
            let fault = Fault::without_number(FaultClass::Permanent, "refused");
            Failure::Fault(Fault { number: Some(number), ..fault })
        };
        assert!(is_undescribable(&failure(11514)) && is_undeducible(&failure(11514)));
        assert!(is_undeducible(&failure(11508)) && !is_undescribable(&failure(11508)));
        for mistake in [207, 208, 229, 11501, 11529] {
            assert!(!is_undeducible(&failure(mistake)), "{mistake}");
        }
    }
}
