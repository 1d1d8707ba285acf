//! A parsed route template and how a path is matched with it.

use regex::Regex;

use super::constraint::{Constraint, ValueType};

/// The values that a path gives to a template's parameters, in the template's order. An optional one that is absent is `None`.
pub(in crate::functions) type RouteValues = Vec<(String, Option<String>)>;

/// A parameter of a template.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) constraints: Vec<Constraint>,
    pub(super) default: Option<String>,
    pub(super) optional: bool,
    pub(super) catch_all: bool,
}

impl Parameter {
    fn accepts(&self, value: &str) -> bool {
        self.constraints.iter().all(|constraint| constraint.accepts(value))
    }

    fn may_be_absent(&self) -> bool {
        self.optional || self.catch_all || self.default.is_some()
    }
}

/// What stands between two slashes.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    Literal(String),
    Parameter(Parameter),
    /// Literals and parameters mixed, such as `{name}.{extension}`; the expression has a group per parameter.
    Complex {
        pattern: Regex,
        parameters: Vec<Parameter>,
    },
}

/// A route template of ASP.NET Core.
#[derive(Clone, Debug)]
pub(in crate::functions) struct RouteTemplate {
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

impl RouteTemplate {
    /// The template as it was written, without a slash in front.
    pub(in crate::functions) fn text(&self) -> &str {
        &self.text
    }

    /// What the host converts the value of a parameter to.
    pub(in crate::functions) fn value_type(&self, name: &str) -> ValueType {
        self.parameters()
            .find(|parameter| parameter.name == name)
            .and_then(|parameter| {
                parameter.constraints.iter().map(Constraint::value_type).find(|kind| *kind != ValueType::Text)
            })
            .unwrap_or(ValueType::Text)
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.segments.iter().flat_map(|segment| match segment {
            Segment::Literal(_) => [].as_slice(),
            Segment::Parameter(parameter) => std::slice::from_ref(parameter),
            Segment::Complex { parameters, .. } => parameters.as_slice(),
        })
    }

    /// The values, if the path (raw, as it came, with its slash) fits.
    pub(in crate::functions) fn matches(&self, path: &str) -> Option<RouteValues> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut rest =
            if path.is_empty() { Vec::new() } else { path.split('/').map(decode).collect::<Vec<_>>() };
        rest.reverse();
        let mut values = RouteValues::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => {
                    rest.pop().filter(|given| {
                        given.eq_ignore_ascii_case(literal) || given.to_lowercase() == literal.to_lowercase()
                    })?;
                }
                Segment::Parameter(parameter) => {
                    let given = if parameter.catch_all {
                        rest.reverse();
                        Some(std::mem::take(&mut rest).join("/"))
                    } else {
                        rest.pop()
                    };
                    values.push(take(parameter, given.filter(|value| !value.is_empty()))?);
                }
                Segment::Complex { pattern, parameters } => {
                    let given = rest.pop()?;
                    let groups = pattern.captures(&given)?;
                    for (parameter, group) in parameters.iter().zip(groups.iter().skip(1)) {
                        values.push(take(parameter, group.map(|group| group.as_str().to_owned()))?);
                    }
                }
            }
        }
        rest.is_empty().then_some(values)
    }
}

fn take(parameter: &Parameter, given: Option<String>) -> Option<(String, Option<String>)> {
    let name = parameter.name.clone();
    match given {
        Some(value) => parameter.accepts(&value).then_some((name, Some(value))),
        None => parameter.may_be_absent().then(|| (name, parameter.default.clone())),
    }
}

/// Percent-decodes a segment. As in Kestrel `%2F` stays as it is, and bytes that aren't UTF-8 become replacement characters.
fn decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let decoded = match tail {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match decoded.filter(|byte| *byte != b'/') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
