//! The parameters of an ASP.NET route template such as `persons/{id:int}/{*rest}`.

use crate::functions::trigger::RouteParameter;

/// Reads a template's parameters in their order.
///
/// Constraints, default values and the optional mark are the host's to apply; here only the name counts and whether a
/// request can come without a value.
pub(super) fn parameters(template: &str) -> Result<Vec<RouteParameter>, String> {
    let mut parameters: Vec<RouteParameter> = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (_, from_brace) = rest.split_at(at);
        // A doubled brace is the character itself.
        if let Some(after) = from_brace.strip_prefix("{{").or_else(|| from_brace.strip_prefix("}}")) {
            rest = after;
            continue;
        }
        let inside = from_brace.strip_prefix('{').ok_or("has a `}` without its `{`")?;
        let end = closing_brace(inside).ok_or("has a `{` without its `}`")?;
        let (inside, after) = inside.split_at(end);
        let parameter = parameter(inside)?;
        if parameters.iter().any(|other| other.name.eq_ignore_ascii_case(&parameter.name)) {
            return Err(format!("has the parameter `{}` twice", parameter.name));
        }
        parameters.push(parameter);
        rest = after.get(1..).unwrap_or_default();
    }
    Ok(parameters)
}

/// Where the parameter ends; a regex constraint writes its own braces doubled.
fn closing_brace(inside: &str) -> Option<usize> {
    let mut characters = inside.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '}' && characters.next_if(|(_, next)| *next == '}').is_none() {
            return Some(at);
        }
    }
    None
}

fn parameter(inside: &str) -> Result<RouteParameter, String> {
    let name = inside.trim_start_matches('*');
    let name = name.split([':', '=', '?']).next().unwrap_or_default().trim();
    let named = !name.is_empty() && !name.contains(['/', '{', '}']);
    if !named {
        return Err("has a parameter without a proper name; write `{id}` or `{id:int}`".to_owned());
    }
    // A catch-all also matches nothing.
    let optional = inside.ends_with('?') || inside.starts_with('*');
    Ok(RouteParameter { name: name.to_owned(), optional })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn read(template: &str) -> Vec<(String, bool)> {
        parameters(template)
            .unwrap()
            .into_iter()
            .map(|parameter| (parameter.name, parameter.optional))
            .collect()
    }

    #[test]
    fn names_are_read_without_constraints_and_marks() {
        assert_eq!(read("persons"), []);
        assert_eq!(read("persons/{id:int}/{Tab?}"), [("id".to_owned(), false), ("Tab".to_owned(), true)]);
        assert_eq!(read("files/{*rest}"), [("rest".to_owned(), true)]);
        assert_eq!(read("a/{n:int:range(1,5)=3}"), [("n".to_owned(), false)]);
        assert_eq!(
            read("a/{code:regex(^\\d{{3}}$)}.{ext}"),
            [("code".to_owned(), false), ("ext".to_owned(), false)]
        );
        assert_eq!(read("{{literal}}/{x}"), [("x".to_owned(), false)]);
    }

    #[test]
    fn a_broken_template_is_refused() {
        for template in ["a/{id", "a/id}", "a/{}", "a/{:int}", "{id}/{ID}"] {
            assert!(parameters(template).is_err(), "{template}");
        }
    }
}
