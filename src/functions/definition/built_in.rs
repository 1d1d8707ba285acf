//! Reads the section `sql` of a function that the worker serves itself.

use super::bindings::Bindings;
use super::section::Section;
use crate::functions::built_in::BuiltIn;
use crate::functions::trigger::{AuthLevel, Trigger};
use crate::invocation::{Mistakes, nearest};

/// The key that makes a function a built-in one.
pub(super) const KEY: &str = "builtIn";

/// Reads the section; None when it names nothing that there is.
pub(super) fn read(
    section: &Section<'_>,
    bindings: &Bindings<'_>,
    mistakes: &mut Mistakes,
) -> Option<BuiltIn> {
    for (key, _) in section.entries().filter(|(key, _)| *key != KEY) {
        let message =
            "has no meaning beside builtIn, which is served by the worker itself; leave one of the two out";
        mistakes.add(section.path_of(key), message);
    }
    let written = section.text(KEY, mistakes);
    let found = BuiltIn::ALL.into_iter().find(|built_in| Some(built_in.name()) == written);
    check_bindings(bindings, found.is_none_or(BuiltIn::is_for_operators), mistakes);
    if let Some(written) = written.filter(|_| found.is_none()) {
        let names = BuiltIn::ALL.map(BuiltIn::name);
        let message = match nearest(written, names) {
            Some(meant) => format!("is not a built-in function; did you mean `{meant}`?"),
            None => format!("is not a built-in function; there are {}", names.join(", ")),
        };
        mistakes.add(section.path_of(KEY), message);
    }
    found
}

/// What is for operators alone needs the master key; and nothing takes what a form in a browser could send.
fn check_bindings(bindings: &Bindings<'_>, for_operators: bool, mistakes: &mut Mistakes) {
    for output in &bindings.outputs {
        mistakes
            .add(output.path.as_str(), "a built-in function feeds no output but http; leave the binding out");
    }
    let key = |key: &str| format!("{}.{key}", bindings.trigger_path);
    match &bindings.trigger {
        Some(Trigger::Http(http)) => {
            if for_operators && http.auth_level != AuthLevel::Admin {
                let message =
                    "must be \"admin\" for this built-in function: its answer is for operators alone";
                mistakes.add(key("authLevel"), message);
            }
            if http.methods != ["get"] {
                mistakes.add(key("methods"), "must be [\"get\"] for a built-in function");
            }
        }
        Some(Trigger::Timer(_) | Trigger::Message(_)) => {
            mistakes.add(
                key("type"),
                "must be httpTrigger for a built-in function: somebody must get its answer",
            );
        }
        // Which is a mistake already.
        None => {}
    }
}
