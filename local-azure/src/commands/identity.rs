//! `local-azure identity`: the managed-identity endpoint alone.

use std::time::Duration;

use local_azure::identity::{IdentityOptions, ManagedIdentity, start};

/// Options of `local-azure identity`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where to listen on 127.0.0.1; 0 takes any free port
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The client id of a user-assigned identity; may be given several times
    #[arg(long, value_name = "CLIENT_ID")]
    user_assigned: Vec<String>,
    /// How long a token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    token_lifetime: u64,
}

/// Runs the endpoint until the program is asked to end.
pub(super) async fn run(options: Options) -> Result<(), String> {
    let endpoint = start(IdentityOptions {
        port: options.port,
        user_assigned: options.user_assigned.into_iter().map(ManagedIdentity::user_assigned).collect(),
        token_lifetime: Duration::from_secs(options.token_lifetime),
        ..IdentityOptions::default()
    })
    .await
    .map_err(|error| error.to_string())?;
    super::say(&format!(
        "ready identity IDENTITY_ENDPOINT={} IDENTITY_HEADER={}",
        endpoint.url(),
        endpoint.secret()
    ));
    super::asked_to_end().await?;
    endpoint.stop().await;
    Ok(())
}
