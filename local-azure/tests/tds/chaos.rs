//! Scripts of faults against clients over sockets, and the control endpoint.

use std::time::Duration;

use local_azure::chaos::{Chaos, ChaosControl, Counts, OutageError, control};
use local_azure::identity::{self, IdentityOptions};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tiberius::error::Error;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::harness::{Fixture, SqlClient, connect, failure, number, options, until};

async fn running(script: &Json) -> (Fixture, Chaos) {
    let fixture = Fixture::start(options()).await;
    let chaos = Chaos::new(Some(fixture.server.faults().clone()), None);
    chaos.run(chaos.parse(&script.to_string()).unwrap());
    (fixture, chaos)
}

fn one(at: &str, fault: &Json) -> Json {
    json!({ "rules": [ { "at": at, "times": 1, "fault": fault } ] })
}

fn counts(chaos: &Chaos) -> Vec<Counts> {
    chaos.counted().into_iter().map(|(_, counts)| counts).collect()
}

async fn rows(client: &mut SqlClient, count: u32) -> tiberius::Result<usize> {
    let stream = client.simple_query(format!("rows {count}")).await?;
    Ok(stream.into_first_result().await?.len())
}

#[tokio::test]
async fn logins_fail_after_some_and_so_many_times_as_the_script_says() {
    let (fixture, chaos) = running(
        &json!({ "rules": [ { "at": "login", "after": 1, "times": 2, "fault": { "error": 40613 } } ] }),
    )
    .await;

    fixture.connect().await;
    for _ in 0..2 {
        assert_eq!(number(connect(fixture.config(), &fixture).await), 40613);
    }
    fixture.connect().await;

    assert_eq!(counts(&chaos), [Counts { met: 4, struck: 2 }]);
}

#[tokio::test]
async fn only_statements_with_the_text_in_them_fail() {
    let script = json!({ "rules": [
        { "at": "statement", "matching": "ROWS 2", "fault": { "error": 1205 } } ] });
    let (fixture, chaos) = running(&script).await;
    let mut client = fixture.connect().await;

    assert_eq!(rows(&mut client, 1).await.unwrap(), 1);
    assert_eq!(failure(&mut client, "rows 2").await.code(), 1205);

    assert_eq!(counts(&chaos), [Counts { met: 1, struck: 1 }]);
}

#[tokio::test]
async fn connections_are_cut_at_every_place_before_a_session() {
    for at in ["connect", "tls", "login"] {
        let (fixture, chaos) = running(&one(at, &json!({ "cut": "rst" }))).await;

        let cut = connect(fixture.config(), &fixture).await;

        assert!(matches!(cut, Err(Error::Io { .. } | Error::Tls(_))), "{at}: {:?}", cut.err());
        assert_eq!(counts(&chaos)[0].struck, 1, "{at}");
        fixture.connect().await;
    }
}

#[tokio::test]
async fn a_login_is_redirected_and_other_faults_of_logins_come_first() {
    let script = json!({ "rules": [
        { "at": "login", "times": 1, "fault": { "redirect": "other.example.net:11001" } },
        { "at": "login", "times": 1, "fault": { "error": 40613 } } ] });
    let (fixture, _chaos) = running(&script).await;

    assert_eq!(number(connect(fixture.config(), &fixture).await), 40613);
    let Err(Error::Routing { host, port }) = connect(fixture.config(), &fixture).await else {
        panic!("no redirect");
    };

    assert_eq!((host.as_str(), port), ("other.example.net", 11001));
}

#[tokio::test]
async fn a_reply_is_cut_in_its_middle_and_the_statement_has_run() {
    let (fixture, _chaos) = running(&json!({ "rules": [
        { "at": "reply", "matching": "rows", "fault": { "cut": "rst", "afterBytes": 500 } } ] }))
    .await;
    let mut client = fixture.connect().await;

    let outcome = rows(&mut client, 100).await;

    assert!(outcome.is_err(), "{outcome:?}");
}

#[tokio::test]
async fn a_reply_that_drips_arrives_whole() {
    let (fixture, chaos) = running(&one("reply", &json!({ "drip": 64 }))).await;
    let mut client = fixture.connect().await;

    assert_eq!(rows(&mut client, 10).await.unwrap(), 10);
    assert_eq!(counts(&chaos), [Counts { met: 1, struck: 1 }]);
}

#[tokio::test]
async fn a_lost_acknowledgement_of_a_commit_leaves_it_done_and_a_cut_before_it_does_not() {
    for (effect, is_done) in [("done", true), ("none", false)] {
        let (fixture, chaos) = running(&one("commit", &json!({ "cut": "rst", "effect": effect }))).await;
        let mut client = fixture.connect().await;
        client.begin_transaction().await.unwrap();

        assert!(client.commit_transaction().await.is_err(), "{effect}");

        fixture.until_noted("closed").await;
        assert_eq!(fixture.journal().iter().any(|line| line == "commit"), is_done, "{effect}");
        assert_eq!(counts(&chaos)[0].struck, 1);
    }
}

