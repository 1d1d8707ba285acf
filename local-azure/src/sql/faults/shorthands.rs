//! The commonest faults in one call each.

use super::{Fault, Faults, LoginFault, RequestFault, RequestKind, Strike, Until, at_login, at_statement};
use crate::sql::reply::SqlError;

impl Faults {
    /// The next `times` logins fail with Azure's error `number`, whoever it is; the connection then ends.
    pub fn fail_logins(&self, number: i32, times: u32) {
        self.fail_logins_with(at_login(number), times);
    }

    /// The next `times` logins fail with `error`; the connection then ends, whatever the severity.
    pub fn fail_logins_with(&self, error: SqlError, times: u32) {
        self.arm(Fault::new(LoginFault::Fail(error)).times(times));
    }

    /// From now on every login that no other fault strikes fails with Azure's error `number`, until
    /// [`Faults::admit_logins`].
    pub fn refuse_logins(&self, number: i32) {
        self.refuse_logins_with(at_login(number));
    }

    /// From now on every login that no other fault strikes fails with `error`, until [`Faults::admit_logins`].
    pub fn refuse_logins_with(&self, error: SqlError) {
        self.lock().refusing = Some(error);
    }

    /// Ends what [`Faults::refuse_logins`] began.
    pub fn admit_logins(&self) {
        self.lock().refusing = None;
    }

    /// The next `times` logins succeed and are sent to another address, as Azure's gateway does (MS-TDS 2.2.7.9, routing).
    pub fn redirect_logins(&self, host: impl Into<String>, port: u16, times: u32) {
        self.arm(Fault::new(LoginFault::Redirect { host: host.into(), port }).times(times));
    }

    /// The next `times` batches and procedure calls fail with Azure's error `number` and do not run.
    /// From severity 20 the connection ends.
    pub fn fail_statements(&self, number: i32, times: u32) {
        self.fail_statements_with(at_statement(number), times);
    }

    /// The next `times` batches and procedure calls fail with `error` and do not run.
    pub fn fail_statements_with(&self, error: SqlError, times: u32) {
        self.arm(Fault::at(RequestKind::Statement, RequestFault::Fail(error)).times(times));
    }

    /// The next `times` batches and procedure calls hang before they run: until [`Faults::release_stalled`], an attention
    /// signal, or the end of the connection.
    pub fn stall_statements(&self, times: u32) {
        self.arm(Fault::at(RequestKind::Statement, RequestFault::Stall(Until::Released)).times(times));
    }

    /// How many batches and procedure calls a planned fault still waits for: when the number falls, one was hit.
    #[must_use]
    pub fn statement_faults_left(&self) -> u32 {
        let of_statements = |strike: &Strike| matches!(strike, Strike::Request(RequestKind::Statement, _));
        let pending = self.lock();
        let armed = pending.armed.iter().filter(|armed| of_statements(&armed.fault.strike));
        armed.filter_map(|armed| armed.left).fold(0, u32::saturating_add)
    }
}
