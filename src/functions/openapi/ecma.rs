//! Regular expressions of the crate regex as JSON Schema writes them, where both mean the same.
//!
//! JSON Schema's are ECMA-262's; tools read them with engines of their own, with and without Unicode mode. So only what means
//! the same to all of them is taken: characters, sets, repetitions, groups, alternatives, `^` and `$`. What the two languages
//! mean differently is spelt out (`.`, `\s`, `[[:alpha:]]`) or not translated at all (`\d`, `\w`, `\b`, `\p{L}`, flags).

use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassAsciiKind, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem,
    GroupKind, Literal, RepetitionKind, RepetitionRange, parse::Parser,
};

/// Unicode's White_Space, which is what `\s` means to the crate; ECMA's has U+FEFF too, and lacks U+0085.
const WHITE_SPACE: &str = r"\t\n\u000b\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// The pattern in ECMA-262; None where it can't be said there, or not in the same meaning everywhere.
pub(super) fn translate(pattern: &str) -> Option<String> {
    let ast = Parser::new().parse(pattern).ok()?;
    let mut written = String::new();
    write(&ast, &mut written)?;
    Some(written)
}

fn write(ast: &Ast, out: &mut String) -> Option<()> {
    match ast {
        Ast::Empty(_) => {}
        Ast::Literal(literal) => write_literal(literal, out)?,
        // Everything but the line feed; ECMA's leaves out three more.
        Ast::Dot(_) => out.push_str(r"[^\n]"),
        Ast::Assertion(assertion) => write_assertion(assertion, out)?,
        Ast::ClassPerl(class) => {
            out.push('[');
            write_white_space(class, out)?;
            out.push(']');
        }
        Ast::ClassBracketed(class) => {
            out.push_str(if class.negated { "[^" } else { "[" });
            write_set(&class.kind, out)?;
            out.push(']');
        }
        Ast::Repetition(repetition) => {
            // ECMA's Unicode mode repeats no assertion, and nothing twice.
            if matches!(*repetition.ast, Ast::Assertion(_) | Ast::Empty(_) | Ast::Repetition(_)) {
                return None;
            }
            write(&repetition.ast, out)?;
            match &repetition.op.kind {
                RepetitionKind::ZeroOrOne => out.push('?'),
                RepetitionKind::ZeroOrMore => out.push('*'),
                RepetitionKind::OneOrMore => out.push('+'),
                RepetitionKind::Range(RepetitionRange::Exactly(n)) => out.push_str(&format!("{{{n}}}")),
                RepetitionKind::Range(RepetitionRange::AtLeast(n)) => out.push_str(&format!("{{{n},}}")),
                RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => {
                    out.push_str(&format!("{{{least},{most}}}"));
                }
            }
            // A lazy repetition finds another place, but a match all the same.
        }
        Ast::Group(group) => {
            match &group.kind {
                GroupKind::CaptureIndex(_) | GroupKind::CaptureName { .. } => {}
                GroupKind::NonCapturing(flags) if flags.items.is_empty() => {}
                GroupKind::NonCapturing(_) => return None,
            }
            out.push_str("(?:");
            write(&group.ast, out)?;
            out.push(')');
        }
        Ast::Alternation(alternation) => {
            for (index, ast) in alternation.asts.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                write(ast, out)?;
            }
        }
        Ast::Concat(concat) => concat.asts.iter().try_for_each(|ast| write(ast, out))?,
        Ast::Flags(_) | Ast::ClassUnicode(_) => return None,
    }
    Some(())
}

fn write_assertion(assertion: &Assertion, out: &mut String) -> Option<()> {
    // Without the flag `m`, which is not taken, all four are the ends of the text.
    match assertion.kind {
        AssertionKind::StartLine | AssertionKind::StartText => out.push('^'),
        AssertionKind::EndLine | AssertionKind::EndText => out.push('$'),
        _ => return None,
    }
    Some(())
}

fn write_literal(literal: &Literal, out: &mut String) -> Option<()> {
    write_character(literal.c, r"^$\.*+?()[]{}|/", out)
}

/// A character, escaped where it has a meaning. Beyond U+FFFF engines without Unicode mode see two.
fn write_character(character: char, special: &str, out: &mut String) -> Option<()> {
    match character {
        '\n' => out.push_str(r"\n"),
        '\r' => out.push_str(r"\r"),
        '\t' => out.push_str(r"\t"),
        _ if u32::from(character) > 0xffff => return None,
        _ if character.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(character))),
        _ => {
            if special.contains(character) {
                out.push('\\');
            }
            out.push(character);
        }
    }
    Some(())
}

