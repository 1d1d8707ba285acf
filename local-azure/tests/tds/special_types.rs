//! xml, json, sql_variant, rowversion, the older long types and the CLR types on the wire: the engine behind the protocol,
//! read with tds-protocol's decoder and with tiberius; parameters in the bytes of MS-TDS 2.2.5.5.

use std::borrow::Cow;

use local_azure::sql::{Encryption, SqlLogin, SqlOptions, start};
use proptest::prelude::*;
use tds_protocol::token::{ColMetaData, Token, TokenParser};
use tiberius::{AuthMethod, Client, ColumnData, Command, Config, IntoSql};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use crate::harness::{Fixture, Journal, PASSWORD, SqlClient, USER, options};
use crate::raw::{RawClient, batch, utf16, with_headers};
use local_azure::sql::tds::bytes::Reader;
use local_azure::sql::tds::type_info::TypeInfo;
use local_azure::sql::tds::{decode, encode, type_info};
use local_azure::sql::types::{SqlType, Value, Variant};

/// A server with the engine behind it, and without TLS.
async fn engine() -> Fixture {
    let server = start(SqlOptions {
        encryption: Encryption::Off,
        logins: vec![SqlLogin::new("sa", "secret")],
        database_names: Vec::new(),
        ..options()
    })
    .await
    .unwrap();
    Fixture { server, journal: Journal::default() }
}

/// The columns and the cells of all rows, as tds-protocol reads them; its cells of ROW tokens stand one behind the other.
fn decoded(payload: Vec<u8>) -> (ColMetaData, Vec<Vec<u8>>) {
    let mut parser = TokenParser::new(payload.into());
    let mut columns: Option<ColMetaData> = None;
    let mut rows = Vec::new();
    while let Some(token) = parser.next_token_with_metadata(columns.as_ref()).unwrap() {
        match token {
            Token::ColMetaData(metadata) => columns = Some(metadata),
            Token::Row(row) => rows.push(row.data.to_vec()),
            Token::NbcRow(row) => rows.push([row.null_bitmap, row.data.to_vec()].concat()),
            Token::Error(error) => panic!("{}: {}", error.number, error.message),
            _ => {}
        }
    }
    (columns.unwrap(), rows)
}

async fn queried(client: &mut RawClient, text: &str) -> (ColMetaData, Vec<Vec<u8>>) {
    client.send(1, 1, &batch(text)).await;
    decoded(client.message().await)
}

/// A value in one chunk, as tds-protocol hands it on.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    let mut chunk = u64::from(length).to_le_bytes().to_vec();
    chunk.extend(length.to_le_bytes());
    chunk.extend_from_slice(bytes);
    chunk.extend([0; 4]);
    chunk
}

#[tokio::test]
async fn an_independent_decoder_reads_every_one_of_these_types() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    let wide = |text: &str| chunk(&utf16(text));
    for (expression, number, most, cell) in [
        ("CAST(N'<ä/>' AS xml)", 0xF1, None, wide("<ä/>")),
        ("CAST(N'{\"ä\":1}' AS json)", 0xE7, Some(0xFFFF), wide("{\"ä\":1}")),
        ("CAST('tä' AS text)", 0x23, Some(0x7FFF_FFFF), chunk(b"t\xE4")),
        ("CAST(N'nä' AS ntext)", 0x63, Some(0x7FFF_FFFE), wide("nä")),
        ("CAST(0x0102 AS image)", 0x22, Some(0x7FFF_FFFF), chunk(&[1, 2])),
        ("CAST('/1/2/' AS hierarchyid)", 0xF0, Some(892), chunk(&[0x5B, 0x40])),
        ("CAST(0x0102 AS geometry)", 0xF0, Some(0xFFFF), chunk(&[1, 2])),
        ("CAST(0x0102 AS geography)", 0xF0, Some(0xFFFF), chunk(&[1, 2])),
        ("CAST(5 AS sql_variant)", 0x62, Some(8009), vec![6, 0, 0, 0, 0x38, 0, 5, 0, 0, 0]),
        ("CAST(0x07D1 AS rowversion)", 0xAD, Some(8), vec![8, 0, 7, 0xD1, 0, 0, 0, 0, 0, 0]),
    ] {
        let (columns, rows) = queried(&mut client, &format!("SELECT {expression} AS v, 7 AS after")).await;
        let column = columns.columns.first().unwrap();
        assert_eq!((column.col_type, column.type_info.max_length), (number, most), "{expression}");
        let mut expected = cell;
        expected.extend([4, 7, 0, 0, 0]);
        assert_eq!(rows, [expected], "{expression}");
    }
}

