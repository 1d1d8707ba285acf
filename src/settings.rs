//! Every environment variable that the worker reads, and what each becomes.
//!
//! | variable | meaning | default | range |
//! |---|---|---|---|
//! | `FUNCTIONS_CUSTOMHANDLER_PORT` | the port to listen on, set by the Functions host | none: required | 0 to 65535 |
//! | `FUNCTIONS_APP_ROOT_PATH` | the script root: the folder with `host.json`, set by the Functions host | the current folder | a folder |
//! | `AZURE_SQL_CONNECTIONSTRING` | the connection string, unless a function names another setting | none | see [`crate::database::ConnectionSettings`] |
//! | `SQL_SERVER`, `SQL_DATABASE` | stand in for `AZURE_SQL_CONNECTIONSTRING` when it is not set | none | a server's full name, a database's name |
//! | `AZSQL_ACCESS_TOKEN_FILE` | a file with an Entra token that another program keeps fresh; see [`crate::database::ConnectionSettings::parse`] | none | a readable file |
//! | `AZURE_CLIENT_ID` | client id of the user-assigned identity when the connection string names none | system-assigned | a client id |
//! | `IDENTITY_ENDPOINT`, `IDENTITY_HEADER` | the managed-identity endpoint, set by the platform | none | |
//! | `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET`, `AZURE_CLIENT_CERTIFICATE_PATH`, `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_AUTHORITY_HOST`, `AZURE_TOKEN_CREDENTIALS`, `AZURE_POD_IDENTITY_AUTHORITY_HOST` | as in Azure's SDKs; see [`crate::identity::IdentityEnvironment`] | none | |
//! | `AZURESUBSCRIPTION_CLIENT_ID`, `AZURESUBSCRIPTION_TENANT_ID`, `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`, `SYSTEM_OIDCREQUESTURI`, `SYSTEM_ACCESSTOKEN` | set by Azure Pipelines | none | |
//! | `AZURE_FUNCTIONS_ENVIRONMENT` | `Development` at a desk, where a person can sign in; set by Core Tools and `dev` | none | |
//! | `BROWSER` | the program that opens the page to sign in | the system's | a program |
//! | `AZSQL_TRUST_CA` | PEM file with authorities to trust beside the system's | none | a readable file |
//! | `AZSQL_POOL_MAX_SIZE` | connections of each pool at the most | 8 for each core, at least 8 and at most 64 | 1 to 1000 |
//! | `AZSQL_POOL_MIN_SIZE` | connections that are opened at the first use and not closed for idleness | 0 | 0 to `AZSQL_POOL_MAX_SIZE` |
//! | `AZSQL_POOL_QUEUE` | invocations that may wait for a connection | 50 for each connection | 0 to 100000 |
//! | `AZSQL_POOL_WAIT_SECONDS` | how long an invocation waits for a free connection | 10 | 1 to 230 |
//! | `AZSQL_POOL_IDLE_SECONDS` | how long a connection stays open that nobody asks for | 600 | 1 to 1800 |
//! | `AZSQL_RECYCLE_TIMEOUT_SECONDS` | how long an idle connection may take to give a sign of life | 2 | 1 to 30 |
//! | `AZSQL_RETRY_TRIES` | tries of an invocation, the first included, unless the function says otherwise | 20 | 1 to 20 |
//! | `AZSQL_RETRY_BUDGET_SECONDS` | time within which the last try begins, unless the function says otherwise | 75 | 0 to 230 |
//! | `AZSQL_RETRY_SHARE_PERCENT` | how much of a pool's commands may be sent again, beyond one a second | 20 | 0 to 100 |
//! | `AZSQL_IDEMPOTENCY_HOURS` | how long an idempotency key and its answer are kept | 24 | 1 to 8760 |
//! | `AZSQL_NUMBERS` | how bigint and decimal are written, unless the function says otherwise | exact | exact, string |
//! | `AZSQL_NAN` | what becomes of a float that is NaN or infinite | null | null, error |
//! | `AZSQL_SHOW_DATABASE_ERRORS` | whether callers see the server's own error text | false | true, false |
//! | `AZSQL_HTTP_THREADS` | threads that read invocations | 1 | 1 to 64 |
//! | `AZSQL_MAX_BODY_MB` | the largest body of a caller's request, in MiB | 16 | 1 to 100 |
//! | `AZSQL_MAX_ANSWER_MB` | the largest answer that is kept until it is complete, in MiB; see below | 16 | 1 to 100 |
//! | `AZSQL_BODY_MEMORY_MB` | what all request bodies in flight may take together, in MiB | 128, or what one envelope may have if that is more | `AZSQL_MAX_BODY_MB` to 4096 |
//! | `AZSQL_SHUTDOWN_SECONDS` | how long running invocations may go on after SIGTERM or SIGINT | 10 | 0 to 230 |
//! | `AZSQL_LOG` | how much is logged | info | off, error, warn, info, debug, trace |
//! | `WEBSITE_AUTH_ENABLED` | set by App Service: its authentication stands before the app, so `principal.*` can be believed | false | true, 1; anything else is false |
//! | `AzureFunctionsJobHost__functionTimeout` | overrides `functionTimeout` of `host.json`; other keys that the worker reads there (`customHandler__...`, `extensions__http__routePrefix`) alike | none | `hh:mm:ss` or -1 |
//!
//! Every answer is kept until it is complete but the rows of a command that only reads in the host's proxying mode, which stream.
//! In the default mode the worker holds such an answer three times for a moment (its text, that text as a string of JSON in the
//! reply, and the reply on its way out), and the host holds the reply's bytes, its text at two bytes for each character, and the
//! body out of it; so 16 MiB take some 50 MiB here and twice as much in the host, for each invocation that ends just then. A Consumption
//! plan gives both together 1.5 GiB. What breaks: too high, and an instance runs out of memory when a few large answers meet,
//! which takes all invocations of that instance along; too low, and answers that callers need are 413.
//!
//! The names of the variables that override `host.json` have no case, and `:` may stand for `__`, as for the host.
//! A variable that is set to nothing counts as not set. What breaks when a number is too high or too low stands in
//! the README's table.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::database::faults::{RetryLimits, RetryShare};
use crate::database::{DatabaseSettings, PoolLimits};
use crate::functions::{NotANumber, NumberSettings, Numbers};
use crate::identity::IdentityEnvironment;

