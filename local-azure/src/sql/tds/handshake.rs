//! The TLS handshake of TDS 7: its records travel inside packets of type 0x12, and only during the handshake
//! (MS-TDS 3.3.5.1, state "TLS/SSL Negotiation").

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::packet::{DEFAULT_PACKET_SIZE, HEADER, PacketType, put_packet, status};

/// A socket that can wrap what goes over it into packets.
pub(crate) struct HandshakeStream {
    socket: TcpStream,
    wrapping: bool,
    header: [u8; HEADER],
    header_read: usize,
    /// Bytes of the current packet that are still to be read.
    body_left: usize,
    /// Written by TLS, not yet in a packet.
    unwrapped: Vec<u8>,
    /// In packets, not yet on the socket.
    wrapped: Vec<u8>,
}

impl HandshakeStream {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            wrapping: false,
            header: [0; HEADER],
            header_read: 0,
            body_left: 0,
            unwrapped: Vec::new(),
            wrapped: Vec::new(),
        }
    }

    /// The socket itself.
    pub(crate) fn bare(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Does the handshake, wrapped, and goes on unwrapped.
    pub(crate) async fn accept(mut self, acceptor: &TlsAcceptor) -> io::Result<TlsStream<Self>> {
        self.wrapping = true;
        let mut stream = acceptor.accept(self).await?;
        stream.get_mut().0.wrapping = false;
        Ok(stream)
    }

    fn wrap(&mut self) {
        let room = usize::from(DEFAULT_PACKET_SIZE).saturating_sub(HEADER);
        let unwrapped = std::mem::take(&mut self.unwrapped);
        let mut packets = unwrapped.chunks(room).peekable();
        let mut number = 1u8;
        while let Some(body) = packets.next() {
            let end = if packets.peek().is_none() { status::END_OF_MESSAGE } else { 0 };
            put_packet(&mut self.wrapped, PacketType::PreLogin, end, 0, number, body);
            number = number.wrapping_add(1);
        }
    }

    fn poll_wrapped(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.wrapped.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(context, &self.wrapped))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.wrapped.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Gives what was read in search of a header first, then what the socket has.
    fn poll_read_bare(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.header_read == 0 {
            return Pin::new(&mut self.socket).poll_read(context, buffer);
        }
        let count = self.header_read.min(buffer.remaining());
        if let Some((given, _)) = self.header.split_at_checked(count) {
            buffer.put_slice(given);
        }
        self.header.rotate_left(count);
        self.header_read = self.header_read.saturating_sub(count);
        Poll::Ready(Ok(()))
    }

    /// Reads the rest of a packet's header.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Header>> {
        while let Some(rest) = self.header.get_mut(self.header_read..).filter(|rest| !rest.is_empty()) {
            let mut buffer = ReadBuf::new(rest);
            ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer))?;
            let read = buffer.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(Header::EndOfStream));
            }
            self.header_read = self.header_read.saturating_add(read);
            // tokio-rustls reads on when the handshake is done, and a quick client has sent its login by then: a bare
            // TLS record of application data, whose first byte is no packet type.
            if self.header.first() == Some(&TLS_APPLICATION_DATA) {
                self.wrapping = false;
                return Poll::Ready(Ok(Header::BareRecord));
            }
        }
        let [kind, _, high, low, ..] = self.header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if PacketType::from_byte(kind) != Some(PacketType::PreLogin) || length <= HEADER {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a packet of the TLS handshake has the wrong type or length",
            )));
        }
        self.body_left = length.saturating_sub(HEADER);
        self.header_read = 0;
        Poll::Ready(Ok(Header::Packet))
    }
}

/// What came where a packet's header was expected.
enum Header {
    Packet,
    BareRecord,
    EndOfStream,
}

/// The content type of TLS records that hold data (RFC 8446, section 5.1).
const TLS_APPLICATION_DATA: u8 = 0x17;

impl AsyncRead for HandshakeStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.wrapping && this.body_left == 0 {
            match ready!(this.poll_header(context))? {
                Header::Packet | Header::BareRecord => {}
                Header::EndOfStream => return Poll::Ready(Ok(())),
            }
        }
        if !this.wrapping {
            return this.poll_read_bare(context, buffer);
        }
        // Not one byte beyond the packet: what follows the last one is no longer wrapped.
        let room = this.body_left.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(&mut this.socket).poll_read(context, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        this.body_left = this.body_left.saturating_sub(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HandshakeStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.wrapping {
            this.unwrapped.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(this.poll_wrapped(context))?;
        Pin::new(&mut this.socket).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.wrap();
        ready!(this.poll_wrapped(context))?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.wrap();
        ready!(this.poll_wrapped(context))?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}
