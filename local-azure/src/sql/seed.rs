//! Filling a new database from a script.

use std::sync::Arc;

use super::engine::{Database, Login, LoginIdentity};
use super::reply::{ReplySink, SqlError, StatementKind, Stopped, TransactionChange};
use super::types::{Column, SqlType, Value};

/// Runs a script, batch by batch: a line that says GO ends one, as in every tool that runs scripts. Stops at the first
/// error, whose line is counted from the script's beginning. Blocking.
///
/// # Errors
/// The first error that a statement reports.
pub fn run(database: &Arc<Database>, script: &str) -> Result<(), SqlError> {
    // It stands for the Entra administrator, who may add users FROM EXTERNAL PROVIDER.
    let login = Login {
        name: "seed".to_owned(),
        application: "seed".to_owned(),
        host: "localhost".to_owned(),
        token: Some(LoginIdentity::from("seed")),
        ..Login::default()
    };
    let mut session = database.session(login)?;
    for (first_line, batch) in batches(script) {
        let mut reply = FirstError(None);
        session.batch(&batch, &mut reply);
        if let Some(error) = reply.0 {
            let line = error.line + first_line;
            return Err(error.at_line(line));
        }
    }
    Ok(())
}

/// The batches with the number of lines before each.
fn batches(script: &str) -> Vec<(u32, String)> {
    let mut batches = Vec::new();
    let mut batch = String::new();
    let mut first_line = 0;
    for (line, number) in script.trim_start_matches('\u{feff}').lines().zip(1_u32..) {
        if line.trim().eq_ignore_ascii_case("go") {
            batches.push((first_line, std::mem::take(&mut batch)));
            first_line = number;
        } else {
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.push((first_line, batch));
    batches.retain(|(_, batch)| !batch.trim().is_empty());
    batches
}

/// Keeps the first error and lets everything else pass.
pub(crate) struct FirstError(pub(crate) Option<SqlError>);

impl ReplySink for FirstError {
    fn columns(&mut self, _: &[Column]) -> Result<(), Stopped> {
        Ok(())
    }
    fn row(&mut self, _: &[Value]) -> Result<(), Stopped> {
        Ok(())
    }
    fn done(&mut self, _: StatementKind, _: Option<u64>) {}
    fn error(&mut self, error: &SqlError) {
        self.0.get_or_insert_with(|| error.clone());
    }
    fn info(&mut self, _: &SqlError) {}
    fn transaction(&mut self, _: TransactionChange) {}
    fn output(&mut self, _: &str, _: SqlType, _: &Value) {}
    fn return_status(&mut self, _: i32) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_on_a_line_of_its_own_ends_a_batch() {
        let found = batches("SELECT 1\n go \n\nGO\nSELECT 'go'\nSELECT 2");
        assert_eq!(found, [(0, "SELECT 1\n".to_owned()), (4, "SELECT 'go'\nSELECT 2\n".to_owned())]);
    }
}
