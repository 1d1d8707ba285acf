//! What triggered an invocation, as the functions see it, whichever way it came from the host.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Message, Metadata};

/// The trigger's own data.
#[derive(Clone, Debug)]
pub enum TriggerInput {
    /// An `httpTrigger`.
    Http(HttpRequest),
    /// A `timerTrigger`.
    Timer(TimerEvent),
    /// A queue, a topic, an event hub, a blob, a change feed: any trigger that brings a payload.
    Message(Message),
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
    /// What the caller sent.
    pub body: Body,
}

// Values of a caller must not reach a log, so a request shows names and sizes only.
impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest")
            .field("route", &self.route.keys())
            .field("query", &self.query.keys())
            .field("headers", &self.headers.keys())
            .field("body", &self.body)
            .finish()
    }
}

/// A request's body.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// None was sent, or one without a byte.
    #[default]
    Empty,
    /// Text, not empty.
    Text(String),
    /// Bytes, not empty: the content type is `application/octet-stream` or `multipart/...`, which the host never takes
    /// for text.
    Bytes(Vec<u8>),
}

impl Body {
    /// A text body; nothing is [`Body::Empty`].
    #[must_use]
    pub fn text(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// A binary body; nothing is [`Body::Empty`].
    #[must_use]
    pub fn bytes(bytes: Vec<u8>) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Bytes(bytes) }
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether a body of this content type is bytes (azure-functions-host, `HttpRequestExtensions.cs`,
    /// `IsMediaTypeOctetOrMultipart`).
    #[must_use]
    pub fn is_binary(content_type: &str) -> bool {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type == "application/octet-stream" || media_type.contains("multipart/")
    }
}

// A caller's value must not reach a log.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

/// What the host says of a timer.
#[derive(Clone, Debug)]
pub struct TimerEvent {
    /// The `Data` of the timer binding, keys as the host spells them: `Schedule`, `ScheduleStatus`, `IsPastDue`.
    pub data: Json,
    /// What else it says: `RetryContext` on a run that its `retry` repeats.
    pub metadata: Metadata,
}
