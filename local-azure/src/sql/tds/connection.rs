//! One connection, from PRELOGIN to its end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::admission::{Ends, Refusal, admit, effective_database};
use super::authentication::{Credential, token_fingerprint};
use super::disturbance;
use super::handshake::HandshakeStream;
use super::interrupt::Interrupt;
use super::login::{FederatedAuthentication, Login7, TDS_7_3_B, TDS_7_4};
use super::outgoing::{self, Outgoing, Suffering};
use super::packet::{
    DEFAULT_PACKET_SIZE, Incoming, MAX_LOGIN_MESSAGE, MAX_MESSAGE, Message, PacketType, Packets, ReadError,
    read_incoming,
};
use super::prelogin::{PreLogin, Transport};
use super::stream::{Stream, cut, linger, shut_down, wait_at};
use super::token::{self, DoneKind, EnvironmentChange, done};
use super::type_info::COLLATION;
use super::worker::{SessionThread, Work, protocol_error};
use crate::sql::faults::{CutBy, LoginFault, ReplyRecord, Struck};
use crate::sql::logins::{LoginOutcome, LoginRecord};
use crate::sql::reply::SqlError;
use crate::sql::server::{Shared, stopped};

/// From the first byte to LOGINACK.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a cancel is repeated while what it is to end goes on.
const CANCEL_AGAIN: Duration = Duration::from_millis(20);
/// The packet size a client gets that asks for none.
const LARGEST_PACKET_SIZE: u32 = 32_767;
const SMALLEST_PACKET_SIZE: u32 = 512;

/// Serves one connection to its end.
pub(crate) async fn serve(socket: TcpStream, shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let counted = Counted::new(Arc::clone(&shared));
    let interrupt = Arc::new(Interrupt::new());
    let mut stopping = stop.clone();
    let outcome = tokio::select! {
        outcome = establish(socket, &shared, &interrupt) => outcome,
        () = stopped(&mut stopping) => return,
    };
    match outcome {
        Ok(Some((stream, session))) => {
            serve_requests(stream, session, &interrupt, stop, counted).await;
        }
        Ok(None) => {}
        Err(error) => {
            interrupt.leave();
            tracing::debug!(%error, "a connection ended before its login");
        }
    }
}

/// PRELOGIN, TLS and LOGIN7. None when the client was turned away, with its answer.
async fn establish(
    socket: TcpStream,
    shared: &Arc<Shared>,
    interrupt: &Arc<Interrupt>,
) -> io::Result<Option<(Box<dyn Stream>, SessionThread)>> {
    if let Some(struck) = shared.faults.strike_connection() {
        disturbance::of_connection(socket, struck).await;
        return Ok(None);
    }
    socket.set_nodelay(true)?;
    let ends = Ends { client: socket.peer_addr().ok(), server: socket.local_addr().ok() };
    let Some((mut stream, message)) = in_time(greet(socket, shared)).await? else {
        return Ok(None);
    };
    let spid = shared.next_spid();
    let login = match Login7::parse(&message) {
        Ok(login) if login.tds_version >= TDS_7_3_B => login,
        Ok(_) => {
            let error = SqlError::new(
                18057,
                "The local SQL endpoint speaks TDS 7.3 and 7.4: use a client library of 2012 or later.",
            );
            return turn_away(stream, spid, &[error.with_class(20)]).await;
        }
        Err(malformed) => {
            return turn_away(stream, spid, &[protocol_error(&malformed.to_string())]).await;
        }
    };
    let record = login_record(&login, spid);
    let mut suffering = Suffering::default();
    if let Some(Struck { fault, release }) = shared.faults.strike_login(&login.application) {
        match fault {
            LoginFault::Fail(error) => {
                shared.tried.record(record, LoginOutcome::Refused(error.number));
                return turn_away(stream, spid, &[error]).await;
            }
            LoginFault::Cut(by) => {
                shared.tried.record(record, LoginOutcome::Cut);
                cut(stream.socket(), by).await;
                return Ok(None);
            }
            LoginFault::Stall(until) => {
                // A login that hangs is not late: that is up to whoever made it hang.
                if !wait_at(&release.gate(until), stream.socket()).await {
                    shared.tried.record(record, LoginOutcome::Cut);
                    return Ok(None);
                }
            }
            LoginFault::Reply(fault) => suffering = Suffering::new(fault, &release),
            // It strikes when the login would succeed.
            LoginFault::Redirect { .. } => {}
        }
    }
    let outcome = in_time(log_in(&mut stream, &login, record, shared, interrupt, ends)).await?;
    match outcome {
        LoggedIn::Session(session, reply) => {
            let whole = |bytes| {
                shared.faults.record_reply(ReplyRecord {
                    spid,
                    application: login.application.clone(),
                    request: None,
                    text: String::new(),
                    bytes,
                });
            };
            if let Some(by) = send_login_reply(&mut stream, spid, &reply, suffering, whole).await? {
                cut(stream.socket(), by).await;
                interrupt.leave();
                return Ok(None);
            }
            Ok(Some((stream, session)))
        }
        LoggedIn::Refused(errors) => turn_away(stream, spid, &errors).await,
        LoggedIn::Redirected(reply) => {
            send(&mut stream, spid, &reply).await?;
            linger(&mut stream).await;
            Ok(None)
        }
    }
}

