//! App settings: the environment that functions see, and `%NAME%` in definitions.

use std::collections::BTreeMap;

/// The settings of the app, which are the environment of the worker process too.
#[derive(Clone, Default)]
pub(in crate::functions) struct AppSettings {
    values: BTreeMap<String, String>,
}

impl AppSettings {
    /// The given settings, laid over this process's own environment if `inherit` says so.
    pub(in crate::functions) fn new(given: &BTreeMap<String, String>, inherit: bool) -> Self {
        // A variable that isn't Unicode can't be a setting; it is left out instead of ending the program.
        let own = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut values: BTreeMap<String, String> = if inherit { own.collect() } else { BTreeMap::new() };
        values.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
        Self { values }
    }

    /// A setting. As in .NET's configuration, case doesn't matter and `__` stands for `:`.
    pub(in crate::functions) fn get(&self, name: &str) -> Option<&str> {
        if let Some(value) = self.values.get(name) {
            return Some(value);
        }
        let wanted = name.replace("__", ":");
        self.values
            .iter()
            .find(|(key, _)| key.replace("__", ":").eq_ignore_ascii_case(&wanted))
            .map(|(_, value)| value.as_str())
    }

    /// Every setting, for the worker's environment.
    pub(in crate::functions) fn all(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// `text` with each `%NAME%` replaced by the setting.
    ///
    /// # Errors
    /// The name of the first setting that doesn't exist.
    pub(in crate::functions) fn expand(&self, text: &str) -> Result<String, String> {
        self.expand_with(text, |name| Err(name.to_owned()))
    }

    /// `text` with each `%NAME%` replaced; one that doesn't exist stays as it is, as
    /// `Environment.ExpandEnvironmentVariables` leaves it in the customHandler section.
    pub(in crate::functions) fn expand_known(&self, text: &str) -> String {
        self.expand_with(text, |name| Ok(format!("%{name}%"))).unwrap_or_else(|_| text.to_owned())
    }

    fn expand_with(
        &self,
        text: &str,
        unknown: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            expanded.push_str(before);
            let Some((name, behind)) = after.split_once('%') else {
                // A lone percent sign is only that.
                expanded.push('%');
                rest = after;
                continue;
            };
            match self.get(name) {
                Some(value) => expanded.push_str(value),
                None => expanded.push_str(&unknown(name)?),
            }
            rest = behind;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}
