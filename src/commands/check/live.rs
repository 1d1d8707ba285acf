//! `check --live`: has the server describe every command and holds that against the definitions. Nothing of them runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::inspection::ENVIRONMENT;
use crate::database::{
    ConnectionSettings, Database, DescribedColumn, Failure, Tasks, connection_of_setting, is_undeducible,
    is_undescribable,
};
use crate::functions::description::{FILE, Finding, StoredDescription, column_findings, parameter_findings};
use crate::functions::{Catalogue, Plan};
use crate::identity::IdentityEnvironment;
use crate::invocation::{Invocation, JsonPlaces, Mistake, Severity};
use crate::settings::{Lookup, WorkerSettings};

/// How long the server may take for one command: a serverless database that resumes takes a minute.
const LIMIT: Duration = Duration::from_secs(120);

/// SQL error 229: the login lacks a right on an object; 230 and 262 say so of columns and statements.
const NO_RIGHT: [u32; 3] = [229, 230, 262];

/// What a look at the server gave.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) mistakes: Vec<Mistake>,
    /// The files that were written.
    pub(super) written: Vec<String>,
    /// How many commands the server described.
    pub(super) described: usize,
    /// How many there are.
    pub(super) commands: usize,
}

/// Asks the server about every function of the catalogue that can be called.
///
/// # Errors
/// A sentence when there is nothing to ask with: settings that are wrong, no threads.
pub(super) fn look(
    script_root: &Path,
    catalogue: &Catalogue,
    lookup: Lookup<'_>,
    writes: bool,
) -> Result<Looked, String> {
    let settings = WorkerSettings::read(lookup).map_err(|errors| {
        let sentences: Vec<_> = errors.iter().map(ToString::to_string).collect();
        sentences.join("; ")
    })?;
    let identity = settings.database.identity.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the server can't be asked ({})", error.kind()))?;
    runtime.block_on(async {
        let tasks = Tasks::on_current_runtime()
            .map_err(|error| format!("the server can't be asked ({})", error.kind()))?;
        let live = Live { database: Database::new(settings.database, tasks), script_root, writes };
        live.look_at_all(catalogue, lookup, &identity).await
    })
}

struct Live<'a> {
    database: Database,
    script_root: &'a Path,
    writes: bool,
}

