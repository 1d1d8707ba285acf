//! `ActiveDirectoryDefault`: one source after the other, until one has a token.
//!
//! The order is that of `DefaultAzureCredential` in Azure's SDKs: environment, workload identity, managed identity, Azure CLI,
//! Azure Developer CLI (.NET, JavaScript and Python have Azure PowerShell among the last; this worker doesn't run it). As
//! there, `AZURE_TOKEN_CREDENTIALS` narrows it: `prod` is the first three, `dev` the others, and a credential's name is that
//! one alone. As there, a deployed source that is set up and fails ends the search, since another identity would be a
//! surprise, and a developer's tool that fails doesn't. Other than there, a machine's metadata service is asked only where
//! the managed identity is named, so that nobody waits for it at a desk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{IdentityError, Token, TokenFetcher, Way};

/// What a caller waits at most where several sources hang.
const BOUND: Duration = Duration::from_secs(30);

/// A source of the chain.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) way: Way,
    pub(super) fetcher: Arc<dyn TokenFetcher>,
    /// Whether the environment has all that it needs. One that is set up and fails ends the search, be it that its file can't
    /// be read or that it is refused.
    pub(super) is_set_up: bool,
}

impl Source {
    fn is_deployed(&self) -> bool {
        matches!(self.way, Way::Environment | Way::WorkloadIdentity | Way::ManagedIdentity)
    }
}

/// What `AZURE_TOKEN_CREDENTIALS` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    All,
    Deployed,
    Development,
    Only(Way),
}

impl Selection {
    /// The names have no regard to case, as in Azure's SDKs.
    ///
    /// # Errors
    /// Why it can't be honoured.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, &'static str> {
        let Some(text) = text else { return Ok(Self::All) };
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "" => Self::All,
            "prod" => Self::Deployed,
            "dev" => Self::Development,
            "environmentcredential" => Self::Only(Way::Environment),
            "workloadidentitycredential" => Self::Only(Way::WorkloadIdentity),
            "managedidentitycredential" => Self::Only(Way::ManagedIdentity),
            "azureclicredential" => Self::Only(Way::AzureCli),
            "azuredeveloperclicredential" => Self::Only(Way::AzureDeveloperCli),
            "azurepowershellcredential"
            | "visualstudiocredential"
            | "visualstudiocodecredential"
            | "brokercredential"
            | "interactivebrowsercredential" => {
                return Err(
                    "AZURE_TOKEN_CREDENTIALS names a credential that this worker doesn't have: use AzureCliCredential, \
                            or Authentication=ActiveDirectoryInteractive",
                );
            }
            _ => {
                return Err("AZURE_TOKEN_CREDENTIALS must be dev, prod or one of EnvironmentCredential, \
                            WorkloadIdentityCredential, ManagedIdentityCredential, AzureCliCredential, \
                            AzureDeveloperCliCredential");
            }
        })
    }

    fn has(self, source: &Source) -> bool {
        match self {
            Self::All => true,
            Self::Deployed => source.is_deployed(),
            Self::Development => !source.is_deployed(),
            Self::Only(way) => source.way == way,
        }
    }
}

/// See the module. The source that gave a token is the only one asked from then on: an identity that changes midway would
/// be a riddle. What it answers later, error or token, is the answer.
#[derive(Debug)]
pub(super) struct Chain {
    sources: Result<Vec<Source>, &'static str>,
    found: Mutex<Option<Source>>,
}

impl Chain {
    pub(super) fn new(sources: Vec<Source>, selection: Result<Selection, &'static str>) -> Self {
        let sources = selection
            .map(|selection| sources.into_iter().filter(|source| selection.has(source)).collect::<Vec<_>>());
        Self { sources, found: Mutex::new(None) }
    }

    fn found(&self) -> Option<Source> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        if let Some(source) = self.found() {
            return source.fetcher.fetch(scope).await;
        }
        let sources = self.sources.as_ref().map_err(|reason| IdentityError::Unavailable {
            way: Way::Default,
            reason: (*reason).to_owned(),
        })?;
        let mut errors = Vec::new();
        for source in sources {
            match source.fetcher.fetch(scope).await {
                Ok(token) => {
                    tracing::info!(source = %source.way, "ActiveDirectoryDefault has found its source");
                    *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(source.clone());
                    return Ok(token);
                }
                Err(error) => {
                    tracing::debug!(source = %source.way, %error, "a source of ActiveDirectoryDefault has no token");
                    errors.push(error);
                    if source.is_set_up {
                        break;
                    }
                }
            }
        }
        Err(IdentityError::NoSource(errors))
    }
}

