//! Puts an invocation's values into a plan's parameters, or says of all of them what is wrong.

mod message;
mod properties;
mod strictness;
mod table;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use self::properties::{NotAnObject, Properties};
use self::strictness::Place;
use super::conversion::{from_host_moment, from_json, from_json_text, from_text};
use super::plan::{BoundKey, BoundValues, Plan, PlannedParameter};
use super::principal::{AppServiceAuthentication, Caller, lacking, not_trusted, unauthenticated};
use super::source::Source;
use crate::database::idempotency::RequestHash;
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
    /// - Of a body or message only the properties that parameters name are read; the rest is skipped, but must be JSON.
    ///   Where a name is there twice, the last one counts.
    /// - The host's metadata counts only where the payload has no top-level property of the same name: the host lays
    ///   those over its own.
    /// - Who calls counts only where App Service authentication is on.
    ///
    /// # Errors
    /// When a value tells who calls: `not-configured` where that can't be believed, a 401 where nobody is known, a 403 where
    /// a claim is missing. Else a 400 problem: `invalid-body` or `invalid-message` when a property is wanted and there is no JSON, else
    /// `invalid-parameters` with every violation. Neither holds a value.
    pub fn bind(
        &self,
        invocation_id: &str,
        input: &TriggerInput,
        authentication: AppServiceAuthentication,
    ) -> Result<BoundValues, Problem> {
        let caller = self.caller(input, authentication)?;
        let properties = self.properties(input)?;
        let values = Values { invocation_id, input, caller, properties, shadows: self.shadows(input) };
        let mut violations = Vec::new();
        let parameters = bind_all(&self.parameters, &values, &mut violations);
        let session_context = bind_all(&self.session_context, &values, &mut violations);
        let key = self.idempotency_key.as_ref().and_then(|key| bind_key(key, &values, &mut violations));
        if !violations.is_empty() {
            return Err(Problem::invalid_parameters(violations));
        }
        let idempotency = match key {
            Some(key) => {
                let planned = self.parameters.iter().chain(&self.session_context);
                let bound = planned.zip(parameters.iter().chain(&session_context));
                let given = bound.filter(|(planned, _)| planned.source.is_callers());
                let request = RequestHash::new(given.map(|(_, value)| value));
                Some(BoundKey { key, caller: values.caller.identity()?, request })
            }
            None => None,
        };
        Ok(BoundValues { parameters, session_context, idempotency })
    }

    /// Who calls; anonymous when no value tells and no key is somebody's. Nobody hears of other parameters before he is known.
    fn caller(
        &self,
        input: &TriggerInput,
        authentication: AppServiceAuthentication,
    ) -> Result<Caller, Problem> {
        let TriggerInput::Http(request) = input else { return Ok(Caller::Anonymous) };
        match (self.principal_paths().next(), authentication) {
            (Some(path), AppServiceAuthentication::Off) => return Err(not_trusted(path)),
            (None, AppServiceAuthentication::Off) => return Ok(Caller::Anonymous),
            (None, AppServiceAuthentication::On) if self.idempotency_key.is_none() => {
                return Ok(Caller::Anonymous);
            }
            (Some(_) | None, AppServiceAuthentication::On) => {}
        }
        let caller = Caller::read(&request.headers)?;
        let mut missing = Vec::new();
        for value in self.values().filter(|value| value.required) {
            if let Source::Principal(path) = &value.source
                && caller.find(path) == Ok(None)
            {
                missing.push(value.from.as_str());
            }
        }
        match (missing.is_empty(), &caller) {
            (true, _) => Ok(caller),
            (false, Caller::Anonymous) => Err(unauthenticated()),
            (false, Caller::Known(_)) => Err(lacking(&missing)),
        }
    }

    /// The properties of the body or payload that parameters take; None when they take none, or there is none.
    fn properties<'a>(&'a self, input: &'a TriggerInput) -> Result<Option<Properties<'a, 'a>>, Problem> {
        let mut paths = self
            .values()
            .filter_map(|parameter| match &parameter.source {
                Source::BodyProperty(names) | Source::MessageProperty(names) => Some(names.as_slice()),
                _ => None,
            })
            .peekable();
        if paths.peek().is_none() {
            return Ok(None);
        }
        let (bytes, what) = match input {
            TriggerInput::Http(HttpRequest { body, .. }) => match body {
                Body::Empty => return Ok(None),
                Body::Text(text) => (text.as_bytes(), &BODY),
                Body::Bytes(bytes) => (bytes.as_slice(), &BODY),
            },
            TriggerInput::Message(Message { payload, .. }) => match payload {
                Payload::Empty => return Ok(None),
                // As an empty body is.
                Payload::Text(text) if text.is_empty() => return Ok(None),
                Payload::Text(text) => (text.as_bytes(), &MESSAGE),
                Payload::Bytes(bytes) => (bytes.as_slice(), &MESSAGE),
            },
            TriggerInput::Timer(_) => return Ok(None),
        };
        let properties = match std::str::from_utf8(bytes) {
            Ok(text) => Properties::find(text, paths),
            Err(error) => Err(Place::of(bytes, error.valid_up_to())),
        };
        properties.map(Some).map_err(|place| what.is_not_json(place))
    }

    /// The names of metadata that the payload may have taken from the host, of those that parameters take.
    fn shadows(&self, input: &TriggerInput) -> Shadows {
        match input {
            TriggerInput::Message(message) => message.payload.may_shadow(self.metadata_names()),
            // A timer has no payload, so nobody can lay anything over its metadata.
            TriggerInput::Http(_) | TriggerInput::Timer(_) => Shadows::Nothing,
        }
    }
}

