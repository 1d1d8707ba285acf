//! A defect in one command is that command's alone: its caller hears of it, its connection is not used any more, and all others
//! go on. How the HTTP server answers a panic is tested beside it, in `src/host/server/handler.rs`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use azsql_worker::database::Unit;
use azsql_worker::database::faults::{OwnRetryLimits, RetryLimits, RetryShare};
use azsql_worker::database::{
    Cell, Command, ConnectionSettings, Database, DatabaseSettings, PoolLimits, ResultColumn, ResultSink,
    SinkError, Tasks,
};
use azsql_worker::invocation::Invocation;
use local_azure::sql::{self, SqlLogin, SqlOptions};

/// Counts rows, and panics at the one it is told to.
struct Counter {
    rows: u32,
    panics_at: u32,
}

impl ResultSink for Counter {
    fn columns(&mut self, _columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        self.rows += 1;
        assert_ne!(self.rows, self.panics_at, "the sink has a defect");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_midst_of_rows_fails_one_command_and_its_connection_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let password = format!("secret-{}", uuid::Uuid::new_v4());
    let server = sql::start(SqlOptions {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        logins: vec![SqlLogin::new("tester", password.as_str())],
        ca_out: Some(ca_file.clone()),
        seed: Some(azsql_worker::SAMPLE_SEED.to_owned()),
        ..SqlOptions::default()
    })
    .await
    .unwrap();
    let port = server.address().port();
    let text = format!("Server=tcp:localhost,{port};Database=sample;User Id=tester;Password={password}");
    let identity = azsql_worker::identity::IdentityEnvironment::default();
    let connection = ConnectionSettings::parse(&text, &identity).unwrap().settings;
    let settings = DatabaseSettings {
        idempotency_hours: 24,
        pool: PoolLimits::of_size(2),
        retry: RetryLimits { tries: 1, budget: Duration::from_secs(5) },
        retry_share: RetryShare::default(),
        identity,
        trusted_authorities: Some(std::fs::read(&ca_file).unwrap().into()),
    };
    let database = Database::new(settings, Tasks::on_own_threads().unwrap());
    let run = |panics_at| {
        let command = Command {
            text: "SELECT TOP (50) Id, Name FROM dbo.Persons ORDER BY Id".into(),
            declarations: "".into(),
            parameters: Vec::new(),
            session_context: Vec::new(),
            unit: Unit::Repeatable,
            idempotency: None,
            may_leave_transaction: false,
            leaves_session_state: false,
            own_retry_limits: OwnRetryLimits::default(),
        };
        let invocation = Invocation::new("id", "Test", Duration::from_secs(20));
        database.run(invocation, &Arc::from("pool"), &connection, command, Counter { rows: 0, panics_at })
    };

    // More of them than the pool has connections: none may be lost.
    for _ in 0..5 {
        let (beside, panicked) = futures_util::future::join(run(u32::MAX), run(7)).await;
        assert!(panicked.is_none(), "the panic took the sink along");
        let (counter, outcome) = beside.unwrap();
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(counter.rows, 50);
    }
    let (counter, outcome) = run(u32::MAX).await.unwrap();

    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(counter.rows, 50);
    drop(database);
    server.stop().await;
}
