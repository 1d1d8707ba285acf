//! The bindings of a function.

use crate::functions::routes::RouteTemplate;
use crate::functions::timers::Schedule;

/// An `httpTrigger`.
#[derive(Clone, Debug)]
pub(in crate::functions) struct HttpTrigger {
    /// Upper case; empty = every method.
    pub(in crate::functions) methods: Vec<String>,
    /// With the route prefix.
    pub(in crate::functions) route: RouteTemplate,
}

/// A `timerTrigger`.
#[derive(Clone, Debug)]
pub(in crate::functions) struct TimerTrigger {
    pub(in crate::functions) schedule: Schedule,
    pub(in crate::functions) run_on_startup: bool,
    pub(in crate::functions) use_monitor: bool,
}

/// What starts a function.
#[derive(Clone, Debug)]
pub(in crate::functions) enum Trigger {
    Http(HttpTrigger),
    Timer(TimerTrigger),
    /// A trigger of a service that isn't here (a queue, a topic, ...): it runs through the admin endpoint only.
    Other,
}

/// An output binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct OutputBinding {
    pub(in crate::functions) name: String,
    /// As written in function.json.
    pub(in crate::functions) kind: String,
    /// `dataType` is `binary`: strings are not tried as base64.
    pub(in crate::functions) binary: bool,
}

impl OutputBinding {
    pub(in crate::functions) fn is_http(&self) -> bool {
        self.kind.eq_ignore_ascii_case("http")
    }

    /// The binding that takes `ReturnValue`.
    pub(in crate::functions) fn is_return(&self) -> bool {
        self.name == "$return"
    }
}
