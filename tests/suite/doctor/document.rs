//! What is printed: lines for people, one document for scripts, exit codes; and which connections are looked at.

use std::collections::BTreeSet;

use local_azure::sql::faults::blocked_by_firewall;
use serde_json::{Value as Json, json};

use super::clinic::Clinic;
use crate::support::script_root::FunctionFolder;

const STEPS: [&str; 15] = [
    "settings", "settings", "identity", "token", "dns", "tcp", "tls", "redirect", "login", "database",
    "user", "roles", "rights", "clock", "pool",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_every_step_in_order_with_the_same_keys() {
    let clinic = Clinic::open().await;

    let report = clinic.examine().await;

    let steps = report.json["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(names, STEPS);
    for step in steps {
        let keys: Vec<_> = step.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["connection", "step", "status", "milliseconds", "summary", "details", "cure", "sqlError"]
        );
        assert!(["ok", "warn", "fail", "skip"].contains(&step["status"].as_str().unwrap()), "{step:#}");
        assert!(step["milliseconds"].is_u64() && step["details"].is_object(), "{step:#}");
        let has_cure = !step["cure"].is_null();
        assert_eq!(has_cure, ["warn", "fail"].contains(&step["status"].as_str().unwrap()), "{step:#}");
    }
    assert!(steps[0]["connection"].is_null());
    assert!(steps[1..].iter().all(|step| step["connection"] == "AZURE_SQL_CONNECTIONSTRING"));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_a_line_a_step_without_colours_in_a_pipe() {
    let clinic = Clinic::builder().without_setting("AZSQL_TRUST_CA").open().await;

    let run = clinic.run(&[]).await;

    assert_eq!((run.code, run.errors.as_str()), (Some(69), ""));
    assert!(!run.text.contains('\u{1b}'), "{}", run.text);
    let lines: Vec<_> = run.text.lines().collect();
    let line = |begin: &str| lines.iter().any(|line| line.starts_with(begin));
    assert!(line("AZURE_SQL_CONNECTIONSTRING"), "{}", run.text);
    assert!(line("  ok   tcp "), "{}", run.text);
    assert!(line("  FAIL tls "), "{}", run.text);
    assert!(line("  skip login "), "{}", run.text);
    assert!(
        lines.iter().any(|line| line.trim_start().starts_with("-> ") && line.contains("AZSQL_TRUST_CA")),
        "{}",
        run.text
    );
    assert_eq!(lines.last().copied(), Some("1 failed, 8 skipped"));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_that_functions_use_is_looked_at_or_those_that_are_named() {
    let on = |name: &str, setting: &str| {
        let sql = json!({ "result": "value", "connectionStringSetting": setting });
        FunctionFolder::http(name, "get", name, sql, "SELECT 1 AS one")
    };
    let clinic = Clinic::builder().function(on("One", "FIRST")).function(on("Two", "SECOND")).open().await;
    let connections = |document: &Json| -> BTreeSet<String> {
        let steps = document["steps"].as_array().unwrap();
        steps.iter().filter_map(|step| step["connection"].as_str().map(str::to_owned)).collect()
    };

    let all = clinic.examine().await;
    let one = clinic.examine_with(&["--setting", "SECOND"]).await;
    let unused = clinic.examine_with(&["--setting", "AZURE_SQL_CONNECTIONSTRING"]).await;

    assert_eq!(connections(&all.json), ["FIRST", "SECOND"].map(str::to_owned).into());
    assert_eq!(connections(&one.json), ["SECOND".to_owned()].into());
    assert_eq!((one.code, unused.code), (Some(69), Some(0)));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_option_and_a_missing_folder_have_codes_of_their_own() {
    let clinic = Clinic::open().await;
    assert_eq!(clinic.run(&["--nonsense"]).await.code, Some(64));
    assert_eq!(clinic.run(&["--functions", "/nowhere"]).await.code, Some(64), "an option twice");
    assert_eq!(clinic.run(&["--grant"]).await.code, Some(64), "no --identity");
    clinic.close().await;
}

/// docs/doctor.md.
fn docs() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md")).unwrap()
}

/// The blocks of this language in docs/doctor.md.
fn blocks(language: &str) -> Vec<String> {
    let (docs, begin) = (docs(), format!("```{language}\n"));
    let parts = docs.split(&begin).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_docs_show_every_step_in_its_order_as_it_is_printed() {
    let sample = blocks("console").remove(0);
    let shown: Vec<_> = sample
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| ["ok  ", "warn", "FAIL", "skip"].iter().any(|word| line.starts_with(word)))
        .map(|line| line[4..].trim().split(' ').next().unwrap())
        .collect();
    assert_eq!(shown, STEPS);
    let docs = docs();
    for step in STEPS {
        assert!(docs.contains(&format!("\n| `{step}` |")), "the table lacks {step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_docs_sample_has_the_form_of_what_is_printed() {
    let clinic = Clinic::open().await;
    clinic.sql.faults().refuse_logins_with(blocked_by_firewall("shop", "203.0.113.24"));

    let run = clinic.run(&[]).await;

    // Without times, names and ids, a line is the same.
    let form = |text: &str| -> Vec<String> {
        let is_step = |line: &&str| line.starts_with("  ") && !line.starts_with("        ");
        let lines = text.lines().filter(is_step);
        lines.map(|line| line[..16].trim_end().to_owned()).collect()
    };
    assert_eq!(form(&run.text), form(&blocks("console")[0]));
    let begin = "  FAIL login ";
    let failed = |text: &str| {
        let line = text.lines().find(|line| line.starts_with(begin)).unwrap().to_owned();
        line.split_once(" ms  ").unwrap().1.to_owned()
    };
    assert_eq!(failed(&run.text), failed(&blocks("console")[0]));
    assert_eq!(run.text.lines().last(), blocks("console")[0].lines().last());
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_docs_document_and_function_are_real() {
    let blocks = blocks("json");
    let document: Json = serde_json::from_str(&blocks[0]).unwrap();
    let clinic = Clinic::builder().function(FunctionFolder::raw("Doctor", &blocks[1])).open().await;
    clinic.sql.faults().refuse_logins_with(blocked_by_firewall("shop", "203.0.113.24"));

    let report = clinic.examine().await;

    let keys = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&report.json), keys(&document));
    let (login, shown) = (report.step("login"), &document["steps"][0]);
    assert_eq!(keys(login), keys(shown));
    for key in ["connection", "status", "summary", "details", "sqlError"] {
        assert_eq!(login[key], shown[key]);
    }
    assert_eq!(report.json["steps"][0]["status"], "ok", "the function's definition is valid");
    clinic.close().await;
}
