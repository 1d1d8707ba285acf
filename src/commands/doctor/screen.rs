//! How a report looks: a line a step, with its cure below it.

use std::io::IsTerminal;
use std::sync::Arc;

use super::super::terminal::say;
use crate::doctor::{Report, Status, Step, is_unprintable, printable};

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
            let mut mark = "->";
            for line in lines(&harmless(cure)) {
                say(&format!("{:24}{mark} {line}", ""));
                mark = "  ";
            }
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
            say(&printable(&format!("{:#}", report.json())));
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
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// How many columns a cure has on a terminal of 100.
const COLUMNS: usize = 73;

/// A cure in lines of as many clauses as fit. A clause is never broken: it may be a command, to be copied.
fn lines(cure: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = cure;
    while !rest.is_empty() {
        let end = [";", "."].iter().filter_map(|mark| rest.find(&format!("{mark} "))).min();
        let (clause, next) = match end.and_then(|end| rest.split_at_checked(end.saturating_add(1))) {
            Some((clause, next)) => (clause, next.trim_start()),
            None => (rest, ""),
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + clause.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(clause);
            }
            _ => lines.push(clause.to_owned()),
        }
        rest = next;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cure_has_a_line_for_what_fits_and_breaks_no_command() {
        let grant = "GRANT SELECT ON OBJECT::[dbo].[Persons] TO [func-shop];";
        assert_eq!(lines("run it again; then wait."), ["run it again; then wait."]);
        assert_eq!(lines(&format!("{grant} {grant}")), [grant, grant]);
        let long = "x".repeat(200);
        assert_eq!(
            lines(&format!("try this. {long}; or that")),
            ["try this.", &format!("{long};"), "or that"]
        );
        assert!(lines("").is_empty());
    }

    #[test]
    fn nothing_that_a_server_says_reaches_the_terminal_as_a_command() {
        assert_eq!(harmless("a\u{1b}[31mb\u{9b}2J\u{202e}c\r\n"), "a [31mb 2J c  ");
    }
}
