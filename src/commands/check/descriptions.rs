//! The descriptions that are stored beside definitions, held against them without a server.

use crate::functions::Function;
use crate::functions::description::{FILE, Finding, column_findings};
use crate::invocation::{Mistake, Severity};

/// What is wrong with a function's stored description, or by it with the function; no lines.
pub(super) fn mistakes(function: &Function) -> Vec<Mistake> {
    let Some(plan) = function.plan() else { return Vec::new() };
    if let Some(sentence) = plan.description_mistake() {
        return vec![Mistake {
            file: format!("{}/{FILE}", function.name),
            line: None,
            key: String::new(),
            message: sentence.to_owned(),
            severity: Severity::Error,
        }];
    }
    let Some(description) = plan.description() else { return Vec::new() };
    if !description.is_of(plan) {
        return vec![Mistake {
            file: format!("{}/{FILE}", function.name),
            line: None,
            key: "command".to_owned(),
            message: "is of another command: the text or its parameters have changed since; run `azsql-worker check --live \
                      --write-schema`"
                .to_owned(),
            severity: Severity::Warning,
        }];
    }
    let mistake = |Finding { key, message, severity }| Mistake {
        file: format!("{}/function.json", function.name),
        line: None,
        key,
        message,
        severity,
    };
    column_findings(plan, &description.columns).into_iter().map(mistake).collect()
}
