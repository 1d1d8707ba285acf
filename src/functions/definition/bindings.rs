//! Reads the `bindings` of a definition: the trigger, where its answer goes, and the other outputs.

use serde_json::Value as Json;

use super::message_trigger;
use super::outputs::OutBinding;
use super::section::Section;
use crate::functions::message_trigger::MessageKind;
use crate::functions::route::RouteTemplate;
use crate::functions::trigger::{AuthLevel, HttpTrigger, TimerTrigger, Trigger};
use crate::invocation::Mistakes;
use crate::invocation::nearest;

pub(super) const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

/// The name of the http output, read without looking at anything else: a wrong definition is answered there.
pub(super) fn http_output(bindings: Option<&Json>) -> Option<String> {
    let text = |binding: &Json, key| binding.get(key).and_then(Json::as_str).map(str::to_owned);
    bindings?.as_array()?.iter().find_map(|binding| {
        let is_output = text(binding, "type")?.eq_ignore_ascii_case("http");
        text(binding, "name").filter(|name| is_output && !name.is_empty())
    })
}

/// The bindings of a function.
#[derive(Debug, Default)]
pub(super) struct Bindings<'a> {
    /// None when there is no trigger that this worker knows.
    pub(super) trigger: Option<Trigger>,
    /// Where the trigger stands in the file; empty when there is none.
    pub(super) trigger_path: String,
    /// All out bindings but the http output.
    pub(super) outputs: Vec<OutBinding<'a>>,
}

/// Reads the bindings.
pub(super) fn read<'a>(
    function: &str,
    bindings: &'a [Json],
    is_forwarded: bool,
    mistakes: &mut Mistakes,
) -> Bindings<'a> {
    let mut triggers = Vec::new();
    let mut http_outputs = Vec::new();
    let mut outputs = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (index, json) in bindings.iter().enumerate() {
        let Some(binding) = Section::of(format!("bindings[{index}]"), json, mistakes) else { continue };
        let kind = binding.text("type", mistakes).unwrap_or_default();
        let out = binding.text("direction", mistakes).is_some_and(|word| word.eq_ignore_ascii_case("out"));
        let name = binding.text("name", mistakes).unwrap_or_default();
        if name.is_empty() {
            mistakes.add(binding.path_of("name"), "is missing; every binding needs a name");
        } else if !is_legal(name) {
            mistakes.add(
                binding.path_of("name"),
                "must be a letter, then letters and digits, 128 at most, or $return: the host takes no other",
            );
        } else if out && names.contains(&name) {
            mistakes.add(binding.path_of("name"), "is the name of another binding; give each its own");
        }
        names.push(name);
        match (kind.to_ascii_lowercase().as_str(), out) {
            ("", _) => {
                mistakes.add(binding.path_of("type"), "is missing; write httpTrigger, timerTrigger or http");
            }
            (trigger, true) if trigger.ends_with("trigger") => {
                mistakes.add(binding.path_of("direction"), "must be \"in\" for a trigger");
            }
            (trigger, false) if trigger.ends_with("trigger") => triggers.push((name, kind, binding)),
            ("http", true) => http_outputs.push((name, binding)),
            ("http", false) => {
                mistakes.add(binding.path_of("direction"), "must be \"out\" for the type http");
            }
            (_, false) => mistakes.add(binding.path_of("type"), unknown_input(kind)),
            (_, true) => outputs.push(OutBinding {
                name,
                kind,
                binary: binding
                    .text("dataType", mistakes)
                    .is_some_and(|data_type| data_type.eq_ignore_ascii_case("binary")),
                path: binding.path().to_owned(),
            }),
        }
    }
    let Some(((name, kind, trigger), more)) = triggers.split_first() else {
        if mistakes.is_empty() {
            let message = "has no trigger; add one, such as an httpTrigger, a timerTrigger or a queueTrigger";
            mistakes.add("bindings", message);
        }
        return Bindings { outputs, ..Bindings::default() };
    };
    let trigger_path = trigger.path().to_owned();
    for (_, _, second) in more {
        mistakes.add(second.path(), "is a second trigger; a function has exactly one");
    }
    if kind.eq_ignore_ascii_case("httpTrigger") {
        let http = http(function, name, trigger, &http_outputs, mistakes);
        let trigger = Trigger::Http(HttpTrigger { is_forwarded, ..http });
        return Bindings { trigger: Some(trigger), trigger_path, outputs };
    }
    if let Some((_, output)) = http_outputs.first() {
        let message = format!("is an http output, but a {kind} has no caller to answer; leave it out");
        mistakes.add(output.path(), message);
    }
    let trigger = if kind.eq_ignore_ascii_case("timerTrigger") {
        if trigger.text("schedule", mistakes).is_none_or(str::is_empty) {
            mistakes.add(trigger.path_of("schedule"), "is missing; write NCRONTAB such as \"0 0 2 * * *\"");
        }
        Some(Trigger::Timer(TimerTrigger { binding: (*name).to_owned() }))
    } else if let Some(known) = MessageKind::find(kind) {
        Some(Trigger::Message(message_trigger::read(name, known, trigger, mistakes)))
    } else {
        mistakes.add(trigger.path_of("type"), unknown_trigger(kind));
        None
    };
    Bindings { trigger, trigger_path, outputs }
}

/// The host's rule (azure-functions-host, `FunctionDescriptorProvider.cs`, `BindingNameValidationRegex`).
fn is_legal(name: &str) -> bool {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = begins && name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain || name == "$return"
}

/// The types of triggers.
pub(super) fn trigger_names() -> impl Iterator<Item = &'static str> {
    ["httpTrigger", "timerTrigger"].into_iter().chain(MessageKind::names())
}

fn unknown_trigger(kind: &str) -> String {
    match nearest(kind, trigger_names()) {
        Some(known) => format!("`{kind}` is not a trigger that this worker knows; did you mean `{known}`?"),
        None => {
            let known: Vec<&str> = trigger_names().collect();
            format!("`{kind}` is not a trigger that this worker knows; there are {}", known.join(", "))
        }
    }
}

fn unknown_input(kind: &str) -> String {
    // A slip in `queueTrigger` would end here, as its last word is what tells a trigger.
    match nearest(kind, trigger_names()) {
        Some(known) => format!("`{kind}` is not a trigger; did you mean `{known}`?"),
        None => format!(
            "`{kind}`: nothing can read an input binding yet; leave it out, or write \"direction\": \"out\" for an \
             output"
        ),
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
        auth_level: auth_level(trigger, mistakes),
        route,
        is_forwarded: false,
    }
}

fn auth_level(trigger: &Section<'_>, mistakes: &mut Mistakes) -> AuthLevel {
    let Some(written) = trigger.text("authLevel", mistakes) else { return AuthLevel::default() };
    let level = AuthLevel::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(written));
    level.unwrap_or_else(|| {
        let known = AuthLevel::ALL.map(AuthLevel::name).join(", ");
        mistakes.add(trigger.path_of("authLevel"), format!("must be one of {known}"));
        AuthLevel::default()
    })
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
