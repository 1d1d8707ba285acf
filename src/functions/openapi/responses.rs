//! The answers of an operation, by status.

use serde_json::{Map, Value as Json, json};

use super::OpenApiOptions;
use super::columns;
use super::problems::{self, Problems};
use crate::database::DescribedColumn;
use crate::functions::plan::{Function, Numbers, Plan, ResultForm, Work};
use crate::functions::trigger::AuthLevel;
use crate::functions::{BuiltIn, Format, Procedure};

/// Whether there is a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// As the database has it.
    Some,
    Nothing,
    /// One status for both.
    Either,
}

/// All answers of a function. `columns` are those of its command, where they are known.
pub(super) fn of_function(
    function: &Function,
    auth: AuthLevel,
    columns: Option<&[DescribedColumn]>,
    options: &OpenApiOptions<'_>,
) -> Map<String, Json> {
    let problems = problems::of_function(function, auth, options);
    let mut responses = Map::new();
    match &function.work {
        Work::Command(plan) => of_command(plan, columns, &mut responses),
        Work::BuiltIn(which) => of_built_in(*which, &mut responses),
    }
    add_problems(&problems, &mut responses);
    responses
}

fn of_command(plan: &Plan, columns: Option<&[DescribedColumn]>, responses: &mut Map<String, Json>) {
    let answer = plan.answer();
    let empty = answer.when_empty.unwrap_or(answer.status);
    let found = if empty == answer.status { Found::Either } else { Found::Some };
    responses.insert(answer.status.to_string(), success(plan, answer.status, columns, found));
    if empty != answer.status && empty < 400 {
        responses.insert(empty.to_string(), success(plan, empty, columns, Found::Nothing));
    }
}

fn success(plan: &Plan, status: u16, columns: Option<&[DescribedColumn]>, found: Found) -> Json {
    let answer = plan.answer();
    let description = match (found, answer.form) {
        (Found::Nothing, ResultForm::Rows | ResultForm::Row | ResultForm::Value | ResultForm::Json) => {
            "There is no row."
        }
        (Found::Nothing, ResultForm::RowsAffected | ResultForm::None) => "Nothing was changed.",
        (Found::Nothing, ResultForm::ResultSets) => "There is no row, and nothing was changed.",
        (Found::Nothing, ResultForm::OutputParameters) => "Every OUT parameter is NULL.",
        (_, ResultForm::ResultSets) => "All result sets.",
        (_, ResultForm::Json) => "The JSON that the command made.",
        (_, ResultForm::OutputParameters) => "What the procedure wrote into its OUT parameters.",
        (_, ResultForm::Rows) => "The rows.",
        (_, ResultForm::Row) => "The row.",
        (_, ResultForm::Value) => "The value.",
        (_, ResultForm::RowsAffected) => "How many rows were changed.",
        (_, ResultForm::None) => "Done.",
    };
    let mut response = Map::new();
    response.insert("description".to_owned(), description.into());
    if plan.idempotency_key.is_some() {
        let replayed = json!({
            "description": "`true` where an earlier call with the same key did the work: this is its answer.",
            "schema": { "type": "string", "enum": ["true"] },
        });
        response.insert("headers".to_owned(), json!({ "Idempotency-Replayed": replayed }));
    }
    let schema = if matches!(status, 204 | 205) { None } else { body(plan, columns, found) };
    if let Some(schema) = schema {
        let schema = if plan.meta { with_columns(answer.form, &schema) } else { schema };
        let mut content = Map::from_iter([("application/json".to_owned(), json!({ "schema": schema }))]);
        for format in plan.formats() {
            let schema = match format {
                Format::Json => continue,
                Format::NdJson => json!({
                    "type": "string",
                    "description": "Each row as a JSON object, as in the array of application/json, on a line of its own.",
                }),
                Format::Csv => json!({
                    "type": "string",
                    "description": "CSV (RFC 4180) with a header line of the columns' names. NULL is an empty field.",
                }),
            };
            content.insert(format.media_type().to_owned(), json!({ "schema": schema }));
        }
        response.insert("content".to_owned(), Json::Object(content));
    }
    Json::Object(response)
}

/// The answer alone, or with its columns where the caller asked for them.
fn with_columns(form: ResultForm, schema: &Json) -> Json {
    let column = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "type": { "type": "string" },
            "declared": { "type": "string" },
            "nullable": { "type": "boolean" },
            "length": { "type": "integer" },
            "precision": { "type": "integer" },
            "scale": { "type": "integer" },
        },
        "required": ["name", "type"],
    });
    let mut around = json!({
        "type": "object",
        "properties": { "columns": { "type": "array", "items": column } },
        "required": ["columns", form.name()],
        "additionalProperties": false,
    });
    around["properties"][form.name()] = schema.clone();
    json!({ "anyOf": [schema, around] })
}

