//! The table of SQL error numbers and their classes.

use std::time::Duration;

use super::fault::{FaultClass, Stage};

/// The database is not available now, Azure SQL is reconfiguring or resuming it.
pub const DATABASE_NOT_AVAILABLE: u32 = 40613;
/// The service had an error while it processed the request.
pub const SERVICE_ERROR: u32 = 40197;
/// The service is busy; it asks for a wait of 10 seconds.
pub const SERVICE_BUSY: u32 = 40501;

/// "Login failed for user": the token or password was refused.
pub const LOGIN_FAILED: u32 = 18456;
/// The access token of this session has expired.
pub const SESSION_TOKEN_EXPIRED: u32 = 37396;

/// What error 40501's own text asks for: "Retry the request after 10 seconds".
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The numbers of the project's brief; the full table is to come and goes here.
pub(super) fn class_of_number(number: u32, fatal: bool, stage: Stage) -> FaultClass {
    match (number, stage) {
        (DATABASE_NOT_AVAILABLE | SERVICE_ERROR | SERVICE_BUSY, Stage::Opening) => FaultClass::Opening,
        // "The service is currently busy": the request was turned away before it ran.
        (SERVICE_BUSY, Stage::Running) => FaultClass::RolledBack,
        // A failover can hit after the effect: the number doesn't tell.
        (DATABASE_NOT_AVAILABLE | SERVICE_ERROR, Stage::Running) => FaultClass::Unknown,
        (_, Stage::Running) if fatal => FaultClass::Unknown,
        _ => FaultClass::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_at_login_is_an_opening_fault_and_after_the_statement_an_unknown_one() {
        for number in [DATABASE_NOT_AVAILABLE, SERVICE_ERROR] {
            assert_eq!(class_of_number(number, false, Stage::Opening), FaultClass::Opening);
            assert_eq!(class_of_number(number, true, Stage::Running), FaultClass::Unknown);
        }
        assert_eq!(class_of_number(SERVICE_BUSY, false, Stage::Running), FaultClass::RolledBack);
        assert_eq!(class_of_number(2627, false, Stage::Running), FaultClass::Permanent);
    }
}
