//! The data of an HTTP trigger.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::{EnvelopeError, value};
use crate::invocation::{Body, HttpRequest};

/// The fields that we read. `Url` holds the function key, so it isn't even parsed.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HttpData<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Reads the request in `Data.<binding>`.
pub(super) fn read(data: &RawValue, binding: &str) -> Result<HttpRequest, EnvelopeError> {
    let wrong = |field: &str, expected| EnvelopeError::form(format!("{binding}.{field}"), expected);
    let data: HttpData<'_> = serde_json::from_str(data.get()).map_err(|_| {
        EnvelopeError::form(binding, "an object with one Query, Headers, Params and Body at the most")
    })?;
    let mut query = text_map(object(data.query).ok_or_else(|| wrong("Query", SMALL_OBJECT))?);
    // Names of a query have no case for those who read it.
    query.retain(|name, _| !name.eq_ignore_ascii_case("code"));
    let headers = lower_case(text_map(object(data.headers).ok_or_else(|| wrong("Headers", SMALL_OBJECT))?));
    let is_binary = headers.get("content-type").is_some_and(|kind| Body::is_binary(kind));
    let body = match data.body {
        None => Body::Empty,
        Some(raw) if is_binary => {
            Body::bytes(value::bytes(raw).ok_or_else(|| wrong("Body", "base64, as its content type has it"))?)
        }
        // The host sends a string; anything else keeps its own text.
        Some(raw) if raw.get().starts_with('"') => Body::text(
            serde_json::from_str(raw.get())
                .map_err(|_| wrong("Body", "text: it holds half of a surrogate pair"))?,
        ),
        Some(raw) => Body::text(raw.get().to_owned()),
    };
    let route = text_map(object(data.params).ok_or_else(|| wrong("Params", SMALL_OBJECT))?);
    Ok(HttpRequest { route, query, headers, body })
}

const SMALL_OBJECT: &str = "an object of at most 256 KiB";
const _: () = assert!(value::MAX_SMALL == 256 * 1024, "the sentence says it");

/// An object that may also come as JSON text in a string, as `Query` did before September 2020; absent is empty.
fn object(raw: Option<&RawValue>) -> Option<Map<String, Json>> {
    let Some(raw) = raw else { return Some(Map::new()) };
    match serde_json::from_str(value::small(raw)?.get()).ok()? {
        Json::Object(map) => Some(map),
        Json::Null => Some(Map::new()),
        Json::String(text) if text.is_empty() => Some(Map::new()),
        Json::String(text) => match serde_json::from_str(&text) {
            Ok(Json::Object(map)) => Some(map),
            _ => None,
        },
        Json::Bool(_) | Json::Number(_) | Json::Array(_) => None,
    }
}

/// Names of headers have no case. Two that differ in it alone are one header with two values: none of them may win, or one
/// that tells who calls could stand in for another.
fn lower_case(headers: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut lower: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let values = lower.entry(name.to_ascii_lowercase()).or_default();
        if !values.is_empty() {
            values.push_str(", ");
        }
        values.push_str(&value);
    }
    lower
}

/// Null values (an optional route value that was not given) have no entry; arrays are joined as HTTP joins headers.
fn text_map(map: Map<String, Json>) -> BTreeMap<String, String> {
    map.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

fn text(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        Json::Array(values) => Some(values.into_iter().filter_map(text).collect::<Vec<_>>().join(", ")),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => Some(value.to_string()),
    }
}
