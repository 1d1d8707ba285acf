//! The envelopes in `tests/fixtures/envelopes`: bodies that Functions hosts posted, as they were published.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where they are.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/envelopes")
}

/// All of them: the file's name without its ending, and its text.
pub(super) fn all() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The one of this name.
#[track_caller]
pub(super) fn read(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
