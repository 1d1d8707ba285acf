//! `azsql-worker openapi`: the HTTP functions as an OpenAPI document, for those who call them.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use super::check::unreadable;
use super::terminal::{say, tell};
use super::{EXIT_CANT_CREATE, EXIT_MISTAKES, EXIT_NO_INPUT, EXIT_USAGE, default_functions};
use crate::functions::{self, OpenApiOptions, openapi};
use crate::host::host_json::{self, HttpMode};
use crate::settings::{environment, number_settings};

/// Options of `openapi`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct OpenApiCommand {
    /// The script root: the folder with a folder for each function; host.json is in it or beside it [default:
    /// function-definitions if it is there, else this folder]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// The URL that the functions' paths follow, such as https://shop.azurewebsites.net [default: the address that the
    /// document is read from]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The document's title
    #[arg(long, value_name = "TEXT", default_value = OpenApiOptions::TITLE)]
    title: String,
    /// The version of the interface
    #[arg(long, value_name = "TEXT", default_value = OpenApiOptions::VERSION)]
    api_version: String,
    /// Write the document to this file [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the document of all functions whose definitions are valid. 0 = that is all of them; else [`EXIT_MISTAKES`] with every
/// mistake on stderr, [`EXIT_NO_INPUT`] when the script root can't be read, [`EXIT_USAGE`] when the server is no URL or a setting
/// of numbers is wrong,
/// [`EXIT_CANT_CREATE`] when the file can't be written.
pub(super) fn run(options: &OpenApiCommand) -> ExitCode {
    let server = match options.server.as_deref().map(server_url).transpose() {
        Ok(server) => server,
        Err(sentence) => {
            tell(sentence);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let script_root = options.functions.clone().unwrap_or_else(default_functions);
    let numbers = match number_settings(&environment) {
        Ok(numbers) => numbers,
        Err(errors) => {
            errors.iter().for_each(|error| tell(&error.to_string()));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let catalogue = match functions::load(&script_root) {
        Ok(mut catalogue) => {
            catalogue.follow(numbers);
            catalogue
        }
        Err(error) => {
            tell(&unreadable(&script_root, &error));
            return ExitCode::from(EXIT_NO_INPUT);
        }
    };
    let host = match host_json::read(&script_root, &environment) {
        Ok(host) => host,
        Err(error) => {
            error.mistakes.iter().for_each(|mistake| tell(&mistake.to_string()));
            return ExitCode::from(EXIT_MISTAKES);
        }
    };
    let document_options = OpenApiOptions {
        title: &options.title,
        version: &options.api_version,
        server: server.as_deref(),
        route_prefix: &host.route_prefix,
        reads_bodies: host.http_mode != HttpMode::Enveloped,
    };
    let described = match openapi(&catalogue, &document_options) {
        Ok(described) => described,
        Err(error) => {
            tell(&format!("{}: extensions.http.routePrefix: {error}", host_json::FILE));
            return ExitCode::from(EXIT_MISTAKES);
        }
    };
    let mut mistakes = catalogue.invalid().flat_map(|(_, error)| &error.mistakes).peekable();
    let code = if mistakes.peek().is_none() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_MISTAKES) };
    mistakes.for_each(|mistake| tell(&mistake.to_string()));
    described.omissions.iter().for_each(|sentence| tell(sentence));
    let text = format!("{:#}", described.document);
    match &options.output {
        None => say(&text),
        Some(file) => {
            if let Err(error) = fs::write(file, text + "\n") {
                tell(&format!("{} can't be written ({})", file.display(), error.kind()));
                return ExitCode::from(EXIT_CANT_CREATE);
            }
        }
    }
    code
}

/// A server's URL without a slash at its end, since every path begins with one.
fn server_url(written: &str) -> Result<String, &'static str> {
    let is_url = url::Url::parse(written).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.password().is_none()
    });
    if is_url {
        Ok(written.trim_end_matches('/').to_owned())
    } else {
        Err("--server takes the URL that paths follow, such as https://shop.azurewebsites.net")
    }
}
