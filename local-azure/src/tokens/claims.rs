//! The claims inside an access token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sql::LoginIdentity;

/// The claims of an access token that stand for an application or a managed identity.
///
/// Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who the token is meant for, such as `https://database.windows.net`.
    pub aud: String,
    /// Who issued it.
    pub iss: String,
    /// When it was issued.
    pub iat: i64,
    /// Not valid before this time.
    pub nbf: i64,
    /// Not valid from this time on.
    pub exp: i64,
    /// The object id of the identity in the directory.
    pub oid: String,
    /// The client id (application id) of the identity.
    pub appid: String,
    /// The tenant.
    pub tid: String,
    /// The Azure resource id of the managed identity; absent for other applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xms_mirid: Option<String>,
}

impl Claims {
    /// The login name that Azure SQL gives to an application: `{appid}@{tid}`, as `SUSER_SNAME()` shows it.
    #[must_use]
    pub fn login_name(&self) -> String {
        format!("{}@{}", self.appid, self.tid)
    }

    /// What Azure SQL knows of the bearer. Ids that are no GUIDs are left out.
    #[must_use]
    pub fn login_identity(&self) -> LoginIdentity {
        LoginIdentity {
            name: self.login_name(),
            object_id: Uuid::try_parse(&self.oid).ok(),
            client_id: Uuid::try_parse(&self.appid).ok(),
            groups: Vec::new(),
        }
    }
}