/// Reads a variable; a parameter, so that tests need not touch the process' environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment variables that override `host.json` begin with this; `__` stands for the dots.
pub(crate) const HOST_OVERRIDE: &str = "AzureFunctionsJobHost__";

/// Reads a variable of this process: the [`Lookup`] of a worker that runs.
///
/// What overrides `host.json` is found as the host finds it: .NET's configuration has no regard to case and takes `__` for
/// `:` (`EnvironmentVariablesConfigurationProvider`). The spelling of the host's own documentation goes first; which of
/// two other spellings .NET takes is chance.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    let exact = std::env::var(name).ok();
    let is_override = name.starts_with(HOST_OVERRIDE);
    exact.or_else(|| if is_override { spelt_otherwise(name, std::env::vars_os()) } else { None })
}

/// The value of a variable whose name means the same to .NET's configuration.
fn spelt_otherwise(name: &str, variables: impl Iterator<Item = (OsString, OsString)>) -> Option<String> {
    let key = |name: &str| name.replace("__", ":").to_ascii_lowercase();
    let wanted = key(name);
    let mut alike =
        variables.filter(|(spelling, _)| spelling.to_str().is_some_and(|spelling| key(spelling) == wanted));
    alike.find_map(|(_, value)| value.into_string().ok())
}

/// A variable that is missing or has a value it can't have. The value itself is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting {variable} must be {expected}")]
pub struct SettingError {
    /// The variable's name.
    pub variable: &'static str,
    /// What it may be.
    pub expected: String,
}

