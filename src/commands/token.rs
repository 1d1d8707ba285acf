//! `azsql-worker token`: gets a token as the worker would, and shows for whom it is and until when.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::DateTime;
use secrecy::ExposeSecret;
use serde_json::json;

use super::terminal::{say, tell};
use super::{EXIT_FAILURE, EXIT_USAGE};
use crate::database::{Authentication, ConnectionSettings, connection_of_setting};
use crate::identity::{
    Claims, Clock, Cloud, IdentityEnvironment, Method, SystemClock, Token, TokenFetcher, fetcher_of,
};
use crate::settings::{environment, identity_environment};

/// Options of `token`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TokenOptions {
    /// The resource and /.default, such as https://ossrdbms-aad.database.windows.net/.default for PostgreSQL [default: that
    /// of Azure SQL]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Sign in as this app setting's connection string says, such as AZURE_SQL_CONNECTIONSTRING
    #[arg(long, value_name = "NAME", conflicts_with_all = ["authentication", "client_id"])]
    setting: Option<String>,
    /// Sign in as this value of Authentication says [default: ActiveDirectoryDefault]
    #[arg(long, value_name = "METHOD")]
    authentication: Option<String>,
    /// The client id of a user-assigned identity or an application [default: AZURE_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Print an object for scripts
    #[arg(long, conflicts_with = "print")]
    json: bool,
    /// Print the token and nothing else, for `$(azsql-worker token --print)`; whoever has it is who it is for
    #[arg(long)]
    print: bool,
}

/// How to sign in, and where.
struct Plan {
    method: Method,
    cloud: Cloud,
    scope: String,
}

/// 0 = there is a token, [`EXIT_USAGE`] = the options or settings can't be followed, [`EXIT_FAILURE`] = there is no token.
pub(super) fn run(options: &TokenOptions) -> ExitCode {
    let planned = identity_environment(&environment)
        .map_err(|error| error.to_string())
        .and_then(|environment| Ok((plan(options, &environment)?, environment)));
    let (plan, environment) = match planned {
        Ok(planned) => planned,
        Err(sentence) => {
            tell(&sentence);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let fetcher = fetcher_of(&plan.method, &environment, plan.cloud);
    match fetch(&fetcher, &plan.scope) {
        Ok(token) => {
            show(options, &plan, fetcher.as_ref(), &token);
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            tell(&sentence);
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

fn plan(options: &TokenOptions, environment: &IdentityEnvironment) -> Result<Plan, String> {
    if let Some(setting) = &options.setting {
        let connection = connection_of_setting(setting, &crate::settings::environment, environment)
            .map_err(|error| error.to_string())?;
        connection.warnings.iter().for_each(|warning| tell(&warning.to_string()));
        let Authentication::Entra(method) = connection.settings.authentication else {
            return Err(format!("{setting} has a SQL login, which needs no token"));
        };
        let cloud = Cloud::of_server(&connection.settings.host);
        let scope = options.scope.clone().unwrap_or_else(|| cloud.sql_scope().to_owned());
        return Ok(Plan { method, cloud, scope });
    }
    let scope = options.scope.clone().unwrap_or_else(|| Cloud::Public.sql_scope().to_owned());
    let host = url::Url::parse(&scope).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    let cloud = host.map_or(Cloud::Public, |host| Cloud::of_server(&host));
    let method = match &options.authentication {
        None => Method::Default { client_id: options.client_id.clone() },
        Some(name) => named(name, options.client_id.as_deref(), environment)?,
    };
    Ok(Plan { method, cloud, scope })
}

/// Reads a value of `Authentication` as a connection string has it.
fn named(name: &str, client_id: Option<&str>, environment: &IdentityEnvironment) -> Result<Method, String> {
    // Neither needs quotes, and what would need some is neither.
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || " -._@".contains(c));
    if !plain(name) {
        return Err("--authentication takes a name such as ActiveDirectoryDefault".to_owned());
    }
    if !client_id.is_none_or(plain) {
        return Err("--client-id takes a GUID".to_owned());
    }
    let user = client_id.map(|id| format!(";User Id={id}")).unwrap_or_default();
    let string = format!("Server=localhost;Authentication={name}{user}");
    // Whoever names a method here doesn't mean the file.
    let environment = IdentityEnvironment { access_token_file: None, ..environment.clone() };
    let parsed = ConnectionSettings::parse(&string, &environment)
        .map_err(|error| format!("--authentication {name}: {error}"))?;
    parsed.warnings.iter().for_each(|warning| tell(&warning.to_string()));
    match parsed.settings.authentication {
        Authentication::Entra(method) => Ok(method),
        Authentication::SqlPassword { .. } => Err(format!("--authentication {name} needs no token")),
    }
}

fn fetch(fetcher: &Arc<dyn TokenFetcher>, scope: &str) -> Result<Token, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime can be started: {}", error.kind()))?;
    runtime.block_on(fetcher.fetch(scope)).map_err(|error| error.to_string())
}

fn show(options: &TokenOptions, plan: &Plan, fetcher: &dyn TokenFetcher, token: &Token) {
    if options.print {
        say(token.secret.expose_secret());
        return;
    }
    let claims = Claims::read(token.secret.expose_secret());
    let way = fetcher.way().name();
    if options.json {
        let claims = claims.unwrap_or_default();
        say(&format!(
            "{:#}",
            json!({
                "way": way,
                "scope": plan.scope,
                "audience": claims.audience,
                "tenantId": claims.tenant_id,
                "objectId": claims.object_id,
                "clientId": claims.client_id,
                "name": claims.name,
                "kind": claims.kind,
                "expiresAt": instant(token.expires_at),
            })
        ));
        return;
    }
    let minutes = token.expires_at.saturating_sub(SystemClock.now()) / 60;
    let expires = format!("{} (in {minutes} min)", instant(token.expires_at));
    say(&format!("way         {way}\nscope       {}", plan.scope));
    match &claims {
        None => say("The token is no JWT: it can't be looked into."),
        Some(claims) => {
            let lines = [
                ("audience", &claims.audience),
                ("tenant", &claims.tenant_id),
                ("object id", &claims.object_id),
                ("client id", &claims.client_id),
                ("name", &claims.name),
                ("kind", &claims.kind),
            ];
            for (label, value) in lines {
                if let Some(value) = value {
                    say(&format!("{label:<11} {value}"));
                }
            }
        }
    }
    say(&format!("expires     {expires}"));
    if claims.is_some() {
        say("Read from the token's claims; its signature was not checked. The token itself: --print");
    }
}

/// A time in UTC; the number itself where no calendar has it.
fn instant(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