#[tokio::test]
async fn only_a_rowversion_has_a_user_type() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    let (columns, _) =
        queried(&mut client, "SELECT CAST(0x AS rowversion), CAST(0x AS binary(8)), CAST(N'' AS xml)").await;
    let types: Vec<u32> = columns.columns.iter().map(|column| column.user_type).collect();
    assert_eq!(types, [0x50, 0, 0]);
}

#[tokio::test]
async fn a_null_of_every_one_of_these_types_is_read_as_null() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    for name in [
        "xml",
        "json",
        "text",
        "ntext",
        "image",
        "sql_variant",
        "rowversion",
        "hierarchyid",
        "geometry",
        "geography",
    ] {
        let text = format!("SELECT CAST(NULL AS {name}) AS v, 7 AS after");
        client.send(1, 1, &batch(&text)).await;
        let (_, rows) = decoded(client.message().await);
        let [row] = rows.as_slice() else { panic!("one row of {name}") };
        assert!(row.ends_with(&[4, 7, 0, 0, 0]), "{name}: {row:02x?}");
        // A bitmap with the first column in it, or a NULL of one byte in a ROW (text pointer), which this decoder
        // hands on as that of a long value.
        let null = row.len() == 6 && row.first() == Some(&1) || row.starts_with(&[0xFF; 8]);
        assert!(null, "{name}: {row:02x?}");
    }
}

