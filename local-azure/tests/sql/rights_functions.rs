//! Functions and views about users, rights, sessions, the server and the session context.

use local_azure::sql::engine::{Argument, Login};
use local_azure::sql::types::{Length, SqlType, Value};

use super::rights_support::*;
use super::support::*;

fn one(session: &mut local_azure::sql::engine::Session, expression: &str) -> Value {
    let replies = ok(session, &format!("SELECT {expression}"));
    replies.rows.first().and_then(|row| row.first()).cloned().unwrap()
}

const YES: Value = Value::Integer(1);
const NO: Value = Value::Integer(0);

#[test]
fn has_perms_by_name_says_what_a_statement_would_find() {
    let (_database, mut session) =
        worker_after("GRANT SELECT ON dbo.Persons TO worker; GRANT EXECUTE ON SCHEMA::sales TO worker");
    for (arguments, expected) in [
        ("N'dbo.Persons', N'OBJECT', N'SELECT'", YES),
        ("'[dbo].[Persons]', 'object', 'select'", YES),
        ("N'Persons', N'OBJECT', N'SELECT'", YES),
        ("N'dbo.Persons', N'OBJECT', N'INSERT'", NO),
        ("N'dbo.Persons', N'OBJECT', N'ANY'", YES),
        ("N'dbo.Orders', N'OBJECT', N'ANY'", NO),
        ("N'sales', N'SCHEMA', N'EXECUTE'", YES),
        ("N'dbo', N'SCHEMA', N'EXECUTE'", NO),
        ("DB_NAME(), N'DATABASE', N'CONNECT'", YES),
        ("DB_NAME(), N'DATABASE', N'CREATE TABLE'", NO),
        ("NULL, NULL, N'VIEW SERVER STATE'", NO),
        ("N'dbo.Nothing', N'OBJECT', N'SELECT'", Value::Null),
        ("N'dbo.Persons', N'OBJECT', N'NONSENSE'", Value::Null),
        ("N'dbo.Persons', N'NONSENSE', N'SELECT'", Value::Null),
        ("N'other', N'DATABASE', N'CONNECT'", Value::Null),
    ] {
        assert_eq!(one(&mut session, &format!("HAS_PERMS_BY_NAME({arguments})")), expected, "{arguments}");
    }
}

#[test]
fn functions_about_rights_take_parameters_and_columns() {
    let (_database, mut session) = worker_after("ALTER ROLE db_datareader ADD MEMBER worker");
    let replies = execute(
        &mut session,
        "SELECT HAS_PERMS_BY_NAME(@o, @c, @p), IS_ROLEMEMBER(@r), IIF(OBJECT_ID(@o) IS NULL, 0, 1)",
        "@o nvarchar(300), @c nvarchar(60), @p nvarchar(60), @r sysname",
        &[
            ("@o", NVARCHAR, text("dbo.Persons")),
            ("@c", NVARCHAR, text("OBJECT")),
            ("@p", NVARCHAR, text("SELECT")),
            ("@r", NVARCHAR, text("db_datareader")),
        ],
    );
    assert_eq!(replies.errors, []);
    assert_eq!(replies.rows, [[YES, YES, YES]]);
    let roles = ok(
        &mut session,
        "SELECT name FROM sys.database_principals WHERE IS_ROLEMEMBER(name) = 1 ORDER BY name",
    );
    assert_eq!(roles.rows, [[text("db_datareader")], [text("public")]]);
}

#[test]
fn membership_is_known_of_roles_that_exist() {
    let (_database, mut session) = worker_after("ALTER ROLE db_datareader ADD MEMBER worker");
    for (expression, expected) in [
        ("IS_ROLEMEMBER('db_datareader')", YES),
        ("IS_ROLEMEMBER('db_owner')", NO),
        ("IS_ROLEMEMBER('nothing')", Value::Null),
        ("IS_ROLEMEMBER('db_datareader', 'worker')", YES),
        ("IS_ROLEMEMBER('db_owner', 'dbo')", YES),
        ("IS_ROLEMEMBER('db_owner', 'nobody')", Value::Null),
        ("IS_MEMBER('public')", YES),
        ("IS_SRVROLEMEMBER('sysadmin')", NO),
        ("IS_SRVROLEMEMBER('nothing')", Value::Null),
        ("HAS_DBACCESS('local')", YES),
        ("HAS_DBACCESS('other')", Value::Null),
        ("DATABASE_PRINCIPAL_ID('dbo')", YES),
        ("DATABASE_PRINCIPAL_ID('nobody')", Value::Null),
        ("USER_NAME(1)", text("dbo")),
        ("SCHEMA_ID('sales')", Value::Integer(5)),
        ("USER_NAME(DATABASE_PRINCIPAL_ID())", text("worker")),
    ] {
        assert_eq!(one(&mut session, expression), expected, "{expression}");
    }
}

