//! Users and roles: those that every database has, with their ids and rights, and those that were made.

/// The user that every administrator is.
pub(crate) const DBO: i64 = 1;
/// The role that everybody has.
pub(crate) const PUBLIC: i64 = 0;
/// The role that may do everything.
pub(crate) const DB_OWNER: i64 = 16_384;
/// The last of the ids that every database has given away below the users'.
pub(crate) const LAST_SYSTEM_USER: i64 = 4;

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    /// `S`, in the database from its beginning.
    SqlUser,
    /// `R`
    Role,
    /// `E`, a user or application of the directory.
    ExternalUser,
    /// `X`, a group of the directory.
    ExternalGroup,
}

impl PrincipalKind {
    /// `type` of `sys.database_principals`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::SqlUser => "S",
            Self::Role => "R",
            Self::ExternalUser => "E",
            Self::ExternalGroup => "X",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::SqlUser, Self::Role, Self::ExternalUser, Self::ExternalGroup]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    /// `type_desc` of `sys.database_principals`.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::SqlUser => "SQL_USER",
            Self::Role => "DATABASE_ROLE",
            Self::ExternalUser => "EXTERNAL_USER",
            Self::ExternalGroup => "EXTERNAL_GROUP",
        }
    }
}

/// A user or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) kind: PrincipalKind,
    pub(crate) sid: Option<Vec<u8>>,
    pub(crate) fixed_role: bool,
}

impl Principal {
    pub(crate) fn is_role(&self) -> bool {
        self.kind == PrincipalKind::Role
    }

    /// Whether every database has it.
    pub(crate) fn is_built_in(&self) -> bool {
        self.fixed_role || self.id <= LAST_SYSTEM_USER
    }
}

/// The principals of every database (`sys.database_principals`, "Fixed-database roles").
pub(crate) fn built_in() -> Vec<Principal> {
    let principal = |id, name: &str, kind, sid: Option<&[u8]>, fixed_role| Principal {
        id,
        name: name.to_owned(),
        kind,
        sid: sid.map(<[u8]>::to_vec),
        fixed_role,
    };
    let mut all = vec![
        principal(PUBLIC, "public", PrincipalKind::Role, None, false),
        principal(DBO, "dbo", PrincipalKind::SqlUser, Some(&[1]), false),
        principal(2, "guest", PrincipalKind::SqlUser, Some(&[0]), false),
        principal(3, "INFORMATION_SCHEMA", PrincipalKind::SqlUser, None, false),
        principal(4, "sys", PrincipalKind::SqlUser, None, false),
    ];
    all.extend(FIXED_ROLES.iter().map(|role| principal(role.id, role.name, PrincipalKind::Role, None, true)));
    all
}

/// A fixed role and what it may or may not on the database.
pub(crate) struct FixedRole {
    pub(crate) id: i64,
    name: &'static str,
    pub(crate) granted: &'static [&'static str],
    pub(crate) denied: &'static [&'static str],
}

/// Microsoft's page "Database-level roles" lists the permissions of each.
pub(crate) const FIXED_ROLES: &[FixedRole] = &[
    FixedRole { id: DB_OWNER, name: "db_owner", granted: &["CONTROL"], denied: &[] },
    FixedRole {
        id: 16_385,
        name: "db_accessadmin",
        granted: &["ALTER ANY USER", "CREATE SCHEMA", "CONNECT"],
        denied: &[],
    },
    FixedRole {
        id: 16_386,
        name: "db_securityadmin",
        granted: &["ALTER ANY ROLE", "CREATE SCHEMA", "VIEW DEFINITION"],
        denied: &[],
    },
    FixedRole {
        id: 16_387,
        name: "db_ddladmin",
        granted: &[
            "ALTER ANY SCHEMA",
            "CREATE FUNCTION",
            "CREATE PROCEDURE",
            "CREATE SCHEMA",
            "CREATE TABLE",
            "CREATE TYPE",
            "CREATE VIEW",
            "REFERENCES",
        ],
        denied: &[],
    },
    FixedRole { id: 16_389, name: "db_backupoperator", granted: &[], denied: &[] },
    FixedRole { id: 16_390, name: "db_datareader", granted: &["SELECT"], denied: &[] },
    FixedRole { id: 16_391, name: "db_datawriter", granted: &["INSERT", "UPDATE", "DELETE"], denied: &[] },
    FixedRole { id: 16_392, name: "db_denydatareader", granted: &[], denied: &["SELECT"] },
    FixedRole {
        id: 16_393,
        name: "db_denydatawriter",
        granted: &[],
        denied: &["INSERT", "UPDATE", "DELETE"],
    },
];
