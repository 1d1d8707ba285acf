//! Sessions of people, applications and groups of a small directory.

use std::sync::Arc;

use local_azure::sql::engine::{Database, DirectoryEntry, Login, LoginIdentity, Session};
use local_azure::sql::reply::SqlError;
use uuid::Uuid;

use super::support::*;

pub(crate) const WORKER_CLIENT: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
pub(crate) const WORKER_OBJECT: Uuid = Uuid::from_u128(0x0aaa_aaaa_2222_3333_4444_5555_5555_5555);
pub(crate) const ADA: Uuid = Uuid::from_u128(0x0bbb_bbbb_2222_3333_4444_5555_5555_5555);
pub(crate) const READERS: Uuid = Uuid::from_u128(0x0ccc_cccc_2222_3333_4444_5555_5555_5555);

pub(crate) fn database() -> Arc<Database> {
    let directory = vec![
        DirectoryEntry::application("worker", WORKER_OBJECT, WORKER_CLIENT),
        DirectoryEntry::user("ada@contoso.com", ADA),
        DirectoryEntry::group("readers", READERS),
        DirectoryEntry::user("twin", Uuid::from_u128(1)),
        DirectoryEntry::user("twin", Uuid::from_u128(2)),
    ];
    let database = Database::open_with_directory(None, Some(directory)).unwrap();
    let mut admin = admin(&database);
    ok(&mut admin, PERSONS);
    ok(&mut admin, "INSERT INTO dbo.Persons (Name, City) VALUES (N'Ada', N'London'), (N'Grace', NULL)");
    ok(&mut admin, "CREATE TABLE dbo.Orders (Id int PRIMARY KEY, Total int)");
    ok(&mut admin, "CREATE SCHEMA sales");
    ok(&mut admin, "CREATE TABLE sales.Prices (Id int PRIMARY KEY)");
    database
}

/// The Entra administrator's session.
pub(crate) fn admin(database: &Arc<Database>) -> Session {
    let token = LoginIdentity::from("admin@contoso.com");
    let login =
        Login { name: token.name.clone(), database: "local".into(), token: Some(token), ..Login::default() };
    database.session(login).unwrap()
}

pub(crate) fn worker_identity() -> LoginIdentity {
    LoginIdentity::from(format!("{WORKER_CLIENT}@{}", Uuid::from_u128(9))).with_object_id(WORKER_OBJECT)
}

pub(crate) fn log_in(database: &Arc<Database>, identity: LoginIdentity) -> Result<Session, SqlError> {
    let login = Login {
        name: identity.name.clone(),
        database: "local".into(),
        token: Some(identity),
        administrator: false,
        session_id: 60,
        ..Login::default()
    };
    database.session(login)
}

/// A database with the user `worker`, its session, and `setup` run before by the administrator.
pub(crate) fn worker_after(setup: &str) -> (Arc<Database>, Session) {
    let database = database();
    ok(&mut admin(&database), "CREATE USER [worker] FROM EXTERNAL PROVIDER");
    ok(&mut admin(&database), setup);
    let session = log_in(&database, worker_identity()).unwrap();
    (database, session)
}
