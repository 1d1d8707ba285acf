//! Windows code page 1252, the bytes of char and varchar under `SQL_Latin1_General_CP1_CI_AS`.

/// What the bytes 0x80 to 0x9F stand for; the five that the code page leaves out are the control characters of the
/// same code, as in Microsoft's best-fit table of the code page.
const HIGH_CONTROLS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The character of a byte.
pub(super) fn decode(byte: u8) -> char {
    byte.checked_sub(0x80)
        .and_then(|at| HIGH_CONTROLS.get(usize::from(at)))
        .copied()
        .unwrap_or(char::from(byte))
}

/// The byte of a character; `?` for one that the code page doesn't have.
pub(super) fn encode(character: char) -> u8 {
    if let Some(at) = HIGH_CONTROLS.iter().position(|own| *own == character) {
        return u8::try_from(at).map_or(b'?', |at| at.saturating_add(0x80));
    }
    match u8::try_from(u32::from(character)) {
        Ok(byte) if !(0x80..=0x9F).contains(&byte) => byte,
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_from_its_character() {
        for byte in 0..=u8::MAX {
            assert_eq!(encode(decode(byte)), byte);
        }
    }

    #[test]
    fn characters_outside_become_question_marks() {
        for character in ['ж', '😀', '\u{80}'] {
            assert_eq!(encode(character), b'?');
        }
        assert_eq!(encode('€'), 0x80);
        assert_eq!(encode('é'), 0xE9);
    }
}
