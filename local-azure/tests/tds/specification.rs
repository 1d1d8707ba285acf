//! The byte examples of MS-TDS, section 4.

use local_azure::sql::reply::SqlError;
use local_azure::sql::tds::login::{Login7, TDS_7_4};
use local_azure::sql::tds::packet::{Incoming, PacketType, read_incoming};
use local_azure::sql::tds::prelogin::{EncryptionOption, PreLogin};
use local_azure::sql::tds::token::{
    DoneKind, EnvironmentChange, done, put_done, put_environment_change, put_info, put_row,
};
use local_azure::sql::tds::type_info::COLLATION;
use local_azure::sql::types::{Length, SqlType, Value};

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

async fn message(packet: &str) -> (PacketType, Vec<u8>) {
    let packet = bytes(packet);
    match read_incoming(&mut packet.as_slice(), 4096).await {
        Ok(Incoming::Message(message)) => (message.packet_type, message.payload),
        _ => panic!("no message"),
    }
}

#[tokio::test]
async fn section_4_1_pre_login_request() {
    let (packet_type, payload) = message(
        "12 01 00 2F 00 00 01 00 00 00 1A 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 00
         01 FF 09 00 00 00 00 00 01 00 B8 0D 00 00 01",
    )
    .await;
    assert_eq!(packet_type, PacketType::PreLogin);
    let prelogin = PreLogin::parse(&payload).unwrap();
    assert_eq!(
        prelogin,
        PreLogin {
            version: [9, 0, 0, 0, 0, 0],
            encryption: EncryptionOption::On,
            instance: String::new(),
            mars: true,
            federated_authentication: None,
        }
    );
}

#[tokio::test]
async fn section_4_16_login_with_a_feature_that_is_not_known() {
    let (packet_type, payload) = message(
        "10 01 01 0D 00 00 01 00 05 01 00 00 04 00 00 74 00 10 00 00 00 00 00 07 00 01 00 00 00 00 00 00
         E0 03 00 10 00 00 00 00 09 04 00 00 5E 00 00 00 5E 00 02 00 62 00 08 00 72 00 07 00 80 00 00 00
         80 00 04 00 84 00 04 00 8C 00 00 00 8C 00 06 00 00 50 8B E2 B7 8F 98 00 00 00 98 00 00 00 98 00
         00 00 00 00 00 00 73 00 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 4F 00 53 00 51 00
         4C 00 2D 00 33 00 32 00 98 00 00 00 4F 00 44 00 42 00 43 00 74 00 65 00 6D 00 70 00 64 00 62 00
         01 67 00 00 00 56 00 00 00 06 6D 00 61 00 73 00 74 00 65 00 72 00 05 09 04 D0 00 34 0A 75 00 73
         00 5F 00 65 00 6E 00 67 00 6C 00 69 00 73 00 68 00 00 09 00 60 81 14 FF E7 FF FF 00 02 02 07 01
         04 01 00 05 04 FF FF FF FF 06 01 00 07 01 02 08 08 00 00 00 00 00 00 00 00 09 04 FF FF FF FF 09
         00 00 00 00 00 00 09 04 28 23 00 00 FF",
    )
    .await;
    assert_eq!(packet_type, PacketType::Login7);
    let login = Login7::parse(&payload).unwrap();
    assert_eq!(login.tds_version, TDS_7_4);
    assert_eq!(login.packet_size, 4096);
    assert_eq!(login.user, "sa");
    assert_eq!(login.application, "OSQL-32");
    assert_eq!(login.database, "tempdb");
    assert!(login.federated.is_none());
}

#[test]
fn section_4_15_a_row_with_a_null_is_an_nbcrow_and_the_last_done_has_the_count() {
    let types = [SqlType::Int, SqlType::NVarChar(Length::Max)];
    let mut out = Vec::new();
    put_row(&mut out, &types, &[Value::Integer(4), Value::Null]).unwrap();
    put_done(&mut out, DoneKind::Done, done::COUNT, 0xC1, 10);
    assert_eq!(out, bytes("D2 02 04 04 00 00 00 FD 10 00 C1 00 0A 00 00 00 00 00 00 00"));
}

#[test]
fn section_4_17_environment_changes_of_a_login() {
    let mut out = Vec::new();
    put_environment_change(&mut out, &EnvironmentChange::Database { new: "master", old: "master" });
    put_environment_change(&mut out, &EnvironmentChange::Collation(COLLATION));
    put_environment_change(&mut out, &EnvironmentChange::Language("us_english"));
    put_environment_change(&mut out, &EnvironmentChange::PacketSize { new: 4096, old: 4096 });
    assert_eq!(
        out,
        bytes(
            "E3 1B 00 01 06 6D 00 61 00 73 00 74 00 65 00 72 00 06 6D 00 61 00 73 00 74 00 65 00 72 00
             E3 08 00 07 05 09 04 D0 00 34 00
             E3 17 00 02 0A 75 00 73 00 5F 00 65 00 6E 00 67 00 6C 00 69 00 73 00 68 00 00
             E3 13 00 04 04 34 00 30 00 39 00 36 00 04 34 00 30 00 39 00 36 00"
        )
    );
}

#[test]
fn section_4_17_the_message_5701_but_for_the_servers_name() {
    let mut message =
        SqlError::new(5701, "Changed database context to 'master'.").with_class(0).with_state(2);
    message.line = 0;
    let mut out = Vec::new();
    put_info(&mut out, &message);
    let expected = bytes(
        "45 16 00 00 02 00 25 00 43 00 68 00 61 00 6E 00 67 00 65 00 64 00 20 00 64 00 61 00 74 00 61 00
         62 00 61 00 73 00 65 00 20 00 63 00 6F 00 6E 00 74 00 65 00 78 00 74 00 20 00 74 00 6F 00 20 00
         27 00 6D 00 61 00 73 00 74 00 65 00 72 00 27 00 2E 00",
    );
    assert_eq!(out.first(), Some(&0xAB));
    assert_eq!(out.get(3..).unwrap().get(..expected.len()).unwrap(), expected);
    assert!(out.ends_with(&[0, 0, 0, 0, 0]));
}
