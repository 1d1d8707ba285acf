use super::support::*;

/// Each expression with SQL Server's result, both shown as text by CONVERT.
fn gives(cases: &[(&str, &str)]) {
    let mut session = session();
    for (expression, expected) in cases {
        let replies = run(&mut session, &format!("SELECT CONVERT(nvarchar(4000), {expression})"));
        assert_eq!(replies.errors, [], "{expression}");
        assert_eq!(replies.rows, [[text(expected)]], "{expression}");
    }
}

/// The type that a result set declares for each expression.
fn has_type(cases: &[(&str, &str)]) {
    let mut session = session();
    for (expression, expected) in cases {
        let replies = ok(&mut session, &format!("SELECT {expression}"));
        assert_eq!(replies.columns[0].sql_type.to_string(), *expected, "{expression}");
    }
}

#[test]
fn functions_of_text_give_what_the_reference_shows() {
    gives(&[
        ("LEN('abc  ')", "3"),
        ("DATALENGTH(N'abc')", "6"),
        ("UPPER('aBc')", "ABC"),
        ("LOWER(N'ÀBC')", "àbc"),
        ("LTRIM('  a ') + '|'", "a |"),
        ("RTRIM(' a  ') + '|'", " a|"),
        ("TRIM('  a  ') + '|'", "a|"),
        ("TRIM('.' FROM '..a..')", "a"),
        ("LEFT('abcdef', 2)", "ab"),
        ("RIGHT('abcdef', 2)", "ef"),
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("REPLACE('abcABC', 'b', 'x')", "axcAxC"),
        ("TRANSLATE('2*[3+4]/{7-2}', '[]{}', '()()')", "2*(3+4)/(7-2)"),
        ("REPLICATE('ab', 3)", "ababab"),
        ("REVERSE('abc')", "cba"),
        ("'a' + SPACE(2) + 'b'", "a  b"),
        ("CHARINDEX('C', 'abcabc')", "3"),
        ("CHARINDEX('c', 'abcabc', 4)", "6"),
        ("PATINDEX('%[0-9]%', 'ab7')", "3"),
        ("STUFF('abcdef', 2, 3, 'ijklmn')", "aijklmnef"),
        ("CONCAT('a', NULL, 1, N'é')", "a1é"),
        ("CONCAT_WS(',', 'a', NULL, 'b')", "a,b"),
        ("STR(123.45, 6, 1)", " 123.5"),
        ("STR(7)", "         7"),
        ("CHAR(65)", "A"),
        ("NCHAR(233)", "é"),
        ("ASCII('A')", "65"),
        ("UNICODE(N'é')", "233"),
        ("QUOTENAME('abc[]def')", "[abc[]]def]"),
        ("QUOTENAME('a''b', '''')", "'a''b'"),
        ("ISNUMERIC('1.5')", "1"),
        ("ISNUMERIC('x')", "0"),
    ]);
}

#[test]
fn functions_of_numbers_give_what_the_reference_shows() {
    gives(&[
        ("ABS(-1.5)", "1.5"),
        ("CEILING(123.45)", "124"),
        ("FLOOR(-123.45)", "-124"),
        ("SIGN(-7)", "-1"),
        ("ROUND(123.9994, 3)", "123.9990"),
        ("ROUND(748.58, -1)", "750.00"),
        ("ROUND(150.75, 0, 1)", "150.00"),
        ("POWER(2, 10)", "1024"),
        ("POWER(CAST(2.5 AS decimal(10,2)), 2)", "6.25"),
        ("SQRT(16)", "4"),
        ("SQUARE(3)", "9"),
        ("EXP(0)", "1"),
        ("LOG10(1000)", "3"),
        ("LOG(8, 2)", "3"),
        ("LOG(1)", "0"),
        ("SIN(0)", "0"),
        ("COS(0)", "1"),
        ("TAN(0)", "0"),
        ("ROUND(COT(1), 4)", "0.6421"),
        ("ASIN(0)", "0"),
        ("ACOS(1)", "0"),
        ("ATAN(0)", "0"),
        ("ATN2(0, 1)", "0"),
        ("ROUND(PI(), 4)", "3.1416"),
        ("CASE WHEN RAND() < 1 THEN 'less' END", "less"),
        ("LEN(CONVERT(varchar(40), NEWID()))", "36"),
    ]);
}

