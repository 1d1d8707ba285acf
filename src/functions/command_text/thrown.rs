//! The statuses that a command's own words throw: `THROW 50404, 'no such order', 1`.

use std::collections::BTreeSet;

use super::scanner::{Kind, Token};

/// The HTTP statuses of its THROWs, from 400 to 599; those of procedures and triggers can't be seen.
pub(super) fn statuses(tokens: &[Token<'_>]) -> BTreeSet<u16> {
    let thrown = tokens.windows(2).filter_map(|pair| match pair {
        [throw, number] if throw.is_word("THROW") && number.kind == Kind::Number => {
            number.text.parse::<u32>().ok()?.checked_sub(50_000)
        }
        _ => None,
    });
    thrown
        .filter_map(|status| u16::try_from(status).ok())
        .filter(|status| (400..=599).contains(status))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::scanner::scan;
    use super::*;

    #[test]
    fn a_status_is_that_of_a_throw_of_its_own_words() {
        let text =
            "IF @a = 1 THROW 50404, 'no', 1; throw 50409, 'THROW 50410, x', 1; THROW 51000, 'x', 1; THROW;
                    -- THROW 50411, 'x', 1
                    THROW @n, 'x', 1; THROW 50600, 'x', 1; THROW 50399, 'x', 1";
        assert_eq!(statuses(&scan(text).unwrap()).into_iter().collect::<Vec<_>>(), [404, 409]);
    }
}