#[tokio::test]
async fn a_token_that_expires_ends_what_the_session_can_do_and_a_new_login_is_fine() {
    let script = one("statement", &json!("expireToken"));
    let (fixture, _chaos) = running(&script).await;
    let mut config = fixture.config();
    config.authentication(tiberius::AuthMethod::aad_token(crate::harness::TOKEN));
    let mut client = connect(config.clone(), &fixture).await.unwrap();

    assert_eq!(failure(&mut client, "rows 1").await.code(), 37396);
    assert_eq!(failure(&mut client, "rows 1").await.code(), 37396);

    let mut again = connect(config, &fixture).await.unwrap();
    assert_eq!(rows(&mut again, 1).await.unwrap(), 1);
}

#[tokio::test]
async fn what_hangs_for_ever_goes_on_when_the_script_ends() {
    let (fixture, chaos) = running(&one("statement", &json!({ "stall": "forever" }))).await;
    let mut client = fixture.connect().await;

    let query = tokio::spawn(async move { rows(&mut client, 1).await.unwrap() });
    until("the statement hangs", || counts(&chaos) == [Counts { met: 1, struck: 1 }]).await;
    assert!(!query.is_finished());
    chaos.end();

    assert_eq!(query.await.unwrap(), 1);
    assert!(chaos.counted().is_empty());
}

#[tokio::test]
async fn the_same_seed_strikes_the_same_logins_and_another_seed_strikes_others() {
    async fn struck(seed: u64) -> Vec<bool> {
        let script = json!({ "seed": seed, "rules": [
            { "at": "login", "probability": 0.5, "fault": { "error": 40501 } } ] });
        let (fixture, _chaos) = running(&script).await;
        let mut struck = Vec::new();
        for _ in 0..16 {
            struck.push(connect(fixture.config(), &fixture).await.is_err());
        }
        struck
    }

    let first = struck(42).await;

    assert_eq!(struck(42).await, first);
    assert_ne!(struck(43).await, first);
}

