//! The script for the samples, the SID of published ids, and names that must stay names.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::functions::{CommandText, load};

fn samples() -> Grants {
    let catalogue = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("function-definitions")).unwrap();
    Grants::of_functions(&catalogue, "AZURE_SQL_CONNECTIONSTRING")
}

fn identity(name: &str, lookup: Lookup) -> Identity {
    Identity { name: UserName::parse(name).unwrap(), lookup }
}

fn needed(command: &str) -> RightsNeeded {
    CommandText::examine(command).unwrap().rights_needed()
}

#[test]
fn the_samples_script_is_the_least_that_they_need() {
    let script = GrantScript::new(identity("my-function-app", Lookup::ByName), samples());
    assert_eq!(
        script.script(),
        "\
-- The database user [my-function-app] with the least rights that the functions need.
-- Run it in the functions' own database (not in master), signed in as a Microsoft Entra administrator of
-- the server. It can be run again: what is there stays. If the identity was deleted and made anew, the user of
-- the old one is in its way: DROP USER [my-function-app]; first.
-- The server looks the name up in Microsoft Entra ID. If it may not (error 33134), or if more than one
-- identity has the name (error 33131), give --client-id or --object-id.
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'my-function-app')
    CREATE USER [my-function-app] FROM EXTERNAL PROVIDER;

-- The table of idempotency keys and their answers.
IF OBJECT_ID(N'dbo.AzsqlIdempotency', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.AzsqlIdempotency (
        Id binary(32) NOT NULL CONSTRAINT PK_AzsqlIdempotency PRIMARY KEY,
        FunctionName nvarchar(128) NOT NULL,
        Request binary(32) NOT NULL,
        Answer varbinary(max) NULL,
        CreatedAt datetime2(0) NOT NULL,
        ExpiresAt datetime2(0) NOT NULL
    );
    CREATE INDEX IX_AzsqlIdempotency_ExpiresAt ON dbo.AzsqlIdempotency (ExpiresAt);
END;

-- SELECT for PlaceOrder
-- INSERT for PlaceOrder
-- UPDATE for PlaceOrder
-- DELETE for PlaceOrder
GRANT SELECT, INSERT, UPDATE, DELETE ON OBJECT::[dbo].[AzsqlIdempotency] TO [my-function-app];

-- EXECUTE for CityReport
GRANT EXECUTE ON OBJECT::[dbo].[CityReport] TO [my-function-app];

-- SELECT for IngestOrder
-- INSERT for IngestOrder
GRANT SELECT, INSERT ON OBJECT::[dbo].[IncomingOrders] TO [my-function-app];

-- INSERT for NightlySummary
GRANT INSERT ON OBJECT::[dbo].[NightlySummaries] TO [my-function-app];

-- SELECT for CreatePerson, DeletePerson, GetPerson, ListPersons, NightlySummary, UpdatePerson
-- INSERT for CreatePerson
-- UPDATE for UpdatePerson
-- DELETE for DeletePerson
GRANT SELECT, INSERT, UPDATE, DELETE ON OBJECT::[dbo].[Persons] TO [my-function-app];

-- SELECT for PlaceOrder
-- INSERT for PlaceOrder
GRANT SELECT, INSERT ON OBJECT::[dbo].[PlacedOrders] TO [my-function-app];
"
    );
}

#[test]
fn the_statements_are_the_script_without_its_comments() {
    for lookup in [
        Lookup::ByName,
        Lookup::ByObjectId(Uuid::from_u128(1)),
        Lookup::BySid(Uuid::from_u128(1), PrincipalKind::Group),
    ] {
        let script = GrantScript::new(identity("it's [me]", lookup), samples());
        let without_comments: Vec<&str> = script
            .script()
            .leak()
            .lines()
            .filter(|line| !line.starts_with("--") && !line.is_empty())
            .collect();
        assert_eq!(script.statements().join("\n"), without_comments.join("\n"));
        assert_eq!(script.statements().len(), 8);
    }
}

