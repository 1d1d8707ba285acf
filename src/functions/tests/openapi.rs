//! The OpenAPI document of definitions.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::database::DescribedColumn;
use crate::functions::description::{FILE, StoredDescription};
use crate::functions::{OpenApi, OpenApiOptions, load, openapi};

/// A script root in the making.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// An HTTP function with these keys of the trigger and of `sql`.
    fn function(self, name: &str, trigger: &Json, sql: &Json) -> Self {
        let mut http = json!({ "type": "httpTrigger", "direction": "in", "name": "req" });
        http.as_object_mut().unwrap().extend(trigger.as_object().unwrap().clone());
        let output = json!({ "type": "http", "direction": "out", "name": "res" });
        self.raw(name, &json!({ "bindings": [http, output], "sql": sql }).to_string())
    }

    fn raw(self, name: &str, function_json: &str) -> Self {
        fs::create_dir(self.path().join(name)).unwrap();
        fs::write(self.path().join(name).join("function.json"), function_json).unwrap();
        self
    }

    /// Stores what the server is supposed to have said of the function's command.
    fn described(self, name: &str, columns: &[(&str, &str, bool)]) -> Self {
        let catalogue = load(self.path()).unwrap();
        let function = catalogue.get(name).unwrap().clone().unwrap();
        let columns = columns.iter().map(|(name, sql_type, nullable)| DescribedColumn {
            name: (*name).to_owned(),
            sql_type: (*sql_type).to_owned(),
            nullable: *nullable,
        });
        let stored = StoredDescription::new(function.plan().unwrap(), columns.collect());
        fs::write(self.path().join(name).join(FILE), stored.write().unwrap()).unwrap();
        self
    }

    fn openapi(&self, prefix: &str) -> OpenApi {
        let options = OpenApiOptions {
            title: "T",
            version: "1",
            server: Some("https://a.example"),
            route_prefix: prefix,
            reads_bodies: false,
        };
        openapi(&load(self.path()).unwrap(), &options).unwrap()
    }
}

/// The document's part at a pointer below `paths`, whose slashes are `~1`.
fn operation<'a>(openapi: &'a OpenApi, method: &str, path: &str) -> &'a Json {
    let item = openapi.document["paths"].get(path);
    let item = item.unwrap_or_else(|| panic!("no path {path}: {:#}", openapi.document["paths"]));
    item.get(method).unwrap_or_else(|| panic!("no {method} {path}"))
}

/// A function that takes these parameters.
fn with_parameters(trigger: &Json, parameters: &Json) -> Root {
    let names: Vec<&str> = parameters.as_object().unwrap().keys().map(String::as_str).collect();
    let sql = json!({ "commandText": format!("SELECT {}", names.join(", ")), "result": "none", "parameters": parameters });
    Root::new().function("Work", trigger, &sql)
}

fn parameter(operation: &Json, name: &str) -> Json {
    let parameters = operation["parameters"].as_array().unwrap();
    parameters.iter().find(|parameter| parameter["name"] == name).unwrap().clone()
}

#[test]
fn a_route_becomes_paths_below_the_prefix_and_its_constraints_schemas() {
    let root = with_parameters(
        &json!({ "route": "work/{id:int}/{tab?}", "methods": ["get"] }),
        &json!({ "@id": { "from": "route.id", "type": "int", "min": 1 }, "@tab": { "from": "route.tab", "type": "varchar(5)" } }),
    );

    let openapi = root.openapi("v1");

    let full = operation(&openapi, "get", "/v1/work/{id}/{tab}");
    let short = operation(&openapi, "get", "/v1/work/{id}");
    assert_eq!((&full["operationId"], &short["operationId"]), (&json!("Work"), &json!("Work_without_tab")));
    let id = parameter(full, "id");
    assert_eq!((&id["in"], &id["required"]), (&json!("path"), &json!(true)));
    assert_eq!(id["schema"], json!({ "type": "integer", "format": "int32", "minimum": 1 }));
    assert_eq!(parameter(full, "tab")["schema"], json!({ "type": "string", "maxLength": 5 }));
    assert_eq!(short["parameters"].as_array().unwrap().len(), 1);
}

