//! What the host is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::log::LogSink;

/// A worker command that replaces `customHandler.description` of host.json.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program: a path, or a name to be found on the PATH.
    pub program: PathBuf,
    /// Its arguments, each passed as it is.
    pub arguments: Vec<String>,
}

/// Options of the Functions host.
#[derive(Clone)]
pub struct HostOptions {
    /// The folder with host.json; the functions are its sub-folders.
    pub script_root: PathBuf,
    /// Where host.json is if it isn't in the script root; a source tree may keep its functions in a folder of their own.
    pub host_json: Option<PathBuf>,
    /// The loopback port; 0 (the default) takes any free one. Core Tools uses 7071.
    pub port: u16,
    /// The worker to start instead of the one in host.json.
    pub worker: Option<WorkerCommand>,
    /// App settings, such as `Values` of local.settings.json. They win over the inherited environment, are `%NAME%` in
    /// definitions, and become the environment of the worker. Their values are never logged.
    pub settings: BTreeMap<String, String>,
    /// Whether this process's own environment counts as settings too, as it does for the real host. On by default.
    pub inherit_environment: bool,
    /// Where the schedule status of timers is kept, so that a run missed while the host was down is made up for with
    /// `IsPastDue`. `None` (the default) forgets it with the host.
    pub schedule_status_folder: Option<PathBuf>,
    /// Proxying mode: a request is given up when no byte has gone in either direction for so long. 240 s by default, as in
    /// the real host (`DefaultHttpProxyService.cs`).
    pub proxy_activity_timeout: Duration,
    /// Gets every log line. The newest are kept for [`super::FunctionsHost::logs`] in any case.
    pub log: Option<LogSink>,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            script_root: PathBuf::from("."),
            host_json: None,
            port: 0,
            worker: None,
            settings: BTreeMap::new(),
            inherit_environment: true,
            schedule_status_folder: None,
            proxy_activity_timeout: Duration::from_secs(240),
            log: None,
        }
    }
}

impl fmt::Debug for HostOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HostOptions")
            .field("script_root", &self.script_root)
            .field("host_json", &self.host_json)
            .field("port", &self.port)
            .field("worker", &self.worker)
            // Values may be secrets.
            .field("settings", &self.settings.keys().collect::<Vec<_>>())
            .field("inherit_environment", &self.inherit_environment)
            .field("schedule_status_folder", &self.schedule_status_folder)
            .field("proxy_activity_timeout", &self.proxy_activity_timeout)
            .finish_non_exhaustive()
    }
}
