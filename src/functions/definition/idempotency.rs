//! Reads `sql.idempotencyKey`: whose value names a call, so that its effect happens once.

use super::section::Section;
use crate::functions::limits::Limits;
use crate::functions::plan::{ParameterType, PlannedParameter};
use crate::functions::source::Source;
use crate::functions::trigger::Trigger;
use crate::invocation::{Length, Mistakes, SqlType};

/// The key in the section `sql`.
pub(super) const KEY: &str = "idempotencyKey";

/// Characters of a key, in UTF-16 units: what callers make of a UUID, a hash or a sentence fits, and no body passes for a key by a
/// slip.
const MAX_LENGTH: u16 = 255;

/// What the host says anew of every delivery of one message: as a key it would never be met again.
const OF_ONE_DELIVERY: [&str; 11] = [
    "DequeueCount",
    "PopReceipt",
    "NextVisibleTime",
    "DeliveryCount",
    "DeliveryTag",
    "ConsumerTag",
    "Redelivered",
    "LockToken",
    "RetryContext",
    "sys",
    "PartitionContext",
];

/// Reads the key's path; None without one, or when it is wrong.
pub(super) fn read(
    sql: &Section<'_>,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Option<PlannedParameter> {
    let from = sql.text(KEY, mistakes)?;
    let path = sql.path_of(KEY);
    for (key, reason) in [
        ("repeatable", "a command that only reads may run again as it is; leave one of the two out"),
        ("transaction", "the key and the effect are committed in one transaction; leave one of the two out"),
    ] {
        let is_against = match key {
            "repeatable" => sql.get(key).is_some_and(|value| value.as_bool() == Some(true)),
            _ => sql.get(key).is_some_and(|value| value.as_str() == Some("none")),
        };
        if is_against {
            let value = if key == "repeatable" { "true" } else { "\"none\"" };
            mistakes.add(path.as_str(), format!("does not go with `{key}` {value}: {reason}"));
        }
    }
    let source = match Source::parse(from, trigger?) {
        Ok(source) => source,
        Err(message) => {
            mistakes.add(path, message);
            return None;
        }
    };
    if let Some(reason) = unfit(&source) {
        mistakes.add(path, format!("`{from}` is no key: {reason}"));
        return None;
    }
    Some(PlannedParameter {
        name: KEY.to_owned(),
        from: from.to_owned(),
        source,
        declared: ParameterType::Scalar(SqlType::NVarChar(Length::Limit(MAX_LENGTH))),
        required: true,
        default: None,
        limits: Limits { max_length: Some(usize::from(MAX_LENGTH)), ..Limits::default() },
    })
}

/// Why a value can't name a call; None when it can.
fn unfit(source: &Source) -> Option<&'static str> {
    match source {
        Source::InvocationId => {
            Some("it is new whenever the call comes again; take what the caller or sender sends")
        }
        Source::TimerIsPastDue | Source::TimerAdjustsForDst | Source::TimerMoment(_) => {
            Some("nothing that a timer says stays the same when it runs again; leave the key out")
        }
        Source::Metadata { name, .. } if OF_ONE_DELIVERY.iter().any(|own| own.eq_ignore_ascii_case(name)) => {
            Some("it differs when the same message comes again; take the message's own id")
        }
        Source::Message(_) | Source::Body => {
            Some("the whole of what is sent is too long for one; take a property of it, or a header")
        }
        Source::Principal(_) => Some("a caller calls more than once; keys are each caller's own without it"),
        Source::Route(_)
        | Source::Query(_)
        | Source::Header(_)
        | Source::BodyProperty(_)
        | Source::MessageProperty(_)
        | Source::Metadata { .. } => None,
    }
}
