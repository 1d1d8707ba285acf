//! `azsql-worker package`: the folder (and zip) to deploy to a Function App or to give to `func start`.

mod archive;
mod binary;
mod build;
mod contents;
mod folder;
mod host_json;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value as Json, json};

use super::check::{Inspection, as_json, inspect_copy, unreadable};
use super::terminal::{say, tell};
use super::{EXIT_CANT_CREATE, EXIT_FAILURE, EXIT_MISTAKES, EXIT_NO_INPUT, default_functions};
use crate::host::host_json::HttpMode;
use crate::invocation::Mistake;
use binary::Binary;
use folder::OutputFolder;

/// Options of `package`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PackageOptions {
    /// The folder to write: a new or empty one, or one that this command wrote before
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// How the host passes HTTP requests on [default: as host.json says]
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// The worker to package; in a checkout of this project the default is to build it for production
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// The script root: the folder with a folder for each function; host.json is in it or beside it [default:
    /// function-definitions if it is there, else this folder]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Write the same as a zip file too
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,
    /// Print an object with what was written, or with the mistakes that forbid it
    #[arg(long)]
    json: bool,
}

/// How the host passes HTTP requests on, as `--mode` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Mode {
    /// As an envelope of JSON; answers are read to their end before the caller gets the first byte
    Envelope,
    /// As they come, streaming both ways
    Proxying,
}

/// Why there is no package.
enum Failure {
    /// `check` refuses the script root.
    Mistakes(Inspection),
    /// Anything else: exit code and sentence.
    Other(u8, String),
}

impl Failure {
    /// What can't be read.
    fn input(sentence: impl Into<String>) -> Self {
        Self::Other(EXIT_NO_INPUT, sentence.into())
    }

    /// What can't be written, or must not be.
    fn output(sentence: impl Into<String>) -> Self {
        Self::Other(EXIT_CANT_CREATE, sentence.into())
    }
}

/// A package that is written.
struct Packaged {
    output: PathBuf,
    zip: Option<PathBuf>,
    mode: HttpMode,
    functions: Vec<String>,
    files: Vec<String>,
    binary: Binary,
    /// What `check` warns of.
    mistakes: Vec<Mistake>,
    /// The former package, if it can't be removed.
    leftover: Option<PathBuf>,
}

/// Writes a package and prints what is in it. 0 = it is written; [`EXIT_MISTAKES`] = `check` refuses the script root;
/// [`EXIT_NO_INPUT`] = something can't be read; [`EXIT_CANT_CREATE`] = the output can't be written or holds files that
/// are not a package's; [`EXIT_FAILURE`] = the worker can't be built. Whatever fails, the
/// folder is as it was.
pub(super) fn run(options: &PackageOptions) -> ExitCode {
    match package(options) {
        Ok(packaged) => {
            if options.json {
                say(&format!("{:#}", packaged.as_json()));
            } else {
                packaged.warnings().iter().for_each(|warning| tell(warning));
                say(&packaged.summary());
            }
            ExitCode::SUCCESS
        }
        Err(Failure::Mistakes(inspection)) => {
            if options.json {
                say(&format!("{:#}", json!({ "mistakes": as_json(&inspection.mistakes) })));
            } else {
                inspection.mistakes.iter().for_each(|mistake| say(&mistake.to_string()));
                say(&inspection.summary());
            }
            ExitCode::from(EXIT_MISTAKES)
        }
        Err(Failure::Other(code, sentence)) => {
            tell(&sentence);
            ExitCode::from(code)
        }
    }
}

