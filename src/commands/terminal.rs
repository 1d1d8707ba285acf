//! What commands print: their result on stdout, what goes on and what went wrong on stderr.

use std::io::Write;

/// Prints a text on stdout, at once.
pub(super) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // Nobody is left to tell when stdout is closed.
    let _closed = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints a line about a command's work on stderr.
pub(super) fn tell(text: &str) {
    let _closed = writeln!(std::io::stderr(), "azsql-worker: {text}");
}
