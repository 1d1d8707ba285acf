//! A token's life: one request however many wait, refreshes that no caller notices, sessions that end with their token, and a
//! refused identity that makes no storm.
//!
//! The tests with tokens of ten minutes run the worker's database layer in this process, over real sockets to the SQL and
//! identity endpoints, and go by the endpoints' own clock, which each answer moves on. So the hour is real for all who judge a
//! token: who issues it, who checks it at the login, and who keeps it. The worker's program goes by the system's clock, so the
//! other tests need none.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azsql_worker::database::Unit;
use azsql_worker::database::faults::{OwnRetryLimits, RetryLimits, RetryShare};
use azsql_worker::database::{
    Cell, Command, ConnectionSettings, Database, DatabaseSettings, PoolLimits, ResultColumn, ResultSink,
    SinkError, Tasks,
};
use azsql_worker::identity::{
    Clock, IdentityEnvironment, IdentityError, Token, TokenCaches, TokenFetcher, Way,
};
use azsql_worker::invocation::Invocation;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use local_azure::identity::{self, IdentityEndpoint, IdentityOptions, TokenFault};
use local_azure::sql::{self, SqlOptions, SqlServer};
use tempfile::TempDir;

use crate::support::sql_client::USER;
use crate::support::wait::within;
use crate::support::{Desk, eventually};

const PING: &str = "/api/sql/ping";

