//! Comparing without case as .NET's `OrdinalIgnoreCase` does: character by character, in upper case.

/// A character's upper case where that is one character, as in .NET's simple case mapping.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// Whether two texts differ in case at the most.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.chars().map(upper).eq(other.chars().map(upper))
}

/// The last place of `wanted` in `text`: where it begins and where it ends, in bytes.
pub(super) fn last_place(text: &str, wanted: &str) -> Option<(usize, usize)> {
    let places = text.char_indices().rev().map(|(begin, _)| begin);
    places.into_iter().find_map(|begin| {
        let mut rest = text.get(begin..)?.char_indices();
        for expected in wanted.chars() {
            let (_, found) = rest.next()?;
            if upper(found) != upper(expected) {
                return None;
            }
        }
        let end = rest.next().map_or(text.len(), |(at, _)| begin.saturating_add(at));
        Some((begin, end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_that_of_single_characters() {
        assert!(same("Persons", "pERSONS") && same("Å", "å"));
        assert!(!same("ß", "SS") && !same("a", "ab"));
    }

    #[test]
    fn the_last_place_counts() {
        assert_eq!(last_place("a.b.c", "."), Some((3, 4)));
        assert_eq!(last_place("xÅÅ", "å"), Some((3, 5)));
        assert_eq!(last_place("abc", "d"), None);
        assert_eq!(last_place("", "d"), None);
    }
}
