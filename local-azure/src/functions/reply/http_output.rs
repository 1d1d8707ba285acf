//! Reads the value of an `http` output.

use serde_json::{Map, Value};

use super::http_answer::HttpAnswer;
use super::result::property;

/// The answer from `Outputs.<http binding>`, when `Outputs` itself is there
/// (`HttpScriptInvocationResultExtensions.cs`, `GetHttpOutputBindingResponse`).
///
/// # Errors
/// Why the invocation fails.
pub(super) fn from_output(value: Option<&Value>) -> Result<HttpAnswer, String> {
    // Absent: the host goes on with an empty response object, which has no "body" and so is itself the content.
    let Some(value) = value else {
        return Ok(empty_object());
    };
    let parsed;
    let properties = match value {
        // The host reads `ToString()` of the value again, so an object inside a string works, and what is null or empty
        // ends like an absent one.
        Value::Null => return Ok(empty_object()),
        Value::String(text) if text.trim().is_empty() => return Ok(empty_object()),
        Value::String(text) => {
            parsed = serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
            match &parsed {
                Value::Null if text.trim() == "null" => return Ok(empty_object()),
                other => other.as_object(),
            }
        }
        other => other.as_object(),
    };
    let properties =
        properties.ok_or("the http output must be an object with 'statusCode', 'headers' and 'body'")?;
    // `status` alone is never read: the response object always has a StatusCode, which is looked at first.
    answer(properties, property(properties, "statusCode"))
}

/// The answer from `ReturnValue`, for an http output with the name `$return` (`HttpBinding.cs`, `CreateResult`): an object
/// is a response if it has a body; anything else is the content.
///
/// # Errors
/// Why the invocation fails.
pub(super) fn from_return_value(value: &Value) -> Result<HttpAnswer, String> {
    match value {
        Value::Object(properties) if property(properties, "body").is_some() => {
            answer(properties, property(properties, "statusCode").or_else(|| property(properties, "status")))
        }
        other => Ok(HttpAnswer::with_body(200, Vec::new(), other)),
    }
}

fn empty_object() -> HttpAnswer {
    HttpAnswer::with_body(200, Vec::new(), &Value::Object(Map::new()))
}

fn answer(properties: &Map<String, Value>, status: Option<&Value>) -> Result<HttpAnswer, String> {
    let headers = match property(properties, "headers") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(headers)) => headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), header_text(name, value)?)))
            .collect::<Result<_, String>>()?,
        Some(_) => return Err("the http output's 'headers' must be an object".to_owned()),
    };
    let (content_types, mut headers): (Vec<_>, Vec<_>) =
        headers.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    // The server writes these itself.
    headers.retain(|(name, _)| {
        !["content-length", "transfer-encoding", "connection"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    });
    let body = property(properties, "body").unwrap_or(&Value::Null);
    let mut answer = HttpAnswer::with_body(status_code(status)?, headers, body);
    if let Some((_, content_type)) = content_types.into_iter().next_back() {
        answer.content_type = Some(content_type);
    }
    Ok(answer)
}

/// A whole number, or digits in a string; anything else counts as 200 (`HttpBinding.cs`, `TryParseStatusCode`).
fn status_code(value: Option<&Value>) -> Result<u16, String> {
    let text = match value {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Object(_) | Value::Array(_)) => {
            return Err("the http output's 'statusCode' must be a number".to_owned());
        }
        Some(Value::Bool(_) | Value::Null) | None => return Ok(200),
    };
    match text.parse::<i32>() {
        // Kestrel can't write another one.
        Ok(code) => u16::try_from(code).ok().filter(|code| (200..=999).contains(code)).ok_or_else(|| {
            format!("the http output's statusCode {code} is not an HTTP status from 200 to 999")
        }),
        Err(_) => Ok(200),
    }
}

/// A header's value: an array or object becomes JSON text, null fails the whole answer (`ScriptObjectResult.cs`).
fn header_text(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::Null => Err(format!("the header '{name}' of the http output is null")),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        other => Ok(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{from_output, from_return_value};
    use serde_json::{Value, json};

    fn status_and_body(value: &Value) -> Option<(u16, String)> {
        from_output(Some(value))
            .ok()
            .map(|answer| (answer.status, String::from_utf8_lossy(&answer.body).into_owned()))
    }

    #[test]
    fn the_status_is_a_number_or_digits_and_status_alone_is_never_read() {
        let cases = [
            (json!({ "statusCode": 201, "body": "x" }), Some((201, "x"))),
            (json!({ "StatusCode": "404", "body": "x" }), Some((404, "x"))),
            (json!({ "status": 404, "body": "x" }), Some((200, "x"))),
            (json!({ "statusCode": "abc", "body": "x" }), Some((200, "x"))),
            (json!({ "statusCode": null, "body": "x" }), Some((200, "x"))),
            (json!({ "statusCode": 42 }), None),
            (json!({ "statusCode": 204 }), Some((204, ""))),
        ];
        for (output, expected) in cases {
            assert_eq!(
                status_and_body(&output),
                expected.map(|(status, body)| (status, body.to_owned())),
                "{output}"
            );
        }
    }

    #[test]
    fn an_output_that_is_no_object_fails_and_one_that_is_absent_is_an_empty_object() {
        for output in [json!("hello"), json!(5), json!([1]), json!(true)] {
            assert!(from_output(Some(&output)).is_err(), "{output}");
        }
        for output in [None, Some(json!(null)), Some(json!(""))] {
            let answer = from_output(output.as_ref()).map(|answer| (answer.status, answer.body));
            assert_eq!(answer, Ok((200, b"{}".to_vec())), "{output:?}");
        }
        assert_eq!(
            status_and_body(&json!(r#"{"statusCode": 201, "body": "in a string"}"#)),
            Some((201, "in a string".to_owned()))
        );
    }

    #[test]
    fn a_string_body_is_written_as_it_is_and_an_object_with_indentation() {
        assert_eq!(
            status_and_body(&json!({ "body": "{\"a\":1.10}" })),
            Some((200, "{\"a\":1.10}".to_owned()))
        );
        let body: Option<Value> = serde_json::from_str(r#"{"body": {"a": 1.10, "b": []}}"#).ok();
        assert_eq!(
            body.as_ref().and_then(status_and_body),
            Some((200, "{\n  \"a\": 1.1,\n  \"b\": []\n}".to_owned()))
        );
    }

    #[test]
    fn an_array_in_a_header_becomes_json_text_and_null_fails() {
        let answer = from_output(Some(
            &json!({ "headers": { "x-list": ["a", 1], "Content-Type": "text/csv" }, "body": "a" }),
        ));
        let parts = answer.map(|answer| (answer.headers, answer.content_type));
        assert_eq!(
            parts,
            Ok((vec![("x-list".to_owned(), "[\"a\",1]".to_owned())], Some("text/csv".to_owned())))
        );
        assert!(from_output(Some(&json!({ "headers": { "x": null } }))).is_err());
        assert!(from_output(Some(&json!({ "headers": ["x"] }))).is_err());
    }

    #[test]
    fn a_return_value_is_a_response_only_with_a_body() {
        let answer = |value: Value| from_return_value(&value).map(|answer| (answer.status, answer.body)).ok();
        assert_eq!(answer(json!({ "status": 201, "body": "x" })), Some((201, b"x".to_vec())));
        assert_eq!(answer(json!({ "status": 201 })), Some((200, b"{\n  \"status\": 201\n}".to_vec())));
    }
}
