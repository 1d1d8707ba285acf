//! A clinic: the SQL endpoint and the identity endpoint, and the real program's commands that look at them: `doctor` and
//! `check --live`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local_azure::identity::{self, IdentityEndpoint, IdentityOptions};
use local_azure::sql::certificates::Certificates;
use local_azure::sql::{self, SqlLogin, SqlOptions, SqlServer};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::process::Command;

use super::mode::worker_program;
use super::script_root::{self, FunctionFolder};
use super::secrets::Secrets;
use super::sql_client::{self, SqlClient};

type SqlChange = Box<dyn FnOnce(&mut SqlOptions)>;
type MakeConnection = Box<dyn FnOnce(u16) -> String>;

/// The client id of the identity endpoint's system-assigned identity as a SID: the first three fields with their lowest byte
/// first.
pub(crate) const SID: &str = "0x7E5A0C3FA4589E4B8A0A6F2F3D1E9B01";

/// A clinic in the making.
#[derive(Default)]
pub(crate) struct ClinicBuilder {
    settings: BTreeMap<String, Option<String>>,
    functions: Vec<FunctionFolder>,
    seed: String,
    sql: Option<SqlChange>,
    certificates: Option<Certificates>,
    connection: Option<MakeConnection>,
    password: Option<String>,
    files: Vec<(String, String)>,
}

impl ClinicBuilder {
    /// A file beside `host.json`.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), Some(value.to_owned()));
        self
    }

    pub(crate) fn without_setting(mut self, name: &str) -> Self {
        self.settings.insert(name.to_owned(), None);
        self
    }

    /// A function in place of the samples.
    pub(crate) fn function(mut self, function: FunctionFolder) -> Self {
        self.functions.push(function);
        self
    }

    /// Runs after the sample seed.
    pub(crate) fn seed(mut self, script: &str) -> Self {
        self.seed.push_str(script);
        self
    }

    pub(crate) fn sql(mut self, change: impl FnOnce(&mut SqlOptions) + 'static) -> Self {
        self.sql = Some(Box::new(change));
        self
    }

    /// The server shows these; AZSQL_TRUST_CA holds their authority.
    pub(crate) fn certificates(mut self, certificates: Certificates) -> Self {
        self.certificates = Some(certificates);
        self
    }

    /// The connection string, made from the SQL endpoint's port.
    pub(crate) fn connection(mut self, make: impl FnOnce(u16) -> String + 'static) -> Self {
        self.connection = Some(Box::new(make));
        self
    }

    /// The password of the SQL login.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    pub(crate) async fn open(self) -> Clinic {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new();
        let identity = identity::start(IdentityOptions::default()).await.unwrap();
        secrets.add(identity.secret());
        let password = self.password.unwrap_or_else(|| format!("secret-{}", uuid::Uuid::new_v4()));
        secrets.add(&password);
        let (verifier, seen) = (identity.verifier(), secrets.clone());
        let ca_file = folder.path().join("ca.pem");
        let mut options = SqlOptions {
            logins: vec![SqlLogin::new(sql_client::USER, password.as_str())],
            token_check: Some(Arc::new(move |token| {
                seen.add_token(token);
                verifier
                    .verify(token)
                    .map(|claims| claims.login_identity())
                    .map_err(|error| error.to_string())
            })),
            ca_out: Some(ca_file.clone()),
            seed: Some(format!("{}\n{}", azsql_worker::SAMPLE_SEED, self.seed)),
            certificates: self.certificates.map(Arc::new),
            ..SqlOptions::default()
        };
        if let Some(change) = self.sql {
            change(&mut options);
        }
        let sql = sql::start(options).await.unwrap();
        let port = sql.address().port();
        let connection = match self.connection {
            Some(make) => make(port),
            None => format!("Server=tcp:localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI"),
        };
        let mut settings = BTreeMap::from([
            ("AZURE_SQL_CONNECTIONSTRING".to_owned(), connection),
            ("AZSQL_TRUST_CA".to_owned(), ca_file.to_string_lossy().into_owned()),
            ("IDENTITY_ENDPOINT".to_owned(), identity.url()),
            ("IDENTITY_HEADER".to_owned(), identity.secret().to_owned()),
        ]);
        for (name, value) in self.settings {
            match value {
                Some(value) => settings.insert(name, value),
                None => settings.remove(&name),
            };
        }
        // A folder of its own: a developer's local.settings.json beside the samples is none of a test's.
        let functions = folder.path().join("app");
        std::fs::create_dir(&functions).unwrap();
        std::fs::write(functions.join("host.json"), script_root::HOST_JSON).unwrap();
        self.functions.iter().for_each(|function| function.write(&functions));
        if self.functions.is_empty() {
            script_root::copy_samples(&functions);
        }
        for (name, text) in self.files {
            std::fs::write(functions.join(name), text).unwrap();
        }
        Clinic { sql, identity, settings, functions, secrets, password, _folder: folder }
    }
}

