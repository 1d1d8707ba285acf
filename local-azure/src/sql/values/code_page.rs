//! Windows-1252, the code page of char and varchar under the collation `SQL_Latin1_General_CP1_CI_AS`.

/// The characters of the bytes 0x80 to 0x9F; the five bytes without a character are themselves.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The byte of a character; None when the code page hasn't got it.
pub(crate) fn byte_of(character: char) -> Option<u8> {
    if let Some(place) = HIGH.iter().position(|&high| high == character) {
        return u8::try_from(0x80 + place).ok();
    }
    match u8::try_from(u32::from(character)) {
        Ok(byte) if !(0x80..=0x9f).contains(&byte) => Some(byte),
        _ => None,
    }
}

/// The character of a byte.
pub(crate) fn character_of(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|place| HIGH.get(usize::from(place)).copied()).unwrap_or(char::from(byte))
}

/// `text` as char and varchar keep it: what the code page hasn't got becomes `?`, once per UTF-16 unit.
pub(crate) fn narrowed(text: &str) -> String {
    let mut narrow = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() || byte_of(character).is_some() {
            narrow.push(character);
        } else {
            narrow.extend(std::iter::repeat_n('?', character.len_utf16()));
        }
    }
    narrow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_and_comes_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of(character_of(byte)), Some(byte));
        }
    }

    #[test]
    fn a_character_outside_the_code_page_becomes_a_question_mark() {
        assert_eq!(narrowed("Grüße € Łódź 😀"), "Grüße € ?ód? ??");
    }
}
