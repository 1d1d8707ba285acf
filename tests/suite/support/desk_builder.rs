//! What a desk is made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local_azure::functions::{self, HostOptions, HostState, WorkerCommand};
use local_azure::identity::{self, IdentityEndpoint, IdentityOptions, ManagedIdentity};
use local_azure::sql::{self, SqlLogin, SqlOptions};
use local_azure::tokens::TokenVerifier;

use super::desk::{Desk, Parts};
use super::mode::{Mode, worker_program};
use super::script_root::{self, FunctionFolder};
use super::secrets::Secrets;
use super::sql_client;

/// Makes a setting from the SQL endpoint's port.
type MadeForPort = Box<dyn Fn(u16) -> String>;

/// A desk in the making: the sample functions on the sample database, unless told otherwise.
#[derive(Default)]
pub(crate) struct DeskBuilder {
    functions: Vec<FunctionFolder>,
    with_samples: bool,
    seed: String,
    settings: BTreeMap<String, Option<String>>,
    connection: Option<MadeForPort>,
    settings_for_port: Vec<(String, MadeForPort)>,
    identity: IdentityOptions,
    password: Option<String>,
    mode: Option<Mode>,
    package: Option<PathBuf>,
    trusted: Option<TokenVerifier>,
}

impl DeskBuilder {
    /// Adds a function; the samples are there no more, unless asked for.
    pub(crate) fn function(mut self, function: FunctionFolder) -> Self {
        self.functions.push(function);
        self
    }

    /// The samples too.
    pub(crate) fn with_samples(mut self) -> Self {
        self.with_samples = true;
        self
    }

    /// Serves this folder alone, in the mode and with the worker that its host.json names.
    pub(crate) fn package(mut self, folder: &Path, mode: Mode) -> Self {
        self.package = Some(folder.to_path_buf());
        self.mode = Some(mode);
        self
    }

    /// Runs after the sample seed.
    pub(crate) fn seed(mut self, script: &str) -> Self {
        self.seed.push_str(script);
        self
    }

    /// An app setting.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), Some(value.to_owned()));
        self
    }

    /// An app setting that every desk has is missing on this one.
    pub(crate) fn without_setting(mut self, name: &str) -> Self {
        self.settings.insert(name.to_owned(), None);
        self
    }

    /// The connection string, made from the SQL endpoint's port.
    pub(crate) fn connection(mut self, make: impl Fn(u16) -> String + 'static) -> Self {
        self.connection = Some(Box::new(make));
        self
    }

    /// An app setting that is made from the SQL endpoint's port.
    pub(crate) fn setting_for_port(mut self, name: &str, make: impl Fn(u16) -> String + 'static) -> Self {
        self.settings_for_port.push((name.to_owned(), Box::new(make)));
        self
    }

    /// The endpoint knows this user-assigned identity.
    pub(crate) fn user_assigned(mut self, client_id: &str) -> Self {
        self.identity.user_assigned.push(ManagedIdentity::user_assigned(client_id));
        self
    }

    /// The app has no system-assigned identity.
    pub(crate) fn without_system_assigned(mut self) -> Self {
        self.identity.system_assigned = None;
        self
    }

    /// The server takes the tokens of this issuer too.
    pub(crate) fn trusting(mut self, issuer: TokenVerifier) -> Self {
        self.trusted = Some(issuer);
        self
    }

    /// The password of the SQL login [`sql_client::USER`]; a made-up one if not given.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// HTTP requests come in this mode, whatever that of this run: for tests of what one mode does.
    pub(crate) fn in_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Starts everything and waits until the worker is ready.
    pub(crate) async fn start(self) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new();
        let identity = identity::start(self.identity).await.unwrap();
        secrets.add(identity.secret());
        let password = self.password.unwrap_or_else(|| format!("secret-{}", uuid::Uuid::new_v4()));
        secrets.add(&password);

        let ca_file = folder.path().join("ca.pem");
        let sql_options = SqlOptions {
            database_file: Some(folder.path().join("sample.db")),
            logins: vec![SqlLogin::new(sql_client::USER, password.as_str())],
            token_check: Some(token_check(&identity, self.trusted, &secrets)),
            ca_out: Some(ca_file.clone()),
            seed: Some(format!("{}\n{}", azsql_worker::SAMPLE_SEED, self.seed)),
            ..SqlOptions::default()
        };
        let sql = sql::start(sql_options.clone()).await.unwrap();

        let port = sql.address().port();
        let connection = match self.connection {
            Some(make) => make(port),
            None => format!("Server=tcp:localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI"),
        };
        let mut settings = BTreeMap::from([
            ("AZURE_SQL_CONNECTIONSTRING".to_owned(), connection),
            ("AZSQL_TRUST_CA".to_owned(), ca_file.to_string_lossy().into_owned()),
            ("AZSQL_LOG".to_owned(), "trace".to_owned()),
            ("IDENTITY_ENDPOINT".to_owned(), identity.url()),
            ("IDENTITY_HEADER".to_owned(), identity.secret().to_owned()),
        ]);
        let mode = self.mode.unwrap_or_else(Mode::of_this_run);
        if let Some(switch) = mode.setting().filter(|_| self.package.is_none()) {
            settings.insert(switch.to_owned(), "true".to_owned());
        }
        settings.extend(self.settings_for_port.into_iter().map(|(name, make)| (name, make(port))));
        for (name, value) in self.settings {
            match value {
                Some(value) => settings.insert(name, value),
                None => settings.remove(&name),
            };
        }

        let (functions, host_json, worker) = match self.package {
            Some(package) => (package, None, None),
            None => {
                let (functions, host_json) = if self.functions.is_empty() {
                    (script_root::samples(), script_root::sample_host_json())
                } else {
                    let root = folder.path().join("app");
                    fs::create_dir(&root).unwrap();
                    fs::write(root.join("host.json"), script_root::HOST_JSON).unwrap();
                    self.functions.iter().for_each(|function| function.write(&root));
                    if self.with_samples {
                        script_root::copy_samples(&root);
                    }
                    (root.clone(), root.join("host.json"))
                };
                let root = functions.to_string_lossy().into_owned();
                let arguments = vec!["serve".to_owned(), "--functions".to_owned(), root];
                (functions, Some(host_json), Some(WorkerCommand { program: worker_program(), arguments }))
            }
        };
        let seen = secrets.clone();
        let host = functions::start(HostOptions {
            script_root: functions,
            host_json,
            worker,
            settings,
            inherit_environment: false,
            log: Some(Arc::new(move |line| seen.saw(&line.text))),
            ..HostOptions::default()
        })
        .await
        .unwrap();
        assert_eq!(host.ready().await, HostState::Running);
        Desk::new(Parts { host, sql, identity }, sql_options, password, mode, secrets, folder)
    }
}

/// Checks tokens as the endpoint's verifier does, and remembers each as a secret.
fn token_check(
    identity: &IdentityEndpoint,
    other: Option<TokenVerifier>,
    secrets: &Secrets,
) -> sql::TokenCheck {
    let (verifier, secrets) = (identity.verifier(), secrets.clone());
    Arc::new(move |token| {
        secrets.add_token(token);
        let other = other.as_ref().and_then(|other| other.verify(token).ok());
        let claims = other.map_or_else(|| verifier.verify(token), Ok);
        claims.map(|claims| claims.login_identity()).map_err(|refusal| refusal.to_string())
    })
}