#[test]
fn a_path_that_lacks_what_is_required_is_not_there() {
    let root = with_parameters(
        &json!({ "route": "work/{id?}", "methods": ["get"] }),
        &json!({ "@id": { "from": "route.id", "type": "int", "required": true } }),
    );
    let paths = root.openapi("").document["paths"].clone();
    assert_eq!(paths.as_object().unwrap().keys().collect::<Vec<_>>(), ["/work/{id}"]);
}

#[test]
fn a_catch_all_is_noted() {
    let root = with_parameters(
        &json!({ "route": "files/{*rest}", "methods": ["get"] }),
        &json!({ "@rest": { "from": "route.rest", "type": "nvarchar(200)" } }),
    );
    let openapi = root.openapi("api");
    let rest = parameter(operation(&openapi, "get", "/api/files/{rest}"), "rest");
    assert!(rest["description"].as_str().unwrap().contains("slashes"), "{rest}");
    operation(&openapi, "get", "/api/files");
}

#[test]
fn functions_on_one_path_share_it_and_what_can_not_be_told_apart_is_said() {
    let sql = json!({ "commandText": "SELECT 1 AS a", "result": "row" });
    let on = |method: &str, route: &str| json!({ "route": route, "methods": [method] });
    let root = Root::new()
        .function("ByNumber", &on("get", "p/{id:int}"), &sql)
        .function("ByText", &on("get", "p/{name:alpha}"), &sql)
        .function("Write", &on("put", "p/{key}"), &sql);

    let openapi = root.openapi("");

    assert_eq!(openapi.document["paths"].as_object().unwrap().len(), 1);
    assert_eq!(operation(&openapi, "get", "/p/{id}")["operationId"], "ByNumber");
    assert_eq!(parameter(operation(&openapi, "put", "/p/{id}"), "id")["in"], "path");
    let [omission] = openapi.omissions.as_slice() else { panic!("{:?}", openapi.omissions) };
    assert!(omission.starts_with("ByText: GET /p/{id} is described as that of ByNumber"), "{omission}");
}

#[test]
fn a_function_without_methods_has_an_operation_for_each() {
    let root = with_parameters(&json!({}), &json!({ "@a": { "from": "body.a", "type": "int" } }));
    let openapi = root.openapi("");
    let item = openapi.document["paths"]["/Work"].as_object().unwrap();
    assert_eq!(item.len(), 8);
    assert_eq!(item["post"]["operationId"], "Work_post");
    assert!(item["trace"].get("requestBody").is_none() && item["post"].get("requestBody").is_some());
    assert!(item["head"]["responses"]["400"].get("content").is_none());
}

