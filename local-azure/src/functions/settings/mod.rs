//! What the host is configured with: app settings, host.json, and .NET's forms of values in them.

mod app_settings;
mod comments;
mod host_json;
#[cfg(test)]
mod laws;
mod local_settings;
mod time_span;

pub(super) use app_settings::AppSettings;
pub(crate) use comments::without_comments;
pub use host_json::HostJsonError;
pub(super) use host_json::{HostConfiguration, HttpMode, QueueSettings, WorkerDescription};
pub use local_settings::{LocalSettingsError, local_settings};
pub(super) use time_span::{format_time_span, parse_time_span};