#[tokio::test]
async fn every_base_type_of_a_sql_variant_has_its_properties() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    let collation = [0x09, 0x04, 0xD0, 0x00, 0x34];
    let text = |kind: u8, most: u8, bytes: &[u8]| [&[kind, 7], &collation[..], &[most, 0], bytes].concat();
    for (expression, content) in [
        ("CAST(1 AS bit)", vec![0x32, 0, 1]),
        ("CAST(200 AS tinyint)", vec![0x30, 0, 200]),
        ("CAST(-2 AS smallint)", vec![0x34, 0, 0xFE, 0xFF]),
        ("-2", vec![0x38, 0, 0xFE, 0xFF, 0xFF, 0xFF]),
        ("CAST(1 AS bigint)", vec![0x7F, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        ("CAST(1.5 AS real)", vec![0x3B, 0, 0, 0, 0xC0, 0x3F]),
        ("CAST(1.5 AS float)", vec![0x3E, 0, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]),
        ("CAST(1 AS money)", vec![0x3C, 0, 0, 0, 0, 0, 0x10, 0x27, 0, 0]),
        ("CAST(1 AS smallmoney)", vec![0x7A, 0, 0x10, 0x27, 0, 0]),
        ("CAST(-1.25 AS decimal(9,2))", vec![0x6A, 2, 9, 2, 0, 125, 0, 0, 0]),
        ("CAST('1900-01-02' AS datetime)", vec![0x3D, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        ("CAST('1900-01-02' AS smalldatetime)", vec![0x3A, 0, 1, 0, 0, 0]),
        ("CAST('0001-01-02' AS date)", vec![0x28, 0, 1, 0, 0]),
        ("CAST('00:00:01' AS time(0))", vec![0x29, 1, 0, 1, 0, 0]),
        ("CAST('0001-01-02 00:00:01' AS datetime2(0))", vec![0x2A, 1, 0, 1, 0, 0, 1, 0, 0]),
        (
            "CAST('0001-01-02 00:00:01 +00:01' AS datetimeoffset(0))",
            vec![0x2B, 1, 0, 0x45, 0x51, 1, 0, 0, 0, 1, 0],
        ),
        ("CAST('ä' AS varchar(3))", text(0xA7, 3, &[0xE4])),
        ("CAST('ä' AS char(2))", text(0xAF, 2, &[0xE4, 0x20])),
        ("CAST(N'ä' AS nvarchar(3))", text(0xE7, 6, &[0xE4, 0])),
        ("CAST(N'ä' AS nchar(1))", text(0xEF, 2, &[0xE4, 0])),
        ("CAST(0x01 AS varbinary(3))", vec![0xA5, 2, 3, 0, 1]),
        ("CAST(0x01 AS binary(2))", vec![0xAD, 2, 2, 0, 1, 0]),
        (
            "CAST('00112233-4455-6677-8899-AABBCCDDEEFF' AS uniqueidentifier)",
            vec![
                0x24, 0, 0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD,
                0xEE, 0xFF,
            ],
        ),
    ] {
        let (_, rows) = queried(&mut client, &format!("SELECT CAST({expression} AS sql_variant)")).await;
        let mut cell = u32::try_from(content.len()).unwrap().to_le_bytes().to_vec();
        cell.extend(content);
        assert_eq!(rows, [cell], "{expression}");
    }
}

/// A call of `sp_executesql` with one parameter `@v`, given as its bytes behind the flags.
fn call(text: &str, declared: &str, parameter: &[u8]) -> Vec<u8> {
    let mut call = vec![0xFF, 0xFF, 10, 0, 0, 0];
    for argument in [text, &format!("@v {declared}")] {
        let units = utf16(argument);
        call.extend([0, 0, 0xE7, 0x40, 0x1F, 0x09, 0x04, 0xD0, 0x00, 0x34]);
        call.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
        call.extend(units);
    }
    call.push(2);
    call.extend(utf16("@v"));
    call.push(0);
    call.extend_from_slice(parameter);
    with_headers(&call)
}

const READ: &str = "SELECT CAST(@v AS nvarchar(max))";

#[tokio::test]
async fn parameters_of_these_types_are_read_as_the_specification_writes_them() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    let long = |kind: u8, collation: &[u8], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        [&[kind, 0xFF, 0xFF, 0xFF, 0x7F], collation, &length, content].concat()
    };
    let collation = [0x09, 0x04, 0xD0, 0x00, 0x34];
    let xml = |content: &[u8]| [&[0xF1, 0], &chunk(content)[..]].concat();
    let udt =
        [&[0xF0, 0, 3], &utf16("sys")[..], &[11], &utf16("hierarchyid"), &chunk(&[0x5B, 0x40])].concat();
    for (declared, parameter, read) in [
        ("xml", xml(&utf16("<ä></ä>")), "<ä/>"),
        ("xml", xml(&[&[0xFF, 0xFE][..], &utf16("<ä/>")].concat()), "<ä/>"),
        ("xml", xml("<?xml version='1.0' encoding='utf-8'?><ä/>".as_bytes()), "<ä/>"),
        ("text", long(0x23, &collation, b"t\xE4"), "tä"),
        ("ntext", long(0x63, &collation, &utf16("nä")), "nä"),
        ("varbinary(2)", long(0x22, &[], &utf16("i")), "i"),
        ("sql_variant", vec![0x62, 0x49, 0x1F, 0, 0, 6, 0, 0, 0, 0x38, 0, 5, 0, 0, 0], "5"),
        ("hierarchyid", udt, "/1/2/"),
    ] {
        client.send(3, 1, &call(READ, declared, &parameter)).await;
        let (_, rows) = decoded(client.message().await);
        assert_eq!(rows, [chunk(&utf16(read))], "{declared}");
    }
}

#[tokio::test]
async fn parameters_that_are_null_stay_null() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    for (declared, parameter) in [
        ("xml", [&[0xF1, 0][..], &[0xFF; 8]].concat()),
        ("text", [&[0x23, 0xFF, 0xFF, 0xFF, 0x7F, 9, 4, 0xD0, 0, 0x34][..], &[0xFF; 4]].concat()),
        ("image", [&[0x22, 0xFF, 0xFF, 0xFF, 0x7F][..], &[0xFF; 4]].concat()),
        ("sql_variant", vec![0x62, 0x49, 0x1F, 0, 0, 0, 0, 0, 0]),
    ] {
        client.send(3, 1, &call("SELECT CASE WHEN @v IS NULL THEN 1 END", declared, &parameter)).await;
        let (_, rows) = decoded(client.message().await);
        assert_eq!(rows, [vec![4, 1, 0, 0, 0]], "{declared}");
    }
}

