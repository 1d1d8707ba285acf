//! Why there is no token, with what to do. No variant holds a token, a secret or a reply.

use std::time::Duration;

/// The ways to a token, as sentences name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The sources of `ActiveDirectoryDefault`, none of which was found yet.
    Default,
    /// A service principal out of the environment's variables.
    Environment,
    /// A federated token from a file.
    WorkloadIdentity,
    /// A managed identity.
    ManagedIdentity,
    /// A service principal's secret.
    ClientSecret,
    /// A service principal's certificate.
    ClientCertificate,
    /// The Azure CLI.
    AzureCli,
    /// The Azure Developer CLI.
    AzureDeveloperCli,
    /// A service connection of Azure Pipelines.
    AzurePipelines,
    /// A file that another program writes.
    TokenFile,
    /// A person in a browser.
    Interactive,
    /// A person with a code.
    DeviceCode,
    /// A credential that the program's author gave.
    Custom,
}

impl Way {
    /// Its name in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "ActiveDirectoryDefault",
            Self::Environment => "environment variables",
            Self::WorkloadIdentity => "workload identity",
            Self::ManagedIdentity => "managed identity",
            Self::ClientSecret => "client secret",
            Self::ClientCertificate => "client certificate",
            Self::AzureCli => "Azure CLI",
            Self::AzureDeveloperCli => "Azure Developer CLI",
            Self::AzurePipelines => "Azure Pipelines",
            Self::TokenFile => "token file",
            Self::Interactive => "browser",
            Self::DeviceCode => "device code",
            Self::Custom => "credential",
        }
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// What this way needs isn't there: nobody was asked.
    #[error("{way}: {reason}")]
    Unavailable {
        /// Which way.
        way: Way,
        /// What is missing, and what to do.
        reason: String,
    },
    /// No answer in time.
    #[error("{way}: no token within {} s; {cure}", bound.as_secs())]
    Timeout {
        /// Which way.
        way: Way,
        /// How long was waited.
        bound: Duration,
        /// What to do.
        cure: &'static str,
    },
    /// Who was asked can't be reached.
    #[error("{way}: {what}; {cure}")]
    Unreachable {
        /// Which way.
        way: Way,
        /// What failed, such as `connection refused`.
        what: String,
        /// What to do.
        cure: &'static str,
    },
    /// Who was asked refused, or failed.
    #[error(
        "{way}: no token{}{}; {cure}",
        status.map(|status| format!(" (HTTP {status})")).unwrap_or_default(),
        code.map(|code| format!(" (AADSTS{code})")).unwrap_or_default()
    )]
    Refused {
        /// Which way.
        way: Way,
        /// The HTTP status, where there is one.
        status: Option<u16>,
        /// Entra's number of the error, where there is one.
        code: Option<u32>,
        /// How long to wait, where the reply says so.
        retry_after: Option<Duration>,
        /// What to do.
        cure: String,
    },
    /// The reply is no token: HTML, half an object, a token that ended already.
    #[error("{way}: {what}; {cure}")]
    Unreadable {
        /// Which way.
        way: Way,
        /// What is wrong with it; nothing of the reply itself.
        what: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// `ActiveDirectoryDefault`: no source has a token.
    #[error("no source of ActiveDirectoryDefault has a token. {}", sentences(.0))]
    NoSource(Vec<IdentityError>),
}

fn sentences(errors: &[IdentityError]) -> String {
    let numbered = (1..).zip(errors).map(|(number, error)| format!("{number}. {error}."));
    numbered.collect::<Vec<_>>().join(" ")
}

impl IdentityError {
    /// Whether another call may get a token without anybody mending something.
    #[must_use]
    pub fn goes_by(&self) -> bool {
        match self {
            Self::Unavailable { .. } => false,
            Self::Timeout { .. } | Self::Unreachable { .. } | Self::Unreadable { .. } => true,
            Self::Refused { status, .. } => status.is_some_and(|status| status == 429 || status >= 500),
            Self::NoSource(errors) => errors.iter().any(Self::goes_by),
        }
    }

    /// How long whoever was asked wants to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::NoSource(errors) => errors.iter().filter_map(Self::retry_after).max(),
            Self::Unavailable { .. }
            | Self::Timeout { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. } => None,
        }
    }
}
