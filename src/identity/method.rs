//! How to sign in: what `Authentication` in a connection string says.

use std::path::PathBuf;

use secrecy::SecretString;

/// A way to sign in to Entra. What a variant leaves out comes from the [`super::IdentityEnvironment`].
#[derive(Clone, Debug)]
pub enum Method {
    /// `ActiveDirectoryDefault`: one source after the other, until one has a token.
    Default {
        /// The client id of a user-assigned identity, for the managed identity among the sources.
        client_id: Option<String>,
    },
    /// `ActiveDirectoryMSI`, `ActiveDirectoryManagedIdentity`.
    ManagedIdentity {
        /// The client id of a user-assigned identity; None leaves the choice to `AZURE_CLIENT_ID`, and without it to the
        /// system-assigned identity.
        client_id: Option<String>,
    },
    /// `ActiveDirectoryServicePrincipal` with a secret.
    ClientSecret {
        /// The application's client id; None is `AZURE_CLIENT_ID`.
        client_id: Option<String>,
        /// The directory; None is `AZURE_TENANT_ID`.
        tenant_id: Option<String>,
        /// None is `AZURE_CLIENT_SECRET`.
        secret: Option<SecretString>,
    },
    /// `ActiveDirectoryServicePrincipal` with a certificate.
    ClientCertificate {
        /// The application's client id; None is `AZURE_CLIENT_ID`.
        client_id: Option<String>,
        /// The directory; None is `AZURE_TENANT_ID`.
        tenant_id: Option<String>,
        /// None is `AZURE_CLIENT_CERTIFICATE_PATH`.
        certificate: Option<ClientCertificate>,
    },
    /// `ActiveDirectoryEnvironment`: a service principal out of `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
    /// `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH`.
    Environment,
    /// `ActiveDirectoryWorkloadIdentity`: a federated token from a file, as on Kubernetes.
    WorkloadIdentity {
        /// The application's client id; None is `AZURE_CLIENT_ID`.
        client_id: Option<String>,
    },
    /// `ActiveDirectoryAzCli`: the login of `az login`.
    AzureCli,
    /// `ActiveDirectoryAzureDeveloperCli`: the login of `azd auth login`.
    AzureDeveloperCli,
    /// `ActiveDirectoryAzurePipelines`: a service connection of Azure Pipelines.
    AzurePipelines,
    /// `AZSQL_ACCESS_TOKEN_FILE`: a token that another program writes into a file, again before it ends.
    TokenFile(PathBuf),
    /// `ActiveDirectoryInteractive`: a person signs in with the system's browser.
    Interactive {
        /// The account that the page proposes.
        login_hint: Option<String>,
    },
    /// `ActiveDirectoryDeviceCodeFlow`: a person signs in elsewhere with a code.
    DeviceCode,
}

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// A PEM file with the certificate, and with the key unless `key` names another.
    pub certificate: PathBuf,
    /// A PEM file with the key.
    pub key: Option<PathBuf>,
}
