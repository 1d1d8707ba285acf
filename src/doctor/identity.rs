//! How we sign in and why so, and what the token says.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::examination::{Examination, TimeIsUp};
use super::report::Finding;
use crate::database::{Authentication, ConnectionSettings};
use crate::identity::{
    Claims, Clock, Cloud, IdentityEnvironment, IdentityError, Method, SystemClock, Token, fetcher_of,
};

/// The application id of Azure SQL, which a token may name as its audience instead of the address.
const AZURE_SQL: &str = "022907d3-0f1b-48f7-badc-1ba6abab6d66";

/// A token that ends sooner is not given to a connection any more.
const SOON_SECONDS: i64 = 300;

/// Beyond what the way itself takes at the most, nothing is waited for.
const MARGIN: Duration = Duration::from_secs(1);

/// Who signs in, as far as it is known before: for sentences.
pub(super) fn name(settings: &ConnectionSettings, environment: &IdentityEnvironment) -> String {
    match &settings.authentication {
        Authentication::SqlPassword { .. } => "a SQL login".to_owned(),
        Authentication::Entra(method) => who(method, environment).0,
    }
}

/// Which way is taken, and why that one.
pub(super) fn way(
    settings: &ConnectionSettings,
    environment: &IdentityEnvironment,
    setting: &str,
) -> Finding {
    let Authentication::Entra(method) = &settings.authentication else {
        return Finding::warn(
            format!("a SQL login with a password, from {setting}"),
            "use Authentication=ActiveDirectoryMSI and no password: an identity has no secret that could leak",
        )
        .with("method", "SqlPassword");
    };
    let (who, origin) = who(method, environment);
    let origin = match origin {
        Origin::ConnectionString => format!("from User Id in {setting}"),
        Origin::Environment(variable) => format!("from {variable}"),
        Origin::Nothing => format!("from Authentication in {setting}"),
        Origin::SystemAssigned => {
            format!("as neither User Id in {setting} nor AZURE_CLIENT_ID names another")
        }
    };
    let summary = format!("{who}, {origin}");
    let finding = match (method, environment.no_person) {
        (Method::Interactive { .. } | Method::DeviceCode, Some(why)) => Finding::fail(summary, why),
        _ => Finding::ok(summary),
    };
    finding.with("method", method_name(method)).with("origin", origin)
}

