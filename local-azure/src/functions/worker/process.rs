//! What is started as the worker, and in which environment.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::functions::settings::{AppSettings, WorkerDescription};

/// How the worker is started, again and again.
#[derive(Clone)]
pub(in crate::functions) struct WorkerProcess {
    executable: PathBuf,
    arguments: Vec<String>,
    working_directory: PathBuf,
    script_root: PathBuf,
    settings: AppSettings,
    port: u16,
}

impl WorkerProcess {
    /// The process of a description.
    pub(in crate::functions) fn new(
        script_root: &Path,
        description: &WorkerDescription,
        settings: AppSettings,
        port: u16,
    ) -> Self {
        // A relative path means the script root if the file is there, else the PATH; the working directory has no say.
        let beside = script_root.join(&description.executable);
        Self {
            executable: if beside.is_file() { beside } else { PathBuf::from(&description.executable) },
            arguments: description.arguments.clone(),
            working_directory: description
                .working_directory
                .as_ref()
                .map_or_else(|| script_root.to_owned(), |folder| script_root.join(folder)),
            script_root: script_root.to_owned(),
            settings,
            port,
        }
    }

    /// The port that each instance is told to listen on: the same after a restart.
    pub(in crate::functions) fn port(&self) -> u16 {
        self.port
    }

    /// Starts an instance. It is killed when the child is dropped.
    pub(super) fn spawn(&self) -> Result<Child, String> {
        let id = uuid::Uuid::new_v4().to_string();
        let port = self.port.to_string();
        Command::new(&self.executable)
            .args(&self.arguments)
            .current_dir(&self.working_directory)
            .env_clear()
            .envs(self.settings.all())
            .env("FUNCTIONS_APP_ROOT_PATH", &self.script_root)
            // The second pair is the name from before custom handlers; both are always set.
            .envs([("FUNCTIONS_CUSTOMHANDLER_PORT", &port), ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id)])
            .envs([("FUNCTIONS_HTTPWORKER_PORT", &port), ("FUNCTIONS_HTTPWORKER_ID", &id)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let hint = if error.kind() == std::io::ErrorKind::PermissionDenied {
                    "; set its execute bit (chmod +x), which the package must carry"
                } else {
                    ""
                };
                format!("Failed to start the custom handler '{}': {error}{hint}", self.executable.display())
            })
    }
}
