//! LIKE and PATINDEX: patterns with `%`, `_`, `[a-z]`, `[^x]` and an escape character.
//!
//! - A pattern and a text are sequences of UTF-16 units, as on a server without an `_SC` collation: `_` and a set stand
//!   for one unit, so a character outside the Basic Multilingual Plane needs `__`.
//! - Letters match in both cases; a range holds what sorts between its bounds (`[a-f]` holds `é` and `E`).
//! - A set that isn't closed, an empty set and an escape character at the end make a pattern that matches nothing.
//! - Matching goes back to the last `%` only: its time is at most the product of both lengths.

use super::super::collation::{fold_unit, unit_rank};

/// Whether blanks at the end of the text count. Those of the pattern always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrailingBlanks {
    /// They count: nchar or nvarchar is among the arguments.
    Count,
    /// They may be left over: all arguments are char or varchar.
    Ignore,
}

/// A pattern, read once and matched with any number of texts.
#[derive(Debug)]
pub(super) struct Pattern {
    /// None for one that matches nothing.
    parts: Option<Vec<Part>>,
}

#[derive(Debug)]
enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    /// A folded unit.
    Unit(u16),
    Set {
        inverted: bool,
        ranges: Vec<(u16, u16)>,
    },
}

impl Part {
    fn accepts(&self, unit: u16) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Unit(own) => *own == unit,
            Self::Set { inverted, ranges } => {
                let rank = unit_rank(unit);
                let inside =
                    ranges.iter().any(|(low, high)| unit_rank(*low) <= rank && rank <= unit_rank(*high));
                inside != *inverted
            }
        }
    }
}

impl Pattern {
    /// Reads a pattern; `escape` makes the unit behind it an ordinary one.
    pub(super) fn read(pattern: &str, escape: Option<u16>) -> Self {
        let mut units = pattern.encode_utf16();
        let mut parts = Vec::new();
        while let Some(unit) = units.next() {
            let part = if Some(unit) == escape {
                match units.next() {
                    Some(plain) => Part::Unit(fold_unit(plain)),
                    None => return Self { parts: None },
                }
            } else if unit == u16::from(b'%') {
                Part::Any
            } else if unit == u16::from(b'_') {
                Part::One
            } else if unit == u16::from(b'[') {
                match read_set(&mut units, escape) {
                    Some(set) => set,
                    None => return Self { parts: None },
                }
            } else {
                Part::Unit(fold_unit(unit))
            };
            // Several `%` in a row are one.
            if !(matches!(part, Part::Any) && matches!(parts.last(), Some(Part::Any))) {
                parts.push(part);
            }
        }
        Self { parts: Some(parts) }
    }

    /// Whether the whole text fits the pattern.
    pub(super) fn matches(&self, text: &str, blanks: TrailingBlanks) -> bool {
        let units = folded(text);
        let least = match blanks {
            TrailingBlanks::Count => units.len(),
            TrailingBlanks::Ignore => units
                .iter()
                .rposition(|unit| *unit != u16::from(b' '))
                .map_or(0, |last| last.saturating_add(1)),
        };
        self.start_of_match(&units, least).is_some()
    }

    /// Where what follows the leading `%` begins in the text, in units from 1; 0 when the text doesn't fit.
    pub(super) fn position(&self, text: &str) -> usize {
        let units = folded(text);
        self.start_of_match(&units, units.len()).map_or(0, |start| start.saturating_add(1))
    }

