//! The claims inside an access token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sql::LoginIdentity;

/// The claims of an access token that stands for an application, a managed identity or a user.
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
    /// Whom it stands for: `app` or `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idtyp: Option<String>,
    /// The user's principal name, such as `person@contoso.example`; absent for applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// The user's name as people read it: the principal name once more, as in Entra's tokens of version 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_name: Option<String>,
    /// What the application may do on the user's behalf; absent for applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scp: Option<String>,
    /// Tells this token from any other.
    #[serde(default)]
    pub uti: String,
    /// The version of the token's format.
    #[serde(default)]
    pub ver: String,
}

impl Claims {
    /// The login name that Azure SQL gives, as `SUSER_SNAME()` shows it: a user's principal name, or `{appid}@{tid}`
    /// for an application.
    #[must_use]
    pub fn login_name(&self) -> String {
        match &self.upn {
            Some(upn) => upn.clone(),
            None => format!("{}@{}", self.appid, self.tid),
        }
    }

    /// What Azure SQL knows of the bearer: an application by its client id, a user by the object id, whatever application
    /// asked for the token. Ids that are no GUIDs are left out.
    #[must_use]
    pub fn login_identity(&self) -> LoginIdentity {
        let user = self.upn.is_some() || self.idtyp.as_deref() == Some("user");
        LoginIdentity {
            name: self.login_name(),
            object_id: Uuid::try_parse(&self.oid).ok(),
            client_id: Uuid::try_parse(&self.appid).ok().filter(|_| !user),
            groups: Vec::new(),
        }
    }
}
