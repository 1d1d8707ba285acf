//! The parts that `dev` starts, in their order, and how the worker finds them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local_azure::chaos::{self, Chaos, ChaosControl};
use local_azure::functions::{self, FunctionsHost, HostOptions, WorkerCommand};
use local_azure::identity::{self, IdentityEndpoint, IdentityOptions, ManagedIdentity};
use local_azure::sql::{self, SqlLogin, SqlOptions, SqlServer};

use super::{DevOptions, screen};
use crate::SAMPLE_SEED;
use crate::commands::local_settings;
use crate::host::host_json;

/// The name under which the local database is opened.
const DATABASE: &str = "sample";

/// Everything that runs. The order of the fields is that of stopping.
pub(super) struct Parts {
    pub(super) host: FunctionsHost,
    sql: Option<LocalSql>,
    identity: IdentityEndpoint,
    chaos: Option<Faulty>,
    // Holds the CA file; removed when everything has stopped.
    _folder: tempfile::TempDir,
}

/// Faults by script, and where to change it.
struct Faulty {
    chaos: Chaos,
    control: ChaosControl,
}

struct LocalSql {
    server: SqlServer,
    user: String,
    /// Shown when it was made up, not when the user gave it.
    made_up_password: Option<String>,
}

/// Starts the parts.
pub(super) async fn start(options: DevOptions) -> Result<Parts, String> {
    let functions_folder = options.functions.clone().unwrap_or_else(super::super::default_functions);
    let host_json = host_json::path(&functions_folder);
    let app_folder = host_json.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let mut settings = local_settings::read(
        &app_folder,
        |name| std::env::var_os(name).is_some(),
        |name| {
            screen::say(&format!("Skipping '{name}' of the local settings: the environment has it already."));
        },
    )?;
    // As Core Tools does: it tells this host from one in Azure, and so that a person may sit here.
    if std::env::var_os("AZURE_FUNCTIONS_ENVIRONMENT").is_none() {
        settings.entry("AZURE_FUNCTIONS_ENVIRONMENT".to_owned()).or_insert_with(|| "Development".to_owned());
    }
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;

    let identity = identity::start(IdentityOptions {
        user_assigned: user_assigned(&settings),
        ..IdentityOptions::default()
    })
    .await
    .map_err(|error| error.to_string())?;
    let sql = match &options.connection_string {
        Some(connection_string) => {
            settings.insert("AZURE_SQL_CONNECTIONSTRING".to_owned(), connection_string.clone());
            None
        }
        None => {
            let ca_file = folder.path().join("ca.pem");
            let sql = start_sql(&options, &identity, &ca_file).await?;
            point_to_local(&mut settings, sql.server.address().port(), &ca_file, &identity);
            Some(sql)
        }
    };
    let chaos = start_chaos(&options, sql.as_ref(), &identity).await?;
    let program = std::env::current_exe().map_err(|error| format!("can't find this program: {error}"))?;
    let functions_argument =
        std::path::absolute(&functions_folder).unwrap_or_else(|_| functions_folder.clone());
    let host = functions::start(HostOptions {
        script_root: functions_folder,
        host_json: Some(host_json),
        port: options.port,
        worker: Some(WorkerCommand {
            program,
            arguments: vec![
                "serve".to_owned(),
                "--functions".to_owned(),
                functions_argument.to_string_lossy().into_owned(),
            ],
        }),
        settings,
        log: Some(Arc::new(screen::show)),
        ..HostOptions::default()
    })
    .await
    .map_err(|error| error.to_string())?;
    Ok(Parts { host, sql, identity, chaos, _folder: folder })
}

/// `AZURE_CLIENT_ID` asks for a user-assigned identity, so the endpoint must know it.
fn user_assigned(settings: &BTreeMap<String, String>) -> Vec<ManagedIdentity> {
    let from_settings = settings.get("AZURE_CLIENT_ID").cloned();
    let client_id = from_settings.or_else(|| std::env::var("AZURE_CLIENT_ID").ok());
    client_id.filter(|id| !id.is_empty()).map(ManagedIdentity::user_assigned).into_iter().collect()
}

