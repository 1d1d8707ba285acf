//! Packets (MS-TDS 2.2.3): whole messages are put together from them, and replies are split into them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a packet's header.
pub const HEADER: usize = 8;
/// The packet size before one is negotiated.
pub const DEFAULT_PACKET_SIZE: u16 = 4096;
/// The longest request that is taken, 64 MiB: a bound on what one client can make the endpoint hold.
pub const MAX_MESSAGE: usize = 64 * 1024 * 1024;
/// The longest message before a login is accepted, 1 MiB; tokens are a few KB.
pub const MAX_LOGIN_MESSAGE: usize = 1024 * 1024;

/// What a message is (MS-TDS 2.2.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// A SQL batch.
    SqlBatch,
    /// A remote procedure call.
    Rpc,
    /// What the server sends.
    TabularResult,
    /// The client wants the running request to end.
    Attention,
    /// Rows of a bulk load.
    BulkLoad,
    /// A token, after the server asked for one with FEDAUTHINFO.
    FederatedToken,
    /// A request to the transaction manager.
    TransactionManager,
    /// LOGIN7
    Login7,
    /// An answer of Windows authentication.
    Sspi,
    /// PRELOGIN, and the TLS handshake.
    PreLogin,
}

impl PacketType {
    /// The type with this number.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x01 => Self::SqlBatch,
            0x03 => Self::Rpc,
            0x04 => Self::TabularResult,
            0x06 => Self::Attention,
            0x07 => Self::BulkLoad,
            0x08 => Self::FederatedToken,
            0x0E => Self::TransactionManager,
            0x10 => Self::Login7,
            0x11 => Self::Sspi,
            0x12 => Self::PreLogin,
            _ => return None,
        })
    }

    /// Its number.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::SqlBatch => 0x01,
            Self::Rpc => 0x03,
            Self::TabularResult => 0x04,
            Self::Attention => 0x06,
            Self::BulkLoad => 0x07,
            Self::FederatedToken => 0x08,
            Self::TransactionManager => 0x0E,
            Self::Login7 => 0x10,
            Self::Sspi => 0x11,
            Self::PreLogin => 0x12,
        }
    }
}

/// Bits of a packet's status (MS-TDS 2.2.3.1.2).
pub mod status {
    /// The message ends with this packet.
    pub const END_OF_MESSAGE: u8 = 0x01;
    /// The client takes the message back.
    pub const IGNORE: u8 = 0x02;
    /// Reset the session before the request.
    pub const RESET_CONNECTION: u8 = 0x08;
    /// Reset the session before the request, but keep its transaction.
    pub const RESET_CONNECTION_KEEP_TRANSACTION: u8 = 0x10;
}

/// What a request with a reset bit wants done first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Whether an open transaction stays open.
    pub keep_transaction: bool,
}

/// A whole message.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub packet_type: PacketType,
    /// What its first packet's status asks to be reset.
    pub reset: Option<Reset>,
    /// Its bytes, without headers.
    pub payload: Vec<u8>,
}

/// What the client sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// An attention signal; a message that had only begun is gone.
    Attention,
    /// A message that the client took back with the ignore bit.
    Ignored,
}

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The client has closed the connection, or it broke.
    #[error("the connection ended")]
    Ended(#[source] io::Error),
    /// The bytes are not packets.
    #[error("the TDS stream is incorrect: {0}")]
    Malformed(&'static str),
    /// The message is longer than is taken.
    #[error("a request may have at most {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Ended(error)
    }
}

