//! A session with canned replies, a server in front of it, and a client.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use local_azure::sql::engine::{Argument, Isolation, Login};
use local_azure::sql::reply::{ReplySink, SqlError, StatementKind, TransactionChange};
use local_azure::sql::server::{SqlServer, start_with};
use local_azure::sql::tds::session::{Cancel, OpenSession, Session};
use local_azure::sql::types::{Column, Length, SqlType, Value};
use local_azure::sql::{SqlLogin, SqlOptions};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

pub(crate) type SqlClient = Client<Compat<TcpStream>>;

pub(crate) const USER: &str = "tester";
pub(crate) const PASSWORD: &str = "Pässw0rd!";
pub(crate) const TOKEN: &str = "a-good-token";

/// What the sessions of a server were asked to do.
pub(crate) type Journal = Arc<Mutex<Vec<String>>>;

struct CannedSession {
    login: Login,
    journal: Journal,
    cancelled: Arc<(Mutex<bool>, Condvar)>,
    transaction: u64,
}

pub(crate) fn column(name: &str, sql_type: SqlType) -> Column {
    Column { name: name.to_owned(), sql_type, nullable: true, identity: false, table: Vec::new() }
}

impl CannedSession {
    fn note(&self, what: impl Into<String>) {
        self.journal.lock().unwrap().push(what.into());
    }

    fn text(&self, text: &str, reply: &mut dyn ReplySink) {
        let columns = [column("n", SqlType::Int), column("text", SqlType::NVarChar(Length::Max))];
        match text.split_once(' ').unwrap_or((text, "")) {
            ("who", _) => {
                let name = self.login.name.clone();
                let _ = reply.columns(&[column("name", SqlType::NVarChar(Length::Limit(128)))]);
                let _ = reply.row(&[Value::Text(name)]);
                reply.done(StatementKind::Select, Some(1));
            }
            ("rows", count) => {
                let count: i64 = count.parse().unwrap();
                let _ = reply.columns(&columns);
                for n in 0..count {
                    if reply.row(&[Value::Integer(n), Value::Text("x".repeat(100))]).is_err() {
                        self.note("stopped");
                        return;
                    }
                }
                reply.done(StatementKind::Select, Some(count.unsigned_abs()));
            }
            ("length", rest) => {
                let _ = reply.columns(&columns);
                let length = i64::try_from(rest.len()).unwrap();
                let _ = reply.row(&[Value::Integer(length), Value::Text(rest.to_owned())]);
                reply.done(StatementKind::Select, Some(1));
            }
            ("wait", _) => {
                self.note("waiting");
                let (flag, changed) = &*self.cancelled;
                let mut cancelled = flag.lock().unwrap();
                *cancelled = false;
                while !*cancelled {
                    cancelled = changed.wait(cancelled).unwrap();
                }
                drop(cancelled);
                self.note("cancelled");
            }
            ("fail", number) => {
                reply.error(&SqlError::new(number.parse().unwrap(), "as asked").at_line(3));
                reply.done(StatementKind::Other, None);
            }
            ("fatal", _) => reply.error(&SqlError::new(596, "the end").with_class(21)),
            ("misfit", _) => {
                let _ = reply.columns(&[column("n", SqlType::TinyInt)]);
                let _ = reply.row(&[Value::Integer(256)]);
            }
            ("two", _) => {
                let _ = reply.columns(&[column("a", SqlType::Int)]);
                let _ = reply.row(&[Value::Integer(1)]);
                reply.done(StatementKind::Select, Some(1));
                reply.done(StatementKind::Update, Some(7));
                let _ = reply.columns(&[column("b", SqlType::Int)]);
                let _ = reply.row(&[Value::Integer(2)]);
                let _ = reply.row(&[Value::Integer(3)]);
                reply.done(StatementKind::Select, Some(2));
            }
            ("nothing", _) => {}
            _ => reply.error(&SqlError::new(102, format!("Incorrect syntax near '{text}'."))),
        }
    }
}

impl Session for CannedSession {
    fn cancel(&self) -> Cancel {
        let cancelled = Arc::clone(&self.cancelled);
        Box::new(move || {
            *cancelled.0.lock().unwrap() = true;
            cancelled.1.notify_all();
        })
    }

    fn batch(&mut self, text: &str, reply: &mut dyn ReplySink) {
        self.text(text, reply);
    }

