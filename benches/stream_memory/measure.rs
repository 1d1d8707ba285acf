//! One answer, read as it comes, and what the worker took for it.

use std::time::Instant;

use futures_util::StreamExt;

use crate::stage::Stage;

/// What one format came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    /// Rows that arrived.
    pub(crate) rows: u64,
    /// Bytes that arrived.
    pub(crate) bytes: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// MiB that the worker took when it had answered a small call.
    pub(crate) before: f64,
    /// MiB that it took at the most.
    pub(crate) peak: f64,
}

/// Streams so many rows in the format of this media type.
pub(crate) async fn run(accept: &str, rows: u64) -> Measure {
    let stage = Stage::start(rows).await;
    let client = reqwest::Client::new();
    let small = client.get(stage.url("few")).send().await.expect("an answer");
    assert_eq!(small.status(), 200, "{}", small.text().await.unwrap_or_default());
    drop(small.bytes().await.expect("its body"));
    let before = stage.worker_memory("VmRSS:");

    let begun = Instant::now();
    let answer = client.get(stage.url("many")).header("accept", accept).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{accept}");
    let (mut seen, mut bytes) = (0, 0);
    // A row of JSON begins with a brace, which is in no value here; a line of CSV ends, and the first holds the names.
    let (mark, of_no_row) = if accept == "text/csv" { (b'\n', 1) } else { (b'{', 0) };
    let mut body = answer.bytes_stream();
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else {
            // Counted as what it is: not all rows.
            break;
        };
        bytes += chunk.len() as u64;
        seen += chunk.iter().filter(|byte| **byte == mark).count() as u64;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let peak = stage.worker_memory("VmHWM:");
    stage.stop().await;
    Measure { rows: seen.saturating_sub(of_no_row), bytes, seconds, before, peak }
}
