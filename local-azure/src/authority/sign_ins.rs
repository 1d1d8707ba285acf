//! What users have under way: authorization codes, device codes and refresh tokens.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::application::AuthorityUser;
use super::entra_error::EntraError;
use super::options::DeviceSignIn;
use super::scope::Scope;
use super::user_grants::{UsedUp, UserGrant};

/// Who signed in, and for which application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignIn {
    pub(super) client_id: String,
    pub(super) tenant_id: String,
    pub(super) user: AuthorityUser,
}

/// An authorization code that was sent to a redirect.
#[derive(Clone)]
pub(super) struct IssuedCode {
    pub(super) sign_in: SignIn,
    pub(super) scope: Scope,
    pub(super) redirect_uri: String,
    /// The SHA-256 digest of the proof key, base64url.
    pub(super) challenge: String,
    /// Unix seconds of the endpoints' clock.
    pub(super) expires_at: i64,
    pub(super) redeemed: bool,
}

/// How far the sign-in for a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeviceStatus {
    Pending,
    Approved(AuthorityUser),
    Declined,
    Redeemed,
}

/// A device code.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) client_id: String,
    pub(super) tenant_id: String,
    pub(super) scope: Scope,
    pub(super) user_code: String,
    /// Unix seconds of the endpoints' clock.
    pub(super) expires_at: i64,
    pub(super) status: DeviceStatus,
    pub(super) polls: u32,
    /// Whether this poll is to be answered with `slow_down`.
    pub(super) slow_down: bool,
}

#[derive(Clone)]
pub(super) struct KeptRefreshToken {
    pub(super) sign_in: SignIn,
    pub(super) scope: Scope,
    pub(super) revoked: bool,
}

#[derive(Default)]
struct Inner {
    codes: BTreeMap<String, IssuedCode>,
    devices: BTreeMap<String, Device>,
    refresh_tokens: BTreeMap<String, KeptRefreshToken>,
    slow_downs: u32,
    denies: bool,
}

/// All of it.
#[derive(Default)]
pub(super) struct SignIns(Mutex<Inner>);

impl SignIns {
    /// Keeps a code; the caller sends it on.
    pub(super) fn add_code(&self, issued: IssuedCode) -> String {
        let code = random("code");
        self.with(|inner| inner.codes.insert(code.clone(), issued));
        code
    }

    pub(super) fn code(&self, code: &str) -> Option<IssuedCode> {
        self.with(|inner| inner.codes.get(code).cloned())
    }

    /// Keeps a device code; the caller tells it the device.
    pub(super) fn add_device(&self, device: Device) -> String {
        let code = random("device");
        self.with(|inner| inner.devices.insert(code.clone(), device));
        code
    }

    /// The device asks once more.
    pub(super) fn poll_device(
        &self,
        code: &str,
        by: DeviceSignIn,
        user: Option<AuthorityUser>,
    ) -> Option<Device> {
        self.with(|inner| {
            let device = inner.devices.get_mut(code)?;
            if device.status == DeviceStatus::Pending {
                device.slow_down = inner.slow_downs > 0;
                inner.slow_downs = inner.slow_downs.saturating_sub(1);
                if !device.slow_down {
                    device.polls = device.polls.saturating_add(1);
                    if let DeviceSignIn::AfterPolls(polls) = by
                        && device.polls > polls
                    {
                        device.status = match user {
                            Some(user) if !inner.denies => DeviceStatus::Approved(user),
                            _ => DeviceStatus::Declined,
                        };
                    }
                }
            } else {
                device.slow_down = false;
            }
            Some(device.clone())
        })
    }

    /// Decides about a device's sign-in that is under way; false if there is none of this user code.
    pub(super) fn decide(&self, user_code: &str, status: &DeviceStatus) -> bool {
        self.with(|inner| {
            let device = inner.devices.values_mut().find(|device| {
                device.status == DeviceStatus::Pending
                    && device.user_code.eq_ignore_ascii_case(user_code.trim())
            });
            match device {
                Some(device) => {
                    device.status = status.clone();
                    true
                }
                None => false,
            }
        })
    }

    /// The user codes that wait for a user.
    pub(super) fn pending_user_codes(&self) -> Vec<String> {
        self.with(|inner| {
            let pending = inner.devices.values().filter(|device| device.status == DeviceStatus::Pending);
            pending.map(|device| device.user_code.clone()).collect()
        })
    }

    pub(super) fn slow_down_next(&self, polls: u32) {
        self.with(|inner| inner.slow_downs = polls);
    }

    pub(super) fn deny(&self, on: bool) {
        self.with(|inner| inner.denies = on);
    }

    pub(super) fn denies(&self) -> bool {
        self.with(|inner| inner.denies)
    }

    pub(super) fn refresh_token(&self, token: &str) -> Option<KeptRefreshToken> {
        self.with(|inner| inner.refresh_tokens.get(token).cloned())
    }

    pub(super) fn revoke_refresh_tokens(&self) {
        self.with(|inner| inner.refresh_tokens.values_mut().for_each(|token| token.revoked = true));
    }

    /// Uses up what the grant was asked with, and makes a refresh token if one was asked for. Of two requests with the
    /// same code that were both found good, only the first gets through.
    pub(super) fn redeem(&self, grant: &UserGrant) -> Result<Option<String>, EntraError> {
        self.with(|inner| {
            match &grant.used_up {
                UsedUp::Nothing => {}
                UsedUp::Code(code) => {
                    let issued = inner.codes.get_mut(code).ok_or(EntraError::UnknownGrant)?;
                    if std::mem::replace(&mut issued.redeemed, true) {
                        return Err(EntraError::CodeRedeemed);
                    }
                }
                UsedUp::DeviceCode(code) => {
                    let device = inner.devices.get_mut(code).ok_or(EntraError::UnknownDeviceCode)?;
                    if std::mem::replace(&mut device.status, DeviceStatus::Redeemed) == DeviceStatus::Redeemed
                    {
                        return Err(EntraError::UnknownDeviceCode);
                    }
                }
            }
            Ok(grant.scope.refreshable.then(|| {
                let token = random("refresh");
                let kept = KeptRefreshToken {
                    sign_in: grant.sign_in.clone(),
                    scope: grant.scope.clone(),
                    revoked: false,
                };
                inner.refresh_tokens.insert(token.clone(), kept);
                token
            }))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A text that nobody guesses; the kind tells a person who sees it in a debugger what it is.
fn random(kind: &str) -> String {
    format!("{kind}.{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
