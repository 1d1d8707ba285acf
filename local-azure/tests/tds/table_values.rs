//! Table-valued parameters and FOR JSON over the wire: sent by tiberius and by the encoder of tds-protocol, read by tiberius.

use bytes::{BufMut, BytesMut};
use local_azure::sql::engine::{SentColumn, SentTable, TableArgument};
use local_azure::sql::tds::bytes::Malformed;
use local_azure::sql::tds::rpc;
use local_azure::sql::types::{Length, SqlType, Value};
use local_azure::sql::{SqlOptions, start};
use tds_protocol::tvp::{TvpColumnDef, TvpEncoder, TvpWireType};
use tiberius::numeric::Numeric;
use tiberius::time::chrono::{NaiveDate, NaiveDateTime};
use tiberius::{Command, SqlTableDataRow, TableValueRow};
use uuid::Uuid;

use crate::harness::{Fixture, Journal, SqlClient, number, options};
use crate::raw::{utf16, with_headers};

const SEED: &str = "CREATE TYPE dbo.IdList AS TABLE (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NULL)
GO
CREATE TYPE dbo.Wide AS TABLE (
    b bit, ti tinyint, bi bigint, f float, d decimal(38,4), s varchar(20), n nvarchar(max), v varbinary(8), g uniqueidentifier,
    m datetime2(7), day date)
GO
CREATE TABLE dbo.Persons (Id int PRIMARY KEY, Name nvarchar(50))
GO
CREATE PROCEDURE dbo.AddPersons @rows dbo.IdList READONLY, @extra int = 0, @count int OUTPUT AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO dbo.Persons SELECT Id + @extra, Name FROM @rows;
    SET @count = @@ROWCOUNT;
    SELECT Id, Name FROM dbo.Persons ORDER BY Id;
END
GO
CREATE PROCEDURE dbo.Passes @rows dbo.IdList READONLY AS
BEGIN
    DECLARE @own dbo.IdList, @n int;
    INSERT INTO @own SELECT Id + 100, Name FROM @rows;
    EXEC dbo.AddPersons @own, @count = @n OUTPUT;
    RETURN @n;
END
";

async fn server() -> Fixture {
    let server = start(SqlOptions { seed: Some(SEED.to_owned()), ..options() }).await.unwrap();
    Fixture { server, journal: Journal::default() }
}

/// A row of dbo.IdList.
struct Person(i32, Option<&'static str>);

impl<'a> TableValueRow<'a> for Person {
    fn bind_fields(&self, row: &mut SqlTableDataRow<'a>) {
        row.add_field(self.0);
        row.add_field(self.1);
    }
    fn get_db_type() -> &'static str {
        "dbo.IdList"
    }
}

async fn read(client: &mut SqlClient, rows: Vec<Person>) -> tiberius::Result<Vec<(i32, Option<String>)>> {
    let mut command = Command::new("sp_executesql");
    command.bind_param("@stmt", "SELECT Id, Name FROM @ids ORDER BY Id");
    command.bind_param("@params", "@ids dbo.IdList READONLY");
    command.bind_table_with_dbtype("@ids", "dbo.IdList", rows);
    let result = command.exec(client).await?.into_command_result().await?;
    let rows = result.rows_of_first_result();
    Ok(rows)
}

/// The rows of a result's first result set.
trait FirstResult {
    fn rows_of_first_result(&self) -> Vec<(i32, Option<String>)>;
}

impl FirstResult for tiberius::CommandResult {
    fn rows_of_first_result(&self) -> Vec<(i32, Option<String>)> {
        let results = self.to_query_result(0).unwrap();
        results.iter().map(|row| (row.get(0).unwrap(), row.get::<&str, _>(1).map(str::to_owned))).collect()
    }
}

#[tokio::test]
async fn tiberius_sends_a_table_to_a_text() {
    let fixture = server().await;
    let mut client = fixture.connect().await;
    let rows = read(&mut client, vec![Person(2, Some("Grace")), Person(1, None)]).await.unwrap();
    assert_eq!(rows, [(1, None), (2, Some("Grace".to_owned()))]);
    assert_eq!(read(&mut client, Vec::new()).await.unwrap(), []);
    assert_eq!(number(read(&mut client, vec![Person(1, None), Person(1, None)]).await), 2627);
    // The connection goes on.
    assert_eq!(read(&mut client, vec![Person(7, None)]).await.unwrap(), [(7, None)]);
}