#[test]
fn properties_are_those_of_azure_sql() {
    let mut session = session();
    for (expression, expected) in [
        ("SERVERPROPERTY('EngineEdition')", Value::Integer(5)),
        ("SERVERPROPERTY(N'Edition')", text("SQL Azure")),
        ("SERVERPROPERTY('ProductVersion')", text("12.0.2000.8")),
        ("SERVERPROPERTY('nonsense')", Value::Null),
        ("DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective')", text("GP_Gen5_2")),
        ("DATABASEPROPERTYEX('local', 'Edition')", text("GeneralPurpose")),
        ("DATABASEPROPERTYEX(DB_NAME(), 'Updateability')", text("READ_WRITE")),
        ("DATABASEPROPERTYEX('other', 'Edition')", Value::Null),
        ("SESSIONPROPERTY('ANSI_NULLS')", Value::Integer(1)),
        ("CONNECTIONPROPERTY('net_transport')", text("TCP")),
        ("CONNECTIONPROPERTY('client_net_address')", Value::Null),
    ] {
        assert_eq!(one(&mut session, expression), expected, "{expression}");
    }
    assert_eq!(error(&mut session, "SELECT SERVERPROPERTY(NAME) FROM sys.schemas").number, 40517);
    assert_eq!(
        error(&mut session, "SELECT HAS_PERMS_BY_NAME('a', 'OBJECT', 'SELECT', 'b', 'COLUMN')").number,
        40517
    );
    assert_eq!(error(&mut session, "SELECT SUSER_SNAME(0x01)").number, 40517);
}

#[test]
fn a_session_sees_itself_and_with_the_right_the_others() {
    let (database, mut session) = worker_after("PRINT ''");
    let other = admin(&database);
    let count = "(SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1)";
    assert_eq!(one(&mut session, count), YES);
    assert_eq!(one(&mut session, "session_id FROM sys.dm_exec_sessions"), Value::Integer(60));
    ok(&mut admin(&database), "GRANT VIEW DATABASE STATE TO worker");
    assert_eq!(one(&mut session, count), Value::Integer(2));
    drop(other);
    assert_eq!(one(&mut session, count), YES);
}

#[test]
fn the_limits_of_the_database_need_view_database_state() {
    let (database, mut session) = worker_after("PRINT ''");
    let text = "SELECT cap_cpu, max_sessions, primary_group_max_workers, primary_pool_max_workers FROM sys.dm_user_db_resource_governance";
    assert_eq!(error(&mut session, text).number, 262);
    let limits = ok(&mut admin(&database), text);
    assert_eq!(limits.rows.len(), 1);
    assert_eq!(limits.rows[0][1], Value::Integer(30_000));
}

#[test]
fn a_user_finds_itself_its_roles_and_the_built_in_ones() {
    let (_database, mut session) = worker_after(
        "CREATE ROLE mine; CREATE ROLE other; ALTER ROLE mine ADD MEMBER worker; CREATE USER readers FROM EXTERNAL PROVIDER",
    );
    let found = ok(
        &mut session,
        "SELECT name, type_desc FROM sys.database_principals WHERE is_fixed_role = 0 AND principal_id > 4 ORDER BY name",
    );
    assert_eq!(found.rows, [[text("mine"), text("DATABASE_ROLE")], [text("worker"), text("EXTERNAL_USER")]]);
    let token = ok(&mut session, "SELECT name FROM sys.user_token ORDER BY name");
    assert_eq!(token.rows, [[text("mine")], [text("public")], [text("worker")]]);
    let members = ok(
        &mut session,
        "SELECT r.name, m.name FROM sys.database_role_members x JOIN sys.database_principals r ON r.principal_id = x.role_principal_id JOIN sys.database_principals m ON m.principal_id = x.member_principal_id ORDER BY r.name",
    );
    assert_eq!(members.rows, [[text("db_owner"), text("dbo")], [text("mine"), text("worker")]]);
}

fn set(session: &mut local_azure::sql::engine::Session, arguments: &[(&str, SqlType, Value)]) -> Replies {
    let arguments: Vec<Argument> = arguments
        .iter()
        .map(|(name, sql_type, value)| Argument {
            name: (*name).to_owned(),
            sql_type: *sql_type,
            value: value.clone(),
            output: false,
            table: None,
        })
        .collect();
    let mut replies = Replies::default();
    session.call("sys.sp_set_session_context", &arguments, &mut replies);
    replies
}

