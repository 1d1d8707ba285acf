//! The parameters of an operation: what the path, the query and the headers must or may hold.

use serde_json::{Map, Value as Json, json};

use super::ecma;
use super::merge::all_of;
use super::values::{Carrier, schema};
use crate::functions::meta;
use crate::functions::plan::{Plan, PlannedParameter};
use crate::functions::route::{PathForm, PathParameter, ValueRule};
use crate::functions::source::Source;

/// Headers that OpenAPI describes in other ways; as parameters they are ignored (specification, "Parameter Object").
const NOT_AS_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// The parameters of a function on this path. `names` are those of the path's parameters in the document, in their order.
pub(super) fn of_operation(plan: Option<&Plan>, form: &PathForm, names: &[String]) -> Vec<Json> {
    let values: Vec<&PlannedParameter> = plan.map(|plan| plan.values().collect()).unwrap_or_default();
    let path = form.parameters().zip(names).map(|(parameter, name)| in_path(parameter, name, &values));
    let mut parameters: Vec<Json> = path.collect();
    let mut seen: Vec<(&str, String)> = Vec::new();
    for value in &values {
        let (place, name) = match &value.source {
            Source::Query(name) => ("query", name.clone()),
            Source::Header(name) if !NOT_AS_PARAMETERS.contains(&name.as_str()) => ("header", spelt(value)),
            _ => continue,
        };
        // Neither has case.
        let key = (place, name.to_ascii_lowercase());
        if !seen.contains(&key) {
            let alike: Vec<&PlannedParameter> = values
                .iter()
                .copied()
                .filter(|other| match &other.source {
                    Source::Query(other) => place == "query" && other.eq_ignore_ascii_case(&name),
                    Source::Header(other) => place == "header" && other.eq_ignore_ascii_case(&name),
                    _ => false,
                })
                .collect();
            let required = alike.iter().any(|value| value.required);
            parameters.push(parameter(place, &name, required, &alike, plan));
            seen.push(key);
        }
    }
    if plan.is_some_and(|plan| plan.meta) {
        parameters.push(json!({
            "name": meta::PARAMETER,
            "in": "query",
            "description": "`1`: the columns come with the answer, which is JSON then.",
            "schema": { "type": "string", "enum": ["1", "true"] },
        }));
    }
    parameters
}

/// Whether a request on this path can have all that the function wants: not where it leaves out a part of the route that is
/// required.
pub(super) fn suffices(plan: Option<&Plan>, form: &PathForm) -> bool {
    let mut values = plan.into_iter().flat_map(Plan::values);
    values.all(|value| match &value.source {
        Source::Route(wanted) if value.required => {
            !wanted.optional
                || form.parameters().any(|parameter| parameter.name.eq_ignore_ascii_case(&wanted.name))
        }
        _ => true,
    })
}

/// Headers that the function reads and that can't be listed as parameters.
pub(super) fn unlisted_headers(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.values().filter_map(|value| match &value.source {
        Source::Header(name) if NOT_AS_PARAMETERS.contains(&name.as_str()) => Some(name.as_str()),
        _ => None,
    })
}

fn parameter(
    place: &str,
    name: &str,
    required: bool,
    values: &[&PlannedParameter],
    plan: Option<&Plan>,
) -> Json {
    let is_key = |value: &&&PlannedParameter| {
        plan.and_then(|plan| plan.idempotency_key.as_ref()).is_some_and(|key| std::ptr::eq(key, **value))
    };
    let mut merged = all_of(values.iter().map(|value| schema(value, Carrier::Text)));
    let mut described = take_description(&mut merged);
    if values.iter().any(|value| is_key(&value)) {
        merged.insert("minLength".to_owned(), 1.into());
        described = "Names the call, so that its effect happens once however often it arrives: send the same key with \
                     every repeat, and another one with every other call, such as a new UUID."
            .into();
    }
    let mut parameter = Map::new();
    parameter.insert("name".to_owned(), name.into());
    parameter.insert("in".to_owned(), place.into());
    if required {
        parameter.insert("required".to_owned(), true.into());
    }
    parameter.insert("description".to_owned(), described);
    parameter.insert("schema".to_owned(), Json::Object(merged));
    Json::Object(parameter)
}