#[tokio::test]
async fn a_malformed_document_in_a_parameter_is_an_error_and_the_connection_goes_on() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    let parameter = [&[0xF1, 0], &chunk(&utf16("<a>"))[..]].concat();
    client.send(3, 1, &call(READ, "xml", &parameter)).await;
    assert_eq!(client.reply().await.first().map(String::as_str), Some("error 9400 16"));
    // A schema collection: database, owner, name.
    let parameter = [&[0xF1, 1, 0, 0, 1, 0], &utf16("x")[..], &[0xFF; 8]].concat();
    client.send(3, 1, &call(READ, "xml", &parameter)).await;
    assert_eq!(client.reply().await.first().map(String::as_str), Some("error 8058 16"));
    client.send(1, 1, &batch("SELECT 1")).await;
    assert_eq!(client.reply().await, ["1 columns", "row", "done 0x10 1"]);
}

async fn tiberius(fixture: &Fixture) -> SqlClient {
    let mut config = Config::new();
    config.host("localhost");
    config.port(fixture.server.address().port());
    config.authentication(AuthMethod::sql_server(USER, PASSWORD));
    config.trust_cert_ca_bundle(fixture.server.ca_pem().unwrap().as_bytes());
    let socket = TcpStream::connect(fixture.server.address()).await.unwrap();
    Client::connect(config, socket.compat_write()).await.unwrap()
}

async fn encrypted_engine() -> Fixture {
    let server = start(SqlOptions { database_names: Vec::new(), ..options() }).await.unwrap();
    Fixture { server, journal: Journal::default() }
}

async fn cell(client: &mut SqlClient, expression: &str) -> ColumnData<'static> {
    let text = format!("SELECT {expression} AS v");
    let row = client.simple_query(text).await.unwrap().into_row().await.unwrap().unwrap();
    row.into_iter().next().unwrap()
}

#[tokio::test]
async fn tiberius_reads_these_types_as_text_bytes_and_base_values() {
    let fixture = encrypted_engine().await;
    let mut client = tiberius(&fixture).await;
    let text = |text: &'static str| ColumnData::String(Some(Cow::Borrowed(text)));
    let binary = |bytes: &'static [u8]| ColumnData::Binary(Some(Cow::Borrowed(bytes)));
    match cell(&mut client, "CAST(N'<ä/>' AS xml)").await {
        ColumnData::Xml(Some(xml)) => assert_eq!(xml.to_string(), "<ä/>"),
        other => panic!("no xml: {other:?}"),
    }
    for (expression, expected) in [
        ("CAST(N'{\"ä\":1}' AS json)", text("{\"ä\":1}")),
        ("CAST('tä' AS text)", text("tä")),
        ("CAST(N'n東' AS ntext)", text("n東")),
        ("CAST(0x0102 AS image)", binary(&[1, 2])),
        ("CAST(5 AS sql_variant)", ColumnData::I32(Some(5))),
        ("CAST(N'東' AS sql_variant)", text("東")),
        ("CAST('/1/2/' AS hierarchyid)", binary(&[0x5B, 0x40])),
        ("CAST(0x0102 AS geography)", binary(&[1, 2])),
        ("CAST(0x07D1 AS rowversion)", binary(&[7, 0xD1, 0, 0, 0, 0, 0, 0])),
        ("CAST(NULL AS text)", ColumnData::String(None)),
        ("CAST(NULL AS image)", ColumnData::Binary(None)),
        ("CAST(NULL AS sql_variant)", ColumnData::String(None)),
        ("CAST(NULL AS geometry)", ColumnData::Binary(None)),
    ] {
        assert_eq!(cell(&mut client, expression).await, expected, "{expression}");
    }
    assert_eq!(cell(&mut client, "CAST(NULL AS xml)").await, ColumnData::Xml(None));
}

struct Raw(ColumnData<'static>);

impl IntoSql<'static> for Raw {
    fn into_sql(self) -> ColumnData<'static> {
        self.0
    }
}