#[tokio::test]
async fn tiberius_sends_a_table_to_a_procedure() {
    let fixture = server().await;
    let mut client = fixture.connect().await;
    let mut command = Command::new("dbo.AddPersons");
    command.bind_table("@rows", vec![Person(1, Some("Ada")), Person(2, None)]);
    command.bind_param("@extra", 10);
    command.bind_out_param("@count", Option::<i32>::None);
    let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    assert_eq!(result.rows_of_first_result(), [(11, Some("Ada".to_owned())), (12, None)]);
    assert_eq!(result.try_return_value::<i32>("@count").unwrap(), Some(2));
    let mut command = Command::new("dbo.Passes");
    command.bind_table("@rows", vec![Person(5, None)]);
    let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    assert_eq!(result.return_code(), 1);
    assert_eq!(result.rows_of_first_result().last(), Some(&(105, None)));
    // Without the table it has no rows.
    let mut command = Command::new("dbo.AddPersons");
    command.bind_out_param("@count", Option::<i32>::None);
    let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    assert_eq!(result.try_return_value::<i32>("@count").unwrap(), Some(0));
}

#[derive(Clone, Debug, PartialEq)]
struct Wide {
    b: Option<bool>,
    ti: Option<u8>,
    bi: Option<i64>,
    f: Option<f64>,
    d: Option<Numeric>,
    s: Option<String>,
    n: Option<String>,
    v: Option<Vec<u8>>,
    g: Option<Uuid>,
    m: Option<NaiveDateTime>,
    day: Option<NaiveDate>,
}

impl<'a> TableValueRow<'a> for Wide {
    fn bind_fields(&self, row: &mut SqlTableDataRow<'a>) {
        row.add_field(self.b);
        row.add_field(self.ti);
        row.add_field(self.bi);
        row.add_field(self.f);
        row.add_field(self.d);
        row.add_field(self.s.clone());
        row.add_field(self.n.clone());
        row.add_field(self.v.clone());
        row.add_field(self.g);
        row.add_field(self.m);
        row.add_field(self.day);
    }
    fn get_db_type() -> &'static str {
        "dbo.Wide"
    }
}

#[tokio::test]
async fn columns_of_many_types_arrive_as_they_were_sent() {
    let fixture = server().await;
    let mut client = fixture.connect().await;
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let full = Wide {
        b: Some(true),
        ti: Some(255),
        bi: Some(i64::MIN),
        f: Some(0.1),
        d: Some(Numeric::new_with_scale(-123_456_789_012_345_678_901_234, 4)),
        s: Some("äöü".to_owned()),
        n: Some("€😀".repeat(3000)),
        v: Some(vec![0, 1, 255]),
        g: Some(Uuid::from_u128(0x1234)),
        m: day.and_hms_nano_opt(23, 59, 59, 123_456_700),
        day: Some(day),
    };
    let empty = Wide {
        b: None,
        ti: None,
        bi: None,
        f: None,
        d: None,
        s: None,
        n: None,
        v: None,
        g: None,
        m: None,
        day: None,
    };
    let sent = vec![full, empty];
    let mut command = Command::new("sp_executesql");
    command.bind_param("@stmt", "SELECT * FROM @t ORDER BY b DESC");
    command.bind_param("@params", "@t dbo.Wide READONLY");
    command.bind_table("@t", sent.clone());
    let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    let rows: Vec<Wide> = result
        .to_query_result(0)
        .unwrap()
        .iter()
        .map(|row| Wide {
            b: row.get(0),
            ti: row.get(1),
            bi: row.get(2),
            f: row.get(3),
            d: row.get(4),
            s: row.get::<&str, _>(5).map(str::to_owned),
            n: row.get::<&str, _>(6).map(str::to_owned),
            v: row.get::<&[u8], _>(7).map(<[u8]>::to_vec),
            g: row.get(8),
            m: row.get(9),
            day: row.get(10),
        })
        .collect();
    assert_eq!(rows, sent);
}

