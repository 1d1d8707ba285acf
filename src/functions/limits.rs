//! The limits that a definition sets for a parameter's value, and those that follow from its type.

use std::cmp::Ordering;

use regex::Regex;

use crate::invocation::{SqlType, SqlValue};

/// What a value must keep to.
#[derive(Clone, Default)]
pub(super) struct Limits {
    /// With its text as the definition writes it.
    pub(super) min: Option<Bound>,
    pub(super) max: Option<Bound>,
    /// UTF-16 units for text, bytes for binary.
    pub(super) max_length: Option<usize>,
    pub(super) pattern: Option<Regex>,
    pub(super) allowed: Vec<Bound>,
}

/// A value of a definition's with its spelling there.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) value: SqlValue,
    pub(super) spelling: String,
}

// A parameter's limits come from the definition, but sit beside values in what is logged: numbers only.
impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").field("max_length", &self.max_length).finish_non_exhaustive()
    }
}

impl Limits {
    /// Checks a value; the sentence names the limit and never the value. NULL keeps to every limit.
    pub(super) fn check(&self, value: &SqlValue) -> Result<(), String> {
        self.check_without_enum(value)?;
        let any = self.allowed.is_empty() || *value == SqlValue::Null;
        if any || self.allowed.iter().any(|allowed| allowed.value == *value) {
            return Ok(());
        }
        let spellings: Vec<&str> = self.allowed.iter().map(|allowed| allowed.spelling.as_str()).collect();
        Err(format!("must be one of {}", spellings.join(", ")))
    }

    /// Checks a value against every limit but `enum`.
    pub(super) fn check_without_enum(&self, value: &SqlValue) -> Result<(), String> {
        if *value == SqlValue::Null {
            return Ok(());
        }
        if let Some(min) = self.min.as_ref().filter(|min| compare(value, &min.value) == Some(Ordering::Less))
        {
            return Err(format!("must be at least {}", min.spelling));
        }
        if let Some(max) =
            self.max.as_ref().filter(|max| compare(value, &max.value) == Some(Ordering::Greater))
        {
            return Err(format!("must be at most {}", max.spelling));
        }
        if let Some(longest) = self.max_length.filter(|longest| length(value) > *longest) {
            let unit = if matches!(value, SqlValue::Binary(_)) { "bytes" } else { "characters" };
            return Err(format!("must be at most {longest} {unit} long"));
        }
        if let (Some(pattern), SqlValue::Text(text)) = (&self.pattern, value)
            && !pattern.is_match(text)
        {
            return Err(format!("must match the pattern {pattern}"));
        }
        Ok(())
    }
}

/// How long a value of the type may be, since the server would cut a longer one without a word.
///
/// char and varchar are counted like nchar and nvarchar, in UTF-16 units. A code page of one byte a character has
/// exactly that many; under a UTF-8 collation, or an East Asian code page, a text with characters beyond ASCII can
/// take more bytes than that: declare nvarchar there.
pub(super) fn length_of_type(sql_type: SqlType) -> Option<usize> {
    sql_type.length_limit().map(usize::from)
}

fn length(value: &SqlValue) -> usize {
    match value {
        SqlValue::Text(text) => text.encode_utf16().count(),
        SqlValue::Binary(bytes) => bytes.len(),
        _ => 0,
    }
}

/// The order of two values of one type; None when the type has none.
pub(super) fn compare(one: &SqlValue, other: &SqlValue) -> Option<Ordering> {
    match (one, other) {
        (SqlValue::Integer(one), SqlValue::Integer(other)) => Some(one.cmp(other)),
        // Both have the type's scale.
        (SqlValue::Decimal(one), SqlValue::Decimal(other)) => Some(one.unscaled.cmp(&other.unscaled)),
        (SqlValue::Float(one), SqlValue::Float(other)) => one.partial_cmp(other),
        (SqlValue::Date(one), SqlValue::Date(other)) => Some(one.cmp(other)),
        (SqlValue::Time(one), SqlValue::Time(other)) => Some(one.cmp(other)),
        (SqlValue::DateTime(one), SqlValue::DateTime(other)) => Some(one.cmp(other)),
        (SqlValue::DateTimeOffset(one), SqlValue::DateTimeOffset(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
