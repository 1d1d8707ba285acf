//! Making users and roles, and who a login is.

use local_azure::sql::engine::{Database, Login, LoginIdentity};
use local_azure::sql::types::Value;
use uuid::Uuid;

use super::rights_support::*;
use super::support::*;

#[test]
fn an_application_is_the_user_with_its_client_id() {
    let (_database, mut session) = worker_after("PRINT ''");
    let who = ok(
        &mut session,
        "SELECT USER_NAME(), CURRENT_USER, SESSION_USER, SUSER_SNAME(), ORIGINAL_LOGIN(), SYSTEM_USER, DB_NAME(), @@SPID",
    );
    let login = text(&worker_identity().name);
    assert_eq!(
        who.rows,
        [[
            text("worker"),
            text("worker"),
            text("worker"),
            login.clone(),
            login.clone(),
            login,
            text("local"),
            Value::Integer(60),
        ]]
    );
}

#[test]
fn a_sid_by_hand_is_what_a_cast_of_the_client_id_gives() {
    let database = database();
    let mut admin = admin(&database);
    let cast =
        ok(&mut admin, &format!("SELECT CAST(CAST('{WORKER_CLIENT}' AS uniqueidentifier) AS varbinary(16))"));
    let Some(Value::Binary(sid)) = cast.rows.first().and_then(|row| row.first()) else { panic!("no binary") };
    let hex: String = sid.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(log_in(&database, worker_identity()).unwrap_err().number, 18456);
    ok(&mut admin, &format!("CREATE USER [any name] WITH SID = 0x{hex}, TYPE = E"));
    let mut session = log_in(&database, worker_identity()).unwrap();
    assert_eq!(ok(&mut session, "SELECT USER_NAME()").rows, [[text("any name")]]);
    ok(&mut admin, "DROP USER [any name]; CREATE USER worker FROM EXTERNAL PROVIDER");
    let kept = ok(&mut admin, "SELECT sid FROM sys.database_principals WHERE name = N'worker'");
    assert_eq!(kept.rows, [[Value::Binary(sid.clone())]]);
}

#[test]
fn a_client_id_in_the_order_in_which_it_is_printed_is_nobody() {
    let database = database();
    let hex = WORKER_CLIENT.simple();
    ok(&mut admin(&database), &format!("CREATE USER worker WITH SID = 0x{hex}, TYPE = E"));
    let refused = log_in(&database, worker_identity()).unwrap_err();
    assert_eq!((refused.number, refused.state, refused.class), (18456, 1, 14));
    assert_eq!(refused.message, "Login failed for user '<token-identified principal>'.");
}

#[test]
fn a_person_is_the_user_with_its_object_id_and_a_name_is_not_enough() {
    let database = database();
    ok(&mut admin(&database), "CREATE USER [ada@contoso.com] FROM EXTERNAL PROVIDER");
    let ada = LoginIdentity::from("ada@contoso.com");
    assert_eq!(log_in(&database, ada.clone()).unwrap_err().number, 18456);
    log_in(&database, ada.with_object_id(ADA)).unwrap();
}

#[test]
fn a_member_of_a_group_has_the_rights_of_the_group() {
    let database = database();
    let setup = "CREATE USER readers FROM EXTERNAL PROVIDER; ALTER ROLE db_datareader ADD MEMBER readers";
    ok(&mut admin(&database), setup);
    let grace = LoginIdentity::from("grace@contoso.com").with_groups(vec![READERS]);
    let mut session = log_in(&database, grace).unwrap();
    ok(&mut session, "SELECT Id FROM dbo.Persons");
    assert_eq!(
        ok(&mut session, "SELECT CURRENT_USER, IS_MEMBER('readers')").rows,
        [[text("grace@contoso.com"), Value::Integer(1)]]
    );
}

#[test]
fn a_user_that_may_not_connect_does_not() {
    let database = database();
    ok(&mut admin(&database), "CREATE USER worker FROM EXTERNAL PROVIDER; REVOKE CONNECT FROM worker");
    assert_eq!(log_in(&database, worker_identity()).unwrap_err().number, 18456);
    ok(&mut admin(&database), "GRANT CONNECT TO worker");
    log_in(&database, worker_identity()).unwrap();
}

#[test]
fn an_administrator_is_dbo_and_may_do_everything() {
    let database = database();
    let mut admin = admin(&database);
    let who = ok(
        &mut admin,
        "SELECT USER_NAME(), SUSER_SNAME(), IS_ROLEMEMBER('db_owner'), HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY LOGIN')",
    );
    assert_eq!(who.rows, [[text("dbo"), text("admin@contoso.com"), Value::Integer(1), Value::Integer(1)]]);
}

