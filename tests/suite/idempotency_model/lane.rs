//! A lane: one SQL endpoint and one service of the library over it, on which schedules run one after the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use azsql_worker::database::{Database, Tasks};
use azsql_worker::functions::{self, Answered, Catalogue, Delivery, Service, Shaped};
use azsql_worker::invocation::{Body, HttpRequest, Invocation, Problem, TriggerInput};
use azsql_worker::settings::WorkerSettings;
use local_azure::sql::engine;
use local_azure::sql::faults::Faults;
use local_azure::sql::server::start_with;
use local_azure::sql::tds::session::OpenSession;
use local_azure::sql::{SqlLogin, SqlOptions, SqlServer, seed};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::account::{self, Effect, History, TICKETS, Told};
use super::breach::Breach;
use super::caller::{self, told_by_problem};
use super::schedule::{KEYS, Place, Schedule};
use crate::support::script_root::FunctionFolder;
use crate::support::sql_client::{self, SqlClient};

/// Nothing in a lane takes longer.
const BOUND: Duration = Duration::from_secs(60);
/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often a key is called after the faults are over, and how long between: a breaker may have to close.
const SETTLING: (usize, Duration) = (200, Duration::from_millis(50));

/// The function with a key, and the one without.
pub(super) const KEYED: &str = "Keyed";
pub(super) const PLAIN: &str = "Plain";

/// The tables of the effects. Nothing in them refuses a double: it must show.
pub(super) const TABLES: &str = "
CREATE TABLE dbo.Effects (Id int IDENTITY PRIMARY KEY, Ticket int NOT NULL, Amount int NOT NULL);
CREATE TABLE dbo.Totals (Id int NOT NULL PRIMARY KEY, Number int NOT NULL);
INSERT INTO dbo.Totals (Id, Number) VALUES (1, 0);
";

/// What the functions do: two statements, whose effects belong together.
pub(super) const COMMAND: &str = "
INSERT INTO dbo.Effects (Ticket, Amount) OUTPUT INSERTED.Id, INSERTED.Amount VALUES (@ticket, @amount);
UPDATE dbo.Totals SET Number = Number + @amount WHERE Id = 1;";

/// Their section `sql`, but for the key.
pub(super) fn section() -> Json {
    json!({
        "parameters": {
            "@ticket": { "from": "body.ticket", "type": "int", "required": true },
            "@amount": { "from": "body.amount", "type": "int", "required": true },
        },
        "result": "row",
        "timeout": "00:00:05",
    })
}

/// The same with a key.
pub(super) fn keyed_section(from: &str) -> Json {
    let mut section = section();
    section["idempotencyKey"] = from.into();
    section
}

/// See the module.
pub(super) struct Lane {
    sql: SqlServer,
    service: Arc<Service>,
    functions: Catalogue,
    password: String,
    /// Tickets of earlier schedules are below.
    next_ticket: i32,
    struck: BTreeMap<Place, u64>,
    _folder: TempDir,
}

impl Lane {
    pub(super) async fn start(breach: Option<Breach>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("app");
        write_app(&root);
        let password = uuid::Uuid::new_v4().to_string();
        let ca_file = folder.path().join("ca.pem");
        let options = SqlOptions {
            logins: vec![SqlLogin::new(sql_client::USER, password.as_str())],
            ca_out: Some(ca_file.clone()),
            ..SqlOptions::default()
        };
        let sql = start_with(options, sessions(&folder.path().join("lane.db"), breach)).await.unwrap();
        let port = sql.address().port();
        let connection = format!(
            "Server=tcp:localhost,{port};Database=sample;User Id={};Password={password}",
            sql_client::USER
        );
        let settings = BTreeMap::from([
            ("AZURE_SQL_CONNECTIONSTRING", connection),
            ("AZSQL_TRUST_CA", ca_file.to_string_lossy().into_owned()),
            ("AZSQL_RETRY_TRIES", "3".to_owned()),
            ("AZSQL_POOL_MAX_SIZE", "8".to_owned()),
        ]);
        let lookup = |name: &str| settings.get(name).cloned();
        let settings = WorkerSettings::read(&lookup).unwrap();
        let functions = functions::load(&root).unwrap();
        let invalid: Vec<String> = functions.invalid().map(|(_, error)| error.to_string()).collect();
        assert!(invalid.is_empty(), "{invalid:?}");
        let identity = settings.database.identity.clone();
        let database = Database::new(settings.database, Tasks::on_current_runtime().unwrap());
        let service = Arc::new(Service::new(database, functions.valid(), &lookup, &identity, false));
        Self { sql, service, functions, password, next_ticket: 0, struck: BTreeMap::new(), _folder: folder }
    }

