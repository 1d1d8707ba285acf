//! A command's T-SQL and what can be told from its words without a server.

mod column_names;
mod for_json;
mod objects;
mod procedure_name;
mod rights;
mod scanner;
mod statements;
mod thrown;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use procedure_name::ProcedureName;
pub use rights::{ObjectName, Right, RightsNeeded, RightsNote, SecurableClass, quoted_name};
use scanner::{Kind, Token};
pub(super) use statements::OutsideOfTransactions;

/// T-SQL that goes to the server as it is, with what its words say of it.
///
/// The answers err on the safe side: they cost a retry at worst, never a wrong result.
#[derive(Clone, Debug)]
pub struct CommandText {
    text: Arc<str>,
    outside_variables: BTreeMap<String, (String, usize)>,
    effect: Option<String>,
    defines_module: bool,
    single_plain_statement: bool,
    may_leave_transaction: bool,
    leaves_session_state: bool,
}

/// Something in a command that no server would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandMistake {
    /// The command's line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl CommandText {
    /// Examines a command.
    ///
    /// # Errors
    /// One for each thing that no server would run: nothing in it, a string, comment or name that is never closed, a
    /// `GO` on a line of its own; and for a carriage return alone.
    pub fn examine(text: impl Into<Arc<str>>) -> Result<Self, Vec<CommandMistake>> {
        let text: Arc<str> = text.into();
        if let Some(line) = lone_carriage_return(&text) {
            let message = format!(
                "line {line} has a carriage return without a line feed, where readers of T-SQL disagree whether a comment \
                 ends: save the file with line feeds"
            );
            return Err(vec![CommandMistake { line, message }]);
        }
        let tokens = scanner::scan(&text).map_err(|unclosed| {
            let what = unclosed.what;
            let line = unclosed.line;
            vec![CommandMistake {
                line,
                message: format!("the {what} that begins in line {line} is never closed"),
            }]
        })?;
        if tokens.is_empty() {
            let message = "the command is empty; write T-SQL".to_owned();
            return Err(vec![CommandMistake { line: 1, message }]);
        }
        let separators = batch_separators(&tokens);
        if !separators.is_empty() {
            return Err(separators
                .into_iter()
                .map(|line| CommandMistake {
                    line,
                    message: format!(
                        "line {line} is GO, which only tools understand; end statements with `;` instead"
                    ),
                })
                .collect());
        }
        let outside_variables = variables::from_outside(&tokens);
        let effect = statements::effect(&tokens).map(str::to_owned);
        let defines_module = defines_module(&tokens);
        let single_plain_statement = statements::is_single_plain_statement(&tokens);
        let may_leave_transaction = statements::may_leave_transaction(&tokens);
        let leaves_session_state = statements::leaves_session_state(&tokens);
        Ok(Self {
            text,
            outside_variables,
            effect,
            defines_module,
            single_plain_statement,
            may_leave_transaction,
            leaves_session_state,
        })
    }

    /// The T-SQL.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The first word that may change something, as written: INSERT, EXEC, the name of a procedure called without
    /// EXEC, SELECT's INTO and so on. None = the command only reads.
    #[must_use]
    pub fn effect(&self) -> Option<&str> {
        self.effect.as_deref()
    }

    /// Whether the command is exactly one SELECT, INSERT, UPDATE, DELETE or MERGE, which the server runs wholly or not
    /// at all. False when unsure.
    #[must_use]
    pub fn is_single_plain_statement(&self) -> bool {
        self.single_plain_statement
    }

    /// Whether a transaction may be left open, or one from outside ended, when the command is through: it begins,
    /// saves or ends one, or calls something that might. True when unsure.
    #[must_use]
    pub fn may_leave_transaction(&self) -> bool {
        self.may_leave_transaction
    }

    /// Whether its words leave something in the session that outlives `sp_executesql`: session context, CONTEXT_INFO, an
    /// application lock, a cursor, a global temp table, an open key. What a procedure of the user's leaves can't be seen here.
    #[must_use]
    pub fn leaves_session_state(&self) -> bool {
        self.leaves_session_state
    }

    /// The rights that the command needs in the database, as far as its words tell, and notes on the rest.
    #[must_use]
    pub fn rights_needed(&self) -> RightsNeeded {
        // The text was scanned when it was examined, so it can be scanned again.
        scanner::scan(&self.text).map(|tokens| objects::rights_needed(&tokens)).unwrap_or_default()
    }

    /// What a result set that FOR JSON makes stands for when it has no row, as JSON: `[]`, `null` or an object round an empty array.
    #[must_use]
    pub fn json_without_rows(&self) -> String {
        // The text was scanned when it was examined, so it can be scanned again.
        for_json::without_rows(&scanner::scan(&self.text).unwrap_or_default())
    }

    /// The columns of its result sets that have no name and those that share one, where the text shows it beyond doubt.
    pub(super) fn column_mistakes(&self) -> Vec<CommandMistake> {
        if self.defines_module {
            return Vec::new();
        }
        // The text was scanned when it was examined, so it can be scanned again.
        column_names::mistakes(&scanner::scan(&self.text).unwrap_or_default())
    }

    /// The first statement that has no place in a transaction of the worker's: its words, its line from 1, and why.
    pub(super) fn outside_of_transactions(&self) -> Option<(String, usize, OutsideOfTransactions)> {
        // The text was scanned when it was examined, so it can be scanned again.
        let tokens = scanner::scan(&self.text).unwrap_or_default();
        let (words, line, why) = statements::outside_of_transactions(&tokens)?;
        Some((words.join(" "), line, why))
    }

    /// The HTTP statuses that its own words THROW, from 400 to 599.
    pub(super) fn thrown_statuses(&self) -> BTreeSet<u16> {
        // The text was scanned when it was examined, so it can be scanned again.
        scanner::scan(&self.text).map(|tokens| thrown::statuses(&tokens)).unwrap_or_default()
    }

    /// Whether the command uses this variable (`@id`, in any case) without declaring it itself.
    pub(super) fn uses(&self, variable: &str) -> bool {
        self.outside_variables.contains_key(&variable.to_lowercase())
    }

    /// The variables that must be parameters: name as written and line of the first use.
    pub(super) fn needed_parameters(&self) -> impl Iterator<Item = (&str, usize)> {
        // A module's own parameters are declared in its heading, which this scanner doesn't read.
        let known = !self.defines_module;
        self.outside_variables.values().filter(move |_| known).map(|(name, line)| (name.as_str(), *line))
    }
}