/// A call of `dbo.p` with one table, whose metadata the encoder of tds-protocol writes and whose values MS-TDS's rules.
fn call() -> Vec<u8> {
    let columns = [
        TvpColumnDef::new(TvpWireType::Int { size: 4 }),
        TvpColumnDef::nullable(TvpWireType::NVarChar { max_length: 100 }),
        TvpColumnDef::nullable(TvpWireType::Decimal { precision: 9, scale: 2 }),
    ];
    let encoder = TvpEncoder::new("dbo", "IdList", &columns);
    let mut out = BytesMut::new();
    encoder.encode_metadata(&mut out);
    encoder.encode_row(&mut out, |out| {
        out.put_slice(&[4, 7, 0, 0, 0, 2, 0, 0x41, 0, 5, 1, 0x39, 0x30, 0, 0]);
    });
    encoder.encode_row(&mut out, |out| out.put_slice(&[4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]));
    encoder.encode_end(&mut out);
    let name = utf16("p");
    let mut body = vec![1, 0];
    body.extend(name);
    body.extend([0, 0, 2]);
    body.extend(utf16("@t"));
    body.push(0);
    body.extend_from_slice(&out);
    with_headers(&body)
}

#[test]
fn a_table_of_another_encoder_is_read() {
    let calls = rpc::parse(&call()).unwrap();
    let argument = calls.first().unwrap().arguments.first().unwrap();
    assert_eq!(argument.name, "@t");
    let types =
        [SqlType::Int, SqlType::NVarChar(Length::Limit(50)), SqlType::Decimal { precision: 9, scale: 2 }];
    let expected = SentTable {
        schema: "dbo".to_owned(),
        type_name: "IdList".to_owned(),
        columns: types.map(|sql_type| SentColumn { sql_type, default: false }).to_vec(),
        rows: vec![
            vec![Value::Integer(7), Value::Text("A".to_owned()), Value::Decimal(12_345)],
            vec![Value::Integer(-1), Value::Null, Value::Null],
        ],
    };
    assert_eq!(argument.table, Some(TableArgument::Sent(expected)));
}

#[test]
fn a_table_that_is_cut_off_is_malformed() {
    let whole = call();
    let table = whole.iter().position(|byte| *byte == 0xF3).unwrap();
    for length in table + 1..whole.len() {
        assert!(rpc::parse(whole.get(..length).unwrap()).is_err(), "{length}");
    }
}

#[tokio::test]
async fn a_long_json_text_arrives_in_pieces_that_fit_together() {
    let fixture = server().await;
    let mut client = fixture.connect().await;
    let query = "SELECT s.value AS id, N'Ünïcödé 😀 / ' + CAST(s.value AS nvarchar(10)) AS name FROM GENERATE_SERIES(1, 3000) AS s FOR JSON PATH, ROOT('rows')";
    let rows = client.simple_query(query).await.unwrap().into_first_result().await.unwrap();
    assert_eq!(
        rows.first().unwrap().columns().first().unwrap().name(),
        "JSON_F52E2B61-18A1-11d1-B105-00805F49916B"
    );
    let pieces: Vec<&str> = rows.iter().map(|row| row.get::<&str, _>(0).unwrap()).collect();
    let (last, others) = pieces.split_last().unwrap();
    assert!(others.iter().all(|piece| matches!(piece.encode_utf16().count(), 2032 | 2033)));
    assert!(last.encode_utf16().count() <= 2033);
    let json: serde_json::Value = serde_json::from_str(&pieces.concat()).unwrap();
    let all = json.get("rows").and_then(serde_json::Value::as_array).unwrap();
    assert_eq!(all.len(), 3000);
    assert_eq!(all.last().unwrap(), &serde_json::json!({ "id": 3000, "name": "Ünïcödé 😀 / 3000" }));
}

#[test]
fn a_column_without_a_type_is_malformed_since_its_cells_have_no_bytes() {
    let mut body = [1, 0].to_vec();
    body.extend(utf16("p"));
    body.extend([0, 0, 0, 0, 0xF3]);
    // No database, no schema, no name of a type; one column of NULLTYPE; no further metadata; three rows.
    body.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0x1F, 0, 0, 1, 1, 1, 0]);
    let refused = rpc::parse(&with_headers(&body)).unwrap_err();
    assert_eq!(refused, Malformed("a column of a table-valued parameter has no type").into());
}
