//! Text as UTF-16 units: counting, cutting and finding.

use super::super::collation::fold_unit;

/// How many UTF-16 units a text has.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The units from `start` (from 0) up to, not with, `end`; what lies outside the text is left out.
pub(super) fn slice(text: &str, start: usize, end: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().skip(start).take(end.saturating_sub(start)).collect();
    text_of(&units)
}

/// The text of units; half of a surrogate pair becomes U+FFFD, one unit as well.
pub(super) fn text_of(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

/// The units with all letters small, one for one.
pub(super) fn folded(text: &str) -> Vec<u16> {
    text.encode_utf16().map(fold_unit).collect()
}

/// Looks for one text in others, in time linear in both (Knuth, Morris and Pratt).
pub(super) struct Finder {
    needle: Vec<u16>,
    /// For each prefix of the needle, how long its longest border is.
    borders: Vec<usize>,
}

impl Finder {
    /// `needle` is folded already.
    pub(super) fn new(needle: Vec<u16>) -> Self {
        let mut borders: Vec<usize> = Vec::with_capacity(needle.len());
        let mut border = 0_usize;
        for (at, unit) in needle.iter().enumerate() {
            if at > 0 {
                border = extend(&needle, &borders, border, *unit);
            }
            borders.push(border);
        }
        Self { needle, borders }
    }

    /// Where the needle begins for the first time at or behind `from`, in units from 0; None for an empty needle.
    pub(super) fn find(&self, haystack: &[u16], from: usize) -> Option<usize> {
        if self.needle.is_empty() {
            return None;
        }
        let mut matched = 0_usize;
        for (at, unit) in haystack.iter().enumerate().skip(from) {
            matched = extend(&self.needle, &self.borders, matched, *unit);
            if matched == self.needle.len() {
                return Some(at.saturating_add(1).saturating_sub(matched));
            }
        }
        None
    }
}

/// The longest prefix of the needle that ends at `unit`, after one of `matched` units before it.
fn extend(needle: &[u16], borders: &[usize], mut matched: usize, unit: u16) -> usize {
    loop {
        if needle.get(matched) == Some(&unit) {
            return matched.saturating_add(1);
        }
        if matched == 0 {
            return 0;
        }
        matched = borders.get(matched.saturating_sub(1)).copied().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cutting_through_a_surrogate_pair_leaves_a_replacement_of_one_unit() {
        assert_eq!(slice("a😀b", 0, 2), "a\u{FFFD}");
        assert_eq!(slice("a😀b", 2, 4), "\u{FFFD}b");
        assert_eq!(slice("a😀b", 1, 3), "😀");
        assert_eq!(slice("abc", 5, 3), "");
    }

    proptest! {
        #[test]
        fn finding_agrees_with_trying_every_place(
            haystack in prop::collection::vec(0_u16..3, 0..20),
            needle in prop::collection::vec(0_u16..3, 1..5),
            from in 0_usize..22,
        ) {
            let expected = (from..haystack.len()).find(|at| haystack.get(*at..).is_some_and(|rest| rest.starts_with(&needle)));
            prop_assert_eq!(Finder::new(needle).find(&haystack, from), expected);
        }

        #[test]
        fn both_sides_of_a_cut_have_all_units(text in "\\PC{0,12}", at in 0_usize..14) {
            let all = length(&text);
            let (left, right) = (slice(&text, 0, at), slice(&text, at, all));
            prop_assert_eq!(length(&left) + length(&right), all);
            if !left.ends_with('\u{FFFD}') {
                prop_assert_eq!(left + &right, text);
            }
        }
    }
}
