//! `POST /{tenant}/oauth2/v2.0/devicecode` (RFC 8628), and the page where the user enters the code.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::entra_error::EntraError;
use super::form::Form;
use super::page;
use super::scope::Scope;
use super::sign_ins::{Device, DeviceStatus};
use super::state::State;
use crate::recorded::RecordedRequest;

/// The path of the page.
pub(super) const PAGE: &str = "/devicelogin";

/// What user codes are made of: no letters and digits that look alike.
const USER_CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The reply's fields in the order in which Entra writes them.
#[derive(Serialize)]
struct DeviceReply {
    user_code: String,
    device_code: String,
    verification_uri: String,
    /// Seconds.
    expires_in: u64,
    /// Seconds between two polls.
    interval: u64,
    message: String,
}

/// Answers a device that wants a user to sign in.
pub(super) async fn start(
    http: HttpRequest,
    tenant: web::Path<String>,
    body: web::Bytes,
    state: web::Data<State>,
) -> HttpResponse {
    let form = Form::of_body(&http, &body);
    state.records.add(RecordedRequest::new(&http, form.iter()));
    match begin(&state, &tenant, &form) {
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => error.reply(),
    }
}

fn begin(state: &State, tenant_name: &str, form: &Form) -> Result<DeviceReply, EntraError> {
    form.refuse_repetition()?;
    let tenant = state.tenant_of_user(tenant_name)?;
    let client_id = form.require("client_id")?;
    let scope = form.require("scope")?;
    let application = state.application(client_id)?;
    let scope = Scope::of_user(scope)?;
    let user_code = user_code();
    let lifetime = state.options.device_code_lifetime.as_secs();
    let device_code = state.users.add_device(Device {
        client_id: application.client_id.clone(),
        tenant_id: tenant.to_owned(),
        scope,
        user_code: user_code.clone(),
        expires_at: state.now().saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX)),
        status: DeviceStatus::Pending,
        polls: 0,
        slow_down: false,
    });
    let verification_uri = format!("{}{PAGE}", state.url);
    Ok(DeviceReply {
        message: format!(
            "To sign in, use a web browser to open the page {verification_uri} and enter the code {user_code} to authenticate."
        ),
        user_code,
        device_code,
        verification_uri,
        expires_in: lifetime,
        interval: state.options.device_poll_interval.as_secs(),
    })
}

fn user_code() -> String {
    let letter = |byte: &u8| USER_CODE_LETTERS.get(usize::from(byte & 31)).map(|&letter| char::from(letter));
    uuid::Uuid::new_v4().as_bytes().iter().rev().take(9).filter_map(letter).collect()
}

/// The page: without a code it asks for one, with one the user signs in.
pub(super) async fn sign_in(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    match Form::of_query(&http).get("otc") {
        None => page::ask_for_code(),
        Some(code) => {
            let status = match state.home_user() {
                Some(user) if !state.users.denies() => DeviceStatus::Approved(user),
                _ => DeviceStatus::Declined,
            };
            if state.users.decide(code, &status) {
                page::done()
            } else {
                page::error(&EntraError::UnknownDeviceCode)
            }
        }
    }
}
