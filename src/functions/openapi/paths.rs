//! Routes as the document's paths: written out, and put together where they differ in their parameters' names alone.

use crate::functions::route::{PathForm, PathPiece};

/// The paths of a document so far, with the names of their parameters.
#[derive(Debug, Default)]
pub(super) struct Paths {
    known: Vec<Path>,
}

/// A path of the document.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// As the document writes it: `/api/persons/{id}`.
    pub(super) text: String,
    /// The names of its parameters, in their order.
    pub(super) names: Vec<String>,
    /// The same with every name left out.
    shape: String,
}

impl Paths {
    /// The path of a form. Two that differ in their parameters' names alone are one path in OpenAPI ("Paths Object"): the
    /// names of the first count.
    pub(super) fn of_form(&mut self, form: &PathForm) -> Path {
        let mut path = Path { text: "/".to_owned(), names: Vec::new(), shape: "/".to_owned() };
        for piece in &form.pieces {
            match piece {
                PathPiece::Literal(literal) => {
                    let encoded = percent_encoded(literal);
                    path.text.push_str(&encoded);
                    path.shape.push_str(&encoded);
                }
                PathPiece::Parameter(parameter) => {
                    path.text.push_str(&format!("{{{}}}", parameter.name));
                    path.shape.push_str("{}");
                    path.names.push(parameter.name.clone());
                }
            }
        }
        match self.known.iter().find(|known| known.shape == path.shape) {
            Some(known) => known.clone(),
            None => {
                self.known.push(path.clone());
                path
            }
        }
    }
}

/// A literal as it stands in a URL (RFC 3986, `pchar` and the slash).
fn percent_encoded(literal: &str) -> String {
    let mut encoded = String::with_capacity(literal.len());
    for byte in literal.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::functions::route::RouteTemplate;

    fn path(paths: &mut Paths, template: &str) -> String {
        paths.of_form(&RouteTemplate::parse(template).unwrap().forms()[0]).text
    }

    #[test]
    fn a_path_is_written_as_it_stands_in_a_url() {
        let mut paths = Paths::default();
        assert_eq!(path(&mut paths, "api/søk/{{a}}/{id:int}"), "/api/s%C3%B8k/%7Ba%7D/{id}");
        assert_eq!(path(&mut paths, ""), "/");
    }

    #[test]
    fn paths_that_differ_in_names_alone_are_one() {
        let mut paths = Paths::default();
        assert_eq!(path(&mut paths, "persons/{id}"), "/persons/{id}");
        assert_eq!(path(&mut paths, "persons/{key}"), "/persons/{id}");
        assert_eq!(path(&mut paths, "persons/{id}.{key}"), "/persons/{id}.{key}");
    }
}