/// What listening needs, which comes before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenSettings {
    /// The port on 127.0.0.1; 0 is any free one.
    pub port: u16,
    /// Threads that read invocations and write answers.
    pub threads: usize,
    /// What all request bodies in flight may take together, in bytes.
    pub body_memory: usize,
    /// How long running invocations may go on after a signal to stop.
    pub shutdown: Duration,
}

/// The host itself takes request bodies of up to 100 MiB.
const LARGEST_MAX_BODY_MB: u64 = 100;

/// An envelope is larger than the body in it: in a JSON string a quote or backslash takes two bytes, and the properties of a
/// JSON body stand in `Metadata` once more. Four times is a body of quotes that stands there twice; a text of control
/// characters takes more, six bytes each.
const ENVELOPE_FACTOR: usize = 4;

/// What else is in an envelope: URL, headers, query and claims, twice.
const ENVELOPE_REST: usize = 1024 * 1024;

/// How large an envelope may be when a caller's body may have this many bytes.
#[must_use]
pub fn max_envelope(max_body: usize) -> usize {
    max_body.saturating_mul(ENVELOPE_FACTOR).saturating_add(ENVELOPE_REST)
}

impl ListenSettings {
    /// Reads the settings for listening.
    ///
    /// # Errors
    /// When the port is missing or no port. Other wrong numbers are reported by [`WorkerSettings::read`] and count as their
    /// defaults here, so that the worker can say so to its callers.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        let port = set(lookup, "FUNCTIONS_CUSTOMHANDLER_PORT").and_then(|text| text.parse().ok());
        let port = port.ok_or_else(|| SettingError {
            variable: "FUNCTIONS_CUSTOMHANDLER_PORT",
            expected:
                "a port number: the Functions host sets it; by hand write FUNCTIONS_CUSTOMHANDLER_PORT=7072"
                    .to_owned(),
        })?;
        let mut ignored = Vec::new();
        let (_, body_memory) = bodies(lookup, &mut ignored);
        let shutdown = shutdown(lookup, &mut ignored);
        Ok(Self { port, threads: threads(lookup, &mut ignored), body_memory, shutdown })
    }

    /// The largest body of a caller's request, in bytes.
    #[must_use]
    pub fn max_body(lookup: Lookup<'_>) -> usize {
        bodies(lookup, &mut Vec::new()).0
    }
}

/// What everything else needs.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Pools, tries, identity and trust.
    pub database: DatabaseSettings,
    /// Whether callers see the server's own error text.
    pub show_database_errors: bool,
    /// The largest answer that is kept until it is complete, in bytes.
    pub max_answer: usize,
    /// How numbers are written where definitions don't say.
    pub numbers: NumberSettings,
}

impl WorkerSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// All that are wrong, each with what it may be.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, Vec<SettingError>> {
        let mut errors = Vec::new();
        threads(lookup, &mut errors);
        bodies(lookup, &mut errors);
        shutdown(lookup, &mut errors);
        let pool = pool(lookup, &mut errors);
        let retry = retry_limits(lookup, &mut errors);
        let retry_share = retry_share(lookup, &mut errors);
        let idempotency_hours = number(lookup, "AZSQL_IDEMPOTENCY_HOURS", 24, 1, 8760, &mut errors);
        let numbers = numbers(lookup, &mut errors);
        let show_database_errors = flag(lookup, "AZSQL_SHOW_DATABASE_ERRORS", &mut errors);
        let max_answer = mebibytes(number(lookup, "AZSQL_MAX_ANSWER_MB", 16, 1, 100, &mut errors));
        if let Err(error) = log_level(lookup) {
            errors.push(error);
        }
        let trusted_authorities = trusted_authorities(lookup, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let database = DatabaseSettings {
            pool,
            retry,
            retry_share,
            idempotency_hours: u16::try_from(idempotency_hours).unwrap_or(u16::MAX),
            identity: IdentityEnvironment::read(lookup, trusted_authorities.clone()),
            trusted_authorities,
        };
        Ok(Self { database, show_database_errors, max_answer, numbers })
    }
}

