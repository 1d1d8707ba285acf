//! Messages of queue-like triggers, posted through the host's admin address.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local_azure::functions::LogLevel;
use serde_json::{Value as Json, json};

use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

const SEED: &str = "CREATE TABLE dbo.Notes (
    Id int IDENTITY PRIMARY KEY, Message nvarchar(max), Part nvarchar(100), Number int, MetadataId varchar(40));";

/// A function on this trigger that writes what it takes into dbo.Notes.
fn note(name: &str, trigger: Json, parameters: &Json) -> FunctionFolder {
    let columns: Vec<&str> = parameters.as_object().unwrap().keys().map(|name| &name[1..]).collect();
    let values: Vec<String> = columns.iter().map(|name| format!("@{name}")).collect();
    let command = format!("INSERT INTO dbo.Notes ({}) VALUES ({})", columns.join(", "), values.join(", "));
    let mut binding = trigger;
    binding["name"] = "message".into();
    binding["direction"] = "in".into();
    let sql = json!({ "parameters": parameters, "result": "none" });
    FunctionFolder::on(name, &json!([binding]), sql, &command)
}

async fn notes(desk: &Desk, condition: &str) {
    let mut client = desk.sql_client().await;
    let query = format!("SELECT COUNT(*) FROM dbo.Notes WHERE {condition}");
    eventually(&format!("a note where {condition}"), async || {
        (client.number(&query).await == 1).then_some(())
    })
    .await;
}

/// Waits until the host says so often that the function's run ended in this way.
async fn runs(desk: &Desk, function: &str, how: &str, count: usize) {
    eventually(&format!("{count} runs of {function} that {how}"), async || {
        let ended = desk.function_lines(function).iter().filter(|line| line.contains(how)).count();
        (ended >= count).then_some(())
    })
    .await;
}

