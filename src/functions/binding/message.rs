//! Values of a message: its payload as a whole, and what the host says of it.

use serde_json::value::RawValue;

use super::not_found;
use super::properties::Properties;
use crate::functions::conversion::{from_host_moment, from_text, string_content};
use crate::functions::plan::PlannedParameter;
use crate::invocation::{Payload, Shadows, SqlType, SqlValue};

impl PlannedParameter {
    /// The whole payload, read as text in a query is.
    pub(super) fn payload(&self, payload: &Payload) -> Result<SqlValue, String> {
        match payload {
            Payload::Empty => Ok(SqlValue::Null),
            Payload::Text(text) => from_text(text, self.carried_type()),
            Payload::Bytes(bytes) if self.carried_type().is_binary() => Ok(SqlValue::Binary(bytes.clone())),
            Payload::Bytes(_) => Err("must be text: leave `dataType` out of the trigger".to_owned()),
        }
    }

    /// What the host says under this name, unless the payload may have said it.
    pub(super) fn metadata(
        &self,
        value: Option<&RawValue>,
        name: &str,
        path: &[String],
        shadows: &Shadows,
    ) -> Result<SqlValue, String> {
        if shadows.hide(name) {
            return Err(match shadows {
                Shadows::Anything => format!(
                    "can't be trusted: the message looks like a JSON object but isn't valid JSON, so its own properties \
                     may stand in place of the host's `{name}`"
                ),
                Shadows::Nothing | Shadows::Names(_) => format!(
                    "can't be trusted: the message has a top-level property of this name, and the host lays it over its \
                     own `{name}`; have it sent under another name"
                ),
            });
        }
        let Some(value) = value else { return Ok(SqlValue::Null) };
        // Nobody takes a value out of what is nested deeper than JSON's readers go.
        let Ok(properties) = Properties::find(value.get(), [path]) else { return Ok(SqlValue::Null) };
        let found =
            properties.get(path).map_err(|above| not_found(&format!("metadata.{name}"), path, above))?;
        match found {
            None | Some("null") => Ok(SqlValue::Null),
            Some(text) if text.starts_with('"') => self.host_text(&string_content(text)?),
            // The host's own types are known to nobody here, so a number may become text, and text a number.
            Some(other) => from_text(other, self.carried_type()),
        }
    }

    fn host_text(&self, text: &str) -> Result<SqlValue, String> {
        match self.carried_type() {
            SqlType::DateTime2 { .. } | SqlType::DateTimeOffset { .. } => {
                from_host_moment(text, self.carried_type())
            }
            _ => from_text(text, self.carried_type()),
        }
    }
}
