//! A worker without a database: it decodes an envelope, binds its values, and answers that it is not configured.

use std::sync::LazyLock;

use azsql_worker::database::Tasks;
use azsql_worker::functions::{self as worker_functions, Plan};
use azsql_worker::host::enveloped;
use azsql_worker::host::reply::HostReply;
use azsql_worker::host::worker::Worker;
use azsql_worker::startup;
use serde_json::{Value as Json, json};

/// A function that the fuzzer calls.
pub struct FunctionUnderTest {
    /// Its folder.
    pub name: &'static str,
    /// The key of its trigger in `Data`.
    pub binding: &'static str,
    /// The name of its http output.
    pub http_output: Option<&'static str>,
    definition: fn() -> Json,
}

/// One for each kind of trigger; each binds every kind of value that its trigger has, as every kind of type.
const FUNCTIONS: [FunctionUnderTest; 2] = [
    FunctionUnderTest { name: "Http", binding: "req", http_output: Some("res"), definition: http },
    FunctionUnderTest { name: "Timer", binding: "timer", http_output: None, definition: timer },
];

/// The functions that the fuzzer calls.
pub fn functions() -> &'static [FunctionUnderTest] {
    &FUNCTIONS
}

fn http() -> Json {
    json!({
        "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "route": "things/{id:int?}" },
            { "type": "http", "direction": "out", "name": "res" },
        ],
        "sql": {
            "commandText": "SELECT 1 AS one",
            "parameters": {
                "@id": { "from": "route.id", "type": "int" },
                "@city": { "from": "query.id", "type": "nvarchar(20)", "pattern": "^[a-z]+$" },
                "@when": { "from": "query.Last", "type": "datetimeoffset(3)" },
                "@length": { "from": "header.Content-Type", "type": "varchar(10)" },
                "@body": { "from": "body", "type": "nvarchar(max)" },
                "@bytes": { "from": "body", "type": "varbinary(max)" },
                "@number": { "from": "body.id", "type": "decimal(18, 4)" },
                "@float": { "from": "body.data.id", "type": "float" },
                "@guid": { "from": "body.Id", "type": "uniqueidentifier" },
                "@date": { "from": "body.Next", "type": "date" },
                "@time": { "from": "body.Last", "type": "time(7)" },
                "@flag": { "from": "body.IsPastDue", "type": "bit" },
                "@big": { "from": "body.DequeueCount", "type": "bigint", "min": 0 },
                "@json": { "from": "body.order", "type": "nvarchar(4000)" },
            },
        },
    })
}

fn timer() -> Json {
    json!({
        "bindings": [{ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 0 * * *" }],
        "sql": {
            "commandText": "SELECT 1 AS one",
            "result": "none",
            "parameters": {
                "@late": { "from": "timer.isPastDue", "type": "bit" },
                "@summer": { "from": "timer.schedule.adjustForDST", "type": "bit" },
                "@last": { "from": "timer.scheduleStatus.last", "type": "datetime2(7)" },
                "@next": { "from": "timer.scheduleStatus.next", "type": "datetimeoffset(0)" },
                "@id": { "from": "invocation.id", "type": "uniqueidentifier" },
            },
        },
    })
}

struct Bench {
    worker: Worker,
    plans: Vec<(String, Plan)>,
    runtime: tokio::runtime::Runtime,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("host.json"), "{\"version\":\"2.0\"}").expect("host.json");
    for function in functions() {
        let folder = root.path().join(function.name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("function.json"), (function.definition)().to_string())
            .expect("function.json");
    }
    let catalogue = worker_functions::load(root.path()).expect("a script root");
    for (name, error) in catalogue.invalid() {
        panic!("{name}: {error}");
    }
    let plans =
        catalogue.valid().map(|function| (function.name.to_string(), function.plan.clone())).collect();
    let worker = startup::worker(root.path(), &|_| None, Tasks::on_own_threads());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    Bench { worker, plans, runtime }
});

/// Posts `body` to the function, as the host does.
pub fn invoke(function: &FunctionUnderTest, body: &[u8]) -> HostReply {
    let id = "7b2f7f9c-7f0e-4c9f-9d33-1f6e0f1f9a01";
    BENCH.runtime.block_on(enveloped::invoke(&BENCH.worker, function.name, id, body))
}

/// What the function of this name does.
pub fn plan(name: &str) -> &'static Plan {
    BENCH
        .plans
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, plan)| plan)
        .expect("a function of this name")
}
