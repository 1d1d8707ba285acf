//! Numbers at their edges: `float(n)`, `sysname`, and that no float is ever infinite or none.

use local_azure::sql::types::{Length, SqlType, Value};

use crate::support::{error, ok, session, text};

#[test]
fn float_of_up_to_24_bits_is_real_and_sysname_is_nvarchar_128() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE dbo.T (A float(24), B float(25), C float(53), D double precision, E sysname, F real)",
    );
    let replies = ok(&mut session, "SELECT A, B, C, D, E, F FROM dbo.T");
    let types: Vec<SqlType> = replies.columns.iter().map(|column| column.sql_type).collect();
    assert_eq!(
        types,
        [
            SqlType::Real,
            SqlType::Float,
            SqlType::Float,
            SqlType::Float,
            SqlType::NVarChar(Length::Limit(128)),
            SqlType::Real
        ]
    );
    assert_eq!(error(&mut session, "CREATE TABLE dbo.U (A float(54))").number, 2750);
}

#[test]
fn what_would_be_infinite_or_no_number_is_an_error() {
    let mut session = session();
    for expression in [
        "CAST('1e400' AS float)",
        "CAST('NaN' AS float)",
        "CAST('Infinity' AS real)",
        "CAST(1e300 AS real)",
        "1e308 * 10",
        "1e308 + 1e308",
        "1e0 / 0",
        "POWER(1e300, 2)",
        "EXP(1000)",
        "SQRT(-1)",
        "LOG(0)",
        "SQUARE(1e200)",
    ] {
        let replies = crate::support::run(&mut session, &format!("SELECT {expression}"));
        assert_eq!(replies.errors.len(), 1, "{expression}: {:?}", replies.rows);
    }
    ok(&mut session, "CREATE TABLE dbo.T (A float); INSERT INTO dbo.T VALUES (1e308), (1e308)");
    assert_eq!(error(&mut session, "SELECT SUM(A) FROM dbo.T").number, 8115);
}

#[test]
fn money_keeps_its_four_digits_at_both_ends() {
    let mut session = session();
    let replies = ok(
        &mut session,
        "DECLARE @m money = 922337203685477.5807, @n money = -922337203685477.5808; SELECT @m, @n, CAST(@m AS decimal(19,4)), CONVERT(varchar(30), @m, 2)",
    );
    assert_eq!(
        replies.rows,
        [[
            Value::Money(i64::MAX),
            Value::Money(i64::MIN),
            Value::Decimal(i128::from(i64::MAX)),
            text("922337203685477.5807")
        ]]
    );
    assert_eq!(error(&mut session, "SELECT CAST(922337203685477.5808 AS money)").number, 8115);
}
