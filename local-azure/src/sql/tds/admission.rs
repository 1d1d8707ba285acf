//! Whether a client gets in: what it shows, the database, and the session's thread.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::authentication::{TOKEN_PRINCIPAL, check_password, check_token, login_failed, token_fingerprint};
use super::connection::{expect, packet_size, send};
use super::interrupt::Interrupt;
use super::login::{FederatedAuthentication, Login7, federated_token};
use super::packet::PacketType;
use super::stream::Stream;
use super::token;
use super::worker::{self, SessionThread, Setup, protocol_error};
use crate::sql::engine::{Login, LoginIdentity};
use crate::sql::faults::unknown_database;
use crate::sql::logins::LoginRecord;
use crate::sql::reply::SqlError;
use crate::sql::server::Shared;

/// Where a connection comes from and where it goes to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    pub(super) client: Option<SocketAddr>,
    pub(super) server: Option<SocketAddr>,
}

/// Why a client does not get a session.
pub(super) enum Refusal {
    /// In the order in which they are sent.
    Errors(Vec<SqlError>),
    Redirect {
        host: String,
        port: u16,
    },
}

impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        Self::Errors(vec![error])
    }
}

/// Checks who it is and opens the session; gives it with the database's name.
pub(super) async fn admit(
    stream: &mut Box<dyn Stream>,
    login: &Login7,
    spid: u16,
    shared: &Arc<Shared>,
    interrupt: &Arc<Interrupt>,
    ends: Ends,
    record: &mut LoginRecord,
) -> io::Result<Result<(SessionThread, String), Refusal>> {
    let who: Result<Who, SqlError> = match &login.federated {
        None => check_password(&shared.logins, login).map(Who::Password),
        Some(FederatedAuthentication::SecurityToken(token)) => {
            check_token(shared.token_check.as_ref(), token).map(Who::Token)
        }
        Some(FederatedAuthentication::Challenge) => {
            let mut challenge = Vec::new();
            token::put_fed_auth_info(&mut challenge, &shared.sts_url, &shared.token_resource);
            send(stream, spid, &challenge).await?;
            let answer = expect(stream, PacketType::FederatedToken).await?;
            match federated_token(&answer) {
                Ok(token) => {
                    record.token = Some(token_fingerprint(&token));
                    check_token(shared.token_check.as_ref(), &token).map(Who::Token)
                }
                Err(malformed) => Err(protocol_error(&malformed.to_string())),
            }
        }
    };
    let (name, token) = match who {
        Ok(Who::Password(name)) => (name, None),
        Ok(Who::Token(identity)) => (identity.name.clone(), Some(identity)),
        Err(error) => return Ok(Err(error.into())),
    };
    record.login.clone_from(&name);
    if let Some((host, port)) = shared.faults.strike_redirect(&login.application) {
        return Ok(Err(Refusal::Redirect { host, port }));
    }
    let database = effective_database(login).to_owned();
    if !shared.has_database(&database) {
        let user = if token.is_some() { TOKEN_PRINCIPAL } else { &name };
        return Ok(Err(Refusal::Errors(vec![unknown_database(&database), login_failed(user)])));
    }
    let administrator = match (&token, &shared.admins) {
        (Some(identity), Some(admins)) => identity.is_in(admins),
        _ => true,
    };
    let setup = Setup {
        open: Arc::clone(&shared.open),
        login: Login {
            name,
            database: database.clone(),
            application: login.application.clone(),
            host: login.host.clone(),
            token,
            administrator,
            session_id: spid,
            client: ends.client,
            server: ends.server,
        },
        packet_size: packet_size(login.packet_size),
        spid,
        interrupt: Arc::clone(interrupt),
        token_life: shared.faults.begin_session(record.token.clone()),
        faults: shared.faults.clone(),
        utf8_support: login.utf8_support,
    };
    Ok(worker::start(setup).await.map(|session| (session, database)).map_err(Refusal::from))
}

/// Who showed the right thing.
enum Who {
    Password(String),
    Token(LoginIdentity),
}

pub(super) fn effective_database(login: &Login7) -> &str {
    if login.database.is_empty() { "master" } else { &login.database }
}
