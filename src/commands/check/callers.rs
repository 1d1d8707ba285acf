//! Functions that take who calls: what must be on for it, and what is no proof of it.

use crate::functions::{AppServiceAuthentication, Function};
use crate::invocation::{Mistake, Severity};

/// What to know of a function that takes the caller's identity, where App Service authentication is `authentication`.
pub(super) fn warnings(function: &Function, authentication: AppServiceAuthentication) -> Vec<Mistake> {
    let Some(plan) = function.plan() else { return Vec::new() };
    let warning = |key: &str, message: String| Mistake {
        file: format!("{}/function.json", function.name),
        line: None,
        key: key.to_owned(),
        message,
        severity: Severity::Warning,
    };
    let off = authentication == AppServiceAuthentication::Off;
    let untrusted = plan.principal_paths().next().filter(|_| off).map(|path| {
        warning(
            "sql",
            format!(
                "`{path}` is there only where App Service authentication is on, and the function answers 500 where it is \
                 not; turn it on for the Function App (WEBSITE_AUTH_ENABLED=true silences this)"
            ),
        )
    });
    let raw = plan.raw_principal_paths().next().map(|path| {
        warning(
            "sql",
            format!(
                "`{path}` is whatever a caller sends when App Service authentication is off; take `principal.*`, which is \
                 believed only where it is on"
            ),
        )
    });
    untrusted.into_iter().chain(raw).collect()
}
