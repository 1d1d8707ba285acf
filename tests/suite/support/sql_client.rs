//! A client of the SQL endpoint beside the worker, to look at what the worker did.

use tiberius::{AuthMethod, Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// The SQL login of every desk, for this client and for tests of logins with a password.
pub(crate) const USER: &str = "observer";
/// How this client calls itself, so that its logins are told from the worker's.
pub(crate) const APPLICATION: &str = "observer";

/// See the module.
pub(crate) struct SqlClient(Client<Compat<TcpStream>>);

impl SqlClient {
    pub(crate) async fn connect(port: u16, password: &str) -> Self {
        let mut config = Config::new();
        config.host("localhost");
        config.port(port);
        config.database("sample");
        config.application_name(APPLICATION);
        config.authentication(AuthMethod::sql_server(USER, password));
        config.trust_cert();
        let stream = TcpStream::connect(("localhost", port)).await.unwrap();
        Self(Client::connect(config, stream.compat_write()).await.unwrap())
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&mut self, query: &str) -> i32 {
        let row = self.0.simple_query(query).await.unwrap().into_row().await.unwrap().unwrap();
        row.get(0).unwrap()
    }

    /// Runs a batch that gives nothing.
    pub(crate) async fn run(&mut self, batch: &str) {
        self.0.simple_query(batch).await.unwrap().into_results().await.unwrap();
    }

    /// Whether the server runs this.
    pub(crate) async fn runs(&mut self, statement: &str) -> bool {
        match self.0.simple_query(statement).await {
            Ok(reply) => reply.into_results().await.is_ok(),
            Err(_) => false,
        }
    }

    /// The one binary value that a query gives.
    pub(crate) async fn bytes(&mut self, query: &str) -> Vec<u8> {
        let row = self.0.simple_query(query).await.unwrap().into_row().await.unwrap().unwrap();
        row.get::<&[u8], _>(0).unwrap().to_vec()
    }

    /// The rows of a query whose columns are all whole numbers.
    pub(crate) async fn numbers(&mut self, query: &str) -> Vec<Vec<i32>> {
        let rows = self.0.simple_query(query).await.unwrap().into_first_result().await.unwrap();
        rows.iter().map(|row| (0..row.len()).map(|column| row.get(column).unwrap()).collect()).collect()
    }
}
