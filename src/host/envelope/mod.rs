//! The invocation as the Functions host posts it: `{"Data": {...}, "Metadata": {...}}`.
//!
//! A trigger's value is read from `Data.<trigger>`; of `Metadata` only the names that the function's definition takes,
//! and those count only where the payload can't have forged them ([`crate::invocation::Payload::may_shadow`]).
//! Everything else is skipped where it stands, so that a large body is not built more often than it is used. Facts from
//! azure-functions-host, `src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs`.

mod http;
mod pick;
mod value;

use serde_json::value::RawValue;

use crate::functions::Trigger;
use crate::invocation::{Message, Metadata, Shadows, TimerEvent, TriggerInput};
use pick::pick;

/// Why a request is no invocation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or not an object with objects in it.
    #[error(
        "the request is not an invocation of the Functions host: line {line}, column {column} of its JSON"
    )]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A key is there twice, so nobody can say which value is meant.
    #[error("the invocation has {0} twice")]
    Twice(String),
    /// `Data` lacks the trigger.
    #[error(
        "the invocation has no `Data.{binding}`: the trigger's name in function.json must be the one that the host loaded"
    )]
    NoTrigger {
        /// The trigger's name.
        binding: String,
    },
    /// The trigger's data has another form.
    #[error("`Data.{path}` of the invocation must be {expected}")]
    Form {
        /// The trigger's name, with the field after it where it has fields.
        path: String,
        /// What it may be.
        expected: &'static str,
    },
}

impl EnvelopeError {
    fn form(path: impl Into<String>, expected: &'static str) -> Self {
        Self::Form { path: path.into(), expected }
    }
}

/// Reads what a request's body holds for `trigger`, and the metadata of these names.
///
/// # Errors
/// When it is not an envelope, or one for another trigger; the error holds positions and names of the definition, and
/// nothing of the content.
pub fn read<'n>(
    body: &[u8],
    trigger: &Trigger,
    metadata: impl IntoIterator<Item = &'n str>,
) -> Result<TriggerInput, EnvelopeError> {
    let binding = trigger.binding();
    let names: Vec<&str> = metadata.into_iter().collect();
    let picked = pick(body, binding, &names)?;
    let data = picked.data.ok_or_else(|| EnvelopeError::NoTrigger { binding: binding.to_owned() })?;
    match trigger {
        Trigger::Http(_) => http::read(data, binding).map(TriggerInput::Http),
        Trigger::Timer(_) => {
            let data = value::timer(data)
                .ok_or_else(|| EnvelopeError::form(binding, "a small object with ScheduleStatus"))?;
            Ok(TriggerInput::Timer(TimerEvent { data, metadata: said(picked.metadata, &Shadows::Nothing) }))
        }
        Trigger::Message(message) => {
            let payload =
                value::payload(data, message).map_err(|expected| EnvelopeError::form(binding, expected))?;
            let metadata = said(picked.metadata, &payload.may_shadow(names));
            Ok(TriggerInput::Message(Message { payload, metadata }))
        }
    }
}

/// The host's metadata. What a payload may have laid over it is not even decoded: it can be as large as the payload, and
/// nobody may take it.
fn said(picked: Vec<(&str, &RawValue)>, shadows: &Shadows) -> Metadata {
    let trusted = picked.into_iter().filter(|(name, _)| !shadows.hide(name));
    trusted.filter_map(|(name, raw)| Some((name, value::decoded(raw)?))).collect()
}

#[cfg(test)]
mod tests;
