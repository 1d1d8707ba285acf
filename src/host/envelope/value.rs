//! Undoes the host's encoding of values that aren't HTTP requests.
//!
//! The host nests an object, and writes everything else as JSON text in a string: `hello` arrives as `"\"hello\""`, the
//! number 5 as `"5"`, an array as `"[...]"`; bytes as base64; dates as plain text (`GetHttpScriptInvocationContextValue`
//! in azure-functions-host's `ScriptInvocationContextExtensions.cs`). Microsoft's documentation shows values that are
//! encoded once only, so a string that holds no JSON is taken for its own text.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::functions::MessageTrigger;
use crate::invocation::Payload;

/// The most bytes that the host needs for what is small: a timer's data, a request's query, headers or route values. Kestrel
/// takes 8 KiB of a request line and 32 KiB of headers (`KestrelServerLimits`), of which a byte takes six at the most in
/// JSON. Such values are built whole, which takes many times their text.
pub(super) const MAX_SMALL: usize = 256 * 1024;

/// A value of the metadata, as it stands, or as the JSON that its string holds; None for half of a surrogate pair.
pub(super) fn decoded(raw: &RawValue) -> Option<Box<RawValue>> {
    if !raw.get().starts_with('"') {
        return Some(raw.to_owned());
    }
    let text: String = serde_json::from_str(raw.get()).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|_| raw.to_owned()))
}

/// A timer's data, an object.
pub(super) fn timer(raw: &RawValue) -> Option<Json> {
    let object = |json: &Json| json.is_object();
    match serde_json::from_str(small(raw)?.get()).ok()? {
        Json::String(text) => serde_json::from_str(&text).ok().filter(object),
        json => Some(json).filter(object),
    }
}

/// The value, if it is as small as the host's are.
pub(super) fn small(raw: &RawValue) -> Option<&RawValue> {
    (raw.get().len() <= MAX_SMALL).then_some(raw)
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
    let mut array = String::with_capacity(text.len());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_seq(Batch(&mut array)).and_then(|()| deserializer.end()).ok()?;
    Some(array)
}

/// Writes the elements of an array one by one: small ones are many, and a list of them takes more memory than their text.
struct Batch<'t>(&'t mut String);

impl<'de> Visitor<'de> for Batch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self(array) = self;
        array.push('[');
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if array.len() > 1 {
                array.push(',');
            }
            match nested(element) {
                Some(text) => array.push_str(text.trim()),
                None => array.push_str(element.get()),
            }
        }
        array.push(']');
        Ok(())
    }
}

fn nested(element: &RawValue) -> Option<String> {
    if !element.get().starts_with('"') {
        return None;
    }
    let text: String = serde_json::from_str(element.get()).ok()?;
    let looks_nested = text.trim_start().starts_with(['{', '[']);
    (looks_nested && serde_json::from_str::<IgnoredAny>(&text).is_ok()).then_some(text)
}
