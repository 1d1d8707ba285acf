//! Outputs beside the answer: what of a command's results goes to which other out binding.

/// An entry of `sql.outputs` with the binding that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The out binding's name: a key of `Outputs`, or `$return`, which stands for `ReturnValue`.
    pub binding: String,
    /// What is sent.
    pub form: OutputForm,
    /// Who takes it.
    pub receiver: Receiver,
    /// The binding's `dataType` is `binary`: the host takes no string for base64.
    pub binary: bool,
}

/// What is sent to an out binding. Nothing is sent when there is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputForm {
    /// Each row as a JSON object.
    Rows,
    /// The only row as a JSON object.
    Row,
    /// The only value; nothing for NULL.
    Value,
    /// What the HTTP caller gets, or would get.
    Body,
}

impl OutputForm {
    /// All forms.
    pub const ALL: [Self; 4] = [Self::Rows, Self::Row, Self::Value, Self::Body];

    /// The word of the definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Row => "row",
            Self::Value => "value",
            Self::Body => "body",
        }
    }
}

/// How the host hands a value on; it depends on the binding's type (azure-functions-host, `FunctionBinding.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Messages of text or bytes: each element of an array is one.
    Messages,
    /// One stream of bytes: a blob.
    Stream,
    /// Objects: documents, table entities, rows, notifications.
    Objects,
}

impl Receiver {
    /// The receiver behind an out binding of this type, which has no case.
    #[must_use]
    pub fn of_type(name: &str) -> Self {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        if ["queue", "serviceBus", "eventHub", "kafka", "rabbitMQ"].into_iter().any(is) {
            Self::Messages
        } else if is("blob") {
            Self::Stream
        } else {
            Self::Objects
        }
    }
}

/// What one invocation sends to an out binding. It holds what the database holds, so it has no `Debug` of its content.
#[derive(Clone, PartialEq, Eq)]
pub enum OutputContent {
    /// A value that is text, a date or an identifier, without quotes.
    Text(String),
    /// A binary value, in base64.
    Base64(String),
    /// Any other value, a row or a body, as JSON text.
    Json(String),
    /// Rows, each as JSON text; at least one.
    JsonList(Vec<String>),
}

/// An output that an invocation sends.
#[derive(Clone, PartialEq, Eq)]
pub struct ShapedOutput {
    /// Where it goes.
    pub output: Output,
    /// What goes there.
    pub content: OutputContent,
}

impl std::fmt::Debug for ShapedOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShapedOutput").field("output", &self.output).finish_non_exhaustive()
    }
}
