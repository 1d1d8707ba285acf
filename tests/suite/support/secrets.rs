//! The check that nothing written holds a secret or a caller's value.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What tests put into every value that they send.
pub(crate) const CANARY: &str = "CANARY";
/// The function key that every request carries, in the query and in a header.
pub(crate) const FUNCTION_KEY: &str = "CANARY-KEY";
/// How every JSON Web Token begins: `{"` in base64.
const TOKEN_BEGIN: &str = "eyJ";

/// What must not be seen, and everything that was seen. Clones share both.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    secrets: BTreeSet<String>,
    seen: Vec<String>,
}

impl Secrets {
    /// The marker and the beginning of a token are secrets from the start.
    pub(crate) fn new() -> Self {
        let secrets = Self::default();
        secrets.add(CANARY);
        secrets.add(TOKEN_BEGIN);
        secrets
    }

    /// From now on `secret` must not have been seen.
    pub(crate) fn add(&self, secret: &str) {
        assert!(!secret.is_empty(), "an empty secret would be in every line");
        self.lock().secrets.insert(secret.to_owned());
    }

    /// A token: the whole of it, and its signature alone.
    pub(crate) fn add_token(&self, token: &str) {
        self.add(token);
        if let Some((_, signature)) = token.rsplit_once('.').filter(|(_, signature)| !signature.is_empty()) {
            self.add(signature);
        }
    }

    /// A text that a person or a program got to read.
    pub(crate) fn saw(&self, text: &str) {
        self.lock().seen.push(text.to_owned());
    }

    /// The texts that hold a secret.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let inner = self.lock();
        let leaks = |text: &&String| inner.secrets.iter().any(|secret| text.contains(secret.as_str()));
        inner.seen.iter().filter(leaks).cloned().collect()
    }

    /// Forgets the texts that `which` takes.
    pub(crate) fn forget(&self, which: impl Fn(&str) -> bool) {
        self.lock().seen.retain(|text| !which(text));
    }

    /// How many texts were seen.
    pub(crate) fn seen(&self) -> usize {
        self.lock().seen.len()
    }

    /// Fails the test when a secret was seen.
    #[track_caller]
    pub(crate) fn assert_kept(&self) {
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "a secret or a caller's value was written:\n{}", leaks.join("\n"));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
