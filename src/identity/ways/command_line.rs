//! The logins of Azure's command-line tools: `az` and `azd`.

use std::ffi::OsStr;
use std::io;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, Executor,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::asking::accepted;
use super::entra::tenant;
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way, cures};

/// .NET's SDK gives `azd` 13 s where nothing else is said (`AzureDeveloperCliCredential`); `az` is a Python program that starts
/// in seconds.
const BOUND: Duration = Duration::from_secs(13);

/// Which tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Az,
    Azd,
}

impl Tool {
    fn way(self) -> Way {
        match self {
            Self::Az => Way::AzureCli,
            Self::Azd => Way::AzureDeveloperCli,
        }
    }

    fn not_installed(self) -> &'static str {
        match self {
            Self::Az => "`az` is not on PATH; install the Azure CLI and run `az login`",
            Self::Azd => "`azd` is not on PATH; install the Azure Developer CLI and run `azd auth login`",
        }
    }

    fn not_signed_in(self) -> &'static str {
        match self {
            Self::Az => "nobody is signed in; run `az login`",
            Self::Azd => "nobody is signed in; run `azd auth login`",
        }
    }

    fn failed(self) -> &'static str {
        match self {
            Self::Az => "see what `az account get-access-token --resource https://database.windows.net` says",
            Self::Azd => "see what `azd auth token` says",
        }
    }

    fn hangs(self) -> &'static str {
        match self {
            Self::Az => "see whether `az account get-access-token` ends when run by hand",
            Self::Azd => "see whether `azd auth token` ends when run by hand",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct CommandLine {
    tool: Tool,
    tenant_id: Option<String>,
}

impl CommandLine {
    pub(super) fn new(tool: Tool, environment: &IdentityEnvironment) -> Self {
        Self { tool, tenant_id: environment.tenant_id.clone() }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let way = self.tool.way();
        // The tool runs in a shell.
        let tenant_id = self.tenant_id.as_deref().map(|text| tenant(way, text)).transpose()?;
        let ran = Arc::new(Ran::default());
        let executor = Some(Arc::<Ran>::clone(&ran) as Arc<dyn Executor>);
        let token = tokio::time::timeout(BOUND, token(self.tool, tenant_id, executor, scope)).await;
        let Ok(token) = token else {
            return Err(IdentityError::Timeout { way, bound: BOUND, cure: self.tool.hangs() });
        };
        match token {
            Ok(token) => accepted(way, &token),
            Err(_) => Err(self.why(&ran)),
        }
    }

    fn why(&self, ran: &Ran) -> IdentityError {
        let way = self.tool.way();
        let unavailable = |reason: &str| IdentityError::Unavailable { way, reason: reason.to_owned() };
        match ran.end() {
            None => unavailable(
                "the scope can't be given to a command line; write it like https://database.windows.net/.default",
            ),
            Some(End::NotStarted) => unavailable("no shell can be started here"),
            Some(End::Succeeded) => IdentityError::Unreadable {
                way,
                what: "what the tool printed has no token in it",
                cure: "update the tool (the Azure CLI must be 2.54 or later)",
            },
            Some(End::Failed { not_found: true, .. }) => unavailable(self.tool.not_installed()),
            Some(End::Failed { signed_out: true, code: None, .. }) => unavailable(self.tool.not_signed_in()),
            Some(End::Failed { code, .. }) => {
                let cure = code.and_then(cures::known_code).unwrap_or_else(|| self.tool.failed());
                IdentityError::Refused { way, status: None, code, retry_after: None, cure: cure.to_owned() }
            }
        }
    }
}

async fn token(
    tool: Tool,
    tenant_id: Option<String>,
    executor: Option<Arc<dyn Executor>>,
    scope: &str,
) -> azure_core::Result<AccessToken> {
    match tool {
        Tool::Az => {
            let options =
                AzureCliCredentialOptions { executor, tenant_id, ..AzureCliCredentialOptions::default() };
            AzureCliCredential::new(Some(options))?.get_token(&[scope], None).await
        }
        Tool::Azd => {
            let options = AzureDeveloperCliCredentialOptions { executor, tenant_id };
            AzureDeveloperCliCredential::new(Some(options))?.get_token(&[scope], None).await
        }
    }
}

impl TokenFetcher for CommandLine {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        BOUND
    }

    fn way(&self) -> Way {
        self.tool.way()
    }
}

/// How the tool ended; nothing of what it printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    NotStarted,
    Succeeded,
    Failed {
        not_found: bool,
        signed_out: bool,
        /// The AADSTS number that it printed.
        code: Option<u32>,
    },
}

impl End {
    fn of(output: &Output) -> Self {
        if output.status.success() {
            return Self::Succeeded;
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Self::Failed {
            // The shell's own exit code for a command that it doesn't find (POSIX); cmd.exe has words.
            not_found: output.status.code() == Some(127) || text.contains("is not recognized"),
            signed_out: ["az login", "azd auth login", "not logged in", "No subscription found"]
                .iter()
                .any(|mark| text.contains(mark)),
            code: entra_code(&text),
        }
    }
}

/// The first number after `AADSTS`.
fn entra_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Runs the tool for `azure_identity`, without a terminal, and ends it with everything it started when it takes too long.
#[derive(Debug, Default)]
struct Ran(Mutex<Option<End>>);

impl Ran {
    fn end(&self) -> Option<End> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Executor for Ran {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let output = run(program, args).await;
        let end = output.as_ref().map_or(End::NotStarted, End::of);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        output
    }
}

async fn run(program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
    let mut command = tokio::process::Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn()?;
    #[cfg(unix)]
    let group = Group(child.id());
    let output = child.wait_with_output().await;
    #[cfg(unix)]
    group.ended();
    output
}

/// The shell, `az` and the Python under it, which killing the shell alone would leave behind.
#[cfg(unix)]
struct Group(Option<u32>);

#[cfg(unix)]
impl Group {
    /// Its number may be somebody else's from now on.
    fn ended(mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(leader) = leader {
            // It may have ended just now.
            let _gone = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn how_a_tool_ended_is_told_from_its_code_and_a_few_words() {
        use std::os::unix::process::ExitStatusExt;
        let end = |code: i32, stderr: &str| {
            let status = std::process::ExitStatus::from_raw(code << 8);
            End::of(&Output { status, stdout: Vec::new(), stderr: stderr.as_bytes().to_vec() })
        };
        let failed = |not_found, signed_out, code| End::Failed { not_found, signed_out, code };
        assert_eq!(end(0, "az login"), End::Succeeded);
        assert_eq!(end(127, "sh: az: not found"), failed(true, false, None));
        assert_eq!(end(1, "Please run 'az login' to setup account."), failed(false, true, None));
        assert_eq!(end(1, "AADSTS700082: ended. Run az login"), failed(false, true, Some(700_082)));
        assert_eq!(end(1, "AADSTS99999999999999: CANARY"), failed(false, false, None));
    }
}
