//! What is remembered of a timer's runs, so that a run missed while the host was down is noticed.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `ScheduleStatus` of a timer (`ScheduleStatus.cs` of the webjobs extensions). `None` in `last` = never, which the host
/// writes as `0001-01-01T00:00:00`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::functions) struct ScheduleStatus {
    pub(in crate::functions) last: Option<DateTime<Utc>>,
    pub(in crate::functions) next: DateTime<Utc>,
    pub(in crate::functions) last_updated: Option<DateTime<Utc>>,
}

impl ScheduleStatus {
    /// The object in the payload.
    pub(in crate::functions) fn to_json(&self) -> Value {
        json!({ "Last": date(self.last), "Next": date(Some(self.next)), "LastUpdated": date(self.last_updated) })
    }
}

/// A date as Newtonsoft.Json writes a local one on a machine in UTC; .NET's default date has no zone.
fn date(time: Option<DateTime<Utc>>) -> String {
    match time {
        None => "0001-01-01T00:00:00".to_owned(),
        // AutoSi leaves the fraction out when it is zero, as Newtonsoft.Json does.
        Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, false),
    }
}

/// Keeps statuses: in a folder, one file per function, or not at all (`FileSystemScheduleMonitor.cs` and
/// `StorageScheduleMonitor.cs` are the real ones).
#[derive(Clone, Debug, Default)]
pub(in crate::functions) struct StatusStore {
    folder: Option<PathBuf>,
}

impl StatusStore {
    pub(in crate::functions) fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned) }
    }

    /// The status that an earlier host left, if it can be read.
    pub(in crate::functions) fn load(&self, function: &str) -> Option<ScheduleStatus> {
        let text = std::fs::read(self.file(function)?).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Remembers a status.
    ///
    /// # Errors
    /// What the system said; the run itself isn't touched by it.
    pub(in crate::functions) fn save(&self, function: &str, status: &ScheduleStatus) -> std::io::Result<()> {
        let Some(file) = self.file(function) else {
            return Ok(());
        };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, serde_json::to_vec(status)?)
    }

    fn file(&self, function: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("{function}.timer-status.json")))
    }
}
