//! `local-azure authority`: the Entra authority alone, with one application and one user.

use std::path::PathBuf;
use std::time::Duration;

use local_azure::authority::{Application, AuthorityOptions, AuthorityUser, DeviceSignIn, start};
use local_azure::tokens::LOCAL_TENANT_ID;

/// Options of `local-azure authority`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where to listen on 127.0.0.1 for HTTPS; 0 takes any free port
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The client id of an application that gets a secret; a made-up one if not given
    #[arg(long, value_name = "CLIENT_ID", default_value = "c0ffee00-0000-4000-8000-000000000001")]
    client_id: String,
    /// A certificate, PEM, whose key may sign for the application too
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The user who signs in
    #[arg(long, value_name = "NAME", default_value = "person@contoso.example")]
    user: String,
    /// Devices sign in by themselves after so many polls; without it, on the page that they name
    #[arg(long, value_name = "POLLS")]
    approve_devices_after: Option<u32>,
    /// How long a token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 3599)]
    token_lifetime: u64,
    /// Write the certificate of the authority's issuer here, for clients to trust
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
}

/// Runs the authority until the program is asked to end.
pub(super) async fn run(options: Options) -> Result<(), String> {
    let secret = uuid::Uuid::new_v4().to_string();
    let mut application = Application::new(options.client_id.as_str()).with_secret(secret.as_str());
    if let Some(file) = &options.certificate {
        let pem = std::fs::read_to_string(file)
            .map_err(|error| format!("the certificate {} can't be read: {error}", file.display()))?;
        application = application.with_certificate(pem);
    }
    let authority = start(AuthorityOptions {
        port: options.port,
        applications: vec![application, Application::developer_sign_on()],
        users: vec![AuthorityUser::new(options.user)],
        device_sign_in: options.approve_devices_after.map_or(DeviceSignIn::ByHand, DeviceSignIn::AfterPolls),
        token_lifetime: Duration::from_secs(options.token_lifetime),
        ca_out: options.ca_out,
        ..AuthorityOptions::default()
    })
    .await
    .map_err(|error| error.to_string())?;
    super::say(&format!(
        "ready authority AZURE_AUTHORITY_HOST={} AZURE_TENANT_ID={LOCAL_TENANT_ID} AZURE_CLIENT_ID={} AZURE_CLIENT_SECRET={secret}",
        authority.url(),
        options.client_id,
    ));
    super::asked_to_end().await?;
    authority.stop().await;
    Ok(())
}
