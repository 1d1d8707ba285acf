//! Reads `sql.outputs` and matches it with the out bindings.

use serde_json::Value as Json;

use super::section::Section;
use crate::functions::output::{Output, OutputForm, Receiver};
use crate::functions::plan::{Answer, ResultForm};
use crate::invocation::Mistakes;
use crate::invocation::nearest;

/// An out binding of another type than http.
#[derive(Debug)]
pub(super) struct OutBinding<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    /// `dataType` is `binary`.
    pub(super) binary: bool,
    /// Where it stands in the file.
    pub(super) path: String,
}

/// Reads the outputs of a function with these out bindings and this answer.
pub(super) fn read(
    section: &Section<'_>,
    bindings: &[OutBinding<'_>],
    http_output: Option<&str>,
    answer: Answer,
    mistakes: &mut Mistakes,
) -> Vec<Output> {
    let path = section.path_of("outputs");
    let outputs = section.get("outputs").and_then(|json| Section::of(path.as_str(), json, mistakes));
    let mut read = Vec::new();
    for (name, json) in outputs.iter().flat_map(Section::entries) {
        let place = format!("{path}.{name}");
        let Some(binding) = bindings.iter().find(|binding| binding.name == name) else {
            mistakes.add(place, no_binding(name, bindings, http_output));
            continue;
        };
        if let Some(form) = form(json, &place, answer, mistakes) {
            read.push(Output {
                binding: name.to_owned(),
                form,
                receiver: Receiver::of_type(binding.kind),
                binary: binding.binary,
            });
        }
    }
    for binding in bindings {
        let fed = outputs.as_ref().is_some_and(|outputs| outputs.has(binding.name));
        if !fed && !binding.name.is_empty() {
            mistakes.add(
                binding.path.as_str(),
                format!(
                    "nothing feeds this output; add \"outputs\": {{ \"{}\": \"row\" }} to sql, or leave the binding out",
                    binding.name
                ),
            );
        }
    }
    read
}

fn no_binding(name: &str, bindings: &[OutBinding<'_>], http_output: Option<&str>) -> String {
    if http_output == Some(name) {
        return "is the http output, which `sql.result` describes; leave it out".to_owned();
    }
    let names = bindings.iter().map(|binding| binding.name);
    match nearest(name, names.clone()) {
        Some(meant) => format!("is not an out binding; did you mean `{meant}`?"),
        None if bindings.is_empty() => {
            "is not an out binding; add one of this name to bindings, with \"direction\": \"out\"".to_owned()
        }
        None => format!("is not an out binding; there are {}", names.collect::<Vec<_>>().join(", ")),
    }
}

fn form(json: &Json, place: &str, answer: Answer, mistakes: &mut Mistakes) -> Option<OutputForm> {
    let names = OutputForm::ALL.map(OutputForm::name);
    let written = json.as_str().unwrap_or_default();
    let Some(form) = OutputForm::ALL.into_iter().find(|form| form.name() == written) else {
        let meant = nearest(written, names).map(|word| format!("; did you mean `{word}`?"));
        mistakes.add(place, format!("must be one of {}{}", names.join(", "), meant.unwrap_or_default()));
        return None;
    };
    match (form, answer.form) {
        (OutputForm::Body, ResultForm::None) => {
            mistakes.add(place, "is `body`, but with the result `none` there is no body; write rows or row");
        }
        (OutputForm::Row | OutputForm::Value, ResultForm::Rows) => {
            let message = format!(
                "is `{written}`, but the result is `rows`; write `rows`, or make the result `{written}` too"
            );
            mistakes.add(place, message);
        }
        (
            OutputForm::Rows | OutputForm::Row | OutputForm::Value,
            ResultForm::ResultSets | ResultForm::Json | ResultForm::OutputParameters,
        ) => {
            let result = answer.form.name();
            mistakes.add(
                place,
                format!("is `{written}`, but the result `{result}` is sent as a whole; write `body`"),
            );
        }
        _ => return Some(form),
    }
    None
}
