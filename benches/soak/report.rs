//! What was measured, and the laws that it must obey.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::Function;
use crate::faults::{Count, Kind};
use crate::ledger::Differences;
use crate::options::Options;
use crate::parts::POOL_SIZE;
use crate::request::Ended;
use crate::samples::{Sample, quarter};

/// No request may end later than this after its deadline, at the 99.9th percentile.
const LATE: Duration = Duration::from_millis(100);
/// By how much memory may grow from the second quarter of the run to the last: a tenth, and what an allocator may keep of
/// the largest burst, in KiB.
const GROWTH: u64 = 8 * 1024;
/// Files beside those of the pool's connections that may be open at the end: what the runtimes keep, and connections that the
/// load keeps alive (16 and 17 were seen).
const FILES: usize = 24;

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ended: Vec<Ended>,
    pub(crate) faults: BTreeMap<Kind, Count>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) differences: Differences,
    pub(crate) in_flight: usize,
    pub(crate) sessions_at_rest: usize,
    pub(crate) files_before: usize,
    pub(crate) files_after: usize,
    pub(crate) cpu_seconds: f64,
    pub(crate) panics: usize,
    /// Whether the worker still answered when all was over.
    pub(crate) last: Result<(), String>,
    /// How its process ended.
    pub(crate) end: Result<(), String>,
}

/// What must hold, and what was measured.
#[derive(Debug)]
pub(crate) struct Law {
    sentence: &'static str,
    measured: String,
    holds: bool,
    /// It is about time, which others on the machine take too.
    of_time: bool,
}

impl Law {
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }

    pub(crate) fn is_of_time(&self) -> bool {
        self.of_time
    }
}

impl Run {
    /// All laws.
    pub(crate) fn laws(&self) -> Vec<Law> {
        let law = |sentence, measured: String, holds| Law { sentence, measured, holds, of_time: false };
        let none = |sentence, tickets: &[i32]| {
            let first: Vec<String> = tickets.iter().take(5).map(i32::to_string).collect();
            let measured = match tickets.len() {
                0 => "0".to_owned(),
                count => format!("{count}, such as {}", first.join(", ")),
            };
            Law { sentence, measured, holds: tickets.is_empty(), of_time: false }
        };
        let late = percentile(self.ended.iter().map(|ended| ended.late).collect(), 0.999);
        let second = quarter(&self.samples, 2, |sample| sample.resident);
        let last = quarter(&self.samples, 4, |sample| sample.resident);
        let differences = &self.differences;
        vec![
            Law {
                sentence: "p99.9 of how late requests ended is at most 100 ms",
                measured: milliseconds(late),
                holds: late <= LATE,
                of_time: true,
            },
            law("no request is left without an answer", self.in_flight.to_string(), self.in_flight == 0),
            none("no acknowledged write is lost", &differences.lost),
            none("no write took effect twice", &differences.doubled),
            none("no refused write took effect", &differences.refused_with_effect),
            none("no transaction took effect in part", &differences.torn),
            none("no write is there that nobody asked for", &differences.strangers),
            law(
                "the running total is that of the transactions",
                differences.total_off.to_string(),
                differences.total_off == 0,
            ),
            law(
                "memory is flat: the last quarter's median is near the second's",
                format!("{second} KiB, then {last} KiB"),
                last <= second + second / 10 + GROWTH,
            ),
            law(
                "SQL sessions at rest are at most the pool's size",
                format!("{} of {POOL_SIZE}", self.sessions_at_rest),
                self.sessions_at_rest <= POOL_SIZE,
            ),
            law(
                "files at rest are those of the start and of the pool",
                format!("{} before, {} after", self.files_before, self.files_after),
                self.files_after <= self.files_before + POOL_SIZE + FILES,
            ),
            law("nothing panicked", self.panics.to_string(), self.panics == 0),
            outcome("the worker answers when the faults are over", &self.last),
            outcome("the worker ends when it is asked to", &self.end),
        ]
    }
}

fn outcome(sentence: &'static str, result: &Result<(), String>) -> Law {
    let measured = result.as_ref().map_or_else(Clone::clone, |()| "yes".to_owned());
    Law { sentence, measured, holds: result.is_ok(), of_time: false }
}

/// Prints everything.
pub(crate) fn print(options: &Options, run: &Run) {
    println!(
        "Soak of {} s at {} requests/s with {} % faults, seed {}: {} requests.\n",
        options.duration.as_secs(),
        options.rate,
        options.fault_percent,
        options.seed,
        run.ended.len()
    );
    println!(
        "| function | requests | p50 | p99 | p99.9 | latest after its deadline |\n|---|---|---|---|---|---|"
    );
    for function in Function::ALL {
        let of_function = || run.ended.iter().filter(|ended| ended.function == function);
        let latencies: Vec<Duration> = of_function().map(|ended| ended.latency).collect();
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            function.name(),
            latencies.len(),
            milliseconds(percentile(latencies.clone(), 0.5)),
            milliseconds(percentile(latencies.clone(), 0.99)),
            milliseconds(percentile(latencies, 0.999)),
            milliseconds(of_function().map(|ended| ended.late).max().unwrap_or_default()),
        );
    }
    println!("\n| answer | times |\n|---|---|");
    let mut answers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for ended in &run.ended {
        *answers.entry((&ended.answer, ended.function.name())).or_default() += 1;
    }
    answers.iter().for_each(|((answer, function), count)| println!("| {answer}, {function} | {count} |"));
    println!("\n| fault | made | struck |\n|---|---|---|");
    run.faults.iter().for_each(|(kind, Count { made, struck })| println!("| {kind:?} | {made} | {struck} |"));
    let Differences { done, refused, unknown, unknown_with_effect, .. } = &run.differences;
    println!(
        "\nWrites: {done} acknowledged, {refused} refused, {unknown} unknown, {unknown_with_effect} of which took effect."
    );
    let delay = |share| milliseconds(percentile(run.ended.iter().map(|ended| ended.delay).collect(), share));
    println!(
        "This program sent its requests late by {} at p50, {} at p99.9: what the machine adds to everything above.",
        delay(0.5),
        delay(0.999)
    );
    let most = |value: fn(&Sample) -> usize| run.samples.iter().map(value).max().unwrap_or(0);
    let memory = |number| quarter(&run.samples, number, |sample| sample.resident);
    println!(
        "Worker: {} KiB in the quarters of the run; at most {} files, {} SQL sessions, {} requests in flight; {:.0} s of CPU.\n",
        [1, 2, 3, 4].map(|number| memory(number).to_string()).join(", "),
        most(|sample| sample.files),
        most(|sample| sample.sessions),
        most(|sample| sample.in_flight),
        run.cpu_seconds,
    );
    println!("| law | measured | |\n|---|---|---|");
    for Law { sentence, measured, holds, .. } in run.laws() {
        println!("| {sentence} | {measured} | {} |", if holds { "holds" } else { "BROKEN" });
    }
}

/// The value below which this share of all lies.
fn percentile(mut values: Vec<Duration>, share: f64) -> Duration {
    values.sort_unstable();
    let place = (values.len() as f64 * share) as usize;
    values.get(place).or(values.last()).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}
