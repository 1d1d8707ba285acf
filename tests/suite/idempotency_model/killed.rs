//! Schedules in which the real worker is killed at a random moment, under the local host that starts it again: HTTP callers
//! repeat with their key, the host delivers messages again, and each effect is there once.

use std::time::Duration;

use fastrand::Rng;
use local_azure::sql::faults::{CutBy, Fault, RequestFault, RequestKind, Until};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::account::{self, Effect, History, TICKETS, Told};
use super::caller::{self, told_by_problem};
use super::lane::{COMMAND, KEYED, TABLES, keyed_section, section};
use super::schedule::{CLAIM, Call, EFFECT, KEYS, RECORD, Schedule};
use crate::support::script_root::FunctionFolder;
use crate::support::wait::within;
use crate::support::{Desk, Mode, process};

/// How many schedules run when nobody says so.
const SCHEDULES: u64 = 4;
/// The host gives up at the third crash of its worker, so a desk sees two.
const KILLS_OF_A_DESK: u64 = 2;
const BOUND: Duration = Duration::from_secs(60);
/// How often callers repeat; a worker that starts again takes its time.
const REPEATS: usize = 300;
/// The most messages of a schedule.
const MESSAGES: usize = 2;

const QUEUED: &str = "Queued";

/// What happens on one desk between two starts of its worker.
struct Killing {
    seed: u64,
    calls: Vec<Call>,
    messages: usize,
    /// What holds the worker up where it is to die.
    faults: Vec<Fault>,
    /// When it is killed.
    after: Duration,
}

impl Killing {
    fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let call = |rng: &mut Rng| {
            let key = rng.usize(..KEYS);
            Call {
                key: Some(key),
                amount: Schedule::usual_amount(key),
                begins: Duration::from_millis(rng.u64(..80)),
                repeats: REPEATS,
                pause: Duration::from_millis(rng.u64(20..100)),
            }
        };
        let calls = (0..rng.usize(1..=3)).map(|_| call(&mut rng)).collect();
        let messages = rng.usize(..=MESSAGES);
        let faults = (0..rng.usize(..=2)).map(|_| fault(&mut rng)).collect();
        Self { seed, calls, messages, faults, after: Duration::from_millis(rng.u64(..200)) }
    }
}

fn fault(rng: &mut Rng) -> Fault {
    let until = Until::For(Duration::from_millis(rng.u64(50..300)));
    match rng.u32(..6) {
        0 => Fault::at(RequestKind::Statement, RequestFault::Stall(until)).containing(CLAIM),
        1 => Fault::at(RequestKind::Statement, RequestFault::Stall(until)).containing(EFFECT),
        2 => Fault::at(RequestKind::Statement, RequestFault::Stall(until)).containing(RECORD),
        3 => Fault::at(RequestKind::Commit, RequestFault::CutThenRun { by: CutBy::Reset, until }),
        4 => Fault::at(RequestKind::Commit, RequestFault::RunThenCut(CutBy::Reset)),
        _ => Fault::at(RequestKind::Commit, RequestFault::Stall(until)),
    }
}

async fn desk() -> Desk {
    let trigger = json!([{ "type": "queueTrigger", "direction": "in", "name": "m", "queueName": "effects" }]);
    let mut queued = section();
    queued["idempotencyKey"] = "metadata.Id".into();
    queued["parameters"]["@ticket"]["from"] = "message.ticket".into();
    queued["parameters"]["@amount"]["from"] = "message.amount".into();
    queued["result"] = "none".into();
    Desk::builder()
        .in_mode(Mode::Enveloped)
        // The table of keys stands in the sample database.
        .seed(TABLES)
        .function(FunctionFolder::http(
            KEYED,
            "post",
            "keyed",
            keyed_section("header.idempotency-key"),
            COMMAND,
        ))
        .function(FunctionFolder::on(QUEUED, &trigger, queued, COMMAND))
        .start()
        .await
}

/// One try over HTTP.
async fn ask(url: String, ticket: i32, amount: i32) -> Told {
    let request = reqwest::Client::new()
        .request(Method::POST, url)
        .header("idempotency-key", format!("key-{ticket}"))
        .header("content-type", "application/json")
        .body(json!({ "ticket": ticket, "amount": amount }).to_string());
    let Ok(answer) = request.send().await else { return Told::Unknown("no answer".to_owned()) };
    let status = answer.status().as_u16();
    let body: Json = answer.json().await.unwrap_or_default();
    if status == 200 {
        return Told::Done {
            id: body["Id"].as_i64().unwrap(),
            amount: i32::try_from(body["Amount"].as_i64().unwrap()).unwrap(),
        };
    }
    let kind = body["type"].as_str().and_then(|kind| kind.rsplit(':').next()).unwrap_or("no problem");
    told_by_problem(status, kind, body["sqlError"].as_u64())
}

