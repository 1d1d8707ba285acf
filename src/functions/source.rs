//! Where a parameter's value comes from: the paths of `from`, read and checked against the trigger.

use super::message_trigger::MessageTrigger;
use super::principal::PrincipalPath;
use super::route::{RouteParameter, RouteTemplate};
use super::trigger::Trigger;
use crate::invocation::{SqlType, nearest};

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
    /// `principal.oid`
    Principal(PrincipalPath),
    /// `timer.isPastDue`
    TimerIsPastDue,
    /// `timer.schedule.adjustForDST`
    TimerAdjustsForDst,
    /// `timer.scheduleStatus.last`, with the host's name of it.
    TimerMoment(&'static str),
    /// `message`: the whole payload.
    Message(MessageForm),
    /// `message.order.id`
    MessageProperty(Vec<String>),
    /// `metadata.Properties.tenant`: a name that the host owns, in the host's spelling, and the path below it.
    Metadata { name: String, path: Vec<String> },
    /// `invocation.id`
    InvocationId,
}

/// In which form a payload comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageForm {
    /// As text.
    Text,
    /// As bytes.
    Bytes,
    /// As a JSON array of messages.
    Batch,
}

const TIMER_PATHS: [&str; 5] = [
    "isPastDue",
    "schedule.adjustForDST",
    "scheduleStatus.last",
    "scheduleStatus.next",
    "scheduleStatus.lastUpdated",
];
pub(super) const HTTP_ROOTS: [&str; 6] = ["route", "query", "header", "body", "principal", "invocation"];
pub(super) const TIMER_ROOTS: [&str; 3] = ["timer", "metadata", "invocation"];
pub(super) const MESSAGE_ROOTS: [&str; 3] = ["message", "metadata", "invocation"];
const LATER_ROOTS: [&str; 1] = ["setting"];
/// What the host says of a timer beside its data (`SetRetryContext` in azure-functions-host).
const TIMER_METADATA: [&str; 2] = ["RetryContext", "sys"];

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
            ("route", Trigger::Http(http)) => route(named("route.id")?, &http.route),
            ("query", Trigger::Http(_)) => Ok(Self::Query(named("query.city")?.to_owned())),
            ("header", Trigger::Http(_)) => {
                Ok(Self::Header(named("header.x-request-id")?.to_ascii_lowercase()))
            }
            ("body", Trigger::Http(_)) => match rest {
                None => Ok(Self::Body),
                Some(_) => properties(path, named("body.address.city")?).map(Self::BodyProperty),
            },
            ("principal", Trigger::Http(_)) => {
                PrincipalPath::parse(named("principal.oid")?).map(Self::Principal)
            }
            ("message", Trigger::Message(message)) => match rest {
                None => Ok(Self::Message(form(message))),
                Some(_) => message_property(path, named("message.order.id")?, message),
            },
            ("metadata", Trigger::Timer(_)) => {
                let owned = TIMER_METADATA.map(str::to_owned);
                metadata(path, named("metadata.RetryContext.RetryCount")?, &owned, "a timerTrigger")
            }
            ("metadata", Trigger::Message(message)) => {
                let of = format!("a {}", message.kind.name);
                metadata(path, named("metadata.sys.UtcNow")?, &message.metadata_names(), &of)
            }
            _ => Err(unknown(root, path, trigger)),
        }
    }

    /// Whether this source can give a value of the type.
    pub(super) fn check_type(&self, sql_type: SqlType) -> Result<(), String> {
        let fits = match self {
            Self::TimerIsPastDue | Self::TimerAdjustsForDst => sql_type == SqlType::Bit,
            Self::TimerMoment(_) => {
                matches!(sql_type, SqlType::DateTime2 { .. } | SqlType::DateTimeOffset { .. })
            }
            Self::Body => sql_type.is_text() || sql_type.is_binary() || sql_type == SqlType::Json,
            Self::Principal(path) => path.fits(sql_type),
            Self::InvocationId => sql_type == SqlType::UniqueIdentifier || sql_type.is_text(),
            Self::Message(MessageForm::Bytes) => sql_type.is_binary(),
            Self::Message(MessageForm::Batch) => sql_type.takes_json(),
            Self::Message(MessageForm::Text)
            | Self::MessageProperty(_)
            | Self::Metadata { .. }
            | Self::Route(_)
            | Self::Query(_)
            | Self::Header(_)
            | Self::BodyProperty(_) => true,
        };
        if fits {
            return Ok(());
        }
        Err(match self {
            Self::TimerMoment(_) => "must be datetime2 or datetimeoffset for a moment of the timer's",
            Self::Body => "must be nvarchar(max) for the whole body, or varbinary(max) if it comes as base64",
            Self::InvocationId => "must be uniqueidentifier for the invocation's id",
            Self::Message(MessageForm::Bytes) => {
                "must be varbinary(max), or leave `dataType` out of the trigger to get text"
            }
            Self::Message(_) => "must be nvarchar(max) for an array of messages, to be read with OPENJSON",
            Self::Principal(_) => "must be nvarchar(max) for a JSON array, to be read with OPENJSON",
            _ => "must be bit for this value",
        }
        .to_owned())
    }

    /// Whether the value is the caller's or sender's own. What the host says of a delivery is not: it may differ when the same
    /// message comes again.
    pub(super) fn is_callers(&self) -> bool {
        match self {
            Self::Route(_)
            | Self::Query(_)
            | Self::Header(_)
            | Self::Body
            | Self::BodyProperty(_)
            | Self::Principal(_)
            | Self::Message(_)
            | Self::MessageProperty(_) => true,
            Self::TimerIsPastDue
            | Self::TimerAdjustsForDst
            | Self::TimerMoment(_)
            | Self::Metadata { .. }
            | Self::InvocationId => false,
        }
    }

    /// What `required` is when the definition doesn't say: a route value that the template demands can't be missing, and a
    /// caller who isn't known must not pass for one who is.
    pub(super) fn required_by_default(&self) -> bool {
        matches!(self, Self::Route(RouteParameter { optional: false, .. }) | Self::Principal(_))
    }
}

