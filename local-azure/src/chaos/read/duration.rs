//! Lengths of time as a script writes them: `250ms`, `1.5s`, `2min`.

use std::time::Duration;

use crate::chaos::script::LONGEST_WAIT;

/// What a length of time must be, for a mistake's sentence.
pub(super) const EXPECTED: &str =
    "must be a length of time of at most an hour, such as \"250ms\", \"1.5s\" or \"2min\"";

/// None for whatever is no length of time, or a longer one than [`LONGEST_WAIT`].
pub(super) fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|character: char| character != '.' && !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * seconds).ok().filter(|duration| *duration <= LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_unit_is_a_length_of_time() {
        for (text, milliseconds) in
            [("250ms", 250), ("1.5s", 1_500), ("2min", 120_000), ("0s", 0), ("60min", 3_600_000)]
        {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in
            ["", "5", "ms", "-1s", "1h", "1 s", "61min", "1e9s", ".s", "1..5s", "99999999999999999999s", "5S"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
