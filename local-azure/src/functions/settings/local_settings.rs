//! `Values` of local.settings.json: the app settings at a developer's desk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::without_comments;

/// local.settings.json can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalSettingsError {
    /// It is there and can't be read.
    #[error("{path} can't be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It isn't JSON. The message holds no part of the file.
    #[error("{path} is not JSON (line {line}, column {column})")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        line: usize,
        /// Where it goes wrong.
        column: usize,
    },
    /// `Values` isn't an object of scalars.
    #[error("{path}: \"Values\" must be an object of texts")]
    Values {
        /// The file.
        path: PathBuf,
    },
    /// Core Tools has encrypted it with a key of the machine.
    #[error("{path} is encrypted: run `func settings decrypt` first")]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
}

/// Reads `Values` of the local.settings.json in a folder; without the file there are none.
///
/// # Errors
/// [`LocalSettingsError`].
pub fn local_settings(folder: &Path) -> Result<BTreeMap<String, String>, LocalSettingsError> {
    let path = folder.join("local.settings.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(LocalSettingsError::Read { path, source }),
    };
    let json: Value = match serde_json::from_str(&without_comments(&text)) {
        Ok(json) => json,
        Err(error) => {
            return Err(LocalSettingsError::Json { path, line: error.line(), column: error.column() });
        }
    };
    if json.get("IsEncrypted") == Some(&Value::Bool(true)) {
        return Err(LocalSettingsError::Encrypted { path });
    }
    let values = match json.get("Values") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(values) => values,
    };
    let read = values.as_object().and_then(|values| {
        values.iter().map(|(name, value)| Some((name.clone(), scalar(value)?))).collect::<Option<_>>()
    });
    read.ok_or(LocalSettingsError::Values { path })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::local_settings;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("local.settings.json"), text).unwrap();
        local_settings(folder.path())
            .map(|values| values.into_iter().collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_texts_and_the_rest_of_the_file_does_not_matter() {
        let values = read(
            r#"{ // mine
            "IsEncrypted": false, "Values": { "A": "x", "B": 1, "C": true }, "Host": { "CORS": "*" } }"#,
        );
        let expected = [("A", "x"), ("B", "1"), ("C", "true")];
        assert_eq!(values, Ok(expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()));
        assert_eq!(read("{}"), Ok(Vec::new()));
        assert!(local_settings(std::path::Path::new("/nowhere")).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_can_not_be_used_is_an_error_without_its_values() {
        for (text, part) in [
            ("{ \"Values\": { \"A\": \"canary\" ", "is not JSON (line 1"),
            (r#"{"IsEncrypted": true, "Values": {"A": "canary"}}"#, "func settings decrypt"),
            (r#"{"Values": ["canary"]}"#, "must be an object"),
            (r#"{"Values": {"A": {"B": "canary"}}}"#, "must be an object"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part) && !error.contains("canary"), "{error}");
        }
    }
}
