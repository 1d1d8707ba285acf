//! A script that runs: the stand-ins ask it at each event; it can be replaced and ended at any time.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value as Json;

use super::mistake::Mistakes;
use super::rules::{Counts, RunningScript};
use super::script::{Fault, LONGEST_WAIT, Place, Rule, Script};
use crate::identity::{IdentityFaults, TokenFaultSource, TokenRequestFault};
use crate::sql::faults::{FaultSource, Faults, Point, RequestFault, RequestKind, Strike, at_statement};

/// The number of the error that says that a session's token has expired.
const TOKEN_EXPIRED: i32 = 37_396;

/// The faults of running stand-ins, by script. Clones are the same. The last one to go ends the script.
#[derive(Clone, Debug)]
pub struct Chaos(Arc<Handle>);

struct Handle {
    script: Arc<ScriptSource>,
    sql: Option<Faults>,
    identity: Option<IdentityFaults>,
    outage: Mutex<Option<Outage>>,
}

/// Connections are refused until then.
struct Outage {
    until: Instant,
    task: tokio::task::JoinHandle<()>,
}

/// A script in a file can't be run.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file can't be read.
    #[error("the script of faults {} can't be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It has mistakes.
    #[error("the script of faults {} has mistakes: {}", file.display(), in_one_line(mistakes))]
    Mistakes {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        mistakes: Mistakes,
    },
}

/// What ends a program is told in one line.
fn in_one_line(mistakes: &Mistakes) -> String {
    mistakes.to_string().replace('\n', "; ")
}

/// An outage can't begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutageError {
    /// Only a local SQL endpoint can refuse connections.
    #[error("there is no local SQL endpoint here, so there is nothing to take away")]
    NoServer,
    /// It is longer than [`LONGEST_WAIT`], or no time at all.
    #[error("an outage lasts longer than nothing and an hour at most")]
    Length,
}

/// What runs and what it has done, as the control endpoint shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// The script as it was given; null when none runs.
    script: Option<Json>,
    /// Its rules with their counts.
    rules: Vec<RuleReport>,
    /// For how much longer connections are refused, rounded up; null when they aren't.
    outage_seconds_left: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
struct RuleReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    at: &'static str,
    met: u64,
    struck: u64,
}

impl Chaos {
    /// Takes over the faults of these stand-ins; nothing goes wrong before [`Chaos::run`].
    #[must_use]
    pub fn new(sql: Option<Faults>, identity: Option<IdentityFaults>) -> Self {
        let script = Arc::new(ScriptSource::default());
        if let Some(faults) = &sql {
            faults.ask(Some(Arc::clone(&script) as Arc<dyn FaultSource>));
        }
        if let Some(faults) = &identity {
            faults.ask(Some(Arc::clone(&script) as Arc<dyn TokenFaultSource>));
        }
        Self(Arc::new(Handle { script, sql, identity, outage: Mutex::default() }))
    }

    /// Reads a script for these stand-ins.
    ///
    /// # Errors
    /// Everything that is wrong with it, rules at places that aren't here included.
    pub fn parse(&self, text: &str) -> Result<Script, Mistakes> {
        let is_here = |place: &Place| match place {
            Place::Token => self.0.identity.is_some(),
            _ => self.0.sql.is_some(),
        };
        let places: Vec<Place> = Place::ALL.into_iter().filter(is_here).collect();
        Script::parse(text, &places)
    }

    /// Reads a script from a file and runs it.
    ///
    /// # Errors
    /// [`ScriptError`], which names the file.
    pub fn run_file(&self, file: &Path) -> Result<(), ScriptError> {
        let named = || file.to_path_buf();
        let text =
            std::fs::read_to_string(file).map_err(|source| ScriptError::Read { file: named(), source })?;
        let script =
            self.parse(&text).map_err(|mistakes| ScriptError::Mistakes { file: named(), mistakes })?;
        self.run(script);
        Ok(())
    }

    /// Runs a script, from the beginning, in place of the one that runs now.
    pub fn run(&self, script: Script) {
        *self.0.script.lock() = Some(RunningScript::new(script));
        self.0.release();
    }

    /// Ends the script and an outage; what hangs goes on.
    pub fn end(&self) {
        *self.0.script.lock() = None;
        self.0.end_outage();
        self.0.release();
    }

    /// The rules of the script that runs with their counts, in its order; empty when none runs.
    #[must_use]
    pub fn counted(&self) -> Vec<(Rule, Counts)> {
        let running = self.0.script.lock();
        running.iter().flat_map(RunningScript::counted).map(|(rule, counts)| (rule.clone(), counts)).collect()
    }