/// What is done within the time that a login has.
async fn in_time<T>(part: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(LOGIN_TIMEOUT, part).await.unwrap_or_else(|late| Err(late.into()))
}

/// Everything up to LOGIN7. None when it comes to none.
async fn greet(socket: TcpStream, shared: &Shared) -> io::Result<Option<(Box<dyn Stream>, Vec<u8>)>> {
    let mut stream = HandshakeStream::new(socket);
    let prelogin = expect(&mut stream, PacketType::PreLogin).await?;
    let prelogin = PreLogin::parse(&prelogin).map_err(invalid)?;
    let (encryption, transport) = shared.encryption.negotiate(prelogin.encryption);
    send(&mut stream, 0, &prelogin.answer(encryption)).await?;
    let acceptor = match (transport, &shared.acceptor) {
        (Transport::Impossible, _) => {
            linger(&mut stream).await;
            return Ok(None);
        }
        (Transport::Clear, _) | (_, None) => None,
        (Transport::Encrypted | Transport::EncryptedLogin, Some(acceptor)) => Some(acceptor),
    };
    let Some(acceptor) = acceptor else {
        let message = expect(&mut stream, PacketType::Login7).await?;
        return Ok(Some((Box::new(stream), message)));
    };
    if let Some(struck) = shared.faults.strike_handshake() {
        disturbance::of_handshake(stream.socket(), struck).await;
        return Ok(None);
    }
    let mut encrypted = stream.accept(acceptor).await?;
    let message = expect(&mut encrypted, PacketType::Login7).await?;
    if transport == Transport::EncryptedLogin {
        // From here on the client writes and reads the bare socket; TLS ends without a word.
        let (stream, _) = encrypted.into_inner();
        return Ok(Some((Box::new(stream), message)));
    }
    Ok(Some((Box::new(encrypted), message)))
}

fn login_record(login: &Login7, spid: u16) -> LoginRecord {
    LoginRecord {
        spid,
        login: login.user.clone(),
        credential: match login.federated {
            Some(_) => Credential::Token,
            None => Credential::Password,
        },
        token: match &login.federated {
            Some(FederatedAuthentication::SecurityToken(token)) => Some(token_fingerprint(token)),
            Some(FederatedAuthentication::Challenge) | None => None,
        },
        application: login.application.clone(),
        host: login.host.clone(),
        database: login.database.clone(),
        read_only_intent: login.read_only_intent,
        refused: None,
    }
}

/// How a login ended, and what is to be said.
enum LoggedIn {
    Session(SessionThread, Vec<u8>),
    Refused(Vec<SqlError>),
    Redirected(Vec<u8>),
}

async fn log_in(
    stream: &mut Box<dyn Stream>,
    login: &Login7,
    mut record: LoginRecord,
    shared: &Arc<Shared>,
    interrupt: &Arc<Interrupt>,
    ends: Ends,
) -> io::Result<LoggedIn> {
    let spid = record.spid;
    let outcome = admit(stream, login, spid, shared, interrupt, ends, &mut record).await?;
    let packet_size = packet_size(login.packet_size);
    Ok(match outcome {
        Ok((session, database)) => {
            shared.tried.record(record, LoginOutcome::Succeeded);
            LoggedIn::Session(session, login_reply(login, &database, packet_size, None))
        }
        Err(Refusal::Errors(errors)) => {
            let number = errors.first().map_or(0, |error| error.number);
            shared.tried.record(record, LoginOutcome::Refused(number));
            LoggedIn::Refused(errors)
        }
        Err(Refusal::Redirect { host, port }) => {
            shared.tried.record(record, LoginOutcome::Redirected);
            let database = effective_database(login);
            LoggedIn::Redirected(login_reply(login, database, packet_size, Some((&host, port))))
        }
    })
}