/// What App Service tells an app whose authentication is on, "Environment variables and app settings in Azure App Service",
/// Microsoft Learn.
pub(crate) const APP_SERVICE_AUTHENTICATION: &str = "WEBSITE_AUTH_ENABLED";

/// Whether App Service authentication is on. What is no clear yes is a no.
#[must_use]
pub fn app_service_authentication(lookup: Lookup<'_>) -> bool {
    set(lookup, APP_SERVICE_AUTHENTICATION)
        .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1")
}

/// What the process was given to sign in with.
///
/// # Errors
/// When `AZSQL_TRUST_CA` names no file with certificates.
pub fn identity_environment(lookup: Lookup<'_>) -> Result<IdentityEnvironment, SettingError> {
    let mut errors = Vec::new();
    let trusted_authorities = trusted_authorities(lookup, &mut errors);
    match errors.pop() {
        Some(error) => Err(error),
        None => Ok(IdentityEnvironment::read(lookup, trusted_authorities)),
    }
}

/// How much to log.
///
/// # Errors
/// When `AZSQL_LOG` is no level; `info` is a good substitute until somebody mends it.
pub fn log_level(lookup: Lookup<'_>) -> Result<LevelFilter, SettingError> {
    match set(lookup, "AZSQL_LOG") {
        None => Ok(LevelFilter::INFO),
        Some(text) => text.parse().map_err(|_| SettingError {
            variable: "AZSQL_LOG",
            expected: "off, error, warn, info, debug or trace".to_owned(),
        }),
    }
}

