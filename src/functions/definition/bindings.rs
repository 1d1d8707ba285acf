//! Reads the `bindings` of a definition: the trigger and where its answer goes.

use serde_json::Value as Json;

use super::error::Mistakes;
use super::section::Section;
use crate::functions::route::RouteTemplate;
use crate::functions::trigger::{HttpTrigger, TimerTrigger, Trigger};
use crate::invocation::nearest;

const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];
const AUTH_LEVELS: [&str; 5] = ["anonymous", "function", "admin", "system", "user"];

/// The name of the http output, read without looking at anything else: a wrong definition is answered there.
pub(super) fn http_output(bindings: Option<&Json>) -> Option<String> {
    let text = |binding: &Json, key| binding.get(key).and_then(Json::as_str).map(str::to_owned);
    bindings?.as_array()?.iter().find_map(|binding| {
        let is_output = text(binding, "type")?.eq_ignore_ascii_case("http");
        text(binding, "name").filter(|name| is_output && !name.is_empty())
    })
}

/// Reads the bindings; None when there is no trigger that this worker knows.
pub(super) fn read(
    function: &str,
    bindings: &[Json],
    is_forwarded: bool,
    mistakes: &mut Mistakes,
) -> Option<Trigger> {
    let mut triggers = Vec::new();
    let mut outputs = Vec::new();
    for (index, json) in bindings.iter().enumerate() {
        let Some(binding) = Section::of(format!("bindings[{index}]"), json, mistakes) else { continue };
        let kind = binding.text("type", mistakes).unwrap_or_default();
        let out = binding.text("direction", mistakes) == Some("out");
        let name = binding.text("name", mistakes).unwrap_or_default();
        if name.is_empty() {
            mistakes.add(binding.path_of("name"), "is missing; every binding needs a name");
        }
        match (kind.to_ascii_lowercase().as_str(), out) {
            ("httptrigger" | "timertrigger", true) => {
                mistakes.add(binding.path_of("direction"), "must be \"in\" for a trigger");
            }
            ("httptrigger" | "timertrigger", false) => triggers.push((name, binding)),
            ("http", true) => outputs.push((name, binding)),
            ("http", false) => {
                mistakes.add(binding.path_of("direction"), "must be \"out\" for the type http");
            }
            ("", _) => {
                mistakes.add(binding.path_of("type"), "is missing; write httpTrigger, timerTrigger or http");
            }
            (other, false) if other.ends_with("trigger") => mistakes.add(
                binding.path_of("type"),
                format!("`{kind}` is not supported yet; there are httpTrigger and timerTrigger"),
            ),
            (_, false) => mistakes.add(
                binding.path_of("type"),
                format!("`{kind}`: nothing can read an input binding yet; leave it out"),
            ),
            (_, true) => mistakes.add(
                binding.path_of("type"),
                format!("`{kind}`: nothing can be written to this output yet; leave it out"),
            ),
        }
    }
    let Some(((name, trigger), more)) = triggers.split_first() else {
        if mistakes.is_empty() {
            mistakes.add("bindings", "has no trigger; add one of type httpTrigger or timerTrigger");
        }
        return None;
    };
    for (_, second) in more {
        mistakes.add(second.path(), "is a second trigger; a function has exactly one");
    }
    let is_http = trigger.text("type", mistakes).is_some_and(|kind| kind.eq_ignore_ascii_case("httpTrigger"));
    if is_http {
        let http = http(function, name, trigger, &outputs, mistakes);
        Some(Trigger::Http(HttpTrigger { is_forwarded, ..http }))
    } else {
        if let Some((_, output)) = outputs.first() {
            mistakes
                .add(output.path(), "is an http output, but a timer has no caller to answer; leave it out");
        }
        if trigger.text("schedule", mistakes).is_none_or(str::is_empty) {
            mistakes.add(trigger.path_of("schedule"), "is missing; write NCRONTAB such as \"0 0 2 * * *\"");
        }
        Some(Trigger::Timer(TimerTrigger { binding: (*name).to_owned() }))
    }
}

fn http(
    function: &str,
    name: &str,
    trigger: &Section<'_>,
    outputs: &[(&str, Section<'_>)],
    mistakes: &mut Mistakes,
) -> HttpTrigger {
    let output = match outputs {
        [(output, _)] => (*output).to_owned(),
        [] => {
            mistakes.add(
                "bindings",
                "has no http output; add { \"type\": \"http\", \"direction\": \"out\", \"name\": \"res\" }",
            );
            String::new()
        }
        [_, (_, second), ..] => {
            mistakes.add(second.path(), "is a second http output; a function has one");
            String::new()
        }
    };
    if let Some(level) = trigger.text("authLevel", mistakes)
        && !AUTH_LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
    {
        mistakes.add(trigger.path_of("authLevel"), format!("must be one of {}", AUTH_LEVELS.join(", ")));
    }
    let route = match trigger.text("route", mistakes) {
        Some(route) if !route.is_empty() => route,
        _ => function,
    };
    let begins = |word: &str| route.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if begins("admin") || begins("runtime") {
        mistakes.add(
            trigger.path_of("route"),
            "must not begin with admin or runtime: the host keeps those for itself",
        );
    }
    let route = RouteTemplate::parse(route).unwrap_or_else(|error| {
        mistakes.add(trigger.path_of("route"), error.to_string());
        RouteTemplate::default()
    });
    HttpTrigger {
        binding: name.to_owned(),
        output,
        methods: methods(trigger, mistakes),
        route,
        is_forwarded: false,
    }
}

fn methods(trigger: &Section<'_>, mistakes: &mut Mistakes) -> Vec<String> {
    let mut methods = Vec::new();
    let listed = trigger.list("methods", mistakes).map(Vec::as_slice).unwrap_or_default();
    for (index, json) in listed.iter().enumerate() {
        let method = json.as_str().unwrap_or_default().to_ascii_lowercase();
        if METHODS.contains(&method.as_str()) {
            methods.push(method);
        } else {
            let meant = nearest(&method, METHODS).map(|word| format!("; did you mean `{word}`?"));
            mistakes.add(
                format!("{}[{index}]", trigger.path_of("methods")),
                format!("must be one of {}{}", METHODS.join(", "), meant.unwrap_or_default()),
            );
        }
    }
    methods
}
