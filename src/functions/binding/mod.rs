//! Puts an invocation's values into a plan's parameters, or says of all of them what is wrong.

mod message;

use serde_json::Value as Json;
use std::collections::BTreeMap;

use super::conversion::{from_host_moment, from_json, from_text};
use super::plan::{Plan, PlannedParameter};
use super::source::Source;
use crate::invocation::{
    Body, HttpRequest, Message, Parameter, Payload, Problem, Shadows, SqlType, SqlValue, TriggerInput,
    Violation,
};

impl Plan {
    /// Binds the values of an invocation, in the order of the definition.
    ///
    /// - Absent is: a route value, query parameter, header, body or message that did not come; a property that is
    ///   missing or `null`, also when an object above it is. Then the default counts, else NULL, unless it is required.
    /// - An empty query, route or header value (`?city=`) is the empty text for a text or binary parameter, and absent
    ///   for every other type, which has no empty value.
    /// - Header names, query names, route names and the host's metadata names have no case; properties do. Properties
    ///   that no parameter names are left out.
    /// - The host's metadata counts only where the payload has no top-level property of the same name: the host lays
    ///   those over its own.
    ///
    /// # Errors
    /// A 400 problem: `invalid-body` or `invalid-message` when a property is wanted and there is no JSON, else
    /// `invalid-parameters` with every violation. Neither holds a value.
    pub fn bind(&self, invocation_id: &str, input: &TriggerInput) -> Result<Vec<Parameter>, Problem> {
        let values = Values { invocation_id, input, json: self.parse(input)?, shadows: self.shadows(input) };
        let mut bound = Vec::with_capacity(self.parameters.len());
        let mut violations = Vec::new();
        for parameter in &self.parameters {
            match parameter.bind(&values) {
                Ok(value) => bound.push(Parameter {
                    name: parameter.name.clone(),
                    sql_type: parameter.sql_type,
                    value,
                }),
                Err(message) => violations.push(Violation {
                    parameter: parameter.name.clone(),
                    from: parameter.from.clone(),
                    message,
                }),
            }
        }
        if violations.is_empty() { Ok(bound) } else { Err(Problem::invalid_parameters(violations)) }
    }

    /// The body or payload as JSON, read once, and only when a parameter takes a property of it.
    fn parse(&self, input: &TriggerInput) -> Result<Option<Json>, Problem> {
        let is_wanted =
            |source: &Source| matches!(source, Source::BodyProperty(_) | Source::MessageProperty(_));
        if !self.parameters.iter().any(|parameter| is_wanted(&parameter.source)) {
            return Ok(None);
        }
        let (json, kind, title, what) = match input {
            TriggerInput::Http(HttpRequest { body, .. }) => {
                let json = match body {
                    Body::Empty => return Ok(None),
                    Body::Text(text) => serde_json::from_str(text),
                    Body::Bytes(bytes) => serde_json::from_slice(bytes),
                };
                (json, "invalid-body", "The body is not valid", "body")
            }
            TriggerInput::Message(Message { payload, .. }) => {
                let json = match payload {
                    Payload::Empty => return Ok(None),
                    // As an empty body is.
                    Payload::Text(text) if text.is_empty() => return Ok(None),
                    Payload::Text(text) => serde_json::from_str(text),
                    Payload::Bytes(bytes) => serde_json::from_slice(bytes),
                };
                (json, "invalid-message", "The message is not valid", "message")
            }
            TriggerInput::Timer(_) => return Ok(None),
        };
        json.map(Some).map_err(|error| {
            // serde_json's own sentence can quote the body: only the position is safe.
            let detail = format!(
                "The {what} is not valid JSON: see line {}, column {}. Send a JSON object.",
                error.line(),
                error.column()
            );
            Problem::new(400, kind, title, detail)
        })
    }

    /// The names that the payload may have taken from the host, looked for only when a parameter takes one.
    fn shadows(&self, input: &TriggerInput) -> Shadows {
        let wanted =
            self.parameters.iter().any(|parameter| matches!(parameter.source, Source::Metadata { .. }));
        match input {
            TriggerInput::Message(message) if wanted => message.payload.may_shadow(),
            // A timer has no payload, so nobody can lay anything over its metadata.
            TriggerInput::Message(_) | TriggerInput::Http(_) | TriggerInput::Timer(_) => Shadows::Nothing,
        }
    }
}

/// What an invocation brings.
struct Values<'a> {
    invocation_id: &'a str,
    input: &'a TriggerInput,
    /// The body or payload, if a parameter takes a property of it.
    json: Option<Json>,
    shadows: Shadows,
}

