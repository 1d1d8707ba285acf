//! How an application proves in a token request that it is the one it says it is.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};

use super::application::Application;
use super::assertion::{self, Expected, JWT_BEARER};
use super::entra_error::EntraError;
use super::form::Form;
use super::state::State;

/// Checks the credentials of a request in which a user signed in: a public client has none, any other its own.
pub(super) fn prove_if_confidential(
    state: &State,
    tenant_name: &str,
    application: &Application,
    form: &Form,
) -> Result<(), EntraError> {
    let presents_none = form.get("client_secret").or(form.get("client_assertion")).is_none();
    if application.is_public() && presents_none {
        return Ok(());
    }
    prove(state, tenant_name, application, form)
}

/// Checks the credentials of an application that signs in as itself.
pub(super) fn prove(
    state: &State,
    tenant_name: &str,
    application: &Application,
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
                client_id: form.require("client_id")?,
                audiences: &audiences,
                now: unix_seconds(),
            };
            assertion::verify_signed(assertion, &expected)
        }
    }
}

/// Compares with each known secret, in a time that doesn't tell how much of it fits.
pub(super) fn is_among(presented: &str, known: &[SecretString]) -> bool {
    known
        .iter()
        .any(|one| verify_slices_are_equal(presented.as_bytes(), one.expose_secret().as_bytes()).is_ok())
}

fn unix_seconds() -> f64 {
    // A clock before 1970 makes every assertion one that is to come.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
