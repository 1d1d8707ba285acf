//! What starts a function, as its bindings declare it.

use super::message_trigger::MessageTrigger;
use super::route::RouteTemplate;

/// A function's trigger.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct HttpTrigger {
    /// The trigger binding's name.
    pub binding: String,
    /// The name of the out binding of type `http`: a key of `Outputs`, or `$return`, which stands for `ReturnValue`.
    pub output: String,
    /// In lower case; empty = all.
    pub methods: Vec<String>,
    /// Which key a caller must have; the host asks for it.
    pub auth_level: AuthLevel,
    /// The route template, without the prefix; the function's name when the definition has none.
    pub route: RouteTemplate,
    /// Whether the host passes requests on as they came in forwarding and proxying mode: the function has this trigger,
    /// its http output and no other binding.
    pub is_forwarded: bool,
}

/// Which key the host wants of a caller (azure-webjobs-sdk-extensions, `AuthorizationLevel.cs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthLevel {
    /// None.
    Anonymous,
    /// One of the function's or of the host's.
    #[default]
    Function,
    /// The master key.
    Admin,
    /// A key of the platform's.
    System,
    /// A user's token, which newer hosts know no more.
    User,
}

impl AuthLevel {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Anonymous, Self::Function, Self::Admin, Self::System, Self::User];

    /// The word of the definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Function => "function",
            Self::Admin => "admin",
            Self::System => "system",
            Self::User => "user",
        }
    }
}

/// A timer function's binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerTrigger {
    /// The trigger binding's name.
    pub binding: String,
}
