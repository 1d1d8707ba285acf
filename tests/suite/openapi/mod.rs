//! OpenAPI: the document is one to validators that are not ours, real answers keep to it, and a function can serve it; the JSON
//! Schema of definitions is one to such a validator too.

mod python;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use azsql_worker::database::DescribedColumn;
use azsql_worker::functions::description::{FILE, StoredDescription};
use azsql_worker::functions::load;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use self::python::Task;
use crate::support::mode::{Mode, worker_program};
use crate::support::script_root::{self, FunctionFolder};
use crate::support::{Answer, Desk};

/// The columns of a person, as the server describes them.
const PERSON: [(&str, &str, bool); 5] = [
    ("Id", "int", false),
    ("Name", "nvarchar(100)", false),
    ("City", "nvarchar(50)", true),
    ("Balance", "decimal(18,4)", true),
    ("Created", "datetime2(3)", false),
];

fn run(root: &Path, mode: Mode, arguments: &[&str]) -> Output {
    let mut command = Command::new(worker_program());
    command.args(arguments).current_dir(root).env_clear();
    if let Some(setting) = mode.setting() {
        command.env(setting, "true");
    }
    command.output().unwrap()
}

/// The document of this script root.
fn document(root: &Path, mode: Mode) -> Json {
    let output = run(root, mode, &["openapi", "--functions", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn root(functions: &[FunctionFolder]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("host.json"), script_root::HOST_JSON).unwrap();
    functions.iter().for_each(|function| function.write(root.path()));
    root
}

/// Stores what the server says of the columns of a function's command.
fn describe(root: &Path, function: &str, columns: &[(&str, &str, bool)]) {
    let catalogue = load(root).unwrap();
    let read = catalogue.get(function).unwrap().clone().unwrap();
    let columns = columns.iter().map(|(name, sql_type, nullable)| DescribedColumn {
        name: (*name).to_owned(),
        sql_type: (*sql_type).to_owned(),
        nullable: *nullable,
    });
    let stored = StoredDescription::new(read.plan().unwrap(), columns.collect());
    fs::write(root.join(function).join(FILE), stored.write().unwrap()).unwrap();
}

/// The samples with the columns of their rows.
fn described_samples() -> TempDir {
    let root = root(&[]);
    script_root::copy_samples(root.path());
    for function in ["GetPerson", "ListPersons", "CreatePerson", "UpdatePerson"] {
        describe(root.path(), function, &PERSON);
    }
    describe(
        root.path(),
        "SqlPing",
        &[("status", "varchar(2)", false), ("sample_table", "nvarchar(128)", true)],
    );
    let order =
        [("Id", "int", false), ("Customer", "nvarchar(100)", false), ("Amount", "decimal(18,2)", false)];
    describe(root.path(), "PlaceOrder", &order);
    root
}

fn built_in(auth_level: &str) -> FunctionFolder {
    let definition = json!({
        "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": auth_level, "methods": ["get"],
              "route": "openapi" },
            { "type": "http", "direction": "out", "name": "res" },
        ],
        "sql": { "builtIn": "openapi" },
    });
    FunctionFolder::raw("OpenApi", &definition.to_string())
}

/// Functions with everything that a document can hold.
fn rich() -> TempDir {
    let http = |name: &str, method: &str, route: &str, sql: Json, command: &str| {
        FunctionFolder::http(name, method, route, sql, command)
    };
    let select = "SELECT 1 AS a";
    root(&[
        http("Optional", "get", "a/{x:range(1,5)}/{y:guid?}", json!({ "result": "rows" }), select),
        http("Rest", "get", "files/{*rest}", json!({ "result": "value", "whenEmpty": 204 }), select),
        http("Mixed", "get", "m/{name:minlength(2)}.{extension?}", json!({ "result": "json" }), select),
        http(
            "Caller",
            "post",
            "me",
            json!({ "result": "row", "parameters": {
                "@oid": { "from": "principal.oid", "type": "uniqueidentifier" },
                "@body": { "from": "body", "type": "varbinary(max)" },
            } }),
            "SELECT @oid AS oid, @body AS body",
        ),
        http(
            "Limits",
            "put",
            "limits",
            json!({ "result": "none", "idempotencyKey": "header.idempotency-key", "parameters": {
                "@a": { "from": "body.deep.a", "type": "bigint", "min": 1, "max": 9, "required": true },
                "@b": { "from": "body.deep.b", "type": "decimal(9,2)", "enum": [1.5, "2.50"] },
                "@c": { "from": "query.c", "type": "datetimeoffset", "default": "2026-01-31T00:00:00Z" },
                "@d": { "from": "header.x-d", "type": "varchar(20)", "pattern": "^[a-z.]+\\s\\S$" },
            } }),
            "DELETE FROM t WHERE a = @a AND b = @b AND c = @c AND d = @d; THROW 50418, 'tea', 1",
        ),
        FunctionFolder::raw(
            "Every",
            &json!({
                "bindings": [
                    { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "system" },
                    { "type": "http", "direction": "out", "name": "res" },
                ],
                "sql": {
                    "commandType": "StoredProcedure", "commandText": "dbo.AddPerson", "result": "resultSets",
                    "parameters": { "@total": { "direction": "out", "type": "decimal(18,4)" } },
                },
            })
            .to_string(),
        ),
        built_in("anonymous"),
    ])
}

