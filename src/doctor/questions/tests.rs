//! When a clock and a pool are worth a word.

use super::*;
use crate::doctor::report::Status;

#[test]
fn a_clock_may_be_five_seconds_off_and_must_not_be_five_minutes_off() {
    for (ahead, status) in [
        (0, Status::Ok),
        (5_000, Status::Ok),
        (-5_001, Status::Warn),
        (300_000, Status::Warn),
        (300_001, Status::Fail),
        (-300_001, Status::Fail),
        (i64::MIN, Status::Fail),
    ] {
        assert_eq!(skew(ahead).status, status, "{ahead}");
    }
}

#[test]
fn all_instances_together_must_fit_into_the_database() {
    assert_eq!(against(16, None, 30).status, Status::Ok);
    assert_eq!(against(31, None, 30).status, Status::Warn);
    assert_eq!(against(16, Some(2), 30).status, Status::Warn);
    assert_eq!(against(15, Some(2), 30).status, Status::Ok);
    assert_eq!(against(usize::MAX, Some(usize::MAX), 30).status, Status::Warn);
}
