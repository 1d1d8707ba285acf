//! The run: open-loop load from a seed, with faults, until the time is over and everything has come to rest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::app::Function;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::parts::{POOL_SIZE, Parts};
use crate::report::Run;
use crate::request::{self, Ended};
use crate::samples;

/// How long the pool may take to come back to its size after the last request.
const REST: Duration = Duration::from_secs(15);
/// How long a caller waits before it repeats a call with its key.
const REPEAT_AFTER: Duration = Duration::from_millis(500);
/// How long the worker may take to end.
const END: Duration = Duration::from_secs(15);

/// Runs the whole of it.
pub(crate) async fn run(options: &Options) -> Run {
    let parts = Arc::new(Parts::start().await);
    let in_flight = Arc::new(AtomicUsize::new(0));
    let samples = Arc::new(Mutex::new(Vec::new()));
    let sampling =
        tokio::spawn(samples::collect(Arc::clone(&parts), Arc::clone(&in_flight), Arc::clone(&samples)));
    let files_before = parts.worker.files().unwrap_or(0);

    let generator = {
        let (options, parts, in_flight) = (options.clone(), Arc::clone(&parts), Arc::clone(&in_flight));
        tokio::task::spawn_blocking(move || generate(&options, &parts, &in_flight))
    };
    let (ended, faults) = generator.await.expect("the load");
    let cpu_seconds = parts.worker.cpu_seconds();

    parts.sql.faults().clear();
    sampling.abort();
    // It ends as soon as it is aborted, and with it goes its hold on the parts.
    let _ = sampling.await;
    let mut ledger = Ledger::default();
    ended.iter().for_each(|ended| ledger.take(ended));
    let sessions_at_rest = at_rest(&parts).await;
    // A worker that still works answers at once when nothing else goes on.
    let last = answers(&parts).await;
    let files_after = parts.worker.files().unwrap_or(0);
    let differences = ledger.compare(&parts.tables().await);
    let panics = parts.worker.panics();
    let parts = Arc::into_inner(parts).expect("nobody else holds the parts");
    let worker = parts.stop_endpoints().await;
    let end = tokio::task::spawn_blocking(move || worker.end(END)).await.expect("an end");
    let samples = samples.lock().expect("no panic").clone();
    Run {
        ended,
        faults: faults.counts(),
        samples,
        differences,
        in_flight: in_flight.load(Ordering::SeqCst),
        sessions_at_rest,
        files_before,
        files_after,
        cpu_seconds,
        panics,
        last,
        end,
    }
}

/// Sends requests at their moments, whether earlier ones are answered or not, and waits for all answers.
fn generate(options: &Options, parts: &Parts, in_flight: &Arc<AtomicUsize>) -> (Vec<Ended>, Faults) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut rng = Rng::with_seed(options.seed);
    let mut faults = Faults::new(rng.u64(..), options.fault_percent);
    let (sender, results) = mpsc::channel();
    runtime.block_on(async {
        let client = reqwest::Client::builder().build().expect("a client");
        let begun = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for number in 0_u32.. {
            let due = begun + Duration::from_secs(1).mul_f64(f64::from(number) / f64::from(options.rate));
            if due - begun >= options.duration {
                break;
            }
            tokio::time::sleep_until(due.into()).await;
            let function = draw(&mut rng);
            faults.before_request(&parts.sql).await;
            let ticket = i32::try_from(number).unwrap_or(i32::MAX);
            let (client, port, sender, in_flight) =
                (client.clone(), parts.worker.port, sender.clone(), Arc::clone(in_flight));
            in_flight.fetch_add(1, Ordering::SeqCst);
            running.spawn(async move {
                let mut due = due;
                for _ in 0..=function.repeats() {
                    let ended = request::send(&client, port, function, ticket, due).await;
                    let (is_over, hung) = (ended.told == request::Told::Done, ended.hung);
                    sender.send(ended).expect("a receiver");
                    if hung {
                        // One without an answer stays in flight.
                        return;
                    }
                    if is_over {
                        break;
                    }
                    // A caller that repeats at once is part of the trouble.
                    tokio::time::sleep(REPEAT_AFTER).await;
                    due = Instant::now();
                }
                in_flight.fetch_sub(1, Ordering::SeqCst);
            });
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    });
    drop(sender);
    (results.into_iter().collect(), faults)
}

fn draw(rng: &mut Rng) -> Function {
    let all: u32 = Function::ALL.iter().map(|function| function.share()).sum();
    let mut place = rng.u32(..all);
    for function in Function::ALL {
        match place.checked_sub(function.share()) {
            Some(rest) => place = rest,
            None => return function,
        }
    }
    Function::Read
}

/// The SQL sessions once there are no more than the pool may have, or after a while.
async fn at_rest(parts: &Parts) -> usize {
    let begun = Instant::now();
    loop {
        let sessions = parts.sql.connections();
        if sessions <= POOL_SIZE || begun.elapsed() >= REST {
            return sessions;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the worker serves one more read, after a moment for a breaker or a refused token to pass.
async fn answers(parts: &Parts) -> Result<(), String> {
    let client = reqwest::Client::new();
    let begun = Instant::now();
    loop {
        let ended = request::send(&client, parts.worker.port, Function::Read, 1, Instant::now()).await;
        if ended.told == request::Told::Done {
            return Ok(());
        }
        if begun.elapsed() >= REST {
            return Err(ended.answer);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
