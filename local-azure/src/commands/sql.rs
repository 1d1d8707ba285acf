//! `local-azure sql`: the SQL endpoint alone, with a SQL login.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use local_azure::chaos::{self, Chaos};
use local_azure::sql::{SqlLogin, SqlOptions, start};

/// Options of `local-azure sql`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where to listen on 127.0.0.1; 0 takes any free port
    #[arg(long, default_value_t = 14330)]
    port: u16,
    /// Keep the database in this file; without it, it ends with the program
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Fill a new database from this script; lines that say GO separate batches
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The SQL login's name
    #[arg(long, default_value = "sa")]
    sql_user: String,
    /// The SQL login's password; without it, a random one is printed. Other users of this machine can see it here:
    /// better set LOCAL_AZURE_SQL_PASSWORD
    #[arg(long, env = "LOCAL_AZURE_SQL_PASSWORD", hide_env_values = true)]
    sql_password: Option<String>,
    /// Write the certificate of the endpoint's authority here, for clients to trust
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// Make happen what goes wrong in this script of faults
    #[arg(long, value_name = "FILE")]
    chaos: Option<PathBuf>,
    /// Listen for other scripts on this port of 127.0.0.1; 0 takes any free one [default: don't]
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
}

/// Runs the endpoint until the program is asked to end.
pub(super) async fn run(options: Options) -> Result<(), String> {
    let seed = match &options.seed {
        Some(file) => Some(
            std::fs::read_to_string(file)
                .map_err(|error| format!("the script {} can't be read: {error}", file.display()))?,
        ),
        None => None,
    };
    let (password, shown) = match options.sql_password {
        Some(password) => (password, None),
        None => {
            let password = uuid::Uuid::new_v4().to_string();
            (password.clone(), Some(password))
        }
    };
    let server = start(SqlOptions {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        database_file: options.database,
        logins: vec![SqlLogin::new(options.sql_user.as_str(), password.as_str())],
        ca_out: options.ca_out,
        seed,
        ..SqlOptions::default()
    })
    .await
    .map_err(|error| format!("the SQL endpoint can't start on port {}: {error}", options.port))?;
    let chaos = Chaos::new(Some(server.faults().clone()), None);
    if let Some(file) = &options.chaos {
        chaos.run_file(file).map_err(|error| error.to_string())?;
    }
    let control = match options.control_port {
        Some(port) => Some(chaos::control(chaos.clone(), port).await.map_err(|error| error.to_string())?),
        None => None,
    };
    let password = shown.map(|password| format!(" password={password}")).unwrap_or_default();
    let address = control.as_ref().map(|control| format!(" control={}", control.url())).unwrap_or_default();
    super::say(&format!("ready sql {} user={}{password}{address}", server.address(), options.sql_user));
    super::asked_to_end().await?;
    if let Some(control) = control {
        control.stop().await;
    }
    chaos.end();
    server.stop().await;
    Ok(())
}