/// How the JSON that a caller or sender sent is spoken of.
struct Sent {
    kind: &'static str,
    title: &'static str,
    name: &'static str,
}

const BODY: Sent = Sent { kind: "invalid-body", title: "The body is not valid", name: "body" };
const MESSAGE: Sent = Sent { kind: "invalid-message", title: "The message is not valid", name: "message" };

impl Sent {
    /// Only the place is safe to tell: `serde_json`'s own sentence can quote the text.
    fn is_not_json(&self, place: Place) -> Problem {
        let detail = format!(
            "The {} is not valid JSON: see line {}, column {}. Send a JSON object.",
            self.name, place.line, place.column
        );
        Problem::new(400, self.kind, self.title, detail)
    }
}

/// The values of parameters; what is wrong with them goes to `violations`.
fn bind_all(
    parameters: &[PlannedParameter],
    values: &Values<'_>,
    violations: &mut Vec<Violation>,
) -> Vec<Parameter> {
    let mut bound = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        match parameter.bind(values) {
            Ok(value) => bound.push(Parameter {
                name: parameter.name_on_server().to_owned(),
                sql_type: parameter.carried_type(),
                value,
            }),
            Err(found) => violations.extend(found.into_iter().map(|Misfit { place, message }| Violation {
                parameter: parameter.name.clone(),
                from: format!("{}{place}", parameter.from),
                message,
            })),
        }
    }
    bound
}

/// The text of an idempotency key. An empty one would be the same for all who forget theirs.
fn bind_key(key: &PlannedParameter, values: &Values<'_>, violations: &mut Vec<Violation>) -> Option<String> {
    let message = match key.bind(values) {
        Ok(SqlValue::Text(text)) if !text.is_empty() => return Some(text),
        Ok(_) => "is required".to_owned(),
        // A scalar has one at the most.
        Err(found) => found.into_iter().next().map(|misfit| misfit.message).unwrap_or_default(),
    };
    violations.push(Violation { parameter: key.name.clone(), from: key.from.clone(), message });
    None
}

/// What an invocation brings.
struct Values<'a> {
    invocation_id: &'a str,
    input: &'a TriggerInput,
    caller: Caller,
    /// Of the body or payload, if a parameter takes any.
    properties: Option<Properties<'a, 'a>>,
    shadows: Shadows,
}

