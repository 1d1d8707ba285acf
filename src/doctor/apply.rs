//! Runs the statements of a GRANT script, one after the other, with the caller's own login.

use std::time::Duration;

use tokio::time::Instant;

use super::Recorder;
use super::examination::{Examination, TimeIsUp};
use super::grant::GrantScript;
use super::report::{Finding, StepName};
use super::sql_errors;

/// Bound on a statement: CREATE USER asks the directory, which takes seconds.
const BOUND: Duration = Duration::from_secs(30);

/// The steps up to the login, then one a statement.
pub(super) async fn apply(run: &Examination<'_>, script: &GrantScript, recorder: &mut Recorder<'_>) {
    let statements = script.statements();
    let mut session = match run.open(recorder).await {
        Ok(session) => session,
        Err(failed) => {
            let steps = vec![StepName::Grant; statements.len()];
            run.skip(recorder, &steps, failed);
            return;
        }
    };
    let mut stopped = false;
    for (statement, is_first) in statements.iter().zip(std::iter::once(true).chain(std::iter::repeat(false)))
    {
        let begun = Instant::now();
        let told = one_line(statement);
        let finding = if stopped {
            Finding::skip(format!("not run: {told}")).with("because", StepName::Grant.name())
        } else {
            match run.within(BOUND, session.ask(statement, &[], BOUND)).await {
                Ok(Ok(_)) => Finding::ok(told),
                Ok(Err(fault)) => {
                    // Without the user, and without a session, nothing else can succeed.
                    stopped = is_first || !fault.connection_usable;
                    let explanation = fault.number.and_then(sql_errors::at_grant);
                    let (what, cure) = match explanation {
                        Some(explanation) => (explanation.what, explanation.cure),
                        None => (
                            fault.description.clone(),
                            "run the printed script in a query editor, which shows the server's own text"
                                .to_owned(),
                        ),
                    };
                    Finding::fail(format!("{told} failed: {what}"), cure).with_sql_error(fault.number)
                }
                Err(TimeIsUp) => {
                    stopped = true;
                    Finding::fail(format!("{told} did not end in time"), "run it again: what is there stays")
                }
            }
        };
        run.record(recorder, StepName::Grant, begun, finding.with("statement", statement.as_str()));
    }
}

fn one_line(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}
