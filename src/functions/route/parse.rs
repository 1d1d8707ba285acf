//! Reads a route template (`RoutePatternParser`, `RouteParameterParser`).

use super::constraint::Constraint;
use super::template::{Parameter, Part, RouteTemplate, Segment};

/// Why a text is no route template. Each is a sentence that follows the key's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `/persons`: joined to the prefix that makes two slashes in a row.
    #[error("must not begin with `/` or `~`: the host puts one between the route prefix and the route")]
    LeadingSlash,
    /// `a//b`
    #[error("has two slashes in a row, or nothing between them; take one out")]
    EmptySegment,
    /// `a/{id`
    #[error("has a `{{` without its `}}`; double both where the characters themselves are meant")]
    OpenBrace,
    /// `a/id}`
    #[error("has a `}}` without its `{{`; double both where the characters themselves are meant")]
    ClosingBrace,
    /// `{a{b}`
    #[error("has a `{{` inside a parameter; a brace in a regex constraint is written twice")]
    BraceInside,
    /// `{}`
    #[error("has a parameter without a proper name; write `{{id}}` or `{{id:int}}`")]
    Name,
    /// `{id}/{ID}`
    #[error("has the parameter `{0}` twice")]
    Repeated(String),
    /// `{a}{b}`
    #[error("has two parameters in a row; put a literal between them, such as `{{a}}-{{b}}`")]
    Consecutive,
    /// `{*rest}/x`
    #[error("has something behind the catch-all `{{*{0}}}`, which takes all the rest; move it to the end")]
    CatchAllNotLast(String),
    /// `a{*rest}`
    #[error("has the catch-all `{{*{0}}}` beside other text in its segment; give it a segment of its own")]
    CatchAllInSegment(String),
    /// `{*rest?}`
    #[error("has the optional catch-all `{0}`, which matches nothing anyway; leave the `?` out")]
    OptionalCatchAll(String),
    /// `{id=5?}`
    #[error("has the parameter `{0}` with a default value and `?`; leave one of the two out")]
    OptionalWithDefault(String),
    /// `{a?}-x`
    #[error(
        "has the optional parameter `{0}` beside other text; it must be a segment alone, or follow a `.` at its end"
    )]
    OptionalInside(String),
    /// `a?b`
    #[error("has a `?` in a literal, where a path can't have one")]
    QuestionMark,
    /// `{id:integer}`
    #[error("can't be read at the parameter `{parameter}`: {sentence}")]
    Constraint {
        /// The parameter's name.
        parameter: String,
        /// What is wrong.
        sentence: String,
    },
}

impl RouteTemplate {
    /// Reads a template such as `persons/{id:int}`; the empty text is the template of the prefix alone.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.starts_with(['/', '~']) {
            return Err(TemplateError::LeadingSlash);
        }
        let mut segments = Vec::new();
        // A slash at the end is no segment.
        let written = text.strip_suffix('/').unwrap_or(text);
        if !written.is_empty() {
            for segment in cut_at_slashes(written)? {
                segments.push(read_segment(&segment)?);
            }
        }
        let last = segments.len().saturating_sub(1);
        let before_last = segments.iter().take(last);
        if let Some(parameter) = before_last.filter_map(catch_all).next() {
            return Err(TemplateError::CatchAllNotLast(parameter.name.clone()));
        }
        let template = Self { text: text.to_owned(), segments };
        let mut names: Vec<String> = Vec::new();
        for parameter in template.parameters() {
            if names.iter().any(|name| name.eq_ignore_ascii_case(&parameter.name)) {
                return Err(TemplateError::Repeated(parameter.name));
            }
            names.push(parameter.name);
        }
        Ok(template)
    }
}

fn catch_all(segment: &Segment) -> Option<&Parameter> {
    match segment {
        Segment::CatchAll(parameter) => Some(parameter),
        Segment::Literal(_) | Segment::Parameter(_) | Segment::Mixed(_) => None,
    }
}

/// A piece of a segment as it is written: a literal, or what stands in a parameter's braces. Doubled braces are single.
enum Piece {
    Literal(String),
    Braces(String),
}

/// Cuts a template at the slashes outside of parameters: the pattern of a regex constraint may hold slashes.
fn cut_at_slashes(text: &str) -> Result<Vec<Vec<Piece>>, TemplateError> {
    let mut segments = Vec::new();
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '{' | '}' if characters.next_if_eq(&character).is_some() => literal.push(character),
            '}' => return Err(TemplateError::ClosingBrace),
            '{' => {
                push_literal(&mut pieces, &mut literal);
                pieces.push(Piece::Braces(read_braces(&mut characters)?));
            }
            '/' => {
                push_literal(&mut pieces, &mut literal);
                segments.push(std::mem::take(&mut pieces));
            }
            '?' => return Err(TemplateError::QuestionMark),
            _ => literal.push(character),
        }
    }
    push_literal(&mut pieces, &mut literal);
    segments.push(pieces);
    if segments.iter().any(Vec::is_empty) {
        return Err(TemplateError::EmptySegment);
    }
    Ok(segments)
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &mut String) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