    /// Gives its arguments back as one row, and as OUTPUT values where the caller wants that.
    fn execute_sql(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) {
        if text != "echo" {
            return self.text(text, reply);
        }
        self.note(format!("declared {declarations}"));
        let columns: Vec<Column> =
            arguments.iter().map(|argument| column(&argument.name, argument.sql_type)).collect();
        let values: Vec<Value> = arguments.iter().map(|argument| argument.value.clone()).collect();
        let _ = reply.columns(&columns);
        let _ = reply.row(&values);
        reply.done(StatementKind::Select, Some(1));
        for argument in arguments.iter().filter(|argument| argument.output) {
            reply.output(&argument.name, argument.sql_type, &argument.value);
        }
    }

    fn call(&mut self, procedure: &str, arguments: &[Argument], reply: &mut dyn ReplySink) {
        self.note(format!("call {procedure} with {}", arguments.len()));
        reply.return_status(42);
    }

    fn begin(&mut self, isolation: Isolation, reply: &mut dyn ReplySink) {
        self.transaction += 1;
        self.note(format!("begin {isolation:?}"));
        reply.transaction(TransactionChange::Began(self.transaction));
    }

    fn commit(&mut self, reply: &mut dyn ReplySink) {
        self.note("commit");
        reply.transaction(TransactionChange::Committed(self.transaction));
    }

    fn rollback(&mut self, savepoint: Option<&str>, reply: &mut dyn ReplySink) {
        self.note(format!("rollback {savepoint:?}"));
        if savepoint.is_none() {
            reply.transaction(TransactionChange::RolledBack(self.transaction));
        }
    }

    fn save(&mut self, savepoint: &str, _reply: &mut dyn ReplySink) {
        self.note(format!("save {savepoint}"));
    }

    fn reset(&mut self, keep_transaction: bool) {
        self.note(format!("reset {keep_transaction}"));
    }
}

impl Drop for CannedSession {
    fn drop(&mut self) {
        self.note("closed");
    }
}

/// A server with one SQL login and one good token.
pub(crate) struct Fixture {
    pub(crate) server: SqlServer,
    pub(crate) journal: Journal,
}

pub(crate) fn options() -> SqlOptions {
    SqlOptions {
        logins: vec![SqlLogin::new(USER, PASSWORD)],
        token_check: Some(Arc::new(|token: &str| {
            if token.starts_with(TOKEN) { Ok("client@tenant".into()) } else { Err("unknown".to_owned()) }
        })),
        database_names: vec!["shop".to_owned()],
        ..SqlOptions::default()
    }
}

impl Fixture {
    pub(crate) async fn start(options: SqlOptions) -> Self {
        let journal = Journal::default();
        let notes = Arc::clone(&journal);
        let open: OpenSession = Arc::new(move |login| {
            Ok(Box::new(CannedSession {
                login,
                journal: Arc::clone(&notes),
                cancelled: Arc::default(),
                transaction: 0,
            }))
        });
        Self { server: start_with(options, open).await.unwrap(), journal }
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = self.config_without_trust();
        if let Some(pem) = self.server.ca_pem() {
            config.trust_cert_ca_bundle(pem.as_bytes());
        }
        config
    }

    pub(crate) fn config_without_trust(&self) -> Config {
        let mut config = Config::new();
        config.host("localhost");
        config.port(self.server.address().port());
        config.database("shop");
        config.authentication(AuthMethod::sql_server(USER, PASSWORD));
        if self.server.ca_pem().is_none() {
            config.encryption(EncryptionLevel::NotSupported);
        }
        config
    }

    pub(crate) async fn connect(&self) -> SqlClient {
        connect(self.config(), self).await.unwrap()
    }

    pub(crate) fn journal(&self) -> Vec<String> {
        self.journal.lock().unwrap().clone()
    }

    /// Waits until the journal has this line.
    pub(crate) async fn until_noted(&self, line: &str) {
        until(line, || self.journal().iter().any(|noted| noted == line)).await;
    }
}

pub(crate) async fn connect(config: Config, fixture: &Fixture) -> tiberius::Result<SqlClient> {
    let socket = TcpStream::connect(fixture.server.address()).await?;
    socket.set_nodelay(true)?;
    Client::connect(config, socket.compat_write()).await
}

/// Polls for up to ten seconds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < end, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The number of a server's error.
pub(crate) fn number<T>(result: tiberius::Result<T>) -> u32 {
    match result {
        Err(tiberius::error::Error::Server(error)) => error.code(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("no error"),
    }
}

/// Runs a batch that must fail with a server's error.
pub(crate) async fn failure(client: &mut SqlClient, batch: &str) -> tiberius::error::TokenError {
    let result = match client.simple_query(batch).await {
        Ok(stream) => stream.into_results().await.map(|_| ()),
        Err(error) => Err(error),
    };
    match result {
        Err(tiberius::error::Error::Server(error)) => error,
        other => panic!("no server error: {other:?}"),
    }
}