#[test]
fn a_name_that_the_directory_does_not_have_is_33130() {
    let database = database();
    let error = error(&mut admin(&database), "CREATE USER nobody FROM EXTERNAL PROVIDER");
    assert_eq!(error.number, 33130);
    assert!(error.message.starts_with("Principal 'nobody' could not be found"));
}

#[test]
fn a_name_that_two_have_needs_the_object_id() {
    let database = database();
    let mut admin = admin(&database);
    assert_eq!(error(&mut admin, "CREATE USER twin FROM EXTERNAL PROVIDER").number, 33131);
    let second = Uuid::from_u128(2);
    ok(&mut admin, &format!("CREATE USER twin2 FROM EXTERNAL PROVIDER WITH OBJECT_ID = '{second}'"));
    log_in(&database, LoginIdentity::from("twin").with_object_id(second)).unwrap();
    let other = Uuid::from_u128(7);
    let text = format!("CREATE USER twin3 FROM EXTERNAL PROVIDER WITH OBJECT_ID = '{other}'");
    assert_eq!(error(&mut admin, &text).number, 33130);
}

#[test]
fn a_server_that_cannot_read_the_directory_says_33134_and_takes_a_sid() {
    let database = Database::open(None).unwrap();
    let mut admin = admin(&database);
    let refused = error(&mut admin, "CREATE USER worker FROM EXTERNAL PROVIDER");
    assert_eq!(refused.number, 33134);
    assert!(refused.message.contains("Server identity is not configured"));
    ok(&mut admin, "CREATE USER worker WITH SID = 0x11111111222233334444555555555555, TYPE = E");
}

#[test]
fn a_login_by_password_cannot_look_into_the_directory() {
    let mut session = database().session(Login::default()).unwrap();
    assert_eq!(error(&mut session, "CREATE USER worker FROM EXTERNAL PROVIDER").number, 33159);
}

#[test]
fn a_name_is_taken_once() {
    let (database, _) = worker_after("CREATE ROLE readers2");
    let mut admin = admin(&database);
    for text in [
        "CREATE USER WORKER FROM EXTERNAL PROVIDER",
        "CREATE USER readers2 WITH SID = 0x01, TYPE = X",
        "CREATE ROLE worker",
        "CREATE ROLE db_owner",
    ] {
        assert_eq!(error(&mut admin, text).number, 15023, "{text}");
    }
    let sid =
        "CREATE USER other FROM EXTERNAL PROVIDER WITH OBJECT_ID = '0aaaaaaa-2222-3333-4444-555555555555'";
    assert_eq!(error(&mut admin, sid).number, 15063);
}

#[test]
fn what_is_missing_or_belongs_to_the_database_is_not_dropped() {
    let (database, _) = worker_after("CREATE ROLE used; ALTER ROLE used ADD MEMBER worker");
    let mut admin = admin(&database);
    for (text, number) in [
        ("DROP USER nobody", 15151),
        ("DROP ROLE nothing", 15151),
        ("DROP USER used", 15151),
        ("DROP ROLE used", 15144),
        ("DROP USER dbo", 15150),
        ("DROP ROLE db_owner", 15150),
        ("ALTER ROLE nothing ADD MEMBER worker", 15151),
        ("ALTER ROLE used ADD MEMBER nobody", 15151),
        ("ALTER ROLE used ADD MEMBER db_owner", 15405),
        ("ALTER ROLE public ADD MEMBER worker", 15081),
        ("ALTER ROLE used ADD MEMBER used", 15413),
    ] {
        assert_eq!(error(&mut admin, text).number, number, "{text}");
    }
    ok(&mut admin, "DROP USER IF EXISTS nobody; DROP ROLE IF EXISTS nothing");
    ok(&mut admin, "ALTER ROLE used DROP MEMBER worker; DROP ROLE used; DROP USER worker");
    assert_eq!(log_in(&database, worker_identity()).unwrap_err().number, 18456);
}