/// What stands in a set for `\s`, or for `\S` alone in one.
fn write_white_space(class: &ClassPerl, out: &mut String) -> Option<()> {
    if class.kind != ClassPerlKind::Space {
        return None;
    }
    if class.negated {
        out.push('^');
    }
    out.push_str(WHITE_SPACE);
    Some(())
}

fn write_set(set: &ClassSet, out: &mut String) -> Option<()> {
    match set {
        ClassSet::Item(item) => write_item(item, out),
        ClassSet::BinaryOp(_) => None,
    }
}

fn write_item(item: &ClassSetItem, out: &mut String) -> Option<()> {
    const SPECIAL: &str = r"\]^-[";
    match item {
        ClassSetItem::Empty(_) => Some(()),
        ClassSetItem::Literal(literal) => write_character(literal.c, SPECIAL, out),
        ClassSetItem::Range(range) => {
            write_character(range.start.c, SPECIAL, out)?;
            out.push('-');
            write_character(range.end.c, SPECIAL, out)
        }
        ClassSetItem::Ascii(class) if !class.negated => {
            out.push_str(ascii(&class.kind)?);
            Some(())
        }
        ClassSetItem::Perl(class) if !class.negated => write_white_space(class, out),
        ClassSetItem::Union(union) => union.items.iter().try_for_each(|item| write_item(item, out)),
        ClassSetItem::Ascii(_)
        | ClassSetItem::Perl(_)
        | ClassSetItem::Unicode(_)
        | ClassSetItem::Bracketed(_) => None,
    }
}

fn ascii(kind: &ClassAsciiKind) -> Option<&'static str> {
    match kind {
        ClassAsciiKind::Alnum => Some("0-9A-Za-z"),
        ClassAsciiKind::Alpha => Some("A-Za-z"),
        ClassAsciiKind::Digit => Some("0-9"),
        ClassAsciiKind::Lower => Some("a-z"),
        ClassAsciiKind::Upper => Some("A-Z"),
        ClassAsciiKind::Word => Some("0-9A-Za-z_"),
        ClassAsciiKind::Xdigit => Some("0-9A-Fa-f"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;
    use regex::Regex;

    use super::translate;

    #[test]
    fn what_means_the_same_is_kept_or_spelt_out() {
        for (pattern, translated) in [
            ("^[A-Z]{2}-[0-9]+$", "^[A-Z]{2}-[0-9]+$"),
            ("a.c", r"a[^\n]c"),
            (r"\Aa|b\z", "^a|b$"),
            ("(?P<year>[0-9]{4})", "(?:[0-9]{4})"),
            ("[[:alpha:]_]", "[A-Za-z_]"),
            (r"\-\.\_", r"-\._"),
            ("(?:a|b)??", "(?:a|b)?"),
            ("ø", "ø"),
        ] {
            assert_eq!(translate(pattern).as_deref(), Some(translated), "{pattern}");
        }
        assert!(translate(r"\S").unwrap().starts_with("[^\\t"));
    }

    #[test]
    fn what_means_something_else_there_is_not_translated() {
        for pattern in [
            r"\d",
            r"\w",
            r"\bx",
            r"\p{L}",
            "(?i)a",
            "(?i:a)",
            "[a-z&&[^b]]",
            r"[\S]",
            r"[\d]",
            "(?m)^a",
            "😀",
            "^*",
            "a**",
            "(",
            r"[^\S]",
        ] {
            assert_eq!(translate(pattern), None, "{pattern}");
        }
    }

    /// Patterns of all the parts that are translated.
    fn any_pattern() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            "[a-c]".prop_map(|text: String| text),
            Just(".".to_owned()),
            Just(r"\s".to_owned()),
            Just(r"\S".to_owned()),
            Just("[a-c]".to_owned()),
            Just(r"[^b\s-]".to_owned()),
            Just(r"[\]\^.]".to_owned()),
            Just("[[:upper:]0]".to_owned()),
            Just(r"\.".to_owned()),
        ];
        atom.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("(?:{one}|{other})")),
                inner.clone().prop_map(|inner| format!("({inner})*")),
                inner.clone().prop_map(|inner| format!("(?:{inner}){{1,2}}")),
                inner.prop_map(|inner| format!("^{inner}$")),
            ]
        })
    }

    proptest! {
        // The crate reads the translation too: it must find the same in it.
        #[test]
        fn a_translation_matches_what_the_pattern_matches(
            pattern in any_pattern(),
            text in "[abcA0. \u{85}\u{a0}\u{feff}\u{2028}\n\r\\^-]{0,6}",
        ) {
            let translated = translate(&pattern).unwrap();
            let (own, other) = (Regex::new(&pattern).unwrap(), Regex::new(&translated).unwrap());
            prop_assert_eq!(own.is_match(&text), other.is_match(&text), "{} as {}", pattern, translated);
        }
    }
}