/// The folder with `host.json` when no option names one.
#[must_use]
pub fn script_root(lookup: Lookup<'_>) -> PathBuf {
    set(lookup, "FUNCTIONS_APP_ROOT_PATH").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

fn threads(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> usize {
    let threads = number(lookup, "AZSQL_HTTP_THREADS", 1, 1, 64, errors);
    usize::try_from(threads).unwrap_or(1)
}

/// `AZSQL_POOL_MAX_SIZE`, or its default when it is no such number.
fn pool_size(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> u64 {
    let default = u64::try_from(PoolLimits::default_size()).unwrap_or(u64::MAX);
    number(lookup, "AZSQL_POOL_MAX_SIZE", default, 1, 1000, errors)
}

/// The size that the worker's pools have at the most, also when other settings are wrong.
pub(crate) fn max_pool_size(lookup: Lookup<'_>) -> usize {
    usize::try_from(pool_size(lookup, &mut Vec::new())).unwrap_or(usize::MAX)
}

fn pool(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> PoolLimits {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let max_size = pool_size(lookup, errors);
    let defaults = PoolLimits::of_size(size(max_size));
    let queue = u64::try_from(defaults.queue).unwrap_or(u64::MAX);
    let seconds = |variable, default: Duration, max, errors: &mut Vec<SettingError>| {
        Duration::from_secs(number(lookup, variable, default.as_secs(), 1, max, errors))
    };
    PoolLimits {
        min_size: size(number(lookup, "AZSQL_POOL_MIN_SIZE", 0, 0, max_size, errors)),
        queue: size(number(lookup, "AZSQL_POOL_QUEUE", queue, 0, 100_000, errors)),
        wait: seconds("AZSQL_POOL_WAIT_SECONDS", defaults.wait, 230, errors),
        max_idle: seconds("AZSQL_POOL_IDLE_SECONDS", defaults.max_idle, 1800, errors),
        recycle: seconds("AZSQL_RECYCLE_TIMEOUT_SECONDS", defaults.recycle, 30, errors),
        ..defaults
    }
}

/// The largest body of one request, and what all may take together; in bytes.
fn bodies(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> (usize, usize) {
    const DEFAULT_MEMORY_MB: u64 = 128;
    let max_body_mb = number(lookup, "AZSQL_MAX_BODY_MB", 16, 1, LARGEST_MAX_BODY_MB, errors);
    let max_body = mebibytes(max_body_mb);
    if set(lookup, "AZSQL_BODY_MEMORY_MB").is_none() {
        return (max_body, mebibytes(DEFAULT_MEMORY_MB).max(max_envelope(max_body)));
    }
    let default = DEFAULT_MEMORY_MB.max(max_body_mb);
    (max_body, mebibytes(number(lookup, "AZSQL_BODY_MEMORY_MB", default, max_body_mb, 4096, errors)))
}

/// So many MiB in bytes.
fn mebibytes(number: u64) -> usize {
    usize::try_from(number.saturating_mul(1024 * 1024)).unwrap_or(usize::MAX)
}

fn retry_limits(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> RetryLimits {
    let (default_tries, most_tries) = (RetryLimits::DEFAULT_TRIES, RetryLimits::MOST_TRIES);
    let (default_budget, longest) = (RetryLimits::DEFAULT_BUDGET, RetryLimits::LONGEST_BUDGET);
    let tries = number(lookup, "AZSQL_RETRY_TRIES", default_tries.into(), 1, most_tries.into(), errors);
    let budget =
        number(lookup, "AZSQL_RETRY_BUDGET_SECONDS", default_budget.as_secs(), 0, longest.as_secs(), errors);
    RetryLimits { tries: u32::try_from(tries).unwrap_or(default_tries), budget: Duration::from_secs(budget) }
}

fn retry_share(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> RetryShare {
    let default = RetryShare::DEFAULT_PERCENT;
    let percent = number(lookup, "AZSQL_RETRY_SHARE_PERCENT", default.into(), 0, 100, errors);
    RetryShare::percent(u8::try_from(percent).unwrap_or(default))
}

fn shutdown(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> Duration {
    Duration::from_secs(number(lookup, "AZSQL_SHUTDOWN_SECONDS", 10, 0, 230, errors))
}

/// The value of a variable; None when it is not set or empty.
fn set(lookup: Lookup<'_>, variable: &str) -> Option<String> {
    lookup(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn number(
    lookup: Lookup<'_>,
    variable: &'static str,
    default: u64,
    min: u64,
    max: u64,
    errors: &mut Vec<SettingError>,
) -> u64 {
    let Some(text) = set(lookup, variable) else { return default };
    match text.parse::<u64>() {
        Ok(number) if (min..=max).contains(&number) => number,
        Ok(_) | Err(_) => {
            errors.push(SettingError { variable, expected: format!("a whole number from {min} to {max}") });
            default
        }
    }
}

/// How numbers are written where definitions don't say.
///
/// # Errors
/// The settings that are wrong, each with what it may be.
pub fn number_settings(lookup: Lookup<'_>) -> Result<NumberSettings, Vec<SettingError>> {
    let mut errors = Vec::new();
    let numbers = numbers(lookup, &mut errors);
    if errors.is_empty() { Ok(numbers) } else { Err(errors) }
}

fn numbers(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> NumberSettings {
    NumberSettings {
        numbers: one_of(
            lookup,
            "AZSQL_NUMBERS",
            [("exact", Numbers::Exact), ("string", Numbers::String)],
            errors,
        ),
        nan: one_of(lookup, "AZSQL_NAN", [("null", NotANumber::Null), ("error", NotANumber::Error)], errors),
    }
}

/// One of two words, in any case.
fn one_of<T: Copy + Default>(
    lookup: Lookup<'_>,
    variable: &'static str,
    words: [(&str, T); 2],
    errors: &mut Vec<SettingError>,
) -> T {
    let Some(text) = set(lookup, variable) else { return T::default() };
    let meant = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word));
    meant.map_or_else(
        || {
            let [(one, _), (other, _)] = words;
            errors.push(SettingError { variable, expected: format!("{one} or {other}") });
            T::default()
        },
        |(_, value)| *value,
    )
}

fn flag(lookup: Lookup<'_>, variable: &'static str, errors: &mut Vec<SettingError>) -> bool {
    match set(lookup, variable).map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => {
            errors.push(SettingError { variable, expected: "true or false".to_owned() });
            false
        }
    }
}

pub(crate) fn trusted_authorities(lookup: Lookup<'_>, errors: &mut Vec<SettingError>) -> Option<Arc<[u8]>> {
    let path = set(lookup, "AZSQL_TRUST_CA")?;
    match std::fs::read(&path) {
        Ok(pem) if pem.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") => Some(pem.into()),
        Ok(_) => {
            errors.push(SettingError {
                variable: "AZSQL_TRUST_CA",
                expected: "a PEM file that holds a certificate".to_owned(),
            });
            None
        }
        Err(error) => {
            errors.push(SettingError {
                variable: "AZSQL_TRUST_CA",
                expected: format!("a file that can be read ({})", error.kind()),
            });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn lookup<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn nothing_but_the_port_has_to_be_set() {
        let settings = lookup(&[("FUNCTIONS_CUSTOMHANDLER_PORT", "7072")]);
        let listen = ListenSettings::read(&settings).unwrap();
        assert_eq!((listen.port, listen.threads, listen.shutdown), (7072, 1, Duration::from_secs(10)));
        assert_eq!(
            (ListenSettings::max_body(&settings), listen.body_memory),
            (16 * 1024 * 1024, 128 * 1024 * 1024)
        );
        assert_eq!(
            WorkerSettings::read(&settings).unwrap().database.pool,
            PoolLimits::of_size(PoolLimits::default_size())
        );
    }

    #[test]
    fn an_answer_may_have_sixteen_mebibytes_unless_told_otherwise() {
        let read = |pairs: &[(&str, &str)]| WorkerSettings::read(&lookup(pairs)).map(|read| read.max_answer);
        assert_eq!(read(&[]).unwrap(), 16 * 1024 * 1024);
        assert_eq!(read(&[("AZSQL_MAX_ANSWER_MB", "100")]).unwrap(), 100 * 1024 * 1024);
        for wrong in ["0", "101", "1.5"] {
            let errors = read(&[("AZSQL_MAX_ANSWER_MB", wrong)]).unwrap_err();
            let sentence = "the setting AZSQL_MAX_ANSWER_MB must be a whole number from 1 to 100";
            assert_eq!(errors.first().map(ToString::to_string).as_deref(), Some(sentence), "{wrong}");
        }
    }

    #[test]
    fn every_wrong_setting_is_named_and_no_value_is_repeated() {
        let settings = lookup(&[
            ("AZSQL_POOL_MAX_SIZE", "CANARY"),
            ("AZSQL_RETRY_TRIES", "0"),
            ("AZSQL_NUMBERS", "CANARY"),
            ("AZSQL_NAN", "CANARY"),
            ("AZSQL_SHOW_DATABASE_ERRORS", "CANARY"),
            ("AZSQL_LOG", "CANARY"),
            ("AZSQL_TRUST_CA", "/CANARY"),
        ]);
        let errors = WorkerSettings::read(&settings).unwrap_err();
        let named: Vec<_> = errors.iter().map(|error| error.variable).collect();
        assert_eq!(
            named,
            [
                "AZSQL_POOL_MAX_SIZE",
                "AZSQL_RETRY_TRIES",
                "AZSQL_NUMBERS",
                "AZSQL_NAN",
                "AZSQL_SHOW_DATABASE_ERRORS",
                "AZSQL_LOG",
                "AZSQL_TRUST_CA"
            ]
        );
        assert!(errors.iter().all(|error| !error.to_string().contains("CANARY")));
    }

    #[test]
    fn all_bodies_together_may_take_what_one_takes_at_the_least() {
        let read = |pairs: &[(&str, &str)]| {
            let mut errors = Vec::new();
            let bodies = bodies(&lookup(pairs), &mut errors);
            (bodies, errors.first().map(ToString::to_string))
        };
        let mebibyte = 1024 * 1024;
        let (largest, _) = read(&[("AZSQL_MAX_BODY_MB", "100")]);
        assert_eq!(largest, (100 * mebibyte, 401 * mebibyte));
        let (small, _) = read(&[("AZSQL_MAX_BODY_MB", "2"), ("AZSQL_BODY_MEMORY_MB", "2")]);
        assert_eq!(small, (2 * mebibyte, 2 * mebibyte));
        let (_, error) = read(&[("AZSQL_MAX_BODY_MB", "20"), ("AZSQL_BODY_MEMORY_MB", "19")]);
        assert_eq!(error.unwrap(), "the setting AZSQL_BODY_MEMORY_MB must be a whole number from 20 to 4096");
        let (_, error) = read(&[("AZSQL_MAX_BODY_MB", "101")]);
        assert_eq!(error.unwrap(), "the setting AZSQL_MAX_BODY_MB must be a whole number from 1 to 100");
    }

    #[test]
    fn an_override_of_host_json_is_found_in_any_case_and_with_either_separator() {
        let name = "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest";
        let found = |spelling: &str| {
            let other = ("AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest", "other");
            let variables = [other, (spelling, "found"), ("PATH", "other")];
            spelt_otherwise(name, variables.into_iter().map(|(name, value)| (name.into(), value.into())))
        };
        for spelling in [
            "AzureFunctionsJobHost__customHandler__EnableProxyingHttpRequest",
            "AZUREFUNCTIONSJOBHOST__CUSTOMHANDLER__ENABLEPROXYINGHTTPREQUEST",
            "azurefunctionsjobhost:customhandler:enableproxyinghttprequest",
            "AzureFunctionsJobHost:customHandler__enableProxyingHttpRequest",
        ] {
            assert_eq!(found(spelling).as_deref(), Some("found"), "{spelling}");
        }
        for spelling in
            ["AzureFunctionsJobHost_customHandler__enableProxyingHttpRequest", "enableProxyingHttpRequest"]
        {
            assert_eq!(found(spelling), None, "{spelling}");
        }
    }

    #[test]
    fn the_queue_and_the_minimum_follow_the_pools_size() {
        let read =
            |pairs: &[(&str, &str)]| WorkerSettings::read(&lookup(pairs)).map(|read| read.database.pool);
        let small = read(&[("AZSQL_POOL_MAX_SIZE", "3"), ("AZSQL_POOL_MIN_SIZE", "3")]).unwrap();
        assert_eq!((small.max_size, small.min_size, small.queue), (3, 3, 150));
        assert_eq!(read(&[("AZSQL_POOL_QUEUE", "0")]).unwrap().queue, 0);
        let errors = read(&[("AZSQL_POOL_MAX_SIZE", "3"), ("AZSQL_POOL_MIN_SIZE", "4")]).unwrap_err();
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["the setting AZSQL_POOL_MIN_SIZE must be a whole number from 0 to 3"]
        );
    }

    #[test]
    fn numbers_are_exact_and_nan_is_null_unless_a_setting_says_otherwise() {
        let read = |pairs: &[(&str, &str)]| WorkerSettings::read(&lookup(pairs)).unwrap().numbers;
        assert_eq!(read(&[]), NumberSettings { numbers: Numbers::Exact, nan: NotANumber::Null });
        assert_eq!(
            read(&[("AZSQL_NUMBERS", "String"), ("AZSQL_NAN", "error")]),
            NumberSettings { numbers: Numbers::String, nan: NotANumber::Error }
        );
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let settings = lookup(&[("AZSQL_POOL_MAX_SIZE", " "), ("AZURE_CLIENT_ID", "")]);
        let settings = WorkerSettings::read(&settings).unwrap();
        let default = PoolLimits::default_size();
        assert_eq!((settings.database.pool.max_size, settings.database.identity.client_id), (default, None));
    }
}
