//! Faults on demand: what Azure SQL does to its clients now and then, made to happen when a test wants it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::reply::SqlError;
use super::tds::authentication::{TOKEN_PRINCIPAL, login_failed, token_fingerprint};

/// The faults that a running server still has to make; each counts down as it happens. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pending: Arc<Mutex<Pending>>,
}

#[derive(Debug, Default)]
struct Pending {
    logins: VecDeque<(SqlError, u32)>,
    /// What all logins fail with until they are admitted again.
    refusing: Option<SqlError>,
    redirects: VecDeque<(String, u16, u32)>,
    statements: VecDeque<(PlannedFault, u32)>,
    /// Ends the stalls of now; replaced after each release.
    release: Arc<AtomicBool>,
    expired: Expired,
}

/// Which sessions have outlived their token. Moments are counted, not measured.
#[derive(Debug, Default)]
struct Expired {
    moment: u64,
    all_before: u64,
    by_token: HashMap<String, u64>,
}

/// When a session began, and with which token.
#[derive(Debug, Default)]
pub(crate) struct TokenLife {
    began: u64,
    token: Option<String>,
}

#[derive(Clone, Debug)]
enum PlannedFault {
    Fail(SqlError),
    Stall,
}

/// What happens to a statement instead of running it.
#[derive(Debug)]
pub(crate) enum StatementFault {
    Fail(SqlError),
    Stall(Stall),
}

/// A statement that hangs until it is released, cancelled, or its client leaves; released, it runs.
#[derive(Debug)]
pub(crate) struct Stall(Arc<AtomicBool>);

impl Stall {
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next `times` logins fail with Azure's error `number`, whoever it is; the connection then ends.
    pub fn fail_logins(&self, number: i32, times: u32) {
        self.fail_logins_with(at_login(number), times);
    }

    /// The next `times` logins fail with `error`; the connection then ends, whatever the severity.
    pub fn fail_logins_with(&self, error: SqlError, times: u32) {
        self.lock().logins.push_back((error, times));
    }

    /// From now on every login fails with Azure's error `number`, until [`Faults::admit_logins`].
    pub fn refuse_logins(&self, number: i32) {
        self.refuse_logins_with(at_login(number));
    }

    /// From now on every login fails with `error`, until [`Faults::admit_logins`].
    pub fn refuse_logins_with(&self, error: SqlError) {
        self.lock().refusing = Some(error);
    }

    /// Ends what [`Faults::refuse_logins`] began.
    pub fn admit_logins(&self) {
        self.lock().refusing = None;
    }

    /// The access tokens of all sessions that are open now expire: whatever such a session is asked from here on, it
    /// answers with 37396 and runs nothing. The connection stays; whether it does on Azure is not confirmed.
    pub fn expire_sessions(&self) {
        let mut pending = self.lock();
        let expired = &mut pending.expired;
        expired.moment = expired.moment.saturating_add(1);
        expired.all_before = expired.moment;
    }

    /// The same for the sessions that logged in with this token.
    pub fn expire_sessions_of(&self, token: &str) {
        let mut pending = self.lock();
        let expired = &mut pending.expired;
        expired.moment = expired.moment.saturating_add(1);
        let moment = expired.moment;
        expired.by_token.insert(token_fingerprint(token), moment);
    }

    pub(crate) fn begin_session(&self, token: Option<String>) -> TokenLife {
        TokenLife { began: self.lock().expired.moment, token }
    }

    pub(crate) fn is_over(&self, life: &TokenLife) -> bool {
        let pending = self.lock();
        let of_token = life.token.as_ref().and_then(|token| pending.expired.by_token.get(token)).copied();
        life.token.is_some() && life.began < pending.expired.all_before.max(of_token.unwrap_or_default())
    }

    /// The next `times` batches and procedure calls fail with Azure's error `number` and do not run.
    /// From severity 20 the connection ends.
    pub fn fail_statements(&self, number: i32, times: u32) {
        self.fail_statements_with(at_statement(number), times);
    }

    /// The next `times` batches and procedure calls fail with `error` and do not run.
    pub fn fail_statements_with(&self, error: SqlError, times: u32) {
        self.lock().statements.push_back((PlannedFault::Fail(error), times));
    }

    /// The next `times` batches and procedure calls hang before they run: until [`Faults::release_stalled`], an attention
    /// signal, or the end of the connection.
    pub fn stall_statements(&self, times: u32) {
        self.lock().statements.push_back((PlannedFault::Stall, times));
    }

    /// How many batches and procedure calls a planned fault still waits for: when the number falls, one was hit.
    #[must_use]
    pub fn statement_faults_left(&self) -> u32 {
        self.lock().statements.iter().fold(0, |sum, (_, times)| sum.saturating_add(*times))
    }

    /// Statements that hang run now.
    pub fn release_stalled(&self) {
        let mut pending = self.lock();
        std::mem::take(&mut pending.release).store(true, Ordering::SeqCst);
    }

    /// The next `times` logins succeed and are sent to another address, as Azure's gateway does (MS-TDS 2.2.7.9, routing).
    pub fn redirect_logins(&self, host: impl Into<String>, port: u16, times: u32) {
        self.lock().redirects.push_back((host.into(), port, times));
    }

