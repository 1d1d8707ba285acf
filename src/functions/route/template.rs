//! A parsed route template: segments of literals and parameters.

use std::fmt;

use super::constraint::Constraint;
use super::parse::TemplateError;

/// A route template such as `persons/{id:int}/{*rest}`, read by [`RouteTemplate::parse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTemplate {
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

/// What stands between two slashes of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Segment {
    /// `persons`
    Literal(String),
    /// `{id}`
    Parameter(Parameter),
    /// `{*rest}` or `{**rest}`: all that is left of the path, always the last segment. The two differ only when a link
    /// is made from the template, which the host never does.
    CatchAll(Parameter),
    /// `{name}.{extension}`: two parts at least, never two parameters or two literals in a row.
    Mixed(Vec<Part>),
}

/// A piece of a mixed segment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Literal(String),
    Parameter(Parameter),
}

/// A parameter with what its value must keep to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) constraints: Vec<Constraint>,
    pub(super) default: Option<String>,
    pub(super) optional: bool,
}

/// A parameter of a route template, as the rest of the worker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteParameter {
    /// As the template spells it; the host matches it without case.
    pub name: String,
    /// Whether a request can come without a value: `{id?}` and `{*rest}`. One with a default always has a value.
    pub optional: bool,
}

impl RouteTemplate {
    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its parameters in their order.
    #[must_use]
    pub fn parameters(&self) -> Vec<RouteParameter> {
        self.segments.iter().flat_map(Segment::parameters).collect()
    }

    /// Patterns of `regex` constraints that only .NET can read, such as those with lookaround.
    pub fn foreign_patterns(&self) -> impl Iterator<Item = &str> {
        let parameters = self.segments.iter().flat_map(Segment::all_parameters);
        parameters.flat_map(|parameter| &parameter.constraints).filter_map(Constraint::foreign_pattern)
    }

    /// Whether a parameter of it takes a text with slashes, backslashes and dots in any order, as far as can be told.
    #[must_use]
    pub fn takes_any_text(&self) -> bool {
        let mut parameters = self.segments.iter().flat_map(Segment::all_parameters);
        parameters.any(|parameter| parameter.constraints.iter().all(Constraint::takes_any_text))
    }

    /// This template below another, as the host joins the route prefix and a route.
    ///
    /// # Errors
    /// When both have a parameter of the same name, or nothing can come after the prefix.
    pub fn under(&self, prefix: &Self) -> Result<Self, TemplateError> {
        if prefix.text.is_empty() {
            return Ok(self.clone());
        }
        Self::parse(&format!("{}/{}", prefix.text, self.text))
    }
}

impl fmt::Display for RouteTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Segment {
    /// The order in which segments are tried (`RoutePrecedence.ComputeInbound`): a smaller number goes first.
    pub(super) fn precedence(&self) -> u8 {
        match self {
            Self::Literal(_) => 1,
            Self::Mixed(_) => 2,
            Self::Parameter(parameter) if !parameter.constraints.is_empty() => 2,
            Self::Parameter(_) => 3,
            Self::CatchAll(parameter) if !parameter.constraints.is_empty() => 4,
            Self::CatchAll(_) => 5,
        }
    }

    fn parameters(&self) -> Vec<RouteParameter> {
        let catch_all = matches!(self, Self::CatchAll(_));
        self.all_parameters()
            .map(|parameter| RouteParameter {
                name: parameter.name.clone(),
                optional: parameter.optional || (catch_all && parameter.default.is_none()),
            })
            .collect()
    }

    pub(super) fn all_parameters(&self) -> impl Iterator<Item = &Parameter> {
        let (single, mixed) = match self {
            Self::Literal(_) => (None, [].as_slice()),
            Self::Parameter(parameter) | Self::CatchAll(parameter) => (Some(parameter), [].as_slice()),
            Self::Mixed(parts) => (None, parts.as_slice()),
        };
        single.into_iter().chain(mixed.iter().filter_map(|part| match part {
            Part::Parameter(parameter) => Some(parameter),
            Part::Literal(_) => None,
        }))
    }
}
