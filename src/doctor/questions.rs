//! What the server is asked once we are in: database, who we are, roles, rights, clock, limits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{NaiveDateTime, Utc};

use super::grant::{RIGHTS_CHECK_QUERY, checks};
use super::report::{Finding, StepName};
use super::{Circumstances, Connection};
use crate::database::faults::Fault;
use crate::database::probe::session::{Rows, Session};
use crate::functions::{SecurableClass, quoted_name};

/// The steps in here, in their order.
pub(super) const STEPS: [StepName; 6] =
    [StepName::Database, StepName::User, StepName::Roles, StepName::Rights, StepName::Clock, StepName::Pool];

/// Bound on a question; they are small.
const BOUND: Duration = Duration::from_secs(10);

/// Bound on a step: that of the rights asks once for each.
pub(super) fn bound(step: StepName) -> Duration {
    if step == StepName::Rights { BOUND.saturating_mul(3) } else { BOUND }
}

/// The fixed roles of a database (Microsoft's documentation, "Database-level roles").
const FIXED_ROLES: [&str; 9] = [
    "db_owner",
    "db_securityadmin",
    "db_accessadmin",
    "db_ddladmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_denydatareader",
    "db_denydatawriter",
];

/// A clock that differs by more than this is worth a word.
const SKEW_WARN: Duration = Duration::from_secs(5);
/// Entra and its resources allow five minutes between their clocks (Microsoft identity platform, "Access tokens").
const SKEW_FAIL: Duration = Duration::from_secs(300);

/// Asks what a step is about.
pub(super) async fn ask(
    step: StepName,
    session: &mut Session,
    connection: &Connection,
    circumstances: &Circumstances,
) -> Result<Finding, Fault> {
    match step {
        StepName::Database => database(session, connection).await,
        StepName::User => user(session).await,
        StepName::Roles => roles(session).await,
        StepName::Rights => rights(session, connection).await,
        StepName::Clock => clock(session).await,
        StepName::Pool => pool(session, circumstances).await,
        StepName::Settings
        | StepName::Identity
        | StepName::Token
        | StepName::Dns
        | StepName::Tcp
        | StepName::Tls
        | StepName::Redirect
        | StepName::Login
        | StepName::Grant => Ok(Finding::skip("it is no question to the server")),
    }
}

/// A question that the server refused is no failure of the connection.
pub(super) fn not_answered(fault: &Fault) -> Finding {
    let finding = if fault.connection_usable {
        Finding::skip(format!("the server does not answer the question: {}", fault.description))
    } else {
        Finding::fail(
            format!("the server broke off: {}", fault.description),
            "run the doctor again; a failover or an update breaks connections for a moment",
        )
    };
    finding.with_sql_error(fault.number)
}