/// See the module. Each test ends with [`Clinic::close`].
pub(crate) struct Clinic {
    pub(crate) sql: SqlServer,
    pub(crate) identity: IdentityEndpoint,
    settings: BTreeMap<String, String>,
    functions: PathBuf,
    pub(crate) secrets: Secrets,
    password: String,
    _folder: TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) errors: String,
}

/// What `--json` printed.
pub(crate) struct Document {
    pub(crate) code: Option<i32>,
    pub(crate) json: Json,
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        ClinicBuilder::default().open().await
    }

    pub(crate) fn builder() -> ClinicBuilder {
        ClinicBuilder::default()
    }

    /// Runs `doctor` with these arguments.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        self.run_command("doctor", arguments).await
    }

    /// The script root.
    pub(crate) fn functions(&self) -> &Path {
        &self.functions
    }

    /// Runs a command of the program on the functions.
    pub(crate) async fn run_command(&self, command: &str, arguments: &[&str]) -> Run {
        let output = Command::new(worker_program())
            .arg(command)
            .arg("--functions")
            .arg(&self.functions)
            .args(arguments)
            .env_clear()
            .envs(&self.settings)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        self.secrets.saw(&text);
        self.secrets.saw(&errors);
        Run { code: output.status.code(), text, errors }
    }

    /// A client of the SQL endpoint beside the program.
    pub(crate) async fn sql_client(&self) -> SqlClient {
        SqlClient::connect(self.sql.address().port(), &self.password).await
    }

    /// Runs `doctor --json`.
    pub(crate) async fn examine(&self) -> Document {
        self.examine_with(&[]).await
    }

    pub(crate) async fn examine_with(&self, arguments: &[&str]) -> Document {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let run = self.run(&all).await;
        assert_eq!(run.errors, "");
        Document { code: run.code, json: serde_json::from_str(&run.text).unwrap() }
    }

    /// Ends everything, and looks at everything that was printed.
    pub(crate) async fn close(self) {
        self.sql.faults().clear();
        self.sql.stop().await;
        self.identity.stop().await;
        self.secrets.assert_kept();
    }
}

impl Document {
    /// The steps of this name, of the default connection.
    pub(crate) fn all(&self, step: &str) -> Vec<&Json> {
        let steps = self.json["steps"].as_array().unwrap();
        steps.iter().filter(|it| it["step"] == step && !it["connection"].is_null()).collect()
    }

    /// The one step of this name.
    #[track_caller]
    pub(crate) fn step(&self, step: &str) -> &Json {
        let all = self.all(step);
        assert_eq!(all.len(), 1, "{:#}", self.json);
        all[0]
    }

    /// The step has this status.
    #[track_caller]
    pub(crate) fn is(&self, step: &str, status: &str) -> &Json {
        let found = self.step(step);
        assert_eq!(found["status"], status, "{found:#}");
        found
    }

    /// The step failed, and its summary and cure hold these words; the document and the exit code say so too.
    #[track_caller]
    pub(crate) fn failed(&self, step: &str, summary: &str, cure: &str) -> &Json {
        let found = self.is(step, "fail");
        assert!(text(found, "summary").contains(summary), "{found:#}");
        assert!(text(found, "cure").contains(cure), "{found:#}");
        assert_eq!(
            (self.code, &self.json["healthy"], &self.json["status"]),
            (Some(69), &Json::Bool(false), &"fail".into())
        );
        found
    }

    /// The step warns, and its summary and cure hold these words.
    #[track_caller]
    pub(crate) fn warned(&self, step: &str, summary: &str, cure: &str) -> &Json {
        let found = self.is(step, "warn");
        assert!(text(found, "summary").contains(summary), "{found:#}");
        assert!(text(found, "cure").contains(cure), "{found:#}");
        found
    }

    /// These steps were skipped because `failed` failed.
    #[track_caller]
    pub(crate) fn skipped_because(&self, failed: &str, steps: &[&str]) {
        for step in steps {
            let found = self.is(step, "skip");
            assert_eq!(found["details"]["because"], failed, "{found:#}");
        }
    }
}

/// A text of a step.
#[track_caller]
pub(crate) fn text<'a>(step: &'a Json, key: &str) -> &'a str {
    step[key].as_str().unwrap_or_else(|| panic!("no {key}: {step:#}"))
}
