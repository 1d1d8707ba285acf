//! How a report looks: a line a step, with its cure below it.

use std::io::IsTerminal;
use std::sync::Arc;

use super::super::terminal::say;
use crate::doctor::{Report, Status, Step};

/// See the module. With JSON nothing is printed before the end.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    json: bool,
    colors: bool,
    /// The connection of the line before.
    connection: Option<Arc<str>>,
}

impl Screen {
    pub(super) fn new(json: bool, no_color: bool) -> Self {
        // https://no-color.org: set to anything but nothing.
        let unwanted = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, colors: !unwanted && std::io::stdout().is_terminal(), connection: None }
    }

    pub(super) fn step(&mut self, step: &Step) {
        if self.json {
            return;
        }
        if self.connection != step.connection {
            self.connection.clone_from(&step.connection);
            if let Some(connection) = &step.connection {
                say(&harmless(connection));
            }
        }
        say(&self.line(step));
        if let Some(cure) = &step.finding.cure {
            say(&format!("{:24}-> {}", "", harmless(cure)));
        }
    }

    /// `  FAIL login     12 ms  the server refused the login`
    fn line(&self, step: &Step) -> String {
        let finding = &step.finding;
        let (word, color) = match finding.status {
            Status::Ok => ("ok", "32"),
            Status::Warn => ("warn", "33"),
            Status::Fail => ("FAIL", "31"),
            Status::Skip => ("skip", "2"),
        };
        let word = format!("{word:4}");
        let word = if self.colors { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word };
        let time = format!("{} ms", step.time.as_millis());
        let number = finding.sql_error.map(|number| format!(" (SQL error {number})")).unwrap_or_default();
        format!("  {word} {:9}{time:>8}  {}{number}", step.name.name(), harmless(&finding.summary))
    }

    pub(super) fn end(&self, report: &Report) {
        if self.json {
            say(&format!("{:#}", report.json()));
            return;
        }
        let count = |status| report.count(status);
        let (failed, warned) = (count(Status::Fail), count(Status::Warn));
        let skipped = match count(Status::Skip) {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        say(&match (failed, warned) {
            (0, 0) => format!("all is well{skipped}"),
            (0, warned) => format!("it works; {warned} to look at{skipped}"),
            (failed, _) => format!("{failed} failed{skipped}"),
        });
    }
}

/// What servers and tokens say must not move the cursor.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
