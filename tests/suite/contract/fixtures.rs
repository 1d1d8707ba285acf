//! The envelopes in `tests/fixtures/envelopes`: bodies that Functions hosts posted, as they were published.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where they are.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/envelopes")
}

/// The names of all of them, without `.json`.
pub(super) fn names() -> BTreeSet<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// The one of this name.
#[track_caller]
pub(super) fn read(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_fixture_says_where_it_comes_from() {
    let sources = fs::read_to_string(folder().join("SOURCES.md")).unwrap();
    let rows = sources.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(".json`"));

    let named: BTreeSet<String> = rows.map(|(name, _)| name.to_owned()).collect();

    assert_eq!(named, names());
}
