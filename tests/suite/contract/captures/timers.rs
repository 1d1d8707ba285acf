//! Captures of timers.

use serde_json::{Value as Json, json};

use super::Capture;

pub(super) fn captures() -> Vec<Capture> {
    let timer = |name: &str| json!({ "type": "timerTrigger", "direction": "in", "name": name, "schedule": "0 0 0 1 1 *" });
    vec![
        Capture::on(
            "timer-1",
            timer("inMsg"),
            vec![
                ("pastDue", "timer.isPastDue", "bit", json!(false)),
                ("summerTime", "timer.schedule.adjustForDST", "bit", json!(true)),
                ("next", "timer.scheduleStatus.next", "datetimeoffset(7)", Json::Null),
            ],
        ),
        Capture::on(
            "timer-2",
            timer("myTimer"),
            vec![
                ("pastDue", "timer.isPastDue", "bit", json!(false)),
                // Year 1 is how the host says never.
                ("last", "timer.scheduleStatus.last", "datetime2(0)", Json::Null),
                (
                    "next",
                    "timer.scheduleStatus.next",
                    "datetimeoffset(0)",
                    json!("2024-11-30T14:45:51+00:00"),
                ),
                (
                    "updated",
                    "timer.scheduleStatus.lastUpdated",
                    "datetime2(7)",
                    json!("2024-11-30T14:43:50.4038380"),
                ),
            ],
        ),
    ]
}
