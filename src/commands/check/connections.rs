//! The connections that the functions name, as far as the environment of this process has them.
//!
//! A setting that is not here is the Function App's or the desk's: nothing is said about it.

use std::collections::BTreeSet;

use super::inspection::ENVIRONMENT;
use crate::database::{ConnectionSettingError, ParsedConnection, connection_of_setting};
use crate::functions::Catalogue;
use crate::identity::IdentityEnvironment;
use crate::invocation::{Mistake, Severity};
use crate::settings::Lookup;

/// What is wrong with them, and what they ask for in vain; no value is repeated.
pub(super) fn mistakes(catalogue: &Catalogue, lookup: Lookup<'_>) -> Vec<Mistake> {
    let identity = IdentityEnvironment::read(lookup, None);
    let plans = catalogue.valid().filter_map(|function| function.plan());
    let settings: BTreeSet<_> = plans.map(|plan| plan.connection_setting().clone()).collect();
    let mut mistakes = Vec::new();
    for setting in settings {
        match connection_of_setting(&setting, lookup, &identity) {
            Ok(ParsedConnection { warnings, .. }) => mistakes.extend(
                warnings.iter().map(|warning| mistake(&setting, warning.to_string(), Severity::Warning)),
            ),
            Err(ConnectionSettingError::NotSet { .. }) => {}
            Err(ConnectionSettingError::Invalid { setting, error }) => {
                mistakes.push(mistake(&setting, error.to_string(), Severity::Error));
            }
            Err(error @ ConnectionSettingError::Half { .. }) => {
                mistakes.push(mistake(&setting, error.to_string(), Severity::Error));
            }
        }
    }
    mistakes
}

fn mistake(setting: &str, message: String, severity: Severity) -> Mistake {
    Mistake { file: ENVIRONMENT.to_owned(), line: None, key: setting.to_owned(), message, severity }
}
