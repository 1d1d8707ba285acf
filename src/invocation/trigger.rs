//! What triggered an invocation, as the functions see it, whichever way it came from the host.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// The trigger's own data.
#[derive(Clone, Debug)]
pub enum TriggerInput {
    /// An `httpTrigger`.
    Http(HttpRequest),
    /// A `timerTrigger`.
    Timer(TimerEvent),
}

/// What a caller sent to an HTTP function.
#[derive(Clone, Default)]
pub struct HttpRequest {
    /// Values of the route template; an optional one that is absent has no entry. Names as in the template.
    pub route: BTreeMap<String, String>,
    /// Query parameters; repeated keys arrive joined with `,`. The function key `code` is not among them.
    pub query: BTreeMap<String, String>,
    /// Headers by lower-case name; several values of one header are joined with `, `.
    pub headers: BTreeMap<String, String>,
    /// The body as text: None when the caller sent none.
    pub body: Option<String>,
}

// Values of a caller must not reach a log, so a request shows names and sizes only.
impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest")
            .field("route", &self.route.keys())
            .field("query", &self.query.keys())
            .field("headers", &self.headers.keys())
            .field("body_bytes", &self.body.as_ref().map(String::len))
            .finish()
    }
}

/// What the host says of a timer.
#[derive(Clone, Debug)]
pub struct TimerEvent {
    /// The `Data` of the timer binding, keys as the host spells them: `Schedule`, `ScheduleStatus`, `IsPastDue`.
    pub data: Json,
}
