//! A client that sends bytes as it likes and reads replies with the decoder of tds-protocol.

use std::time::Duration;

use tds_protocol::token::{EnvChangeValue, Token, TokenParser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Fixture, options};
use local_azure::sql::{Encryption, SqlLogin, SqlOptions};

/// A bare connection.
pub(crate) struct RawClient {
    socket: TcpStream,
}

/// A server without TLS that knows the login of [`login7`].
pub(crate) async fn clear_fixture() -> Fixture {
    Fixture::start(SqlOptions {
        encryption: Encryption::Off,
        logins: vec![SqlLogin::new("sa", "secret")],
        database_names: Vec::new(),
        ..options()
    })
    .await
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A LOGIN7 message with user `sa`, its password, and features.
pub(crate) fn login7(features: &[u8]) -> Vec<u8> {
    let mut fixed = Vec::new();
    fixed.extend(0x7400_0004u32.to_le_bytes());
    fixed.extend(4096u32.to_le_bytes());
    fixed.extend([0; 12]);
    fixed.extend([0xE0, 0x03, 0, 0x10]);
    fixed.extend([0; 8]);
    let password: Vec<u8> = utf16("secret").iter().map(|byte| byte.rotate_right(4) ^ 0xA5).collect();
    let mut data = Vec::new();
    let mut field = |fixed: &mut Vec<u8>, bytes: &[u8], unit: usize| {
        fixed.extend(u16::try_from(94 + data.len()).unwrap().to_le_bytes());
        fixed.extend(u16::try_from(bytes.len() / unit).unwrap().to_le_bytes());
        data.extend_from_slice(bytes);
    };
    field(&mut fixed, &utf16("desk"), 2);
    field(&mut fixed, &utf16("sa"), 2);
    field(&mut fixed, &password, 2);
    field(&mut fixed, &utf16("raw client"), 2);
    field(&mut fixed, &[], 2);
    // Host, user, password, application, then the extension's four bytes: where the features begin.
    let features_at = 94 + 8 + 4 + 12 + 20 + 4;
    field(&mut fixed, &u32::try_from(features_at).unwrap().to_le_bytes(), 1);
    for _ in 0..3 {
        field(&mut fixed, &[], 2);
    }
    fixed.extend([0; 6]);
    fixed.resize(90, 0);
    data.extend_from_slice(features);
    data.push(0xFF);
    let mut message = u32::try_from(94 + data.len()).unwrap().to_le_bytes().to_vec();
    message.extend(fixed);
    message.extend(data);
    message
}

/// Headers of a request outside a transaction (MS-TDS 2.2.5.3).
pub(crate) fn with_headers(rest: &[u8]) -> Vec<u8> {
    let mut message = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
    message.extend([0; 8]);
    message.extend([1, 0, 0, 0]);
    message.extend_from_slice(rest);
    message
}

pub(crate) fn batch(text: &str) -> Vec<u8> {
    with_headers(&utf16(text))
}

impl RawClient {
    pub(crate) async fn open(fixture: &Fixture) -> Self {
        let socket = TcpStream::connect(fixture.server.address()).await.unwrap();
        let mut client = Self { socket };
        let prelogin = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 12, 0, 0, 0, 0, 0, 2];
        client.send(0x12, 1, &prelogin).await;
        client.message().await;
        client
    }

    /// Logged in.
    pub(crate) async fn ready(fixture: &Fixture) -> Self {
        let mut client = Self::open(fixture).await;
        client.send(0x10, 1, &login7(&[])).await;
        let reply = client.reply().await;
        assert!(reply.contains(&"login ack 7.4".to_owned()), "{reply:?}");
        client
    }

    /// Sends one packet.
    pub(crate) async fn send(&mut self, packet_type: u8, status: u8, body: &[u8]) {
        let length = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
        let mut packet = vec![packet_type, status];
        packet.extend(length);
        packet.extend([0, 0, 1, 0]);
        packet.extend_from_slice(body);
        self.socket.write_all(&packet).await.unwrap();
    }

    /// One message; its packets must be numbered from 1.
    pub(crate) async fn message(&mut self) -> Vec<u8> {
        timeout(Duration::from_secs(20), self.read_message()).await.unwrap()
    }

    async fn read_message(&mut self) -> Vec<u8> {
        let mut payload = Vec::new();
        for number in 1u64.. {
            let mut header = [0u8; 8];
            self.socket.read_exact(&mut header).await.unwrap();
            let [packet_type, status, high, low, _, _, packet, _] = header;
            assert_eq!(packet_type, 0x04);
            assert_eq!(u64::from(packet), number % 256);
            let length = usize::from(u16::from_be_bytes([high, low])) - 8;
            let start = payload.len();
            payload.resize(start + length, 0);
            self.socket.read_exact(payload.get_mut(start..).unwrap()).await.unwrap();
            if status & 1 != 0 {
                break;
            }
        }
        payload
    }

    /// One message, as a line for each token.
    pub(crate) async fn reply(&mut self) -> Vec<String> {
        lines(self.message().await)
    }

    /// Every byte that comes until the connection ends, and whether it ends in order.
    pub(crate) async fn until_the_end(&mut self) -> (Vec<u8>, std::io::Result<()>) {
        let mut bytes = Vec::new();
        let read = timeout(Duration::from_secs(20), self.socket.read_to_end(&mut bytes)).await.unwrap();
        (bytes, read.map(|_| ()))
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        timeout(Duration::from_secs(20), self.socket.read_exact(&mut bytes)).await.unwrap().unwrap();
        bytes
    }

    /// Whether there is nothing to read now.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.socket.try_read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Whether the server closes the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut byte = [0u8; 1];
        let read = timeout(Duration::from_secs(10), self.socket.read(&mut byte)).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }
}