/// Where the choice of an identity comes from.
enum Origin {
    ConnectionString,
    Environment(&'static str),
    SystemAssigned,
    /// The method alone says it.
    Nothing,
}

/// Who, and where that comes from. Ids are no secrets.
fn who(method: &Method, environment: &IdentityEnvironment) -> (String, Origin) {
    let client = |own: Option<&String>| match (own, &environment.client_id) {
        (Some(id), _) => (Some(id.clone()), Origin::ConnectionString),
        (None, Some(id)) => (Some(id.clone()), Origin::Environment("AZURE_CLIENT_ID")),
        (None, None) => (None, Origin::Nothing),
    };
    let application = |kind: &str, own: Option<&String>| {
        let (id, origin) = client(own);
        (id.map_or_else(|| kind.to_owned(), |id| format!("{kind} {id}")), origin)
    };
    match method {
        Method::ManagedIdentity { client_id } => match client(client_id.as_ref()) {
            (Some(id), origin) => (format!("managed identity {id}"), origin),
            (None, _) => ("the system-assigned managed identity".to_owned(), Origin::SystemAssigned),
        },
        Method::Default { .. } => {
            ("the first source of ActiveDirectoryDefault that has a token".to_owned(), Origin::Nothing)
        }
        Method::ClientSecret { client_id, .. } => {
            application("service principal with a secret", client_id.as_ref())
        }
        Method::ClientCertificate { client_id, .. } => {
            application("service principal with a certificate", client_id.as_ref())
        }
        Method::Environment => application("service principal of the environment", None),
        Method::WorkloadIdentity { client_id } => application("workload identity", client_id.as_ref()),
        Method::AzureCli => ("the login of the Azure CLI".to_owned(), Origin::Nothing),
        Method::AzureDeveloperCli => ("the login of the Azure Developer CLI".to_owned(), Origin::Nothing),
        Method::AzurePipelines => ("a service connection of Azure Pipelines".to_owned(), Origin::Nothing),
        Method::TokenFile(_) => {
            ("the token in a file".to_owned(), Origin::Environment("AZSQL_ACCESS_TOKEN_FILE"))
        }
        Method::Interactive { .. } => ("a person in a browser".to_owned(), Origin::Nothing),
        Method::DeviceCode => ("a person with a code".to_owned(), Origin::Nothing),
    }
}

fn method_name(method: &Method) -> &'static str {
    match method {
        Method::Default { .. } => "ActiveDirectoryDefault",
        Method::ManagedIdentity { .. } => "ActiveDirectoryMSI",
        Method::ClientSecret { .. } | Method::ClientCertificate { .. } => "ActiveDirectoryServicePrincipal",
        Method::Environment => "ActiveDirectoryEnvironment",
        Method::WorkloadIdentity { .. } => "ActiveDirectoryWorkloadIdentity",
        Method::AzureCli => "ActiveDirectoryAzCli",
        Method::AzureDeveloperCli => "ActiveDirectoryAzureDeveloperCli",
        Method::AzurePipelines => "ActiveDirectoryAzurePipelines",
        Method::TokenFile(_) => "AZSQL_ACCESS_TOKEN_FILE",
        Method::Interactive { .. } => "ActiveDirectoryInteractive",
        Method::DeviceCode => "ActiveDirectoryDeviceCodeFlow",
    }
}

/// Asks for a new token and looks at what it says.
pub(super) async fn token(
    run: &Examination<'_>,
    method: &Method,
    environment: &IdentityEnvironment,
    host: &str,
) -> (Option<Token>, Finding) {
    let cloud = Cloud::of_server(host);
    let fetcher = fetcher_of(method, environment, cloud);
    let bound = fetcher.bound().saturating_add(MARGIN);
    match run.within(bound, fetcher.fetch(cloud.sql_scope())).await {
        Ok(Ok(token)) => {
            let finding = look_at(&token, cloud, SystemClock.now());
            let finding = match method {
                Method::Default { .. } => {
                    let source = fetcher.way().name();
                    let summary = format!("from {source}: {}", finding.summary);
                    Finding { summary, ..finding }.with("source", source)
                }
                _ => finding,
            };
            (Some(token), finding)
        }
        Ok(Err(error)) => {
            let cure = cure(&error);
            (None, Finding::fail(error.to_string(), cure))
        }
        Err(TimeIsUp) => {
            let summary = format!("no token within {} s, or within the time of the doctor", bound.as_secs());
            (None, Finding::fail(summary, "run the doctor again; is the identity endpoint overloaded?"))
        }
    }
}

/// What to do alone; the error's own sentence says it too.
fn cure(error: &IdentityError) -> String {
    let told = match error {
        IdentityError::Unavailable { reason, .. } => reason.clone(),
        IdentityError::Timeout { cure, .. }
        | IdentityError::Unreachable { cure, .. }
        | IdentityError::Unreadable { cure, .. } => (*cure).to_owned(),
        IdentityError::Refused { cure, .. } => cure.clone(),
        IdentityError::NoSource(_) => {
            "give one of these sources what it lacks: at a desk `az login`, in Azure a managed identity"
                .to_owned()
        }
    };
    if error.goes_by() { format!("{told}; it may go by: run the doctor again") } else { told }
}

