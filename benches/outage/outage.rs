//! Stops the server, starts it again, and prints what that cost.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use local_azure::sql::{self, SqlLogin, SqlOptions};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::load::{self, Call, Calls, Outcome};
use super::worker::Worker;

const USER: &str = "bench";
const POOL_SIZE: u64 = 8;
const BEFORE: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_secs(20);
const REFUSAL_AIM: Duration = Duration::from_millis(50);
const SUCCESS_AIM: Duration = Duration::from_secs(2);

pub(crate) fn run(seconds: u64, is_silent: bool) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(outage(Duration::from_secs(seconds), is_silent))
}

async fn outage(length: Duration, is_silent: bool) -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let ca_file = folder.path().join("ca.pem");
    let password = uuid::Uuid::new_v4().to_string();
    let options = SqlOptions {
        logins: vec![SqlLogin::new(USER, &password)],
        ca_out: Some(ca_file.clone()),
        seed: Some(azsql_worker::SAMPLE_SEED.to_owned()),
        ..SqlOptions::default()
    };
    let server = sql::start(options.clone()).await.expect("the SQL endpoint");
    let address = server.address();
    let options = SqlOptions { address, certificates: server.certificates(), ..options };
    let port = address.port();
    let worker = Worker::start(&[
        ("AZSQL_TRUST_CA", ca_file.display().to_string()),
        ("AZSQL_LOG", "off".to_owned()),
        ("AZSQL_POOL_MAX_SIZE", POOL_SIZE.to_string()),
        (
            "AZURE_SQL_CONNECTIONSTRING",
            format!("Server=localhost,{port};Database=master;User Id={USER};Password={password}"),
        ),
    ]);
    let calls = Calls::default();
    let load = tokio::spawn(load::run(worker.port, Calls::clone(&calls)));
    sleep(BEFORE).await;

    server.stop().await;
    let silence = is_silent.then(|| tokio::spawn(accept_and_say_nothing(address)));
    sleep(length).await;
    if let Some(silence) = silence {
        silence.abort();
        // It ends, and its sockets with it, before the endpoint takes the port.
        let _ = silence.await;
    }
    let server = sql::start(options).await.expect("the SQL endpoint again");
    let returned = Instant::now();
    sleep(Duration::from_secs(1)).await;
    let logins_in_first_second = server.login_counts().attempted;
    sleep(AFTER).await;
    let logins = server.login_counts().attempted;

    load.abort();
    drop(worker);
    server.stop().await;
    let calls = calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
    report(&calls, returned, is_silent);
    println!(
        "logins in the first second of the return: {logins_in_first_second}, in 21 s: {logins} (law: at most {POOL_SIZE}, the pool's size)"
    );
    if logins <= POOL_SIZE { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn accept_and_say_nothing(address: SocketAddr) {
    let listener = TcpListener::bind(address).await.expect("the port");
    let mut held = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        held.push(stream);
    }
}

fn report(calls: &[Call], returned: Instant, is_silent: bool) {
    let answered = |call: &Call| call.sent + call.took;
    let how = if is_silent { "accepts and says nothing" } else { "refuses connections" };
    println!("The server {how}, then is back; 50 calls a second, a pool of {POOL_SIZE}.");
    let opened = calls.iter().filter(|call| call.outcome == Outcome::Refused).map(answered).min();
    let Some(opened) = opened else {
        println!("the breaker never opened: make the outage longer");
        return;
    };
    // All calls of that time count, those too that were not refused at once or were answered only after the return.
    let within = calls.iter().filter(|call| (opened..returned).contains(&call.sent));
    let mut took: Vec<Duration> = within.map(|call| call.took).collect();
    took.sort_unstable();
    let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).copied();
    println!(
        "{} calls while the breaker was open: p50 {:?}, p99 {:?} (aim: under {REFUSAL_AIM:?}), longest {:?}",
        took.len(),
        at(50).unwrap_or_default(),
        at(99).unwrap_or_default(),
        took.last().copied().unwrap_or_default()
    );
    let first = calls
        .iter()
        .filter(|call| call.outcome == Outcome::Rows)
        .map(answered)
        .filter(|end| *end >= returned)
        .min();
    match first {
        Some(first) => {
            println!("first success {:?} after the return (aim: under {SUCCESS_AIM:?})", first - returned);
        }
        None => println!("no success after the return"),
    }
}
