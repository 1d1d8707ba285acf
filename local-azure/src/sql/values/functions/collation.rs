//! The order of text: the collation `tsql_ci_as`, which stands for `SQL_Latin1_General_CP1_CI_AS` and the other `_CI_AS`;
//! `tsql_cs_as` for `_CS_AS`, in which case decides last; `tsql_bin2` for `_BIN` and `_BIN2`, the order of code points.
//!
//! Letters of both cases are equal, accents tell letters apart, blanks at the end don't count. Other characters come
//! before digits, digits before letters; an accented letter follows its plain one and precedes the next (`e é f`), and
//! accents decide only between texts that are else equal (`resume`, `résumé`, `resumes`).
//!
//! Where this differs from SQL Server:
//! - Case is folded one character to one character, the same in every language: `ß` isn't `ss`, `æ` isn't `ae`, the
//!   Turkish `İ` and `ı` are letters of their own.
//! - Characters outside the Basic Multilingual Plane have no case here either, but they count: SQL Server, without an
//!   `_SC` collation, takes all of them for nothing.
//! - Under `_CS_AS` the small letter comes before its capital, as in the Windows collations; the order of
//!   `SQL_Latin1_General_CP1_CS_AS` wasn't tried. `_BIN` compares like `_BIN2`, and both by code points: SQL Server's
//!   UTF-16 units differ from them beyond the Basic Multilingual Plane.
//! - A letter's accents are known for Latin-1 and Latin Extended-A; other letters follow in the order of their code.

use std::cmp::Ordering;

use rusqlite::Connection;

use crate::sql::values::collations::Sensitivity;

/// Its name on a connection.
const NAME: &str = "tsql_ci_as";

pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation(NAME, compare)?;
    connection.create_collation("tsql_cs_as", |a, b| compare(a, b).then_with(|| compare_case(a, b)))?;
    connection.create_collation("tsql_bin2", compare_code_points)
}

/// Orders two texts that [`compare`] finds equal: at the first difference of case the small letter comes first.
fn compare_case(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_end_matches(' '), b.trim_end_matches(' '));
    // A small letter is its own folded form.
    let capitals =
        |text: &str| text.chars().map(|character| fold(character) != character).collect::<Vec<_>>();
    capitals(a).cmp(&capitals(b)).then_with(|| a.cmp(b))
}

/// Orders two texts by their code points, the shorter one as if it went on with blanks.
fn compare_code_points(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars(), b.chars());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (l, r) => match l.unwrap_or(' ').cmp(&r.unwrap_or(' ')) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

/// Orders two texts: the shorter one as if it went on with blanks.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars(), b.chars());
    let mut accents = Ordering::Equal;
    loop {
        let (l, r) = match (left.next(), right.next()) {
            (None, None) => return accents,
            (l, r) => (fold(l.unwrap_or(' ')), fold(r.unwrap_or(' '))),
        };
        if l == r {
            continue;
        }
        let order = primary(l).cmp(&primary(r));
        if order != Ordering::Equal {
            return order;
        }
        accents = accents.then(l.cmp(&r));
    }
}

/// Bytes that compare as [`compare`] compares the texts, but for control characters, which come after the blanks that
/// end a shorter text.
pub(crate) fn sort_key(text: &str) -> Vec<u8> {
    let folded = || text.trim_end_matches(' ').chars().map(fold);
    let mut key = Vec::new();
    for character in folded() {
        let (class, base) = primary(character);
        // No class is 0: that byte ends the key.
        key.push(class.saturating_add(1));
        key.extend(base.to_be_bytes());
    }
    key.push(0);
    // Accents decide between texts that are else equal.
    for character in folded() {
        key.extend(u32::from(character).to_be_bytes());
    }
    key
}

/// [`sort_key`] for the orders of `tsql_ci_as`, `tsql_cs_as` and `tsql_bin2`, with the same exception.
pub(crate) fn sort_key_under(sensitivity: Sensitivity, text: &str) -> Vec<u8> {
    let trimmed = text.trim_end_matches(' ');
    match sensitivity {
        Sensitivity::Accents => sort_key(text),
        Sensitivity::CaseAndAccents => {
            // Keys that are equal so far are equally long.
            let mut key = sort_key(text);
            key.extend(trimmed.chars().map(|character| u8::from(fold(character) != character)));
            key.extend_from_slice(trimmed.as_bytes());
            key
        }
        // Bytes of UTF-8 are in the order of the code points.
        Sensitivity::CodePoints => trimmed.as_bytes().to_vec(),
    }
}

/// A character's small form, where that is one character of the Basic Multilingual Plane; else itself.
pub(super) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    if u32::from(character) > 0xFFFF {
        return character;
    }
    only(character.to_lowercase(), character)
}

