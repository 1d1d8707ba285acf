//! What the callers were told, held against what the tables hold.

use std::collections::HashMap;

use crate::app::Function;
use crate::request::{Ended, Told};

/// What a caller knows about its write at the end.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    writes: HashMap<i32, (Function, Told)>,
}

/// How the tables differ from what the callers were told.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Writes by what their callers know.
    pub(crate) done: usize,
    pub(crate) refused: usize,
    pub(crate) unknown: usize,
    /// Of the unknown ones, those that took effect.
    pub(crate) unknown_with_effect: usize,
    /// Acknowledged, and not there.
    pub(crate) lost: Vec<i32>,
    /// There more than once.
    pub(crate) doubled: Vec<i32>,
    /// Refused, and there.
    pub(crate) refused_with_effect: Vec<i32>,
    /// A transaction of which a part is there.
    pub(crate) torn: Vec<i32>,
    /// There, though nobody asked for it.
    pub(crate) strangers: Vec<i32>,
    /// By how much the running total differs from the transactions that are there.
    pub(crate) total_off: i64,
}

/// The tables at the end.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// How often each ticket is in `dbo.Marks`.
    pub(crate) marks: HashMap<i32, u32>,
    /// And in `dbo.Shadows`.
    pub(crate) shadows: HashMap<i32, u32>,
    pub(crate) total: i64,
}

impl Ledger {
    /// Takes down what the caller of a write was told, which may be more than it knew from an earlier try.
    pub(crate) fn take(&mut self, ended: &Ended) {
        if !ended.function.writes() {
            return;
        }
        let (_, known) = self.writes.entry(ended.ticket).or_insert((ended.function, ended.told));
        *known = match (*known, ended.told) {
            (Told::Done, _) | (_, Told::Done) => Told::Done,
            (Told::Unknown, _) | (_, Told::Unknown) => Told::Unknown,
            (Told::Refused, Told::Refused) => Told::Refused,
        };
    }

    /// Holds it against the tables.
    pub(crate) fn compare(&self, tables: &Tables) -> Differences {
        let mut differences = Differences::default();
        let mut transactions = 0;
        for (&ticket, &(function, told)) in &self.writes {
            let marks = tables.marks.get(&ticket).copied().unwrap_or(0);
            match told {
                Told::Done => differences.done += 1,
                Told::Refused => differences.refused += 1,
                Told::Unknown => differences.unknown += 1,
            }
            match (told, marks) {
                (_, 2..) => differences.doubled.push(ticket),
                (Told::Done, 0) => differences.lost.push(ticket),
                (Told::Refused, 1) => differences.refused_with_effect.push(ticket),
                (Told::Unknown, 1) => differences.unknown_with_effect += 1,
                (Told::Done, 1) | (Told::Refused | Told::Unknown, 0) => {}
            }
            if function.is_transaction() {
                transactions += i64::from(marks);
                if tables.shadows.get(&ticket).copied().unwrap_or(0) != marks {
                    differences.torn.push(ticket);
                }
            }
        }
        let known = |ticket: &&i32| !self.writes.contains_key(ticket);
        differences.strangers =
            tables.marks.keys().chain(tables.shadows.keys()).filter(known).copied().collect();
        differences.total_off = tables.total - transactions;
        differences
    }
}
