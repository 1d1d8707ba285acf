//! The paths that a template takes, each with all of its parameters: what can be left out makes a path of its own. For
//! descriptions of an interface, whose paths have no optional parts.

use super::constraint::ValueRule;
use super::template::{Parameter, Part, RouteTemplate, Segment};

/// A path of a template whose parameters all have values.
#[derive(Clone, Debug, PartialEq)]
pub struct PathForm {
    /// In their order; the slashes are in the literals. Empty for the template without segments.
    pub pieces: Vec<PathPiece>,
}

/// A piece of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum PathPiece {
    /// Text as it stands in a decoded path.
    Literal(String),
    /// A parameter.
    Parameter(PathParameter),
}

/// A parameter of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathParameter {
    /// As the template spells it.
    pub name: String,
    /// What its value must keep to; a request that doesn't gets the host's 404.
    pub rules: Vec<ValueRule>,
    /// Whether it takes all that is left of the path, slashes too.
    pub catch_all: bool,
}

impl PathForm {
    /// Its parameters in their order.
    pub fn parameters(&self) -> impl Iterator<Item = &PathParameter> {
        self.pieces.iter().filter_map(|piece| match piece {
            PathPiece::Parameter(parameter) => Some(parameter),
            PathPiece::Literal(_) => None,
        })
    }
}

impl RouteTemplate {
    /// The paths that it takes, the one with the most parameters first. What may be left out of a segment is so of the
    /// last segment alone.
    #[must_use]
    pub fn forms(&self) -> Vec<PathForm> {
        let needed =
            self.segments.iter().rposition(|segment| !segment.may_be_absent()).map_or(0, |at| at + 1);
        let mut forms = Vec::new();
        for length in (needed..=self.segments.len()).rev() {
            let segments = self.segments.get(..length).unwrap_or_default();
            forms.push(form(segments.iter().map(Segment::pieces)));
            if let Some((Segment::Mixed(parts), before)) = segments.split_last()
                && let Some((Part::Parameter(Parameter { optional: true, .. }), [name @ .., _dot])) =
                    parts.split_last()
            {
                let short = std::iter::once(name.iter().map(Part::piece).collect());
                forms.push(form(before.iter().map(Segment::pieces).chain(short)));
            }
        }
        forms
    }
}

fn form(segments: impl Iterator<Item = Vec<PathPiece>>) -> PathForm {
    let mut pieces = Vec::new();
    for (index, segment) in segments.enumerate() {
        if index > 0 {
            pieces.push(PathPiece::Literal("/".to_owned()));
        }
        pieces.extend(segment);
    }
    PathForm { pieces }
}

impl Segment {
    /// Whether a path may end before it.
    fn may_be_absent(&self) -> bool {
        match self {
            Self::Parameter(parameter) => parameter.may_be_absent(parameter.optional),
            Self::CatchAll(parameter) => parameter.may_be_absent(true),
            Self::Literal(_) | Self::Mixed(_) => false,
        }
    }

    fn pieces(&self) -> Vec<PathPiece> {
        match self {
            Self::Literal(literal) => vec![PathPiece::Literal(literal.clone())],
            Self::Parameter(parameter) => vec![PathPiece::Parameter(parameter.described(false))],
            Self::CatchAll(parameter) => vec![PathPiece::Parameter(parameter.described(true))],
            Self::Mixed(parts) => parts.iter().map(Part::piece).collect(),
        }
    }
}

impl Part {
    fn piece(&self) -> PathPiece {
        match self {
            Self::Literal(literal) => PathPiece::Literal(literal.clone()),
            Self::Parameter(parameter) => PathPiece::Parameter(parameter.described(false)),
        }
    }
}

impl Parameter {
    /// The same rule as where paths are matched.
    fn may_be_absent(&self, is_allowed: bool) -> bool {
        match &self.default {
            Some(default) => self.constraints.iter().all(|constraint| constraint.accepts(default)),
            None => is_allowed && (self.optional || self.constraints.is_empty()),
        }
    }

    fn described(&self, catch_all: bool) -> PathParameter {
        let rules = self.constraints.iter().map(super::constraint::Constraint::rule).collect();
        PathParameter { name: self.name.clone(), rules, catch_all }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn forms(template: &str) -> Vec<String> {
        let written = |form: PathForm| {
            let pieces = form.pieces.into_iter().map(|piece| match piece {
                PathPiece::Literal(literal) => literal,
                PathPiece::Parameter(PathParameter { name, catch_all, .. }) => {
                    format!("{{{}{name}}}", if catch_all { "*" } else { "" })
                }
            });
            pieces.collect()
        };
        RouteTemplate::parse(template).unwrap().forms().into_iter().map(written).collect()
    }

    #[test]
    fn what_can_be_left_out_makes_a_path_of_its_own() {
        for (template, paths) in [
            ("", vec![""]),
            ("persons", vec!["persons"]),
            ("persons/{id:int}", vec!["persons/{id}"]),
            ("work/{id:int}/{tab?}", vec!["work/{id}/{tab}", "work/{id}"]),
            ("a/{b=1}/{c?}", vec!["a/{b}/{c}", "a/{b}", "a"]),
            ("a/{b=1}/c", vec!["a/{b}/c"]),
            ("a/{b:int=x}", vec!["a/{b}"]),
            ("{*rest}", vec!["{*rest}", ""]),
            ("{*rest:int}", vec!["{*rest}"]),
            ("files/{name}.{extension?}", vec!["files/{name}.{extension}", "files/{name}"]),
            ("{{x}}/{a}-{b}", vec!["{x}/{a}-{b}"]),
        ] {
            assert_eq!(forms(template), paths, "{template}");
        }
    }

    #[test]
    fn a_path_of_a_form_is_one_that_the_template_takes() {
        use crate::functions::route::RequestPath;

        for template in ["work/{id:int}/{tab?}", "a/{b=1}/{c?}", "x/{*rest}", "f/{n}.{e?}", "{a:int?}"] {
            let parsed = RouteTemplate::parse(template).unwrap();
            for form in parsed.forms() {
                let path: String = form
                    .pieces
                    .iter()
                    .map(|piece| match piece {
                        PathPiece::Literal(literal) => literal.as_str(),
                        PathPiece::Parameter(_) => "7",
                    })
                    .collect();
                let values = parsed.matches(&RequestPath::parse(&format!("/{path}")).unwrap()).unwrap();
                for parameter in form.parameters() {
                    assert!(values.contains(&(parameter.name.clone(), "7".to_owned())), "{template}: {path}");
                }
            }
        }
    }
}