async fn start_sql(
    options: &DevOptions,
    identity: &IdentityEndpoint,
    ca_file: &Path,
) -> Result<LocalSql, String> {
    let seed = match &options.seed {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("the script {} can't be read: {error}", file.display()))?,
        None => SAMPLE_SEED.to_owned(),
    };
    let made_up_password = match &options.sql_password {
        Some(_) => None,
        None => Some(uuid::Uuid::new_v4().to_string()),
    };
    let password = options.sql_password.clone().or_else(|| made_up_password.clone()).unwrap_or_default();
    let verifier = identity.verifier();
    let server = sql::start(SqlOptions {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, options.sql_port)),
        database_file: options.database.clone(),
        logins: vec![SqlLogin::new(options.sql_user.as_str(), password)],
        token_check: Some(Arc::new(move |token| {
            verifier
                .verify(token)
                .map(|claims| claims.login_identity())
                .map_err(|refusal| refusal.to_string())
        })),
        ca_out: Some(ca_file.to_path_buf()),
        seed: Some(seed),
        ..SqlOptions::default()
    })
    .await
    .map_err(|error| format!("the SQL endpoint can't start on port {}: {error}", options.sql_port))?;
    Ok(LocalSql { server, user: options.sql_user.clone(), made_up_password })
}

/// None where nobody asked for faults.
async fn start_chaos(
    options: &DevOptions,
    sql: Option<&LocalSql>,
    identity: &IdentityEndpoint,
) -> Result<Option<Faulty>, String> {
    if options.chaos.is_none() && options.control_port.is_none() {
        return Ok(None);
    }
    let chaos = Chaos::new(sql.map(|sql| sql.server.faults().clone()), Some(identity.faults().clone()));
    if let Some(file) = &options.chaos {
        chaos.run_file(file).map_err(|error| error.to_string())?;
    }
    let port = options.control_port.unwrap_or_default();
    let control = chaos::control(chaos.clone(), port).await.map_err(|error| error.to_string())?;
    Ok(Some(Faulty { chaos, control }))
}

/// Whatever the files say, the worker is pointed to the local endpoints: a desk is no place to write to a real
/// database by accident. `--connection-string` is the way to a real one.
fn point_to_local(
    settings: &mut BTreeMap<String, String>,
    sql_port: u16,
    ca_file: &Path,
    identity: &IdentityEndpoint,
) {
    let connection_string =
        format!("Server=tcp:localhost,{sql_port};Database={DATABASE};Authentication=ActiveDirectoryMSI");
    for (name, value) in [
        ("AZURE_SQL_CONNECTIONSTRING", connection_string),
        ("AZSQL_TRUST_CA", ca_file.to_string_lossy().into_owned()),
        ("IDENTITY_ENDPOINT", identity.url()),
        ("IDENTITY_HEADER", identity.secret().to_owned()),
        // Set to nothing is not set: these are for a real server.
        ("SQL_SERVER", String::new()),
        ("SQL_DATABASE", String::new()),
        ("AZSQL_ACCESS_TOKEN_FILE", String::new()),
    ] {
        settings.insert(name.to_owned(), value);
    }
}

impl Parts {
    /// What a user needs to try it.
    pub(super) fn summary(&self) -> String {
        let url = self.host.base_url();
        let mut lines = vec![String::new()];
        match &self.sql {
            Some(sql) => {
                lines.push(format!("SQL endpoint:      {} (TLS, database {DATABASE})", sql.server.address()));
                let password = match &sql.made_up_password {
                    Some(password) => format!("password {password}"),
                    None => "the password that you gave".to_owned(),
                };
                lines.push(format!("SQL login:         user {}, {password}", sql.user));
            }
            None => lines.push("SQL endpoint:      the server of your connection string".to_owned()),
        }
        lines.push(format!("Identity endpoint: {}", self.identity.url()));
        if let Some(Faulty { control, .. }) = &self.chaos {
            lines.push(format!("Faults:            {} (GET, PUT, DELETE)", control.url()));
        }
        lines.push(format!("Functions host:    {url}"));
        lines.push(String::new());
        lines.push("Try:".to_owned());
        lines.push(format!("  curl {url}/api/sql/ping"));
        lines.push(format!("  curl '{url}/api/persons?limit=3'"));
        lines.push(format!(
            "  curl -X POST {url}/api/persons -d '{{\"name\": \"Ada\", \"city\": \"Oslo\", \"balance\": 12.5}}'"
        ));
        lines.push(String::new());
        lines.push("End it with ^C.".to_owned());
        lines.join("\n")
    }

    /// Stops everything and waits until it is gone: the worker first, so that nothing talks to what has ended.
    pub(super) async fn stop(self) -> Result<(), String> {
        self.host.stop().await;
        if let Some(Faulty { chaos, control }) = self.chaos {
            control.stop().await;
            chaos.end();
        }
        if let Some(sql) = self.sql {
            sql.server.stop().await;
        }
        self.identity.stop().await;
        Ok(())
    }
}
