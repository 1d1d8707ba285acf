//! Faults of a connection that nobody has logged in on: it is cut, says nothing, or fails at TLS.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::packet::{PacketType, put_packet, status};
use super::stream::{cut, linger, opens, swallow};
use crate::sql::faults::{ConnectionFault, CutBy, HandshakeFault, Release, Struck, Until};

/// A fatal alert `handshake_failure` as a TLS record (RFC 8446, sections 5.1 and 6; the version is the one that records of
/// every version before and after bear).
const HANDSHAKE_FAILURE: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];

/// What becomes of a connection that was just accepted.
pub(super) async fn of_connection(mut socket: TcpStream, struck: Struck<ConnectionFault>) {
    match struck.fault {
        ConnectionFault::Cut(by) => end(&mut socket, by).await,
        ConnectionFault::Silence => say_nothing(&mut socket, &struck.release).await,
    }
}

/// What becomes of a connection whose PRELOGIN was answered.
pub(super) async fn of_handshake(socket: &mut TcpStream, struck: Struck<HandshakeFault>) {
    // The client's first record, or part of it: what is not read would turn an orderly end into a reset.
    let mut hello = [0; 4096];
    let greeted = !matches!(struck.fault, HandshakeFault::Silence)
        && matches!(socket.read(&mut hello).await, Ok(count) if count > 0);
    match struck.fault {
        HandshakeFault::Cut(by) if greeted => end(socket, by).await,
        HandshakeFault::Alert if greeted => {
            let mut packet = Vec::new();
            put_packet(&mut packet, PacketType::PreLogin, status::END_OF_MESSAGE, 0, 1, &HANDSHAKE_FAILURE);
            // A client that has gone doesn't hear it.
            let _ = socket.write_all(&packet).await;
            linger(socket).await;
        }
        // The client has left.
        HandshakeFault::Cut(_) | HandshakeFault::Alert => {}
        HandshakeFault::Silence => say_nothing(socket, &struck.release).await,
    }
}

async fn end(socket: &mut TcpStream, by: CutBy) {
    match by {
        CutBy::Reset => cut(socket, by).await,
        // The client may be about to send.
        CutBy::Fin => linger(socket).await,
    }
}

/// Takes what comes and answers nothing.
async fn say_nothing(socket: &mut TcpStream, release: &Release) {
    let gate = release.gate(Until::Released);
    tokio::select! {
        () = opens(&gate) => cut(socket, CutBy::Reset).await,
        () = swallow(socket) => {}
    }
}