    /// For so long the SQL endpoint's port is closed, so that connections are refused, and those that ask for anything are
    /// cut. Returns when it is closed. In place of an outage that goes on.
    ///
    /// # Errors
    /// [`OutageError`]
    pub async fn outage(&self, length: Duration) -> Result<(), OutageError> {
        let faults = self.0.sql.clone().ok_or(OutageError::NoServer)?;
        let until =
            Instant::now().checked_add(length).filter(|_| !length.is_zero() && length <= LONGEST_WAIT);
        let until = until.ok_or(OutageError::Length)?;
        self.0.end_outage();
        faults.close_port().await;
        let script = Arc::clone(&self.0.script);
        script.set_down(true);
        let task = tokio::spawn(async move {
            tokio::time::sleep_until(until.into()).await;
            script.set_down(false);
            faults.open_port().await;
        });
        let previous = self.0.outage().replace(Outage { until, task });
        if let Some(previous) = previous {
            // Another began at the same time: this one is the later.
            previous.task.abort();
        }
        Ok(())
    }

    pub(super) fn report(&self) -> Report {
        let now = Instant::now();
        let left = self.0.outage().as_ref().map(|outage| outage.until.saturating_duration_since(now));
        let outage_seconds_left =
            left.filter(|left| !left.is_zero()).map(|left| left.as_secs().saturating_add(1));
        let running = self.0.script.lock();
        let rules = running.iter().flat_map(RunningScript::counted).map(|(rule, counts)| RuleReport {
            name: rule.name.clone(),
            at: rule.fault.place().word(),
            met: counts.met,
            struck: counts.struck,
        });
        Report {
            rules: rules.collect(),
            script: running.as_ref().map(|running| running.script().written().clone()),
            outage_seconds_left,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handle")
            .field("runs", &self.script.lock().is_some())
            .field("sql", &self.sql.is_some())
            .field("identity", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

impl Handle {
    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) {
        if let Some(faults) = &self.sql {
            faults.release_stalled();
        }
    }

    fn end_outage(&self) {
        if let Some(outage) = self.outage().take() {
            outage.task.abort();
            self.script.set_down(false);
            if let Some(faults) = &self.sql {
                faults.reopen_port();
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end_outage();
        if let Some(faults) = &self.sql {
            faults.ask(None);
            faults.release_stalled();
        }
        if let Some(faults) = &self.identity {
            faults.ask(None);
        }
    }
}

/// What the stand-ins ask.
#[derive(Default)]
struct ScriptSource {
    running: Mutex<Option<RunningScript>>,
    is_down: std::sync::atomic::AtomicBool,
}

impl ScriptSource {
    fn lock(&self) -> MutexGuard<'_, Option<RunningScript>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, std::sync::atomic::Ordering::SeqCst);
    }

    fn is_down(&self) -> bool {
        self.is_down.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn struck(&self, place: Place, text: Option<&str>, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        self.lock().as_mut()?.strike(place, text, fits)
    }
}

impl FaultSource for ScriptSource {
    fn strike(&self, faults: &Faults, point: Point, text: Option<&str>) -> Option<Strike> {
        use crate::sql::faults::{CutBy, LoginFault};

        let is_redirect = |fault: &Fault| matches!(fault, Fault::Login(LoginFault::Redirect { .. }));
        let place = match point {
            Point::Connection => Place::Connect,
            Point::Handshake => Place::Tls,
            Point::Login | Point::Redirect => Place::Login,
            Point::Request(_) if self.is_down() => {
                return Some(Strike::Request(kind_of(point)?, RequestFault::Cut(CutBy::Reset)));
            }
            Point::Request(RequestKind::Begin) => Place::Begin,
            Point::Request(RequestKind::Statement) => Place::Statement,
            Point::Request(RequestKind::Commit) => Place::Commit,
            Point::Request(RequestKind::Rollback) => Place::Rollback,
        };
        // A redirect waits until the login has succeeded.
        let struck = self.struck(place, text, |fault| is_redirect(fault) == (point == Point::Redirect));
        let struck = match kind_of(point) {
            Some(_) => struck.or_else(|| self.struck(Place::Reply, text, |_| true)),
            None => struck,
        };
        Some(match struck? {
            Fault::Connect(fault) => Strike::Connection(fault),
            Fault::Tls(fault) => Strike::Handshake(fault),
            Fault::Login(fault) => Strike::Login(fault),
            Fault::Request(kind, fault) => Strike::Request(kind, fault),
            Fault::Reply(fault) => Strike::Request(kind_of(point)?, RequestFault::Reply(fault)),
            Fault::ExpireToken => {
                faults.expire_sessions();
                Strike::Request(RequestKind::Statement, RequestFault::Fail(at_statement(TOKEN_EXPIRED)))
            }
            Fault::Token(_) => return None,
        })
    }
}

fn kind_of(point: Point) -> Option<RequestKind> {
    match point {
        Point::Request(kind) => Some(kind),
        Point::Connection | Point::Handshake | Point::Login | Point::Redirect => None,
    }
}

impl TokenFaultSource for ScriptSource {
    fn strike(&self) -> Option<TokenRequestFault> {
        match self.struck(Place::Token, None, |_| true)? {
            Fault::Token(fault) => Some(fault),
            _ => None,
        }
    }
}
