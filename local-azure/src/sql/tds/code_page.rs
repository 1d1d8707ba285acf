//! Windows-1252, the code page of `SQL_Latin1_General_CP1_CI_AS`: what char and varchar hold on the wire.

/// The collation of the database, `SQL_Latin1_General_CP1_CI_AS`: LCID 0x0409, case, kana and width ignored, sort id 52
/// (MS-TDS 2.2.5.1.2).
pub const COLLATION: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

/// Windows-1252 from 0x80 to 0x9F; the five that it leaves free are the control characters of the same number.
const UPPER_CONTROL: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2C6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2DC}', '\u{2122}', '\u{161}',
    '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// Text from Windows-1252.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| {
            byte.checked_sub(0x80)
                .and_then(|index| UPPER_CONTROL.get(usize::from(index)).copied())
                .unwrap_or(char::from(byte))
        })
        .collect()
}

/// Appends `text` as Windows-1252; what it does not have becomes `?`, as on SQL Server.
pub fn encode(text: &str, out: &mut Vec<u8>) {
    out.extend(text.chars().map(|character| {
        if let Some(index) = UPPER_CONTROL.iter().position(|&upper| upper == character) {
            return u8::try_from(index).map_or(b'?', |index| index.saturating_add(0x80));
        }
        match u8::try_from(u32::from(character)) {
            Ok(byte) if !(0x80..=0x9F).contains(&byte) => byte,
            _ => b'?',
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_byte_survives_a_round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        let mut back = Vec::new();
        encode(&decode(&all), &mut back);
        assert_eq!(back, all);
    }

    #[test]
    fn the_euro_sign_is_0x80_and_a_greek_letter_a_question_mark() {
        let mut bytes = Vec::new();
        encode("€é\u{3A9}", &mut bytes);
        assert_eq!(bytes, [0x80, 0xE9, b'?']);
    }
}
