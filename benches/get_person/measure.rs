//! Starts the contenders, gives them the same work in turns, and prints what it cost them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use local_azure::sql::{SqlLogin, SqlOptions};

use super::contenders::{CA_FILE, PASSWORD, ROLE, SQL_PORT, USER};

const ROUNDS: usize = 7;
const REQUESTS: u32 = 2_000;

/// Requests under way at once: enough that the worker's threads have something to share, too few to queue for long.
const CONCURRENT: u32 = 4;

/// The contenders in the order of the printed table; ratios are to the last.
const CONTENDERS: [&str; 6] = [
    "worker, own runtime",
    "worker, pool per thread",
    "worker, own runtime, 2 threads",
    "worker, pool per thread, 2 threads",
    "bare handler",
    "tiberius alone",
];

/// Runs all rounds and prints the table.
pub(crate) fn run() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok());
    let rounds = numbers.next().map_or(ROUNDS, |rounds| rounds as usize);
    let requests = numbers.next().unwrap_or(REQUESTS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let ca_file = folder.path().join("ca.pem");
        let password = uuid::Uuid::new_v4().to_string();
        let sql = local_azure::sql::start(SqlOptions {
            logins: vec![SqlLogin::new(USER, &password)],
            ca_out: Some(ca_file.clone()),
            seed: Some(azsql_worker::SAMPLE_SEED.to_owned()),
            ..SqlOptions::default()
        })
        .await
        .expect("the SQL endpoint");
        let port = sql.address().port();
        let environment = [
            (SQL_PORT, port.to_string()),
            (CA_FILE, ca_file.display().to_string()),
            (PASSWORD, password.clone()),
            (
                "AZURE_SQL_CONNECTIONSTRING",
                format!("Server=localhost,{port};Database=master;User Id={USER};Password={password}"),
            ),
        ];
        let mut contenders: Vec<Contender> =
            CONTENDERS.iter().map(|name| Contender::start(name, &environment)).collect();
        // The first requests open connections and fill caches.
        for contender in &mut contenders {
            contender.work(requests / 4 + 1).await;
        }
        let mut costs = vec![Vec::new(); contenders.len()];
        for _ in 0..rounds {
            for (contender, costs) in contenders.iter_mut().zip(&mut costs) {
                let before = contender.cpu_nanoseconds();
                contender.work(requests).await;
                costs.push((contender.cpu_nanoseconds() - before) as f64 / f64::from(requests) / 1e6);
            }
        }
        print(&costs, rounds, requests);
        for mut contender in contenders {
            contender.process.kill().expect("an end");
            contender.process.wait().expect("an end");
        }
        sql.stop().await;
    });
}

fn print(costs: &[Vec<f64>], rounds: usize, requests: u32) {
    let medians: Vec<f64> = costs.iter().map(|costs| median(costs)).collect();
    let base = medians.last().copied().unwrap_or(1.0);
    println!("One-row GetPerson over TLS from the local SQL endpoint, {CONCURRENT} at once.");
    println!(
        "CPU of the contender's process per request, median of {rounds} rounds of {requests} requests:\n"
    );
    println!("| contender | ms of CPU | lowest to highest | of tiberius alone |");
    println!("|---|---|---|---|");
    for ((name, costs), median) in CONTENDERS.iter().zip(costs).zip(&medians) {
        let lowest = costs.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = costs.iter().copied().fold(0.0, f64::max);
        println!("| {name} | {median:.3} | {lowest:.3} to {highest:.3} | {:.2} |", median / base);
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A contender's process.
struct Contender {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Where it listens; None for the one that takes its orders from stdin.
    port: Option<u16>,
    client: reqwest::Client,
}

impl Contender {
    fn start(role: &str, environment: &[(&str, String)]) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .env(ROLE, role)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdin = process.stdin.take().expect("stdin");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let port = line.trim().strip_prefix("ready").expect("ready").trim().parse().ok();
        Self { process, stdin, stdout, port, client: reqwest::Client::new() }
    }

    async fn work(&mut self, requests: u32) {
        match self.port {
            Some(port) => {
                let workers: Vec<_> = (0..CONCURRENT)
                    .map(|number| {
                        tokio::spawn(post(self.client.clone(), port, requests / CONCURRENT, number))
                    })
                    .collect();
                for worker in workers {
                    worker.await.expect("no panic");
                }
            }
            None => {
                writeln!(self.stdin, "{requests}").expect("stdin");
                let mut line = String::new();
                self.stdout.read_line(&mut line).expect("a line");
                assert_eq!(line.trim(), "done");
            }
        }
    }

    /// CPU time of all its threads, as the scheduler accounts it (`/proc/PID/task/TID/schedstat`, first field).
    fn cpu_nanoseconds(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("a process");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
            .sum()
    }
}

/// What the Functions host posts for `GET /api/persons/{id}`.
async fn post(client: reqwest::Client, port: u16, requests: u32, offset: u32) {
    for number in 0..requests {
        let id = (number + offset * 50) % 200 + 1;
        let envelope = serde_json::json!({
            "Data": { "req": {
                "Url": format!("http://localhost:7071/api/persons/{id}"),
                "Method": "GET",
                "Query": {},
                "Headers": { "Accept": ["*/*"], "Host": ["localhost:7071"], "User-Agent": ["bench"] },
                "Params": { "id": id.to_string() },
                "Identities": [],
            } },
            "Metadata": { "id": id.to_string(), "Query": {}, "sys": { "MethodName": "GetPerson" } },
        });
        let reply = client
            .post(format!("http://127.0.0.1:{port}/GetPerson"))
            .header("x-azure-functions-invocationid", "00000000-0000-0000-0000-000000000000")
            .json(&envelope)
            .send()
            .await
            .expect("a reply");
        assert_eq!(reply.status(), 200);
        let body = reply.text().await.expect("a body");
        assert!(body.contains("\"statusCode\":200"), "{body}");
    }
}
