//! ISNUMERIC of a text: whether it converts to at least one numeric type.

/// The signs that money may carry, of those in code page 1252 and the euro.
const CURRENCY_SIGNS: [char; 5] = ['$', '£', '¤', '¥', '€'];

/// The whole part of the largest money, 922337203685477.5807.
const MAX_WHOLE_MONEY: u64 = 922_337_203_685_477;

/// Whether the text reads as a number: as float (`1e5`, also `1d5`) or as money (`-$1,000.50`). Money is generous:
/// a sign, a currency sign, a point or a comma alone are 0 to it, so they are numeric too, as on SQL Server.
pub(super) fn is_numeric(text: &str) -> bool {
    let text = text.trim_matches(blank);
    !text.is_empty() && (is_money(text) || is_float(text))
}

fn blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{A0}')
}

fn is_money(text: &str) -> bool {
    // One sign and one currency sign, in either order.
    let mut rest = text;
    let (mut signed, mut currency) = (false, false);
    loop {
        let mut characters = rest.chars();
        match characters.next() {
            Some('+' | '-') if !signed => signed = true,
            Some(sign) if !currency && CURRENCY_SIGNS.contains(&sign) => currency = true,
            _ => break,
        }
        rest = characters.as_str().trim_start_matches(blank);
    }
    let mut point = false;
    let spelled_right = rest.chars().all(|character| match character {
        '0'..='9' => true,
        // Commas group the whole part; their places don't matter.
        ',' => !point,
        '.' => !std::mem::replace(&mut point, true),
        _ => false,
    });
    spelled_right && is_in_range_of_money(rest)
}

/// Digits, commas and a point: no digits at all are 0.
fn is_in_range_of_money(unsigned: &str) -> bool {
    let whole: String =
        unsigned.split('.').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    whole.is_empty() || whole.parse::<u64>().is_ok_and(|whole| whole <= MAX_WHOLE_MONEY)
}

fn is_float(text: &str) -> bool {
    let spelled: String =
        text.chars().map(|character| if matches!(character, 'd' | 'D') { 'e' } else { character }).collect();
    // Rust also reads `inf` and `nan`; SQL Server doesn't, and too large a number is none.
    spelled.chars().all(|character| matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        && spelled.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_some_numeric_type_reads_are_numeric() {
        for text in [
            "1",
            " -12.5 ",
            "+1",
            "1e5",
            "1D5",
            "-1.5E-3",
            "$1,000.50",
            "-$5",
            "$-5",
            "- 1",
            "1,2,3",
            ".5",
            "5.",
            "+",
            "-",
            ".",
            ",",
            "$",
            "€7",
            "\t1",
        ] {
            assert!(is_numeric(text), "{text:?}");
        }
    }

    #[test]
    fn a_number_too_large_for_every_type_is_not() {
        assert!(is_numeric("922,337,203,685,477"));
        assert!(!is_numeric("922,337,203,685,478"));
        assert!(is_numeric("922337203685478"));
        assert!(is_numeric(&"9".repeat(300)));
        assert!(!is_numeric(&"9".repeat(400)));
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "", "  ", "a", "e", "1e", "0x1A", "1.2.3", "1 2", "--1", "inf", "nan", "1e400", "$1e5", "1.5,0",
            "١",
        ] {
            assert!(!is_numeric(text), "{text:?}");
        }
    }
}