fn package(options: &PackageOptions) -> Result<Packaged, Failure> {
    let script_root = options.functions.clone().unwrap_or_else(default_functions);
    let inspection = inspect_without_errors(&script_root, &script_root)?;
    // What can be refused is refused before a build that takes minutes.
    let output = OutputFolder::examine(&options.output).map_err(Failure::output)?;
    output.keep_apart_from(&script_root, &inspection.functions).map_err(Failure::output)?;
    if let Some(zip) = &options.zip {
        archive::may_write(zip, output.path()).map_err(Failure::output)?;
    }
    let program = match &options.binary {
        Some(binary) => named_binary(binary)?,
        None => build::production_binary()?,
    };
    let (host_json, mode) = host_json::for_package(&script_root, options.mode).map_err(Failure::input)?;
    let files =
        contents::gather(&script_root, &inspection.functions, host_json, &program).map_err(Failure::input)?;

    let staged = output.stage(&files).map_err(Failure::output)?;
    // What counts is what the host will find: a file that a definition names outside of its folder is missing there,
    // and another mode makes other routes unsafe.
    let inspection = inspect_without_errors(staged.path(), &script_root)?;
    let binary = Binary::examine(&staged.path().join(host_json::PROGRAM)).map_err(Failure::output)?;
    let archive = options.zip.as_deref().map(|zip| archive::stage(zip, staged.path(), &files)).transpose();
    let archive = archive.map_err(Failure::output)?;
    // The folder goes last: until then it is as it was.
    archive.map(archive::StagedArchive::commit).transpose().map_err(Failure::output)?;
    let leftover = staged.commit().map_err(Failure::output)?;
    Ok(Packaged {
        leftover,
        output: options.output.clone(),
        zip: options.zip.clone(),
        mode,
        functions: inspection.functions,
        files: files.into_iter().map(|file| file.path).collect(),
        binary,
        mistakes: inspection.mistakes,
    })
}

/// The worker that was named, if there is a file.
fn named_binary(binary: &Path) -> Result<PathBuf, Failure> {
    match fs::metadata(binary) {
        Ok(metadata) if metadata.is_file() => Ok(binary.to_path_buf()),
        Ok(_) => {
            Err(Failure::input(format!("the worker {} is no file; name it with --binary", binary.display())))
        }
        Err(error) => Err(Failure::input(format!("the worker {} can't be read: {error}", binary.display()))),
    }
}

/// What is in a folder, which may be a copy of the script root; a failure if anything there does not work.
fn inspect_without_errors(folder: &Path, script_root: &Path) -> Result<Inspection, Failure> {
    let inspection =
        inspect_copy(folder, script_root).map_err(|error| Failure::input(unreadable(script_root, &error)))?;
    if inspection.has_errors() { Err(Failure::Mistakes(inspection)) } else { Ok(inspection) }
}

impl Packaged {
    fn warnings(&self) -> Vec<String> {
        let checked = self.mistakes.iter().map(ToString::to_string);
        let binary = self.binary.warnings().iter().map(|warning| format!("warning: {warning}"));
        let leftover = self.leftover.iter().map(|former| {
            format!("warning: the former package stands in {} and can't be removed", former.display())
        });
        checked.chain(binary).chain(leftover).collect()
    }

    fn summary(&self) -> String {
        let count = self.functions.len();
        let functions = if count == 1 { "1 function".to_owned() } else { format!("{count} functions") };
        let mut lines = vec![format!(
            "{}: host.json ({}), {functions}, {}",
            self.output.display(),
            mode_name(self.mode),
            self.binary.summary()
        )];
        lines.extend(self.zip.iter().map(|zip| format!("{}: the same, zipped", zip.display())));
        lines.push(format!("Run it here: cd {} && func start", self.output.display()));
        lines
            .push("Deploy it:   func azure functionapp publish <APP> --no-build (in that folder)".to_owned());
        lines.join("\n")
    }

    fn as_json(&self) -> Json {
        json!({
            "output": self.output.display().to_string(),
            "zip": self.zip.as_ref().map(|zip| zip.display().to_string()),
            "mode": mode_name(self.mode),
            "functions": self.functions,
            "files": self.files,
            "binary": self.binary.as_json(),
            "mistakes": as_json(&self.mistakes),
        })
    }
}

fn mode_name(mode: HttpMode) -> &'static str {
    match mode {
        HttpMode::Enveloped => "envelope",
        HttpMode::Forwarding => "forwarding",
        HttpMode::Proxying => "proxying",
    }
}