#[test]
fn limits_of_a_parameter_are_in_its_schema() {
    let root = with_parameters(
        &json!({ "methods": ["get"] }),
        &json!({
            "@small": { "from": "query.small", "type": "tinyint", "max": 9, "default": 3 },
            "@big": { "from": "query.big", "type": "bigint", "required": true },
            "@price": { "from": "query.price", "type": "decimal(9,2)", "min": "0.50" },
            "@code": { "from": "header.X-Code", "type": "char(3)", "pattern": "^[A-Z]+$", "enum": ["NOK", "EUR"] },
            "@word": { "from": "query.word", "type": "nvarchar(9)", "pattern": "^\\w+$" },
            "@day": { "from": "query.day", "type": "date", "min": "2020-01-01" },
            "@at": { "from": "query.at", "type": "datetimeoffset(3)" },
            "@local": { "from": "query.local", "type": "datetime2(3)" },
            "@data": { "from": "query.data", "type": "varbinary(4)" },
            "@guid": { "from": "query.guid", "type": "uniqueidentifier" },
            "@flag": { "from": "query.flag", "type": "bit", "default": false },
            "@type": { "from": "header.content-type", "type": "varchar(100)" },
        }),
    );
    let openapi = root.openapi("");
    let work = operation(&openapi, "get", "/Work");
    let schema = |name: &str| parameter(work, name)["schema"].clone();

    assert_eq!(
        schema("small"),
        json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": 9, "default": 3 })
    );
    assert_eq!(
        (&schema("big"), &parameter(work, "big")["required"]),
        (&json!({ "type": "integer", "format": "int64" }), &json!(true))
    );
    assert!(parameter(work, "small").get("required").is_none());
    assert_eq!(schema("price")["minimum"].to_string(), "0.50");
    let code = json!({ "type": "string", "maxLength": 3, "pattern": "^[A-Z]+$", "enum": ["NOK", "EUR"] });
    assert_eq!(schema("X-Code"), code);
    assert_eq!(schema("word"), json!({ "type": "string", "maxLength": 9 }));
    assert!(parameter(work, "word")["description"].as_str().unwrap().contains(r"^\w+$"));
    assert!(parameter(work, "day")["description"].as_str().unwrap().contains("At least 2020-01-01."));
    assert_eq!(schema("at")["format"], "date-time");
    assert_eq!(schema("local").get("format"), None, "it has no offset, which the format demands");
    assert_eq!(schema("data"), json!({ "type": "string", "contentEncoding": "base64", "maxLength": 8 }));
    assert_eq!(schema("guid")["format"], "uuid");
    assert_eq!(schema("flag"), json!({ "type": "boolean", "default": false }));
    assert!(
        work["description"].as_str().unwrap().contains("content-type"),
        "OpenAPI ignores it as a parameter"
    );
}

#[test]
fn two_parameters_of_one_value_are_one_with_the_limits_of_both() {
    let root = with_parameters(
        &json!({ "methods": ["get"] }),
        &json!({
            "@a": { "from": "query.City", "type": "nvarchar(50)" },
            "@b": { "from": "query.city", "type": "nvarchar(40)", "required": true },
        }),
    );
    let openapi = root.openapi("");
    let parameters = operation(&openapi, "get", "/Work")["parameters"].as_array().unwrap().clone();
    assert_eq!(parameters.len(), 1);
    assert_eq!(
        (&parameters[0]["schema"]["maxLength"], &parameters[0]["required"]),
        (&json!(40), &json!(true))
    );
}

#[test]
fn a_body_is_what_its_parameters_take_of_it() {
    let root = with_parameters(
        &json!({ "methods": ["post"] }),
        &json!({
            "@name": { "from": "body.name", "type": "nvarchar(9)", "required": true },
            "@city": { "from": "body.address.city", "type": "nvarchar(9)", "required": true },
            "@zip": { "from": "body.address.zip", "type": "char(4)", "enum": ["0001", "0002"] },
            "@big": { "from": "body.big", "type": "bigint", "enum": [1] },
            "@rest": { "from": "body.rest", "type": "nvarchar(max)" },
            "@note": { "from": "body.optional.note", "type": "nvarchar(9)" },
        }),
    );
    let openapi = root.openapi("");
    let body = &operation(&openapi, "post", "/Work")["requestBody"];

    assert_eq!(body["required"], true);
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["name", "address"])));
    let address = &schema["properties"]["address"];
    assert_eq!((&address["type"], &address["required"]), (&json!("object"), &json!(["city"])));
    assert_eq!(address["properties"]["zip"]["enum"], json!(["0001", "0002", null]));
    assert_eq!(schema["properties"]["name"]["type"], "string");
    assert_eq!(schema["properties"]["big"]["type"], json!(["integer", "string", "null"]));
    assert_eq!(schema["properties"]["big"]["enum"], json!([1, "1", null]));
    assert_eq!(schema["properties"]["rest"]["type"], json!(["string", "array", "object", "null"]));
    assert_eq!(schema["properties"]["optional"]["type"], json!(["object", "null"]));
}