#[test]
fn the_document_is_openapi_3_1_to_an_independent_validator() {
    let mut task = Task::default();
    for root in [described_samples(), rich()] {
        let document = document(root.path(), Mode::Enveloped);
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
        task = task.document(&document);
    }

    if let Some(errors) = task.errors() {
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn the_validator_finds_what_is_no_openapi() {
    let root = rich();
    let mut document = document(root.path(), Mode::Enveloped);
    document["paths"]["/api/limits"]["put"]["parameters"][0]["in"] = "pocket".into();

    if let Some(errors) = Task::default().document(&document).errors() {
        assert_ne!(errors, Vec::<String>::new());
    }
}

/// Notes an answer as an instance of the schema that the document declares for it.
fn note(task: &mut Task, document: &Json, method: &str, path: &str, answer: &Answer) {
    let name = format!("{method} {path} {}", answer.status);
    let response = &document["paths"][path][method]["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{name} is not declared");
    if answer.text.is_empty() {
        assert!(response.get("content").is_none(), "{name} has no body");
        return;
    }
    let media_type =
        answer.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default();
    let declared = &response["content"][media_type];
    assert!(declared.is_object(), "{name} is not declared as {media_type}");
    let instance: Json = serde_json::from_str(&answer.text).unwrap();
    task.instance(&name, document, &declared["schema"], &instance);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_samples_answer_keeps_to_what_the_document_declares() {
    let desk = Desk::start().await;
    let document = document(described_samples().path(), desk.mode());
    let mut task = Task::default();
    let mut noted =
        |method: &str, path: &str, answer: &Answer| note(&mut task, &document, method, path, answer);

    noted("get", "/api/sql/ping", &desk.get("/api/sql/ping").await);
    noted("get", "/api/persons", &desk.get("/api/persons").await);
    noted("get", "/api/persons", &desk.get("/api/persons?offset=100000").await);
    noted("get", "/api/persons", &desk.get("/api/persons?limit=0&offset=x").await);
    let in_xml = desk.get_with("/api/persons", &[("Accept", "text/xml")]).await;
    noted("get", "/api/persons", &in_xml);
    noted("get", "/api/persons/{id}", &desk.get("/api/persons/4").await);
    noted("get", "/api/persons/{id}", &desk.get("/api/persons/41").await);
    noted("get", "/api/persons/{id}", &desk.get("/api/persons/999999").await);
    noted("get", "/api/persons/{id}", &desk.get("/api/persons/0").await);
    let person = json!({ "name": "CANARY Åse", "balance": "12.5" });
    noted("post", "/api/persons", &desk.post("/api/persons", &person).await);
    noted("post", "/api/persons", &desk.post("/api/persons", &json!({ "city": "CANARY" })).await);
    noted("put", "/api/persons/{id}", &desk.put("/api/persons/7", &person).await);
    noted("put", "/api/persons/{id}", &desk.put("/api/persons/999999", &person).await);
    noted("delete", "/api/persons/{id}", &desk.delete("/api/persons/9").await);
    noted("delete", "/api/persons/{id}", &desk.delete("/api/persons/9").await);
    let order = json!({ "customer": "CANARY", "amount": 12.5 });
    let key = [("Idempotency-Key", "CANARY-7d1f3a52")];
    noted("post", "/api/orders", &desk.post_with("/api/orders", &order, &key).await);
    noted(
        "post",
        "/api/orders",
        &desk.post_with("/api/orders", &json!({ "customer": "C", "amount": 1 }), &key).await,
    );
    noted("post", "/api/orders", &desk.post("/api/orders", &order).await);

    if let Some(errors) = task.errors() {
        assert_eq!(errors, Vec::<String>::new());
    }
    desk.finish().await;
}

#[test]
fn an_answer_that_breaks_its_schema_is_found() {
    let root = described_samples();
    let document = document(root.path(), Mode::Enveloped);
    let schema = &document["paths"]["/api/persons/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"];
    let mut task = Task::default();
    let person =
        json!({ "Id": 1, "Name": "A", "City": null, "Balance": 1.5, "Created": "2026-01-31T07:08:09.123" });
    for (column, value) in [
        ("Id", json!("1")),
        ("Name", Json::Null),
        ("Balance", json!("1.5")),
        ("Created", json!("2026-01-31T07:08:09Z")),
        ("More", json!(1)),
    ] {
        let mut wrong = person.clone();
        wrong[column] = value;
        task.instance(column, &document, schema, &wrong);
    }
    task.instance("a person", &document, schema, &person);

    if let Some(errors) = task.errors() {
        assert_eq!(errors.len(), 5, "{errors:#?}");
        assert!(!errors.iter().any(|error| error.starts_with("a person")), "{errors:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_serves_the_document_that_the_command_prints() {
    let desk = Desk::builder().function(built_in("anonymous")).with_samples().start().await;
    let root = root(&[built_in("anonymous")]);
    script_root::copy_samples(root.path());

    let served = desk.get("/api/openapi").await.json(200);

    assert_eq!(served, document(root.path(), desk.mode()));
    assert!(served.get("servers").is_none(), "paths follow the address that it comes from");
    assert_eq!(served["paths"]["/api/openapi"]["get"]["operationId"], "OpenApi");
    desk.finish().await;
}

#[test]
fn the_command_writes_a_file_with_the_servers_url() {
    let root = described_samples();

    let output = run(
        root.path(),
        Mode::Enveloped,
        &[
            "openapi",
            "--server",
            "https://shop.example/",
            "--title",
            "Shop",
            "--api-version",
            "2.1",
            "--output",
            "o.json",
        ],
    );

    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"".as_slice()));
    let document: Json = serde_json::from_slice(&fs::read(root.path().join("o.json")).unwrap()).unwrap();
    assert_eq!(document["servers"], json!([{ "url": "https://shop.example" }]));
    assert_eq!(document["info"], json!({ "title": "Shop", "version": "2.1" }));
}

#[test]
fn wrong_definitions_are_named_and_the_others_described() {
    let select = json!({ "result": "row" });
    let root = root(&[
        FunctionFolder::http("Right", "get", "right", select.clone(), "SELECT 1 AS a"),
        FunctionFolder::http("Wrong", "get", "wrong", json!({ "result": "rowz" }), "SELECT 1 AS a"),
    ]);

    let output = run(root.path(), Mode::Enveloped, &["openapi"]);

    assert_eq!(output.status.code(), Some(65));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("Wrong/function.json:1: sql.result: "), "{told}");
    let document: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/api/right"]);
}

#[test]
fn what_the_command_can_not_use_has_an_exit_code_of_its_own() {
    let root = root(&[]);
    for (arguments, code) in [
        (vec!["--server", "shop"], 64),
        (vec!["--server", "https://shop.example/?code=1"], 64),
        (vec!["--functions", "nowhere"], 66),
        (vec!["--output", "no/such/folder.json"], 73),
    ] {
        let arguments = [vec!["openapi"], arguments].concat();
        let output = run(root.path(), Mode::Enveloped, &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_schema_of_definitions_is_one_to_an_independent_validator() {
    let root = root(&[]);
    let output = run(root.path(), Mode::Enveloped, &["schema"]);
    let schema: Json = serde_json::from_slice(&output.stdout).unwrap();
    let stored =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("function.schema.json")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), stored);
    let mut task = Task::default();
    for entry in fs::read_dir(script_root::samples()).unwrap() {
        let file = entry.unwrap().path().join("function.json");
        let sample: Json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let name = file.display().to_string();
        task.verdict(&name, &schema, &sample, true);
        for (key, value) in [
            ("result", json!("rowz")),
            ("status", json!(302)),
            ("comandText", json!("SELECT 1")),
            ("timeout", json!("30")),
        ] {
            let mut wrong = sample.clone();
            wrong["sql"][key] = value;
            task.verdict(&format!("{name} with {key}"), &schema, &wrong, false);
        }
        let mut wrong = sample.clone();
        wrong["bindings"][0]["type"] = "httpTriger".into();
        task.verdict(&format!("{name} without a trigger"), &schema, &wrong, false);
    }

    if let Some(errors) = task.errors() {
        assert_eq!(errors, Vec::<String>::new());
    }
}
