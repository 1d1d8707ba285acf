//! What connection strings mean, and what is refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod documentation;
mod laws;
mod refusals;
mod render;
mod split_form;
mod strings_in_the_wild;
mod warnings;

use secrecy::ExposeSecret;

use super::{Authentication, ConnectionSettings, ConnectionStringError, ParsedConnection};
use crate::identity::{IdentityEnvironment, Method};

/// Read where the environment has nothing to sign in with.
fn parse(text: &str) -> Result<ParsedConnection, ConnectionStringError> {
    ConnectionSettings::parse(text, &IdentityEnvironment::default())
}

/// Read, and without a warning.
fn settings(text: &str) -> ConnectionSettings {
    let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(parsed.warnings, [], "{text}");
    parsed.settings
}

/// How the settings log in, as a test writes it: `default`, `managed-identity(id)`, `sql(user, password)`.
fn login(settings: &ConnectionSettings) -> String {
    let id = |id: &Option<String>| id.clone().unwrap_or_default();
    match &settings.authentication {
        Authentication::SqlPassword { user, password } => {
            format!("sql({user}, {})", password.expose_secret())
        }
        Authentication::Entra(method) => match method {
            Method::Default { client_id } => format!("default({})", id(client_id)),
            Method::ManagedIdentity { client_id } => format!("managed-identity({})", id(client_id)),
            Method::ClientSecret { client_id, tenant_id, secret } => {
                let secret = secret.as_ref().map_or("", |secret| secret.expose_secret());
                format!("secret({}, {}, {secret})", id(client_id), id(tenant_id))
            }
            Method::ClientCertificate { client_id, tenant_id, certificate } => {
                let files = certificate.as_ref().map_or(String::new(), |files| {
                    let key = files.key.as_ref().map_or(String::new(), |key| key.display().to_string());
                    format!("{} {key}", files.certificate.display())
                });
                format!("certificate({}, {}, {})", id(client_id), id(tenant_id), files.trim())
            }
            Method::Environment => "environment".to_owned(),
            Method::WorkloadIdentity { client_id } => format!("workload({})", id(client_id)),
            Method::AzureCli => "az".to_owned(),
            Method::AzureDeveloperCli => "azd".to_owned(),
            Method::AzurePipelines => "pipelines".to_owned(),
            Method::TokenFile(file) => format!("file({})", file.display()),
            Method::Interactive { login_hint } => format!("interactive({})", id(login_hint)),
            Method::DeviceCode => "device-code".to_owned(),
        },
    }
}
