//! Gives the contenders their turns and prints what each cost.

use super::contenders::{self, Contender};
use super::server;

const ROUNDS: usize = 15;

/// A turn lasts about this long, so that the clock's own cost and grain don't count.
const TURN_NANOSECONDS: u64 = 20_000_000;

/// Runs all rounds and prints the table; with `--only NAME COUNT`, works that often and prints nothing.
pub(crate) fn run() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let groups = contenders::groups();
    if let [only, name, count, ..] = arguments.as_slice()
        && only == "--only"
    {
        let mut contenders = groups.iter().flatten();
        let contender = contenders
            .find(|contender| contender.name == *name)
            .expect("a contender of this name: see the table");
        return repeat(contender, count.parse().expect("a number"));
    }
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    println!(
        "CPU per piece of work on one thread, median of {rounds} rounds; ratios are to the first of each group.\n"
    );
    println!("| contender | µs of CPU | lowest to highest | ratio |");
    println!("|---|---|---|---|");
    for group in &groups {
        let counts: Vec<u64> = group.iter().map(turn).collect();
        let mut costs = vec![Vec::with_capacity(rounds); group.len()];
        for _ in 0..rounds {
            for ((contender, count), costs) in group.iter().zip(&counts).zip(&mut costs) {
                let before = cpu_nanoseconds();
                repeat(contender, *count);
                costs.push((cpu_nanoseconds() - before) as f64 / *count as f64 / 1e3);
            }
        }
        let names: Vec<String> = group.iter().map(|contender| contender.name.clone()).collect();
        print(&names, &mut costs);
    }
    server::run(rounds);
}

/// Prints a group's lines; ratios are to the first of it.
pub(crate) fn print(names: &[String], costs: &mut [Vec<f64>]) {
    let medians: Vec<f64> = costs.iter_mut().map(|costs| median(costs)).collect();
    let first = medians.first().copied().unwrap_or(f64::NAN);
    for ((name, costs), median) in names.iter().zip(costs).zip(&medians) {
        let (lowest, highest) = (costs.first().unwrap_or(median), costs.last().unwrap_or(median));
        println!("| {name} | {median:.1} | {lowest:.1} to {highest:.1} | {:.2} |", median / first);
    }
}

fn repeat(contender: &Contender, count: u64) {
    for _ in 0..count {
        (contender.work)();
    }
}

/// How often the contender works in a turn; warms it up as well.
fn turn(contender: &Contender) -> u64 {
    let mut count = 1;
    loop {
        let before = cpu_nanoseconds();
        repeat(contender, count);
        let taken = cpu_nanoseconds() - before;
        if taken >= TURN_NANOSECONDS / 2 {
            return (count * TURN_NANOSECONDS / taken).max(1);
        }
        count *= 2;
    }
}

/// The middle one; sorts them.
fn median(costs: &mut [f64]) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU time of this thread, as the scheduler accounts it (first field of schedstat).
fn cpu_nanoseconds() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux system");
    text.split(' ').next().and_then(|field| field.parse().ok()).expect("a number")
}