/// Reads up to a parameter's closing brace.
fn read_braces(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, TemplateError> {
    let mut inside = String::new();
    while let Some(character) = characters.next() {
        match character {
            '{' if characters.next_if_eq(&'{').is_none() => return Err(TemplateError::BraceInside),
            '}' if characters.next_if_eq(&'}').is_none() => return Ok(inside),
            _ => inside.push(character),
        }
    }
    Err(TemplateError::OpenBrace)
}

fn read_segment(pieces: &[Piece]) -> Result<Segment, TemplateError> {
    match pieces {
        [Piece::Literal(literal)] => Ok(Segment::Literal(literal.clone())),
        [Piece::Braces(inside)] => {
            let (parameter, takes_all) = read_parameter(inside)?;
            Ok(if takes_all { Segment::CatchAll(parameter) } else { Segment::Parameter(parameter) })
        }
        _ => read_mixed(pieces).map(Segment::Mixed),
    }
}

fn read_mixed(pieces: &[Piece]) -> Result<Vec<Part>, TemplateError> {
    let mut parts: Vec<Part> = Vec::with_capacity(pieces.len());
    for (index, piece) in pieces.iter().enumerate() {
        let part = match piece {
            Piece::Literal(literal) => Part::Literal(literal.clone()),
            Piece::Braces(inside) => {
                let (parameter, takes_all) = read_parameter(inside)?;
                if takes_all {
                    return Err(TemplateError::CatchAllInSegment(parameter.name));
                }
                let is_last = index.saturating_add(1) == pieces.len();
                let after_dot = matches!(parts.last(), Some(Part::Literal(literal)) if literal == ".");
                if parameter.optional && !(is_last && after_dot) {
                    return Err(TemplateError::OptionalInside(parameter.name));
                }
                if matches!(parts.last(), Some(Part::Parameter(_))) {
                    return Err(TemplateError::Consecutive);
                }
                Part::Parameter(parameter)
            }
        };
        parts.push(part);
    }
    Ok(parts)
}

/// Reads what stands in the braces, such as `*rest`, `id:int?`, `page:int=1`; also whether it takes all the rest.
fn read_parameter(inside: &str) -> Result<(Parameter, bool), TemplateError> {
    let (body, takes_all) = match inside.strip_prefix("**").or_else(|| inside.strip_prefix('*')) {
        Some(body) => (body, true),
        None => (inside, false),
    };
    let (body, optional) = match body.strip_suffix('?') {
        Some(body) => (body, true),
        None => (body, false),
    };
    // A name may begin with what ends it elsewhere.
    let name_end =
        body.char_indices().skip(1).find(|(_, c)| matches!(c, ':' | '=')).map_or(body.len(), |(at, _)| at);
    let (name, mut rest) = body.split_at(name_end);
    if name.is_empty() || name.starts_with([':', '=']) || name.contains(['/', '{', '}', '?', '*']) {
        return Err(TemplateError::Name);
    }
    if takes_all && optional {
        return Err(TemplateError::OptionalCatchAll(name.to_owned()));
    }
    let mut constraints = Vec::new();
    while let Some(after) = rest.strip_prefix(':') {
        let (constraint, tail) = after.split_at(constraint_end(after));
        rest = tail;
        // The host passes over one without a word in it.
        if !constraint.is_empty() {
            let constraint = Constraint::parse(constraint)
                .map_err(|sentence| TemplateError::Constraint { parameter: name.to_owned(), sentence })?;
            constraints.push(constraint);
        }
    }
    let default = rest.strip_prefix('=').map(str::to_owned);
    if optional && default.is_some() {
        return Err(TemplateError::OptionalWithDefault(name.to_owned()));
    }
    Ok((Parameter { name: name.to_owned(), constraints, default, optional }, takes_all))
}

/// Where a constraint ends: at `:` or `=` outside of its parentheses. A `)` closes them when nothing, `:` or `=` follows.
fn constraint_end(text: &str) -> usize {
    let mut inside = false;
    for (at, character) in text.char_indices() {
        match character {
            '(' => inside = true,
            ')' if inside => {
                let next = text.get(at.saturating_add(1)..).and_then(|rest| rest.chars().next());
                inside = !matches!(next, None | Some(':' | '='));
            }
            ':' | '=' if !inside => return at,
            // An opening parenthesis that is never closed holds nothing together.
            ':' | '=' if !text.get(at..).is_some_and(|rest| rest.contains(')')) => return at,
            _ => {}
        }
    }
    text.len()
}