    /// Runs a schedule; the story of what broke, if anything did.
    pub(super) async fn run(&mut self, schedule: &Schedule) -> Result<(), String> {
        let first_ticket = self.next_ticket;
        self.next_ticket += i32::try_from(TICKETS).unwrap();
        let armed: Vec<_> = schedule
            .faults
            .iter()
            .map(|(place, fault)| (*place, self.sql.faults().arm(fault.clone())))
            .collect();

        let callers: Vec<_> = (schedule.calls.iter().cloned().enumerate())
            .map(|(number, call)| {
                let client = self.client(first_ticket);
                let (key, amount) = (call.key.ok_or(number), call.amount);
                tokio::spawn(caller::play(call, number, move || client.clone().ask(key, amount)))
            })
            .collect();
        let mut histories = Vec::new();
        for caller in callers {
            histories
                .push(tokio::time::timeout(BOUND, caller).await.expect("a caller waits for ever").unwrap());
        }
        for (place, armed) in armed {
            *self.struck.entry(place).or_default() += armed.struck();
        }
        self.sql.faults().clear();
        no_orphans(self.sql.faults().clone()).await;
        let (effects, total_off) = self.effects(first_ticket).await;
        let breaks = account::breaks(&histories, &effects, false, total_off);
        if !breaks.is_empty() {
            return Err(format!("{}\n{}", breaks.join("\n"), schedule.story(&histories, &effects)));
        }

        let keys: std::collections::BTreeSet<usize> =
            schedule.calls.iter().filter_map(|call| call.key).collect();
        for key in keys {
            histories.push(self.settle(first_ticket, key).await);
        }
        let (effects, total_off) = self.effects(first_ticket).await;
        let breaks = account::breaks(&histories, &effects, true, total_off);
        if breaks.is_empty() {
            Ok(())
        } else {
            Err(format!("settled: {}\n{}", breaks.join("\n"), schedule.story(&histories, &effects)))
        }
    }

    /// How often a fault struck at each place so far.
    pub(super) fn struck(&self) -> &BTreeMap<Place, u64> {
        &self.struck
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        drop(self.service);
        self.sql.stop().await;
    }

    fn client(&self, first_ticket: i32) -> ServiceClient {
        let function = |name| Arc::clone(self.functions.get(name).unwrap().as_ref().unwrap());
        ServiceClient {
            service: Arc::clone(&self.service),
            keyed: function(KEYED),
            plain: function(PLAIN),
            first_ticket,
        }
    }

    /// Calls a key until it has an answer.
    async fn settle(&self, first_ticket: i32, key: usize) -> History {
        let amount = Schedule::usual_amount(key);
        let client = self.client(first_ticket);
        let mut told = Vec::new();
        for _ in 0..SETTLING.0 {
            let answer = client.clone().ask(Ok(key), amount).await;
            let is_settled = matches!(answer, Told::Done { .. } | Told::OtherRequest);
            told.push(answer);
            if is_settled {
                break;
            }
            tokio::time::sleep(SETTLING.1).await;
        }
        History { key: Ok(key), amount, told }
    }

