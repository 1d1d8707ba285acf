//! The pool of a worker: who waits and who is turned away, which connections go, and what it counts of itself.

use local_azure::sql::faults::{Fault, LoginFault, RequestFault, RequestKind, Until};
use serde_json::{Value as Json, json};

use crate::cancellation::{Caller, Leave};
use crate::support::desk_builder::DeskBuilder;
use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

const DOCUMENT: &str = include_str!("../../docs/pool.md");

fn metrics() -> FunctionFolder {
    let definition = json!({
        "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "admin", "methods": ["get"],
              "route": "metrics" },
            { "type": "http", "direction": "out", "name": "res" },
        ],
        "sql": { "builtIn": "metrics" },
    });
    FunctionFolder::raw("Metrics", &definition.to_string())
}

/// The samples and the metrics, with a pool of this size.
fn desk(max_size: &str) -> DeskBuilder {
    Desk::builder().function(metrics()).with_samples().setting("AZSQL_POOL_MAX_SIZE", max_size)
}

/// The numbers of the one pool.
async fn numbers(desk: &Desk) -> Json {
    desk.get("/api/metrics").await.json(200)["pools"]["AZURE_SQL_CONNECTIONSTRING"].take()
}

async fn until(desk: &Desk, what: &str, wanted: impl Fn(&Json) -> bool) -> Json {
    eventually(what, async || Some(numbers(desk).await).filter(&wanted)).await
}

fn total(counts: &Json) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