#[test]
fn functions_of_dates_give_what_the_reference_shows() {
    gives(&[
        ("CONVERT(varchar(30), DATEADD(month, 1, CAST('2024-01-31' AS date)), 23)", "2024-02-29"),
        (
            "CONVERT(varchar(30), DATEADD(day, DATEDIFF(day, 0, '2024-05-06T10:11:12'), 0), 126)",
            "2024-05-06T00:00:00",
        ),
        ("DATEDIFF(year, '2023-12-31', '2024-01-01')", "1"),
        ("DATEDIFF_BIG(second, '2000-01-01', '2024-01-01')", "757382400"),
        ("DATEPART(dayofyear, '2024-12-31')", "366"),
        ("DATENAME(month, '2024-03-05')", "March"),
        ("YEAR('2024-03-05') * 10000 + MONTH('2024-03-05') * 100 + DAY('2024-03-05')", "20240305"),
        ("EOMONTH('2024-02-10')", "2024-02-29"),
        ("EOMONTH('2024-02-10', 1)", "2024-03-31"),
        ("DATEFROMPARTS(2024, 2, 29)", "2024-02-29"),
        ("TIMEFROMPARTS(23, 59, 59, 5, 1)", "23:59:59.5"),
        ("CONVERT(varchar(30), DATETIMEFROMPARTS(2024, 1, 2, 3, 4, 5, 7), 121)", "2024-01-02 03:04:05.007"),
        ("CONVERT(varchar(30), SMALLDATETIMEFROMPARTS(2024, 1, 2, 3, 4), 120)", "2024-01-02 03:04:00"),
        ("DATETIME2FROMPARTS(2024, 1, 2, 3, 4, 5, 50, 3)", "2024-01-02 03:04:05.050"),
        ("DATETIMEOFFSETFROMPARTS(2024, 1, 2, 3, 4, 5, 0, 2, 30, 0)", "2024-01-02 03:04:05 +02:30"),
        ("ISDATE('2024-02-29')", "1"),
        ("ISDATE('2023-02-29')", "0"),
        (
            "TODATETIMEOFFSET(CAST('2024-01-02 03:04:05' AS datetime2(0)), '+02:00')",
            "2024-01-02 03:04:05 +02:00",
        ),
        (
            "SWITCHOFFSET(CAST('2024-01-02 03:04:05 +00:00' AS datetimeoffset(0)), 60)",
            "2024-01-02 04:04:05 +01:00",
        ),
        ("DATETRUNC(month, CAST('2024-05-06' AS date))", "2024-05-01"),
        ("CAST('2024-01-02 03:04:05' AS datetime2(0)) AT TIME ZONE 'UTC'", "2024-01-02 03:04:05 +00:00"),
        ("CONVERT(varchar(30), CAST('2024-01-31' AS datetime) + 1.5, 120)", "2024-02-01 12:00:00"),
        ("DATEDIFF(second, GETUTCDATE(), SYSUTCDATETIME())", "0"),
    ]);
}

#[test]
fn functions_that_choose_take_the_right_argument() {
    gives(&[
        ("IIF(1 > 2, 'a', 'b')", "b"),
        ("CHOOSE(2, 'a', 'b', 'c')", "b"),
        ("ISNULL(CHOOSE(4, 'a', 'b', 'c'), '-')", "-"),
        ("COALESCE(NULL, NULL, 'x')", "x"),
        ("ISNULL(NULLIF(1, 1), 7)", "7"),
    ]);
}

#[test]
fn results_have_the_types_of_the_reference() {
    has_type(&[
        ("REPLACE(N'a', 'a', 'b')", "nvarchar(4000)"),
        ("REPLACE('a', 'a', 'b')", "varchar(8000)"),
        ("CONCAT('ab', 'cd')", "varchar(4)"),
        ("QUOTENAME('a')", "nvarchar(258)"),
        ("STR(1.5, 5, 1)", "varchar(5)"),
        ("POWER(2, 2.5)", "int"),
        ("CEILING(1.25)", "decimal(3,0)"),
        ("SUBSTRING(0x0102, 1, 1)", "varbinary(2)"),
        ("LEN(CAST('a' AS varchar(max)))", "bigint"),
        ("DATEADD(day, 1, CAST('2024-01-01' AS date))", "date"),
        ("DATEADD(day, 1, '2024-01-01')", "datetime"),
        ("1.0 * 2.00", "decimal(6,3)"),
        ("CAST(1 AS int) / 3.0", "decimal(17,6)"),
        ("1.5 + CAST(1 AS int)", "decimal(12,1)"),
        ("CAST(1 AS tinyint) + CAST(1 AS smallint)", "smallint"),
        ("-CAST(1 AS tinyint)", "smallint"),
        ("CAST(1 AS money) * 2", "money"),
        ("SUM(1.50)", "decimal(38,2)"),
        ("AVG(1.50)", "decimal(38,6)"),
        ("SUM(CAST(1 AS tinyint))", "int"),
    ]);
}

#[test]
fn text_longer_than_the_result_type_is_cut() {
    gives(&[
        ("LEN(REPLACE(REPLICATE('a', 8000), 'a', 'bb'))", "8000"),
        ("LEN(CONCAT(REPLICATE('a', 8000), 'b'))", "8000"),
        ("LEN(CAST(REPLICATE('a', 8000) AS varchar(max)) + 'b')", "8001"),
    ]);
}

#[test]
fn a_wrong_number_of_arguments_is_174_and_an_unknown_function_195() {
    let mut session = session();
    for (expression, number) in [
        ("LEN()", 174),
        ("REPLACE('a', 'b')", 174),
        ("POWER(1)", 174),
        ("NOSUCH(1)", 195),
        ("HASHBYTES('MD5', 'a')", 40517),
        ("RAND(1)", 40517),
        ("DATEADD(@@ROWCOUNT, 1, '2024-01-01')", 1023),
        ("SUBSTRING(12, 1, 1)", 8116),
        ("DATEADD(nonsense, 1, GETDATE())", 155),
    ] {
        assert_eq!(error(&mut session, &format!("SELECT {expression}")).number, number, "{expression}");
    }
}