/// The line, from 1, of the first carriage return that no line feed follows. Nothing public says that SQL Server goes on with a
/// comment there, as our reader does; what stands behind it might then run unseen.
fn lone_carriage_return(text: &str) -> Option<usize> {
    let alone = text.match_indices('\r').map(|(at, _)| at).find(|at| !text[at + 1..].starts_with('\n'))?;
    Some(text[..alone].matches('\n').count() + 1)
}

/// The lines that hold nothing but `GO` or `GO 5`.
fn batch_separators(tokens: &[Token<'_>]) -> Vec<usize> {
    tokens
        .chunk_by(|one, next| one.line == next.line)
        .filter_map(|line| match line {
            [go] if go.is_word("GO") => Some(go.line),
            [go, count] if go.is_word("GO") && count.kind == Kind::Number => Some(go.line),
            _ => None,
        })
        .collect()
}

fn defines_module(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [verb, noun] => {
            verb.is_any_word(&["CREATE", "ALTER"])
                && noun.is_any_word(&["PROC", "PROCEDURE", "FUNCTION", "TRIGGER", "OR"])
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_command_that_no_server_would_run_is_refused() {
        for (text, sentence) in [
            ("  -- nothing\n", "the command is empty"),
            ("SELECT 'a", "the string that begins in line 1 is never closed"),
            ("SELECT 1\nGO\nSELECT 2", "line 2 is GO"),
            ("SELECT 1\r\n-- read only\rCOMMIT", "line 2 has a carriage return without a line feed"),
            ("SELECT 1\n go 5 -- five times\n", "line 2 is GO"),
        ] {
            let mistakes = CommandText::examine(text).unwrap_err();
            assert!(mistakes.iter().any(|m| m.message.starts_with(sentence)), "{text}: {mistakes:?}");
        }
    }

    #[test]
    fn go_inside_a_line_or_a_string_is_no_separator() {
        for text in ["SELECT 1 AS go", "SELECT 'a\nGO\nb'", "SELECT 1 /*\nGO\n*/", "SELECT [\nGO\n] FROM t"] {
            assert!(CommandText::examine(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn reads_and_writes_are_told_apart_for_the_fault_policy() {
        let read = CommandText::examine("SELECT 1").unwrap();
        assert!(read.is_single_plain_statement() && read.effect().is_none());
        let write = CommandText::examine("DELETE FROM t WHERE id = @ID").unwrap();
        assert!(write.is_single_plain_statement() && !write.may_leave_transaction());
        assert!(write.uses("@id"));
        assert_eq!(write.needed_parameters().collect::<Vec<_>>(), [("@ID", 1)]);
    }

    #[test]
    fn what_outlives_the_call_in_its_session_is_found_out() {
        for text in [
            "EXEC sp_set_session_context N'a', 1",
            "EXEC [sys].[sp_setapprole] N'a', N'b'",
            "SET CONTEXT_INFO 0x1",
            "SELECT 1 AS a INTO ##all",
            "DECLARE c CURSOR GLOBAL FOR SELECT 1",
            "OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c",
            "EXEC sp_xml_preparedocument @handle OUTPUT, @x",
        ] {
            assert!(CommandText::examine(text).unwrap().leaves_session_state(), "{text}");
        }
        for text in ["SELECT 'sp_setapprole', SESSION_CONTEXT(N'a') FROM #own", "SET NOCOUNT ON"] {
            assert!(!CommandText::examine(text).unwrap().leaves_session_state(), "{text}");
        }
    }
}
