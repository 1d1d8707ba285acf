//! JSON values made from the fuzzer's bytes, with the names and forms that the worker looks for.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use serde_json::{Map, Value as Json};

/// Deeper values say nothing new, and serde_json itself ends at 128.
const MAX_DEPTH: u32 = 6;

/// Names that some part of the worker reads.
const NAMES: [&str; 20] = [
    "Query",
    "Headers",
    "Params",
    "Body",
    "Method",
    "Url",
    "Schedule",
    "ScheduleStatus",
    "IsPastDue",
    "AdjustForDST",
    "Last",
    "Next",
    "LastUpdated",
    "Content-Type",
    "id",
    "Id",
    "DequeueCount",
    "order",
    "sys",
    "data",
];

/// Texts that some part of the worker reads as something.
const TEXTS: [&str; 14] = [
    "",
    "\"hello\"",
    "5",
    "[1,2]",
    "{\"id\":1}",
    "\"{\\\"id\\\":1}\"",
    "null",
    "{",
    "AQID",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
    "0001-01-01T00:00:00",
    "2026-11-21T07:08:09.1234567+02:00",
    "true",
];

/// Numbers at the ends of their types.
const NUMBERS: [&str; 8] = [
    "0",
    "-0",
    "1e400",
    "-1E-400",
    "0.1",
    "123456789012345678901234567890.5",
    "9223372036854775808",
    "-2147483649",
];

/// A JSON value.
pub fn any_json(bytes: &mut Unstructured<'_>) -> Result<Json> {
    value(bytes, 0)
}

fn value(bytes: &mut Unstructured<'_>, depth: u32) -> Result<Json> {
    let kinds: u8 = if depth < MAX_DEPTH { 9 } else { 6 };
    Ok(match bytes.int_in_range(0..=kinds - 1)? {
        0 => Json::Null,
        1 => bytes.arbitrary::<bool>()?.into(),
        2 => bytes.arbitrary::<i64>()?.into(),
        3 => serde_json::from_str(bytes.choose(&NUMBERS)?).unwrap_or(Json::Null),
        4 => (*bytes.choose(&TEXTS)?).into(),
        5 => bytes.arbitrary::<&str>()?.into(),
        // Wrapped as the host wraps: JSON text in a string.
        6 => value(bytes, depth + 3)?.to_string().into(),
        7 => {
            let count = bytes.int_in_range(0..=4)?;
            Json::Array((0..count).map(|_| value(bytes, depth + 1)).collect::<Result<_>>()?)
        }
        _ => {
            let count = bytes.int_in_range(0..=6)?;
            let mut object = Map::new();
            for _ in 0..count {
                let name =
                    if bytes.ratio(4, 5)? { *bytes.choose(&NAMES)? } else { bytes.arbitrary::<&str>()? };
                object.insert(name.to_owned(), value(bytes, depth + 1)?);
            }
            Json::Object(object)
        }
    })
}
