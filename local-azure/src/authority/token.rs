//! `POST /{tenant}/oauth2/v2.0/token`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::client_proof;
use super::entra_error::EntraError;
use super::form::Form;
use super::scope::Scope;
use super::state::State;
use super::user_grants::{self, UserGrant};
use crate::identity::TokenFault;
use crate::identity::reply::{self, Refused, Replies};
use crate::recorded::RecordedRequest;
use crate::tokens::{Subject, TokenRequest};

/// The reply's fields in the order in which Entra writes them.
#[derive(Serialize)]
struct TokenReply {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Seconds from now.
    expires_in: i64,
    /// The same: the longer life that this was for exists no more.
    ext_expires_in: i64,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// A request that may have a token.
enum Grant {
    /// For the application itself.
    Application(TokenRequest),
    /// For a user.
    User(UserGrant),
}

/// Answers a token request.
pub(super) async fn token(
    http: HttpRequest,
    tenant: web::Path<String>,
    body: web::Bytes,
    state: web::Data<State>,
) -> HttpResponse {
    let form = Form::of_body(&http, &body);
    state.records.add(RecordedRequest::new(&http, form.iter()));
    let (grant, client_id) = match grant(&state, &tenant, &form) {
        Ok(Grant::Application(wanted)) => {
            let client_id = wanted.client_id.clone();
            (Ok(Grant::Application(wanted)), client_id)
        }
        Ok(Grant::User(grant)) => {
            let client_id = grant.wanted.client_id.clone();
            (Ok(Grant::User(grant)), client_id)
        }
        // Asking again is part of a device's sign-in, so what goes wrong with requests goes wrong here too.
        Err(error @ (EntraError::AuthorizationPending | EntraError::SlowDown)) => {
            (Err(error), form.get("client_id").unwrap_or_default().to_owned())
        }
        Err(error) => return error.reply(),
    };
    let succeed = |fault| match grant.map_err(refused)? {
        Grant::Application(wanted) => issue(&state, &wanted, fault, None, None),
        Grant::User(grant) => {
            let refresh_token = state.users.redeem(&grant).map_err(refused)?;
            issue(&state, &grant.wanted, fault, Some(grant.scope.text), refresh_token)
        }
    };
    let refuse = |status| EntraError::of_status(status).reply_with(status);
    reply::send(state.tokens.faults(), &client_id, Replies { succeed, refuse }).await
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn refused(error: EntraError) -> Refused {
    Refused::new(error.reply())
}

fn issue(
    state: &State,
    wanted: &TokenRequest,
    fault: Option<TokenFault>,
    scope: Option<String>,
    refresh_token: Option<String>,
) -> Result<TokenReply, Refused> {
    let issued = state.tokens.issue(wanted, fault).map_err(|_| refused(EntraError::Transient))?;
    Ok(TokenReply {
        token_type: "Bearer",
        scope,
        expires_in: issued.expires_in,
        ext_expires_in: issued.expires_in,
        access_token: issued.access_token,
        refresh_token,
    })
}

fn grant(state: &State, tenant: &str, form: &Form) -> Result<Grant, EntraError> {
    form.refuse_repetition()?;
    match form.require("grant_type")? {
        "client_credentials" => client_credentials(state, tenant, form).map(Grant::Application),
        "authorization_code" => user_grants::authorization_code(state, tenant, form).map(Grant::User),
        "refresh_token" => user_grants::refresh_token(state, tenant, form).map(Grant::User),
        "urn:ietf:params:oauth:grant-type:device_code" => {
            user_grants::device_code(state, tenant, form).map(Grant::User)
        }
        _ => Err(EntraError::UnsupportedGrant),
    }
}

fn client_credentials(state: &State, tenant_name: &str, form: &Form) -> Result<TokenRequest, EntraError> {
    let tenant = state.tenant_of_application(tenant_name)?;
    let client_id = form.require("client_id")?;
    let scope = form.require("scope")?;
    let application = state.application(client_id)?;
    client_proof::prove(state, tenant_name, application, form)?;
    Ok(TokenRequest {
        audience: Scope::of_application(scope)?.audience,
        tenant_id: tenant.to_owned(),
        client_id: application.client_id.clone(),
        object_id: application.object_id.clone(),
        subject: Subject::Application,
        lifetime: state.options.token_lifetime,
    })
}
