//! PRELOGIN (MS-TDS 2.2.6.5): what both sides say before TLS, and the packets that carry it.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The type of PRELOGIN packets, and of those that carry the TLS handshake (MS-TDS 2.2.3.1.1).
const PRELOGIN: u8 = 0x12;
/// The type of a server's reply.
const REPLY: u8 = 0x04;
/// The header of every packet.
const HEADER: usize = 8;
/// The last packet of a message.
const END_OF_MESSAGE: u8 = 0x01;
/// Packets before the login are this long at the most (MS-TDS 2.2.3.1).
const PACKET: usize = 4096;
/// No message before the login is longer: a chain of certificates has a few KiB.
const LONGEST_MESSAGE: usize = 256 * 1024;

/// Options of PRELOGIN that we send or read.
const OPTION_VERSION: u8 = 0x00;
const OPTION_ENCRYPTION: u8 = 0x01;
const OPTION_END: u8 = 0xFF;

/// What a server says about TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// TLS, from here to the end.
    Encrypted,
    /// It has none.
    NotSupported,
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerPrelogin {
    pub(crate) encryption: Encryption,
    /// Such as `12.0.2000`.
    pub(crate) version: Option<String>,
}

/// Asks for encryption, as the driver does, and reads the answer.
///
/// # Errors
/// `InvalidData` when the answer is no PRELOGIN: something else listens there. Else what the socket says.
pub(crate) async fn exchange(stream: &mut TcpStream) -> io::Result<ServerPrelogin> {
    // Five bytes an option and one for the end, then the data: six bytes of version, one of encryption.
    let message = [
        OPTION_VERSION,
        0,
        11,
        0,
        6, //
        OPTION_ENCRYPTION,
        0,
        17,
        0,
        1,          //
        OPTION_END, //
        0,
        0,
        0,
        0,
        0,
        0, //
        1,
    ];
    write_message(stream, &message).await?;
    read_answer(&read_message(stream).await?).ok_or_else(not_tds)
}

fn read_answer(message: &[u8]) -> Option<ServerPrelogin> {
    let mut encryption = None;
    let mut version = None;
    let mut table = message;
    loop {
        let (name, rest) = table.split_first()?;
        if *name == OPTION_END {
            break;
        }
        let [high, low, length_high, length_low] = *rest.first_chunk::<4>()?;
        let offset = usize::from(u16::from_be_bytes([high, low]));
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let data = message.get(offset..offset.checked_add(length)?)?;
        match *name {
            OPTION_ENCRYPTION => {
                // 0 is "for the login alone", which a server answers only to a client that wants no more.
                encryption = Some(match data.first()? {
                    1 | 3 => Encryption::Encrypted,
                    _ => Encryption::NotSupported,
                });
            }
            OPTION_VERSION => {
                if let Some([major, minor, high, low]) = data.first_chunk::<4>() {
                    version = Some(format!("{major}.{minor}.{}", u16::from_be_bytes([*high, *low])));
                }
            }
            _ => {}
        }
        table = rest.get(4..)?;
    }
    Some(ServerPrelogin { encryption: encryption?, version })
}

fn not_tds() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Sends a message in packets.
pub(crate) async fn write_message(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut bodies = message.chunks(PACKET.saturating_sub(HEADER)).peekable();
    let mut number = 1u8;
    while let Some(body) = bodies.next() {
        let status = if bodies.peek().is_none() { END_OF_MESSAGE } else { 0 };
        let length = u16::try_from(body.len().saturating_add(HEADER)).unwrap_or(u16::MAX);
        let [high, low] = length.to_be_bytes();
        bytes.extend_from_slice(&[PRELOGIN, status, high, low, 0, 0, number, 0]);
        bytes.extend_from_slice(body);
        number = number.wrapping_add(1);
    }
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// Reads the packets of one message, before the login.
pub(crate) async fn read_message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let (is_last, mut body) = read_packet(stream).await?;
        message.append(&mut body);
        if is_last {
            return Ok(message);
        }
        if message.len() > LONGEST_MESSAGE {
            return Err(not_tds());
        }
    }
}

async fn read_packet(stream: &mut TcpStream) -> io::Result<(bool, Vec<u8>)> {
    let mut header = [0u8; HEADER];
    stream.read_exact(&mut header).await?;
    let [kind, status, high, low, ..] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let Some(length) = length.checked_sub(HEADER).filter(|_| matches!(kind, PRELOGIN | REPLY)) else {
        return Err(not_tds());
    };
    let mut body = vec![0u8; length];
    stream.read_exact(&mut body).await?;
    Ok((status & END_OF_MESSAGE != 0, body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_has_the_servers_version_and_its_word_on_encryption() {
        let answer = |encryption| [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 12, 0, 7, 208, 0, 8, encryption];
        let read = |encryption| read_answer(&answer(encryption));
        let version = || Some("12.0.2000".to_owned());
        let encrypted = ServerPrelogin { encryption: Encryption::Encrypted, version: version() };
        assert_eq!(read(1), Some(encrypted.clone()));
        assert_eq!(read(3), Some(encrypted));
        assert_eq!(
            read(2),
            Some(ServerPrelogin { encryption: Encryption::NotSupported, version: version() })
        );
    }

    #[test]
    fn an_option_outside_of_the_message_is_no_answer() {
        assert_eq!(read_answer(&[1, 0, 60, 0, 1, 255]), None);
        assert_eq!(read_answer(b"HTTP/1.1 400 Bad Request"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            read_answer(&bytes);
        }
    }
}
