//! A worker without a database: it decodes an envelope, binds its values, and answers that it is not configured.

use std::sync::LazyLock;

use azsql_worker::database::Tasks;
use azsql_worker::functions::{self as worker_functions, Batches, HostRetry, MessageKind, Plan};
use azsql_worker::host::enveloped;
use azsql_worker::host::reply::HostReply;
use azsql_worker::host::worker::Worker;
use azsql_worker::startup;
use serde_json::{Map, Value as Json, json};

/// A path of `from` and the type that it is read as.
type Value = (&'static str, &'static str);

/// A function that the fuzzer calls.
pub struct FunctionUnderTest {
    /// Its folder.
    pub name: String,
    /// The key of its trigger in `Data`.
    pub binding: &'static str,
    /// The name of its http output.
    pub http_output: Option<&'static str>,
    /// Its trigger without name and direction.
    trigger: Json,
    retry: Option<Json>,
    values: Vec<Value>,
}

const HTTP: &[Value] = &[
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
];

const TIMER: &[Value] = &[
    ("timer.isPastDue", "bit"),
    ("timer.schedule.adjustForDST", "bit"),
    ("timer.scheduleStatus.last", "datetime2(7)"),
    ("timer.scheduleStatus.next", "datetimeoffset(0)"),
    ("invocation.id", "uniqueidentifier"),
];

const MESSAGE: &[Value] = &[
    ("message", "nvarchar(max)"),
    ("message.id", "decimal(18, 4)"),
    ("message.data.id", "uniqueidentifier"),
    ("message.Last", "datetimeoffset(7)"),
    ("message.order", "nvarchar(4000)"),
    ("metadata.sys.MethodName", "nvarchar(50)"),
    ("metadata.RetryContext.RetryCount", "int"),
];

const BATCH: &[Value] = &[("message", "nvarchar(max)"), ("metadata.sys.UtcNow", "datetime2(7)")];

/// One for each kind of trigger, and one more for batches; each binds every kind of value that its trigger has.
static FUNCTIONS: LazyLock<Vec<FunctionUnderTest>> = LazyLock::new(|| {
    let mut functions = vec![
        FunctionUnderTest {
            name: "Http".to_owned(),
            binding: "req",
            http_output: Some("res"),
            trigger: json!({ "type": "httpTrigger", "route": "things/{id:int?}" }),
            retry: None,
            values: HTTP.to_vec(),
        },
        FunctionUnderTest {
            name: "Timer".to_owned(),
            binding: "timer",
            http_output: None,
            trigger: json!({ "type": "timerTrigger", "schedule": "0 0 0 * * *" }),
            retry: None,
            values: TIMER.to_vec(),
        },
    ];
    for kind in MessageKind::names().filter_map(MessageKind::find) {
        match kind.batches {
            Batches::Never => functions.push(message(kind, "One", json!({}), MESSAGE)),
            Batches::Always => functions.push(message(kind, "Many", json!({}), BATCH)),
            Batches::ByCardinality => {
                functions.push(message(kind, "One", json!({ "cardinality": "one" }), MESSAGE));
                functions.push(message(kind, "Many", json!({ "cardinality": "many" }), BATCH));
            }
        }
    }
    if let Some(queue) = MessageKind::find("queueTrigger") {
        let facts = [
            ("message", "varbinary(max)"),
            ("metadata.Id", "uniqueidentifier"),
            ("metadata.DequeueCount", "int"),
            ("metadata.InsertionTime", "datetimeoffset(0)"),
        ];
        functions.push(message(queue, "Binary", json!({ "dataType": "binary" }), &facts));
    }
    functions
});

fn message(kind: &MessageKind, suffix: &str, mut trigger: Json, values: &[Value]) -> FunctionUnderTest {
    trigger["type"] = kind.name.into();
    let retry = (kind.retry == HostRetry::Needed)
        .then(|| json!({ "strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:05" }));
    FunctionUnderTest {
        name: format!("{}{suffix}", kind.name),
        binding: "message",
        http_output: None,
        trigger,
        retry,
        values: values.to_vec(),
    }
}

/// The functions that the fuzzer calls.
pub fn functions() -> &'static [FunctionUnderTest] {
    &FUNCTIONS
}

impl FunctionUnderTest {
    fn definition(&self) -> Json {
        let mut trigger = self.trigger.clone();
        trigger["name"] = self.binding.into();
        trigger["direction"] = "in".into();
        let mut bindings = vec![trigger];
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
        let mut definition = json!({
            "bindings": bindings,
            "sql": {
                "commandText": format!("SELECT {}", columns.join(", ")),
                "result": result,
                "parameters": parameters,
            },
        });
        if let Some(retry) = &self.retry {
            definition["retry"] = retry.clone();
        }
        definition
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
        let folder = root.path().join(&function.name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("function.json"), function.definition().to_string())
            .expect("function.json");
    }
    let catalogue = worker_functions::load(root.path()).expect("a script root");
    let invalid: Vec<String> = catalogue.invalid().map(|(name, error)| format!("{name}: {error}")).collect();
    assert!(invalid.is_empty(), "{}", invalid.join("\n"));
    let plan = |function: &worker_functions::Function| Some((function.name.to_string(), function.plan()?.clone()));
    let plans = catalogue.valid().filter_map(plan).collect();
    let worker = startup::worker(root.path(), &|_| None, Tasks::on_own_threads());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    Bench { worker, plans, runtime }
});

/// Posts `body` to the function, as the host does.
pub fn invoke(function: &FunctionUnderTest, body: &[u8]) -> HostReply {
    let id = "7b2f7f9c-7f0e-4c9f-9d33-1f6e0f1f9a01";
    BENCH.runtime.block_on(enveloped::invoke(&BENCH.worker, &function.name, id, body.to_vec()))
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
