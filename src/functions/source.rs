//! Where a parameter's value comes from: the paths of `from`, read and checked against the trigger.

use super::route::{RouteParameter, RouteTemplate};
use super::trigger::Trigger;
use crate::invocation::SqlType;
use crate::invocation::nearest;

/// A `from` path, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// `route.id`, spelt as in the template.
    Route(RouteParameter),
    /// `query.city`
    Query(String),
    /// `header.x-request-id`, in lower case.
    Header(String),
    /// `body`: the whole of it as text.
    Body,
    /// `body.address.city`
    BodyProperty(Vec<String>),
    /// `timer.isPastDue`
    TimerIsPastDue,
    /// `timer.schedule.adjustForDST`
    TimerAdjustsForDst,
    /// `timer.scheduleStatus.last`, with the host's name of it.
    TimerMoment(&'static str),
    /// `invocation.id`
    InvocationId,
}

const TIMER_PATHS: [&str; 5] = [
    "isPastDue",
    "schedule.adjustForDST",
    "scheduleStatus.last",
    "scheduleStatus.next",
    "scheduleStatus.lastUpdated",
];
const HTTP_ROOTS: [&str; 5] = ["route", "query", "header", "body", "invocation"];
const TIMER_ROOTS: [&str; 2] = ["timer", "invocation"];
const LATER_ROOTS: [&str; 4] = ["message", "metadata", "principal", "setting"];

impl Source {
    /// Reads a path and checks that the trigger has such a value.
    pub(super) fn parse(path: &str, trigger: &Trigger) -> Result<Self, String> {
        let (root, rest) = match path.split_once('.') {
            Some((root, rest)) => (root, Some(rest)),
            None => (path, None),
        };
        let named = |example: &str| match rest {
            Some(rest) if !rest.is_empty() => Ok(rest),
            _ => Err(format!("`{path}` names nothing; write a path such as `{example}`")),
        };
        match (root, trigger) {
            ("invocation", _) if rest == Some("id") => Ok(Self::InvocationId),
            ("invocation", _) => Err(format!("`{path}` is not known; there is `invocation.id`")),
            ("timer", Trigger::Timer(_)) => timer(named("timer.isPastDue")?),
            ("timer", Trigger::Http(_)) => Err(wrong_trigger(path, "an HTTP function", &HTTP_ROOTS)),
            ("route" | "query" | "header" | "body", Trigger::Timer(_)) => {
                Err(wrong_trigger(path, "a timer function", &TIMER_ROOTS))
            }
            ("route", Trigger::Http(http)) => route(named("route.id")?, &http.route),
            ("query", _) => Ok(Self::Query(named("query.city")?.to_owned())),
            ("header", _) => Ok(Self::Header(named("header.x-request-id")?.to_ascii_lowercase())),
            ("body", _) => match rest {
                None => Ok(Self::Body),
                Some(_) => body(path, named("body.address.city")?),
            },
            _ if LATER_ROOTS.contains(&root) => Err(format!("`{root}` is not supported yet")),
            (_, trigger) => {
                let known: &[&str] =
                    if matches!(trigger, Trigger::Http(_)) { &HTTP_ROOTS } else { &TIMER_ROOTS };
                Err(match nearest(root, known.iter().copied()) {
                    Some(word) => format!("`{path}` is not known; did you mean `{word}`?"),
                    None => format!("`{path}` is not known; a path begins with {}", known.join(", ")),
                })
            }
        }
    }

    /// Whether this source can give a value of the type.
    pub(super) fn check_type(&self, sql_type: SqlType) -> Result<(), String> {
        let fits = match self {
            Self::TimerIsPastDue | Self::TimerAdjustsForDst => sql_type == SqlType::Bit,
            Self::TimerMoment(_) => {
                matches!(sql_type, SqlType::DateTime2 { .. } | SqlType::DateTimeOffset { .. })
            }
            Self::Body => sql_type.is_text() || sql_type.is_binary(),
            Self::InvocationId => sql_type == SqlType::UniqueIdentifier || sql_type.is_text(),
            Self::Route(_) | Self::Query(_) | Self::Header(_) | Self::BodyProperty(_) => true,
        };
        if fits {
            return Ok(());
        }
        Err(match self {
            Self::TimerMoment(_) => "must be datetime2 or datetimeoffset for a moment of the timer's",
            Self::Body => "must be nvarchar(max) for the whole body, or varbinary(max) if it comes as base64",
            Self::InvocationId => "must be uniqueidentifier for the invocation's id",
            _ => "must be bit for this value",
        }
        .to_owned())
    }

    /// What `required` is when the definition doesn't say: a route value that the template demands can't be missing.
    pub(super) fn required_by_default(&self) -> bool {
        matches!(self, Self::Route(RouteParameter { optional: false, .. }))
    }
}

fn wrong_trigger(path: &str, function: &str, roots: &[&str]) -> String {
    format!("`{path}` does not exist in {function}; a path begins with {}", roots.join(", "))
}

fn route(name: &str, template: &RouteTemplate) -> Result<Source, String> {
    let parameters = template.parameters();
    if let Some(parameter) = parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
        return Ok(Source::Route(parameter.clone()));
    }
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    Err(if names.is_empty() {
        format!("the route `{template}` has no parameters; add `{{{name}}}` to it")
    } else {
        format!("the route `{template}` has no `{name}`; it has {}", names.join(", "))
    })
}

fn body(path: &str, rest: &str) -> Result<Source, String> {
    if path.contains('[') {
        return Err(
            "an array's elements can't be named; take the array as nvarchar(max) and read it with OPENJSON"
                .to_owned(),
        );
    }
    let names: Vec<String> = rest.split('.').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err(format!("`{path}` has an empty name in it"));
    }
    Ok(Source::BodyProperty(names))
}

fn timer(rest: &str) -> Result<Source, String> {
    let known = TIMER_PATHS.into_iter().find(|known| known.eq_ignore_ascii_case(rest));
    match known {
        Some("isPastDue") => Ok(Source::TimerIsPastDue),
        Some("schedule.adjustForDST") => Ok(Source::TimerAdjustsForDst),
        Some("scheduleStatus.last") => Ok(Source::TimerMoment("Last")),
        Some("scheduleStatus.next") => Ok(Source::TimerMoment("Next")),
        Some("scheduleStatus.lastUpdated") => Ok(Source::TimerMoment("LastUpdated")),
        _ => Err(format!("`timer.{rest}` is not known; there are timer.{}", TIMER_PATHS.join(", timer."))),
    }
}
