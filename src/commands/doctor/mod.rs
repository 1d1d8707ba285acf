//! `azsql-worker doctor`: what is wrong between the worker and its database, step by step; and the GRANT script.

mod grant;
mod screen;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::check::unreadable;
use super::local_settings;
use super::terminal::{say, tell};
use super::{EXIT_FAILURE, EXIT_NO_INPUT, EXIT_UNHEALTHY, EXIT_USAGE, default_functions};
use crate::doctor::{Doctor, Report, Step};
use crate::functions::{self, Catalogue};
use crate::host::host_json;
use crate::settings::{environment, script_root};
use screen::Screen;

/// Options of `doctor`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct DoctorOptions {
    /// The script root: the folder with a folder for each function [default: FUNCTIONS_APP_ROOT_PATH, else
    /// function-definitions if it is there, else this folder]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Look at the connection of this app setting alone; may be given more than once [default: those of the functions]
    #[arg(long, value_name = "NAME")]
    setting: Vec<String>,
    /// Print one JSON document: status, healthy, and steps with connection, step, status, milliseconds, summary, details, cure
    /// and sqlError
    #[arg(long)]
    json: bool,
    /// Print no colours; they are left out too where stdout is no terminal and where NO_COLOR is set
    #[arg(long)]
    no_color: bool,
    /// End within so many seconds, whatever hangs
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[command(flatten)]
    grant: grant::GrantOptions,
}

/// 0 = no step failed, [`EXIT_UNHEALTHY`] = one did, [`EXIT_NO_INPUT`] = the script root can't be read, [`EXIT_USAGE`] = an
/// option is wrong.
pub(super) fn run(options: &DoctorOptions) -> ExitCode {
    let root = root(options);
    let functions = match catalogue(options, &root) {
        Ok(functions) => functions,
        Err(code) => return code,
    };
    let local = match local_settings(&root) {
        Ok(local) => local,
        Err(sentence) => {
            tell(&sentence);
            return ExitCode::from(EXIT_NO_INPUT);
        }
    };
    let settings = |name: &str| environment(name).or_else(|| local.get(name).cloned());
    let limit = Duration::from_secs(options.timeout);
    let doctor = Doctor::new(&functions, &settings, &options.setting, limit);
    let screen = Screen::new(options.json, options.no_color);
    if options.grant.is_asked_for() {
        return grant::run(&options.grant, &doctor, &functions, &screen);
    }
    take_steps(&screen, async |on_step| doctor.run(on_step).await)
}

/// Runs what takes steps, prints each as it ends, and the whole at the end.
fn take_steps(
    screen: &Screen,
    steps: impl AsyncFnOnce(&mut (dyn FnMut(&Step) + Send)) -> Report,
) -> ExitCode {
    let printer = screen.clone();
    let report = block_on(async move {
        let mut printer = printer;
        steps(&mut |step| printer.step(step)).await
    });
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            tell(&format!("the doctor can't run: {}", error.kind()));
            return ExitCode::from(EXIT_FAILURE);
        }
    };
    screen.end(&report);
    if report.is_healthy() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_UNHEALTHY) }
}

fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(future);
    // A resolver that hangs has a thread that can't be ended; nobody waits for it.
    runtime.shutdown_background();
    Ok(result)
}

/// The script root.
fn root(options: &DoctorOptions) -> PathBuf {
    options.functions.clone().unwrap_or_else(|| {
        let of_host = script_root(&environment);
        if of_host.as_path() == Path::new(".") { default_functions() } else { of_host }
    })
}

/// App settings of a desk, beside host.json; a package has none.
fn local_settings(root: &Path) -> Result<BTreeMap<String, String>, String> {
    let host_json = host_json::path(root);
    let folder = host_json.parent().unwrap_or(Path::new("."));
    local_settings::read(folder, |name| std::env::var_os(name).is_some(), |_| ())
}

/// The functions; none when settings are named and there is no script root.
fn catalogue(options: &DoctorOptions, root: &Path) -> Result<Catalogue, ExitCode> {
    match functions::load(root) {
        Ok(functions) => Ok(functions),
        Err(_) if options.functions.is_none() && !options.setting.is_empty() => Ok(Catalogue::default()),
        Err(error) => {
            tell(&unreadable(root, &error));
            Err(ExitCode::from(EXIT_NO_INPUT))
        }
    }
}

/// An option is wrong.
fn usage(sentence: &str) -> ExitCode {
    tell(sentence);
    ExitCode::from(EXIT_USAGE)
}

/// Prints a text on stdout.
fn print(text: &str) {
    say(text.trim_end_matches('\n'));
}
