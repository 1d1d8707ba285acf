//! The doctor: what is wrong between the worker and its database, and the script that gives it its rights.
//!
//! [`Doctor::run`] goes the way of an invocation's connection in single steps, each with its own bound, and reports
//! each with what to do. A step that fails has those that need it skipped; the others go on.

mod apply;
mod built_in;
mod examination;
pub mod grant;
mod identity;
mod network;
mod questions;
mod report;
mod sql_errors;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use built_in::BuiltInDoctor;
pub use report::{Finding, Report, Status, Step, StepName};
pub(crate) use report::{is_unprintable, printable};

use crate::database::{ConnectionSettingError, ParsedConnection, connection_of_setting};
use crate::functions::{Catalogue, Function};
use crate::identity::IdentityEnvironment;
use crate::settings::{Lookup, SettingError, WorkerSettings, max_pool_size, trusted_authorities};
use examination::Examination;
use grant::GrantScript;

/// The app setting that functions use unless they name another.
const DEFAULT_SETTING: &str = "AZURE_SQL_CONNECTIONSTRING";

/// A connection to look at, and the functions that use it.
#[derive(Clone, Debug)]
struct Connection {
    setting: Arc<str>,
    functions: Vec<Function>,
    parsed: Result<ParsedConnection, ConnectionSettingError>,
}

/// What all connections share.
#[derive(Clone, Debug)]
struct Circumstances {
    environment: IdentityEnvironment,
    trusted_authorities: Option<Arc<[u8]>>,
    /// `AZSQL_POOL_MAX_SIZE`
    pool_size: usize,
    /// How many instances the platform may start, where it says so.
    max_instances: Option<usize>,
}

/// See the module. It holds what it needs: the environment is read once, when it is made.
#[derive(Clone, Debug)]
pub struct Doctor {
    setting_errors: Vec<SettingError>,
    invalid_functions: Vec<String>,
    connections: Vec<Connection>,
    circumstances: Circumstances,
    limit: Duration,
}

impl Doctor {
    /// A doctor for the connections of `functions`; for those of `only`, when it names any. A run takes `limit` at the most.
    #[must_use]
    pub fn new(functions: &Catalogue, lookup: Lookup<'_>, only: &[String], limit: Duration) -> Self {
        let setting_errors = WorkerSettings::read(lookup).err().unwrap_or_default();
        // One wrong setting must not keep the rest from being looked at.
        let authorities = trusted_authorities(lookup, &mut Vec::new());
        let environment = IdentityEnvironment::read(lookup, authorities.clone());
        let mut users: BTreeMap<Arc<str>, Vec<Function>> = BTreeMap::new();
        for setting in only {
            users.entry(setting.as_str().into()).or_default();
        }
        for function in functions.valid() {
            let Some(plan) = function.plan() else { continue };
            let setting = plan.connection_setting();
            if only.is_empty() || users.contains_key(setting) {
                users.entry(Arc::clone(setting)).or_default().push(function.clone());
            }
        }
        if users.is_empty() {
            users.insert(DEFAULT_SETTING.into(), Vec::new());
        }
        let connection = |(setting, functions): (Arc<str>, Vec<Function>)| {
            let parsed = connection_of_setting(&setting, lookup, &environment);
            Connection { setting, functions, parsed }
        };
        let connections = users.into_iter().map(connection).collect();
        // Microsoft's app settings reference for Azure Functions.
        let max_instances = lookup("WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT");
        Self {
            setting_errors,
            invalid_functions: functions.invalid().map(|(name, _)| name.to_owned()).collect(),
            connections,
            circumstances: Circumstances {
                environment,
                trusted_authorities: authorities,
                pool_size: max_pool_size(lookup),
                max_instances: max_instances.and_then(|text| text.trim().parse().ok()),
            },
            limit,
        }
    }

    /// Takes all steps, one after the other, and tells `on_step` each as it ends.
    pub async fn run(&self, on_step: &mut (dyn FnMut(&Step) + Send)) -> Report {
        let deadline = self.deadline();
        let mut recorder = Recorder { report: Report::default(), on_step };
        recorder.record(None, StepName::Settings, Instant::now(), self.worker_settings());
        for connection in &self.connections {
            let circumstances = &self.circumstances;
            Examination { connection, circumstances, deadline }.run(&mut recorder).await;
        }
        recorder.report
    }

    /// Runs the statements of a script, each connection's own, with the login that its setting gives: the steps up to the
    /// login, then one for each statement.
    ///
    /// `script` makes the script for the setting of this name.
    pub async fn apply(
        &self,
        script: &(dyn Fn(&str) -> GrantScript + Sync),
        on_step: &mut (dyn FnMut(&Step) + Send),
    ) -> Report {
        let deadline = self.deadline();
        let mut recorder = Recorder { report: Report::default(), on_step };
        for connection in &self.connections {
            let examination = Examination { connection, circumstances: &self.circumstances, deadline };
            apply::apply(&examination, &script(&connection.setting), &mut recorder).await;
        }
        recorder.report
    }

    /// The app settings of the connections, in their order.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.connections.iter().map(|connection| &*connection.setting)
    }

    fn deadline(&self) -> Instant {
        // A limit beyond the clock's end is no limit; a day is more than anybody waits.
        let now = Instant::now();
        now.checked_add(self.limit).unwrap_or(now + Duration::from_secs(24 * 3600))
    }

    /// The same with a shorter limit.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self { limit: self.limit.min(limit), ..self.clone() }
    }

    fn worker_settings(&self) -> Finding {
        let sentences: Vec<_> = self.setting_errors.iter().map(ToString::to_string).collect();
        let invalid = &self.invalid_functions;
        if !sentences.is_empty() {
            let cure = "mend them in the app settings; the worker answers nothing but this until then";
            return Finding::fail(sentences.join("; "), cure).with("wrong", sentences);
        }
        if !invalid.is_empty() {
            let summary =
                format!("these functions have mistakes and are not looked at: {}", invalid.join(", "));
            return Finding::warn(summary, "run `azsql-worker check`")
                .with("invalidFunctions", invalid.clone());
        }
        Finding::ok("the worker's settings are right")
    }
}

/// Keeps steps and tells them.
struct Recorder<'a> {
    report: Report,
    on_step: &'a mut (dyn FnMut(&Step) + Send),
}

impl Recorder<'_> {
    fn record(&mut self, connection: Option<&Arc<str>>, name: StepName, begun: Instant, finding: Finding) {
        let step = Step { connection: connection.cloned(), name, time: begun.elapsed(), finding };
        (self.on_step)(&step);
        self.report.steps.push(step);
    }
}