pub(super) fn packet_size(wanted: u32) -> u16 {
    let size = match wanted {
        0 => u32::from(DEFAULT_PACKET_SIZE),
        wanted => wanted.clamp(SMALLEST_PACKET_SIZE, LARGEST_PACKET_SIZE),
    };
    u16::try_from(size).unwrap_or(DEFAULT_PACKET_SIZE)
}

/// The answer to a login that succeeds (MS-TDS 3.3.5.3); with `routing`, one that sends the client elsewhere.
fn login_reply(login: &Login7, database: &str, packet_size: u16, routing: Option<(&str, u16)>) -> Vec<u8> {
    const LANGUAGE: &str = "us_english";
    let mut out = Vec::new();
    let change = |out: &mut Vec<u8>, change| token::put_environment_change(out, &change);
    let note = |number, state, text: String| SqlError::new(number, text).with_class(0).with_state(state);
    change(&mut out, EnvironmentChange::Database { new: database, old: "master" });
    token::put_info(&mut out, &note(5701, 2, format!("Changed database context to '{database}'.")));
    change(&mut out, EnvironmentChange::Collation(COLLATION));
    change(&mut out, EnvironmentChange::Language(LANGUAGE));
    token::put_info(&mut out, &note(5703, 1, format!("Changed language setting to {LANGUAGE}.")));
    token::put_login_ack(&mut out, login.tds_version.min(TDS_7_4));
    change(&mut out, EnvironmentChange::PacketSize { new: packet_size, old: DEFAULT_PACKET_SIZE });
    if let Some((host, port)) = routing {
        change(&mut out, EnvironmentChange::Routing { host, port });
    }
    token::put_feature_ext_ack(&mut out, login.federated.is_some(), login.utf8_support);
    token::put_done(&mut out, DoneKind::Done, 0, 0, 0);
    out
}

/// Sends the errors that end a login, then ends the connection.
async fn turn_away<T>(mut stream: Box<dyn Stream>, spid: u16, errors: &[SqlError]) -> io::Result<Option<T>> {
    let mut reply = Vec::new();
    for error in errors {
        token::put_error(&mut reply, error);
    }
    token::put_done(&mut reply, DoneKind::Done, done::ERROR, 0, 0);
    send(&mut stream, spid, &reply).await?;
    linger(&mut stream).await;
    Ok(None)
}