/// What is wrong with a value, or with a part of it.
struct Misfit {
    /// Where it is within the value, `[3].Name` of a table; empty for the whole.
    place: String,
    /// Without the value itself.
    message: String,
}

/// A misfit of the whole value.
impl From<String> for Misfit {
    fn from(message: String) -> Self {
        Self { place: String::new(), message }
    }
}

impl PlannedParameter {
    fn bind(&self, values: &Values<'_>) -> Result<SqlValue, Vec<Misfit>> {
        let value = self.bind_whole(values).map_err(|message| vec![message.into()])?;
        match (self.table(), value) {
            (None, value) => Ok(value),
            (Some(table), SqlValue::Text(rows)) => table::rows(table, &rows).map(SqlValue::Text),
            // An absent table has no rows.
            (Some(_), _) => Ok(SqlValue::Text("[]".to_owned())),
        }
    }

    fn bind_whole(&self, values: &Values<'_>) -> Result<SqlValue, String> {
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
            (Source::InvocationId, _) => from_text(values.invocation_id, self.carried_type()),
            (Source::Route(parameter), TriggerInput::Http(request)) => {
                self.text(by_name(&request.route, &parameter.name))
            }
            (Source::Query(name), TriggerInput::Http(request)) => self.text(by_name(&request.query, name)),
            (Source::Header(name), TriggerInput::Http(request)) => self.text(by_name(&request.headers, name)),
            (Source::Principal(path), TriggerInput::Http(_)) => {
                self.text(values.caller.find(path)?.as_deref())
            }
            (Source::Body, TriggerInput::Http(request)) => self.body(&request.body),
            (Source::BodyProperty(names), TriggerInput::Http(_)) => {
                self.property(values.properties.as_ref(), "body", names)
            }
            (Source::Message(_), TriggerInput::Message(message)) => self.payload(&message.payload),
            (Source::MessageProperty(names), TriggerInput::Message(_)) => {
                self.property(values.properties.as_ref(), "message", names)
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
                    Some(Json::String(text)) => from_host_moment(text, self.carried_type()),
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
            Body::Text(text) => from_text(text, self.carried_type()),
            Body::Bytes(bytes) if self.carried_type().is_binary() => Ok(SqlValue::Binary(bytes.clone())),
            Body::Bytes(_) => {
                Err("must be text: send it with another content type than application/octet-stream or \
                                   multipart, or declare varbinary(max)"
                    .to_owned())
            }
        }
    }

    fn text(&self, text: Option<&str>) -> Result<SqlValue, String> {
        let may_be_empty = self.carried_type().is_text() || self.carried_type().is_binary();
        match text {
            Some(text) if !text.is_empty() || may_be_empty => from_text(text, self.carried_type()),
            _ => Ok(SqlValue::Null),
        }
    }

    fn flag(&self, json: Option<&Json>) -> Result<SqlValue, String> {
        json.map_or(Ok(SqlValue::Null), |json| from_json(json, SqlType::Bit))
    }

    fn property(
        &self,
        properties: Option<&Properties<'_, '_>>,
        root: &str,
        names: &[String],
    ) -> Result<SqlValue, String> {
        let Some(properties) = properties else { return Ok(SqlValue::Null) };
        match properties.get(names).map_err(|above| not_found(root, names, above))? {
            Some(text) => from_json_text(text, self.carried_type()),
            None => Ok(SqlValue::Null),
        }
    }
}

/// Whether a text that is JSON for a reader that skips is JSON for one that builds values too: see `strictness.rs`.
pub(super) fn is_strict_json(text: &str) -> bool {
    strictness::check(text).is_ok()
}

/// The sentence about a property below something that has none.
fn not_found(root: &str, names: &[String], above: NotAnObject) -> String {
    let above = names.iter().take(above.names).fold(root.to_owned(), |path, name| format!("{path}.{name}"));
    format!("can't be found: {above} must be a JSON object")
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