#[test]
fn a_whole_body_has_the_content_types_that_its_type_takes() {
    let of = |sql_type: &str| {
        let parameters = json!({ "@a": { "from": "body", "type": sql_type, "required": true } });
        let openapi = with_parameters(&json!({ "methods": ["post"] }), &parameters).openapi("");
        let content = operation(&openapi, "post", "/Work")["requestBody"]["content"].clone();
        content.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(of("nvarchar(max)"), ["application/json", "text/plain"]);
    assert_eq!(of("varbinary(max)"), ["application/octet-stream", "text/plain"]);
}

#[test]
fn a_row_has_the_columns_that_the_server_described() {
    let sql = json!({ "commandText": "SELECT 1 AS Id", "result": "row", "numbers": "string" });
    let columns = [("Id", "bigint", false), ("Name", "nvarchar(50)", true), ("At", "datetime2(3)", false)];
    let root = Root::new().function("Get", &json!({ "methods": ["get"] }), &sql).described("Get", &columns);

    let openapi = root.openapi("");

    let schema =
        &operation(&openapi, "get", "/Get")["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["Id", "Name", "At"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["Id"]["type"], "string", "numbers are strings here");
    assert_eq!(schema["properties"]["Name"]["type"], json!(["string", "null"]));
    assert_eq!(openapi.omissions, Vec::<String>::new());
}

#[test]
fn columns_of_another_command_are_left_out_and_that_is_said() {
    let get = |command: &str| json!({ "commandText": command, "result": "row" });
    let trigger = json!({ "methods": ["get"] });
    let root =
        Root::new().function("Get", &trigger, &get("SELECT 1 AS a")).described("Get", &[("a", "int", true)]);
    let stored = fs::read_to_string(root.path().join("Get").join(FILE)).unwrap();
    let changed = Root::new().function("Get", &trigger, &get("SELECT 2 AS b"));
    fs::write(changed.path().join("Get").join(FILE), stored).unwrap();

    let openapi = changed.openapi("");

    let schema =
        &operation(&openapi, "get", "/Get")["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema, &json!({ "type": "object" }));
    assert!(
        openapi.omissions[0].starts_with("Get/schema.json is of another command"),
        "{:?}",
        openapi.omissions
    );
}

/// The schema of a result, as JSON, and its statuses below 400.
fn answers(sql: &Json) -> (Vec<String>, Json) {
    let columns = [("a", "int", false)];
    let root = Root::new().function("Get", &json!({ "methods": ["get"] }), sql).described("Get", &columns);
    let openapi = root.openapi("");
    let responses = operation(&openapi, "get", "/Get")["responses"].as_object().unwrap().clone();
    let successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
    let schemas = successes.map(|(status, response)| {
        let schema = response["content"]["application/json"]["schema"].clone();
        (status.clone(), schema)
    });
    let (statuses, mut schemas): (Vec<_>, Vec<_>) = schemas.unzip();
    (statuses, schemas.swap_remove(0))
}

#[test]
fn each_form_of_a_result_has_its_schema() {
    let select = |rest: Json| {
        let mut sql = json!({ "commandText": "SELECT 1 AS a" });
        sql.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        answers(&sql)
    };
    let (statuses, rows) = select(json!({ "result": "rows" }));
    assert_eq!((statuses, &rows["type"]), (vec!["200".to_owned()], &json!("array")));
    assert_eq!(rows["items"]["properties"]["a"]["type"], "integer");
    let (_, row) = select(json!({ "result": "row" }));
    assert_eq!(row["type"], "object");
    let (_, row) = select(json!({ "result": "row", "whenEmpty": 200 }));
    assert_eq!(row["anyOf"][1], json!({ "type": "null" }));
    let (statuses, _) = select(json!({ "result": "row", "whenEmpty": 204 }));
    assert_eq!(statuses, ["200", "204"]);
    let (_, value) = select(json!({ "result": "value" }));
    assert_eq!(value["type"], json!(["integer", "null"]));
    let (_, affected) = select(json!({ "result": "rowsAffected" }));
    assert_eq!(affected["required"], json!(["rowsAffected"]));
    let (_, sets) = select(json!({ "result": "resultSets" }));
    assert_eq!(sets["required"], json!(["resultSets", "rowsAffected"]));
    let (_, out) = answers(&json!({
        "commandType": "StoredProcedure", "commandText": "dbo.Add", "result": "outputParameters",
        "parameters": { "@total": { "type": "bigint", "direction": "out" } },
    }));
    assert_eq!(out["required"], json!(["total", "returnStatus"]));
    assert_eq!(out["properties"]["total"]["type"], json!(["integer", "null"]));
    let (statuses, none) = select(json!({ "result": "none" }));
    assert_eq!((statuses, none), (vec!["204".to_owned()], Json::Null));
}

#[test]
fn rows_have_the_formats_that_a_caller_may_ask_for() {
    let sql = json!({ "commandText": "SELECT 1 AS a", "result": "rows" });
    let openapi = Root::new().function("Get", &json!({ "methods": ["get"] }), &sql).openapi("");
    let content = operation(&openapi, "get", "/Get")["responses"]["200"]["content"].clone();
    let types: Vec<&String> = content.as_object().unwrap().keys().collect();
    assert_eq!(types, ["application/json", "application/x-ndjson", "text/csv"]);
}

/// The statuses from 400 on of a function with this section `sql`.
fn problems(trigger: &Json, sql: &Json) -> Vec<String> {
    let root = Root::new().function("Work", trigger, sql);
    let openapi = root.openapi("");
    let method = trigger["methods"][0].as_str().unwrap();
    let responses = operation(&openapi, method, "/Work")["responses"].as_object().unwrap().clone();
    let mut statuses: Vec<String> =
        responses.keys().filter(|status| !status.starts_with('2')).cloned().collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn a_function_has_the_problems_that_it_can_have() {
    let get = json!({ "methods": ["get"], "authLevel": "anonymous" });
    let post = json!({ "methods": ["post"] });
    assert_eq!(
        problems(&get, &json!({ "commandText": "SELECT 1 AS a", "result": "rows" })),
        ["406", "413", "422", "500", "503", "504"]
    );
    let principal = json!({ "@o": { "from": "principal.oid", "type": "uniqueidentifier" } });
    assert_eq!(
        problems(&get, &json!({ "commandText": "SELECT @o AS a", "result": "row", "parameters": principal })),
        ["400", "401", "403", "404", "406", "413", "422", "500", "503", "504"]
    );
    let body = json!({ "@a": { "from": "body.a", "type": "int" } });
    assert_eq!(
        problems(
            &post,
            &json!({
                "commandText": "DELETE FROM t WHERE a = @a; IF @@ROWCOUNT = 0 THROW 50410, 'gone', 1",
                "result": "none", "parameters": body, "idempotencyKey": "header.idempotency-key",
            })
        ),
        ["400", "401", "409", "410", "413", "422", "500", "503", "504", "default"]
    );
}

#[test]
fn an_idempotency_key_is_a_header_that_must_be_there() {
    let sql = json!({ "commandText": "DELETE FROM t", "result": "none", "idempotencyKey": "header.idempotency-key" });
    let openapi = Root::new().function("Work", &json!({ "methods": ["post"] }), &sql).openapi("");
    let work = operation(&openapi, "post", "/Work");
    let key = parameter(work, "Idempotency-Key");
    assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(true)));
    assert_eq!((&key["schema"]["minLength"], &key["schema"]["maxLength"]), (&json!(1), &json!(255)));
    assert!(work["responses"]["204"]["headers"].get("Idempotency-Replayed").is_some());
    assert!(work["responses"]["409"]["headers"].get("Retry-After").is_some());
}

#[test]
fn what_a_caller_must_show_is_in_the_security() {
    let sql = json!({ "commandText": "SELECT 1 AS a", "result": "row" });
    let security = |level: &str, sql: &Json| {
        let trigger = json!({ "methods": ["get"], "authLevel": level });
        let openapi = Root::new().function("Work", &trigger, sql).openapi("");
        let schemes = openapi.document["components"]["securitySchemes"].clone();
        let named = operation(&openapi, "get", "/Work")["security"].clone();
        for name in named.as_array().unwrap().iter().flat_map(|one| one.as_object().unwrap().keys()) {
            assert!(schemes.get(name).is_some(), "{name}");
        }
        named
    };
    assert_eq!(security("anonymous", &sql), json!([]));
    assert_eq!(security("function", &sql), json!([{ "functionKey": [] }, { "functionKeyInQuery": [] }]));
    assert_eq!(security("admin", &sql), json!([{ "masterKey": [] }, { "masterKeyInQuery": [] }]));
    let takes = |required: bool| {
        let parameter = json!({ "from": "principal.oid", "type": "uniqueidentifier", "required": required });
        json!({ "commandText": "SELECT @o AS a", "result": "row", "parameters": { "@o": parameter } })
    };
    assert_eq!(security("anonymous", &takes(true)), json!([{ "token": [] }]));
    assert_eq!(security("anonymous", &takes(false)), json!([{}, { "token": [] }]));
}

#[test]
fn functions_of_other_triggers_and_wrong_definitions_are_not_described() {
    let timer = r#"{ "bindings": [{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }],
                     "sql": { "commandText": "DELETE FROM t", "result": "none" } }"#;
    let openapi = Root::new().raw("Nightly", timer).raw("Wrong", "{").openapi("");
    assert_eq!(openapi.document["paths"], json!({}));
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let sql = json!({ "commandText": "SELECT 1 AS a", "result": "row" });
    let openapi = Root::new()
        .function("A", &json!({ "route": "a/{x?}", "methods": ["get", "post"] }), &sql)
        .function("A_without_x_get", &json!({ "route": "b", "methods": ["get"] }), &sql)
        .openapi("");
    let items = openapi.document["paths"].as_object().unwrap().values();
    let mut ids: Vec<&str> = items
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["A_get", "A_post", "A_without_x_get", "A_without_x_get_", "A_without_x_post"]);
}