/// The next message, which must be of this type.
pub(super) async fn expect<S: AsyncRead + Unpin>(stream: &mut S, wanted: PacketType) -> io::Result<Vec<u8>> {
    match read_incoming(stream, MAX_LOGIN_MESSAGE).await {
        Ok(Incoming::Message(Message { packet_type, payload, .. })) if packet_type == wanted => Ok(payload),
        Ok(_) => Err(invalid(format!("expected a message of type {wanted:?}"))),
        Err(ReadError::Ended(error)) => Err(error),
        Err(error) => Err(invalid(error)),
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Sends one message. Before the login is done packets have 4,096 bytes.
pub(super) async fn send<S: AsyncWrite + Unpin + ?Sized>(
    stream: &mut S,
    spid: u16,
    message: &[u8],
) -> io::Result<()> {
    stream.write_all(&in_packets(spid, message)).await?;
    stream.flush().await
}

fn in_packets(spid: u16, message: &[u8]) -> Vec<u8> {
    let mut packets = Packets::new(DEFAULT_PACKET_SIZE, spid);
    let mut out = Vec::new();
    packets.write(message, &mut out);
    packets.end(&mut out);
    out
}

/// Sends the answer to a login that succeeded, and says how the connection is to end, if it is; otherwise how long it was.
async fn send_login_reply(
    stream: &mut Box<dyn Stream>,
    spid: u16,
    message: &[u8],
    mut suffering: Suffering,
    whole: impl Fn(u64),
) -> io::Result<Option<CutBy>> {
    let pieces = suffering.put(in_packets(spid, message), true);
    if !pieces.iter().any(|piece| matches!(piece, Outgoing::Cut(_))) {
        whole(suffering.bytes());
    }
    for piece in pieces {
        if let Some(by) = outgoing::write(stream, piece).await? {
            return Ok(Some(by));
        }
    }
    Ok(None)
}

/// Ends the session's work when the connection's task is dropped, for whatever reason.
struct EndOnDrop<'a>(&'a Interrupt);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Why a connection ends.
enum Ending {
    /// The session has said its last.
    AllSaid,
    /// The client has gone, or the server stops.
    Left,
    /// A fault.
    Cut(CutBy),
}

/// Reads requests and writes replies at the same time, until one of them ends.
async fn serve_requests(
    stream: Box<dyn Stream>,
    session: SessionThread,
    interrupt: &Arc<Interrupt>,
    mut stop: watch::Receiver<bool>,
    counted: Counted,
) {
    let _end = EndOnDrop(interrupt);
    let SessionThread { work, packets, thread } = session;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let ending = tokio::select! {
        ending = write_replies(&mut writer, packets) => ending,
        () = read_requests(&mut reader, &work, interrupt) => Ending::Left,
        () = repeat_cancel(interrupt) => Ending::Left,
        () = stopped(&mut stop) => Ending::Left,
    };
    drop(work);
    interrupt.leave();
    match ending {
        Ending::AllSaid => linger(&mut reader.unsplit(writer)).await,
        Ending::Left => shut_down(&mut writer).await,
        Ending::Cut(by) => cut(reader.unsplit(writer).socket(), by).await,
    }
    if interrupt.is_orphan() {
        // What goes on is a session without a connection.
        drop(counted);
    }
    // The thread has its own copy of nothing that lives here, but a server that says it has stopped must have no sessions left.
    while !thread.is_finished() {
        if *stop.borrow() || stop.has_changed().is_err() {
            interrupt.end();
        }
        interrupt.press();
        sleep(CANCEL_AGAIN).await;
    }
}

/// Writes until the session's thread has ended, the client has gone or a fault strikes.
async fn write_replies<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut pieces: mpsc::Receiver<Outgoing>,
) -> Ending {
    let mut next = pieces.recv().await;
    while let Some(mut piece) = next.take() {
        // What is there already goes out in one write.
        if let Outgoing::Bytes(bytes) = &mut piece {
            while let Ok(more) = pieces.try_recv() {
                match more {
                    Outgoing::Bytes(more) => bytes.extend_from_slice(&more),
                    other => {
                        next = Some(other);
                        break;
                    }
                }
            }
        }
        match outgoing::write(writer, piece).await {
            Ok(None) => {}
            Ok(Some(by)) => return Ending::Cut(by),
            Err(_) => return Ending::Left,
        }
        if next.is_none() {
            next = pieces.recv().await;
        }
    }
    Ending::AllSaid
}

/// Reads until the client has gone. After an error that ends the connection it waits for the writer to have said so.
async fn read_requests<R: AsyncRead + Unpin>(
    reader: &mut R,
    work: &mpsc::Sender<Work>,
    interrupt: &Interrupt,
) {
    loop {
        let (next, last) = match read_incoming(reader, MAX_MESSAGE).await {
            Ok(Incoming::Message(message)) => (Work::Request(message), false),
            Ok(Incoming::Attention) => {
                interrupt.attention();
                (Work::Attention, false)
            }
            Ok(Incoming::Ignored) => (Work::Ignored, false),
            Err(ReadError::Ended(_)) => return,
            Err(ReadError::Malformed(what)) => (Work::Refuse(protocol_error(what)), true),
            Err(error @ ReadError::TooLong { .. }) => {
                let error = SqlError::new(701, format!("The local SQL endpoint is out of room: {error}."));
                (Work::Refuse(error.with_class(20)), true)
            }
        };
        if work.send(next).await.is_err() || last {
            // The thread ends, then the writer: that branch ends the connection.
            std::future::pending::<()>().await;
        }
    }
}

/// Cancels again and again while an attention signal waits for its answer; never ends.
async fn repeat_cancel(interrupt: &Interrupt) {
    loop {
        sleep(CANCEL_AGAIN).await;
        if interrupt.is_raised() {
            interrupt.press();
        }
    }
}

/// Counts a connection as long as it lives.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: Arc<Shared>) -> Self {
        shared.open_connections.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open_connections.fetch_sub(1, Ordering::SeqCst);
    }
}