/// What was opened is there or was discarded for a reason that is counted.
#[track_caller]
fn assert_balanced(numbers: &Json) {
    let opened = numbers["opened"].as_u64().unwrap();
    assert_eq!(opened, numbers["size"].as_u64().unwrap() + total(&numbers["discarded"]), "{numbers:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_queue_callers_are_turned_away_at_once_and_those_in_it_are_served() {
    let desk = desk("1").setting("AZSQL_POOL_QUEUE", "2").start().await;
    desk.stall_readers(1);
    let mut readers = vec![desk.get_later("/api/persons/1")];
    desk.statement_faults_left(0).await;
    readers.extend([desk.get_later("/api/persons/2"), desk.get_later("/api/persons/3")]);
    until(&desk, "two wait", |numbers| numbers["waiting"] == 2).await;

    let refused = desk.get("/api/persons/4").await;

    let problem = refused.problem_for_caller(503, "busy");
    assert!(problem["detail"].as_str().unwrap().contains("AZSQL_POOL_QUEUE"), "{problem}");
    assert_eq!(refused.header("retry-after"), Some("5"));
    desk.sql().faults().release_stalled();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }
    let numbers = until(&desk, "all have ended", |numbers| numbers["running"] == 0).await;
    assert_eq!(
        (&numbers["commands"]["queueFull"], &numbers["commands"]["succeeded"]),
        (&1.into(), &3.into())
    );
    assert_eq!((&numbers["waiting"], &numbers["size"]), (&0.into(), &1.into()));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_stays_full_is_a_503_once_the_wait_is_over() {
    let desk = desk("1").setting("AZSQL_POOL_WAIT_SECONDS", "1").start().await;
    desk.stall_readers(1);
    let reader = desk.get_later("/api/persons/1");
    desk.statement_faults_left(0).await;

    let refused = desk.get("/api/persons/2").await;

    let problem = refused.problem_for_caller(503, "busy");
    assert!(problem["detail"].as_str().unwrap().contains("AZSQL_POOL_MAX_SIZE"), "{problem}");
    assert_eq!(refused.header("retry-after"), Some("5"));
    desk.sql().faults().release_stalled();
    assert_eq!(reader.await.unwrap(), 200);
    let numbers = until(&desk, "all have ended", |numbers| numbers["running"] == 0).await;
    assert_eq!(numbers["commands"]["poolFull"], 1, "{numbers:#}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_served_in_the_order_in_which_they_came() {
    let arrival = FunctionFolder::http(
        "Arrive",
        "get",
        "arrivals/{number:int}",
        json!({ "result": "rowsAffected", "parameters": { "@number": { "from": "route.number", "type": "int" } } }),
        "INSERT INTO dbo.Arrivals (Number) VALUES (@number)",
    );
    let seed = "CREATE TABLE dbo.Arrivals (Id int IDENTITY PRIMARY KEY, Number int NOT NULL);";
    let desk = desk("1").function(arrival).seed(seed).start().await;
    desk.stall_readers(1);
    let first = desk.get_later("/api/persons/1");
    desk.statement_faults_left(0).await;
    let mut callers = Vec::new();
    for number in 1..=6 {
        callers.push(desk.get_later(&format!("/api/arrivals/{number}")));
        until(&desk, "it waits", |numbers| numbers["waiting"] == number).await;
    }

    desk.sql().faults().release_stalled();

    assert_eq!(first.await.unwrap(), 200);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 200);
    }
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Arrivals WHERE Number = Id").await, 6);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_whose_callers_left_has_its_whole_size_again() {
    let desk = desk("2").start().await;
    for how in [Leave::Close, Leave::Reset, Leave::Close] {
        desk.stall_readers(2);
        let callers = [Caller::get_person(&desk, 1).await, Caller::get_person(&desk, 2).await];
        desk.statement_faults_left(0).await;
        // One more, which waits: it leaves too.
        let late = Caller::get_person(&desk, 3).await;
        until(&desk, "the third waits", |numbers| numbers["waiting"] == 1).await;
        late.leave(how);
        until(&desk, "the third has left", |numbers| numbers["waiting"] == 0).await;
        callers.into_iter().for_each(|caller| caller.leave(how));
        until(&desk, "nobody is left", |numbers| numbers["inUse"] == 0 && numbers["running"] == 0).await;
    }

    desk.stall_readers(2);
    let readers = [desk.get_later("/api/persons/1"), desk.get_later("/api/persons/2")];
    desk.statement_faults_left(0).await;
    desk.sql().faults().release_stalled();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }

    let numbers = until(&desk, "all have ended", |numbers| numbers["running"] == 0).await;
    assert_eq!(numbers["discarded"]["cancelled"], 6, "{numbers:#}");
    assert_eq!(numbers["commands"]["cancelled"], 9, "{numbers:#}");
    assert_balanced(&numbers);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_counted() {
    let desk = desk("4").start().await;
    let empty = desk.get("/api/metrics").await.json(200);
    assert_eq!(empty, json!({ "pools": {} }), "a pool begins with its first use");

    for id in 1..=3 {
        desk.get(&format!("/api/persons/{id}")).await.json(200);
    }
    // Refused for good; rolled back and tried again.
    desk.sql().faults().fail_statements(208, 1);
    desk.get("/api/persons/4").await.problem(500, "database");
    desk.sql().faults().fail_statements(1205, 1);
    let deadlock = desk.get("/api/persons/5").await.status;

    let numbers = until(&desk, "all have ended", |numbers| numbers["running"] == 0).await;
    let count = |path: &str| numbers.pointer(path).and_then(Json::as_u64).unwrap();
    assert_eq!(total(&numbers["commands"]), 5);
    let again = count("/repeats");
    assert_eq!((count("/tries"), count("/commands/succeeded")), (5 + again, 3 + u64::from(deadlock == 200)));
    assert!(count("/commands/permanent") >= 1, "{numbers:#}");
    assert_eq!((count("/waitMilliseconds/count"), count("/queryMilliseconds/count")), (5 + again, 5 + again));
    assert_eq!(total(&numbers["waitMilliseconds"]["atMost"]), 5 + again);
    assert_eq!(count("/opened"), desk.worker_logins().len() as u64);
    assert_balanced(&numbers);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_fails_is_counted_by_its_class() {
    let desk = desk("4").start().await;
    desk.sql().faults().fail_logins(40615, 1);
    desk.get("/api/persons/1").await.problem(500, "database");

    let numbers = until(&desk, "it has ended", |numbers| numbers["running"] == 0).await;

    assert_eq!(
        numbers["openingsFailed"],
        json!({ "transient": 0, "permanent": 1, "identity": 0, "abandoned": 0 })
    );
    assert_eq!((&numbers["opened"], &numbers["size"]), (&0.into(), &0.into()));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_pool_closes_its_connections() {
    let desk = desk("4").setting("AZSQL_POOL_IDLE_SECONDS", "1").start().await;
    desk.get("/api/persons/1").await.json(200);

    eventually("the connection is closed", async || (desk.sql().connections() == 0).then_some(())).await;

    let numbers = numbers(&desk).await;
    assert_eq!((&numbers["size"], &numbers["discarded"]["idle"]), (&0.into(), &1.into()));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_minimum_is_opened_at_the_first_use_and_does_not_go_for_idleness() {
    let settings = [("AZSQL_POOL_MIN_SIZE", "2"), ("AZSQL_POOL_IDLE_SECONDS", "1")];
    let builder = settings.iter().fold(desk("3"), |desk, (name, value)| desk.setting(name, value));
    let desk = builder.start().await;
    assert_eq!(desk.sql().connections(), 0, "an app that is merely started holds no session");

    desk.get("/api/persons/1").await.json(200);
    let open = |numbers: &Json| numbers["size"] == 2 && numbers["opening"] == 0;
    let before = until(&desk, "the minimum is open", open).await;
    desk.stall_readers(3);
    let readers = [1, 2, 3].map(|id| desk.get_later(&format!("/api/persons/{id}")));
    desk.statement_faults_left(0).await;
    assert_eq!(desk.sql().connections(), 3);
    desk.sql().faults().release_stalled();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }

    let gone = before["discarded"]["idle"].as_u64().unwrap() + 1;
    let numbers = until(&desk, "one goes", |numbers| numbers["discarded"]["idle"] == gone).await;
    assert_eq!((&numbers["size"], &numbers["idle"]), (&2.into(), &2.into()));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_the_minimum_gives_way_to_a_caller_when_the_server_is_silent() {
    let settings = [("AZSQL_POOL_MIN_SIZE", "2"), ("AZSQL_POOL_IDLE_SECONDS", "2")];
    let builder = settings.iter().fold(desk("2"), |desk, (name, value)| desk.setting(name, value));
    let desk = builder.start().await;
    desk.get("/api/persons/1").await.json(200);
    until(&desk, "the minimum is open", |numbers| numbers["size"] == 2 && numbers["opening"] == 0).await;
    desk.sql().faults().arm(Fault::new(LoginFault::Stall(Until::Released)).always());
    desk.stall_readers(1);
    let leaves = Caller::get_person(&desk, 1).await;
    desk.statement_faults_left(0).await;
    leaves.leave(Leave::Reset);
    // In place of the connection that went with its caller; the other one is kept aside meanwhile.
    until(&desk, "another is opened", |numbers| numbers["size"] == 1 && numbers["opening"] == 1).await;

    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_connections_come_back_as_they_are_asked_for_and_never_more_than_the_size() {
    let desk = desk("4").start().await;
    desk.stall_readers(4);
    let readers = [1, 2, 3, 4].map(|id| desk.get_later(&format!("/api/persons/{id}")));
    desk.statement_faults_left(0).await;
    desk.sql().faults().release_stalled();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }

    let (desk, ()) = desk.without_sql(async |_| ()).await;

    assert_eq!(desk.get("/api/persons/1").await.json(200)["Id"], 1);
    assert_eq!(desk.worker_logins().len(), 1, "one caller, one login");
    desk.stall_readers(4);
    let readers: Vec<_> = (1..=12).map(|id| desk.get_later(&format!("/api/persons/{id}"))).collect();
    desk.statement_faults_left(0).await;
    until(&desk, "the rest waits", |numbers| numbers["inUse"] == 4 && numbers["waiting"] == 8).await;
    assert_eq!((desk.sql().connections(), desk.worker_logins().len()), (4, 4));
    desk.sql().faults().release_stalled();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }

    let numbers = until(&desk, "all have ended", |numbers| numbers["running"] == 0).await;
    assert_eq!(desk.worker_logins().len(), 4);
    assert_balanced(&numbers);
    desk.finish().await;
}

/// Times differ from run to run: their counts stand, in which bucket they are does not matter.
fn without_times(mut answer: Json) -> Json {
    for pool in answer["pools"].as_object_mut().unwrap().values_mut() {
        for histogram in ["waitMilliseconds", "queryMilliseconds"] {
            let histogram = &mut pool[histogram];
            assert_eq!(total(&histogram["atMost"]), histogram["count"].as_u64().unwrap());
            histogram["sum"] = 0.into();
            histogram["atMost"].as_object_mut().unwrap().values_mut().for_each(|count| *count = 0.into());
        }
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_is_what_is_answered_after_one_call() {
    let (_, rest) = DOCUMENT.split_once("<!-- example -->\n```json\n").unwrap();
    let documented: Json = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
    let desk = desk("16").start().await;
    desk.get("/api/persons/1").await.json(200);
    until(&desk, "the call has ended", |numbers| numbers["running"] == 0).await;

    let answer = desk.get("/api/metrics").await.json(200);

    let text = |json: Json| serde_json::to_string_pretty(&without_times(json)).unwrap();
    assert_eq!(text(answer), text(documented), "order and names too");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_say_what_is_wrong_when_there_can_be_no_pool() {
    let desk = Desk::builder().function(metrics()).setting("AZSQL_RETRY_TRIES", "CANARY").start().await;

    let answer = desk.get("/api/metrics").await;

    assert_eq!(answer.status, 500, "{}", answer.text);
    assert!(answer.detail().contains("AZSQL_RETRY_TRIES"), "{}", answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_a_caller_waits_for_room_in_the_pool_and_succeeds() {
    let tick = FunctionFolder::timer(
        "Tick",
        "* * * * * *",
        json!({ "result": "none" }),
        "INSERT INTO dbo.Ticks (At) VALUES (1)",
    );
    let desk = desk("1")
        .seed("CREATE TABLE dbo.Ticks (Id int IDENTITY PRIMARY KEY, At int NOT NULL);")
        .function(tick)
        .setting("AZSQL_POOL_QUEUE", "0")
        .start()
        .await;
    desk.sql()
        .faults()
        .arm(Fault::at(RequestKind::Statement, RequestFault::Stall(Until::Released)).containing("Persons"));
    let reader = desk.get_later("/api/persons/1");
    eventually("a run waits", async || {
        desk.worker_lines().iter().any(|line| line.contains("waits for room in the pool")).then_some(())
    })
    .await;
    desk.sql().faults().release_stalled();

    // Only a run that has waited says so in its own lines.
    eventually("a run that waited ends", async || {
        let lines = desk.function_lines("Tick");
        let waited = lines.iter().position(|line| line.contains("waiting for room in the pool"))?;
        lines.iter().skip(waited).any(|line| line.contains("(Succeeded")).then_some(())
    })
    .await;
    // It may have found the tick's statement in its way.
    assert!([200, 503].contains(&reader.await.unwrap()));
    desk.finish().await;
}
