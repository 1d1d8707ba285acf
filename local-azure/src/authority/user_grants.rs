//! The grants in which a user signed in: an authorization code, a device code, a refresh token.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::client_proof::prove_if_confidential;
use super::entra_error::EntraError;
use super::form::Form;
use super::scope::Scope;
use super::sign_ins::{DeviceStatus, SignIn};
use super::state::State;
use crate::tokens::{Subject, TokenRequest};

/// What is used up when the token is issued.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum UsedUp {
    /// An authorization code.
    Code(String),
    /// A device code.
    DeviceCode(String),
    /// Nothing: Entra's refresh tokens stay good beside the new one.
    Nothing,
}

/// A request that may have a token for a user.
pub(super) struct UserGrant {
    pub(super) wanted: TokenRequest,
    pub(super) scope: Scope,
    pub(super) sign_in: SignIn,
    pub(super) used_up: UsedUp,
}

/// `grant_type=authorization_code`, with the proof key of RFC 7636.
pub(super) fn authorization_code(
    state: &State,
    tenant_name: &str,
    form: &Form,
) -> Result<UserGrant, EntraError> {
    state.tenant_of_user(tenant_name)?;
    let application = state.application(form.require("client_id")?)?;
    let code = form.require("code")?;
    let redirect_uri = form.require("redirect_uri")?;
    let verifier = form.require("code_verifier")?;
    prove_if_confidential(state, tenant_name, application, form)?;
    let issued = state.users.code(code).ok_or(EntraError::UnknownGrant)?;
    if issued.sign_in.client_id != application.client_id {
        return Err(EntraError::UnknownGrant);
    }
    if issued.redeemed {
        return Err(EntraError::CodeRedeemed);
    }
    if state.now() >= issued.expires_at {
        return Err(EntraError::CodeExpired);
    }
    if issued.redirect_uri != redirect_uri {
        return Err(EntraError::RedirectChanged);
    }
    if URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())) != issued.challenge {
        return Err(EntraError::ProofKeyMismatch);
    }
    let scope = match form.get("scope") {
        None => issued.scope,
        Some(text) => {
            let scope = Scope::of_user(text)?;
            if scope.audience != issued.scope.audience {
                return Err(EntraError::Scope);
            }
            scope
        }
    };
    Ok(grant(state, issued.sign_in, scope, UsedUp::Code(code.to_owned())))
}

/// `grant_type=refresh_token`. A refresh token is good for any resource, not only for that of its sign-in.
pub(super) fn refresh_token(state: &State, tenant_name: &str, form: &Form) -> Result<UserGrant, EntraError> {
    state.tenant_of_user(tenant_name)?;
    let application = state.application(form.require("client_id")?)?;
    let token = form.require("refresh_token")?;
    prove_if_confidential(state, tenant_name, application, form)?;
    let kept = state.users.refresh_token(token).ok_or(EntraError::UnknownGrant)?;
    if kept.sign_in.client_id != application.client_id {
        return Err(EntraError::UnknownGrant);
    }
    if kept.revoked {
        return Err(EntraError::GrantRevoked);
    }
    let scope = match form.get("scope") {
        Some(text) => Scope::of_user(text)?,
        None => kept.scope,
    };
    Ok(grant(state, kept.sign_in, Scope { refreshable: true, ..scope }, UsedUp::Nothing))
}

/// `grant_type=urn:ietf:params:oauth:grant-type:device_code` (RFC 8628).
pub(super) fn device_code(state: &State, tenant_name: &str, form: &Form) -> Result<UserGrant, EntraError> {
    state.tenant_of_user(tenant_name)?;
    let application = state.application(form.require("client_id")?)?;
    let code = form.require("device_code")?;
    prove_if_confidential(state, tenant_name, application, form)?;
    let device = state.users.poll_device(code, state.options.device_sign_in, state.home_user());
    let device = device.ok_or(EntraError::UnknownDeviceCode)?;
    if device.client_id != application.client_id {
        return Err(EntraError::UnknownDeviceCode);
    }
    if state.now() >= device.expires_at {
        return Err(EntraError::DeviceCodeExpired);
    }
    if device.slow_down {
        return Err(EntraError::SlowDown);
    }
    match device.status {
        DeviceStatus::Pending => Err(EntraError::AuthorizationPending),
        DeviceStatus::Declined => Err(EntraError::AuthorizationDeclined),
        DeviceStatus::Redeemed => Err(EntraError::UnknownDeviceCode),
        DeviceStatus::Approved(user) => {
            let sign_in = SignIn { client_id: device.client_id, tenant_id: device.tenant_id, user };
            Ok(grant(state, sign_in, device.scope, UsedUp::DeviceCode(code.to_owned())))
        }
    }
}

fn grant(state: &State, sign_in: SignIn, scope: Scope, used_up: UsedUp) -> UserGrant {
    let wanted = TokenRequest {
        audience: scope.audience.clone(),
        tenant_id: sign_in.tenant_id.clone(),
        client_id: sign_in.client_id.clone(),
        object_id: sign_in.user.object_id.clone(),
        subject: Subject::User { principal_name: sign_in.user.principal_name.clone() },
        lifetime: state.options.token_lifetime,
    };
    UserGrant { wanted, scope, sign_in, used_up }
}
