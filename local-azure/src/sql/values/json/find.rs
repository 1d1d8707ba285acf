//! The value that a path names: JSON_VALUE, JSON_QUERY, JSON_PATH_EXISTS, ISJSON.

use super::errors;
use super::path::{Path, Step};
use super::reader::{Kind, Node, Reader, decoded};
use crate::sql::reply::SqlError;

/// The longest text that JSON_VALUE gives, in UTF-16 units.
const LONGEST_VALUE: usize = 4000;

/// What ISJSON is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An object or an array.
    Document,
    /// Any value.
    Value,
    /// A string or a number.
    Scalar,
    Array,
    Object,
}

/// Looks the path up in a document, which must be an object or an array. None when it leads nowhere. Of two members of
/// one name the first counts.
pub(crate) fn find<'t>(document: &'t str, path: &Path) -> Result<Option<Node<'t>>, SqlError> {
    let mut reader = Reader::new(document);
    reader.root()?;
    find_in(&mut reader, path)
}

/// Looks the path up in the value that comes next.
pub(crate) fn find_in<'t>(reader: &mut Reader<'t>, path: &Path) -> Result<Option<Node<'t>>, SqlError> {
    for step in &path.steps {
        if !enter(reader, step)? {
            return Ok(None);
        }
    }
    reader.value().map(Some)
}

/// Goes to the value of a step, and says whether there is one.
pub(super) fn enter(reader: &mut Reader<'_>, step: &Step) -> Result<bool, SqlError> {
    match (reader.peek(), step) {
        (Some(b'{'), Step::Member { name, .. }) => {
            reader.open();
            let mut first = true;
            while let Some(member) = reader.member(first)? {
                if decoded(member.text) == *name {
                    return Ok(true);
                }
                reader.value()?;
                first = false;
            }
            reader.after()?;
        }
        (Some(b'['), Step::Element(index)) => {
            reader.open();
            let mut place = 0_u32;
            while reader.element(place == 0)? {
                if place == *index {
                    return Ok(true);
                }
                reader.value()?;
                place = place.saturating_add(1);
            }
            reader.after()?;
        }
        // The first member decides that it is a container of the other kind.
        (Some(b'{'), Step::Element(_)) => {
            reader.open();
            reader.member(true)?;
        }
        (Some(b'['), Step::Member { .. }) => {
            reader.open();
            if reader.element(true)? {
                reader.value()?;
            }
        }
        _ => {
            reader.value()?;
            reader.after()?;
        }
    }
    Ok(false)
}

/// JSON_VALUE. None is NULL.
///
/// # Errors
/// 13609; with a strict path 13608, 13623 for an object or array, 13625 for more than 4,000 characters.
pub(crate) fn value(document: &str, path: &Path) -> Result<Option<String>, SqlError> {
    let Some(node) = find(document, path)? else {
        return if path.strict { Err(errors::not_found(1)) } else { Ok(None) };
    };
    if node.kind.is_container() {
        return if path.strict { Err(errors::no_scalar(2)) } else { Ok(None) };
    }
    match node.scalar() {
        Some(text) if text.len() > LONGEST_VALUE && text.encode_utf16().count() > LONGEST_VALUE => {
            if path.strict { Err(errors::value_too_long()) } else { Ok(None) }
        }
        other => Ok(other),
    }
}

/// JSON_QUERY: the text as it stands in the document. None is NULL.
///
/// # Errors
/// 13609; with a strict path 13608, and 13624 for anything but an object or array.
pub(crate) fn query<'t>(document: &'t str, path: &Path) -> Result<Option<&'t str>, SqlError> {
    match find(document, path)? {
        Some(node) => fragment(&node, path.strict, 2),
        None if path.strict => Err(errors::not_found(1)),
        None => Ok(None),
    }
}

/// The text of an object or array.
pub(crate) fn fragment<'t>(node: &Node<'t>, strict: bool, state: u8) -> Result<Option<&'t str>, SqlError> {
    match node.kind {
        Kind::Array | Kind::Object => Ok(Some(node.text)),
        Kind::Null => Ok(None),
        _ if strict => Err(errors::no_object_or_array(state)),
        _ => Ok(None),
    }
}

/// JSON_PATH_EXISTS: false also when the document is no JSON.
pub(crate) fn exists(document: &str, path: &Path) -> bool {
    is_json(document, Wanted::Document) && matches!(find(document, path), Ok(Some(_)))
}

