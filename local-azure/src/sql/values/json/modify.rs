//! JSON_MODIFY: the document as it was written, with one place changed.

use super::errors;
use super::find::enter;
use super::path::{Path, Step};
use super::reader::{Kind, Node, Reader, decoded};
use crate::sql::reply::SqlError;

/// Where the last step of a path leads.
enum Place<'t> {
    /// A member or element. `comma` stands before it, and `next` is where what follows it begins: behind a comma, if one
    /// comes.
    Found {
        node: Node<'t>,
        start: usize,
        comma: Option<usize>,
        next: usize,
        member: bool,
    },
    /// An object without the member: where it closes, and whether it is empty.
    Missing {
        close: usize,
        empty: bool,
        written: &'t str,
    },
    Nowhere,
}

/// Sets, inserts, deletes or appends. `value` is JSON text; None is NULL, which deletes a member unless the path is strict.
///
/// # Errors
/// 13609, 13619; with a strict path 13608 and 13621.
pub(crate) fn modify(document: &str, path: &Path, value: Option<&str>) -> Result<String, SqlError> {
    let root =
        check(document).map_err(|error| if error.number == 13609 { error.with_state(7) } else { error })?;
    let unchanged = || if path.strict { Err(errors::not_found(2)) } else { Ok(document.to_owned()) };
    let Some((last, way)) = path.steps.split_last() else {
        return if path.append {
            appended(document, path, &root, value)
        } else {
            Err(errors::whole_document())
        };
    };
    match place(document, way, last)? {
        Place::Found { node, .. } if path.append => appended(document, path, &node, value),
        Place::Found { start, comma, next, member: true, node } if value.is_none() && !path.strict => {
            Ok(match comma {
                Some(comma) => spliced(document, comma, node.end(), ""),
                None => spliced(document, start, next, ""),
            })
        }
        Place::Found { node, .. } => Ok(spliced(document, node.start, node.end(), value.unwrap_or("null"))),
        Place::Missing { close, empty, written } if !path.strict => {
            let value = match (value, path.append) {
                (None, false) => return Ok(document.to_owned()),
                (Some(value), false) => value.to_owned(),
                (value, true) => format!("[{}]", value.unwrap_or("null")),
            };
            let comma = if empty { "" } else { "," };
            Ok(spliced(document, close, close, &format!("{comma}\"{written}\":{value}")))
        }
        Place::Missing { .. } | Place::Nowhere => unchanged(),
    }
}

fn check(document: &str) -> Result<Node<'_>, SqlError> {
    let mut reader = Reader::new(document);
    reader.root()?;
    let root = reader.value()?;
    reader.end()?;
    Ok(root)
}

fn place<'t>(document: &'t str, way: &[Step], last: &'t Step) -> Result<Place<'t>, SqlError> {
    let mut reader = Reader::new(document);
    for step in way {
        if !enter(&mut reader, step)? {
            return Ok(Place::Nowhere);
        }
    }
    let comma = |from: usize, to: usize| {
        document.get(from..to).and_then(|between| between.find(',')).map(|place| from.saturating_add(place))
    };
    match (reader.peek(), last) {
        (Some(b'{'), Step::Member { name, written }) => {
            reader.open();
            let mut first = true;
            loop {
                let before = reader.at();
                let Some(member) = reader.member(first)? else {
                    return Ok(Place::Missing {
                        close: reader.at().saturating_sub(1),
                        empty: first,
                        written,
                    });
                };
                let node = reader.value()?;
                if decoded(member.text) == *name {
                    let comma = if first { None } else { comma(before, member.start) };
                    let next = match reader.peek() {
                        Some(b',') => reader.at().saturating_add(1),
                        _ => node.end(),
                    };
                    return Ok(Place::Found { node, start: member.start, comma, next, member: true });
                }
                first = false;
            }
        }
        (Some(b'['), Step::Element(index)) => {
            reader.open();
            let mut place = 0_u32;
            while reader.element(place == 0)? {
                let node = reader.value()?;
                if place == *index {
                    return Ok(Place::Found {
                        node,
                        start: node.start,
                        comma: None,
                        next: node.end(),
                        member: false,
                    });
                }
                place = place.saturating_add(1);
            }
            Ok(Place::Nowhere)
        }
        _ => Ok(Place::Nowhere),
    }
}

fn appended(document: &str, path: &Path, array: &Node<'_>, value: Option<&str>) -> Result<String, SqlError> {
    if array.kind != Kind::Array {
        return if path.strict { Err(errors::no_array()) } else { Ok(document.to_owned()) };
    }
    let close = array.end().saturating_sub(1);
    let mut inside = Reader::new(array.text);
    inside.open();
    let comma = if inside.element(true)? { "," } else { "" };
    Ok(spliced(document, close, close, &format!("{comma}{}", value.unwrap_or("null"))))
}

fn spliced(document: &str, from: usize, to: usize, new: &str) -> String {
    let before = document.get(..from).unwrap_or_default();
    let behind = document.get(to..).unwrap_or_default();
    format!("{before}{new}{behind}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn modified(document: &str, path: &str, value: Option<&str>) -> Result<String, i32> {
        modify(document, &Path::parse_for_modify(path).unwrap(), value).map_err(|error| error.number)
    }

    #[test]
    fn only_the_named_place_changes() {
        for (document, path, value, result) in [
            ("  {\"a\" : 1}  ", "$.a", Some("2"), "  {\"a\" : 2}  "),
            ("{ \"a\" : 1 }", "$.b", Some("2"), "{ \"a\" : 1 ,\"b\":2}"),
            ("{}", "$.a", Some("\"x\""), "{\"a\":\"x\"}"),
            ("{\"a\":1, \"b\":2}", "$.a", None, "{ \"b\":2}"),
            ("{\"a\":1 , \"b\":2}", "$.b", None, "{\"a\":1 }"),
            ("{\"a\":1}", "$.a", None, "{}"),
            ("{\"a\":1}", "$.b", None, "{\"a\":1}"),
            ("[1,2,3]", "$[1]", None, "[1,null,3]"),
            ("[1,2,3]", "$[3]", Some("4"), "[1,2,3]"),
            ("{\"a\":[1]}", "append $.a", Some("2"), "{\"a\":[1,2]}"),
            ("{\"a\":[ ]}", "append $.a", Some("2"), "{\"a\":[ 2]}"),
            ("{}", "append $.a", None, "{\"a\":[null]}"),
            ("[]", "append $", Some("1"), "[1]"),
            ("{\"a\":1}", "append $.a", Some("2"), "{\"a\":1}"),
            ("{}", "$.x.y", Some("1"), "{}"),
            ("{\"a\":1,\"a\":2}", "$.a", Some("9"), "{\"a\":9,\"a\":2}"),
            ("{\"a\":{\"b\":1}}", "$.a.\"c d\"", Some("true"), "{\"a\":{\"b\":1,\"c d\":true}}"),
        ] {
            assert_eq!(modified(document, path, value), Ok(result.to_owned()), "{document} {path}");
        }
    }

    #[test]
    fn a_strict_path_writes_null_and_fails_where_nothing_is() {
        assert_eq!(modified("{\"a\":1}", "strict $.a", None), Ok("{\"a\":null}".to_owned()));
        assert_eq!(modified("{}", "strict $.a", Some("1")), Err(13608));
        assert_eq!(modified("{\"a\":1}", "append strict $.a", Some("1")), Err(13621));
        assert_eq!(modified("{}", "$", Some("1")), Err(13619));
        assert_eq!(modified("{\"a\":1}extra", "$.a", Some("1")), Err(13609));
    }
}
