//! What starts a function, as its bindings declare it.

use super::message_trigger::MessageTrigger;

/// A function's trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// An `httpTrigger` with its `http` output.
    Http(HttpTrigger),
    /// A `timerTrigger`.
    Timer(TimerTrigger),
    /// A trigger that brings a payload.
    Message(MessageTrigger),
}

impl Trigger {
    /// The trigger binding's name: the key of its value in the invocation's `Data`.
    #[must_use]
    pub fn binding(&self) -> &str {
        match self {
            Self::Http(http) => &http.binding,
            Self::Timer(timer) => &timer.binding,
            Self::Message(message) => &message.binding,
        }
    }
}

/// An HTTP function's bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTrigger {
    /// The trigger binding's name.
    pub binding: String,
    /// The name of the out binding of type `http`: a key of `Outputs`, or `$return`, which stands for `ReturnValue`.
    pub output: String,
    /// In lower case; empty = all.
    pub methods: Vec<String>,
    /// The route template; the function's name when the definition has none.
    pub route: String,
    /// The template's parameters in their order.
    pub route_parameters: Vec<RouteParameter>,
}

/// A parameter of a route template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteParameter {
    /// As the template spells it; the host matches it without case.
    pub name: String,
    /// Whether a request can come without it: `{id?}` and `{*rest}`.
    pub optional: bool,
}

/// A timer function's binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerTrigger {
    /// The trigger binding's name.
    pub binding: String,
}