#[test]
fn the_session_context_keeps_the_type_of_its_values() {
    let mut session = session();
    let called = set(
        &mut session,
        &[("@key", NVARCHAR, text("tenant")), ("@value", SqlType::BigInt, Value::Integer(7))],
    );
    assert_eq!((called.errors.len(), called.status), (0, Some(0)));
    let replies = execute(
        &mut session,
        "EXEC sys.sp_set_session_context @key = N'user', @value = @user, @read_only = 1",
        "@user nvarchar(100)",
        &[("@user", NVARCHAR, text("ada"))],
    );
    assert_eq!(replies.errors, []);
    let read = ok(
        &mut session,
        "SELECT SESSION_CONTEXT(N'Tenant'), SESSION_CONTEXT(N'user '), SESSION_CONTEXT(N'none')",
    );
    assert_eq!(read.rows, [[Value::Integer(7), text("ada"), Value::Null]]);
    assert_eq!(read.columns[0].sql_type, SqlType::BigInt);
    let by_variable = ok(
        &mut session,
        "DECLARE @k nvarchar(20) = N'user'; SELECT CAST(SESSION_CONTEXT(@k) AS nvarchar(10))",
    );
    assert_eq!(by_variable.rows, [[text("ada")]]);
    ok(&mut session, "EXEC sp_set_session_context N'tenant', NULL");
    assert_eq!(one(&mut session, "SESSION_CONTEXT(N'tenant')"), Value::Null);
}

#[test]
fn a_read_only_key_cannot_be_set_again_not_even_to_the_same_or_to_null() {
    let mut session = session();
    ok(&mut session, "EXEC sp_set_session_context N'User', 1, 1");
    for text in ["EXEC sp_set_session_context N'user', 1", "EXEC sp_set_session_context N'USER', NULL"] {
        let error = error(&mut session, text);
        assert_eq!(error.number, 15664);
        assert_eq!(
            error.message,
            "Cannot set key 'User' in the session context. The key has been set as read_only for this session."
        );
    }
    let called = set(&mut session, &[("@key", NVARCHAR, text("user")), ("@value", NVARCHAR, text("x"))]);
    assert_eq!(called.status, Some(1));
    assert_eq!(
        called.errors.first().map(|error| error.procedure.as_str()),
        Some("sys.sp_set_session_context")
    );
    session.reset(false);
    ok(&mut session, "EXEC sp_set_session_context N'User', 2");
}

#[test]
fn wrong_arguments_of_the_session_context_have_their_numbers() {
    let mut session = session();
    let long = "k".repeat(129);
    for (text, number) in [
        ("EXEC sp_set_session_context", 16903),
        ("EXEC sp_set_session_context N'k'", 16903),
        ("EXEC sp_set_session_context N'k', 1, 0, 0", 16914),
        ("EXEC sp_set_session_context NULL, 1", 225),
        ("EXEC sp_set_session_context N'', 1", 15666),
        (&format!("EXEC sp_set_session_context N'{long}', 1"), 15666),
        ("EXEC sp_set_session_context N'k', 1, NULL", 15600),
        ("DECLARE @v nvarchar(max) = N'x'; EXEC sp_set_session_context N'k', @v", 15600),
        ("EXEC sp_set_session_context @value = 1, @key = N'k'", 40517),
        ("SELECT SESSION_CONTEXT('k')", 8116),
        ("SELECT SESSION_CONTEXT(NULL)", 8116),
        ("SELECT SESSION_CONTEXT()", 174),
    ] {
        assert_eq!(error(&mut session, text).number, number, "{text}");
    }
}

#[test]
fn the_session_context_has_a_limit() {
    let mut session = session();
    let value = text(&"x".repeat(4000));
    let set_one = |session: &mut _, key: usize| {
        set(
            session,
            &[
                ("", NVARCHAR, text(&format!("k{key}"))),
                ("", SqlType::NVarChar(Length::Limit(4000)), value.clone()),
            ],
        )
    };
    let refused =
        (0..200).find_map(|key| set_one(&mut session, key).errors.first().map(|error| (key, error.number)));
    assert_eq!(refused, Some((130, 15665)));
    assert_eq!(set_one(&mut session, 5).errors, []);
}

#[test]
fn a_session_knows_its_number() {
    let database = local_azure::sql::engine::Database::open(None).unwrap();
    let mut session = database.session(Login { session_id: 77, ..Login::default() }).unwrap();
    assert_eq!(one(&mut session, "@@SPID"), Value::Integer(77));
}