    /// The schedule's effects, and by how much the running total of the whole lane differs from all effects.
    async fn effects(&self, first_ticket: i32) -> (Vec<Effect>, i64) {
        let mut client = SqlClient::connect(self.sql.address().port(), &self.password).await;
        let rows = client
            .numbers(&format!(
                "SELECT Id, Ticket, Amount FROM dbo.Effects WHERE Ticket >= {first_ticket} ORDER BY Id"
            ))
            .await;
        let effect = |row: &Vec<i32>| Effect {
            id: i64::from(row[0]),
            ticket: usize::try_from(row[1] - first_ticket).unwrap(),
            amount: row[2],
        };
        let effects = rows.iter().map(effect).collect();
        let off = client
            .number("SELECT (SELECT Number FROM dbo.Totals WHERE Id = 1) - (SELECT ISNULL(SUM(Amount), 0) FROM dbo.Effects)")
            .await;
        (effects, i64::from(off))
    }
}

/// Waits until no session is left that lost its client and still has something to run. (A closure for `within` that borrows
/// would bind this future to one thread.)
async fn no_orphans(faults: Faults) {
    let begun = Instant::now();
    while faults.orphans() > 0 {
        assert!(begun.elapsed() < BOUND, "orphans are left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn write_app(root: &Path) {
    std::fs::create_dir(root).unwrap();
    std::fs::write(root.join("host.json"), crate::support::script_root::HOST_JSON).unwrap();
    FunctionFolder::http(KEYED, "post", "keyed", keyed_section("header.idempotency-key"), COMMAND)
        .write(root);
    FunctionFolder::http(PLAIN, "post", "plain", section(), COMMAND).write(root);
}

/// Sessions of a new database with the tables of effects and keys.
fn sessions(file: &Path, breach: Option<Breach>) -> OpenSession {
    let database = engine::Database::open(Some(file)).unwrap();
    let keys = Breach::table(breach);
    seed::run(&database, &format!("{TABLES}\n{keys}")).unwrap();
    Arc::new(move |login| match breach {
        None => Ok(Box::new(database.session(login)?)),
        Some(breach) => breach.session(&database, login),
    })
}

/// Calls the service as the host's part of the worker does.
#[derive(Clone)]
struct ServiceClient {
    service: Arc<Service>,
    keyed: Arc<functions::Function>,
    plain: Arc<functions::Function>,
    first_ticket: i32,
}

impl ServiceClient {
    async fn ask(self, key: Result<usize, usize>, amount: i32) -> Told {
        let ticket = self.first_ticket + i32::try_from(account::ticket(key)).unwrap();
        let mut request = HttpRequest {
            body: Body::text(json!({ "ticket": ticket, "amount": amount }).to_string()),
            ..HttpRequest::default()
        };
        let function = if key.is_ok() { &self.keyed } else { &self.plain };
        if key.is_ok() {
            request.headers.insert("idempotency-key".to_owned(), format!("key-{ticket}"));
        }
        let invocation =
            Invocation::new(uuid::Uuid::new_v4().to_string(), Arc::clone(&function.name), TIMEOUT);
        let plan = function.plan().unwrap();
        told(self.service.run(plan, invocation, TriggerInput::Http(request), Delivery::Whole).await)
    }
}

fn told(result: Result<Answered, Problem>) -> Told {
    match result {
        Ok(Answered::Whole { shaped: Shaped { body: Some(body), problem: None, .. }, .. }) => {
            let row: Json = serde_json::from_str(&body).unwrap();
            Told::Done {
                id: row["Id"].as_i64().unwrap(),
                amount: i32::try_from(row["Amount"].as_i64().unwrap()).unwrap(),
            }
        }
        Ok(answered) => panic!("the function always has a row: {answered:?}"),
        Err(problem) => told_by_problem(problem.status, problem.kind, problem.sql_error.map(u64::from)),
    }
}

/// The tickets of a schedule are apart: keys first, then calls without one.
#[test]
fn tickets_of_keys_and_calls_are_apart() {
    let tickets: std::collections::BTreeSet<usize> = (0..KEYS)
        .map(|key| account::ticket(Ok(key)))
        .chain((0..4).map(|call| account::ticket(Err(call))))
        .collect();
    assert_eq!(tickets.len(), TICKETS);
}