/// The JSON of a result; None without a body.
fn body(plan: &Plan, columns: Option<&[DescribedColumn]>, found: Found) -> Option<Json> {
    let answer = plan.answer();
    Some(match (answer.form, found) {
        (ResultForm::None, _) => return None,
        (ResultForm::Rows, Found::Nothing) => json!({ "type": "array", "maxItems": 0 }),
        (ResultForm::Rows, Found::Some | Found::Either) => {
            json!({ "type": "array", "items": columns::row(columns, answer.numbers) })
        }
        (ResultForm::Row | ResultForm::Value, Found::Nothing) => json!({ "type": "null" }),
        (ResultForm::Row, Found::Some) => columns::row(columns, answer.numbers),
        (ResultForm::Row, Found::Either) => {
            json!({ "anyOf": [columns::row(columns, answer.numbers), { "type": "null" }] })
        }
        (ResultForm::Value, found) => match columns.and_then(<[_]>::first) {
            Some(column) => {
                let nullable = column.nullable || found == Found::Either;
                columns::value(&DescribedColumn { nullable, ..column.clone() }, answer.numbers)
            }
            None => json!({}),
        },
        (ResultForm::Json, _) => json!({}),
        (ResultForm::ResultSets, _) => result_sets(plan),
        (ResultForm::OutputParameters, _) => {
            let mut schema = output_parameters(plan, answer.numbers);
            schema["properties"]["returnStatus"] = json!({ "type": "integer", "format": "int32" });
            if let Some(Json::Array(required)) = schema.get_mut("required") {
                required.push("returnStatus".into());
            }
            schema
        }
        (ResultForm::RowsAffected, _) => json!({
            "type": "object",
            "properties": { "rowsAffected": { "type": "integer", "minimum": 0 } },
            "required": ["rowsAffected"],
            "additionalProperties": false,
        }),
    })
}

/// All result sets. The server describes the first one alone, so their rows have no declared columns.
fn result_sets(plan: &Plan) -> Json {
    let mut properties = json!({
        "resultSets": { "type": "array", "items": { "type": "array", "items": { "type": "object" } } },
        "rowsAffected": { "type": "integer", "minimum": 0 },
    });
    let mut required = vec!["resultSets", "rowsAffected"];
    if plan.procedure().is_some() {
        properties["outputs"] = output_parameters(plan, plan.answer().numbers);
        properties["returnStatus"] = json!({ "type": "integer", "format": "int32" });
        required.extend(["outputs", "returnStatus"]);
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The OUT parameters of the procedure, each of which may be NULL.
fn output_parameters(plan: &Plan, numbers: Numbers) -> Json {
    let outputs = plan.procedure().map(Procedure::outputs).unwrap_or_default();
    let columns: Vec<DescribedColumn> = outputs
        .iter()
        .map(|output| DescribedColumn {
            name: output.bare_name().to_owned(),
            sql_type: output.sql_type().to_string(),
            nullable: true,
        })
        .collect();
    columns::row(Some(&columns), numbers)
}

fn of_built_in(which: BuiltIn, responses: &mut Map<String, Json>) {
    let (description, failure) = match which {
        BuiltIn::Doctor => ("The doctor's report: no step failed.", Some("The report: a step failed.")),
        BuiltIn::Metrics => ("The numbers of the connection pools.", None),
        BuiltIn::OpenApi => ("This document.", None),
    };
    let content = json!({ "application/json": { "schema": { "type": "object" } } });
    responses.insert("200".to_owned(), json!({ "description": description, "content": content }));
    if let Some(failure) = failure {
        responses.insert("503".to_owned(), json!({ "description": failure, "content": content }));
    }
}

fn add_problems(problems: &Problems, responses: &mut Map<String, Json>) {
    let schema = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let problem = |description: String| json!({ "description": description, "content": { "application/problem+json": schema } });
    for (status, reasons) in &problems.by_status {
        let description = reasons.sentences.join(" ");
        let mut response =
            if reasons.is_problem { problem(description) } else { json!({ "description": description }) };
        if reasons.retry_after {
            response["headers"]["Retry-After"] = json!({
                "description": "Seconds after which another try makes sense.",
                "schema": { "type": "integer", "minimum": 1 },
            });
        }
        if *status == 401 && reasons.is_problem {
            response["headers"]["WWW-Authenticate"] = json!({ "schema": { "type": "string" } });
        }
        match responses.get_mut(&status.to_string()) {
            // The doctor's report of a failure.
            Some(own) => {
                own["content"]["application/problem+json"] = schema.clone();
                let text = own["description"].as_str().unwrap_or_default();
                own["description"] = format!("{text} Or: {}", reasons.sentences.join(" ")).into();
            }
            None => drop(responses.insert(status.to_string(), response)),
        }
    }
    if problems.any_other {
        let description = "Any other problem: a procedure or trigger may THROW a status of its own.";
        responses.insert("default".to_owned(), problem(description.to_owned()));
    }
}