#[tokio::test]
async fn an_outage_refuses_connections_and_cuts_sessions_until_it_is_over() {
    let fixture = Fixture::start(options()).await;
    let chaos = Chaos::new(Some(fixture.server.faults().clone()), None);
    let mut client = fixture.connect().await;

    chaos.outage(Duration::from_secs(60)).await.unwrap();

    let refused = tokio::net::TcpStream::connect(fixture.server.address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(rows(&mut client, 1).await.is_err());
    chaos.end();
    reachable(&fixture).await;
}

/// Waits until a login succeeds.
async fn reachable(fixture: &Fixture) {
    for _ in 0..1_000 {
        if connect(fixture.config(), fixture).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the server did not come back");
}

#[tokio::test]
async fn an_outage_ends_by_itself() {
    let fixture = Fixture::start(options()).await;
    let chaos = Chaos::new(Some(fixture.server.faults().clone()), None);

    chaos.outage(Duration::from_millis(20)).await.unwrap();

    reachable(&fixture).await;
    assert_eq!(chaos.outage(Duration::ZERO).await, Err(OutageError::Length));
    assert_eq!(Chaos::new(None, None).outage(Duration::from_secs(1)).await, Err(OutageError::NoServer));
}

#[tokio::test]
async fn token_requests_go_wrong_by_script() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    let chaos = Chaos::new(None, Some(endpoint.faults().clone()));
    let script = json!({ "rules": [
        { "at": "token", "times": 1, "fault": { "status": 503 } },
        { "at": "token", "times": 1, "fault": { "throttle": "7s" } },
        { "at": "token", "times": 1, "fault": "expired" } ] });
    chaos.run(chaos.parse(&script.to_string()).unwrap());
    let ask = async || {
        let query = "api-version=2019-08-01&resource=https%3A%2F%2Fdatabase.windows.net";
        let request = plain().get(format!("{}?{query}", endpoint.url()));
        request.header("X-IDENTITY-HEADER", endpoint.secret()).send().await.unwrap()
    };
    let is_sound = async |answer: reqwest::Response| {
        let body: Json = answer.json().await.unwrap();
        endpoint.verifier().verify(body["access_token"].as_str().unwrap()).is_ok()
    };

    assert_eq!(ask().await.status(), 503);
    let throttled = ask().await;
    assert_eq!(
        (throttled.status().as_u16(), &throttled.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert!(!is_sound(ask().await).await);
    assert!(is_sound(ask().await).await);
    endpoint.stop().await;
}

fn plain() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

struct Controlled {
    fixture: Fixture,
    control: ChaosControl,
}

impl Controlled {
    async fn start() -> Self {
        let fixture = Fixture::start(options()).await;
        let chaos = Chaos::new(Some(fixture.server.faults().clone()), None);
        Self { control: control(chaos, 0).await.unwrap(), fixture }
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> (u16, Json) {
        let request = plain().request(method, format!("{}{path}", self.control.url()));
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }
}

#[tokio::test]
async fn the_control_endpoint_replaces_shows_and_ends_the_script() {
    let controlled = Controlled::start().await;
    let empty = json!({ "script": null, "rules": [], "outageSecondsLeft": null });
    let script = json!({ "seed": 1, "rules": [
        { "name": "failover", "at": "login", "times": 1, "fault": { "error": 40613 } } ] });

    assert_eq!(controlled.send(Method::GET, "", "").await, (200, empty.clone()));
    assert_eq!(controlled.send(Method::PUT, "", &script.to_string()).await.0, 200);
    assert_eq!(number(connect(controlled.fixture.config(), &controlled.fixture).await), 40613);
    controlled.fixture.connect().await;
    let (status, report) = controlled.send(Method::GET, "", "").await;
    assert_eq!((status, &report["script"]), (200, &script));
    assert_eq!(report["rules"], json!([{ "name": "failover", "at": "login", "met": 2, "struck": 1 }]));
    assert_eq!(controlled.send(Method::DELETE, "", "").await, (204, Json::Null));

    assert_eq!(controlled.send(Method::GET, "", "").await, (200, empty));
    controlled.control.stop().await;
}

#[tokio::test]
async fn a_script_with_mistakes_is_refused_and_the_one_that_runs_stays() {
    let controlled = Controlled::start().await;
    controlled.send(Method::PUT, "", &one("login", &json!({ "error": 40613 })).to_string()).await;

    let (status, told) =
        controlled.send(Method::PUT, "", r#"{ "rules": [ { "at": "logn", "fault": {} } ] }"#).await;

    assert_eq!((status, &told["mistakes"][0]["line"]), (400, &json!(1)));
    assert_eq!(told["mistakes"][0]["key"], "rules[0].at");
    assert_eq!(number(connect(controlled.fixture.config(), &controlled.fixture).await), 40613);
}

#[tokio::test]
async fn an_outage_is_begun_and_ended_over_http() {
    let controlled = Controlled::start().await;

    let (status, report) = controlled.send(Method::POST, "/outage", r#"{ "for": "60s" }"#).await;
    assert_eq!(status, 200);
    assert!(report["outageSecondsLeft"].as_u64().is_some_and(|left| (1..=60).contains(&left)), "{report}");
    assert!(tokio::net::TcpStream::connect(controlled.fixture.server.address()).await.is_err());
    assert_eq!(controlled.send(Method::DELETE, "", "").await.0, 204);

    reachable(&controlled.fixture).await;
    for body in ["", "{}", r#"{ "for": 60 }"#, r#"{ "for": "1s", "x": 1 }"#] {
        assert_eq!(controlled.send(Method::POST, "/outage", body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn pages_in_a_browser_may_not_control_faults() {
    let controlled = Controlled::start().await;
    for (method, path) in
        [(Method::PUT, ""), (Method::DELETE, ""), (Method::POST, "/outage"), (Method::GET, "")]
    {
        let request = plain().request(method, format!("{}{path}", controlled.control.url()));
        let answer = request.header("Origin", "https://example.net").send().await.unwrap();
        assert_eq!(answer.status(), 403);
    }
}

#[tokio::test]
async fn other_methods_and_other_paths_are_told_what_there_is() {
    let controlled = Controlled::start().await;
    assert_eq!(controlled.send(Method::POST, "", "").await.0, 405);
    assert_eq!(controlled.send(Method::GET, "/outage", "").await.0, 405);
    assert_eq!(controlled.send(Method::GET, "/other", "").await.0, 404);
}

#[tokio::test]
async fn the_program_runs_a_script_and_says_where_it_is_controlled() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    std::fs::write(&file, one("login", &json!({ "error": 40613 })).to_string()).unwrap();
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_local-azure"))
        .args(["sql", "--port", "0", "--control-port", "0", "--chaos"])
        .arg(&file)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let ready = lines.next_line().await.unwrap().unwrap();

    let url = ready.split_once(" control=").unwrap().1;
    let report: Json = plain().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(report["rules"], json!([{ "at": "login", "met": 0, "struck": 0 }]));
}

#[tokio::test]
async fn the_program_does_not_start_with_a_script_that_has_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    std::fs::write(&file, "{ \"rules\": [\n { \"at\": \"token\", \"fault\": \"expired\" } ] }").unwrap();

    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_local-azure"))
        .args(["sql", "--port", "0", "--chaos"])
        .arg(&file)
        .output()
        .await
        .unwrap();

    assert!(!ended.status.success());
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        told.contains("faults.json has mistakes: line 2: rules[0].at: \"token\" can't go wrong here"),
        "{told}"
    );
}
