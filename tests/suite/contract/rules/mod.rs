//! Each rule of the Functions host that the worker holds, where it comes from, and the tests that hold it.
//!
//! The rules are in the order of the host's own doings: [`life`], [`envelope`], [`reply`], [`forwarding`], [`definitions`].
//! A source without a repository is a file of azure-functions-host; a test is the path of its file and its name. This
//! module checks that every rule names a test and that every test is there.

mod definitions;
mod envelope;
mod forwarding;
mod life;
mod reply;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// One rule.
pub(super) struct Rule {
    /// What the host does, and what follows for the worker.
    rule: &'static str,
    /// Where the host does it.
    source: &'static str,
    /// `path/of/file.rs::name_of_the_test`
    held_by: &'static [&'static str],
}

fn all() -> impl Iterator<Item = &'static Rule> {
    [life::RULES, envelope::RULES, reply::RULES, forwarding::RULES, definitions::RULES].into_iter().flatten()
}

/// The names of the tests in a file of this project; empty when there is no such file.
fn tests_in(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line == "#[test]" || line.starts_with("#[tokio::test") || line.starts_with("#[actix_web::test") {
            is_test = true;
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test && !line.starts_with("//"))
        {
            names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
            is_test = false;
        }
    }
    names
}

#[test]
fn every_rule_names_tests_that_are_there() {
    let mut files: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Rule { rule, held_by, .. } in all() {
        if held_by.is_empty() {
            wrong.push(format!("no test holds: {rule}"));
        }
        for test in *held_by {
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            if !files.entry(file).or_insert_with(|| tests_in(file)).contains(name) {
                wrong.push(format!("{test} is no test; it should hold: {rule}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_a_sentence_with_a_source_and_stands_once() {
    let mut seen = BTreeSet::new();
    for Rule { rule, source, .. } in all() {
        assert!(rule.ends_with('.') && rule.len() > 20, "no sentence: {rule}");
        assert!(source.contains(".cs") || source.contains(".md"), "no source file: {rule}");
        assert!(seen.insert(rule), "twice: {rule}");
    }
}