impl PlannedParameter {
    fn bind(&self, values: &Values<'_>) -> Result<SqlValue, String> {
        let value = match self.find(values)? {
            SqlValue::Null => match &self.default {
                Some(default) => default.clone(),
                None if self.required => return Err("is required".to_owned()),
                None => SqlValue::Null,
            },
            value => value,
        };
        self.limits.check(&value)?;
        Ok(value)
    }

    /// The value as it came, converted; NULL when it is absent.
    fn find(&self, values: &Values<'_>) -> Result<SqlValue, String> {
        match (&self.source, values.input) {
            (Source::InvocationId, _) => from_text(values.invocation_id, self.sql_type),
            (Source::Route(parameter), TriggerInput::Http(request)) => {
                self.text(by_name(&request.route, &parameter.name))
            }
            (Source::Query(name), TriggerInput::Http(request)) => self.text(by_name(&request.query, name)),
            (Source::Header(name), TriggerInput::Http(request)) => self.text(by_name(&request.headers, name)),
            (Source::Body, TriggerInput::Http(request)) => self.body(&request.body),
            (Source::BodyProperty(names), TriggerInput::Http(_)) => {
                self.property(values.json.as_ref(), "body", names)
            }
            (Source::Message(_), TriggerInput::Message(message)) => self.payload(&message.payload),
            (Source::MessageProperty(names), TriggerInput::Message(_)) => {
                self.property(values.json.as_ref(), "message", names)
            }
            (Source::Metadata { name, path }, TriggerInput::Message(message)) => {
                self.metadata(message.metadata.get(name), name, path, &values.shadows)
            }
            (Source::Metadata { name, path }, TriggerInput::Timer(event)) => {
                self.metadata(event.metadata.get(name), name, path, &values.shadows)
            }
            (Source::TimerIsPastDue, TriggerInput::Timer(event)) => self.flag(event.data.get("IsPastDue")),
            (Source::TimerAdjustsForDst, TriggerInput::Timer(event)) => {
                self.flag(event.data.get("Schedule").and_then(|schedule| schedule.get("AdjustForDST")))
            }
            (Source::TimerMoment(name), TriggerInput::Timer(event)) => {
                match event.data.get("ScheduleStatus").and_then(|status| status.get(name)) {
                    None | Some(Json::Null) => Ok(SqlValue::Null),
                    Some(Json::String(text)) => from_host_moment(text, self.sql_type),
                    Some(_) => Err("is not a date and time: the host sent something else".to_owned()),
                }
            }
            // The definition was checked against the trigger, so the host sent what the definition doesn't declare.
            _ => Err("has no value: the function was called by another trigger than its own".to_owned()),
        }
    }

    fn body(&self, body: &Body) -> Result<SqlValue, String> {
        match body {
            Body::Empty => Ok(SqlValue::Null),
            Body::Text(text) => from_text(text, self.sql_type),
            Body::Bytes(bytes) if self.sql_type.is_binary() => Ok(SqlValue::Binary(bytes.clone())),
            Body::Bytes(_) => {
                Err("must be text: send it with another content type than application/octet-stream or \
                                   multipart, or declare varbinary(max)"
                    .to_owned())
            }
        }
    }

    fn text(&self, text: Option<&str>) -> Result<SqlValue, String> {
        let may_be_empty = self.sql_type.is_text() || self.sql_type.is_binary();
        match text {
            Some(text) if !text.is_empty() || may_be_empty => from_text(text, self.sql_type),
            _ => Ok(SqlValue::Null),
        }
    }

    fn flag(&self, json: Option<&Json>) -> Result<SqlValue, String> {
        json.map_or(Ok(SqlValue::Null), |json| from_json(json, SqlType::Bit))
    }

    fn property(&self, json: Option<&Json>, root: &str, names: &[String]) -> Result<SqlValue, String> {
        match walk(json, root, names)? {
            Some(json) => from_json(json, self.sql_type),
            None => Ok(SqlValue::Null),
        }
    }
}

/// The property at the end of the path; None when it, or an object above it, is absent.
fn walk<'j>(json: Option<&'j Json>, root: &str, names: &[String]) -> Result<Option<&'j Json>, String> {
    let Some(mut json) = json else { return Ok(None) };
    let mut path = root.to_owned();
    for name in names {
        match json {
            Json::Null if path != root => return Ok(None),
            Json::Object(properties) => match properties.get(name) {
                Some(property) => json = property,
                None => return Ok(None),
            },
            _ => return Err(format!("can't be found: {path} must be a JSON object")),
        }
        path = format!("{path}.{name}");
    }
    Ok(Some(json))
}

/// The entry of this name, or else the one whose name differs in case only.
fn by_name<'a>(entries: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    entries
        .get(name)
        .or_else(|| {
            entries.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
        .map(String::as_str)
}