#[test]
fn grants_to_the_wrong_principal_or_on_the_wrong_thing_say_so() {
    let (database, _) = worker_after("PRINT ''");
    let mut admin = admin(&database);
    for (text, number) in [
        ("GRANT SELECT ON dbo.Persons TO nobody", 15151),
        ("GRANT SELECT ON dbo.Nothing TO worker", 15151),
        ("GRANT SELECT ON SCHEMA::nothing TO worker", 15151),
        ("GRANT SELECT ON DATABASE::other TO worker", 15151),
        ("GRANT SELECT TO db_owner", 4617),
        ("GRANT CONNECT TO public", 4627),
        ("GRANT CREATE TABLE ON dbo.Persons TO worker", 4606),
        ("GRANT IMPERSONATE TO worker", 40517),
        ("GRANT SELECT (Name) ON dbo.Persons TO worker", 40517),
        ("GRANT SELECT ON dbo.Persons (Name) TO worker", 40517),
        ("GRANT SELECT ON dbo.Persons TO worker WITH GRANT OPTION", 40517),
        ("REVOKE GRANT OPTION FOR SELECT ON dbo.Persons FROM worker", 40517),
        ("DENY SELECT ON dbo.Persons TO worker CASCADE", 40517),
        ("GRANT ALL ON dbo.Persons TO worker", 40517),
        ("GRANT SELECT ON ROLE::db_owner TO worker", 40517),
        ("CREATE USER x WITHOUT LOGIN", 40517),
        ("CREATE USER x FOR LOGIN y", 40517),
        ("CREATE USER x WITH PASSWORD = 'y'", 40517),
        ("CREATE USER x", 40517),
        ("CREATE USER x WITH SID = 0x01", 40517),
        ("CREATE LOGIN x FROM EXTERNAL PROVIDER", 40517),
        ("ALTER USER worker WITH NAME = x", 40517),
        ("GRANT SELECT dbo.Persons TO worker", 102),
        ("GRANT SELECT ON dbo.Persons FROM worker", 156),
        ("SELECT 1::int", 102),
        ("SELECT 1 FROM dbo.Persons a JOIN dbo.Persons b ON object::int = 1", 102),
    ] {
        assert_eq!(error(&mut admin, text).number, number, "{text}");
    }
    let message = ok(&mut admin, "GRANT SELECT TO dbo");
    assert_eq!(message.messages.len(), 1);
    let of_a_column = error(&mut admin, "GRANT SELECT (Name) ON dbo.Persons TO worker").message;
    assert!(of_a_column.contains("columns"), "{of_a_column}");
}

#[test]
fn scripts_that_look_first_can_run_twice() {
    let database = database();
    let mut admin = admin(&database);
    let script = "
        IF DATABASE_PRINCIPAL_ID(N'worker') IS NULL CREATE USER [worker] FROM EXTERNAL PROVIDER;
        IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'readers')
            CREATE USER [readers] FROM EXTERNAL PROVIDER
        IF IS_ROLEMEMBER(N'db_datareader', N'worker') = 0 ALTER ROLE db_datareader ADD MEMBER [worker]
        GRANT EXECUTE ON SCHEMA::[dbo] TO [worker];
        GRANT SELECT, INSERT ON [dbo].[Persons] TO [worker], [readers]";
    ok(&mut admin, script);
    ok(&mut admin, script);
    let kept = ok(
        &mut admin,
        "SELECT p.name, d.class_desc, d.permission_name, d.state_desc FROM sys.database_permissions d JOIN sys.database_principals p ON p.principal_id = d.grantee_principal_id WHERE p.type IN ('E', 'X') ORDER BY p.name, d.class_desc, d.permission_name",
    );
    let row = |name: &str, class: &str, permission: &str| {
        vec![text(name), text(class), text(permission), text("GRANT")]
    };
    assert_eq!(
        kept.rows,
        [
            row("readers", "DATABASE", "CONNECT"),
            row("readers", "OBJECT_OR_COLUMN", "INSERT"),
            row("readers", "OBJECT_OR_COLUMN", "SELECT"),
            row("worker", "DATABASE", "CONNECT"),
            row("worker", "OBJECT_OR_COLUMN", "INSERT"),
            row("worker", "OBJECT_OR_COLUMN", "SELECT"),
            row("worker", "SCHEMA", "EXECUTE"),
        ]
    );
}

#[test]
fn what_a_rolled_back_transaction_granted_is_not_there() {
    let (database, mut session) = worker_after("PRINT ''");
    ok(
        &mut admin(&database),
        "BEGIN TRAN; GRANT SELECT ON dbo.Persons TO worker; CREATE ROLE gone; ROLLBACK",
    );
    assert_eq!(error(&mut session, "SELECT Id FROM dbo.Persons").number, 229);
    assert_eq!(ok(&mut admin(&database), "SELECT DATABASE_PRINCIPAL_ID('gone')").rows, [[Value::Null]]);
}
