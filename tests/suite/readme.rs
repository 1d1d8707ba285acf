//! The README's examples: each `sh` block of a curl line that a `json` block follows is run, in order, against `dev`,
//! and must answer what stands there.

use std::process::Command;

use crate::dev_command::Dev;

/// Where the README's reader has `dev` listening.
const DOCUMENTED_URL: &str = "http://localhost:7071";

/// The commands of the README with their documented answers.
fn examples(markdown: &str) -> Vec<(String, String)> {
    // Prose counts as a block, so that an answer belongs to the command right before it.
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((language, block.join("\n")));
        } else if !line.is_empty() {
            blocks.push(("prose", line.to_owned()));
        }
    }
    blocks
        .windows(2)
        .filter_map(|pair| match pair {
            [("sh", command), ("json", answer)] if command.starts_with("curl ") => {
                Some((command.clone(), answer.clone()))
            }
            _ => None,
        })
        .collect()
}

/// The text with what differs from run to run replaced: ids of invocations and times of creation in this run.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some((before, key, after)) = next_changing(rest) {
        steady.push_str(before);
        steady.push_str(key);
        steady.push('…');
        rest = after.split_once('"').map_or("", |(_, after)| after);
    }
    steady + rest
}

/// The next changing member: what stands before it, its key with the opening quote, what follows that.
fn next_changing(text: &str) -> Option<(&str, &'static str, &str)> {
    ["\"invocationId\":\"", "\"Created\":\"2026-"]
        .into_iter()
        .filter_map(|key| text.split_once(key).map(|(before, after)| (before, key, after)))
        .min_by_key(|(before, _, _)| before.len())
}

/// Says so when there is no curl to run the examples with.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn curl_is_missing() -> bool {
    let is_missing = Command::new("curl").arg("--version").output().is_err();
    if is_missing {
        eprintln!("skipped: curl is not installed");
    }
    is_missing
}

/// Runs the examples of a text in their order; each must answer what stands there. Gives their number.
pub(crate) async fn answers_as_documented(dev: &Dev, markdown: &str) -> usize {
    let examples = examples(markdown);
    for (command, documented) in &examples {
        let command =
            command.replace(DOCUMENTED_URL, dev.url()).replacen("curl ", "curl --silent --max-time 60 ", 1);
        let shell = command.clone();
        let output = tokio::task::spawn_blocking(move || Command::new("sh").args(["-c", &shell]).output());
        let output = output.await.unwrap().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert_eq!(steady(&answer), steady(documented), "{command}");
    }
    examples.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_readme_answers_what_it_says() {
    if curl_is_missing() {
        return;
    }
    let dev = Dev::start(&[]).await;

    let examples = answers_as_documented(&dev, include_str!("../../README.md")).await;

    assert!(examples >= 5, "the README has lost its examples: {examples}");
    dev.interrupt().await;
}
