//! hierarchyid: between its text, such as `/1/2.5/`, and its bytes.
//!
//! A value is the numbers of its levels, each in a code whose bits sort as the numbers do, one behind the other and filled
//! up with zeros to whole bytes. A code is a prefix that says which range of numbers it is for, the number's distance
//! from the beginning of the range with fixed bits between, and a last bit: 1 ends a level, 0 says that a dot follows; a
//! number before a dot is kept one higher. Source: MS-SSCLRT ("CLR Types Serialization Formats"), HierarchyId; the table is
//! the one that independent implementations have (dotMorten/Microsoft.SqlServer.Types, go, Swift), and the
//! bytes in the tests below are those that the Transact-SQL reference prints.

/// A range of numbers and its code: `x` is a bit of the number, `T` the last bit.
struct Code {
    least: i64,
    most: i64,
    pattern: &'static str,
}

const CODES: [Code; 13] = [
    Code {
        least: -281_479_271_682_120,
        most: -4_294_971_465,
        pattern: "000100xxxxxxxxxxxxxx0xxxxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT",
    },
    Code { least: -4_294_971_464, most: -4_169, pattern: "000101xxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT" },
    Code { least: -4_168, most: -73, pattern: "000110xxxxx0xxx0x1xxxT" },
    Code { least: -72, most: -9, pattern: "0010xx0x1xxxT" },
    Code { least: -8, most: -1, pattern: "00111xxxT" },
    Code { least: 0, most: 3, pattern: "01xxT" },
    Code { least: 4, most: 7, pattern: "100xxT" },
    Code { least: 8, most: 15, pattern: "101xxxT" },
    Code { least: 16, most: 79, pattern: "110xx0x1xxxT" },
    Code { least: 80, most: 1_103, pattern: "1110xxx0xxx0x1xxxT" },
    Code { least: 1_104, most: 5_199, pattern: "11110xxxxx0xxx0x1xxxT" },
    Code { least: 5_200, most: 4_294_972_495, pattern: "111110xxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT" },
    Code {
        least: 4_294_972_496,
        most: 281_479_271_683_151,
        pattern: "111111xxxxxxxxxxxxxx0xxxxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT",
    },
];

/// The most bytes that a value has.
pub(crate) const MAX_BYTES: usize = 892;

/// The bytes of a path such as `/1/2.5/`; the root `/` has none. None for what is no path, or too long.
pub(crate) fn parse(path: &str) -> Option<Vec<u8>> {
    let inside = path.strip_prefix('/')?;
    if inside.is_empty() {
        return Some(Vec::new());
    }
    let mut bits = Vec::new();
    for level in inside.strip_suffix('/')?.split('/') {
        let mut numbers = level.split('.').peekable();
        while let Some(number) = numbers.next() {
            let digits = number.strip_prefix('-').unwrap_or(number);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let last = numbers.peek().is_none();
            let kept = number.parse::<i64>().ok()?.checked_add(i64::from(!last))?;
            let code = CODES.iter().find(|code| (code.least..=code.most).contains(&kept))?;
            put(code, kept, last, &mut bits)?;
        }
    }
    let bytes: Vec<u8> = bits
        .chunks(8)
        .map(|eight| {
            eight.iter().enumerate().fold(0_u8, |byte, (place, bit)| byte | u8::from(*bit) << (7 - place))
        })
        .collect();
    (bytes.len() <= MAX_BYTES).then_some(bytes)
}

fn put(code: &Code, kept: i64, last: bool, bits: &mut Vec<bool>) -> Option<()> {
    let distance = kept.checked_sub(code.least)?;
    let mut left = code.pattern.bytes().filter(|&bit| bit == b'x').count();
    for bit in code.pattern.bytes() {
        bits.push(match bit {
            b'x' => {
                left = left.checked_sub(1)?;
                distance >> left & 1 == 1
            }
            b'T' => last,
            fixed => fixed == b'1',
        });
    }
    Some(())
}

/// The path of a value's bytes; None for bytes that are no value.
pub(crate) fn path(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let all: Vec<bool> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1 == 1)).collect();
    let mut bits = all.as_slice();
    let mut path = String::from("/");
    let mut open = false;
    while bits.iter().any(|bit| *bit) {
        let (number, last, length) = CODES.iter().find_map(|code| take(code, bits))?;
        bits = bits.get(length..)?;
        path.push_str(&number.to_string());
        path.push(if last { '/' } else { '.' });
        open = !last;
    }
    // What is left is zeros that fill the last byte; a value that ends in a dot is none.
    (!open && bits.len() < 8).then_some(path)
}

/// The number, whether its level ends, and the bits it took, if the bits begin with this code.
fn take(code: &Code, bits: &[bool]) -> Option<(i64, bool, usize)> {
    let length = code.pattern.len();
    let bits = bits.get(..length)?;
    let mut distance = 0_i64;
    let mut last = false;
    for (pattern, bit) in code.pattern.bytes().zip(bits) {
        match pattern {
            b'x' => distance = distance << 1 | i64::from(*bit),
            b'T' => last = *bit,
            fixed if (fixed == b'1') == *bit => {}
            _ => return None,
        }
    }
    let kept = code.least.checked_add(distance)?;
    Some((kept.checked_sub(i64::from(!last))?, last, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bytes_are_those_that_the_reference_prints() {
        for (text, bytes) in [
            ("/", &[][..]),
            ("/1/", &[0x58]),
            ("/2/", &[0x68]),
            ("/3/", &[0x78]),
            ("/1/1/", &[0x5A, 0xC0]),
            ("/1/2/", &[0x5B, 0x40]),
            ("/1/1/1/", &[0x5A, 0xD6]),
            ("/1/1/2/", &[0x5A, 0xDA]),
        ] {
            assert_eq!(parse(text).as_deref(), Some(bytes), "{text}");
            assert_eq!(path(bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in
            ["", "1", "/1", "1/", "//", "/1//", "/a/", "/1./", "/.1/", "/+1/", "/1/ ", "/999999999999999999/"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        for bytes in [&[0x00][..], &[0x58, 0x00], &[0xFF], &[0x10]] {
            assert_eq!(path(bytes), None, "{bytes:02x?}");
        }
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-100_i64..100, -6000_i64..6000, -281_479_271_682_119_i64..281_479_271_683_150]
    }

    fn numbers() -> impl Strategy<Value = Vec<i64>> {
        proptest::collection::vec(number(), 0..6)
    }

    fn text(numbers: &[i64]) -> String {
        numbers.iter().fold(String::from("/"), |path, number| format!("{path}{number}/"))
    }

    proptest! {
        #[test]
        fn every_path_comes_back(levels in proptest::collection::vec(proptest::collection::vec(number(), 1..4), 0..6)) {
            let text = levels.iter().fold(String::from("/"), |path, level| {
                let level: Vec<String> = level.iter().map(i64::to_string).collect();
                format!("{path}{}/", level.join("."))
            });
            let bytes = parse(&text);
            prop_assert!(bytes.is_some());
            prop_assert_eq!(bytes.as_deref().and_then(path), Some(text));
        }

        #[test]
        fn bytes_sort_depth_first(a in numbers(), b in numbers()) {
            prop_assert_eq!(parse(&text(&a)).cmp(&parse(&text(&b))), a.cmp(&b));
        }
    }
}
