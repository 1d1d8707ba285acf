//! Takes the outputs of a result apart by the function's bindings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::http_answer::HttpAnswer;
use super::http_output;
use super::result::InvocationResult;
use crate::functions::app::OutputBinding;

/// What would be written to a queue, a topic and so on.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputValue {
    /// A string that was valid base64, decoded.
    Bytes(Vec<u8>),
    /// Anything else.
    Json(Value),
}

/// What an invocation put out.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::functions) struct FunctionOutputs {
    /// For the HTTP caller; `None` if the function has no http output.
    pub(in crate::functions) answer: Option<HttpAnswer>,
    /// The other outputs by binding name.
    pub(in crate::functions) values: Vec<(String, OutputValue)>,
}

/// Applies a result to the bindings (`HttpScriptInvocationResultExtensions.cs`, `ToScriptInvocationResult`).
///
/// # Errors
/// Why the invocation fails although the worker replied.
pub(in crate::functions) fn apply_outputs(
    bindings: &[OutputBinding],
    result: &InvocationResult,
) -> Result<FunctionOutputs, String> {
    let mut outputs = FunctionOutputs { answer: None, values: Vec::new() };
    for binding in bindings {
        // Names inside Outputs depend on case.
        let given = match binding.is_return() {
            true => result.return_value.as_ref(),
            false => result.outputs.as_ref().and_then(|outputs| outputs.get(&binding.name)),
        };
        if binding.is_http() {
            outputs.answer = Some(if binding.is_return() {
                given.map_or_else(|| Ok(HttpAnswer::empty(204)), http_output::from_return_value)?
            } else if result.outputs.is_none() {
                // Without Outputs nothing sets a response.
                HttpAnswer::empty(204)
            } else {
                http_output::from_output(given)?
            });
        } else if let Some(value) = given.filter(|value| !value.is_null()) {
            outputs.values.push((binding.name.clone(), output_value(binding, value)));
        }
    }
    Ok(outputs)
}

/// A string that happens to be valid base64 ("test", "abcd1234") is DECODED unless the binding's dataType is binary
/// (`HttpScriptInvocationResultExtensions.cs`, `GetBindingValue`: `Convert.FromBase64String` in a try).
fn output_value(binding: &OutputBinding, value: &Value) -> OutputValue {
    let decoded = value.as_str().filter(|_| !binding.binary).and_then(|text| {
        // .NET ignores blanks and line ends inside.
        let packed: String =
            text.chars().filter(|character| !matches!(character, ' ' | '\t' | '\r' | '\n')).collect();
        STANDARD.decode(packed).ok()
    });
    decoded.map_or_else(|| OutputValue::Json(value.clone()), OutputValue::Bytes)
}

#[cfg(test)]
mod tests {
    use super::{FunctionOutputs, HttpAnswer, InvocationResult, OutputBinding, OutputValue, apply_outputs};
    use serde_json::json;

    fn binding(name: &str, kind: &str, binary: bool) -> OutputBinding {
        OutputBinding { name: name.to_owned(), kind: kind.to_owned(), binary }
    }

    #[test]
    fn a_string_that_happens_to_be_base64_is_decoded_unless_the_binding_is_binary() {
        let bindings =
            [binding("a", "queue", false), binding("b", "queue", true), binding("c", "queue", false)];
        let outputs =
            json!({ "a": "test", "b": "test", "c": "test!", "A": "other case" }).as_object().cloned();
        let result = InvocationResult { outputs, ..InvocationResult::default() };
        let expected = vec![
            ("a".to_owned(), OutputValue::Bytes(vec![0xb5, 0xeb, 0x2d])),
            ("b".to_owned(), OutputValue::Json(json!("test"))),
            ("c".to_owned(), OutputValue::Json(json!("test!"))),
        ];
        assert_eq!(apply_outputs(&bindings, &result), Ok(FunctionOutputs { answer: None, values: expected }));
    }

    #[test]
    fn absent_outputs_are_a_204_for_the_caller() {
        let outputs = apply_outputs(&[binding("res", "http", false)], &InvocationResult::default());
        assert_eq!(outputs.map(|outputs| outputs.answer), Ok(Some(HttpAnswer::empty(204))));
    }
}