#[test]
fn the_user_is_made_by_name_by_object_id_or_without_the_directory() {
    let id = Uuid::parse_str("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
    for (lookup, created) in [
        (Lookup::ByName, "CREATE USER [app] FROM EXTERNAL PROVIDER;"),
        (
            Lookup::ByObjectId(id),
            "CREATE USER [app] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '6f9619ff-8b86-d011-b42d-00c04fc964ff';",
        ),
        (
            Lookup::BySid(id, PrincipalKind::UserOrApplication),
            "CREATE USER [app] WITH SID = 0xFF19966F868B11D0B42D00C04FC964FF, TYPE = E;",
        ),
        (
            Lookup::BySid(id, PrincipalKind::Group),
            "CREATE USER [app] WITH SID = 0xFF19966F868B11D0B42D00C04FC964FF, TYPE = X;",
        ),
    ] {
        let statements = GrantScript::new(identity("app", lookup), Grants::default()).statements();
        assert!(statements.iter().any(|statement| statement.ends_with(created)), "{statements:?}");
    }
}

/// The expected values are what Python's `uuid.UUID(...).bytes_le` gives; the first is also the uniqueidentifier of
/// Microsoft's T-SQL reference.
#[test]
fn a_sid_is_the_id_in_the_servers_byte_order() {
    for (id, expected) in [
        ("6f9619ff-8b86-d011-b42d-00c04fc964ff", "0xFF19966F868B11D0B42D00C04FC964FF"),
        ("00112233-4455-6677-8899-aabbccddeeff", "0x33221100554477668899AABBCCDDEEFF"),
    ] {
        assert_eq!(sid(Uuid::parse_str(id).unwrap()), expected);
    }
}

#[test]
fn what_cannot_be_told_stands_in_the_script_as_comments() {
    let mut grants = Grants::default();
    grants.add("Work", &needed("SELECT 1;\nEXEC (@sql)"));
    let script = GrantScript::new(identity("app", Lookup::ByName), grants).script();
    assert!(script.contains("-- No function needs a right on an object"), "{script}");
    assert!(
        script.contains("\n-- Work, line 2: the statement that runs here is made at run time"),
        "{script}"
    );
}

/// Whoever writes a command must not write into the script that an administrator runs: tools look for `GO` on a line.
#[test]
fn a_name_over_two_lines_is_a_comment_of_one_line_and_no_statement() {
    let go = "x\nGO\nALTER ROLE db_owner ADD MEMBER y\nGO\n";
    for command in [
        format!("SELECT a FROM [{go}]"),
        format!("SELECT a FROM dbo.[{go}]"),
        format!("EXEC [{go}].\"y\""),
        format!("DECLARE @t dbo.[{go}]"),
        format!("SELECT CAST(@x AS [{go}])"),
        format!("SELECT NEXT VALUE FOR dbo.[{}]", go.replace('\n', "\u{2028}")),
    ] {
        let mut grants = Grants::default();
        grants.add("Work\nGO", &needed(&command));
        let script = GrantScript::new(identity("app", Lookup::ByName), grants);
        assert_eq!(script.statements().len(), 1, "{command}");
        let text = script.script();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("db_owner")).collect();
        assert!(matches!(lines.as_slice(), [line] if line.starts_with("-- Work GO, line 1: ")), "{text}");
    }
}

#[test]
fn a_name_that_no_user_can_have_is_refused() {
    assert_eq!(UserName::parse(" "), Err(UserNameError::Empty));
    assert_eq!(UserName::parse(&"x".repeat(129)), Err(UserNameError::TooLong));
    assert_eq!(UserName::parse(&"𝄞".repeat(65)), Err(UserNameError::TooLong));
    assert!(UserName::parse(&"𝄞".repeat(64)).is_ok());
    assert_eq!(UserName::parse("a\nDROP TABLE b"), Err(UserNameError::Control));
}

#[test]
fn functions_of_another_connection_need_nothing_here() {
    let catalogue = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("function-definitions")).unwrap();
    assert!(Grants::of_functions(&catalogue, "OTHER").is_empty());
}

#[test]
fn a_function_without_a_valid_definition_is_named_as_left_out() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("Broken")).unwrap();
    std::fs::write(root.path().join("Broken").join("function.json"), "{").unwrap();
    let grants = Grants::of_functions(&load(root.path()).unwrap(), "AZURE_SQL_CONNECTIONSTRING");
    assert_eq!(grants.left_out().collect::<Vec<_>>(), ["Broken"]);
    let script = GrantScript::new(identity("app", Lookup::ByName), grants).script();
    assert!(script.contains("check`): Broken\n"), "{script}");
}

#[test]
fn a_type_is_granted_as_one_and_not_asked_for() {
    let needed = needed("DECLARE @ids dbo.IdList; EXEC dbo.Work @ids");
    let mut grants = Grants::default();
    grants.add("Work", &needed);
    let statements = GrantScript::new(identity("app", Lookup::ByName), grants).statements();
    assert_eq!(
        statements.get(1..).unwrap(),
        [
            "GRANT EXECUTE ON OBJECT::[dbo].[Work] TO [app];",
            "GRANT EXECUTE ON TYPE::[dbo].[IdList] TO [app];"
        ]
    );
    let asked: Vec<_> =
        checks(&needed).into_iter().map(|check| (check.securable, check.class, check.permission)).collect();
    assert_eq!(asked, [("[dbo].[Work]".to_owned(), "OBJECT", "EXECUTE")]);
}

/// Reads `[name]` and tells what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text.strip_prefix('[')?;
    loop {
        let close = rest.find(']')?;
        name.push_str(&rest[..close]);
        rest = &rest[close + 1..];
        match rest.strip_prefix(']') {
            Some(after) => {
                name.push(']');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

proptest! {
    #[test]
    fn any_name_stays_one_name_in_the_script(name in "[^\\p{Cc}\u{2028}\u{2029}]{1,60}|[\\[\\]';\"-]{1,40}") {
        prop_assume!(UserName::parse(&name).is_ok());
        let script = GrantScript::new(identity(&name, Lookup::ByName), samples());
        // The table of keys is made before anybody is named.
        for statement in script.statements().iter().filter(|statement| **statement != idempotency::SCRIPT) {
            let before = if statement.starts_with("IF") { "\n    CREATE USER " } else { " TO " };
            let at = statement.find(before).unwrap() + before.len();
            let (read, rest) = unquoted(&statement[at..]).unwrap();
            prop_assert_eq!(&read, &name);
            prop_assert!(rest == ";" || rest == " FROM EXTERNAL PROVIDER;", "{}", rest);
        }
        let created = script.statements().remove(0);
        let literal = created.split_once("N'").unwrap().1.rsplit_once("')\n").unwrap().0;
        prop_assert_eq!(literal.replace("''", "\u{0}").matches('\'').count(), 0);
        prop_assert_eq!(literal.replace("''", "'"), name);
    }
}
