//! What the command line asks for.

use std::time::Duration;

/// How the program is called.
pub(crate) const USAGE: &str = "usage: cargo bench --bench soak -- [--seconds 600] [--rate 200] [--faults 5] [--seed NUMBER] [--shared-machine]";

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How long requests are sent.
    pub(crate) duration: Duration,
    /// Requests a second.
    pub(crate) rate: u32,
    /// Faults for each hundred requests.
    pub(crate) fault_percent: u32,
    /// What requests and faults are made from.
    pub(crate) seed: u64,
    /// Others work on this machine: the law about time is reported and doesn't decide how the program ends.
    pub(crate) shared_machine: bool,
}

impl Options {
    /// Reads the arguments; those that cargo adds (`--bench`) don't count.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            duration: Duration::from_secs(600),
            rate: 200,
            fault_percent: 5,
            seed: fastrand::u64(..1_000_000),
            shared_machine: false,
        };
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let mut number = |range: std::ops::RangeInclusive<u64>| {
                let value = arguments.next().and_then(|text| text.parse().ok());
                value
                    .filter(|value| range.contains(value))
                    .ok_or_else(|| format!("{name} takes a number from {} to {}", range.start(), range.end()))
            };
            match name.as_str() {
                "--seconds" => options.duration = Duration::from_secs(number(4..=86_400)?),
                "--rate" => options.rate = u32::try_from(number(1..=10_000)?).unwrap_or(1),
                "--faults" => options.fault_percent = u32::try_from(number(0..=100)?).unwrap_or(0),
                "--shared-machine" => options.shared_machine = true,
                "--seed" => options.seed = number(0..=u64::MAX)?,
                _ => return Err(format!("{name} is no option of the soak")),
            }
        }
        Ok(options)
    }
}