/// A refusal is remembered for 30 to 40 s, and a machine that runs everything in parallel is slow.
const MEMORY: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn fifty_invocations_on_a_cold_worker_make_one_token_request() {
    let desk = Desk::start().await;

    let answers = join_all((0..50).map(|_| desk.get(PING))).await;

    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(desk.identity().faults().requests(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_identity_makes_no_storm_and_recovers() {
    let desk = Desk::start().await;
    let pid = desk.worker_pid();
    desk.identity().faults().tokens(TokenFault::WrongAudience);
    let counts = || (desk.worker_logins().len(), desk.identity().faults().requests());

    let answers = join_all((0..200).map(|_| desk.get(PING))).await;

    for answer in &answers {
        assert_eq!(answer.problem_for_caller(500, "database")["sqlError"], 18456);
    }
    // Each connection of the pool may be refused twice before the first refusal is known, and each token be replaced once;
    // should the machine take longer than the memory lasts, a probe comes on top.
    let (logins, requests) = counts();
    let pool = PoolLimits::default_size();
    assert!(logins <= 2 * pool + 2, "{logins} logins");
    assert!(requests <= u64::try_from(pool).unwrap() + 2, "{requests} token requests");

    // Asking again and again makes a login in half a minute, not one a call.
    desk.identity().faults().tokens(TokenFault::None);
    within(MEMORY, "the worker logs in again", async || (desk.get(PING).await.status == 200).then_some(()))
        .await;
    assert!(counts().0 <= logins + 2, "{} logins after {logins}", counts().0);
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hands_out_the_refused_token_again_gets_no_second_login() {
    let desk = Desk::start().await;
    desk.identity().faults().tokens(TokenFault::WrongAudience);
    desk.identity().faults().hand_out_same_token(true);

    let problem = desk.get(PING).await.problem_for_caller(500, "database");

    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("the same token again") && detail.contains("up to a day"), "{detail}");
    assert!(detail.contains("CREATE USER") && detail.contains("doctor"), "{detail}");
    assert_eq!((desk.worker_logins().len(), desk.identity().faults().requests()), (1, 2));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_remembered_too() {
    let desk = Desk::builder()
        .connection(|port| {
            format!("Server=tcp:localhost,{port};Database=sample;User Id={USER};Password=CANARY-WRONG")
        })
        .start()
        .await;

    for _ in 0..10 {
        let problem = desk.get(PING).await.problem_for_caller(500, "database");
        assert_eq!(problem["sqlError"], 18456);
    }

    // A second one only if the ten calls took half a minute.
    assert!(desk.worker_logins().len() <= 2, "{} logins", desk.worker_logins().len());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_token_has_ended_is_replaced_with_its_token_and_the_read_repeated() {
    let desk = Desk::start().await;
    desk.get(PING).await.json(200);
    desk.sql().faults().fail_statements(37396, 1);

    desk.get(PING).await.json(200);

    assert_eq!((desk.worker_logins().len(), desk.identity().faults().requests()), (2, 2));
    desk.get(PING).await.json(200);
    assert_eq!(desk.worker_logins().len(), 2, "the new connection is trusted");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_insists_on_a_token_that_ended_makes_no_connection_untrusted() {
    let desk = Desk::start().await;
    desk.identity().faults().hand_out_same_token(true);
    desk.get(PING).await.json(200);
    desk.sql().faults().fail_statements(37396, 1);

    for _ in 0..3 {
        desk.get(PING).await.json(200);
    }

    assert_eq!((desk.worker_logins().len(), desk.identity().faults().requests()), (2, 2));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_tokens_of_ten_minutes_has_no_failure_and_one_request_for_each_refresh() {
    let hour = Hour::begin().await;

    for _ in 0..360 {
        hour.invocations(4).await;
        hour.pass(Duration::from_secs(10));
    }

    // Asked for from 400 s on, ended at 600 s.
    let requests = hour.identity.faults().requests();
    assert!((7..=10).contains(&requests), "{requests} token requests");
    let logins = hour.sql.logins();
    assert!(logins.iter().all(|login| login.refused.is_none()), "a login came with a token that had ended");
    assert!(logins.len() >= 6, "{} logins: sessions outlived their tokens", logins.len());
    hour.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_fails_or_hangs_is_noticed_by_no_invocation() {
    let hour = Hour::begin().await;
    hour.invocations(4).await;
    // A third of ten minutes is left, less the jitter.
    hour.pass(Duration::from_secs(445));
    hour.identity.faults().fail_next(1);

    hour.invocations(4).await;
    hour.answered(2).await;
    hour.identity.faults().stall(true);
    hour.request(3).await;
    hour.invocations(20).await;
    assert_eq!(hour.identity.faults().requests(), 3, "one refresh at a time");

    assert!(hour.sql.logins().iter().all(|login| login.refused.is_none()));
    hour.identity.faults().stall(false);
    // The refresh that hung is cut off, and the next one brings a token that outlives the first.
    hour.answered(3).await;
    hour.request(4).await;
    hour.answered(4).await;
    hour.pass(Duration::from_secs(150));
    hour.invocations(4).await;
    assert_eq!(hour.identity.faults().requests(), 4);
    assert!(hour.sql.logins().iter().all(|login| login.refused.is_none()));
    hour.finish().await;
}

/// The endpoints, and the worker's database layer that goes by their clock.
struct Hour {
    identity: IdentityEndpoint,
    sql: SqlServer,
    database: Database,
    connection: ConnectionSettings,
    /// Token requests that are over, for better or worse.
    over: Arc<AtomicU64>,
    _folder: TempDir,
}

impl Hour {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        let options =
            IdentityOptions { token_lifetime: Duration::from_secs(600), ..IdentityOptions::default() };
        let identity = identity::start(options).await.unwrap();
        let verifier = identity.verifier();
        let sql = sql::start(SqlOptions {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token_check: Some(Arc::new(move |token: &str| {
                let claims = verifier.verify(token).map_err(|refusal| refusal.to_string())?;
                Ok(claims.login_name().into())
            })),
            ca_out: Some(ca_file.clone()),
            seed: Some(azsql_worker::SAMPLE_SEED.to_owned()),
            ..SqlOptions::default()
        })
        .await
        .unwrap();
        let port = sql.address().port();
        let text = format!("Server=tcp:localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI");
        let settings = DatabaseSettings {
            idempotency_hours: 24,
            pool: PoolLimits::of_size(4),
            retry: RetryLimits { tries: 1, budget: Duration::from_secs(5) },
            retry_share: RetryShare::default(),
            identity: IdentityEnvironment::default(),
            trusted_authorities: Some(std::fs::read(&ca_file).unwrap().into()),
        };
        let over = Arc::new(AtomicU64::new(0));
        let header = identity.secret().to_owned();
        let endpoint = Endpoint { url: identity.url(), header, over: Arc::clone(&over) };
        let clock = EndpointClock(identity.faults().clock().clone());
        let tokens = TokenCaches::of_fetcher(Arc::new(endpoint), Arc::new(clock));
        let database = Database::with_tokens(settings, Tasks::on_own_threads().unwrap(), Arc::new(tokens));
        let connection = ConnectionSettings::parse(&text, &IdentityEnvironment::default()).unwrap().settings;
        Self { identity, sql, database, connection, over, _folder: folder }
    }

    /// So many at once, one try each; none may fail.
    async fn invocations(&self, count: usize) {
        let run = |_| {
            let command = Command {
                text: "SELECT TOP (1) Id FROM dbo.Persons ORDER BY Id".into(),
                declarations: "".into(),
                parameters: Vec::new(),
                unit: Unit::Repeatable,
                idempotency: None,
                may_leave_transaction: false,
                leaves_session_state: false,
                own_retry_limits: OwnRetryLimits::default(),
                session_context: Vec::new(),
            };
            let invocation = Invocation::new("id", "Test", Duration::from_secs(30));
            self.database.run(invocation, &Arc::from("pool"), &self.connection, command, Ignored)
        };
        for ended in join_all((0..count).map(run)).await {
            let (_, outcome) = ended.unwrap();
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }

    fn pass(&self, time: Duration) {
        self.identity.faults().advance_clock(time);
    }

    /// Invocations come and time passes, until so many token requests have been sent; none is early.
    async fn request(&self, count: u64) {
        eventually("the refresh is sent", async || {
            self.invocations(1).await;
            let requests = self.identity.faults().requests();
            assert!(requests <= count, "{requests} token requests");
            if requests < count {
                self.pass(Duration::from_secs(1));
            }
            (requests == count).then_some(())
        })
        .await;
    }

    /// Waits until so many token requests are over.
    async fn answered(&self, count: u64) {
        eventually("the refresh is over", async || (self.over.load(Ordering::SeqCst) >= count).then_some(()))
            .await;
    }

    async fn finish(self) {
        drop(self.database);
        self.sql.stop().await;
        self.identity.stop().await;
    }
}

/// The clock that the endpoints issue and check tokens by.
#[derive(Debug)]
struct EndpointClock(local_azure::tokens::Clock);

impl Clock for EndpointClock {
    fn now(&self) -> i64 {
        self.0.now()
    }
}

/// Asks the identity endpoint as App Service's documentation says; the address comes by hand, since a test can't set the
/// variables of its own process.
struct Endpoint {
    url: String,
    header: String,
    over: Arc<AtomicU64>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Endpoint {
    async fn ask(&self, scope: &str) -> Option<Token> {
        let resource = scope.strip_suffix("/.default")?;
        let query = [("api-version", "2019-08-01"), ("resource", resource)];
        let url = reqwest::Url::parse_with_params(&self.url, query).ok()?;
        let request = reqwest::Client::new().get(url).header("X-IDENTITY-HEADER", &self.header);
        let reply = request.timeout(self.bound()).send().await.ok()?.error_for_status().ok()?;
        let reply: serde_json::Value = reply.json().await.ok()?;
        let secret = reply["access_token"].as_str()?.to_owned().into();
        Some(Token { secret, expires_at: reply["expires_on"].as_str()?.parse().ok()? })
    }
}

impl TokenFetcher for Endpoint {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        async {
            let none = || IdentityError::Timeout {
                way: Way::ManagedIdentity,
                bound: self.bound(),
                cure: "look at the endpoint's faults",
            };
            let token = self.ask(scope).await;
            self.over.fetch_add(1, Ordering::SeqCst);
            token.ok_or_else(none)
        }
        .boxed()
    }

    fn bound(&self) -> Duration {
        Duration::from_secs(2)
    }
}

struct Ignored;

impl ResultSink for Ignored {
    fn columns(&mut self, _columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn cell(&mut self, _cell: Cell<'_>) -> Result<(), SinkError> {
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn rows_affected(&mut self, _count: u64) {}

    fn restart(&mut self) -> bool {
        true
    }
}
