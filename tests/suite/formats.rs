//! The format of an answer is the caller's choice: JSON, one JSON object a line, or CSV.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::mode::Mode;
use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk};

const SEED: &str = "
CREATE TABLE dbo.Things (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NULL, Price decimal(18,4) NULL, Made datetime2(3) NULL,
    Raw varbinary(20) NULL, Ready bit NOT NULL, Serial bigint NOT NULL);
INSERT INTO dbo.Things VALUES
    (1, N'første, \"andre\"', 12.3400, '2024-05-06T07:08:09.123', 0x0102, 1, 9007199254740993),
    (2, NULL, NULL, NULL, NULL, 0, 2),
    (3, N'', -0.0001, '1999-12-31', 0x, 1, 3),
    (4, N'=1+1', 0, '1999-12-31', 0xFF, 0, 4);
CREATE TABLE dbo.Marks (Id int IDENTITY PRIMARY KEY, Mark int NOT NULL);";

const ALL: &str = "SELECT * FROM dbo.Things ORDER BY Id";

const NDJSON: &str = "\
{\"Id\":1,\"Name\":\"første, \\\"andre\\\"\",\"Price\":12.3400,\"Made\":\"2024-05-06T07:08:09.123\",\"Raw\":\"AQI=\",\"Ready\":true,\"Serial\":9007199254740993}
{\"Id\":2,\"Name\":null,\"Price\":null,\"Made\":null,\"Raw\":null,\"Ready\":false,\"Serial\":2}
{\"Id\":3,\"Name\":\"\",\"Price\":-0.0001,\"Made\":\"1999-12-31T00:00:00.000\",\"Raw\":\"\",\"Ready\":true,\"Serial\":3}
{\"Id\":4,\"Name\":\"=1+1\",\"Price\":0.0000,\"Made\":\"1999-12-31T00:00:00.000\",\"Raw\":\"/w==\",\"Ready\":false,\"Serial\":4}
";

const CSV: &str = "\
Id,Name,Price,Made,Raw,Ready,Serial\r
1,\"første, \"\"andre\"\"\",12.3400,2024-05-06T07:08:09.123,AQI=,true,9007199254740993\r
2,,,,,false,2\r
3,\"\",-0.0001,1999-12-31T00:00:00.000,\"\",true,3\r
4,=1+1,0.0000,1999-12-31T00:00:00.000,/w==,false,4\r
";

fn rows(name: &str, sql: Json, command: &str) -> FunctionFolder {
    FunctionFolder::http(name, "get", &name.to_lowercase(), sql, command)
}

async fn desk(mode: Mode, functions: impl IntoIterator<Item = FunctionFolder>) -> Desk {
    let builder = Desk::builder().in_mode(mode).seed(SEED);
    functions.into_iter().fold(builder, |builder, function| builder.function(function)).start().await
}

async fn ask(desk: &Desk, path: &str, accept: &str) -> Answer {
    desk.get_with(path, &[("accept", accept)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_is_for_whoever_accepts_it_in_each_mode() {
    for mode in [Mode::Enveloped, Mode::Forwarding, Mode::Proxying] {
        let desk = desk(mode, [rows("Things", json!({ "result": "rows", "repeatable": true }), ALL)]).await;

        let usual = desk.get("/api/things").await;
        let browser = ask(&desk, "/api/things", "text/html, */*;q=0.8").await;
        let lines = ask(&desk, "/api/things", "application/x-ndjson").await;
        let csv = ask(&desk, "/api/things", "text/csv, application/json;q=0.5").await;

        let json: Vec<Json> = NDJSON.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for answer in [&usual, &browser] {
            assert_eq!(answer.json(200), Json::from(json.clone()), "{mode:?}");
            assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        }
        assert_eq!((lines.status, lines.text.as_str()), (200, NDJSON), "{mode:?}");
        assert_eq!(lines.header("content-type"), Some("application/x-ndjson; charset=utf-8"));
        assert_eq!((csv.status, csv.text.as_str()), (200, CSV), "{mode:?}");
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        for answer in [usual, browser, lines, csv] {
            assert_eq!(answer.header("vary"), Some("Accept"), "{mode:?}");
        }
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_406_that_lists_what_is_and_nothing_is_run() {
    let mark = "INSERT INTO dbo.Marks (Mark) OUTPUT inserted.Id VALUES (1)";
    for mode in [Mode::Enveloped, Mode::Proxying] {
        let functions = [
            rows("Rows", json!({ "result": "rows" }), mark),
            rows("Row", json!({ "result": "row" }), mark),
            rows("Quiet", json!({ "result": "none" }), "SELECT 1 AS one"),
        ];
        let desk = desk(mode, functions).await;

        let of_rows = ask(&desk, "/api/rows", "text/html, application/problem+json").await;
        let of_row = ask(&desk, "/api/row", "text/csv").await;
        let of_none = ask(&desk, "/api/quiet", "text/csv").await;

        let detail = of_rows.problem_for_caller(406, "not-acceptable")["detail"].to_string();
        assert!(detail.contains("application/json, application/x-ndjson, text/csv"), "{detail}");
        assert_eq!(of_rows.header("vary"), Some("Accept"));
        let detail = of_row.problem_for_caller(406, "not-acceptable")["detail"].to_string();
        assert!(detail.contains("application/json") && !detail.contains("csv"), "{detail}");
        assert_eq!(of_none.status, 204, "there is no body whose format could matter: {}", of_none.text);
        assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Marks").await, 0);
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_writes_answers_its_rows_in_each_format_once_they_are_committed() {
    let command = "INSERT INTO dbo.Marks (Mark) VALUES (7); INSERT INTO dbo.Marks (Mark) OUTPUT inserted.Mark VALUES (8), (9)";
    let desk = desk(Mode::of_this_run(), [rows("Write", json!({ "result": "rows" }), command)]).await;

    assert_eq!(ask(&desk, "/api/write", "text/csv").await.text, "Mark\r\n8\r\n9\r\n");
    assert_eq!(ask(&desk, "/api/write", "application/x-ndjson").await.text, "{\"Mark\":8}\n{\"Mark\":9}\n");

    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Marks").await, 6);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_an_output_or_a_key_answers_json_only() {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "route": "sent" },
        { "type": "http", "direction": "out", "name": "res" },
        { "type": "queue", "direction": "out", "name": "things", "queueName": "things" },
    ]);
    let sent = json!({ "result": "rows", "repeatable": true, "outputs": { "things": "body" } });
    let keyed = json!({ "result": "rows", "idempotencyKey": "header.idempotency-key" });
    let mark = "INSERT INTO dbo.Marks (Mark) OUTPUT inserted.Mark VALUES (1)";
    let functions = [FunctionFolder::on("Sent", &bindings, sent, ALL), rows("Keyed", keyed, mark)];
    let desk = desk(Mode::of_this_run(), functions).await;
    let with_key =
        async |accept| desk.get_with("/api/keyed", &[("accept", accept), ("idempotency-key", "one")]).await;

    ask(&desk, "/api/sent", "text/csv").await.problem_for_caller(406, "not-acceptable");
    let sent = ask(&desk, "/api/sent", "text/csv, */*;q=0.1").await;
    with_key("text/csv").await.problem_for_caller(406, "not-acceptable");
    let first = with_key("application/json").await;
    let again = with_key("text/csv, application/*;q=0.1").await;

    assert_eq!(sent.json(200).as_array().map(Vec::len), Some(4));
    assert_eq!(sent.header("vary"), None);
    assert_eq!((first.json(200), first.header("idempotency-replayed")), (json!([{ "Mark": 1 }]), None));
    assert_eq!(
        (again.json(200), again.header("idempotency-replayed")),
        (json!([{ "Mark": 1 }]), Some("true"))
    );
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Marks").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rows_there_is_a_header_line_no_line_or_what_the_definition_says() {
    let none = "SELECT Id, Name AS [a,b] FROM dbo.Things WHERE Id < 0";
    let sql = |extra: Json| {
        let mut sql = json!({ "result": "rows", "repeatable": true });
        sql.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        sql
    };
    for mode in [Mode::Enveloped, Mode::Proxying] {
        let functions = [
            rows("Plain", sql(json!({})), none),
            rows("Gone", sql(json!({ "whenEmpty": 404 })), none),
            rows("Quiet", sql(json!({ "whenEmpty": 204 })), none),
        ];
        let desk = desk(mode, functions).await;
        for (accept, text) in [("*/*", "[]"), ("application/x-ndjson", ""), ("text/csv", "Id,\"a,b\"\r\n")] {
            let plain = ask(&desk, "/api/plain", accept).await;
            let quiet = ask(&desk, "/api/quiet", accept).await;

            assert_eq!((plain.status, plain.text.as_str()), (200, text), "{mode:?} {accept}");
            assert_eq!((quiet.status, quiet.text.as_str()), (204, ""), "{mode:?} {accept}");
            ask(&desk, "/api/gone", accept).await.problem_for_caller(404, "not-found");
        }
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_a_problem_whatever_the_caller_accepts() {
    let by_id = "SELECT Id FROM dbo.Things WHERE Id = @id";
    let sql = json!({ "result": "rows", "parameters": { "@id": { "from": "query.id", "type": "int", "required": true } } });
    let functions = [
        rows("ById", sql, by_id),
        rows("Thrown", json!({ "result": "rows" }), "THROW 50409, 'the thing is taken', 1"),
        // Which columns these are is not in the text.
        rows("Twice", json!({ "result": "rows" }), "SELECT *, Id FROM dbo.Things"),
        rows("Silent", json!({ "result": "rows" }), "DECLARE @a int = 1; SET @a = 2"),
    ];
    let desk = desk(Mode::of_this_run(), functions).await;
    for accept in ["application/x-ndjson", "text/csv"] {
        ask(&desk, "/api/byid", accept).await.problem_for_caller(400, "invalid-parameters");
        let thrown = ask(&desk, "/api/thrown", accept).await;
        assert_eq!(thrown.status, 409, "{}", thrown.text);
        for (path, sentence) in
            [("/api/twice", "two columns are called `Id`"), ("/api/silent", "returned no result set")]
        {
            let problem = ask(&desk, path, accept).await.problem_for_caller(500, "results");
            assert!(problem["detail"].as_str().unwrap().contains(sentence), "{problem}");
        }
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_the_headers_of_its_get_and_no_body() {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get", "head"], "route": "things" },
        { "type": "http", "direction": "out", "name": "res" },
    ]);
    let things =
        FunctionFolder::on("Things", &bindings, json!({ "result": "rows", "repeatable": true }), ALL);
    let desk = desk(Mode::Proxying, [things]).await;

    let head = desk.request(Method::HEAD, "/api/things", None).await;

    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), Some("application/json; charset=utf-8"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentations_example_answers_what_stands_there() {
    let documentation = include_str!("../../docs/definitions.md");
    let (_, section) = documentation.split_once("\n## Formats\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let block = |text: &str, language: &str| {
        let (_, after) = text.split_once(&format!("```{language}\n")).unwrap();
        after.split_once("```").unwrap().0.to_owned()
    };
    let examples: Vec<(&str, &str)> =
        section.split("\n`Accept: ").skip(1).map(|part| part.split_once("`\n").unwrap()).collect();
    assert_eq!(examples.len(), 3);
    let mut definition: Json = serde_json::from_str(&block(section, "json")).unwrap();
    let command = definition["sql"].as_object_mut().unwrap().remove("commandText").unwrap();
    let function = FunctionFolder::on(
        "Places",
        &definition["bindings"],
        definition["sql"].clone(),
        command.as_str().unwrap(),
    );
    let desk = desk(Mode::of_this_run(), [function]).await;

    for (accept, example) in examples {
        let answer = ask(&desk, "/api/places", accept).await;

        let shown = answer.text.replace("\r\n", "\n");
        assert_eq!((answer.status, shown.trim_end()), (200, block(example, "text").trim_end()), "{accept}");
    }
    desk.finish().await;
}