/// The answer to a question that may be left open: what the server refuses is None, what breaks the session an error.
async fn optional(session: &mut Session, text: &str) -> Result<Option<Rows>, Fault> {
    match session.ask(text, &[], BOUND).await {
        Ok(rows) => Ok(Some(rows)),
        Err(fault) if fault.connection_usable => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The value in this place of the first row.
fn value(rows: Option<&Rows>, column: usize) -> Option<&str> {
    rows?.first()?.get(column)?.as_deref()
}

async fn database(session: &mut Session, connection: &Connection) -> Result<Finding, Fault> {
    let name = session.ask("SELECT DB_NAME()", &[], BOUND).await?;
    let name = value(Some(&name), 0).unwrap_or("?").to_owned();
    let mut properties = Vec::new();
    for property in ["Edition", "ServiceObjective", "Updateability"] {
        let text = format!("SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), '{property}') AS nvarchar(128))");
        let rows = optional(session, &text).await?;
        properties.push(value(rows.as_ref(), 0).map(str::to_owned));
    }
    let level = "SELECT compatibility_level FROM sys.databases WHERE database_id = DB_ID()";
    let level = optional(session, level).await?;
    let level = value(level.as_ref(), 0).and_then(|level| level.parse::<u32>().ok());
    let [edition, objective, updateability] = properties.as_slice() else {
        return Ok(Finding::ok(name));
    };
    let read_only = updateability.as_deref() == Some("READ_ONLY");
    let facts: Vec<_> =
        [edition.clone(), objective.clone(), level.map(|level| format!("compatibility {level}"))]
            .into_iter()
            .flatten()
            .collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let wants_reads_only = connection.parsed.as_ref().is_ok_and(|parsed| parsed.settings.read_only);
    let finding = if name.eq_ignore_ascii_case("master") {
        Finding::warn(
            format!("{name}{facts}: the server's own database"),
            "name yours in the connection string: Database=<name>",
        )
    } else if read_only && !wants_reads_only {
        Finding::warn(
            format!("{name}{facts} is read-only"),
            "a write fails here: is it a geo-replica? Connect to the primary, or to the failover group's listener",
        )
    } else if read_only {
        Finding::ok(format!("{name}{facts}, a read-only replica as asked for"))
    } else {
        Finding::ok(format!("{name}{facts}"))
    };
    Ok(finding
        .with("name", name)
        .with("edition", edition.clone())
        .with("serviceObjective", objective.clone())
        .with("compatibilityLevel", level)
        .with("readOnly", read_only))
}

async fn user(session: &mut Session) -> Result<Finding, Fault> {
    let rows = session.ask("SELECT SUSER_SNAME(), USER_NAME(), ORIGINAL_LOGIN()", &[], BOUND).await?;
    let text = |column| value(Some(&rows), column).map(str::to_owned);
    let (login, user, original) = (text(0), text(1), text(2));
    // In Azure it is `SQL` for a token too, and shown as the server says it.
    let scheme = optional(session, "SELECT CAST(CONNECTIONPROPERTY('auth_scheme') AS nvarchar(40))").await?;
    let scheme = value(scheme.as_ref(), 0).map(str::to_owned);
    let who = format!("user {} of login {}", user.as_deref().unwrap_or("?"), login.as_deref().unwrap_or("?"));
    let finding = match user.as_deref() {
        Some("dbo") => Finding::warn(
            format!("{who}: the owner of the database"),
            "give the functions an identity of their own with fewer rights: `azsql-worker doctor --grant --identity <name>`",
        ),
        Some("guest") => Finding::warn(
            format!("{who}: a guest, who has no rights of its own"),
            "create a user for the identity: `azsql-worker doctor --grant --identity <name>`",
        ),
        _ => Finding::ok(who),
    };
    Ok(finding
        .with("user", user)
        .with("login", login)
        .with("originalLogin", original)
        .with("authScheme", scheme))
}

async fn roles(session: &mut Session) -> Result<Finding, Fault> {
    let columns: Vec<_> = FIXED_ROLES.iter().map(|role| format!("IS_ROLEMEMBER('{role}')")).collect();
    let rows = session.ask(&format!("SELECT {}", columns.join(", ")), &[], BOUND).await?;
    let member: Vec<&str> = FIXED_ROLES
        .into_iter()
        .zip(0..)
        .filter(|(_, n)| value(Some(&rows), *n) == Some("1"))
        .map(|(r, _)| r)
        .collect();
    let list = if member.is_empty() { "no fixed role".to_owned() } else { member.join(", ") };
    let powerful: Vec<_> = member.iter().copied().filter(|role| POWERFUL.contains(role)).collect();
    let denying: Vec<_> = member.iter().copied().filter(|role| role.starts_with("db_deny")).collect();
    let finding = if !powerful.is_empty() {
        Finding::warn(
            format!("{list}: more than functions need"),
            format!(
                "give it the rights that `azsql-worker doctor --grant --identity <name>` prints, then take it out of {}: ALTER ROLE \
                 <role> DROP MEMBER <user>",
                powerful.join(", ")
            ),
        )
    } else if !denying.is_empty() {
        Finding::warn(
            format!("{list}: what it denies no GRANT gives back"),
            "take the user out of it: ALTER ROLE <role> DROP MEMBER <user>",
        )
    } else {
        Finding::ok(list)
    };
    Ok(finding.with("roles", member))
}

/// Roles that can do, or give themselves, anything.
const POWERFUL: [&str; 4] = ["db_owner", "db_securityadmin", "db_accessadmin", "db_ddladmin"];

/// What was found out about the functions' rights, as sentences.
#[derive(Default)]
struct RightsFound {
    missing: BTreeSet<String>,
    /// Who has no right at all on an object doesn't see it either, so the two can't be told apart.
    absent: BTreeSet<String>,
    grants: BTreeSet<String>,
    notes: Vec<String>,
    checked: usize,
}

async fn rights(session: &mut Session, connection: &Connection) -> Result<Finding, Fault> {
    let user = session.ask("SELECT USER_NAME()", &[], BOUND).await?;
    let user = value(Some(&user), 0).unwrap_or("<user>").to_owned();
    let mut found = RightsFound::default();
    // Functions share objects; each right is asked for once. None = there is no such object to be seen.
    let mut answers: BTreeMap<(String, &'static str), Option<bool>> = BTreeMap::new();
    for function in &connection.functions {
        let Some(plan) = function.plan() else { continue };
        let needed = plan.rights_needed();
        for check in checks(&needed) {
            let (securable, permission) = (check.securable, check.permission);
            let key = (securable.clone(), permission);
            let known = answers.get(&key).copied();
            let answer = match known {
                Some(answer) => answer,
                None => {
                    let values =
                        [("@securable", &*securable), ("@class", check.class), ("@permission", permission)];
                    let rows = session.ask(RIGHTS_CHECK_QUERY, &values, BOUND).await?;
                    let answer = value(Some(&rows), 0).map(|has| has == "1");
                    answers.insert(key, answer);
                    answer
                }
            };
            match answer {
                Some(true) => continue,
                Some(false) => {
                    found.missing.insert(format!("{permission} on {securable} for {}", function.name))
                }
                None => found.absent.insert(format!("{securable} for {}", function.name)),
            };
            let to = quoted_name(&user);
            found.grants.insert(format!("GRANT {permission} ON {}::{securable} TO {to};", check.class));
        }
        let types = needed.each().filter(|(object, _)| object.class() == SecurableClass::Type);
        found.notes.extend(types.map(|(object, right)| {
            format!("{}: {right} on TYPE::{object}, which the server has no question for", function.name)
        }));
        let notes = needed.notes.iter();
        found
            .notes
            .extend(notes.map(|note| format!("{}, line {}: {}", function.name, note.line, note.message)));
    }
    found.checked = answers.len();
    Ok(found.finding(user == "dbo"))
}

impl RightsFound {
    fn finding(self, is_owner: bool) -> Finding {
        let list = |sentences: BTreeSet<String>| sentences.into_iter().collect::<Vec<_>>();
        let (missing, absent) = (list(self.missing), list(self.absent));
        // The owner has every right, and can be given none.
        let grants = if is_owner { Vec::new() } else { list(self.grants) };
        let (notes, checked) = (self.notes, self.checked);
        let finding = if !missing.is_empty() || !absent.is_empty() {
            let mut sentences = Vec::new();
            if !missing.is_empty() {
                sentences.push(format!("missing: {}", missing.join(", ")));
            }
            if !absent.is_empty() {
                sentences.push(format!("not there, or not to be seen: {}", absent.join(", ")));
            }
            let create = "create the objects that are not there, or mend their names in the commands";
            let cure = match (grants.is_empty(), absent.is_empty()) {
                (true, _) => create.to_owned(),
                (false, true) => grants.join(" "),
                (false, false) => format!("{create}; then {}", grants.join(" ")),
            };
            Finding::fail(sentences.join("; "), cure)
        } else if !notes.is_empty() {
            Finding::warn(
                format!("{checked} rights are there; what could not be told: {}", notes.join("; ")),
                "look at these by hand",
            )
        } else if checked == 0 {
            Finding::ok("the functions need no right on an object")
        } else {
            Finding::ok(format!("all {checked} that the functions need"))
        };
        finding.with("missing", missing).with("absent", absent).with("grants", grants).with("notes", notes)
    }
}

async fn clock(session: &mut Session) -> Result<Finding, Fault> {
    let milliseconds = || Utc::now().timestamp_millis();
    let before = milliseconds();
    let rows = session.ask("SELECT SYSUTCDATETIME()", &[], BOUND).await?;
    let after = milliseconds();
    let server = value(Some(&rows), 0)
        .and_then(|text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok())
        .map(|moment| moment.and_utc().timestamp_millis());
    let Some(server) = server else { return Ok(Finding::skip("the server's answer is no time")) };
    let ours = before.saturating_add(after.saturating_sub(before) / 2);
    Ok(skew(ours.saturating_sub(server)))
}

/// `ahead` is how far our clock is before the server's, in milliseconds.
fn skew(ahead: i64) -> Finding {
    let off = Duration::from_millis(ahead.unsigned_abs());
    let summary = match ahead {
        0 => "it shows the server's time".to_owned(),
        ahead if ahead > 0 => format!("it is {} ahead of the server's", seconds(off)),
        _ => format!("it is {} behind the server's", seconds(off)),
    };
    let finding = if off > SKEW_FAIL {
        Finding::fail(
            format!("{summary}: tokens count as expired, or as not yet valid"),
            "set the clock of this machine: chronyc makestep, or the host's time synchronisation",
        )
    } else if off > SKEW_WARN {
        Finding::warn(summary, "set the clock of this machine; beyond five minutes tokens are refused")
    } else {
        Finding::ok(summary)
    };
    finding.with("aheadMilliseconds", ahead)
}

fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_secs())
    }
}