/// Runs one schedule; the story of what broke, if anything did.
async fn run(desk: &Desk, killing: &Killing, first_ticket: i32) -> Result<(), String> {
    let pid = within(BOUND, "a worker is ready", async || desk.host().worker_pid()).await;
    let faults = desk.sql().faults();
    killing.faults.iter().for_each(|fault| drop(faults.arm(fault.clone())));
    let url = format!("{}/api/keyed", desk.host().base_url());
    let callers: Vec<_> = (killing.calls.iter().cloned().enumerate())
        .map(|(number, call)| {
            let (url, amount) = (url.clone(), call.amount);
            let ticket = first_ticket + i32::try_from(call.key.unwrap()).unwrap();
            tokio::spawn(caller::play(call, number, move || ask(url.clone(), ticket, amount)))
        })
        .collect();
    let message_ticket = |number: usize| first_ticket + i32::try_from(KEYS + number).unwrap();
    for number in 0..killing.messages {
        desk.send(QUEUED, &json!({ "ticket": message_ticket(number), "amount": 1 }).to_string()).await;
    }
    tokio::time::sleep(killing.after).await;
    process::signal("KILL", pid);

    let mut histories: Vec<History> = Vec::new();
    for caller in callers {
        histories.push(tokio::time::timeout(BOUND, caller).await.expect("a caller waits for ever").unwrap());
    }
    let mut client = desk.sql_client().await;
    let query =
        format!("SELECT Id, Ticket, Amount FROM dbo.Effects WHERE Ticket >= {first_ticket} ORDER BY Id");
    let poisoned = |number: usize| {
        let part = format!("\"ticket\":{},", message_ticket(number));
        desk.host().poison_messages().iter().any(|poisoned| poisoned.message.contains(&part))
    };
    for number in 0..killing.messages {
        within(BOUND, "the message takes effect or is given up", async || {
            let rows = client.numbers(&query).await;
            (poisoned(number) || rows.iter().any(|row| row[1] == message_ticket(number))).then_some(())
        })
        .await;
    }
    // What would come late comes now.
    faults.clear();
    within(BOUND, "no orphan is left", async || (faults.orphans() == 0).then_some(())).await;
    let effects: Vec<Effect> = client
        .numbers(&query)
        .await
        .iter()
        .map(|row| Effect {
            id: i64::from(row[0]),
            ticket: usize::try_from(row[1] - first_ticket).unwrap(),
            amount: row[2],
        })
        .collect();
    let off = "SELECT (SELECT Number FROM dbo.Totals WHERE Id = 1) - (SELECT ISNULL(SUM(Amount), 0) FROM dbo.Effects)";
    let off = i64::from(client.number(off).await);
    let (of_messages, of_calls): (Vec<Effect>, Vec<Effect>) =
        effects.iter().copied().partition(|effect| effect.ticket >= KEYS);
    let mut breaks = account::breaks(&histories, &of_calls, true, off);
    for number in 0..killing.messages {
        let times = of_messages.iter().filter(|effect| effect.ticket == KEYS + number).count();
        if times > 1 || (times == 0 && !poisoned(number)) {
            breaks.push(format!("message {number} took effect {times} times"));
        }
    }
    if breaks.is_empty() {
        return Ok(());
    }
    let Killing { calls, messages, faults, after, .. } = killing;
    Err(format!(
        "{}\n  {calls:?}\n  {messages} messages\n  {faults:?}\n  killed after {after:?}\n  {histories:?}\n  {effects:?}",
        breaks.join("\n")
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_leaves_each_effect_once() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let only_seed = number("AZSQL_MODEL_SEED");
    let schedules = number("AZSQL_MODEL_KILLS").unwrap_or(SCHEDULES);
    let begun = std::time::Instant::now();
    let mut ran = 0;
    while ran < schedules {
        let desk = desk().await;
        for round in 0..KILLS_OF_A_DESK.min(schedules - ran) {
            let seed = only_seed.unwrap_or(ran);
            let killing = Killing::of(seed);
            let first_ticket = i32::try_from(round).unwrap() * i32::try_from(TICKETS).unwrap();
            if let Err(story) = run(&desk, &killing, first_ticket).await {
                panic!(
                    "the schedule of seed {} broke a law; replay it with\n  AZSQL_MODEL_SEED={seed} AZSQL_MODEL_KILLS=20 \
                     cargo test --test suite idempotency_model::killed\n{story}",
                    killing.seed
                );
            }
            ran += 1;
        }
        desk.finish().await;
    }
    println!("{ran} schedules with SIGKILL in {:.1?}", begun.elapsed());
}
