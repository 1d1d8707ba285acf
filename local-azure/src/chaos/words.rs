//! The word that was probably meant.

/// The nearest of the known words, if it is near enough to be meant.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    known
        .into_iter()
        .map(|word| (distance(&written, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many characters have to be inserted, removed or exchanged (Levenshtein's distance).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for letter in from.chars() {
        let mut upper_left = costs.first().copied().unwrap_or_default();
        let mut left = upper_left.saturating_add(1);
        if let Some(first) = costs.first_mut() {
            *first = left;
        }
        for (cost, other) in costs.iter_mut().skip(1).zip(&to) {
            let exchanged = upper_left.saturating_add(usize::from(letter != *other));
            upper_left = *cost;
            *cost = exchanged.min(upper_left.saturating_add(1)).min(left.saturating_add(1));
            left = *cost;
        }
    }
    costs.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (from, to, expected) in
            [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        let known = ["connect", "login", "statement", "commit"];
        assert_eq!(nearest("conect", known), Some("connect"));
        assert_eq!(nearest("Login", known), Some("login"));
        assert_eq!(nearest("weekend", known), None);
    }
}