fn look_at(token: &Token, cloud: Cloud, now: i64) -> Finding {
    let claims = Claims::read(token.secret.expose_secret());
    // What it says itself is what the server goes by.
    let own_end = claims.as_ref().and_then(|claims| claims.expires_at);
    let expires_at = own_end.map_or(token.expires_at, |end| end.min(token.expires_at));
    let left = expires_at.saturating_sub(now);
    let Some(claims) = claims else {
        return Finding::warn(
            format!("it ends in {}, and what it says can't be read", minutes(left)),
            "a token for Azure SQL is a JSON Web Token: look at who makes it; the login below tells whether it is taken",
        );
    };
    let expected = cloud.sql_scope().trim_end_matches(".default").trim_end_matches('/');
    let audience = claims.audience.as_deref().unwrap_or("nobody");
    let is_right = audience.trim_end_matches('/').eq_ignore_ascii_case(expected)
        || audience.eq_ignore_ascii_case(AZURE_SQL);
    let bearer = match (&claims.client_id, &claims.object_id) {
        (Some(client), Some(object)) => format!("application {client} (object id {object})"),
        (Some(client), None) => format!("application {client}"),
        (None, Some(object)) => format!("object id {object}"),
        (None, None) => "nobody by id".to_owned(),
    };
    let tenant = claims.tenant_id.as_deref().unwrap_or("?");
    let summary = format!("for {bearer} of tenant {tenant}, ends in {}", minutes(left));
    let finding = if !is_right {
        Finding::fail(
            format!("the token is for {audience} and not for {expected}"),
            "is the server of this cloud? The server's suffix decides what token is asked for; a token file must hold one for \
             Azure SQL: az account get-access-token --resource https://database.windows.net",
        )
    } else if left <= 0 {
        Finding::fail(
            format!("{summary}: it has expired"),
            "look at the clock of this machine; a token file must be written again before its token ends",
        )
    } else if left < SOON_SECONDS {
        Finding::warn(
            summary,
            "whoever gives it keeps it for long: a new one should come before this one ends",
        )
    } else {
        Finding::ok(summary)
    };
    finding
        .with("audience", claims.audience)
        .with("tenantId", claims.tenant_id)
        .with("objectId", claims.object_id)
        .with("clientId", claims.client_id)
        .with("expiresAt", expires_at)
        .with("secondsLeft", left)
}

fn minutes(seconds: i64) -> String {
    match seconds {
        ..0 => format!("{} min ago", seconds.unsigned_abs() / 60),
        0..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use secrecy::SecretString;

    use super::super::report::Status;
    use super::*;

    fn token(audience: &str, expires_at: i64) -> Token {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let claims = format!(r#"{{"aud":"{audience}","tid":"t","oid":"o","appid":"a","exp":{expires_at}}}"#);
        let text = format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"none"}"#), part(&claims));
        Token { secret: SecretString::from(text), expires_at }
    }

    #[test]
    fn a_token_must_be_for_the_servers_cloud() {
        for (audience, cloud, status) in [
            ("https://database.windows.net/", Cloud::Public, Status::Ok),
            ("https://database.windows.net", Cloud::Public, Status::Ok),
            (AZURE_SQL, Cloud::Public, Status::Ok),
            ("https://database.windows.net/", Cloud::China, Status::Fail),
            ("https://database.usgovcloudapi.net/", Cloud::UsGovernment, Status::Ok),
            ("https://management.azure.com/", Cloud::Public, Status::Fail),
        ] {
            assert_eq!(look_at(&token(audience, 5000), cloud, 0).status, status, "{audience}");
        }
    }

    #[test]
    fn a_token_must_not_have_ended() {
        let at = |now| look_at(&token("https://database.windows.net/", 1000), Cloud::Public, now).status;
        assert_eq!([at(0), at(701), at(1000)], [Status::Ok, Status::Warn, Status::Fail]);
    }

    #[test]
    fn no_part_of_a_token_is_shown() {
        let token = token("https://database.windows.net/", 1000);
        let shown = format!("{:?}", look_at(&token, Cloud::Public, 0));
        for part in token.secret.expose_secret().split('.') {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}
