//! What these tests share: an authority, and the command `token` with an environment that leads to it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use local_azure::authority::{self, Application, Authority, AuthorityOptions, RecordedRequest};
use local_azure::tokens::LOCAL_TENANT_ID;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::desk_builder::DeskBuilder;
use crate::support::{Desk, LoneWorker};

/// An application of the directory.
pub(super) const CLIENT: &str = "c0000000-0000-4000-8000-000000000001";
/// Its secret, and a marker that must not be seen.
pub(super) const SECRET: &str = "CANARY+secret/with=signs&more";
/// Azure SQL.
pub(super) const SCOPE: &str = "https://database.windows.net/.default";

/// An authority and the environment of a process that uses it.
pub(super) struct Stage {
    pub(super) authority: Authority,
    pub(super) folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a run of the program left.
pub(super) struct Outcome {
    pub(super) code: i32,
    pub(super) lines: Vec<String>,
}

impl Outcome {
    #[track_caller]
    pub(super) fn json(&self) -> Json {
        assert_eq!(self.code, 0, "{:?}", self.lines);
        let text = self.lines.iter().skip_while(|line| *line != "{").cloned().collect::<Vec<_>>().join("\n");
        serde_json::from_str(&text).unwrap()
    }

    /// The sentence about a failure.
    #[track_caller]
    pub(super) fn failure(&self) -> String {
        assert_eq!(self.code, 70, "{:?}", self.lines);
        self.lines.join("\n")
    }
}

impl Stage {
    /// An authority that knows [`CLIENT`] with [`SECRET`].
    pub(super) async fn new() -> Self {
        Self::with(|options| options).await
    }

    /// The same with other options.
    pub(super) async fn with(change: impl FnOnce(AuthorityOptions) -> AuthorityOptions) -> Self {
        let options = AuthorityOptions {
            applications: vec![
                Application::developer_sign_on(),
                Application::new(CLIENT).with_secret(SECRET),
            ],
            ..AuthorityOptions::default()
        };
        let authority = authority::start(change(options)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, authority.ca_pem()).unwrap();
        let environment = BTreeMap::from([
            ("AZURE_AUTHORITY_HOST".to_owned(), authority.url()),
            ("AZSQL_TRUST_CA".to_owned(), ca.to_string_lossy().into_owned()),
            // Nothing of this machine: only what a test puts there.
            ("PATH".to_owned(), folder.path().join("bin").to_string_lossy().into_owned()),
        ]);
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self { authority, folder, environment }
    }

    /// A variable of the process.
    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The variables of a service principal with [`SECRET`].
    pub(super) fn with_service_principal(self) -> Self {
        self.set("AZURE_TENANT_ID", LOCAL_TENANT_ID)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_CLIENT_SECRET", SECRET)
    }

    /// Writes a file of the process, and names it in a variable.
    pub(super) fn with_file(self, variable: &str, text: &str) -> Self {
        let path = self.path(variable);
        fs::write(&path, text).unwrap();
        self.set(variable, &path.to_string_lossy())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a shell script on the process' PATH.
    pub(super) fn with_tool(self, name: &str, script: &str) -> Self {
        let path = self.folder.path().join("bin").join(name);
        write_script(&path, script);
        self
    }

    /// A desk whose worker has this environment and signs in so; its server trusts the authority.
    pub(super) fn desk(&self, authentication: &'static str) -> DeskBuilder {
        let mut desk = Desk::builder()
            .trusting(self.authority.verifier())
            .without_setting("IDENTITY_ENDPOINT")
            .setting("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
            .connection(move |port| {
                format!(
                    "Server=tcp:localhost,{port};Database=sample;TrustServerCertificate=true;Connect Timeout=4\
                     {authentication}"
                )
            });
        for (name, value) in &self.environment {
            desk = desk.setting(name, value);
        }
        desk
    }

    /// Starts `azsql-worker token --authentication METHOD --json`.
    pub(super) fn start(&self, method: &str) -> LoneWorker {
        self.start_with(&["--authentication", method, "--json"])
    }

    /// Starts `azsql-worker token` with these arguments.
    pub(super) fn start_with(&self, arguments: &[&str]) -> LoneWorker {
        let mut all = vec![PathBuf::from("token")];
        all.extend(arguments.iter().map(PathBuf::from));
        let environment = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        LoneWorker::run(&all, &environment.collect())
    }

    /// Runs it to its end; what it wrote holds no secret.
    pub(super) async fn token(&self, method: &str) -> Outcome {
        end(self.start(method)).await
    }

    /// The authority's requests for tokens, oldest first.
    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.authority.requests()
    }
}

/// Waits for the end of a run; what it wrote holds no secret.
pub(super) async fn end(mut worker: LoneWorker) -> Outcome {
    let status = worker.ended().await;
    worker.secrets.assert_kept();
    Outcome { code: status.code().unwrap(), lines: worker.lines() }
}

/// Writes an executable shell script.
pub(super) fn write_script(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