/// Reads until a message, an attention signal or an error is there.
///
/// # Errors
/// When the connection ends, the bytes are not packets, or the message is longer than `limit`.
pub async fn read_incoming<R>(source: &mut R, limit: usize) -> Result<Incoming, ReadError>
where
    R: AsyncRead + Unpin,
{
    let mut first: Option<(PacketType, Option<Reset>)> = None;
    let mut payload = Vec::new();
    loop {
        let mut header = [0u8; HEADER];
        source.read_exact(&mut header).await?;
        let [kind, packet_status, high, low, ..] = header;
        let packet_type = PacketType::from_byte(kind).ok_or(ReadError::Malformed("unknown packet type"))?;
        let length = usize::from(u16::from_be_bytes([high, low]))
            .checked_sub(HEADER)
            .ok_or(ReadError::Malformed("a packet is shorter than its header"))?;
        if packet_type == PacketType::Attention {
            // Only the header counts. It may come in the middle of a message, which is then given up.
            let mut nothing = vec![0u8; length];
            source.read_exact(&mut nothing).await?;
            return Ok(Incoming::Attention);
        }
        let (message_type, reset) = *first.get_or_insert_with(|| {
            let keep = packet_status & status::RESET_CONNECTION_KEEP_TRANSACTION != 0;
            let reset = keep || packet_status & status::RESET_CONNECTION != 0;
            (packet_type, reset.then_some(Reset { keep_transaction: keep }))
        });
        if message_type != packet_type {
            return Err(ReadError::Malformed("a message changes its type"));
        }
        let start = payload.len();
        let end = start.saturating_add(length);
        if end > limit {
            return Err(ReadError::TooLong { limit });
        }
        payload.resize(end, 0);
        if let Some(part) = payload.get_mut(start..) {
            source.read_exact(part).await?;
        }
        if packet_status & status::END_OF_MESSAGE != 0 {
            if packet_status & status::IGNORE != 0 {
                return Ok(Incoming::Ignored);
            }
            return Ok(Incoming::Message(Message { packet_type, reset, payload }));
        }
    }
}

/// Splits one message after the other into packets that are numbered from 1.
#[derive(Debug)]
pub struct Packets {
    size: usize,
    spid: u16,
    number: u8,
    pending: Vec<u8>,
}

impl Packets {
    /// For packets of at most `size` bytes, header and all, sent in the name of session `spid`.
    #[must_use]
    pub fn new(size: u16, spid: u16) -> Self {
        Self { size: usize::from(size).max(512), spid, number: 1, pending: Vec::new() }
    }

    /// Takes more bytes of a message and appends the packets that are now full to `out`.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pending.extend_from_slice(bytes);
        let room = self.size.saturating_sub(HEADER);
        let mut rest = self.pending.as_slice();
        let mut number = self.number;
        // A full packet waits until more comes: the last one carries the end-of-message bit.
        while rest.len() > room {
            let Some((body, tail)) = rest.split_at_checked(room) else {
                break;
            };
            put_packet(out, PacketType::TabularResult, 0, self.spid, number, body);
            number = number.wrapping_add(1);
            rest = tail;
        }
        let sent = self.pending.len().saturating_sub(rest.len());
        self.pending.drain(..sent);
        self.number = number;
    }

    /// Ends the message after what was written so far, with an empty packet.
    pub fn cut(&mut self, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            put_packet(out, PacketType::TabularResult, 0, self.spid, self.number, &self.pending);
            self.number = self.number.wrapping_add(1);
            self.pending.clear();
        }
        self.end(out);
    }

    /// Ends the message: its last packet is appended to `out`.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        put_packet(
            out,
            PacketType::TabularResult,
            status::END_OF_MESSAGE,
            self.spid,
            self.number,
            &self.pending,
        );
        self.pending.clear();
        self.number = 1;
    }
}

/// Appends one packet. `body` must fit: at most 65,527 bytes; what is longer is cut.
pub fn put_packet(
    out: &mut Vec<u8>,
    packet_type: PacketType,
    packet_status: u8,
    spid: u16,
    number: u8,
    body: &[u8],
) {
    let length = u16::try_from(body.len().saturating_add(HEADER)).unwrap_or(u16::MAX);
    out.extend_from_slice(&[packet_type.byte(), packet_status]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&spid.to_be_bytes());
    out.extend_from_slice(&[number, 0]);
    out.extend(body.iter().take(usize::from(length).saturating_sub(HEADER)));
}