#[test]
fn rows_of_a_table_parameter_are_an_array_and_may_hold_nulls() {
    let sql = json!({
        "commandText": "SELECT Id FROM @lines",
        "result": "rows",
        "parameters": {
            "@lines": {
                "from": "body",
                "type": "dbo.Lines",
                "columns": { "Id": { "type": "int", "required": true }, "Note": "nvarchar(50)" },
            },
        },
    });
    let root = Root::new().function("Take", &json!({ "methods": ["post"], "route": "take" }), &sql);

    let document = root.openapi("api");

    let operation = operation(&document, "post", "/api/take");
    let rows = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(rows["type"], "array", "{operation:#}");
    let properties = &rows["items"]["properties"];
    assert_eq!(properties["Id"]["type"], "integer");
    assert_eq!(properties["Note"]["type"], json!(["string", "null"]));
    assert!(operation["responses"].get("409").is_some(), "rows may repeat the type's key");
}

#[test]
fn column_metadata_is_a_parameter_and_another_form_of_the_answer() {
    let sql = json!({ "commandText": "SELECT 1 AS Id", "result": "row", "meta": true, "repeatable": true });
    let root = Root::new().function("Meta", &json!({ "methods": ["get"], "route": "meta" }), &sql);

    let document = root.openapi("api");

    let operation = operation(&document, "get", "/api/meta");
    assert_eq!(operation["parameters"][0]["name"], "$meta");
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["anyOf"][1]["required"], json!(["columns", "row"]), "{schema:#}");
}
