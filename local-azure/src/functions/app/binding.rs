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
    Service(ServiceTrigger),
}

/// A trigger of a service that isn't here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct ServiceTrigger {
    pub(in crate::functions) service: MessageSource,
    /// `cardinality` is `many`: one run for several messages. `one` is the default (`GeneralScriptBindingProvider.cs`,
    /// `GetRequestedType`).
    pub(in crate::functions) many: bool,
    /// `dataType` is `binary`: the function gets bytes.
    pub(in crate::functions) binary: bool,
    /// The queue, topic, hub, table, or blob path, as far as it is named.
    pub(in crate::functions) source: String,
}

/// Which service a message would come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) enum MessageSource {
    Queue,
    ServiceBus,
    EventHub,
    EventGrid,
    Blob,
    CosmosDb,
    Sql,
    /// One whose messages have no form of their own here.
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
