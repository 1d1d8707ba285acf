//! Opening a page in the person's browser.

use std::process::Stdio;

use tokio::process::Command;

use crate::identity::ways::person::tell;

/// Opens the page with `chosen`, a program, or with the system's way to do so. Where that fails the person is told the
/// address.
pub(super) fn open(chosen: Option<&str>, page: &str) {
    let mut command = command(chosen, page);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    tell("signing in: a page opens in the browser");
    let page = page.to_owned();
    match command.spawn() {
        Err(_) => tell_address(&page),
        Ok(mut browser) => {
            // It may stay for as long as its window; it is only looked after so that no zombie is left.
            tokio::spawn(async move {
                if !browser.wait().await.is_ok_and(|status| status.success()) {
                    tell_address(&page);
                }
            });
        }
    }
}

/// Whoever has the address still needs the person's own sign-in and this process' verifier to get a token.
fn tell_address(page: &str) {
    tell(&format!("no browser could be opened here; open this page by hand: {page}"));
}

fn command(chosen: Option<&str>, page: &str) -> Command {
    if let Some(program) = chosen {
        let mut command = Command::new(program);
        command.arg(page);
        return command;
    }
    if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.args(["url.dll,FileProtocolHandler", page]);
        command
    } else {
        let mut command = Command::new(if cfg!(target_os = "macos") { "open" } else { "xdg-open" });
        command.arg(page);
        command
    }
}