/// A character's capital, where that is one character that is equal to it here; else itself: `ß` has no such capital,
/// and those of `ı`, `µ` and `ς` belong to `i`, `μ` and `σ`.
pub(super) fn capital(character: char) -> char {
    if u32::from(character) > 0xFFFF {
        return character;
    }
    let large = only(character.to_uppercase(), character);
    if fold(large) == fold(character) { large } else { character }
}

fn only(mut mapped: impl Iterator<Item = char>, character: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

/// [`fold`] for a UTF-16 unit; half of a surrogate pair is itself.
pub(super) fn fold_unit(unit: u16) -> u16 {
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    u16::try_from(u32::from(fold(character))).unwrap_or(unit)
}

/// Where a folded UTF-16 unit stands in the order; the bounds of a range such as `[a-z]` are compared by it.
pub(super) fn unit_rank(unit: u16) -> (u8, u32, u16) {
    match char::from_u32(u32::from(unit)) {
        Some(character) => {
            let (class, base) = primary(character);
            (class, base, unit)
        }
        None => (u8::MAX, u32::from(unit), unit),
    }
}

/// What decides first about a folded character: its class, and its plain letter.
fn primary(character: char) -> (u8, u32) {
    let base = plain(character);
    let class = if base.is_alphabetic() { 2 } else { u8::from(base.is_numeric()) };
    (class, u32::from(base))
}

/// The letter without its accent, of small letters in Latin-1 and Latin Extended-A.
fn plain(character: char) -> char {
    match character {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ª' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'İ' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'º' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' => 's',
        'ţ' | 'ť' | 'ŧ' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn words() -> impl Strategy<Value = String> {
        prop_oneof!["[aAbBéÉzZ19 \t_]{0,6}", "\\PC{0,6}"]
    }

    #[test]
    fn case_and_trailing_blanks_make_no_difference() {
        for (a, b) in [("abc", "ABC"), ("abc", "abc   "), ("", "  "), ("ÉTÉ", "été"), ("ЖУК", "жук")]
        {
            assert_eq!(compare(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn accents_leading_blanks_and_lengths_make_a_difference() {
        for (a, b) in [("e", "é"), ("abc", " abc"), ("ab", "abc"), ("ß", "ss"), ("i", "İ"), ("i", "ı")] {
            assert_ne!(compare(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn texts_sort_by_signs_digits_letters_and_last_by_accents() {
        let sorted = [
            "", "_a", "1", "10", "2", "a", "A b", "ab", "e", "é", "ea", "éb", "f", "resume", "Résumé",
            "resumes", "z", "ж",
        ];
        for (first, second) in sorted.iter().zip(sorted.iter().skip(1)) {
            assert_eq!(compare(first, second), Ordering::Less, "{first:?} {second:?}");
        }
    }

    #[test]
    fn a_control_character_comes_before_the_blanks_that_end_the_shorter_text() {
        assert_eq!(compare("a\t", "a"), Ordering::Less);
        assert_eq!(compare("a!", "a"), Ordering::Greater);
    }

    #[test]
    fn sqlite_compares_groups_and_keeps_unique_by_it() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (name TEXT COLLATE tsql_ci_as UNIQUE); INSERT INTO t VALUES ('Été')",
            )
            .unwrap();
        let found: i64 = connection
            .query_row("SELECT count(*) FROM t WHERE name = 'éTÉ  '", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, 1);
        assert!(connection.execute("INSERT INTO t VALUES ('ÉTÉ ')", []).is_err());
        assert_eq!(connection.execute("INSERT INTO t VALUES ('ete')", []).unwrap(), 1);
    }

    #[test]
    fn cases_are_equal_to_each_other_in_the_whole_plane() {
        for character in (0..=0xFFFF_u32).filter_map(char::from_u32) {
            let small = fold(character);
            assert_eq!(fold(small), small, "{character:?}");
            assert_eq!(fold(capital(character)), small, "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in words(), b in words(), c in words()) {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            if compare(&a, &b) != Ordering::Greater && compare(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare(&a, &c), Ordering::Greater);
            }
            if compare(&a, &b) == Ordering::Equal {
                prop_assert_eq!(compare(&a, &c), compare(&b, &c));
            }
        }

        #[test]
        fn keys_compare_as_their_texts_do(a in "[aAbBéÉ ]{0,5}", b in "[aAbBéÉ ]{0,5}") {
            let of = |sensitivity| sort_key_under(sensitivity, &a).cmp(&sort_key_under(sensitivity, &b));
            prop_assert_eq!(of(Sensitivity::Accents), compare(&a, &b));
            prop_assert_eq!(of(Sensitivity::CaseAndAccents), compare(&a, &b).then_with(|| compare_case(&a, &b)));
            prop_assert_eq!(of(Sensitivity::CodePoints), compare_code_points(&a, &b));
        }

        #[test]
        fn equal_means_the_same_folded_characters(a in words(), b in words()) {
            let key = |text: &str| text.trim_end_matches(' ').chars().map(fold).collect::<String>();
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, key(&a) == key(&b));
        }
    }
}
