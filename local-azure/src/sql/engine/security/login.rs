//! Who logged in, and which user of the database that is.

use std::net::SocketAddr;

use uuid::Uuid;

use super::principal::{DBO, Principal, PrincipalKind};
use crate::sql::reply::SqlError;

/// What an access token says about its bearer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginIdentity {
    /// What `SUSER_SNAME()` gives: a person's user principal name, an application's `clientId@tenantId`.
    pub name: String,
    /// The object id in the directory, the claim `oid`.
    pub object_id: Option<Uuid>,
    /// The client id of an application or a managed identity; None for a person, whatever program the token was made for.
    pub client_id: Option<Uuid>,
    /// The object ids of the groups it belongs to, the claim `groups`.
    pub groups: Vec<Uuid>,
}

impl From<String> for LoginIdentity {
    /// A name alone; one like `clientId@tenantId` is that of an application.
    fn from(name: String) -> Self {
        let client_id = name.split_once('@').and_then(|(client, tenant)| {
            Uuid::try_parse(tenant).ok()?;
            Uuid::try_parse(client).ok()
        });
        Self { name, object_id: None, client_id, groups: Vec::new() }
    }
}

impl From<&str> for LoginIdentity {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl LoginIdentity {
    /// The same identity with an object id.
    #[must_use]
    pub fn with_object_id(mut self, object_id: Uuid) -> Self {
        self.object_id = Some(object_id);
        self
    }

    /// The same identity with a client id, which makes it an application.
    #[must_use]
    pub fn with_client_id(mut self, client_id: Uuid) -> Self {
        self.client_id = Some(client_id);
        self
    }

    /// The same identity in these groups.
    #[must_use]
    pub fn with_groups(mut self, groups: Vec<Uuid>) -> Self {
        self.groups = groups;
        self
    }

    /// Whether `list`, of object ids, client ids and names, has it.
    pub(crate) fn is_in(&self, list: &[String]) -> bool {
        let ids: Vec<Uuid> =
            self.object_id.into_iter().chain(self.client_id).chain(self.groups.iter().copied()).collect();
        list.iter().any(|entry| {
            entry.eq_ignore_ascii_case(&self.name)
                || Uuid::try_parse(entry).is_ok_and(|entry| ids.contains(&entry))
        })
    }

    /// The id that the database knows it by: an application's client id, a person's object id.
    fn own_id(&self) -> Option<Uuid> {
        self.client_id.or(self.object_id)
    }
}

/// A user, group or application of the directory, as `CREATE USER ... FROM EXTERNAL PROVIDER` finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// A person's user principal name; the display name of a group or an application.
    pub name: String,
    /// The object id.
    pub object_id: Uuid,
    /// The client id of an application or managed identity.
    pub application_id: Option<Uuid>,
    /// Whether it is a group.
    pub group: bool,
}

impl DirectoryEntry {
    /// A person.
    #[must_use]
    pub fn user(name: impl Into<String>, object_id: Uuid) -> Self {
        Self { name: name.into(), object_id, application_id: None, group: false }
    }

    /// An application or a managed identity.
    #[must_use]
    pub fn application(name: impl Into<String>, object_id: Uuid, application_id: Uuid) -> Self {
        Self { name: name.into(), object_id, application_id: Some(application_id), group: false }
    }

    /// A group.
    #[must_use]
    pub fn group(name: impl Into<String>, object_id: Uuid) -> Self {
        Self { name: name.into(), object_id, application_id: None, group: true }
    }

    /// What the database keeps as the user's SID.
    pub(crate) fn sid(&self) -> Vec<u8> {
        sid_of(self.application_id.unwrap_or(self.object_id))
    }
}

/// The 16 bytes of an id as `CAST(id AS varbinary(16))` gives them.
pub(crate) fn sid_of(id: Uuid) -> Vec<u8> {
    id.to_bytes_le().to_vec()
}

/// 18456 for a token whose bearer is no user of the database.
pub(crate) fn refused() -> SqlError {
    SqlError::new(18456, "Login failed for user '<token-identified principal>'.").with_class(14)
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// What `SUSER_SNAME()` and `ORIGINAL_LOGIN()` give: the SQL login, or the name in the token's [`LoginIdentity`].
    pub name: String,
    /// What `DB_NAME()` gives.
    pub database: String,
    /// What `APP_NAME()` gives.
    pub application: String,
    /// What `HOST_NAME()` gives.
    pub host: String,
    /// Who the token is for; None for a login by password.
    pub token: Option<LoginIdentity>,
    /// Whether it is the server's administrator, who is `dbo` in every database. Others are the user that has their id.
    pub administrator: bool,
    /// What `@@SPID` gives.
    pub session_id: u16,
    /// Where the client's connection comes from.
    pub client: Option<SocketAddr>,
    /// Where it goes to.
    pub server: Option<SocketAddr>,
}

impl Default for Login {
    /// An administrator by password, in `master`.
    fn default() -> Self {
        Self {
            name: "sa".to_owned(),
            database: "master".to_owned(),
            application: String::new(),
            host: String::new(),
            token: None,
            administrator: true,
            session_id: 51,
            client: None,
            server: None,
        }
    }
}

/// The user of the database that a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: i64,
    /// What `USER_NAME()` gives.
    pub(crate) name: String,
    /// Groups of the token that are users of the database.
    pub(crate) groups: Vec<i64>,
}

impl Default for User {
    fn default() -> Self {
        Self { id: DBO, name: "dbo".to_owned(), groups: Vec::new() }
    }
}

impl User {
    pub(crate) fn is_dbo(&self) -> bool {
        self.id == DBO
    }

    /// The user that a login is, of those that may connect; 18456 if it is none.
    pub(crate) fn of(login: &Login, connecting: &[Principal]) -> Result<Self, SqlError> {
        let identity = match &login.token {
            Some(identity) if !login.administrator => identity,
            _ => return Ok(Self::default()),
        };
        let with = |id: Uuid, kind: PrincipalKind| {
            connecting.iter().find(|user| user.kind == kind && user.sid.as_deref() == Some(&sid_of(id)[..]))
        };
        let own = identity.own_id().and_then(|id| with(id, PrincipalKind::ExternalUser));
        let groups: Vec<i64> = identity
            .groups
            .iter()
            .filter_map(|group| with(*group, PrincipalKind::ExternalGroup))
            .map(|group| group.id)
            .collect();
        match (own, groups.first()) {
            (Some(user), _) => Ok(Self { id: user.id, name: user.name.clone(), groups }),
            // Whoever comes in through a group has its rights, and no entry and no id of its own.
            (None, Some(group)) => Ok(Self { id: *group, name: identity.name.clone(), groups }),
            (None, None) => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_name_of_client_and_tenant_is_an_application() {
        let name = "11111111-2222-3333-4444-555555555555@99999999-2222-3333-4444-555555555555";
        assert_eq!(
            LoginIdentity::from(name).client_id,
            Some(Uuid::try_parse("11111111-2222-3333-4444-555555555555").unwrap())
        );
        assert_eq!(LoginIdentity::from("ada@contoso.com").client_id, None);
    }

    #[test]
    fn a_sid_has_the_bytes_of_the_id_in_the_order_of_a_cast() {
        let id = Uuid::try_parse("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        assert_eq!(
            sid_of(id),
            [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]
        );
    }
}
