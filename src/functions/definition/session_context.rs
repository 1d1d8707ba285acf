//! Reads `sql.sessionContext`: what the session knows of the invocation while the command runs.

use serde_json::{Map, Value as Json, json};

use super::parameter;
use super::section::Section;
use crate::functions::plan::PlannedParameter;
use crate::functions::trigger::Trigger;
use crate::invocation::{Length, Mistakes, SqlType};

/// The key in the section `sql`.
pub(super) const KEY: &str = "sessionContext";

/// Bytes of a key, which is Unicode (`sp_set_session_context`, Microsoft Learn).
pub(super) const MAX_KEY_BYTES: usize = 128;

/// A value may have 8,000 bytes and all of a session together 1 MB, by the same page: so many fit however long they are.
pub(super) const MAX_KEYS: usize = 100;

/// The type of a value when the definition doesn't say: the longest text that a `sql_variant` holds.
const DEFAULT_TYPE: SqlType = SqlType::NVarChar(Length::Limit(4000));

/// Reads the keys with their values. Each is required unless the definition says otherwise: a policy must not meet a caller
/// without a tenant by a slip.
pub(super) fn read(
    sql: &Section<'_>,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Vec<PlannedParameter> {
    let path = sql.path_of(KEY);
    let Some(section) = sql.get(KEY).and_then(|json| Section::of(path.as_str(), json, mistakes)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    let mut values = Vec::new();
    for (name, json) in section.entries() {
        let path = section.path_of(name);
        if name.is_empty() || name.encode_utf16().count() * 2 > MAX_KEY_BYTES {
            mistakes
                .add(path.as_str(), "must be a key of 1 to 64 characters: the server takes no longer one");
        }
        // Whether the server tells them apart depends on the database's collation.
        if names.contains(&name.to_lowercase()) {
            mistakes.add(path.as_str(), "is there twice but for the case; give each key a name of its own");
        }
        names.push(name.to_lowercase());
        values.extend(value(name, &path, json, trigger, mistakes));
    }
    if names.len() > MAX_KEYS {
        mistakes.add(path, format!("has more than {MAX_KEYS} keys, which may not fit into one session"));
    }
    values
}

/// One key: `"principal.tid"`, or an object with the words of a parameter.
fn value(
    name: &str,
    path: &str,
    json: &Json,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Option<PlannedParameter> {
    let from: Map<String, Json>;
    let section = match json {
        Json::String(text) => {
            from = Map::from_iter([("from".to_owned(), json!(text))]);
            Section::new(path, &from)
        }
        Json::Object(_) => Section::of(path, json, mistakes)?,
        _ => {
            mistakes.add(path, "must be a path such as \"principal.tid\", or an object with `from`");
            return None;
        }
    };
    section.check_keys(&parameter::KEYS, &[], mistakes);
    let sql_type = if section.has("type") { parameter::sql_type(&section, mistakes)? } else { DEFAULT_TYPE };
    if is_unlimited(sql_type) {
        let message = "must not be (max), xml or json: the session takes values of 8000 bytes at most, such as nvarchar(4000)";
        mistakes.add(section.path_of("type"), message);
    }
    let read = parameter::read_as(name, &section, sql_type, trigger, mistakes)?;
    let may_be_missing = section.get("required") == Some(&Json::Bool(false)) || read.default.is_some();
    Some(PlannedParameter { required: !may_be_missing, ..read })
}

fn is_unlimited(sql_type: SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::NVarChar(Length::Max)
            | SqlType::VarChar(Length::Max)
            | SqlType::VarBinary(Length::Max)
            | SqlType::Xml
            | SqlType::Json
    )
}
