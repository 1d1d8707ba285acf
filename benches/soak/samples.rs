//! The worker's memory, files and sessions over time, looked at once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::parts::Parts;

/// How often somebody looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// KiB.
    pub(crate) resident: u64,
    pub(crate) files: usize,
    pub(crate) sessions: usize,
    pub(crate) in_flight: usize,
}

/// Takes samples until it is aborted.
pub(crate) async fn collect(
    parts: Arc<Parts>,
    in_flight: Arc<AtomicUsize>,
    samples: Arc<std::sync::Mutex<Vec<Sample>>>,
) {
    let mut clock = tokio::time::interval(INTERVAL);
    loop {
        clock.tick().await;
        let sample = Sample {
            resident: parts.worker.resident().unwrap_or(0),
            files: parts.worker.files().unwrap_or(0),
            sessions: parts.sql.connections(),
            in_flight: in_flight.load(Ordering::SeqCst),
        };
        samples.lock().expect("no panic").push(sample);
    }
}

/// The median of one quarter of the run, from 1 to 4.
pub(crate) fn quarter(samples: &[Sample], number: usize, value: impl Fn(&Sample) -> u64) -> u64 {
    let length = samples.len() / 4;
    let begin = (number - 1) * length;
    let mut values: Vec<u64> = samples.iter().skip(begin).take(length).map(value).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