fn in_path(parameter: &PathParameter, name: &str, values: &[&PlannedParameter]) -> Json {
    let own = values.iter().filter(|value| match &value.source {
        Source::Route(wanted) => wanted.name.eq_ignore_ascii_case(&parameter.name),
        _ => false,
    });
    let taken = own.map(|value| {
        let mut taken = schema(value, Carrier::Text);
        // A path with this parameter has a value for it.
        taken.shift_remove("default");
        taken
    });
    let mut merged = all_of(parameter.rules.iter().map(of_rule).chain(taken));
    if merged.is_empty() {
        merged.insert("type".to_owned(), "string".into());
    }
    let mut described = take_description(&mut merged).as_str().unwrap_or_default().to_owned();
    if parameter.catch_all {
        let note = "All that is left of the path, slashes as they are: OpenAPI has no word for it, and clients that write \
                    a slash as %2F don't reach the function with it.";
        described = [note, &described].join(" ").trim_end().to_owned();
    }
    if !parameter.rules.is_empty() {
        described = format!(
            "{described} A value that the route doesn't take is answered with 404 by the host itself."
        );
    }
    let mut written = json!({ "name": name, "in": "path", "required": true });
    if !described.is_empty() {
        written["description"] = described.trim_start().into();
    }
    written["schema"] = Json::Object(merged);
    written
}

/// A header as the definition spells it, but for the one that has a usual spelling.
fn spelt(value: &PlannedParameter) -> String {
    let name = value.from.split_once('.').map_or(value.from.as_str(), |(_, name)| name);
    if name.eq_ignore_ascii_case("idempotency-key") { "Idempotency-Key".to_owned() } else { name.to_owned() }
}

fn take_description(schema: &mut Map<String, Json>) -> Json {
    schema.shift_remove("description").unwrap_or_default()
}

/// What a constraint of the route asks of a value.
fn of_rule(rule: &ValueRule) -> Map<String, Json> {
    let schema = match rule {
        ValueRule::Int => json!({ "type": "integer", "format": "int32" }),
        ValueRule::Long => json!({ "type": "integer", "format": "int64" }),
        ValueRule::Bool => json!({ "type": "boolean" }),
        ValueRule::Guid => json!({ "type": "string", "format": "uuid" }),
        ValueRule::Decimal | ValueRule::Double => json!({ "type": "number" }),
        ValueRule::DateTime => json!({ "type": "string", "description": "A date, or a date and time." }),
        ValueRule::Alpha => json!({ "type": "string", "pattern": "^[A-Za-z]*$" }),
        ValueRule::Required => json!({ "type": "string", "minLength": 1 }),
        ValueRule::Length { least, most } => {
            let mut schema = json!({ "type": "string" });
            if *least > 0 {
                schema["minLength"] = (*least).into();
            }
            if let Some(most) = most {
                schema["maxLength"] = (*most).into();
            }
            schema
        }
        ValueRule::Range { least, most } => {
            let mut schema = json!({ "type": "integer", "format": "int64" });
            if let Some(least) = least {
                schema["minimum"] = (*least).into();
            }
            if let Some(most) = most {
                schema["maximum"] = (*most).into();
            }
            schema
        }
        ValueRule::Pattern(pattern) => {
            // The host matches without regard to case, which a pattern says only where it names no letter.
            let plain = ecma::translate(pattern).filter(|pattern| !has_letters(pattern));
            match plain {
                Some(pattern) => json!({ "type": "string", "pattern": pattern }),
                None => json!({
                    "type": "string",
                    "description": format!("Must match the regular expression {pattern} of .NET, in any case."),
                }),
            }
        }
        ValueRule::File => json!({ "type": "string", "description": "The name of a file, with a dot." }),
        ValueRule::NonFile => {
            json!({ "type": "string", "description": "No name of a file: no dot in its last part." })
        }
    };
    if let Json::Object(schema) = schema { schema } else { Map::new() }
}

fn has_letters(pattern: &str) -> bool {
    pattern.contains(char::is_alphabetic)
}
