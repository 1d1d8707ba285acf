//! The problems that a function can answer with, by status, and their one schema.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::OpenApiOptions;
use crate::functions::plan::{Function, Plan, ResultForm};
use crate::functions::source::Source;
use crate::functions::trigger::AuthLevel;

/// Why a function answers with a status.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    /// One sentence each.
    pub(super) sentences: Vec<&'static str>,
    /// Whether it says when to come back.
    pub(super) retry_after: bool,
    /// Whether the worker itself answers with it, in its own form; else only the host does.
    pub(super) is_problem: bool,
}

/// The statuses of a function's problems.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) by_status: BTreeMap<u16, Reasons>,
    /// Whether others can occur.
    pub(super) any_other: bool,
}

impl Problems {
    fn add(&mut self, status: u16, sentence: &'static str) -> &mut Reasons {
        let reasons = self.by_status.entry(status).or_default();
        reasons.sentences.push(sentence);
        reasons.is_problem = true;
        reasons
    }

    fn later(&mut self, status: u16, sentence: &'static str) {
        self.add(status, sentence).retry_after = true;
    }
}

/// What can go wrong with a function.
pub(super) fn of_function(function: &Function, auth: AuthLevel, options: &OpenApiOptions<'_>) -> Problems {
    let mut problems = Problems::default();
    if matches!(auth, AuthLevel::Function | AuthLevel::Admin | AuthLevel::System) {
        let reasons = problems.by_status.entry(401).or_default();
        reasons.sentences.push("The key is missing or wrong: the Functions host answers, without a problem.");
    }
    match function.plan() {
        Some(plan) => of_command(plan, &mut problems, options),
        None => {
            problems.add(500, "A setting is missing or wrong, or the worker has a defect.");
            problems.later(503, "The worker is being stopped.");
            problems.add(504, "The answer did not come in time.");
        }
    }
    problems
}

fn of_command(plan: &Plan, problems: &mut Problems, options: &OpenApiOptions<'_>) {
    let sources = || plan.values().map(|value| &value.source);
    if sources().any(|source| *source != Source::InvocationId) {
        problems.add(400, "Parameters don't fit: `violations` lists them all.");
    }
    let body = sources().any(|source| matches!(source, Source::Body | Source::BodyProperty(_)));
    if body {
        if sources().any(|source| matches!(source, Source::BodyProperty(_))) {
            problems.add(400, "The body isn't JSON.");
        }
        if options.reads_bodies {
            problems.add(408, "The body came too slowly.");
        }
        problems.add(413, "The body is too large.");
    }
    if plan.answer().form != ResultForm::None {
        if !matches!(plan.answer().status, 204 | 205) {
            problems.add(406, "The header Accept names no format that the function has. Nothing was run.");
        }
        problems.add(413, "The answer is too large: ask for less at a time.");
    }
    of_callers(plan, problems);
    let empty = plan.answer().when_empty.filter(|status| *status >= 400);
    if let Some(status) = empty {
        let sentence = match plan.answer().form {
            ResultForm::Rows | ResultForm::Row | ResultForm::Value | ResultForm::Json => "There is no row.",
            ResultForm::ResultSets => "There is no row, and nothing was changed.",
            ResultForm::OutputParameters => "Every OUT parameter is NULL.",
            ResultForm::RowsAffected | ResultForm::None => "Nothing was changed.",
        };
        problems.add(status, sentence);
    }
    let writes = plan.command.effect().is_some();
    // The rows of a table parameter may repeat its key.
    if writes || plan.parameters.iter().any(|parameter| parameter.table().is_some()) {
        problems.add(409, "A row with this key exists already, or another row is missing or refers to it.");
    }
    if plan.idempotency_key.is_some() {
        problems.later(409, "The call with this idempotency key is still running.");
        problems.add(422, "The idempotency key belongs to another request.");
    }
    problems.add(422, "The database refused a value.");
    if plan.throw_status {
        for status in plan.command.thrown_statuses() {
            problems.add(status, "The function refused: `detail` is its author's sentence.");
        }
        // A trigger or procedure may THROW any.
        problems.any_other = writes;
    }
    problems.add(
        500,
        if writes {
            "A definition, setting, right or result is wrong, or nobody knows whether the command took effect."
        } else {
            "A definition, setting, right or result is wrong."
        },
    );
    problems
        .later(503, "The database or a connection to it is not available, or the worker is being stopped.");
    problems.add(504, "The command did not end in time and was cancelled.");
}

fn of_callers(plan: &Plan, problems: &mut Problems) {
    let mut principals =
        plan.values().filter(|value| matches!(value.source, Source::Principal(_))).peekable();
    if principals.peek().is_none() {
        return;
    }
    if principals.any(|value| value.required) {
        problems.add(401, "Who calls is not known: send a token that App Service authentication takes.");
        problems.add(403, "The caller's token lacks a claim that the function needs.");
    } else {
        problems.add(401, "What tells who calls doesn't come from App Service authentication.");
    }
}

/// The schema of every problem (RFC 9457), as [`Problem::to_json`](crate::invocation::Problem::to_json) writes it.
pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "description": "What went wrong, and what to do.",
        "properties": {
            "type": {
                "type": "string",
                "pattern": "^urn:azsql-worker:problem:",
                "description": "The kind of problem, for programs.",
            },
            "title": { "type": "string", "description": "The kind of problem, for people." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What happened this time and what to do." },
            "invocationId": {
                "type": "string",
                "description": "The host's id of the invocation, which is in the logs too.",
            },
            "sqlError": {
                "type": "integer",
                "minimum": 0,
                "description": "The number of the SQL error behind it.",
            },
            "violations": {
                "type": "array",
                "description": "Every parameter that doesn't fit.",
                "items": {
                    "type": "object",
                    "properties": {
                        "parameter": { "type": "string" },
                        "from": { "type": "string", "description": "Where its value came from." },
                        "message": { "type": "string", "description": "What is wrong, without the value." },
                    },
                    "required": ["parameter", "from", "message"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "invocationId"],
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::invocation::{Problem, Violation};

    fn keys(json: &Json) -> BTreeSet<&str> {
        json.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_schema_has_the_members_that_a_problem_has() {
        let violation =
            Violation { parameter: "@a".into(), from: "query.a".into(), message: "is required".into() };
        let full = Problem { sql_error: Some(547), ..Problem::invalid_parameters(vec![violation]) };
        let full: Json = serde_json::from_str(&full.to_json("id")).unwrap();
        let least: Json = serde_json::from_str(&Problem::defect().to_json("id")).unwrap();

        let schema = schema();

        assert_eq!(keys(&schema["properties"]), keys(&full));
        let required = schema["required"].as_array().unwrap();
        assert_eq!(required.iter().map(|key| key.as_str().unwrap()).collect::<BTreeSet<_>>(), keys(&least));
        let item = &schema["properties"]["violations"]["items"];
        assert_eq!(keys(&item["properties"]), keys(&full["violations"][0]));
    }
}
