//! `POST /{tenant}/oauth2/v2.0/token`.

use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::application::Application;
use super::assertion::{self, Expected, JWT_BEARER};
use super::entra_error::EntraError;
use super::form::Form;
use super::recorded::RecordedRequest;
use super::scope::Scope;
use super::state::State;
use crate::identity::reply::{self, Replies};
use crate::tokens::{Subject, TokenRequest};

/// The reply's fields in the order in which Entra writes them.
#[derive(Serialize)]
struct TokenReply {
    token_type: &'static str,
    /// Seconds from now.
    expires_in: i64,
    /// The same: the longer life that this was for exists no more.
    ext_expires_in: i64,
    access_token: String,
}

/// A request that may have a token.
struct Grant {
    wanted: TokenRequest,
}

/// Answers a token request.
pub(super) async fn token(
    http: HttpRequest,
    tenant: web::Path<String>,
    body: web::Bytes,
    state: web::Data<State>,
) -> HttpResponse {
    let form = Form::of_body(&http, &body);
    state.records.add(RecordedRequest::new(&http, &Form::of_query(&http), &form));
    let grant = match grant(&state, &tenant, &form) {
        Ok(grant) => grant,
        Err(error) => return error.reply(),
    };
    let client_id = grant.wanted.client_id.clone();
    let succeed = || {
        let issued = state.tokens.issue(&grant.wanted).map_err(|_| EntraError::Transient.reply())?;
        Ok(TokenReply {
            token_type: "Bearer",
            expires_in: issued.expires_in,
            ext_expires_in: issued.expires_in,
            access_token: issued.access_token,
        })
    };
    let refuse = |status| EntraError::of_status(status).reply_with(status);
    reply::send(state.tokens.faults(), &client_id, Replies { succeed, refuse }).await
}

fn grant(state: &State, tenant: &str, form: &Form) -> Result<Grant, EntraError> {
    form.refuse_repetition()?;
    match form.require("grant_type")? {
        "client_credentials" => client_credentials(state, tenant, form),
        _ => Err(EntraError::UnsupportedGrant),
    }
}

fn client_credentials(state: &State, tenant_name: &str, form: &Form) -> Result<Grant, EntraError> {
    let tenant = state.tenant(tenant_name)?;
    let client_id = form.require("client_id")?;
    let scope = form.require("scope")?;
    let application = state.application(client_id)?;
    prove(state, tenant_name, application, client_id, form)?;
    let scope = Scope::of_application(scope)?;
    Ok(Grant {
        wanted: TokenRequest {
            audience: scope.audience,
            tenant_id: tenant.to_owned(),
            client_id: application.client_id.clone(),
            object_id: application.object_id.clone(),
            subject: Subject::Application,
            lifetime: state.options.token_lifetime,
        },
    })
}

/// The application proves that it is the one it says it is.
fn prove(
    state: &State,
    tenant_name: &str,
    application: &Application,
    client_id: &str,
    form: &Form,
) -> Result<(), EntraError> {
    match (form.get("client_secret"), form.get("client_assertion")) {
        (None, None) => Err(EntraError::NoCredential),
        _ if application.is_public() => Err(EntraError::PublicClient),
        (Some(secret), None) if is_among(secret, &application.secrets) => Ok(()),
        (Some(_), None) => Err(EntraError::WrongSecret),
        // RFC 6749, section 2.3: one way to authenticate a request. Entra's number for it was not confirmed.
        (Some(_), Some(_)) => Err(EntraError::RepeatedParameter),
        (None, Some(assertion)) => {
            if form.require("client_assertion_type")? != JWT_BEARER {
                return Err(EntraError::AssertionType);
            }
            if is_among(assertion, &application.federated_assertions) {
                return Ok(());
            }
            if !assertion::names_certificate(assertion) && !application.federated_assertions.is_empty() {
                return Err(EntraError::FederatedMismatch);
            }
            let audiences: Vec<String> =
                state.bases.iter().map(|base| format!("{base}/{tenant_name}/oauth2/v2.0/token")).collect();
            let expected = Expected {
                certificates: &application.certificates,
                client_id,
                audiences: &audiences,
                now: chrono::Utc::now().timestamp(),
            };
            assertion::verify_signed(assertion, &expected)
        }
    }
}

fn is_among(presented: &str, known: &[SecretString]) -> bool {
    known
        .iter()
        .any(|one| verify_slices_are_equal(presented.as_bytes(), one.expose_secret().as_bytes()).is_ok())
}