fn lines(payload: Vec<u8>) -> Vec<String> {
    let mut parser = TokenParser::new(payload.into());
    let mut columns = None;
    let mut lines = Vec::new();
    while let Some(token) = parser.next_token_with_metadata(columns.as_ref()).unwrap() {
        lines.push(match &token {
            Token::ColMetaData(metadata) => format!("{} columns", metadata.column_count()),
            Token::Row(_) => "row".to_owned(),
            Token::NbcRow(_) => "nbcrow".to_owned(),
            Token::Done(done) => format!("done {:#x} {}", done.status.to_bits(), done.row_count),
            Token::DoneProc(done) => format!("doneproc {:#x}", done.status.to_bits()),
            Token::DoneInProc(done) => {
                format!("doneinproc {:#x} {}", done.status.to_bits(), done.row_count)
            }
            Token::ReturnStatus(status) => format!("status {status}"),
            Token::ReturnValue(value) => {
                format!("value {} {}", value.param_ordinal, value.param_name)
            }
            Token::Error(error) => format!("error {} {}", error.number, error.class),
            Token::Info(info) => format!("info {}", info.number),
            Token::LoginAck(ack) => {
                // The decoder keeps the four bytes as they come: 74 00 00 04, as in MS-TDS 4.17.
                assert_eq!(ack.tds_version.to_le_bytes(), [0x74, 0, 0, 4]);
                "login ack 7.4".to_owned()
            }
            Token::EnvChange(change) => match &change.new_value {
                EnvChangeValue::String(text) => format!("{:?} {text}", change.env_type),
                _ => format!("{:?}", change.env_type),
            },
            Token::FeatureExtAck(ack) => {
                let ids: Vec<u8> = ack.features.iter().map(|feature| feature.feature_id).collect();
                format!("features {ids:?}")
            }
            Token::FedAuthInfo(info) => format!("token from {} for {}", info.sts_url, info.spn),
            other => format!("{other:?}"),
        });
        if let Token::ColMetaData(metadata) = token {
            columns = Some(metadata);
        }
    }
    lines
}
