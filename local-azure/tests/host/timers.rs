//! Timer functions.

use serde_json::{Value, json};

use crate::app::{TestApp, eventually, logged};
use crate::fake_worker::Reply;

fn timer(app: &TestApp, keys: &Value, top: &Value) {
    let mut trigger = json!({ "type": "timerTrigger", "direction": "in", "name": "timer" });
    trigger.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    let mut function = json!({ "bindings": [trigger] });
    function.as_object_mut().unwrap().extend(top.as_object().unwrap().clone());
    app.function("Nightly", &function);
}

async fn runs(app: &TestApp, count: usize) -> Vec<Value> {
    eventually("the timer's runs", || Some(app.envelopes("Nightly")).filter(|runs| runs.len() >= count)).await
}

#[tokio::test]
async fn a_timer_fires_when_it_is_due_and_again() {
    let mut app = TestApp::new();
    app.settings.insert("WHEN".to_owned(), "* * * * * *".to_owned());
    timer(&app, &json!({ "schedule": "%WHEN%" }), &json!({}));
    let host = app.start().await;

    let runs = runs(&app, 2).await;

    // More often than once a minute: the host keeps no status.
    assert_eq!(
        runs[0]["Data"]["timer"],
        json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false })
    );
    assert_eq!(runs[0]["Metadata"]["sys"]["MethodName"], "Nightly");
    assert!(logged(&host, "Executing 'Functions.Nightly' (Reason='Timer fired at "));
    host.stop().await;
}

#[tokio::test]
async fn run_on_startup_fires_once_with_a_first_status() {
    let app = TestApp::new();
    timer(&app, &json!({ "schedule": "0 0 3 1 1 *", "runOnStartup": true }), &json!({}));
    let host = app.start().await;

    let run = runs(&app, 1).await.remove(0);

    let status = &run["Data"]["timer"]["ScheduleStatus"];
    assert_eq!(
        (&status["Last"], &status["LastUpdated"]),
        (&json!("0001-01-01T00:00:00"), &json!("0001-01-01T00:00:00"))
    );
    assert!(status["Next"].as_str().unwrap().ends_with("-01-01T03:00:00+00:00"), "{status}");
    assert_eq!(run["Data"]["timer"]["IsPastDue"], false);
    assert!(logged(&host, "UnscheduledInvocationReason: RunOnStartup"));
    host.stop().await;
}

#[tokio::test]
async fn a_run_missed_while_the_host_was_down_is_made_up_for_as_past_due() {
    let mut app = TestApp::new();
    app.status_folder = true;
    timer(&app, &json!({ "schedule": "0 0 3 1 1 *" }), &json!({}));
    app.write(
        "status/Nightly.timer-status.json",
        r#"{"last":"2025-01-01T03:00:00Z","next":"2026-01-01T03:00:00Z","last_updated":"2025-01-01T03:00:00Z"}"#,
    );
    let host = app.start().await;

    let run = runs(&app, 1).await.remove(0);

    assert_eq!(run["Data"]["timer"]["IsPastDue"], true);
    assert_eq!(
        run["Data"]["timer"]["ScheduleStatus"],
        json!({ "Last": "2025-01-01T03:00:00+00:00", "Next": "2026-01-01T03:00:00+00:00", "LastUpdated": "2025-01-01T03:00:00+00:00" })
    );
    eventually("the end of the run", || {
        logged(&host, "Executed 'Functions.Nightly' (Succeeded").then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn one_run_at_a_time() {
    let mut app = TestApp::new();
    timer(&app, &json!({ "schedule": "* * * * * *" }), &json!({}));
    app.replies("Nightly", [Reply { hang: true, ..Reply::default() }]);
    app.http_function("Clock", &json!({}));
    let host = app.start().await;
    runs(&app, 1).await;

    // Two more seconds pass, measured by the clock and not by a guess.
    let start = std::time::Instant::now();
    eventually("two seconds", || (start.elapsed().as_secs() >= 2).then_some(())).await;

    assert_eq!(app.seen("Nightly").len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_failed_run_is_repeated_by_the_retry_policy_with_its_context() {
    let mut app = TestApp::new();
    let retry =
        json!({ "retry": { "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.05" } });
    timer(&app, &json!({ "schedule": "0 0 3 1 1 *", "runOnStartup": true }), &retry);
    app.replies("Nightly", [Reply { status: 500, ..Reply::default() }]);
    let host = app.start().await;

    let runs = runs(&app, 3).await;

    let contexts: Vec<Option<&Value>> = runs.iter().map(|run| run["Metadata"].get("RetryContext")).collect();
    assert_eq!(
        contexts,
        [
            None,
            Some(&json!({ "RetryCount": 1, "MaxRetryCount": 2 })),
            Some(&json!({ "RetryCount": 2, "MaxRetryCount": 2 }))
        ]
    );
    let failures = || {
        host.logs()
            .iter()
            .filter(|line| line.text.starts_with("Executed 'Functions.Nightly' (Failed"))
            .count()
    };
    eventually("the last failure", || (failures() == 3).then_some(())).await;
    host.stop().await;
}

#[tokio::test]
async fn a_run_missed_before_the_first_one_is_noticed_and_a_changed_schedule_forgets_the_old_status() {
    let cases = [
        // The status of an earlier host's start, before any run.
        (r#"{"last":null,"next":"2026-01-01T03:00:00Z","last_updated":"2025-06-01T00:00:00Z"}"#, true),
        // Made for a schedule at 04:00.
        (
            r#"{"last":"2025-01-01T04:00:00Z","next":"2026-01-01T04:00:00Z","last_updated":"2025-01-01T04:00:00Z"}"#,
            false,
        ),
        ("not a status", false),
    ];
    for (stored, is_past_due) in cases {
        let mut app = TestApp::new();
        app.status_folder = true;
        timer(&app, &json!({ "schedule": "0 0 3 1 1 *", "runOnStartup": true }), &json!({}));
        app.write("status/Nightly.timer-status.json", stored);
        let host = app.start().await;
        assert_eq!(runs(&app, 1).await[0]["Data"]["timer"]["IsPastDue"], is_past_due, "{stored}");
        host.stop().await;
    }
}

#[tokio::test]
async fn the_status_survives_the_host() {
    let mut app = TestApp::new();
    app.status_folder = true;
    timer(&app, &json!({ "schedule": "0 0 3 1 1 *", "runOnStartup": true }), &json!({}));
    let first = app.start().await;
    runs(&app, 1).await;
    let stored = || {
        std::fs::read_to_string(app.root.path().join("status/Nightly.timer-status.json")).unwrap_or_default()
    };
    eventually("the status of the run", || stored().contains(r#""last":"2"#).then_some(())).await;
    first.stop().await;
    let host = app.start().await;

    let second = runs(&app, 2).await.remove(1);

    assert!(!second["Data"]["timer"]["ScheduleStatus"]["Last"].as_str().unwrap().starts_with("0001"));
    host.stop().await;
}
