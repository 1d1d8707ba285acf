//! The guides' examples: the functions that a guide shows are written to a folder as they stand there, `dev` serves them, and
//! each `curl` must answer what stands below it.

use std::fs;
use std::path::Path;

use crate::dev_command::Dev;
use crate::readme::{answers_as_documented, curl_is_missing};
use crate::support::script_root;

/// The files of a guide: a line that is nothing but `` `Folder/file` ``, and the block that follows.
fn files(markdown: &str) -> Vec<(&str, String)> {
    let mut files = Vec::new();
    let mut lines = markdown.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let name = line.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        let is_block = lines.peek().is_some_and(|next| next.starts_with("```"));
        if let Some(name) = name.filter(|name| name.contains('/') && !name.contains(' ') && is_block) {
            let block: Vec<_> = lines.by_ref().skip(1).take_while(|line| *line != "```").collect();
            files.push((name, block.join("\n")));
        }
    }
    files
}

async fn the_guide_is_true(markdown: &str) {
    if curl_is_missing() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("host.json"), script_root::HOST_JSON).unwrap();
    let files = files(markdown);
    assert!(!files.is_empty(), "the guide shows no function");
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    let dev = Dev::start(&[Path::new("--functions"), root.path()]).await;
    let examples = answers_as_documented(&dev, markdown).await;

    assert!(examples > 0, "the guide has lost its examples");
    dev.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_from_mssql_python_answers_what_it_says() {
    the_guide_is_true(include_str!("../../docs/guides/from-mssql-python.md")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_from_pyodbc_answers_what_it_says() {
    the_guide_is_true(include_str!("../../docs/guides/from-pyodbc.md")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_from_flask_answers_what_it_says() {
    the_guide_is_true(include_str!("../../docs/guides/from-flask.md")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_definitions_answer_what_they_say() {
    the_guide_is_true(include_str!("../../docs/definitions.md")).await;
}
