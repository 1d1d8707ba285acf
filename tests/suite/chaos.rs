//! `dev --chaos`: faults by script, as docs/chaos.md has them. Its scripts are run as they stand there.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::dev_command::Dev;
use crate::support::Answer;
use crate::support::sql_client::{self, SqlClient};

/// The text of a script that docs/chaos.md shows under this name, in a file.
fn documented(name: &str, folder: &Path) -> PathBuf {
    let text = include_str!("../../docs/chaos.md");
    let (_, after) = text.split_once(&format!("`faults/{name}`\n\n```json\n")).unwrap();
    let (script, _) = after.split_once("```").unwrap();
    let file = folder.join(name);
    fs::write(&file, script).unwrap();
    file
}

async fn start(script: &Path) -> Dev {
    Dev::start(&[Path::new("--chaos"), script]).await
}

async fn report(dev: &Dev) -> Json {
    let line = dev.line_with("Faults:").await;
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_of_two_logins_is_not_seen_by_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    let dev = start(&documented("failover.json", folder.path())).await;

    let page = dev.get("/api/persons?limit=1").await.json(200);

    assert_eq!(page.as_array().map(Vec::len), Some(1));
    let rule = &report(&dev).await["rules"][0];
    assert_eq!((&rule["name"], &rule["met"], &rule["struck"]), (&json!("failover"), &json!(3), &json!(2)));
    dev.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recipe_runs_and_its_rules_are_met() {
    let folder = tempfile::tempdir().unwrap();
    // Which of the rules a page of rows meets.
    for (name, met) in [
        ("throttling.json", &[0, 1][..]),
        ("half-an-answer.json", &[0]),
        ("tokens.json", &[0, 1, 2]),
        ("weather.json", &[0, 1, 2, 3, 4]),
    ] {
        let dev = start(&documented(name, folder.path())).await;

        for _ in 0..3 {
            // An answer, a problem or an aborted body: which of them is the worker's own tests' to say.
            let _any = reqwest::get(format!("{}/api/persons?limit=3", dev.url())).await;
        }

        let report = report(&dev).await;
        for rule in met {
            assert!(report["rules"][rule]["met"].as_u64() > Some(0), "{name}: rule {rule}: {report:#}");
        }
        dev.interrupt().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_acknowledgement_that_is_lost_places_one_order_whatever_the_effect() {
    let folder = tempfile::tempdir().unwrap();
    let documented = documented("lost-commit.json", folder.path());
    let script = fs::read_to_string(&documented).unwrap();
    for (effect, is_replay) in [("done", true), ("none", false), ("late", true)] {
        // The repeat finds the late one at work.
        let late = if effect == "late" { r#", "lateBy": "1s""# } else { "" };
        let changed = script.replace(r#""effect": "done""#, &format!(r#""effect": "{effect}"{late}"#));
        assert_eq!(changed == script, effect == "done", "the recipe has another form: {script}");
        fs::write(&documented, changed).unwrap();
        let user = [Path::new("--sql-user"), Path::new(sql_client::USER)];
        let dev = Dev::start(&[Path::new("--chaos"), &documented, user[0], user[1]]).await;
        let place = async || {
            let request = reqwest::Client::new()
                .post(format!("{}/api/orders", dev.url()))
                .header("idempotency-key", "CANARY-1")
                .body(r#"{"customer": "CANARY", "amount": 12.5}"#);
            Answer::read(request.send().await.unwrap()).await
        };

        let first = place().await;
        let again = place().await;

        assert_eq!(first.json(201)["Customer"], "CANARY", "{effect}");
        assert_eq!(first.header("idempotency-replayed").is_some(), is_replay, "{effect}");
        assert_eq!(
            (again.header("idempotency-replayed"), &again.text),
            (Some("true"), &first.text),
            "{effect}"
        );
        let rule = &report(&dev).await["rules"][0];
        assert_eq!(rule["struck"], 1, "{effect}: {rule}");
        let endpoint = dev.line_with("SQL endpoint:").await;
        let port = endpoint.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next());
        let mut client = SqlClient::connect(port.unwrap().parse().unwrap(), "CANARY-PASSWORD").await;
        assert_eq!(client.number("SELECT COUNT(*) FROM dbo.PlacedOrders").await, 1, "{effect}");
        dev.interrupt().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_with_mistakes_is_told_with_its_line_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    fs::write(&file, "{ \"rules\": [\n  { \"at\": \"logn\", \"fault\": { \"error\": 40613 } }\n] }").unwrap();

    let told = Dev::refused(&[Path::new("--chaos"), &file], "rules[0].at").await;

    let expected =
        "faults.json has mistakes: line 2: rules[0].at: is not a known word; did you mean \"login\"?";
    assert!(told.ends_with(expected), "{told}");
}
