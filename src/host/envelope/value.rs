//! Undoes the host's encoding of values that aren't HTTP requests.
//!
//! The host nests an object, and writes everything else as JSON text in a string: `hello` arrives as `"\"hello\""`, the
//! number 5 as `"5"`, an array as `"[...]"`; bytes as base64; dates as plain text (`GetHttpScriptInvocationContextValue`
//! in azure-functions-host's `ScriptInvocationContextExtensions.cs`). Microsoft's documentation shows values that are
//! encoded once only, so a string that holds no JSON is taken for its own text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::functions::MessageTrigger;
use crate::invocation::Payload;

/// A small value: of a timer or of the metadata.
pub(super) fn decoded(raw: &RawValue) -> Json {
    match serde_json::from_str(raw.get()) {
        Ok(Json::String(text)) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        Ok(value) => value,
        // Nested deeper than serde_json goes: nobody takes a value out of that.
        Err(_) => Json::Null,
    }
}

/// A message's payload.
///
/// Base64 can look like JSON (`1234`), and text like base64 (`test`), so the binding's declaration decides, never the
/// looks.
///
/// # Errors
/// What the payload must be.
pub(super) fn payload(raw: &RawValue, trigger: &MessageTrigger) -> Result<Payload, &'static str> {
    if raw.get() == "null" {
        return Ok(Payload::Empty);
    }
    if trigger.binary && !trigger.batch {
        return bytes(raw).map(Payload::Bytes).ok_or("base64, as its dataType has it");
    }
    let Some(text) = text(raw)? else { return Ok(Payload::Empty) };
    if trigger.batch {
        return batch(&text)
            .map(Payload::Text)
            .ok_or("a JSON array: the trigger brings several messages at once");
    }
    Ok(Payload::Text(text))
}

/// The bytes of a base64 string, without a copy of the text: this is how large values come.
pub(super) fn bytes(raw: &RawValue) -> Option<Vec<u8>> {
    let text: Cow<'_, str> = match raw.get().strip_prefix('"')?.strip_suffix('"')? {
        plain if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(raw.get()).ok()?),
    };
    STANDARD.decode(text.as_bytes()).ok()
}

/// The payload's own text; None for null.
fn text(raw: &RawValue) -> Result<Option<String>, &'static str> {
    let raw = raw.get();
    // What nests keeps its own text, with all digits.
    if !raw.starts_with('"') {
        return Ok(Some(raw.to_owned()));
    }
    let encoded: String = serde_json::from_str(raw).map_err(|_| "text: it holds half of a surrogate pair")?;
    if encoded == "null" {
        return Ok(None);
    }
    if encoded.starts_with('"')
        && let Ok(inner) = serde_json::from_str(&encoded)
    {
        return Ok(Some(inner));
    }
    Ok(Some(encoded))
}

/// An array in which each string that holds a JSON object or array stands as that object or array: the host sends each
/// message of a batch as a string, and nobody wants to take OPENJSON apart twice.
fn batch(text: &str) -> Option<String> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut array = String::with_capacity(text.len());
    array.push('[');
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            array.push(',');
        }
        match nested(element) {
            Some(text) => array.push_str(text.trim()),
            None => array.push_str(element.get()),
        }
    }
    array.push(']');
    Some(array)
}

fn nested(element: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(element.get()).ok()?;
    let looks_nested = text.trim_start().starts_with(['{', '[']);
    (looks_nested && serde_json::from_str::<IgnoredAny>(&text).is_ok()).then_some(text)
}
