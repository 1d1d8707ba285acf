//! A stored procedure that a function calls: its name, its OUT parameters, and the T-SQL that calls it.
//!
//! The call is compiled from the definition alone and never from a value. It runs through `sp_executesql` like every
//! command and hands out what the procedure wrote into its OUT parameters as a result set, in which they have their declared
//! types: as return values of a remote call, a NULL decimal would have gone out with the scale 0 and come back rounded.

use std::fmt::{self, Write};

use super::command_text::{ProcedureName, quoted_name};
use crate::invocation::SqlType;

/// The first column of the result set with which the call ends.
pub(super) const STATUS_COLUMN: &str = "$returnStatus";

/// The variable of the call that takes the return status. No parameter may have its name.
pub(super) const STATUS_VARIABLE: &str = "@azsql_status";

/// A procedure as a definition declares it.
#[derive(Clone, Debug)]
pub struct Procedure {
    name: ProcedureName,
    outputs: Vec<OutputParameter>,
}

/// A parameter that the procedure writes to: `"direction"` is `out` or `inout`.
#[derive(Clone, Debug)]
pub struct OutputParameter {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) is_input: bool,
}

impl OutputParameter {
    /// Its name with the `@`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name without the `@`, as answers have it.
    #[must_use]
    pub fn bare_name(&self) -> &str {
        self.name.strip_prefix('@').unwrap_or(&self.name)
    }

    /// Its declared type.
    #[must_use]
    pub fn sql_type(&self) -> SqlType {
        self.sql_type
    }

    /// Whether it takes a value of the invocation, too (`inout`).
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.is_input
    }
}

impl Procedure {
    pub(super) fn new(name: ProcedureName, outputs: Vec<OutputParameter>) -> Self {
        Self { name, outputs }
    }

    /// Its name, each part quoted: `[dbo].[AddPerson]`.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.to_string()
    }

    /// The parameters that it writes to, in the order of the definition.
    #[must_use]
    pub fn outputs(&self) -> &[OutputParameter] {
        &self.outputs
    }

    /// The T-SQL that calls it with these parameters, which are named with their `@`; with `tells_end`, return status and OUT
    /// parameters follow as a result set of one row.
    pub(super) fn call(&self, inputs: &[&str], tells_end: bool) -> String {
        let mut text = self.call_alone(inputs, tells_end);
        if tells_end {
            push(&mut text, format_args!("\nSELECT {STATUS_VARIABLE} AS {}", quoted_name(STATUS_COLUMN)));
            for output in &self.outputs {
                push(&mut text, format_args!(", {} AS {}", output.name, quoted_name(output.bare_name())));
            }
            text.push(';');
        }
        text
    }

    /// The call without what `tells_end` puts behind it: the result sets are the procedure's own.
    pub(super) fn call_alone(&self, inputs: &[&str], tells_end: bool) -> String {
        let mut text = String::new();
        if tells_end {
            push(&mut text, format_args!("DECLARE {STATUS_VARIABLE} int"));
            for output in self.outputs.iter().filter(|output| !output.is_input) {
                push(&mut text, format_args!(", {} {}", output.name, output.sql_type));
            }
            text.push_str(";\n");
        }
        text.push_str("EXEC ");
        if tells_end {
            push(&mut text, format_args!("{STATUS_VARIABLE} = "));
        }
        push(&mut text, format_args!("{}", self.name));
        let is_output = |name: &str| self.outputs.iter().any(|output| output.name == name);
        let only_out = self.outputs.iter().filter(|output| !output.is_input).map(OutputParameter::name);
        for (index, name) in inputs.iter().copied().chain(only_out).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let direction = if is_output(name) { " OUTPUT" } else { "" };
            push(&mut text, format_args!("{comma} {name} = {name}{direction}"));
        }
        text.push(';');
        text
    }
}

fn push(text: &mut String, piece: fmt::Arguments<'_>) {
    // Writing to a String never fails.
    let _ = text.write_fmt(piece);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn procedure(outputs: Vec<OutputParameter>) -> Procedure {
        Procedure::new(ProcedureName::parse("dbo.AddPerson").unwrap(), outputs)
    }

    fn output(name: &str, sql_type: &str, is_input: bool) -> OutputParameter {
        OutputParameter { name: name.to_owned(), sql_type: SqlType::parse(sql_type).unwrap(), is_input }
    }

    #[test]
    fn a_procedure_is_called_with_its_parameters_by_name() {
        assert_eq!(procedure(Vec::new()).call(&[], false), "EXEC [dbo].[AddPerson];");
        assert_eq!(
            procedure(Vec::new()).call(&["@name", "@city"], false),
            "EXEC [dbo].[AddPerson] @name = @name, @city = @city;"
        );
    }

    #[test]
    fn status_and_out_parameters_follow_in_their_declared_types() {
        let outputs =
            vec![output("@total", "decimal(38,10)", false), output("@at", "datetimeoffset(3)", true)];
        assert_eq!(
            procedure(outputs).call(&["@name", "@at"], true),
            "DECLARE @azsql_status int, @total decimal(38,10);\n\
             EXEC @azsql_status = [dbo].[AddPerson] @name = @name, @at = @at OUTPUT, @total = @total OUTPUT;\n\
             SELECT @azsql_status AS [$returnStatus], @total AS [total], @at AS [at];"
        );
    }
}