impl Live<'_> {
    async fn look_at_all(
        &self,
        catalogue: &Catalogue,
        lookup: Lookup<'_>,
        identity: &IdentityEnvironment,
    ) -> Result<Looked, String> {
        let mut looked = Looked::default();
        let mut connections: BTreeMap<Arc<str>, Option<ConnectionSettings>> = BTreeMap::new();
        let mut unreachable: BTreeSet<Arc<str>> = BTreeSet::new();
        for (name, plan) in catalogue.valid().filter_map(|function| Some((&function.name, function.plan()?)))
        {
            looked.commands += 1;
            let setting = plan.connection_setting();
            if unreachable.contains(setting) {
                continue;
            }
            let connection = connections.entry(Arc::clone(setting)).or_insert_with(|| {
                match connection_of_setting(setting, lookup, identity) {
                    Ok(parsed) => Some(parsed.settings),
                    Err(error) => {
                        looked.mistakes.push(of_connection(setting, error.to_string()));
                        None
                    }
                }
            });
            let Some(connection) = connection else { continue };
            match self.look_at(name, plan, connection, &mut looked).await {
                Ok(()) => {}
                // The next function would wait for the same server as long.
                Err(failure) => {
                    unreachable.insert(Arc::clone(setting));
                    let message = format!("the server can't be asked: {failure}; run `azsql-worker doctor`");
                    looked.mistakes.push(of_connection(setting, message));
                }
            }
        }
        Ok(looked)
    }

    /// Looks at one function. An error is one of the connection, not of the command.
    async fn look_at(
        &self,
        name: &Arc<str>,
        plan: &Plan,
        connection: &ConnectionSettings,
        looked: &mut Looked,
    ) -> Result<(), Failure> {
        let setting = plan.connection_setting();
        let (text, declarations) = (plan.described_text(), plan.declarations());
        let invocation = || Invocation::new("check", Arc::clone(name), LIMIT);
        let described =
            self.database.describe_results(invocation(), setting, connection, text, declarations).await;
        let mut findings = Vec::new();
        match described {
            Ok(columns) => {
                looked.described += 1;
                findings.extend(column_findings(plan, &columns));
                findings.extend(self.stored(name, plan, columns, looked));
            }
            Err(failure) => match of_failure(&failure) {
                Some(finding) => findings.push(finding),
                None => return Err(failure),
            },
        }
        let is_refused = findings.iter().any(|finding| finding.severity == Severity::Error);
        if !is_refused && plan.scalar_parameters().next().is_some() {
            match self.database.suggest_parameters(invocation(), setting, connection, text).await {
                Ok(suggested) => findings.extend(parameter_findings(plan, &suggested)),
                Err(failure) if is_undeducible(&failure) || of_failure(&failure).is_some() => {}
                Err(failure) => return Err(failure),
            }
        }
        looked.mistakes.extend(self.with_lines(name, findings));
        Ok(())
    }

    /// What the description that is stored says of another command or other columns; or writes it.
    fn stored(
        &self,
        name: &str,
        plan: &Plan,
        columns: Vec<DescribedColumn>,
        looked: &mut Looked,
    ) -> Vec<Finding> {
        let before = plan.description();
        if self.writes {
            let now = StoredDescription::new(plan, columns);
            if before == Some(&now) {
                return Vec::new();
            }
            let path = self.script_root.join(name).join(FILE);
            let text = now.write().map_err(std::io::Error::from);
            return match text.and_then(|text| fs::write(&path, text)) {
                Ok(()) => {
                    looked.written.push(format!("{name}/{FILE}"));
                    Vec::new()
                }
                Err(error) => {
                    let message = format!("can't be stored in {FILE} ({})", error.kind());
                    vec![Finding { key: "sql".to_owned(), message, severity: Severity::Error }]
                }
            };
        }
        let Some(before) = before else { return Vec::new() };
        let changes = before.changes(&columns);
        if changes.is_empty() {
            return Vec::new();
        }
        let message = format!(
            "has other results than {FILE} says: {}; mend the command or the table, or store the new columns with \
             --write-schema",
            changes.join("; ")
        );
        vec![Finding { key: "sql".to_owned(), message, severity: Severity::Error }]
    }

    fn with_lines(&self, name: &str, findings: Vec<Finding>) -> Vec<Mistake> {
        if findings.is_empty() {
            return Vec::new();
        }
        let file = format!("{name}/function.json");
        let text = fs::read_to_string(self.script_root.join(&file)).unwrap_or_default();
        let places = JsonPlaces::read(text.trim_start_matches('\u{feff}'));
        findings
            .into_iter()
            .map(|Finding { key, message, severity }| Mistake {
                file: file.clone(),
                line: places.line(&key),
                key,
                message,
                severity,
            })
            .collect()
    }
}

/// What the server says of the command itself; None when it is the connection's fault.
fn of_failure(failure: &Failure) -> Option<Finding> {
    let Failure::Fault(fault) = failure else { return None };
    let number = fault.number.filter(|_| fault.connection_usable)?;
    let said = fault.server_message.as_deref().unwrap_or(&fault.description);
    let key = "sql".to_owned();
    if is_undescribable(failure) {
        let message = format!(
            "can't be looked at before it runs, as with dynamic SQL and temp tables: the server says ({number}): {said}"
        );
        return Some(Finding { key, message, severity: Severity::Warning });
    }
    let place = fault.line.map(|line| format!(", line {line} of the command")).unwrap_or_default();
    let cure = if NO_RIGHT.contains(&number) {
        "; `azsql-worker doctor --grant` prints the script with the rights"
    } else {
        ""
    };
    let message = format!("is refused by the server ({number}{place}): {said}{cure}");
    Some(Finding { key, message, severity: Severity::Error })
}

fn of_connection(setting: &str, message: String) -> Mistake {
    Mistake {
        file: ENVIRONMENT.to_owned(),
        line: None,
        key: setting.to_owned(),
        message,
        severity: Severity::Error,
    }
}
