//! Reads `transaction`, and refuses what has no place in a transaction of the worker's.

use super::section::Section;
use crate::database::Isolation;
use crate::functions::command_text::OutsideOfTransactions;
use crate::functions::plan::{Plan, TransactionChoice};
use crate::invocation::Mistakes;
use crate::invocation::nearest;

pub(super) const KEY: &str = "transaction";

pub(super) const CHOICES: [(&str, TransactionChoice); 7] = [
    ("auto", TransactionChoice::Auto),
    ("none", TransactionChoice::None),
    ("readUncommitted", TransactionChoice::Level(Isolation::ReadUncommitted)),
    ("readCommitted", TransactionChoice::Level(Isolation::ReadCommitted)),
    ("repeatableRead", TransactionChoice::Level(Isolation::RepeatableRead)),
    ("serializable", TransactionChoice::Level(Isolation::Serializable)),
    ("snapshot", TransactionChoice::Level(Isolation::Snapshot)),
];

/// The choice; `auto` where there is none.
pub(super) fn read(section: &Section<'_>, mistakes: &mut Mistakes) -> TransactionChoice {
    let Some(written) = section.text(KEY, mistakes) else { return TransactionChoice::default() };
    let found = CHOICES.into_iter().find(|(name, _)| *name == written);
    found.map_or_else(
        || {
            let names = CHOICES.map(|(name, _)| name);
            let meant = nearest(written, names).map(|name| format!("; did you mean `{name}`?"));
            let message = format!("must be one of {}{}", names.join(", "), meant.unwrap_or_default());
            mistakes.add(section.path_of(KEY), message);
            TransactionChoice::default()
        },
        |(_, choice)| choice,
    )
}

/// Notes the first statement of the command that can't run in the transaction that the worker would run it in.
pub(super) fn check(plan: &Plan, section: &Section<'_>, mistakes: &mut Mistakes) {
    if plan.unit().transaction().is_none() {
        return;
    }
    let Some((words, line, why)) = plan.command.outside_of_transactions() else { return };
    let words = words.to_uppercase();
    let message = match why {
        OutsideOfTransactions::ManagesTransactions => format!(
            "would run line {line} of the command, {words}, inside a transaction of the worker's, which already commits all or \
             nothing: leave {words} out, or set \"transaction\": \"none\", after which no try is ever repeated"
        ),
        OutsideOfTransactions::Refused => format!(
            "would run line {line} of the command, {words}, inside a transaction, where the server refuses it: set \
             \"transaction\": \"none\""
        ),
    };
    mistakes.add(section.path_of(KEY), message);
}
