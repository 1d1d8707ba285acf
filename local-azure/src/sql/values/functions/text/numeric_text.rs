//! ISNUMERIC of a text: whether it converts to at least one numeric type.

/// The signs that money may carry, of those in code page 1252 and the euro.
const CURRENCY_SIGNS: [char; 5] = ['$', '£', '¤', '¥', '€'];

/// Whether the text reads as a number: as float (`1e5`, also `1d5`) or as money (`-$1,000.50`). Money is generous:
/// a sign, a currency sign, a point or a comma alone are 0 to it, so they are numeric too, as on SQL Server.
pub(super) fn is_numeric(text: &str) -> bool {
    let text = text.trim_matches(blank);
    !text.is_empty() && (is_money(text) || is_float(text))
}

fn blank(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{A0}'
    )
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
    rest.chars().all(|character| match character {
        '0'..='9' => true,
        // Commas group the whole part; their places don't matter.
        ',' => !point,
        '.' => !std::mem::replace(&mut point, true),
        _ => false,
    })
}

fn is_float(text: &str) -> bool {
    let spelled: String = text
        .chars()
        .map(|character| {
            if matches!(character, 'd' | 'D') {
                'e'
            } else {
                character
            }
        })
        .collect();
    // Rust also reads `inf` and `nan`; SQL Server doesn't, and too large a number is none.
    spelled
        .chars()
        .all(|character| matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
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
    fn other_texts_are_not() {
        for text in [
            "", "  ", "a", "e", "1e", "0x1A", "1.2.3", "1 2", "--1", "inf", "nan", "1e400", "$1e5",
            "1.5,0", "١",
        ] {
            assert!(!is_numeric(text), "{text:?}");
        }
    }
}