#[tokio::test]
async fn tiberius_sends_xml_and_text_for_the_others() {
    let fixture = encrypted_engine().await;
    let mut client = tiberius(&fixture).await;
    let text = |text: &'static str| ColumnData::String(Some(Cow::Borrowed(text)));
    for (declared, sent, read) in [
        ("xml", ColumnData::Xml(Some(Cow::Owned(tiberius::xml::XmlData::new("<ä></ä>")))), "<ä/>"),
        ("xml", text("<a> <b/> </a>"), "<a><b/></a>"),
        ("json", text("{\"a\":1}"), "{\"a\":1}"),
        ("ntext", text("東"), "東"),
        ("sql_variant", text("x"), "x"),
        ("hierarchyid", text("/1/"), "/1/"),
    ] {
        let mut command = Command::new("sp_executesql");
        command.bind_param("@stmt", READ);
        command.bind_param("@params", format!("@v {declared}"));
        command.bind_param("@v", Raw(sent));
        let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
        let row = result.to_query_result(0).unwrap().first().unwrap();
        assert_eq!(row.get::<&str, _>(0), Some(read), "{declared}");
    }
}

/// As a SQL Server 2022 was seen to do it (github.com/hugr-lab/mssql-extension, issue 225).
#[tokio::test]
async fn utf8_text_travels_as_utf16_to_a_client_that_does_not_say_it_reads_utf8() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    client
        .send(1, 1, &batch("CREATE TABLE dbo.T (A varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8, B varchar(max) COLLATE Latin1_General_100_BIN2_UTF8, C varchar(5) COLLATE Latin1_General_BIN2); INSERT INTO dbo.T VALUES (N'東京', N'🚀', N'ä')"))
        .await;
    client.message().await;
    let (columns, rows) = queried(&mut client, "SELECT A, B, C FROM dbo.T").await;
    let collations: Vec<(u32, u8)> = columns
        .columns
        .iter()
        .filter_map(|column| column.type_info.collation)
        .map(|collation| (collation.lcid, collation.sort_id))
        .collect();
    assert_eq!(collations, [(0x24D0_0409, 0), (0x2600_0409, 0), (0x0200_0409, 0)]);
    assert!(columns.columns.iter().take(2).all(|column| {
        column
            .type_info
            .collation
            .is_some_and(|collation| tds_protocol::collation::is_utf8_collation(collation.lcid))
    }));
    let short = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat();
    assert_eq!(rows, [[short(&utf16("東京")), chunk(&utf16("🚀")), short(&[0xE4])].concat()]);
}

#[tokio::test]
async fn a_utf8_parameter_is_read_as_utf8() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    let text = "東京".as_bytes();
    let parameter = [&[0xA7, 20, 0, 0x09, 0x04, 0xD0, 0x24, 0x00, 6, 0], text].concat();
    client.send(3, 1, &call(READ, "nvarchar(20)", &parameter)).await;
    let (_, rows) = decoded(client.message().await);
    assert_eq!(rows, [chunk(&utf16("東京"))]);
}

#[tokio::test]
async fn tiberius_reads_utf8_text_which_it_gets_as_utf16() {
    let fixture = encrypted_engine().await;
    let mut client = tiberius(&fixture).await;
    for text in [
        "N'é' COLLATE Latin1_General_100_CI_AS_SC_UTF8",
        "CAST(N'é' AS varchar(9)) COLLATE Latin1_General_100_CI_AS_SC_UTF8",
    ] {
        assert_eq!(cell(&mut client, text).await, ColumnData::String(Some(Cow::Borrowed("é"))), "{text}");
    }
}

#[tokio::test]
async fn an_older_long_column_brings_the_name_of_its_table() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    client.send(1, 1, &batch("CREATE TABLE dbo.Old (T text)")).await;
    client.message().await;
    for (query, parts) in [
        ("SELECT T FROM dbo.Old", &["dbo", "Old"][..]),
        ("SELECT x.T FROM (SELECT T FROM dbo.Old) AS x", &["dbo", "Old"]),
        ("SELECT CAST('a' AS text) AS T", &[]),
    ] {
        client.send(1, 1, &batch(query)).await;
        let reply = client.message().await;
        // Token, count, user type, flags; the type with its length and collation; then the table and the column.
        let mut expected = vec![u8::try_from(parts.len()).unwrap()];
        for part in parts {
            expected.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
            expected.extend(utf16(part));
        }
        expected.push(1);
        expected.extend(utf16("T"));
        let found = reply.get(9 + 1 + 4 + 5..).unwrap();
        assert_eq!(found.get(..expected.len()).unwrap(), expected, "{query}");
    }
}

