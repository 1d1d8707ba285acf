//! Everything around the worker: the SQL endpoint, the identity endpoint, and a client that looks at the tables.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use local_azure::identity::{self, IdentityEndpoint, IdentityOptions};
use local_azure::sql::{self, SqlLogin, SqlOptions, SqlServer};
use tempfile::TempDir;
use tiberius::{AuthMethod, Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use crate::app;
use crate::ledger::Tables;
use crate::process::Worker;

/// The worker's pool is set to this many connections.
pub(crate) const POOL_SIZE: usize = 16;

/// Who looks at the tables.
const OBSERVER: &str = "observer";

/// What runs.
pub(crate) struct Parts {
    pub(crate) worker: Worker,
    pub(crate) sql: SqlServer,
    identity: IdentityEndpoint,
    password: String,
    _folder: TempDir,
}

impl Parts {
    /// Starts everything.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("app");
        std::fs::create_dir(&root).expect("a folder");
        app::write(&root).expect("the functions");
        let ca_file = folder.path().join("ca.pem");
        let password = uuid::Uuid::new_v4().to_string();
        let identity = identity::start(IdentityOptions::default()).await.expect("the identity endpoint");
        let verifier = identity.verifier();
        let sql = sql::start(SqlOptions {
            database_file: Some(folder.path().join("soak.db")),
            logins: vec![SqlLogin::new(OBSERVER, &password)],
            token_check: Some(Arc::new(move |token| {
                let claims = verifier.verify(token);
                claims.map(|claims| claims.login_identity()).map_err(|refusal| refusal.to_string())
            })),
            ca_out: Some(ca_file.clone()),
            seed: Some(format!("{}\n{}", azsql_worker::SAMPLE_SEED, app::SEED)),
            ..SqlOptions::default()
        })
        .await
        .expect("the SQL endpoint");
        let port = sql.address().port();
        let settings = BTreeMap::from([
            (
                "AZURE_SQL_CONNECTIONSTRING",
                format!("Server=tcp:localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI"),
            ),
            ("AZSQL_TRUST_CA", ca_file.display().to_string()),
            ("AZSQL_POOL_MAX_SIZE", POOL_SIZE.to_string()),
            ("IDENTITY_ENDPOINT", identity.url()),
            ("IDENTITY_HEADER", identity.secret().to_owned()),
        ]);
        let worker = Worker::start(&root, &settings);
        Self { worker, sql, identity, password, _folder: folder }
    }

    /// What the tables hold.
    pub(crate) async fn tables(&self) -> Tables {
        let mut client = self.observer().await;
        Tables {
            marks: tickets(&mut client, "SELECT Ticket, COUNT(*) FROM dbo.Marks GROUP BY Ticket").await,
            shadows: tickets(&mut client, "SELECT Ticket, COUNT(*) FROM dbo.Shadows GROUP BY Ticket").await,
            total: {
                let query = "SELECT Number FROM dbo.Totals WHERE Id = 1";
                let row = client.simple_query(query).await.expect("a reply").into_row().await.expect("a row");
                row.and_then(|row| row.get::<i32, _>(0)).map_or(0, i64::from)
            },
        }
    }

    async fn observer(&self) -> Client<Compat<TcpStream>> {
        let mut config = Config::new();
        config.host("localhost");
        config.port(self.sql.address().port());
        config.database("sample");
        config.authentication(AuthMethod::sql_server(OBSERVER, &self.password));
        config.trust_cert();
        config.command_timeout(None);
        let stream = TcpStream::connect(self.sql.address()).await.expect("a connection");
        Client::connect(config, stream.compat_write()).await.expect("a login")
    }

    /// Stops the endpoints; gives the worker back.
    pub(crate) async fn stop_endpoints(self) -> Worker {
        self.sql.stop().await;
        self.identity.stop().await;
        self.worker
    }
}

async fn tickets(client: &mut Client<Compat<TcpStream>>, query: &str) -> HashMap<i32, u32> {
    let rows = client.simple_query(query).await.expect("a reply").into_first_result().await.expect("rows");
    let counts = rows.iter().filter_map(|row| {
        let count: i32 = row.get(1)?;
        Some((row.get(0)?, u32::try_from(count).ok()?))
    });
    counts.collect()
}
