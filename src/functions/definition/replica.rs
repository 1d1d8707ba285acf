//! Reads `replica`: whether a command goes to the database that takes writes, or to its read-only copy.

use super::section::Section;
use crate::functions::plan::{Plan, Replica};
use crate::invocation::Mistakes;

pub(super) const KEY: &str = "replica";

/// Its words.
pub(super) const WORDS: [(&str, Replica); 2] =
    [("primary", Replica::Primary), ("secondary", Replica::Secondary)];

/// The choice; `primary` where there is none.
pub(super) fn read(section: &Section<'_>, mistakes: &mut Mistakes) -> Replica {
    let Some(written) = section.text(KEY, mistakes) else { return Replica::default() };
    let found = WORDS.into_iter().find(|(word, _)| *word == written);
    found.map_or_else(
        || {
            mistakes.add(section.path_of(KEY), "must be \"primary\" or \"secondary\"");
            Replica::default()
        },
        |(_, replica)| replica,
    )
}

/// Notes what a read-only copy can't do.
pub(super) fn check(plan: &Plan, section: &Section<'_>, mistakes: &mut Mistakes) {
    if plan.replica != Replica::Secondary {
        return;
    }
    if let Some(effect) = plan.command.effect() {
        let message =
            format!("is secondary, which is read-only, but `{effect}` in the command may change something");
        mistakes.add(section.path_of(KEY), message);
    }
    if plan.idempotency_key.is_some() {
        mistakes.add(
            section.path_of(KEY),
            "is secondary, which is read-only, and an idempotency key is written: leave one of the two out",
        );
    }
}