    /// A match must reach at least the unit at `least`.
    fn start_of_match(&self, units: &[u16], least: usize) -> Option<usize> {
        let parts = self.parts.as_deref()?;
        let (mut part, mut unit) = (0_usize, 0_usize);
        // The part behind the last `%` met, and the unit at which that part was tried.
        let mut retry: Option<(usize, usize)> = None;
        let mut start = 0;
        loop {
            match parts.get(part) {
                Some(Part::Any) => {
                    part = part.saturating_add(1);
                    retry = Some((part, unit));
                    continue;
                }
                Some(other) if units.get(unit).is_some_and(|unit| other.accepts(*unit)) => {
                    part = part.saturating_add(1);
                    unit = unit.saturating_add(1);
                    continue;
                }
                None if unit >= least => return Some(start),
                _ => {}
            }
            // No fit from here: let the last `%` take one unit more. Those before it need never change, as each part
            // between two of them already stands as far left as it can.
            let (behind, tried) = retry?;
            // A `%` at the very end takes all that is left.
            if behind == parts.len() {
                return Some(start);
            }
            if tried >= units.len() {
                return None;
            }
            let next = tried.saturating_add(1);
            retry = Some((behind, next));
            (part, unit) = (behind, next);
            if behind == 1 {
                start = next;
            }
        }
    }
}

/// Reads a set behind its `[`; None when it isn't closed.
fn read_set(units: &mut impl Iterator<Item = u16>, escape: Option<u16>) -> Option<Part> {
    // The members up to `]`, each with whether it was escaped and so has no meaning of its own.
    let mut members: Vec<(u16, bool)> = Vec::new();
    loop {
        let unit = units.next()?;
        if Some(unit) == escape {
            members.push((units.next()?, true));
        } else if unit == u16::from(b']') {
            break;
        } else {
            members.push((unit, false));
        }
    }
    let inverted = members.first() == Some(&(u16::from(b'^'), false));
    let mut rest = members.get(usize::from(inverted)..)?;
    let mut ranges = Vec::new();
    while let Some(((first, _), behind)) = rest.split_first() {
        let low = fold_unit(*first);
        if let [(dash, false), (last, _), after @ ..] = behind
            && *dash == u16::from(b'-')
        {
            ranges.push((low, fold_unit(*last)));
            rest = after;
        } else {
            ranges.push((low, low));
            rest = behind;
        }
    }
    Some(Part::Set { inverted, ranges })
}

