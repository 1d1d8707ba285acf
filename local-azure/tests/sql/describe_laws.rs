//! Laws: a query's description is what its columns turn out to be, and what is never NULL never is.

use proptest::prelude::*;

use super::describe_support::*;
use super::support::*;
use local_azure::sql::types::Value;

/// Values for a select list over `a` and `b`, two rows of the persons, in any join.
const ITEMS: &[&str] = &[
    "a.Id",
    "b.Name",
    "a.City",
    "b.Balance",
    "a.Created",
    "1",
    "N'text'",
    "NULL",
    "1.50",
    "0x0102",
    "a.Id + b.Id",
    "a.Balance * 2",
    "a.Name + b.City",
    "ISNULL(b.City, N'-')",
    "ISNULL(b.Id, a.Id)",
    "COALESCE(a.City, b.City, N'x')",
    "CAST(a.Id AS decimal(9,3))",
    "CONVERT(varchar(30), b.Created, 121)",
    "CASE WHEN a.Id = 1 THEN a.Name ELSE b.City END",
    "CASE a.Id WHEN 1 THEN 1 ELSE 2 END",
    "NULLIF(a.Id, 2)",
    "LEN(b.Name)",
    "DATEADD(day, 1, a.Created)",
    "(SELECT MAX(Balance) FROM dbo.Persons WHERE Id = a.Id)",
    "(SELECT COUNT(*) FROM dbo.Persons)",
    "@p",
    "@@ROWCOUNT",
    "SYSUTCDATETIME()",
];

fn query() -> impl Strategy<Value = String> {
    (
        prop::collection::vec(prop::sample::select(ITEMS), 1..6),
        prop::sample::select(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"][..]),
        prop::sample::select(&["a.Id = b.Id", "a.Id = b.Id + 1", "1 = 0"][..]),
        any::<bool>(),
        0..3,
    )
        .prop_map(|(items, join, on, union, depth)| {
            let list: Vec<String> =
                items.iter().enumerate().map(|(index, item)| format!("{item} AS x{index}")).collect();
            let mut query =
                format!("SELECT {} FROM dbo.Persons AS a {join} dbo.Persons AS b ON {on}", list.join(", "));
            if union {
                query = format!("{query} UNION ALL {query}");
            }
            for _ in 0..depth {
                query = format!("SELECT * FROM ({query}) AS d");
            }
            query
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_description_is_what_the_columns_turn_out_to_be(query in query()) {
        let session = &mut with_persons();
        let described = described(session, &query, "@p nvarchar(7)");
        let ran = execute(session, &query, "@p nvarchar(7)", &[("@p", NVARCHAR, Value::Null)]);
        prop_assert_eq!(&ran.errors, &[], "{}", query);
        prop_assert_eq!(described.rows.len(), ran.columns.len());
        for (row, column) in ran.columns.iter().enumerate() {
            prop_assert_eq!(cell(&described, row, "name"), text(&column.name));
            prop_assert_eq!(cell(&described, row, "system_type_name"), text(&column.sql_type.to_string()));
            prop_assert_eq!(cell(&described, row, "is_nullable"), Value::Bit(column.nullable));
            prop_assert_eq!(cell(&described, row, "is_identity_column"), Value::Bit(column.identity));
            if !column.nullable {
                prop_assert!(ran.rows.iter().all(|values| values[row] != Value::Null), "{}: {}", column.name, query);
            }
        }
    }

    #[test]
    fn a_way_more_never_makes_a_description_narrower(first in query(), second in query()) {
        let session = &mut with_persons();
        let alone = described(session, &first, "@p nvarchar(7)");
        let both = describe_call(session, &format!("IF @@ROWCOUNT = 1 {first} ELSE {second}"), "@p nvarchar(7)");
        if both.errors.is_empty() {
            prop_assert_eq!(both.rows.len(), alone.rows.len());
            for row in 0..alone.rows.len() {
                if cell(&both, row, "is_nullable") == Value::Bit(false) {
                    prop_assert_eq!(cell(&alone, row, "is_nullable"), Value::Bit(false));
                }
            }
        } else {
            prop_assert_eq!(both.errors[0].number, 11509);
        }
    }
}