    /// Forgets all faults that have not happened yet, and releases what hangs.
    pub fn clear(&self) {
        self.release_stalled();
        let mut pending = self.lock();
        pending.logins.clear();
        pending.refusing = None;
        pending.redirects.clear();
        pending.statements.clear();
    }

    pub(crate) fn next_login(&self) -> Option<SqlError> {
        let mut pending = self.lock();
        let next = count_down(&mut pending.logins, |(_, times)| times).map(|(error, _)| error);
        next.or_else(|| pending.refusing.clone())
    }

    pub(crate) fn next_redirect(&self) -> Option<(String, u16)> {
        count_down(&mut self.lock().redirects, |(_, _, times)| times).map(|(host, port, _)| (host, port))
    }

    pub(crate) fn next_statement(&self) -> Option<StatementFault> {
        let mut pending = self.lock();
        let (fault, _) = count_down(&mut pending.statements, |(_, times)| times)?;
        Some(match fault {
            PlannedFault::Fail(error) => StatementFault::Fail(error),
            PlannedFault::Stall => StatementFault::Stall(Stall(Arc::clone(&pending.release))),
        })
    }
}

/// The first fault of a queue that still has times left, with one taken off.
fn count_down<T: Clone>(queue: &mut VecDeque<T>, times: impl Fn(&mut T) -> &mut u32) -> Option<T> {
    while let Some(fault) = queue.front_mut() {
        let left = times(fault);
        if let Some(less) = left.checked_sub(1) {
            *left = less;
            return Some(fault.clone());
        }
        queue.pop_front();
    }
    None
}

/// A fault of Azure SQL as a login meets it.
#[must_use]
pub fn at_login(number: i32) -> SqlError {
    match number {
        4060 => unknown_database(DATABASE),
        18456 => login_failed(TOKEN_PRINCIPAL),
        40532 => unknown_server(SERVER),
        40615 => blocked_by_firewall(SERVER, "203.0.113.7"),
        // As seen on Azure: "Error Number:40613,State:1,Class:14".
        40613 => azure_error(number).with_class(14),
        _ => azure_error(number),
    }
}

/// The names that faults give to the database and its server unless they are told others.
const DATABASE: &str = "local";
const SERVER: &str = "local-azure";

/// 4060: there is no such database, or the login is no user of it.
#[must_use]
pub fn unknown_database(database: &str) -> SqlError {
    SqlError::new(
        4060,
        format!("Cannot open database \"{database}\" requested by the login. The login failed."),
    )
    .with_class(11)
}

/// 40532: the gateway knows no such server.
#[must_use]
pub fn unknown_server(server: &str) -> SqlError {
    SqlError::new(40532, format!("Cannot open server \"{server}\" requested by the login. The login failed."))
        .with_class(20)
}

/// 40615: the server's firewall has no rule for the client's address.
#[must_use]
pub fn blocked_by_firewall(server: &str, address: &str) -> SqlError {
    // As seen on Azure: "Error Number:40615,State:1,Class:14".
    SqlError::new(40615, format!("Cannot open server '{server}' requested by the login. Client with IP address '{address}' is not allowed to access the server. To enable access, use the Azure Management Portal or run sp_set_firewall_rule on the master database to create a firewall rule for this IP address or address range. It may take up to five minutes for this change to take effect."))
        .with_class(14)
}

/// A fault of Azure SQL as a statement meets it.
#[must_use]
pub fn at_statement(number: i32) -> SqlError {
    azure_error(number)
}

/// Text and severity of the errors in Azure SQL's list of transient faults; others get severity 16 and a text that says where they come from.
fn azure_error(number: i32) -> SqlError {
    let (class, text) = match number {
        1205 => (
            13,
            "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
        ),
        10928 => (
            16,
            "Resource ID: 1. The request limit for the database is 100 and has been reached. See 'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance.",
        ),
        10929 => (
            16,
            "Resource ID: 1. The minimum guarantee is 10, maximum limit is 100 and the current usage for the database is 100. However, the server is currently too busy to support requests greater than 10 for this database. Please try again later.",
        ),
        37396 => (14, "The access token of this session has expired. Log in again."),
        40197 => (
            20,
            "The service has encountered an error processing your request. Please try again. Error code 40143.",
        ),
        40501 => (
            17,
            "The service is currently busy. Retry the request after 10 seconds. Incident ID: 00000000-0000-0000-0000-000000000000. Code: 0.",
        ),
        40613 => (
            17,
            "Database 'local' on server 'local-azure' is not currently available. Please retry the connection later. If the problem persists, contact customer support, and provide them the session tracing ID of '00000000-0000-0000-0000-000000000000'.",
        ),
        49918 => (
            16,
            "Cannot process request. Not enough resources to process request. Please retry your request later.",
        ),
        49919 => (
            16,
            "Cannot process create or update request. Too many create or update operations in progress. Please retry your request later.",
        ),
        49920 => {
            (16, "Cannot process request. Too many operations in progress. Please retry your request later.")
        }
        _ => (16, "This error was asked for by fault injection."),
    };
    SqlError::new(number, text).with_class(class)
}
