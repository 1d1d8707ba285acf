//! What stands round the worker: the SQL endpoint with the rows, the identity endpoint, and the Functions host above it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local_azure::functions::{self, FunctionsHost, HostOptions, HostState, WorkerCommand};
use local_azure::identity::{self, IdentityEndpoint, IdentityOptions};
use local_azure::sql::{self, SqlOptions, SqlServer};
use serde_json::json;
use tempfile::TempDir;

/// 240 people, three times crossed.
pub(crate) const MOST_ROWS: u64 = 240 * 240 * 240;

/// See the module.
pub(crate) struct Stage {
    host: FunctionsHost,
    sql: SqlServer,
    identity: IdentityEndpoint,
    _folder: TempDir,
}

impl Stage {
    /// Starts everything, with a function `many` that reads so many rows and one that reads a few.
    pub(crate) async fn start(rows: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("app");
        write_app(&root, rows).expect("the functions");
        let ca_file = folder.path().join("ca.pem");
        let identity = identity::start(IdentityOptions::default()).await.expect("the identity endpoint");
        let verifier = identity.verifier();
        let sql = sql::start(SqlOptions {
            database_file: Some(folder.path().join("rows.db")),
            token_check: Some(Arc::new(move |token| {
                let claims = verifier.verify(token);
                claims.map(|claims| claims.login_identity()).map_err(|refusal| refusal.to_string())
            })),
            ca_out: Some(ca_file.clone()),
            seed: Some(azsql_worker::SAMPLE_SEED.to_owned()),
            ..SqlOptions::default()
        })
        .await
        .expect("the SQL endpoint");
        let port = sql.address().port();
        let settings = BTreeMap::from([
            (
                "AZURE_SQL_CONNECTIONSTRING".to_owned(),
                format!("Server=tcp:localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI"),
            ),
            ("AZSQL_TRUST_CA".to_owned(), ca_file.display().to_string()),
            ("IDENTITY_ENDPOINT".to_owned(), identity.url()),
            ("IDENTITY_HEADER".to_owned(), identity.secret().to_owned()),
            ("AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest".to_owned(), "true".to_owned()),
        ]);
        let arguments =
            vec!["serve".to_owned(), "--functions".to_owned(), root.to_string_lossy().into_owned()];
        let program = PathBuf::from(env!("CARGO_BIN_EXE_azsql-worker"));
        let host = functions::start(HostOptions {
            host_json: Some(root.join("host.json")),
            script_root: root,
            worker: Some(WorkerCommand { program, arguments }),
            settings,
            inherit_environment: false,
            ..HostOptions::default()
        })
        .await
        .expect("the Functions host");
        assert_eq!(host.ready().await, HostState::Running);
        Self { host, sql, identity, _folder: folder }
    }

    /// The address of a function.
    pub(crate) fn url(&self, function: &str) -> String {
        format!("{}/api/{function}", self.host.base_url())
    }

    /// A line of the worker's `/proc/<pid>/status`, in MiB.
    pub(crate) fn worker_memory(&self, line: &str) -> f64 {
        let pid = self.host.worker_pid().expect("the worker runs");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the worker runs");
        let value = status.lines().find_map(|text| text.strip_prefix(line)).expect("Linux");
        let kibibytes: f64 = value.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes / 1024.0
    }

    /// Stops everything.
    pub(crate) async fn stop(self) {
        self.host.stop().await;
        self.sql.stop().await;
        self.identity.stop().await;
    }
}

fn write_app(root: &Path, rows: u64) -> std::io::Result<()> {
    std::fs::create_dir(root)?;
    std::fs::write(
        root.join("host.json"),
        json!({
            "version": "2.0",
            "functionTimeout": "00:30:00",
            "customHandler": { "description": { "defaultExecutablePath": "azsql-worker", "arguments": ["serve"] } },
        })
        .to_string(),
    )?;
    let many = format!(
        "SELECT TOP ({rows}) a.Id AS Block, b.Id AS Id, c.Name, c.City, c.Balance, c.Created
         FROM dbo.Persons AS a CROSS JOIN dbo.Persons AS b CROSS JOIN dbo.Persons AS c"
    );
    for (name, command) in [("many", many.as_str()), ("few", "SELECT TOP (3) Id, Name FROM dbo.Persons")] {
        let definition = json!({
            "bindings": [
                { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "authLevel": "anonymous" },
                { "type": "http", "direction": "out", "name": "res" },
            ],
            "sql": { "commandText": command, "repeatable": true, "result": "rows" },
        });
        let folder = root.join(name);
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("function.json"), definition.to_string())?;
    }
    Ok(())
}
