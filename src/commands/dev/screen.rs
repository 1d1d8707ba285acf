//! What `dev` prints: the host's lines as Core Tools shows them, and the summary at the start.

use local_azure::functions::{LogLevel, LogLine, LogSource};
use serde_json::Value as Json;

pub(super) use crate::commands::terminal::say;

/// Prints a line of the host's log, if a person wants to see it.
pub(super) fn show(line: &LogLine) {
    if line.level == LogLevel::Debug {
        return;
    }
    let text = match line.source {
        LogSource::Worker => readable(&line.text).unwrap_or_else(|| line.text.clone()),
        LogSource::Host | LogSource::Function(_) => line.text.clone(),
    };
    say(&text);
}

/// The worker's JSON line in the form `worker: warn: try failed ... (function=GetPerson, try=1)`.
fn readable(text: &str) -> Option<String> {
    let Ok(Json::Object(mut event)) = serde_json::from_str(text) else { return None };
    let level = event.remove("level")?.as_str()?.to_ascii_lowercase();
    let message = event.remove("message")?.as_str()?.to_owned();
    event.remove("timestamp");
    event.remove("target");
    if let Some(Json::Object(mut span)) = event.remove("span") {
        span.remove("name");
        event.append(&mut span);
    }
    let mut fields: Vec<String> =
        event.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
    fields.sort();
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    Some(format!("worker: {level}: {message}{fields}"))
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workers_json_line_is_shown_as_a_sentence() {
        let line = r#"{"timestamp":"t","level":"WARN","message":"try failed","try":1,"target":"azsql_worker","span":{"function":"GetPerson","name":"invocation"}}"#;
        assert_eq!(readable(line).as_deref(), Some("worker: warn: try failed (function=GetPerson, try=1)"));
        assert_eq!(readable("plain text"), None);
    }
}
