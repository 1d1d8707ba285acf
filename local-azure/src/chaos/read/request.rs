//! Reads what happens to a batch, a procedure call, or a request of the transaction manager, and what becomes of its effect.

use std::time::Duration;

use super::Problems;
use super::fault::{cut_by, error, stall};
use super::object::Object;
use crate::chaos::script::Fault;
use crate::sql::faults::{CutBy, RequestFault, RequestKind, Until, at_statement};
use crate::sql::reply::SqlError;

/// What became of the work whose answer goes wrong.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    /// It was not done.
    None,
    /// It was done before the fault.
    Done,
    /// It is done after the fault.
    Late,
}

/// A fault without mistakes.
pub(super) fn request(
    object: &mut Object<'_>,
    request: RequestKind,
    kind: &str,
    problems: &mut Problems,
) -> Option<Fault> {
    let fault = match kind {
        "error" => failing(object, request, problems),
        "cut" => cut(object, problems),
        _ => stall(object, problems).map(RequestFault::Stall),
    };
    fault.map(|fault| Fault::Request(request, fault))
}

/// `error` with `effect`; at a statement also with `afterRows` or `afterStatements`.
fn failing(object: &mut Object<'_>, request: RequestKind, problems: &mut Problems) -> Option<RequestFault> {
    let error = error(object, at_statement, problems);
    let is_given = object.peek("effect").is_some();
    let effect = object.word("effect", problems, &[("none", Effect::None), ("done", Effect::Done)]);
    if is_given && effect.is_none() {
        return None;
    }
    if request != RequestKind::Statement {
        return error.map(|error| whole(error, effect));
    }
    let expected = "must be a whole number, 0 or above";
    let after_rows = object.read("afterRows", problems, expected, |_: &u64| true);
    let after_statements = object.read("afterStatements", problems, expected, |_: &u32| true);
    let error = error?;
    match (effect, after_rows, after_statements) {
        (effect, None, None) => Some(whole(error, effect)),
        (None, Some(after_rows), None) => Some(RequestFault::FailInRows { after_rows, error }),
        (None, None, Some(after_statements)) => Some(RequestFault::FailInBatch { after_statements, error }),
        _ => {
            let sentence = "can have only one of \"effect\", \"afterRows\" and \"afterStatements\"";
            problems.add(object.line(), object.path(), sentence);
            None
        }
    }
}

fn whole(error: SqlError, effect: Option<Effect>) -> RequestFault {
    match effect {
        Some(Effect::Done) => RequestFault::RunThenFail(error),
        Some(Effect::None | Effect::Late) | None => RequestFault::Fail(error),
    }
}

/// `cut` with `effect` and, if it is late, `lateBy`.
fn cut(object: &mut Object<'_>, problems: &mut Problems) -> Option<RequestFault> {
    let by: Option<CutBy> = cut_by(object, problems);
    let is_given = object.peek("effect").is_some();
    let effects = [("none", Effect::None), ("done", Effect::Done), ("late", Effect::Late)];
    let effect = object.word("effect", problems, &effects);
    let has_delay = object.peek("lateBy").is_some();
    let late_by: Option<Duration> = object.duration("lateBy", problems);
    if has_delay && effect != Some(Effect::Late) {
        problems.add(object.line(), &object.key("lateBy"), "belongs to \"effect\": \"late\"");
        return None;
    }
    match effect {
        None if is_given => None,
        None | Some(Effect::None) => by.map(RequestFault::Cut),
        Some(Effect::Done) => by.map(RequestFault::RunThenCut),
        Some(Effect::Late) => {
            if !has_delay {
                let sentence =
                    "\"late\" needs \"lateBy\": how long after the cut it takes effect, such as \"3s\"";
                problems.add(object.line(), &object.key("effect"), sentence);
            }
            Some(RequestFault::CutThenRun { by: by?, until: Until::For(late_by?) })
        }
    }
}
