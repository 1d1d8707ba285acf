//! `azsql-worker check --live`: what the server says of every command before anybody calls it, and the columns that
//! `--write-schema` keeps.

use std::fs;

use serde_json::{Value as Json, json};

use crate::support::clinic::{Clinic, ClinicBuilder, Run, SID};
use crate::support::script_root::{self, FunctionFolder};

const CARDS: &str = "
CREATE TABLE dbo.Cards (Id int IDENTITY PRIMARY KEY, Code varchar(20) NOT NULL, Owner nvarchar(50) NULL);
";

fn cards() -> ClinicBuilder {
    Clinic::builder().seed(CARDS)
}

/// The function Card, whose section is `sql`.
fn card(sql: Json, command: &str) -> FunctionFolder {
    FunctionFolder::http("Card", "get", "card", sql, command)
}

async fn check(clinic: &Clinic, arguments: &[&str]) -> Run {
    clinic.run_command("check", arguments).await
}

/// A check of one function that fails, with these words.
async fn refused(sql: Json, command: &str, words: &[&str]) {
    let clinic = cards().function(card(sql, command)).open().await;
    let run = check(&clinic, &["--live"]).await;
    assert_eq!(run.code, Some(65), "{}{}", run.text, run.errors);
    for word in words {
        assert!(run.text.contains(word), "{word}: {}", run.text);
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_are_what_the_server_says_of_them() {
    let clinic = Clinic::open().await;
    fs::copy(script_root::sample_host_json(), clinic.functions().join("host.json")).unwrap();

    let run = check(&clinic, &["--live"]).await;

    assert_eq!(run.code, Some(0), "{}{}", run.text, run.errors);
    let functions =
        fs::read_dir(clinic.functions()).unwrap().filter(|it| it.as_ref().unwrap().path().is_dir());
    let all = functions.count();
    assert!(run.text.contains(&format!("the server described {all} of {all} commands")), "{}", run.text);
    assert!(run.text.contains("no mistakes"), "{}", run.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_column_is_found_with_the_servers_words_and_its_line() {
    let words = ["Card/function.json", "207, line 2 of the command", "Nickname"];
    refused(json!({ "result": "rows" }), "DECLARE @x int;\nSELECT Id, Nickname FROM dbo.Cards", &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_table_is_found() {
    refused(json!({ "result": "rows" }), "SELECT Id FROM dbo.Nowhere", &["208", "dbo.Nowhere"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_only_the_server_knows_are_held_against_the_form() {
    let star = "SELECT * FROM dbo.Cards AS a JOIN dbo.Cards AS b ON a.Id = b.Id";
    refused(json!({ "result": "rows" }), star, &["sql.result", "two columns are called `Id`"]).await;
    let value = "SELECT * FROM dbo.Cards";
    refused(json!({ "result": "value" }), value, &["sql.result", "returns 3 columns"]).await;
    let nothing = "UPDATE dbo.Cards SET Owner = NULL";
    refused(json!({ "result": "rows" }), nothing, &["returns no result set"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_makes_the_server_convert_the_column_is_warned_of() {
    let sql = json!({
        "result": "rows",
        "parameters": { "@code": { "from": "query.code", "type": "nvarchar(20)" } },
    });
    let command = "SELECT Id FROM dbo.Cards WHERE Code = @code";
    let clinic = cards().function(card(sql, command)).open().await;

    let run = check(&clinic, &["--live"]).await;

    assert_eq!(run.code, Some(0), "a warning: {}{}", run.text, run.errors);
    assert!(run.text.contains("sql.parameters.@code.type"), "{}", run.text);
    assert!(run.text.contains("declare `varchar(20)`"), "{}", run.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_found_before_a_caller_meets_it() {
    let clinic = cards()
        .sql(|options| options.admins = Some(Vec::new()))
        .seed(&format!("CREATE USER [func-shop] WITH SID = {SID}, TYPE = E;"))
        .function(card(json!({ "result": "rows" }), "SELECT Id FROM dbo.Cards"))
        .open()
        .await;

    let run = check(&clinic, &["--live"]).await;

    assert_eq!(run.code, Some(65), "{}{}", run.text, run.errors);
    assert!(run.text.contains("doctor --grant"), "{}", run.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_go_to_an_output_are_wanted_whatever_the_result_is() {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"], "route": "card" },
        { "type": "http", "direction": "out", "name": "res" },
        { "type": "queue", "direction": "out", "name": "changed", "queueName": "changed", "connection": "Store" },
    ]);
    let sql = json!({ "result": "rowsAffected", "outputs": { "changed": "rows" } });
    let update = "UPDATE dbo.Cards SET Owner = NULL OUTPUT INSERTED.Id";
    let clinic = cards().function(FunctionFolder::on("Card", &bindings, sql, update)).open().await;
    fs::copy(script_root::sample_host_json(), clinic.functions().join("host.json")).unwrap();

    let run = check(&clinic, &["--live"]).await;

    assert_eq!(run.code, Some(0), "{}{}", run.text, run.errors);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_command_runs() {
    let sql = json!({ "result": "row" });
    let command = "INSERT INTO dbo.Cards (Code) OUTPUT INSERTED.Id VALUES ('x')";
    let clinic = cards().function(card(sql, command)).open().await;

    let run = check(&clinic, &["--live"]).await;

    assert_eq!(run.code, Some(0), "{}{}", run.text, run.errors);
    assert_eq!(clinic.sql_client().await.number("SELECT COUNT(*) FROM dbo.Cards").await, 0);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_known_when_it_runs_is_said_to_be_so() {
    for command in [
        "DECLARE @text nvarchar(50) = N'SELECT 1 AS one'; EXEC sp_executesql @text",
        "CREATE TABLE #cards (Id int); SELECT Id FROM #cards",
    ] {
        let clinic = cards().function(card(json!({ "result": "rows" }), command)).open().await;

        let run = check(&clinic, &["--live"]).await;

        assert_eq!(run.code, Some(0), "{command}: {}{}", run.text, run.errors);
        assert!(run.text.contains("can't be looked at before it runs"), "{}", run.text);
        assert!(run.text.contains("described 0 of 1 commands"), "{}", run.text);
        clinic.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_not_be_asked_is_told_once_with_what_to_do() {
    let clinic = Clinic::builder().setting("AZSQL_RETRY_TRIES", "1").open().await;
    clinic.sql.faults().refuse_logins(40615);

    let run = check(&clinic, &["--live"]).await;

    assert_eq!(run.code, Some(65), "{}{}", run.text, run.errors);
    assert_eq!(run.text.matches("azsql-worker doctor").count(), 1, "{}", run.text);
    assert!(run.text.contains("AZURE_SQL_CONNECTIONSTRING"), "{}", run.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_stored_for_reviews_and_changes_are_found() {
    let command = "SELECT * FROM dbo.Cards";
    let clinic = cards().function(card(json!({ "result": "rows" }), command)).open().await;
    let file = clinic.functions().join("Card/schema.json");

    let run = check(&clinic, &["--live", "--write-schema"]).await;

    assert_eq!(run.code, Some(0), "{}{}", run.text, run.errors);
    assert!(run.text.contains("wrote Card/schema.json"), "{}", run.text);
    let stored: Json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let expected = json!([
        { "name": "Id", "type": "int", "nullable": false },
        { "name": "Code", "type": "varchar(20)", "nullable": false },
        { "name": "Owner", "type": "nvarchar(50)", "nullable": true },
    ]);
    assert_eq!(stored["columns"], expected);
    let again = check(&clinic, &["--live", "--write-schema"]).await;
    assert!(!again.text.contains("wrote"), "nothing has changed: {}", again.text);

    clinic.sql_client().await.run("ALTER TABLE dbo.Cards ADD Points int NULL").await;
    let changed = check(&clinic, &["--live"]).await;
    assert_eq!(changed.code, Some(65), "{}", changed.text);
    let told = "column `Points` (int NULL) is new";
    assert!(changed.text.contains(told), "{}", changed.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_a_command_that_has_changed_since_is_warned_of() {
    let function = |command| card(json!({ "result": "rows" }), command);
    let clinic = cards().function(function("SELECT Id FROM dbo.Cards")).open().await;
    check(&clinic, &["--live", "--write-schema"]).await;
    let before = check(&clinic, &[]).await;
    function("SELECT Code FROM dbo.Cards").write(clinic.functions());

    let after = check(&clinic, &[]).await;

    assert!(before.text.contains("no mistakes"), "{}", before.text);
    assert_eq!(after.code, Some(0), "a warning: {}", after.text);
    assert!(after.text.contains("Card/schema.json"), "{}", after.text);
    assert!(after.text.contains("is of another command"), "{}", after.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_description_is_a_mistake_whose_cure_works() {
    let clinic = cards().function(card(json!({ "result": "rows" }), "SELECT Id FROM dbo.Cards")).open().await;
    fs::write(clinic.functions().join("Card/schema.json"), "{ \"columns\": 5 }").unwrap();

    let run = check(&clinic, &[]).await;

    assert_eq!(run.code, Some(65), "{}", run.text);
    assert!(run.text.contains("Card/schema.json") && run.text.contains("--write-schema"), "{}", run.text);
    let mended = check(&clinic, &["--live", "--write-schema"]).await;
    assert_eq!(mended.code, Some(0), "{}", mended.text);
    clinic.close().await;
}
