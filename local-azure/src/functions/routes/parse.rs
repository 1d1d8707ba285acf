//! Reads a route template.

use std::collections::BTreeSet;

use regex::Regex;

use super::constraint::Constraint;
use super::template::{Parameter, RouteTemplate, Segment};

/// A piece of a segment.
enum Part {
    Literal(String),
    Parameter(Parameter),
}

impl RouteTemplate {
    /// Reads `api/persons/{id:int?}`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the template.
    pub(in crate::functions) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("~/").or_else(|| text.strip_prefix('/')).unwrap_or(text);
        let pieces = split_segments(text)?;
        let last = pieces.len().saturating_sub(1);
        let segments = pieces
            .iter()
            .enumerate()
            .map(|(position, piece)| parse_segment(piece, position == last))
            .collect::<Result<Vec<_>, _>>()?;
        let template = Self { text: text.to_owned(), segments };
        let mut names = BTreeSet::new();
        for parameter in template.parameters() {
            if !names.insert(parameter.name.to_lowercase()) {
                return Err(format!("the parameter '{}' occurs twice", parameter.name));
            }
        }
        Ok(template)
    }
}

/// Cuts at slashes outside braces: a regex constraint may hold slashes.
fn split_segments(text: &str) -> Result<Vec<String>, String> {
    let mut segments = vec![String::new()];
    let mut inside = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let doubled = matches!(character, '{' | '}') && characters.peek() == Some(&character);
        match character {
            '/' if !inside => segments.push(String::new()),
            _ => {
                if let Some(segment) = segments.last_mut() {
                    segment.push(character);
                    if doubled {
                        segment.push(character);
                        characters.next();
                    }
                }
                match character {
                    '{' if !doubled && inside => {
                        return Err("a '{' inside braces must be doubled".to_owned());
                    }
                    '{' if !doubled => inside = true,
                    '}' if !doubled && !inside => {
                        return Err("a '}' has no '{' before it".to_owned());
                    }
                    '}' if !doubled => inside = false,
                    _ => {}
                }
            }
        }
    }
    if inside {
        return Err("a '{' has no '}' after it".to_owned());
    }
    if segments.len() == 1 && segments.first().is_some_and(String::is_empty) {
        return Ok(Vec::new());
    }
    if segments.iter().any(String::is_empty) {
        return Err("a segment between two slashes is empty".to_owned());
    }
    Ok(segments)
}

fn parse_segment(text: &str, is_last: bool) -> Result<Segment, String> {
    let mut parts = split_parts(text)?;
    let misplaced = |parameter: &Parameter| !is_last && (parameter.optional || parameter.catch_all);
    if parts.iter().any(|part| matches!(part, Part::Parameter(parameter) if misplaced(parameter))) {
        return Err(format!("'{text}': an optional or catch-all parameter can only be the last segment"));
    }
    if parts.len() == 1 {
        return match parts.pop() {
            Some(Part::Parameter(parameter)) => Ok(Segment::Parameter(parameter)),
            Some(Part::Literal(literal)) => Ok(Segment::Literal(literal)),
            None => Err("a segment is empty".to_owned()),
        };
    }
    let mut pattern = "(?is)^".to_owned();
    let mut parameters = Vec::new();
    let mut after_parameter = false;
    for part in parts {
        match part {
            Part::Literal(literal) => {
                pattern.push_str(&regex::escape(&literal));
                after_parameter = false;
            }
            Part::Parameter(parameter) => {
                if after_parameter || parameter.catch_all || parameter.optional {
                    return Err(format!(
                        "'{text}': inside a segment, parameters need a literal between them and can't be optional or catch-all"
                    ));
                }
                pattern.push_str("(.+)");
                parameters.push(parameter);
                after_parameter = true;
            }
        }
    }
    pattern.push('$');
    let pattern = Regex::new(&pattern).map_err(|error| format!("'{text}': {error}"))?;
    Ok(Segment::Complex { pattern, parameters })
}

/// Cuts a segment into literals and what stands in braces, and undoes doubled braces.
fn split_parts(segment: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut current = String::new();
    let mut inside = false;
    let mut characters = segment.chars().peekable();
    while let Some(character) = characters.next() {
        if matches!(character, '{' | '}') && characters.peek() == Some(&character) {
            characters.next();
            current.push(character);
            continue;
        }
        match character {
            '{' => {
                if !current.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut current)));
                }
                inside = true;
            }
            '}' if inside => {
                parts.push(Part::Parameter(parse_parameter(&std::mem::take(&mut current))?));
                inside = false;
            }
            _ => current.push(character),
        }
    }
    if !current.is_empty() {
        parts.push(Part::Literal(current));
    }
    Ok(parts)
}

/// Reads what stands in the braces: `*rest`, `id:int?`, `page:int=1`.
fn parse_parameter(text: &str) -> Result<Parameter, String> {
    let stars = text.bytes().take_while(|byte| *byte == b'*').count();
    let body =
        text.get(stars..).filter(|_| stars <= 2).ok_or_else(|| format!("'{{{text}}}' has too many stars"))?;
    let end = body.find([':', '=', '?']).unwrap_or(body.len());
    let (name, mut rest) = body.split_at(end);
    if name.is_empty() || name.contains(['/', '{', '}', '*', '?']) {
        return Err(format!("'{{{text}}}' has no valid parameter name"));
    }
    let mut constraints = Vec::new();
    while let Some(after) = rest.strip_prefix(':') {
        let (constraint, tail) = after.split_at(constraint_end(after));
        constraints.push(Constraint::parse(constraint)?);
        rest = tail;
    }
    let optional = rest.ends_with('?');
    let default = rest.strip_prefix('=').map(str::to_owned);
    if default.is_none() && !matches!(rest, "" | "?") {
        return Err(format!("'{{{text}}}' can't be read behind its name"));
    }
    if optional && (default.is_some() || stars > 0) {
        return Err(format!(
            "'{{{text}}}': a parameter with a default value and a catch-all one can't be optional too"
        ));
    }
    Ok(Parameter { name: name.to_owned(), constraints, default, optional, catch_all: stars > 0 })
}

/// Where a constraint ends: at `:`, `=` or `?` outside its parentheses.
fn constraint_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (position, character) in text.char_indices() {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            ':' | '=' | '?' if depth == 0 => return position,
            _ => {}
        }
    }
    text.len()
}
