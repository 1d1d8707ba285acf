//! App settings at the desk: `Values` of `local.settings.json`, and `.env`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct LocalSettings {
    #[serde(rename = "IsEncrypted", default)]
    is_encrypted: bool,
    #[serde(rename = "Values", default)]
    values: BTreeMap<String, String>,
}

/// Reads both files of a folder, where they are; `local.settings.json` wins over `.env`, and what the environment has
/// already wins over both, as with Core Tools: `skipped` is told its names. No error repeats a value.
pub(super) fn read(
    folder: &Path,
    is_in_environment: impl Fn(&str) -> bool,
    skipped: impl Fn(&str),
) -> Result<BTreeMap<String, String>, String> {
    let mut settings = match read_if_there(&folder.join(".env"))? {
        Some(text) => parse_env(&text)?,
        None => BTreeMap::new(),
    };
    if let Some(text) = read_if_there(&folder.join("local.settings.json"))? {
        settings.extend(parse_local_settings(&text)?);
    }
    settings.retain(|name, _| {
        let is_there = is_in_environment(name);
        if is_there {
            skipped(name);
        }
        !is_there
    });
    Ok(settings)
}

fn read_if_there(file: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} can't be read: {error}", file.display())),
    }
}

fn parse_local_settings(text: &str) -> Result<BTreeMap<String, String>, String> {
    let settings: LocalSettings = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        format!(
            "local.settings.json, line {}, column {}: must be {{\"IsEncrypted\": false, \"Values\": {{...}}}} with \
             strings as values",
            error.line(),
            error.column()
        )
    })?;
    if settings.is_encrypted {
        return Err("local.settings.json is encrypted: run `func settings decrypt`".to_owned());
    }
    Ok(settings.values)
}

/// Lines `NAME=value`, perhaps after `export`; `#` begins a comment line; quotes around a whole value are dropped.
fn parse_env(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut settings = BTreeMap::new();
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line
            .split_once('=')
            .filter(|(name, _)| !name.trim().is_empty())
            .ok_or_else(|| format!(".env, line {number}: must be NAME=value"))?;
        let value = value.trim();
        let unquoted = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote).and_then(|rest| rest.strip_suffix(*quote)));
        settings.insert(name.trim().to_owned(), unquoted.unwrap_or(value).to_owned());
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn env_lines_are_read_with_and_without_quotes() {
        let settings = parse_env("# a comment\nA=1\nexport B=\"x y\"\n\nC='=;'\nD=\n").unwrap();
        let expected = [("A", "1"), ("B", "x y"), ("C", "=;"), ("D", "")];
        assert_eq!(settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn local_settings_win_over_env_and_the_environment_over_both() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "A=env\nB=env\nC=env").unwrap();
        std::fs::write(folder.path().join("local.settings.json"), r#"{"Values":{"A":"json"}}"#).unwrap();
        let settings = read(folder.path(), |name| name == "C", |_| ()).unwrap();
        let expected = [("A", "json"), ("B", "env")];
        assert_eq!(settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_wrong_file_is_named_and_no_value_is_repeated() {
        for sentence in [
            parse_local_settings(r#"{"Values":{"A":["CANARY"]}}"#).unwrap_err(),
            parse_local_settings("CANARY").unwrap_err(),
            parse_env("CANARY").unwrap_err(),
        ] {
            assert!(sentence.contains("line 1") && !sentence.contains("CANARY"), "{sentence}");
        }
    }
}