fn folded(text: &str) -> Vec<u16> {
    text.encode_utf16().map(fold_unit).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::read(pattern, None).matches(text, TrailingBlanks::Count)
    }

    fn like_escape(text: &str, pattern: &str, escape: u8) -> bool {
        Pattern::read(pattern, Some(u16::from(escape))).matches(text, TrailingBlanks::Count)
    }

    fn patindex(pattern: &str, text: &str) -> usize {
        Pattern::read(pattern, None).position(text)
    }

    #[test]
    fn the_wildcards_match_as_the_reference_says() {
        for (text, pattern) in [
            ("abc", "abc"),
            ("ABC", "aBc"),
            ("", ""),
            ("", "%"),
            ("abc", "%"),
            ("abcabd", "%abd"),
            ("computer", "%put%"),
            ("Dean", "_ean"),
            ("Carsen", "[C-P]arsen"),
            ("Larsen", "[C-P]arsen"),
            ("dear", "de[^l]%"),
            ("5%", "5[%]"),
            ("_n", "[_]n"),
            ("a-b", "a[-x]b"),
            ("a-b", "a[x-]b"),
            ("[ ]", "[[] ]"),
            ("]", "]"),
            ("É", "[a-f]"),
            ("😀", "__"),
        ] {
            assert!(like(text, pattern), "{text:?} LIKE {pattern:?}");
        }
        for (text, pattern) in [
            ("abc", "ab"),
            ("abc", ""),
            ("", "_"),
            ("abc", "abc "),
            ("abc ", "abc"),
            ("e", "é"),
            ("del", "de[^l]%"),
            ("Darsen", "[E-P]arsen"),
            ("a", "a["),
            ("a[", "a["),
            ("a", "[]"),
            ("😀", "_"),
            ("b", "[z-a]"),
        ] {
            assert!(!like(text, pattern), "{text:?} LIKE {pattern:?}");
        }
    }

    #[test]
    fn an_escaped_character_stands_for_itself() {
        assert!(like_escape("30%", "%30!%%", b'!'));
        assert!(!like_escape("300", "%30!%%", b'!'));
        assert!(like_escape("a!b", "a!!b", b'!'));
        assert!(like_escape("ab", "a!b", b'!'));
        assert!(like_escape("]", "[!]]", b'!'));
        assert!(like_escape("-", "[a!-z]", b'!'));
        assert!(!like_escape("b", "[a!-z]", b'!'));
        assert!(like_escape("^", "[!^a]", b'!'));
        assert!(!like_escape("a", "a!", b'!'));
    }

    #[test]
    fn blanks_at_the_end_of_a_varchar_may_be_left_over() {
        let ends = |pattern, text| Pattern::read(pattern, None).matches(text, TrailingBlanks::Ignore);
        assert!(ends("abc", "abc   "));
        assert!(ends("abc ", "abc   "));
        assert!(ends("%king", "Robert King   "));
        assert!(!ends("abc ", "abc"));
        assert!(!ends("abc", "abc d"));
    }

    #[test]
    fn patindex_tells_where_the_first_part_begins() {
        assert_eq!(patindex("%ter%", "interesting data"), 3);
        assert_eq!(patindex("%en_ure%", "Please ensure the door is locked!"), 8);
        assert_eq!(patindex("abc%", "abcd"), 1);
        assert_eq!(patindex("abc%", "xabcd"), 0);
        assert_eq!(patindex("%bc", "bcabc"), 4);
        assert_eq!(patindex("%[^ 0-9A-z]%", "Please ensure!"), 14);
        assert_eq!(patindex("%a%c%", "xabac"), 2);
        assert_eq!(patindex("%q%", "abc"), 0);
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let text = "a".repeat(8_000);
        let began = Instant::now();
        assert!(!like(&text, &format!("{}b", "%a".repeat(1_500))));
        assert!(!like(&text, &format!("%{}b%", "a".repeat(1_000))));
        // Backtracking over every `%` would take longer than anyone can wait.
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    /// The plain definition: try every way to share the text among the parts.
    fn naive(parts: &[Part], units: &[u16]) -> bool {
        match (parts.split_first(), units.split_first()) {
            (None, _) => units.is_empty(),
            (Some((Part::Any, rest)), None) => naive(rest, units),
            (Some((Part::Any, rest)), Some((_, behind))) => naive(rest, units) || naive(parts, behind),
            (Some((part, rest)), Some((unit, behind))) => part.accepts(*unit) && naive(rest, behind),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_plain_definition(
            text in "[abAB ]{0,8}",
            pattern in "([ab%_]|\\[a\\]|\\[\\^a\\]|\\[a-b\\]){0,7}",
        ) {
            let read = Pattern::read(&pattern, None);
            let units = folded(&text);
            let parts = read.parts.as_deref().unwrap_or_default();
            prop_assert_eq!(read.matches(&text, TrailingBlanks::Count), naive(parts, &units));
            let trimmed = text.trim_end_matches(' ').len();
            let any_end = (trimmed..=units.len()).any(|end| naive(parts, units.get(..end).unwrap_or_default()));
            prop_assert_eq!(read.matches(&text, TrailingBlanks::Ignore), any_end);
        }

        #[test]
        fn patindex_is_the_first_place_where_the_rest_matches(
            text in "[ab]{0,8}",
            pattern in "[ab_][ab%_]{0,5}",
        ) {
            let units = folded(&text);
            let rest = Pattern::read(&pattern, None);
            let parts = rest.parts.as_deref().unwrap_or_default();
            let first = (0..=units.len()).find(|start| naive(parts, units.get(*start..).unwrap_or_default()));
            let found = patindex(&format!("%{pattern}"), &text);
            prop_assert_eq!(found, first.map_or(0, |start| start + 1));
        }

        #[test]
        fn no_pattern_panics(text in "\\PC{0,20}", pattern in "\\PC{0,20}", escape: Option<u16>) {
            Pattern::read(&pattern, escape).matches(&text, TrailingBlanks::Ignore);
        }
    }
}
