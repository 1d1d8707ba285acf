//! The identity of an idempotency key: a hash of the function, the caller and the key.

use aws_lc_rs::digest::{Context, SHA256};

/// Who calls, as far as App Service authentication tells.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum CallerIdentity {
    /// Nobody tells callers apart: authentication is off, the caller is anonymous, or the trigger has none. All such
    /// calls share their keys.
    #[default]
    Unknown,
    /// A caller whom the platform knows.
    Known {
        /// Such as `aad`; what a caller is called is unique within it only.
        provider: Option<String>,
        /// What the provider calls the caller.
        id: String,
    },
}

// Who calls must not reach a log.
impl std::fmt::Debug for CallerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Known { .. } => "Known(..)",
        })
    }
}

/// SHA-256 over function, caller and key.
///
/// A hash and not the key itself, so that no collation takes two keys for one (letter case, trailing blanks), no key is too
/// long for an index, and no key stands in the table. Bytes are compared, so two keys are one only when they are the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of `key`, for this caller of this function.
    #[must_use]
    pub fn new(function: &str, caller: &CallerIdentity, key: &str) -> Self {
        let mut digest = LengthPrefixed::new("azsql-worker idempotency key 1");
        // The host takes function names without regard to case.
        digest.add(function.to_ascii_lowercase().as_bytes());
        match caller {
            CallerIdentity::Unknown => digest.add(b"unknown"),
            CallerIdentity::Known { provider, id } => {
                digest.add(b"known");
                digest.add_optional(provider.as_ref().map(|provider| provider.as_bytes()));
                digest.add(id.as_bytes());
            }
        }
        digest.add(key.as_bytes());
        Self(digest.finish())
    }

    /// The bytes, for the table's column `Id`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

// A short key could be guessed from its hash.
impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// A hash over parts, each with its length before it, so that no two lists of parts are the same bytes.
pub(super) struct LengthPrefixed(Context);

impl LengthPrefixed {
    /// `domain` keeps the hashes of one purpose apart from those of another.
    pub(super) fn new(domain: &str) -> Self {
        let mut digest = Self(Context::new(&SHA256));
        digest.add(domain.as_bytes());
        digest
    }

    pub(super) fn add(&mut self, part: &[u8]) {
        // usize has at most 64 bits on every platform that Rust knows.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update(&length.to_be_bytes());
        self.0.update(part);
    }

    /// A part that may be missing, which is not the same as an empty one.
    pub(super) fn add_optional(&mut self, part: Option<&[u8]>) {
        match part {
            Some(part) => {
                self.add(b"some");
                self.add(part);
            }
            None => self.add(b"none"),
        }
    }

    pub(super) fn finish(self) -> [u8; 32] {
        let digest = self.0.finish();
        let mut bytes = [0; 32];
        // SHA-256 has 32 bytes.
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(provider: Option<&str>, id: &str) -> CallerIdentity {
        CallerIdentity::Known { provider: provider.map(str::to_owned), id: id.to_owned() }
    }

    #[test]
    fn a_key_of_another_function_or_caller_is_another_key() {
        let nobody = CallerIdentity::Unknown;
        let own = KeyHash::new("PlaceOrder", &nobody, "k");
        assert_eq!(own, KeyHash::new("placeorder", &nobody, "k"), "a function's name has no case");
        assert_ne!(own, KeyHash::new("CancelOrder", &nobody, "k"));
        assert_ne!(own, KeyHash::new("PlaceOrder", &known(None, ""), "k"));
        let ada = KeyHash::new("PlaceOrder", &known(Some("aad"), "ada"), "k");
        assert_ne!(ada, KeyHash::new("PlaceOrder", &known(Some("github"), "ada"), "k"));
        assert_ne!(ada, KeyHash::new("PlaceOrder", &known(None, "ada"), "k"));
        assert_ne!(ada, KeyHash::new("PlaceOrder", &known(Some("aad"), "bob"), "k"));
    }

    #[test]
    fn letter_case_and_blanks_make_another_key() {
        let hash = |key| KeyHash::new("F", &CallerIdentity::Unknown, key);
        for other in ["K", "k ", " k", "k\0", "\u{212a}"] {
            assert_ne!(hash("k"), hash(other), "{other:?}");
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_caller() {
        let caller = known(Some("canary"), "canary");
        let shown = format!("{:?} {caller:?}", KeyHash::new("F", &caller, "canary"));
        assert_eq!(shown, "KeyHash(..) Known(..)");
    }

    proptest! {
        #[test]
        fn characters_that_move_from_one_part_to_the_next_make_another_key(
            text in "[a-c]{2,12}",
            first in 1usize..11,
            second in 1usize..11,
        ) {
            let split = |at: usize| {
                let (id, key) = text.split_at(at.min(text.len()));
                KeyHash::new("F", &known(None, id), key)
            };
            let (first, second) = (first.min(text.len()), second.min(text.len()));
            prop_assert_eq!(split(first) == split(second), first == second);
        }
    }
}