impl TokenFetcher for Chain {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        let bounded = async move {
            let in_time = tokio::time::timeout(BOUND, self.ask(scope)).await;
            in_time.unwrap_or_else(|_| {
                let way = self.found().map_or(Way::Default, |source| source.way);
                Err(IdentityError::Timeout {
                    way,
                    bound: BOUND,
                    cure: "name one source with AZURE_TOKEN_CREDENTIALS",
                })
            })
        };
        bounded.boxed()
    }

    fn bound(&self) -> Duration {
        BOUND
    }

    fn way(&self) -> Way {
        self.found().map_or(Way::Default, |source| source.way)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::VecDeque;

    use secrecy::SecretString;

    use super::*;

    /// Answers what it was given, in turn, and counts.
    #[derive(Debug)]
    struct Scripted {
        way: Way,
        answers: Mutex<VecDeque<Answer>>,
    }

    #[derive(Clone, Copy, Debug)]
    enum Answer {
        Token,
        Unavailable,
        Refused,
    }

    impl TokenFetcher for Scripted {
        fn fetch<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
            let way = self.way;
            let answer = self.answers.lock().unwrap().pop_front().unwrap();
            let result = match answer {
                Answer::Token => Ok(Token { secret: SecretString::from(way.name()), expires_at: i64::MAX }),
                Answer::Unavailable => Err(IdentityError::Unavailable { way, reason: "not here".to_owned() }),
                Answer::Refused => Err(IdentityError::Refused {
                    way,
                    status: Some(400),
                    code: None,
                    retry_after: None,
                    cure: "mend it".to_owned(),
                }),
            };
            std::future::ready(result).boxed()
        }

        fn bound(&self) -> Duration {
            BOUND
        }
    }

    fn chain(answers: &[(Way, &[Answer])], selection: &str) -> Chain {
        let sources = answers
            .iter()
            .map(|(way, answers)| Source {
                way: *way,
                fetcher: Arc::new(Scripted {
                    way: *way,
                    answers: Mutex::new(answers.iter().copied().collect()),
                }),
                is_set_up: *way == Way::WorkloadIdentity,
            })
            .collect();
        Chain::new(sources, Selection::parse(Some(selection)))
    }

    #[tokio::test]
    async fn what_is_not_there_is_passed_over_and_what_worked_is_asked_alone() {
        let chain = chain(
            &[
                (Way::Environment, &[Answer::Unavailable]),
                (Way::AzureCli, &[Answer::Token, Answer::Refused, Answer::Token]),
                (Way::AzureDeveloperCli, &[]),
            ],
            "",
        );
        chain.fetch("s").await.unwrap();
        assert!(matches!(chain.fetch("s").await, Err(IdentityError::Refused { way: Way::AzureCli, .. })));
        chain.fetch("s").await.unwrap();
    }

    #[tokio::test]
    async fn a_deployed_source_that_is_set_up_and_fails_ends_the_search() {
        for answer in [Answer::Refused, Answer::Unavailable] {
            let chain = chain(&[(Way::WorkloadIdentity, &[answer]), (Way::AzureCli, &[])], "");
            let Err(IdentityError::NoSource(errors)) = chain.fetch("s").await else { unreachable!() };
            assert_eq!(errors.len(), 1);
        }
    }

    #[tokio::test]
    async fn a_tool_that_fails_does_not_and_all_reasons_are_told_in_turn() {
        let chain = chain(
            &[(Way::AzureCli, &[Answer::Refused]), (Way::AzureDeveloperCli, &[Answer::Unavailable])],
            "",
        );
        let error = chain.fetch("s").await.unwrap_err().to_string();
        assert!(
            error.contains("1. Azure CLI: no token (HTTP 400); mend it. 2. Azure Developer CLI: not here."),
            "{error}"
        );
    }

    #[tokio::test]
    async fn azure_token_credentials_leaves_out_what_it_does_not_name() {
        let all = |cli: &'static [Answer], environment: &'static [Answer], selection| {
            chain(&[(Way::Environment, environment), (Way::AzureCli, cli)], selection)
        };
        all(&[Answer::Token], &[], "dev").fetch("s").await.unwrap();
        all(&[], &[Answer::Token], "prod").fetch("s").await.unwrap();
        all(&[Answer::Token], &[], "azurecliCREDENTIAL").fetch("s").await.unwrap();
        let error = all(&[], &[], "AzurePowerShellCredential").fetch("s").await.unwrap_err();
        assert!(error.to_string().contains("AZURE_TOKEN_CREDENTIALS names"), "{error}");
        let error = all(&[], &[], "CANARY").fetch("s").await.unwrap_err().to_string();
        assert!(error.contains("must be dev, prod") && !error.contains("CANARY"), "{error}");
    }
}