/// The limits of the database (Microsoft's documentation, `sys.dm_user_db_resource_governance`); to see them takes VIEW
/// DATABASE PERFORMANCE STATE, which functions don't need.
const LIMITS: &str = "SELECT max_sessions, primary_group_max_workers FROM sys.dm_user_db_resource_governance \
                      WHERE database_id = DB_ID()";

async fn pool(session: &mut Session, circumstances: &Circumstances) -> Result<Finding, Fault> {
    let size = circumstances.pool_size;
    let Some(rows) = optional(session, LIMITS).await? else {
        let finding = Finding::skip(format!(
            "the limits can't be read without VIEW DATABASE PERFORMANCE STATE; an instance opens up to {size} connections"
        ));
        return Ok(finding.with("poolSize", size));
    };
    let limit =
        |column| value(Some(&rows), column).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let (sessions, workers) = (limit(0), limit(1));
    let Some(least) = [sessions, workers].into_iter().flatten().min() else {
        return Ok(Finding::skip("the server names no limits").with("poolSize", size));
    };
    Ok(against(size, circumstances.max_instances, least)
        .with("poolSize", size)
        .with("maxInstances", circumstances.max_instances)
        .with("maxSessions", sessions)
        .with("maxWorkers", workers))
}

fn against(size: usize, instances: Option<usize>, limit: usize) -> Finding {
    let needed = size.saturating_mul(instances.unwrap_or(1));
    let fit = limit.checked_div(size).unwrap_or(0);
    let cure =
        "lower AZSQL_POOL_MAX_SIZE, or WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT, or scale the database";
    match instances {
        _ if size > limit => Finding::warn(
            format!("one instance may open {size} connections, the database takes {limit}"),
            cure,
        ),
        Some(instances) if needed > limit => Finding::warn(
            format!("{instances} instances may open {needed} connections, the database takes {limit}"),
            cure,
        ),
        _ => Finding::ok(format!(
            "{size} connections an instance; the database takes {limit}, so {fit} instances"
        )),
    }
}

#[cfg(test)]
mod tests;
