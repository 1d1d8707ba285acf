//! Writes what goes to out bindings in the form that survives the host's reading.
//!
//! The host tries every string as base64 and hands on the bytes ("test" becomes three of them), takes a string that
//! looks like a date for one, and writes JSON that it has parsed anew, with doubles for decimals. An array's elements
//! escape the first and the last: they are handed on as they are (azure-functions-host,
//! `HttpScriptInvocationResultExtensions.cs`, `GetBindingValue`; `FunctionBinding.cs`, `ReadAsEnumerable`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::functions::{Output, OutputContent, Receiver, ShapedOutput};

/// The JSON text that stands for an output in `Outputs` or `ReturnValue`.
pub(super) fn written(output: &ShapedOutput) -> String {
    let ShapedOutput { output: Output { receiver, binary, .. }, content } = output;
    match (receiver, content) {
        // Nothing else becomes bytes.
        (_, OutputContent::Base64(base64)) => string(base64),
        // A date is safe as bytes only, which a receiver of messages takes too.
        (Receiver::Messages, OutputContent::Text(text)) if looks_like_a_date(text) && !binary => {
            in_base64(text)
        }
        (Receiver::Messages, OutputContent::Text(text) | OutputContent::Json(text)) => {
            format!("[{}]", string(text))
        }
        (Receiver::Messages, OutputContent::JsonList(rows)) => {
            let messages: Vec<String> = rows.iter().map(|row| string(row)).collect();
            format!("[{}]", messages.join(","))
        }
        (Receiver::Stream, OutputContent::Text(text) | OutputContent::Json(text)) => protected(text, *binary),
        (Receiver::Stream, OutputContent::JsonList(rows)) => string(&format!("[{}]", rows.join(","))),
        (Receiver::Objects, OutputContent::Text(text)) => protected(text, *binary),
        // A body can be a JSON string, which the host would try as base64 too.
        (Receiver::Objects, OutputContent::Json(json)) => match serde_json::from_str::<String>(json) {
            Ok(text) => protected(&text, *binary),
            Err(_) => json.clone(),
        },
        (Receiver::Objects, OutputContent::JsonList(rows)) => format!("[{}]", rows.join(",")),
    }
}

/// A string that reaches the receiver as this text: where the host would take it for something else, the base64 of its
/// UTF-8, which the host undoes.
fn protected(text: &str, binary: bool) -> String {
    if !binary && (looks_like_base64(text) || looks_like_a_date(text)) {
        in_base64(text)
    } else {
        string(text)
    }
}

fn in_base64(text: &str) -> String {
    string(&STANDARD.encode(text))
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether .NET's `Convert.FromBase64String` may take it, which skips blanks and line ends. Saying yes too often does no
/// harm: what is protected is always undone.
fn looks_like_base64(text: &str) -> bool {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut length = 0usize;
    for byte in text.bytes().filter(|byte| !is_blank(byte)) {
        if !in_alphabet(byte) {
            return false;
        }
        length += 1;
    }
    length.is_multiple_of(4)
}

/// Whether Newtonsoft.Json may read the string as a date: `2026-01-31T...`, or `/Date(...)/` of old.
fn looks_like_a_date(text: &str) -> bool {
    let iso =
        text.as_bytes().get(10) == Some(&b'T') && text.starts_with(|first: char| first.is_ascii_digit());
    iso || text.starts_with("/Date(")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::functions::OutputForm;

    fn json(receiver: Receiver, binary: bool, content: OutputContent) -> Json {
        let output = Output { binding: "out".to_owned(), form: OutputForm::Value, receiver, binary };
        serde_json::from_str(&written(&ShapedOutput { output, content })).unwrap()
    }

    fn text(text: &str) -> OutputContent {
        OutputContent::Text(text.to_owned())
    }

    /// What the host makes of a value (`GetBindingValue`), for strings that aren't dates.
    fn handed_on(value: &Json, binary: bool) -> Vec<u8> {
        let text = value.as_str().unwrap();
        let packed: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
        if binary {
            text.as_bytes().to_vec()
        } else {
            STANDARD.decode(packed).unwrap_or(text.as_bytes().to_vec())
        }
    }

    #[test]
    fn a_message_is_an_element_of_an_array_with_its_own_text() {
        let row = || OutputContent::Json(r#"{"a":1.50}"#.to_owned());
        assert_eq!(json(Receiver::Messages, false, row()), json!([r#"{"a":1.50}"#]));
        assert_eq!(json(Receiver::Messages, false, text("test")), json!(["test"]));
        let rows = OutputContent::JsonList(vec!["{\"a\":1.50}".to_owned(), "{\"a\":2}".to_owned()]);
        assert_eq!(json(Receiver::Messages, false, rows), json!(["{\"a\":1.50}", "{\"a\":2}"]));
    }

    #[test]
    fn a_message_that_looks_like_a_date_goes_as_bytes_unless_the_host_would_take_them_for_text() {
        let date = "2026-01-31T07:08:09.120";
        assert_eq!(handed_on(&json(Receiver::Messages, false, text(date)), false), date.as_bytes());
        assert_eq!(json(Receiver::Messages, true, text(date)), json!([date]));
    }

    #[test]
    fn a_blob_gets_the_text_itself() {
        for content in
            ["test", "abcd1234", "te st", "", "plain", "tes", "2026-01-31T07:08:09", "{\"a\":1.50}"]
        {
            for binary in [false, true] {
                let value = json(Receiver::Stream, binary, text(content));
                assert_eq!(handed_on(&value, binary), content.as_bytes(), "{content}, {binary}");
            }
        }
        assert_eq!(json(Receiver::Stream, false, text("plain")), json!("plain"));
        let rows = OutputContent::JsonList(vec!["{}".to_owned(), "{}".to_owned()]);
        assert_eq!(json(Receiver::Stream, false, rows), json!("[{},{}]"));
    }

    #[test]
    fn documents_go_as_objects() {
        let rows = OutputContent::JsonList(vec!["{\"a\":1}".to_owned()]);
        assert_eq!(json(Receiver::Objects, false, rows), json!([{ "a": 1 }]));
        assert_eq!(
            json(Receiver::Objects, false, OutputContent::Json("{\"a\":1}".to_owned())),
            json!({ "a": 1 })
        );
        for content in [text("test"), OutputContent::Json("\"test\"".to_owned())] {
            assert_eq!(handed_on(&json(Receiver::Objects, false, content), false), b"test");
        }
    }

    #[test]
    fn a_binary_value_goes_as_its_bytes() {
        for receiver in [Receiver::Messages, Receiver::Stream, Receiver::Objects] {
            let value = json(receiver, false, OutputContent::Base64("3q0=".to_owned()));
            assert_eq!(handed_on(&value, false), [0xde, 0xad], "{receiver:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reaches_a_blob_as_it_is(content in "[a-zA-Z0-9+/= \n]{0,24}|\\PC{0,24}", binary: bool) {
            let value = json(Receiver::Stream, binary, text(&content));
            prop_assert_eq!(handed_on(&value, binary), content.as_bytes());
        }
    }
}
