//! Words without case: for completion as they are usually spelt, for checking in any case.

use serde_json::{Value as Json, json};

/// One of these words in any case.
pub(super) fn any_case<'a>(words: impl IntoIterator<Item = &'a str>) -> Json {
    let words: Vec<&str> = words.into_iter().collect();
    let pattern =
        format!("^(?:{})$", words.iter().map(|word| any_case_pattern(word)).collect::<Vec<_>>().join("|"));
    json!({ "type": "string", "anyOf": [{ "enum": words }, { "pattern": pattern }] })
}

/// A regular expression that matches the word in any case: JSON Schema's have no flags.
pub(super) fn any_case_pattern(word: &str) -> String {
    let character = |character: char| match character {
        letter if letter.is_ascii_alphabetic() => {
            format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase())
        }
        ' ' => r"\s+".to_owned(),
        other if other.is_ascii_alphanumeric() => other.to_string(),
        other => format!("\\{other}"),
    };
    word.chars().map(character).collect()
}
