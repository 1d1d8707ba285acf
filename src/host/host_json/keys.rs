//! Looks keys of `host.json` up as the host does: first the variable that overrides, then the file, names without
//! regard to case.

use serde_json::Value as Json;

use crate::invocation::Mistakes;
use crate::settings::{HOST_OVERRIDE, Lookup};

/// The file, and the variables over it.
pub(super) struct Keys<'a> {
    pub(super) json: &'a Json,
    pub(super) lookup: Lookup<'a>,
}

/// A value of another form than the host reads.
pub(super) struct Wrong {
    key: &'static str,
    variable: Option<String>,
    expected: &'static str,
}

impl Wrong {
    /// Notes it where it stands: in the file, or in the variable that overrides it.
    pub(super) fn note(self, mistakes: &mut Mistakes) {
        let message = format!("must be {}", self.expected);
        match self.variable {
            Some(variable) => mistakes.add_in(variable, None, message),
            None => mistakes.add(self.key, message),
        }
    }
}

impl Keys<'_> {
    /// A key's value as the text that a variable would hold; None when it is not set.
    pub(super) fn text(&self, key: &'static str) -> Result<Option<String>, Wrong> {
        if let Some(text) = (self.lookup)(&variable(key)) {
            return Ok(Some(text));
        }
        let found = key.split('.').try_fold(self.json, |json, name| member(json, name));
        match found {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(Json::Bool(flag)) => Ok(Some(flag.to_string())),
            Some(Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                Err(self.wrong(key, "a string, true or false"))
            }
        }
    }

    /// A switch; false when it is not set.
    pub(super) fn flag(&self, key: &'static str) -> Result<bool, Wrong> {
        match self.text(key)?.map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// What to note when the key's value is not what is expected.
    pub(super) fn wrong(&self, key: &'static str, expected: &'static str) -> Wrong {
        let variable = Some(variable(key)).filter(|variable| (self.lookup)(variable).is_some());
        Wrong { key, variable, expected }
    }
}

fn variable(key: &str) -> String {
    format!("{HOST_OVERRIDE}{}", key.replace('.', "__"))
}

/// A member of an object, its name in any case.
pub(super) fn member<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    json.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
