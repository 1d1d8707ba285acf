//! What the directory knows: applications and users.

use std::fmt;

use secrecy::SecretString;

/// The public client that Microsoft's developer tools sign in with; every tenant knows it.
const DEVELOPER_SIGN_ON: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// An application that is registered in the tenants, with what it may prove itself with.
#[derive(Clone)]
pub struct Application {
    /// The client id (application id), a GUID.
    pub client_id: String,
    /// The object id of its service principal, a GUID.
    pub object_id: String,
    /// Client secrets; any of them counts.
    pub secrets: Vec<SecretString>,
    /// Certificates, PEM, whose keys may sign client assertions. Only RSA of 2048 bits and more, as with Entra.
    pub certificates: Vec<String>,
    /// Federated credentials: whole assertions that count, as another issuer (Kubernetes, Azure Pipelines) would sign them.
    /// Entra compares issuer, subject and audience; here the text is compared, since nobody here has that issuer's keys.
    pub federated_assertions: Vec<SecretString>,
    /// Where a user who signed in may be sent back to. The port of a loopback address doesn't count.
    pub redirect_uris: Vec<String>,
}

impl fmt::Debug for Application {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Application")
            .field("client_id", &self.client_id)
            .field("object_id", &self.object_id)
            .field("secrets", &self.secrets.len())
            .field("certificates", &self.certificates.len())
            .field("federated_assertions", &self.federated_assertions.len())
            .field("redirect_uris", &self.redirect_uris)
            .finish()
    }
}

impl Application {
    /// An application without credentials, with a fresh object id and the redirects `http://localhost` and
    /// `http://127.0.0.1`: a public client until it is given a credential.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            object_id: uuid::Uuid::new_v4().to_string(),
            secrets: Vec::new(),
            certificates: Vec::new(),
            federated_assertions: Vec::new(),
            redirect_uris: vec!["http://localhost".to_owned(), "http://127.0.0.1".to_owned()],
        }
    }

    /// The public client of Microsoft's developer tools (the Azure CLI), known in every tenant.
    #[must_use]
    pub fn developer_sign_on() -> Self {
        Self::new(DEVELOPER_SIGN_ON)
    }

    /// This client secret counts too.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Assertions signed with this certificate's key count too.
    #[must_use]
    pub fn with_certificate(mut self, pem: impl Into<String>) -> Self {
        self.certificates.push(pem.into());
        self
    }

    /// This assertion of another issuer counts too.
    #[must_use]
    pub fn with_federated_assertion(mut self, assertion: impl Into<SecretString>) -> Self {
        self.federated_assertions.push(assertion.into());
        self
    }

    /// Whether it has nothing to prove itself with, as programs on people's desks have nothing.
    pub(super) fn is_public(&self) -> bool {
        self.secrets.is_empty() && self.certificates.is_empty() && self.federated_assertions.is_empty()
    }
}

/// A person in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityUser {
    /// The name to sign in with, such as `person@contoso.example`.
    pub principal_name: String,
    /// The object id, a GUID.
    pub object_id: String,
}

impl AuthorityUser {
    /// A user with a fresh object id.
    #[must_use]
    pub fn new(principal_name: impl Into<String>) -> Self {
        Self { principal_name: principal_name.into(), object_id: uuid::Uuid::new_v4().to_string() }
    }
}
