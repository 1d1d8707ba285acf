//! hierarchyid, geometry, geography: bytes in columns; paths of hierarchyid; everything else refused by name.

use local_azure::sql::types::{SqlType, Value};

use crate::support::{error, ok, session, text};

#[test]
fn a_path_becomes_the_documented_bytes_and_a_path_again() {
    let mut session = session();
    let replies = ok(
        &mut session,
        "DECLARE @h hierarchyid = hierarchyid::Parse('/1/2/'); SELECT @h, @h.ToString(), CAST(@h AS varbinary(892)), CAST(@h AS nvarchar(99)), hierarchyid::GetRoot().ToString(), CAST('/1/' AS hierarchyid).ToString()",
    );
    assert_eq!(replies.columns[0].sql_type, SqlType::HierarchyId);
    assert_eq!(
        replies.rows,
        [[
            Value::Binary(vec![0x5B, 0x40]),
            text("/1/2/"),
            Value::Binary(vec![0x5B, 0x40]),
            text("/1/2/"),
            text("/"),
            text("/1/")
        ]]
    );
}

#[test]
fn rows_sort_depth_first_and_a_key_may_be_a_hierarchyid() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Nodes (Node hierarchyid PRIMARY KEY, Name nvarchar(20))");
    ok(
        &mut session,
        "INSERT INTO dbo.Nodes VALUES ('/2/', N'c'), ('/1/10/', N'b'), ('/1/9/', N'a'), ('/', N'root')",
    );
    let replies = ok(&mut session, "SELECT Node.ToString() AS Path FROM dbo.Nodes ORDER BY Node");
    assert_eq!(replies.rows.concat(), [text("/"), text("/1/9/"), text("/1/10/"), text("/2/")]);
    assert_eq!(error(&mut session, "INSERT INTO dbo.Nodes VALUES (0x68, N'again')").number, 2627);
    assert_eq!(
        ok(&mut session, "SELECT Name FROM dbo.Nodes WHERE Node = hierarchyid::Parse(N'/1/9/')").rows,
        [[text("a")]]
    );
}

#[test]
fn what_is_no_path_is_error_6522() {
    let mut session = session();
    for value in ["'/1'", "'a'", "0xFF"] {
        let refused = error(&mut session, &format!("SELECT CAST({value} AS hierarchyid)"));
        assert_eq!(refused.number, 6522, "{value}");
        assert!(refused.message.contains("24001"), "{}", refused.message);
    }
}

#[test]
fn spatial_values_are_bytes_and_their_methods_are_refused_by_name() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Places (Id int, G geometry NULL, E geography NULL)");
    ok(
        &mut session,
        "INSERT INTO dbo.Places VALUES (1, 0xE6100000010C00000000000000000000000000000000, NULL)",
    );
    let replies = ok(&mut session, "SELECT G, E FROM dbo.Places");
    assert_eq!(replies.columns[0].sql_type, SqlType::Geometry);
    assert!(matches!(replies.rows[0][0], Value::Binary(ref bytes) if bytes.len() == 22));
    assert_eq!(replies.rows[0][1], Value::Null);
    for (query, name) in [
        ("SELECT geometry::STGeomFromText('POINT (1 2)', 0)", "The method geometry::STGeomFromText"),
        ("SELECT geography::Point(1, 2, 4326)", "The method geography::Point"),
        ("SELECT G.STAsText() FROM dbo.Places", "The geometry method STAsText()"),
        ("SELECT CAST(G AS nvarchar(max)) FROM dbo.Places", "geometry and text"),
        ("SELECT CAST('/1/' AS hierarchyid).GetAncestor(1)", "The hierarchyid method GetAncestor()"),
    ] {
        let refused = error(&mut session, query);
        assert_eq!(refused.number, 40517, "{query}: {}", refused.message);
        assert!(refused.message.contains(name), "{}", refused.message);
    }
    assert_eq!(error(&mut session, "SELECT 1 FROM dbo.Places WHERE G = G").number, 403);
    assert_eq!(error(&mut session, "SELECT G FROM dbo.Places ORDER BY G").number, 249);
}
