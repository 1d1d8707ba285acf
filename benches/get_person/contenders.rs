//! The processes that are measured. Each prints the line `ready PORT` (or `ready`), and works when it is asked to.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use azsql_worker::database::Tasks;
use azsql_worker::host::server;
use azsql_worker::startup;
use tiberius::{AuthMethod, Client, Command, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::compat::TokioAsyncWriteCompatExt;

/// The variable that makes this program one of the contenders.
pub(crate) const ROLE: &str = "AZSQL_BENCH_ROLE";
/// What the contenders need to connect, in the environment.
pub(crate) const SQL_PORT: &str = "AZSQL_BENCH_SQL_PORT";
pub(crate) const CA_FILE: &str = "AZSQL_TRUST_CA";
pub(crate) const USER: &str = "bench";
pub(crate) const PASSWORD: &str = "AZSQL_BENCH_PASSWORD";

/// The statement of the sample `GetPerson`.
const STATEMENT: &str = include_str!("../../function-definitions/GetPerson/query.sql");

/// Plays the contender of this name until the process is killed.
pub(crate) fn play(role: &str) {
    match role {
        "worker, own runtime" => worker(false, 1),
        "worker, pool per thread" => worker(true, 1),
        "worker, own runtime, 2 threads" => worker(false, 2),
        "worker, pool per thread, 2 threads" => worker(true, 2),
        "bare handler" => bare_handler(),
        "tiberius alone" => tiberius_alone(),
        other => panic!("no contender is called {other}"),
    }
}

/// The worker as `serve` runs it. With a pool for each thread, every thread of the HTTP server builds its own.
fn worker(pool_per_thread: bool, threads: usize) {
    let functions = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("function-definitions");
    let listener = server::listen(0).expect("a port");
    println!("ready {}", listener.local_addr().expect("an address").port());
    let start = move |tasks| Arc::new(startup::worker(&functions, &|name| std::env::var(name).ok(), tasks));
    let shared = (!pool_per_thread).then(|| start(Tasks::on_own_threads()));
    let ready = move || {
        let worker = shared.clone().unwrap_or_else(|| start(Tasks::on_current_runtime()));
        watch::channel(Some(worker)).1
    };
    let options = server::ServerOptions { threads, body_memory: 128 * 1024 * 1024, shutdown: Duration::ZERO };
    let serve = server::serve(listener, options, ready, std::future::pending());
    actix_web::rt::System::new().block_on(serve).expect("a server");
}

/// What an answer costs without any of our work: an envelope is read as JSON, a constant is answered.
fn bare_handler() {
    async fn handler(envelope: web::Json<serde_json::Value>) -> HttpResponse {
        std::hint::black_box(&envelope);
        HttpResponse::Ok()
            .content_type("application/json")
            .body(r#"{"Outputs":{"res":{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":"{}"}},"Logs":[],"ReturnValue":null}"#)
    }
    let listener = server::listen(0).expect("a port");
    println!("ready {}", listener.local_addr().expect("an address").port());
    let server = async move {
        HttpServer::new(|| App::new().route("/{function}", web::post().to(handler)))
            .workers(1)
            .listen(listener)
            .expect("a listener")
            .run()
            .await
    };
    actix_web::rt::System::new().block_on(server).expect("a server");
}

/// The driver in a loop on one connection, with the same statement and the same way of binding. Reads a number from
/// stdin, runs as many queries, answers `done`.
fn tiberius_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let port: u16 = std::env::var(SQL_PORT).expect("a port").parse().expect("a number");
        let mut config = Config::new();
        config.host("localhost");
        config.port(port);
        config.encryption(EncryptionLevel::Required);
        config.trust_cert_ca(std::env::var(CA_FILE).expect("a CA"));
        config.authentication(AuthMethod::sql_server(USER, std::env::var(PASSWORD).expect("a password")));
        config.command_timeout(None);
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let mut client = Client::connect(config, stream.compat_write()).await.expect("a login");
        println!("ready");
        for line in std::io::stdin().lock().lines() {
            let count: u32 = line.expect("a line").trim().parse().expect("a number");
            for number in 0..count {
                let mut call = Command::new("sp_executesql");
                call.bind_param("@stmt", STATEMENT);
                call.bind_param("@params", "@id int");
                call.bind_param("@id", i32::try_from(number % 200).unwrap_or(0) + 1);
                let result =
                    call.exec(&mut client).await.expect("a reply").into_command_result().await.expect("rows");
                std::hint::black_box(result);
            }
            println!("done");
            std::io::stdout().flush().expect("stdout");
        }
    });
}