/// The worker's lines on stderr about a function: an error each, in the host's log.
async fn errors(desk: &Desk, function: &str, count: usize) -> Vec<String> {
    let begin = format!("azsql-worker: {function} failed");
    eventually("the line on stderr", async || {
        let lines: Vec<String> = desk
            .host()
            .logs()
            .into_iter()
            .filter(|line| line.level == LogLevel::Error && line.text.starts_with(&begin))
            .map(|line| line.text)
            .collect();
        (lines.len() >= count).then_some(lines)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_text_arrives_as_it_was_sent() {
    let parameters = json!({ "@Message": { "from": "message", "type": "nvarchar(max)" } });
    let desk = Desk::builder()
        .seed(SEED)
        .function(note("Note", json!({ "type": "queueTrigger", "queueName": "notes" }), &parameters))
        .start()
        .await;

    for (sent, wanted) in [
        ("CANARY hello", "N'CANARY hello'"),
        (r#"CANARY "quoted""#, r#"N'CANARY "quoted"'"#),
        (r#"{"CANARY": 1.10}"#, r#"N'{"CANARY": 1.10}'"#),
        ("12345", "N'12345'"),
    ] {
        desk.send("Note", sent).await;
        notes(&desk, &format!("Message = {wanted}")).await;
    }

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_and_the_whole_of_a_json_message_are_taken_whatever_the_service() {
    let parameters = json!({
        "@Message": { "from": "message", "type": "nvarchar(max)" },
        "@Part": { "from": "message.part.name", "type": "nvarchar(100)" },
        "@Number": { "from": "message.number", "type": "int" },
    });
    let kinds = ["queueTrigger", "serviceBusTrigger", "eventGridTrigger", "blobTrigger", "rabbitMQTrigger"];
    let mut builder = Desk::builder().seed(SEED);
    for kind in kinds {
        builder = builder.function(note(kind, json!({ "type": kind }), &parameters));
    }
    let desk = builder.start().await;

    for (number, kind) in kinds.into_iter().enumerate() {
        desk.send(kind, &json!({ "part": { "name": "CANARY" }, "number": number, "other": 1.5 }).to_string())
            .await;
        notes(&desk, &format!("Part = N'CANARY' AND Number = {number} AND Message LIKE N'%1.5%'")).await;
    }

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_array_for_openjson() {
    let batch = |name: &str, trigger: Json, retry: Json| {
        let mut binding = trigger;
        binding["name"] = "messages".into();
        binding["direction"] = "in".into();
        let sql = json!({
            "parameters": { "@messages": { "from": "message", "type": "nvarchar(max)" } },
            "result": "none",
        });
        let command = "INSERT INTO dbo.Notes (Message) VALUES (@messages)";
        FunctionFolder::on(name, &json!([binding]), sql, command).with("retry", retry)
    };
    let retry = json!({ "strategy": "fixedDelay", "maxRetryCount": 1, "delayInterval": "00:00:01" });
    let desk = Desk::builder()
        .seed(SEED)
        .function(batch("Hub", json!({ "type": "eventHubTrigger", "cardinality": "many" }), retry))
        .function(batch("Feed", json!({ "type": "cosmosDBTrigger" }), Json::Null))
        .function(batch("Changes", json!({ "type": "sqlTrigger" }), Json::Null))
        .start()
        .await;

    desk.send("Hub", r#"["{\"CANARY\": 1.10}", "CANARY"]"#).await;
    notes(&desk, r#"Message = N'[{"CANARY": 1.10},"CANARY"]'"#).await;
    desk.send("Feed", r#"[{"id":"CANARY","n":1.10}]"#).await;
    notes(&desk, r#"Message = N'[{"id":"CANARY","n":1.10}]'"#).await;
    desk.send("Changes", r#"[{"Operation":0,"Item":{"Id":"CANARY"}}]"#).await;
    notes(&desk, r#"Message = N'[{"Operation":0,"Item":{"Id":"CANARY"}}]'"#).await;

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cant_forge_the_hosts_metadata() {
    let parameters = json!({ "@MetadataId": { "from": "metadata.Id", "type": "varchar(40)" } });
    let desk = Desk::builder()
        .seed(SEED)
        .function(note("Note", json!({ "type": "queueTrigger" }), &parameters))
        .start()
        .await;

    desk.send("Note", r#"{"Id":"CANARY-forged"}"#).await;
    desk.send("Note", r#"{"iD":"CANARY-forged"}"#).await;

    runs(&desk, "Note", "(Failed", 2).await;
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Notes").await, 0);
    let lines = errors(&desk, "Note", 2).await;
    for line in lines {
        assert!(
            line.contains("invalid-parameters")
                && line.contains("@MetadataId (metadata.Id) can't be trusted"),
            "{line}"
        );
    }
    desk.finish().await;
}

/// Writes the number that it takes into a table that takes no number but these.
fn count(name: &str, trigger: &Json, from: &str) -> FunctionFolder {
    let sql = json!({ "parameters": { "@n": { "from": from, "type": "int" } }, "result": "none" });
    FunctionFolder::on(name, &json!([trigger]), sql, "INSERT INTO dbo.Counts (Number) VALUES (@n)")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_message_is_delivered_again_and_the_host_says_how_often() {
    let trigger = json!({ "type": "queueTrigger", "direction": "in", "name": "m", "queueName": "counts" });
    let desk = Desk::builder()
        .seed("CREATE TABLE dbo.Counts (Number int NOT NULL CHECK (Number >= 3));")
        .function(count("Count", &trigger, "metadata.DequeueCount"))
        .start()
        .await;

    desk.send("Count", "CANARY").await;

    runs(&desk, "Count", "(Succeeded", 1).await;
    runs(&desk, "Count", "(Failed", 2).await;
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Counts WHERE Number = 3").await, 1);
    assert!(desk.host().poison_messages().is_empty());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_fits_ends_among_the_poisoned() {
    let desk = Desk::start().await;

    desk.send("IngestOrder", "CANARY").await;

    let poisoned = eventually("the poisoned message", async || desk.host().poison_messages().pop()).await;
    assert_eq!((poisoned.queue.as_str(), poisoned.deliveries), ("orders-poison", 5));
    assert_eq!(poisoned.message, "CANARY");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_is_repeated_by_the_hosts_retry() {
    let trigger =
        json!({ "type": "eventHubTrigger", "direction": "in", "name": "m", "eventHubName": "counts" });
    let retry = json!({ "strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:00" });
    let desk = Desk::builder()
        .seed("CREATE TABLE dbo.Counts (Number int NOT NULL);")
        .function(count("Count", &trigger, "metadata.RetryContext.RetryCount").with("retry", retry))
        .start()
        .await;

    // No retry, so no number, which the table refuses.
    desk.send("Count", "CANARY").await;

    runs(&desk, "Count", "(Succeeded", 1).await;
    runs(&desk, "Count", "(Failed", 1).await;
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Counts WHERE Number = 1").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_does_not_fit_is_a_failed_run_with_the_reason_on_stderr() {
    let desk = Desk::start().await;

    desk.send("IngestOrder", r#"{"orderId":"CANARY-1","customer":"CANARY","amount":-1}"#).await;
    desk.send("IngestOrder", "CANARY is no JSON").await;
    desk.send("IngestOrder", "").await;

    // Each is delivered five times.
    runs(&desk, "IngestOrder", "(Failed", 15).await;
    let lines = errors(&desk, "IngestOrder", 15).await.join("\n");
    assert!(lines.contains("@amount (message.amount) must be at least 0"), "{lines}");
    assert!(
        lines.contains("invalid-message: The message is not valid JSON: see line 1, column 1."),
        "{lines}"
    );
    assert!(lines.contains("@orderId (message.orderId) is required"), "{lines}");
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.IncomingOrders").await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_taken_once_however_often_it_comes() {
    let desk = Desk::start().await;
    let order = |id: &str| json!({ "orderId": id, "customer": "CANARY Åse", "amount": 12.5 }).to_string();

    desk.send("IngestOrder", &order("CANARY-1")).await;
    desk.send("IngestOrder", &order("CANARY-1")).await;
    desk.send("IngestOrder", &order("CANARY-2")).await;

    runs(&desk, "IngestOrder", "(Succeeded", 3).await;
    let orders = "SELECT COUNT(*) FROM dbo.IncomingOrders WHERE Customer = N'CANARY Åse' AND Amount = 12.50";
    assert_eq!(desk.number(orders).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_the_database_and_of_a_throw_stay_off_stderr() {
    let thrown = FunctionFolder::on(
        "Refuse",
        &json!([{ "type": "queueTrigger", "direction": "in", "name": "message" }]),
        json!({ "result": "none", "parameters": { "@m": { "from": "message", "type": "nvarchar(100)" } } }),
        "THROW 50409, @m, 1",
    );
    let broken = FunctionFolder::timer(
        "Broken",
        "0 0 2 * * *",
        json!({ "result": "none" }),
        "INSERT INTO dbo.CANARYTable (A) VALUES (1)",
    );
    let desk = Desk::builder().function(thrown).function(broken).start().await;

    desk.send("Refuse", "CANARY").await;
    desk.run("Broken").await;

    let refused = errors(&desk, "Refuse", 1).await.remove(0);
    assert!(refused.contains("thrown: the command ended with a THROW"), "{refused}");
    let broken = errors(&desk, "Broken", 1).await.remove(0);
    assert!(
        broken.contains("database: The command names something that the database doesn't have"),
        "{broken}"
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_asks_for_the_words_of_the_database_gets_them_on_stderr() {
    let thrown = FunctionFolder::timer(
        "Refuse",
        "0 0 2 * * *",
        json!({ "result": "none" }),
        "THROW 50409, N'the month is closed', 1",
    );
    let desk = Desk::builder().setting("AZSQL_SHOW_DATABASE_ERRORS", "true").function(thrown).start().await;

    desk.run("Refuse").await;

    let line = errors(&desk, "Refuse", 1).await.remove(0);
    assert!(line.ends_with(": thrown: the month is closed"), "{line}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_found_fails_a_run_only_where_the_definition_says_so() {
    let look = |name: &str, sql: Json| {
        FunctionFolder::timer(name, "0 0 2 * * *", sql, "SELECT Id FROM dbo.Persons WHERE Id = -1")
    };
    let desk = Desk::builder()
        .function(look("Lenient", json!({ "result": "row" })))
        .function(look("Strict", json!({ "result": "row", "whenEmpty": 404 })))
        .start()
        .await;

    desk.run("Lenient").await;
    desk.run("Strict").await;

    runs(&desk, "Lenient", "(Succeeded", 1).await;
    runs(&desk, "Strict", "(Failed", 1).await;
    let line = errors(&desk, "Strict", 1).await.remove(0);
    assert!(line.contains("not-found: The command found nothing"), "{line}");
    let outcome = |event: &Json| event["duration_ms"].is_number() && event["function"] == "Strict";
    let outcomes = desk.events("its outcome in the log", 1, outcome).await;
    assert_eq!(outcomes[0]["message"], "the invocation failed", "{outcomes:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_of_bytes_arrives_byte_for_byte() {
    const BYTES: usize = 4 * 1024 * 1024;
    let trigger = json!([{ "type": "blobTrigger", "direction": "in", "name": "file", "dataType": "binary" }]);
    let sql = json!({
        "parameters": { "@content": { "from": "message", "type": "varbinary(max)" } },
        "result": "none",
    });
    let command = "INSERT INTO dbo.Files (Content) VALUES (@content)";
    let desk = Desk::builder()
        .seed("CREATE TABLE dbo.Files (Content varbinary(max) NOT NULL);")
        .function(FunctionFolder::on("File", &trigger, sql, command))
        .start()
        .await;

    let content: Vec<u8> = (0..=u8::MAX).cycle().take(BYTES).collect();
    let envelope = json!({ "Data": { "file": STANDARD.encode(&content) }, "Metadata": {} }).to_string();
    let answer = desk.post_to_worker("/File", envelope).await;

    assert_eq!(answer.status, 200, "{}", answer.text);
    let count = format!("SELECT COUNT(*) FROM dbo.Files WHERE DATALENGTH(Content) = {BYTES}");
    assert_eq!(desk.number(&count).await, 1);
    assert_eq!(
        desk.number("SELECT COUNT(*) FROM dbo.Files WHERE SUBSTRING(Content, 1022, 4) = 0xFDFEFF00").await,
        1
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_for_another_trigger_is_refused() {
    let desk = Desk::start().await;

    for (body, sentence) in [
        (r#"{"Data":{"timer":"CANARY"}}"#, "the invocation has no `Data.order`"),
        (r#"{"Data":{"order":"1","order":"CANARY"}}"#, "the invocation has `Data.order` twice"),
        (r#"{"Data":{"order":"1"},"Data":{"order":"CANARY"}}"#, "the invocation has `Data` twice"),
    ] {
        let answer = desk.post_to_worker("/IngestOrder", body).await;
        let problem = answer.problem(400, "invalid-envelope");
        assert!(problem["detail"].as_str().unwrap().starts_with(sentence), "{problem}");
    }

    desk.finish().await;
}