fn unknown(root: &str, path: &str, trigger: &Trigger) -> String {
    if LATER_ROOTS.contains(&root) {
        return format!("`{root}` is not supported yet");
    }
    let (function, roots): (_, &[&str]) = match trigger {
        Trigger::Http(_) => ("an HTTP function", &HTTP_ROOTS),
        Trigger::Timer(_) => ("a timer function", &TIMER_ROOTS),
        Trigger::Message(_) => ("a function that takes messages", &MESSAGE_ROOTS),
    };
    let elsewhere = HTTP_ROOTS.iter().chain(&TIMER_ROOTS).chain(&MESSAGE_ROOTS).any(|known| *known == root);
    if elsewhere {
        return format!("`{path}` does not exist in {function}; a path begins with {}", roots.join(", "));
    }
    match nearest(root, roots.iter().copied()) {
        Some(word) => format!("`{path}` is not known; did you mean `{word}`?"),
        None => format!("`{path}` is not known; a path begins with {}", roots.join(", ")),
    }
}

fn form(trigger: &MessageTrigger) -> MessageForm {
    match (trigger.batch, trigger.binary) {
        (true, _) => MessageForm::Batch,
        (false, true) => MessageForm::Bytes,
        (false, false) => MessageForm::Text,
    }
}

fn message_property(path: &str, rest: &str, trigger: &MessageTrigger) -> Result<Source, String> {
    match form(trigger) {
        MessageForm::Text => properties(path, rest).map(Source::MessageProperty),
        MessageForm::Bytes => {
            Err("bytes have no properties; leave `dataType` out of the trigger to get text".to_owned())
        }
        MessageForm::Batch => {
            Err("several messages come at once; take `message` as nvarchar(max) and read it with OPENJSON"
                .to_owned())
        }
    }
}

fn metadata(path: &str, rest: &str, owned: &[String], trigger: &str) -> Result<Source, String> {
    let mut names = properties(path, rest)?.into_iter();
    let first = names.next().unwrap_or_default();
    if let Some(name) = owned.iter().find(|name| name.eq_ignore_ascii_case(&first)) {
        return Ok(Source::Metadata { name: name.clone(), path: names.collect() });
    }
    // Of a batch the host has arrays.
    let of_batch = owned.iter().find(|name| name.eq_ignore_ascii_case(&format!("{first}Array")));
    let meant = of_batch.map(String::as_str).or_else(|| nearest(&first, owned.iter().map(String::as_str)));
    let cure = match meant {
        Some(name) => format!("did you mean `metadata.{name}`?"),
        None => format!("there are {}", owned.join(", ")),
    };
    Err(format!("the host has no metadata `{first}` of its own for {trigger}; {cure}"))
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

fn properties(path: &str, rest: &str) -> Result<Vec<String>, String> {
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
    Ok(names)
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
