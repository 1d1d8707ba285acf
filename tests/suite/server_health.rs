//! A server that nobody reaches costs callers milliseconds and the server little, and its return is found.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

/// After so many failed openings in a row a server is down; see docs/outages.md.
const FAILURES_UNTIL_DOWN: u64 = 5;

/// Nobody looks more often than this.
const SHORTEST_INTERVAL_MS: u128 = 800;

/// What a caller reads while a server is down.
const REFUSAL: &str = "looks again every second";

/// A server that hangs up on everybody, and counts them.
struct HangsUp {
    port: u16,
    connections: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl HangsUp {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { port, connections, task }
    }

    fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    fn connection_string(&self) -> String {
        format!("Server=localhost,{};Authentication=ActiveDirectoryMSI", self.port)
    }
}

impl Drop for HangsUp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many looks a server may have seen since `begun`, and one that is under way.
fn most_looks(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis() / SHORTEST_INTERVAL_MS).unwrap() + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_reaches_is_left_alone_but_for_a_look_a_second() {
    let server = HangsUp::start().await;
    let connection = server.connection_string();
    let desk = Desk::builder()
        .connection(move |_| connection.clone())
        .setting("AZSQL_RETRY_TRIES", "1")
        .start()
        .await;
    let begun = Instant::now();
    for _ in 0..FAILURES_UNTIL_DOWN {
        let problem = desk.get("/api/persons/3").await.problem_for_caller(503, "unavailable");
        assert!(!problem["detail"].as_str().unwrap().contains(REFUSAL), "{problem}");
    }

    for _ in 0..60 {
        let answer = desk.get("/api/persons/3").await;
        let problem = answer.problem_for_caller(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains(REFUSAL), "{problem}");
        assert!(
            matches!(answer.header("retry-after"), Some("1" | "2")),
            "{:?}",
            answer.header("retry-after")
        );
    }

    let most = FAILURES_UNTIL_DOWN + most_looks(begun);
    assert!(server.connections() <= most, "{} connections, at most {most}", server.connections());
    let told = desk.worker_lines().iter().filter(|line| line.contains("calls are refused at once")).count();
    assert_eq!(told, 1, "one line for the outage");
    let tries = desk.worker_lines().iter().filter(|line| line.contains("try failed")).count();
    assert_eq!(u64::try_from(tries).unwrap(), FAILURES_UNTIL_DOWN, "none for each refusal");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_is_found_with_no_more_logins_than_the_pool_has_places() {
    let desk =
        Desk::builder().setting("AZSQL_RETRY_TRIES", "1").setting("AZSQL_POOL_MAX_SIZE", "3").start().await;
    desk.get("/api/persons/3").await.json(200);
    let (desk, ()) = desk
        .without_sql(async |outage| {
            eventually("the worker takes the server for down", async || {
                let answer = outage.get("/api/persons/3").await;
                answer.text.contains(REFUSAL).then_some(())
            })
            .await;
        })
        .await;

    eventually("the return is found", async || {
        let callers: Vec<_> = (1..=12).map(|id| desk.get_later(&format!("/api/persons/{id}"))).collect();
        let mut all_succeed = true;
        for caller in callers {
            all_succeed &= caller.await.unwrap() == 200;
        }
        all_succeed.then_some(())
    })
    .await;

    let logins = desk.sql().login_counts().attempted;
    assert!((1..=3).contains(&logins), "{logins}");
    let lines = desk.worker_lines();
    assert_eq!(lines.iter().filter(|line| line.contains("takes connections again")).count(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_resumes_is_waited_for_with_a_login_a_second() {
    let desk = Desk::builder()
        .setting("AZSQL_RETRY_TRIES", "20")
        .setting("AZSQL_RETRY_BUDGET_SECONDS", "60")
        .setting("AZSQL_POOL_MAX_SIZE", "8")
        .start()
        .await;
    desk.sql().faults().refuse_logins(40613);
    let refused = async |least: u64| {
        eventually("logins are refused", async || (desk.sql().login_counts().refused >= least).then_some(()))
            .await;
    };
    let mut callers = vec![desk.get_later("/api/persons/1")];
    refused(1).await;
    let begun = Instant::now();

    callers.extend((2..=20).map(|id| desk.get_later(&format!("/api/persons/{id}"))));
    refused(12).await;

    // The first alone tells nothing, so those who come then may all log in, as far as the pool has places.
    let most = 1 + 8 + most_looks(begun) + 1;
    let logins = desk.sql().login_counts().attempted;
    assert!(logins <= most, "{logins} logins, at most {most}");
    desk.sql().faults().admit_logins();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 200);
    }
    assert!(desk.sql().login_counts().succeeded <= 8);
    assert!(!desk.worker_lines().iter().any(|line| line.contains("calls are refused at once")));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_a_caller_waits_for_the_servers_return_and_succeeds() {
    let tick = FunctionFolder::timer(
        "Tick",
        "* * * * * *",
        json!({ "result": "none" }),
        "INSERT INTO dbo.Ticks (At) VALUES (1)",
    );
    let desk = Desk::builder()
        .seed("CREATE TABLE dbo.Ticks (Id int IDENTITY PRIMARY KEY, At int NOT NULL);")
        .function(tick)
        .setting("AZSQL_RETRY_TRIES", "20")
        .setting("AZSQL_RETRY_BUDGET_SECONDS", "60")
        .start()
        .await;
    let (desk, ()) =
        desk.without_sql(async |outage| outage.worker_writes("waits for the server's return").await).await;

    // Only a run that has waited says so in its own lines.
    eventually("a run that waited ends", async || {
        let lines = desk.function_lines("Tick");
        let waited = lines.iter().position(|line| line.contains("waiting for the server's return"))?;
        lines.iter().skip(waited).any(|line| line.contains("(Succeeded")).then_some(())
    })
    .await;

    assert!(desk.number("SELECT COUNT(*) FROM dbo.Ticks").await >= 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pools_of_one_server_share_what_is_known_of_it() {
    let server = HangsUp::start().await;
    let (one, other) = (server.connection_string(), format!("{};Database=other", server.connection_string()));
    let function = |name: &str, route: &str, connection: &str| {
        let sql = json!({ "connectionStringSetting": connection, "result": "value", "repeatable": true });
        FunctionFolder::http(name, "get", route, sql, "SELECT 1")
    };
    let desk = Desk::builder()
        .connection(move |_| one.clone())
        .setting("OTHER_CONNECTION", &other)
        .setting("AZSQL_RETRY_TRIES", "1")
        .function(function("One", "one", "AZURE_SQL_CONNECTIONSTRING"))
        .function(function("Other", "other", "OTHER_CONNECTION"))
        .start()
        .await;
    for _ in 0..FAILURES_UNTIL_DOWN {
        desk.get("/api/one").await.problem_for_caller(503, "unavailable");
    }

    let problem = desk.get("/api/other").await.problem_for_caller(503, "unavailable");

    assert!(problem["detail"].as_str().unwrap().contains(REFUSAL), "{problem}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_nobody_reaches_closes_its_own_database_and_not_the_whole_server() {
    let node = HangsUp::start().await;
    let function = |name: &str, route: &str, connection: &str| {
        let sql = json!({ "connectionStringSetting": connection, "result": "value", "repeatable": true });
        FunctionFolder::http(name, "get", route, sql, "SELECT 1")
    };
    let desk = Desk::builder()
        .setting_for_port("OTHER_CONNECTION", |port| {
            format!("Server=localhost,{port};Database=other;Authentication=ActiveDirectoryMSI")
        })
        .setting("AZSQL_RETRY_TRIES", "1")
        .function(function("One", "one", "AZURE_SQL_CONNECTIONSTRING"))
        .function(function("Other", "other", "OTHER_CONNECTION"))
        .start()
        .await;
    desk.sql().faults().redirect_logins("localhost", node.port, u32::try_from(FAILURES_UNTIL_DOWN).unwrap());
    for _ in 0..FAILURES_UNTIL_DOWN {
        desk.get("/api/one").await.problem_for_caller(503, "unavailable");
    }
    assert_eq!(node.connections(), FAILURES_UNTIL_DOWN);

    let refused = desk.get("/api/one").await.problem_for_caller(503, "unavailable");
    let other = desk.get("/api/other").await;

    assert!(refused["detail"].as_str().unwrap().contains(REFUSAL), "{refused}");
    assert_eq!(other.json(200), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_place_in_the_pool_is_told_when_the_server_goes_down() {
    let silent = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let desk = Desk::builder()
        .connection(move |_| {
            format!("Server=localhost,{port};Authentication=ActiveDirectoryMSI;Connect Timeout=2")
        })
        .setting("AZSQL_RETRY_TRIES", "1")
        .setting("AZSQL_POOL_MAX_SIZE", "5")
        .setting("AZSQL_POOL_WAIT_SECONDS", "230")
        .start()
        .await;

    // Five fill the pool with openings that nobody answers; the others wait behind them.
    let callers: Vec<_> = (1..=20).map(|id| desk.get_later(&format!("/api/persons/{id}"))).collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 503);
    }

    // In turns of five each of which fails by itself, no caller but the first five would have read this.
    let refused =
        desk.function_lines("GetPerson").iter().filter(|line| line.contains("no other try")).count();
    assert_eq!(refused, 20);
    let told = desk.worker_lines().iter().filter(|line| line.contains("try failed")).count();
    assert!(told <= 5, "{told} openings were waited for");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_found_out_though_every_caller_leaves_before_its_time_is_over() {
    let silent = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let sql = json!({ "timeout": "00:00:01", "result": "value", "repeatable": true });
    let desk = Desk::builder()
        .connection(move |_| {
            format!("Server=localhost,{port};Authentication=ActiveDirectoryMSI;Connect Timeout=3")
        })
        .function(FunctionFolder::http("Hasty", "get", "hasty", sql, "SELECT 1"))
        .setting("AZSQL_POOL_MAX_SIZE", "5")
        .start()
        .await;

    let refused = eventually("the server is taken for down", async || {
        let callers: Vec<_> = (0..4).map(|_| desk.get_later("/api/hasty")).collect();
        let answer = desk.get("/api/hasty").await;
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 503);
        }
        answer.text.contains(REFUSAL).then_some(answer)
    })
    .await;

    refused.problem_for_caller(503, "unavailable");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_serves_while_a_look_hangs() {
    let node = HangsUp::start().await;
    let silent = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    silent.set_nonblocking(true).unwrap();
    let desk =
        Desk::builder().setting("AZSQL_RETRY_TRIES", "1").setting("AZSQL_POOL_MAX_SIZE", "2").start().await;
    desk.get("/api/persons/1").await.json(200);
    desk.stall_readers(1);
    let reader = desk.get_later("/api/persons/1");
    desk.statement_faults_left(0).await;
    // The only connection is in use; new ones are cut off at the node, and then nobody answers there.
    desk.sql().faults().redirect_logins("localhost", node.port, u32::try_from(FAILURES_UNTIL_DOWN).unwrap());
    for _ in 0..FAILURES_UNTIL_DOWN {
        desk.get("/api/persons/2").await.problem_for_caller(503, "unavailable");
    }
    desk.sql().faults().redirect_logins("localhost", silent.local_addr().unwrap().port(), 1_000);
    let _look = eventually("a look begins", async || {
        desk.get("/api/persons/2").await.problem_for_caller(503, "unavailable");
        silent.accept().ok()
    })
    .await;

    desk.sql().faults().release_stalled();
    assert_eq!(reader.await.unwrap(), 200);

    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);
    desk.finish().await;
}