/// Values that a sql_variant can hold.
fn held() -> impl Strategy<Value = Variant> {
    let of = |spelling: &str, value: Value| Variant { base: SqlType::parse(spelling).unwrap(), value };
    prop_oneof![
        any::<i32>().prop_map(move |v| of("int", Value::Integer(v.into()))),
        any::<i64>().prop_map(move |v| of("bigint", Value::Integer(v))),
        any::<bool>().prop_map(move |v| of("bit", Value::Bit(v))),
        any::<i64>().prop_map(move |v| of("money", Value::Money(v))),
        (-999_999_999i128..999_999_999).prop_map(move |v| of("decimal(9,3)", Value::Decimal(v))),
        (-1e300f64..1e300).prop_map(move |v| of("float", Value::Float(v))),
        "\\PC{0,40}".prop_map(move |v| of("nvarchar(80)", Value::Text(v))),
        "[ -~€é]{0,40}".prop_map(move |v| of("varchar(40)", Value::Text(v))),
        proptest::collection::vec(any::<u8>(), 0..20)
            .prop_map(move |v| of("varbinary(20)", Value::Binary(v))),
        any::<[u8; 16]>().prop_map(move |v| of("uniqueidentifier", Value::UniqueIdentifier(v))),
        (0i32..=3_652_058).prop_map(move |v| of("date", Value::Date(v))),
        (0i64..86_400).prop_map(move |v| of("time(0)", Value::Time(v * 10_000_000))),
        (0i64..=315_537_897_599, -840i16..=840).prop_map(move |(v, offset_minutes)| of(
            "datetimeoffset(0)",
            Value::DateTimeOffset { utc_ticks: v * 10_000_000, offset_minutes }
        )),
    ]
}

proptest! {
    #[test]
    fn a_sql_variant_that_is_written_is_read_back(held in held()) {
        let value = Value::Variant(Box::new(held));
        let mut out = Vec::new();
        type_info::write(SqlType::SqlVariant, &mut out);
        encode::value(SqlType::SqlVariant, &value, &mut out).unwrap();
        let mut reader = Reader::new(&out);
        let info = TypeInfo::read(&mut reader).unwrap();
        prop_assert_eq!(decode::value(info, &mut reader).unwrap(), value);
        prop_assert!(reader.is_empty());
    }

    #[test]
    fn no_bytes_of_a_sql_variant_make_the_server_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut wire = vec![0x62, 0x49, 0x1F, 0, 0];
        wire.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        wire.extend(bytes);
        let mut reader = Reader::new(&wire);
        let info = TypeInfo::read(&mut reader).unwrap();
        let _ = decode::value(info, &mut reader);
    }
}

/// The base type in a sql_variant travels like a column's.
#[tokio::test]
async fn utf8_text_in_a_variant_travels_as_utf16_to_a_client_that_does_not_say_it_reads_utf8() {
    let fixture = engine().await;
    let mut client = RawClient::ready(&fixture).await;
    client
        .send(1, 1, &batch("CREATE TABLE dbo.T (A varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8); INSERT INTO dbo.T VALUES (N'東京')"))
        .await;
    client.message().await;
    let (_, rows) = queried(&mut client, "SELECT CAST(A AS sql_variant) FROM dbo.T").await;
    let content = utf16("東京");
    // Base type nvarchar with seven bytes of properties: the collation and the most bytes.
    let head = [0xE7, 7, 0x09, 0x04, 0xD0, 0x24, 0x00, 40, 0];
    let length = u32::try_from(head.len() + content.len()).unwrap();
    assert_eq!(rows, [[&length.to_le_bytes()[..], &head, &content].concat()]);
}
