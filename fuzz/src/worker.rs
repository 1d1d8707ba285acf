//! A worker without a database: it decodes an envelope, binds its values, and answers that it is not configured.

use std::sync::LazyLock;

use azsql_worker::database::Tasks;
use azsql_worker::functions::{self as worker_functions, Plan};
use azsql_worker::host::enveloped;
use azsql_worker::host::reply::HostReply;
use azsql_worker::host::worker::Worker;
use azsql_worker::startup;
use serde_json::{Map, Value as Json, json};

/// A function that the fuzzer calls.
pub struct FunctionUnderTest {
    /// Its folder.
    pub name: &'static str,
    /// Its trigger's type.
    trigger: &'static str,
    /// The key of its trigger in `Data`.
    pub binding: &'static str,
    /// The name of its http output.
    pub http_output: Option<&'static str>,
    /// Paths of `from` and the types that they are read as.
    values: &'static [(&'static str, &'static str)],
}

/// One for each kind of trigger; each binds every kind of value that its trigger has, as every kind of type.
const FUNCTIONS: [FunctionUnderTest; 4] = [
    FunctionUnderTest {
        name: "Http",
        trigger: "httpTrigger",
        binding: "req",
        http_output: Some("res"),
        values: &[
            ("route.id", "int"),
            ("query.id", "nvarchar(20)"),
            ("query.Last", "datetimeoffset(3)"),
            ("header.Content-Type", "varchar(10)"),
            ("body", "nvarchar(max)"),
            ("body", "varbinary(max)"),
            ("body.id", "decimal(18, 4)"),
            ("body.data.id", "float"),
            ("body.Id", "uniqueidentifier"),
            ("body.Next", "date"),
            ("body.Last", "time(7)"),
            ("body.IsPastDue", "bit"),
            ("body.DequeueCount", "bigint"),
            ("body.order", "nvarchar(4000)"),
            ("body.Schedule", "real"),
            ("body.LastUpdated", "datetime2(0)"),
            ("body.Body", "varbinary(8)"),
        ],
    },
    FunctionUnderTest {
        name: "Timer",
        trigger: "timerTrigger",
        binding: "timer",
        http_output: None,
        values: &[
            ("timer.isPastDue", "bit"),
            ("timer.schedule.adjustForDST", "bit"),
            ("timer.scheduleStatus.last", "datetime2(7)"),
            ("timer.scheduleStatus.next", "datetimeoffset(0)"),
            ("metadata.RetryContext.RetryCount", "int"),
            ("invocation.id", "uniqueidentifier"),
        ],
    },
    FunctionUnderTest {
        name: "Queue",
        trigger: "queueTrigger",
        binding: "message",
        http_output: None,
        values: &[
            ("message", "nvarchar(max)"),
            ("message", "varbinary(max)"),
            ("message", "decimal(18, 4)"),
            ("message.id", "int"),
            ("message.order.id", "nvarchar(20)"),
            ("metadata.Id", "varchar(40)"),
            ("metadata.DequeueCount", "int"),
            ("metadata.InsertionTime", "datetime2(7)"),
            ("metadata.ExpirationTime", "datetimeoffset(0)"),
            ("metadata.sys.RandGuid", "uniqueidentifier"),
        ],
    },
    FunctionUnderTest {
        name: "Feed",
        trigger: "cosmosDBTrigger",
        binding: "documents",
        http_output: None,
        values: &[("message", "nvarchar(max)"), ("metadata.sys", "nvarchar(max)")],
    },
];

/// The functions that the fuzzer calls.
pub fn functions() -> &'static [FunctionUnderTest] {
    &FUNCTIONS
}

impl FunctionUnderTest {
    fn definition(&self) -> Json {
        let mut bindings = vec![json!({
            "type": self.trigger, "direction": "in", "name": self.binding,
            "route": "things/{id:int?}", "schedule": "0 0 0 * * *",
        })];
        bindings
            .extend(self.http_output.map(|name| json!({ "type": "http", "direction": "out", "name": name })));
        let parameters: Map<String, Json> = (self.values.iter().enumerate())
            .map(|(index, (from, sql_type))| {
                (format!("@p{index}"), json!({ "from": from, "type": sql_type }))
            })
            .collect();
        let columns: Vec<String> =
            (0..self.values.len()).map(|index| format!("@p{index} AS p{index}")).collect();
        let result = if self.http_output.is_some() { "rows" } else { "none" };
        json!({
            "bindings": bindings,
            "sql": {
                "commandText": format!("SELECT {}", columns.join(", ")),
                "result": result,
                "parameters": parameters,
            },
        })
    }
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
        std::fs::write(folder.join("function.json"), function.definition().to_string())
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
