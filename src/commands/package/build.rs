//! Builds the worker for production in a checkout of this project: without the local parts, into a target folder of its
//! own, so that a developer's builds stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::{EXIT_FAILURE, Failure, tell};

/// The production binary, built now.
pub(super) fn production_binary() -> Result<PathBuf, Failure> {
    let here =
        std::env::current_dir().map_err(|error| Failure::input(format!("no current folder: {error}")))?;
    let Some(checkout) = checkout(&here) else {
        return Err(Failure::Other(
            super::super::EXIT_USAGE,
            "this folder is in no checkout of azsql-worker, so there is nothing to build; name the worker with --binary"
                .to_owned(),
        ));
    };
    build(&checkout).map_err(|sentence| Failure::Other(EXIT_FAILURE, sentence))
}

/// The folder with this package's `Cargo.toml`, from this one upwards.
fn checkout(folder: &Path) -> Option<PathBuf> {
    let is_ours =
        |folder: &&Path| fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| names_package(&text));
    folder.ancestors().find(is_ours).map(Path::to_path_buf)
}

/// Whether the section `[package]` of a manifest has our name. A whole TOML reader would be much for one line.
fn names_package(manifest: &str) -> bool {
    let name = concat!("\"", env!("CARGO_PKG_NAME"), "\"");
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[package]").skip(1);
    lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .any(|(key, value)| key.trim() == "name" && value.trim() == name)
}

fn build(checkout: &Path) -> Result<PathBuf, String> {
    tell("building the worker for production; the first time takes minutes");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "--no-default-features", "--bin", env!("CARGO_PKG_NAME")])
        .args(["--package", env!("CARGO_PKG_NAME"), "--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(checkout.join("target").join("package"))
        .current_dir(checkout)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            format!("cargo can't be started: {error}; install Rust, or name the worker with --binary")
        })?;
    if !output.status.success() {
        return Err(format!("cargo build failed ({}); what it said stands above", output.status));
    }
    executable(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        "cargo build named no executable; build it yourself and name it with --binary".to_owned()
    })
}

/// The program in cargo's messages: its place depends on the user's cargo settings.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_checkout_is_found_from_any_folder_in_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(checkout(&root.join("local-azure").join("src")).as_deref(), Some(root));
        assert_eq!(checkout(tempfile::tempdir().unwrap().path()), None);
    }

    #[test]
    fn another_packages_manifest_is_not_ours() {
        assert!(names_package("[package]\nname = \"azsql-worker\"\n"));
        assert!(!names_package("[package]\nname = \"mine\"\n[dependencies]\nname = \"azsql-worker\""));
        assert!(!names_package("[[bin]]\nname = \"azsql-worker\"\n"));
    }

    #[test]
    fn the_program_is_where_cargo_says() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"executable\":null}\n",
            "{\"reason\":\"compiler-artifact\",\"executable\":\"/t/release/azsql-worker\"}\n",
            "{\"reason\":\"build-finished\",\"success\":true}\n"
        );
        assert_eq!(executable(messages).unwrap(), Path::new("/t/release/azsql-worker"));
        assert_eq!(executable("warning\n"), None);
    }
}
