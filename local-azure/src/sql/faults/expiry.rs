//! Sessions that outlive their token.

use std::collections::HashMap;

use super::Faults;
use crate::sql::tds::authentication::token_fingerprint;

/// Which sessions have outlived their token. Moments are counted, not measured.
#[derive(Debug, Default)]
pub(super) struct Expired {
    moment: u64,
    all_before: u64,
    by_token: HashMap<String, u64>,
}

/// When a session began, and with which token.
#[derive(Debug, Default)]
pub(crate) struct TokenLife {
    began: u64,
    token: Option<String>,
}

impl Faults {
    /// The access tokens of all sessions that are open now expire: whatever such a session is asked from here on, it
    /// answers with 37396 and runs nothing. The connection stays; whether it does on Azure is not confirmed.
    pub fn expire_sessions(&self) {
        let mut pending = self.lock();
        let expired = &mut pending.expired;
        expired.moment = expired.moment.saturating_add(1);
        expired.all_before = expired.moment;
    }

    /// The same for the sessions that logged in with this token.
    pub fn expire_sessions_of(&self, token: &str) {
        let mut pending = self.lock();
        let expired = &mut pending.expired;
        expired.moment = expired.moment.saturating_add(1);
        let moment = expired.moment;
        expired.by_token.insert(token_fingerprint(token), moment);
    }

    pub(crate) fn begin_session(&self, token: Option<String>) -> TokenLife {
        TokenLife { began: self.lock().expired.moment, token }
    }

    pub(crate) fn is_over(&self, life: &TokenLife) -> bool {
        let pending = self.lock();
        let of_token = life.token.as_ref().and_then(|token| pending.expired.by_token.get(token)).copied();
        life.token.is_some() && life.began < pending.expired.all_before.max(of_token.unwrap_or_default())
    }
}