/// ISJSON.
pub(crate) fn is_json(text: &str, wanted: Wanted) -> bool {
    let mut reader = Reader::new(text);
    let Ok(node) = reader.value() else { return false };
    if reader.end().is_err() {
        return false;
    }
    match wanted {
        Wanted::Document => node.kind.is_container(),
        Wanted::Value => true,
        Wanted::Scalar => matches!(node.kind, Kind::String | Kind::Number),
        Wanted::Array => node.kind == Kind::Array,
        Wanted::Object => node.kind == Kind::Object,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn value_of(document: &str, path: &str) -> Result<Option<String>, i32> {
        value(document, &Path::parse(path).unwrap()).map_err(|error| error.number)
    }

    fn text(text: &str) -> Result<Option<String>, i32> {
        Ok(Some(text.to_owned()))
    }

    #[test]
    fn a_lax_path_that_leads_nowhere_is_null_and_a_strict_one_13608() {
        let document = r#"{"a":{"b":[10,"x",true,null]},"orderId":1}"#;
        assert_eq!(value_of(document, "$.a.b[0]"), text("10"));
        assert_eq!(value_of(document, "$.a.b[1]"), text("x"));
        assert_eq!(value_of(document, "$.a.b[2]"), text("true"));
        assert_eq!(value_of(document, "$.a.b[3]"), Ok(None));
        assert_eq!(value_of(document, "$.a.b[4]"), Ok(None));
        assert_eq!(value_of(document, "strict $.a.b[4]"), Err(13608));
        assert_eq!(value_of(document, "$.orderid"), Ok(None));
        assert_eq!(value_of(document, "$.a"), Ok(None));
        assert_eq!(value_of(document, "strict $.a"), Err(13623));
    }

    #[test]
    fn what_stands_behind_the_answer_is_not_read() {
        assert_eq!(value_of(r#"{"a":1}extra"#, "$.a"), text("1"));
        assert_eq!(value_of(r#"{"a":1"#, "$.a"), text("1"));
        assert_eq!(value_of(r#"{"a":1"#, "$[0]"), Ok(None));
        assert_eq!(value_of(r#"{"a":1"#, "$.b"), Err(13609));
        assert_eq!(value_of("{}extra", "$.a"), Err(13609));
        assert_eq!(value_of("{x}", "$[0]"), Err(13609));
    }

    #[test]
    fn of_two_members_of_one_name_the_first_counts() {
        assert_eq!(value_of(r#"{"a":1,"a":2}"#, "$.a"), text("1"));
        assert_eq!(value_of(r#"{"a":{"z":1},"a":2}"#, "$.a"), Ok(None));
    }

    #[test]
    fn a_value_of_4001_characters_is_null_or_13625() {
        let document = |length: usize| format!(r#"{{"a":"{}"}}"#, "ä".repeat(length));
        assert_eq!(value_of(&document(4000), "$.a").unwrap().unwrap().chars().count(), 4000);
        assert_eq!(value_of(&document(4001), "$.a"), Ok(None));
        assert_eq!(value_of(&document(4001), "strict $.a"), Err(13625));
    }

    #[test]
    fn a_fragment_keeps_its_blanks_and_the_order_of_its_members() {
        let document = r#"{ "o" : {  "b" : 2 , "a" : 1  } , "n":null, "s":"x"}"#;
        let query = |path: &str| query(document, &Path::parse(path).unwrap()).map_err(|error| error.number);
        assert_eq!(query("$.o"), Ok(Some(r#"{  "b" : 2 , "a" : 1  }"#)));
        assert_eq!(query("strict $.n"), Ok(None));
        assert_eq!(query("$.s"), Ok(None));
        assert_eq!(query("strict $.s"), Err(13624));
    }

    #[test]
    fn isjson_takes_objects_and_arrays_unless_asked_for_something_else() {
        assert!(is_json(" [1] ", Wanted::Document));
        assert!(!is_json("1", Wanted::Document));
        assert!(!is_json(r#"{"a":1}extra"#, Wanted::Document));
        assert!(is_json("null", Wanted::Value));
        assert!(!is_json("null", Wanted::Scalar));
        assert!(is_json("\"x\"", Wanted::Scalar));
        assert!(!is_json("[]", Wanted::Object));
    }
}
