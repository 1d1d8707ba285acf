//! What can be said of templates without a request: whether one takes all that another takes.

use super::template::{Parameter, Part, RouteTemplate, Segment};

impl RouteTemplate {
    /// Whether every path that fits `other` fits this template too. A "no" may be too careful; a "yes" is certain.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        covers(&self.segments, &other.segments)
    }
}

fn covers(wide: &[Segment], narrow: &[Segment]) -> bool {
    match (wide.split_first(), narrow.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((Segment::CatchAll(wide), _)), _) => wide.constraints.is_empty(),
        (Some((first, rest)), None) => may_be_absent(first) && covers(rest, &[]),
        (Some((first, rest)), Some((narrow_first, narrow_rest))) => {
            let absent_too = !may_be_absent(narrow_first) || covers(wide, &[]);
            absent_too && segment_covers(first, narrow_first) && covers(rest, narrow_rest)
        }
    }
}

/// A path may end before the segment, and whatever the segment then has in its place is accepted.
fn may_be_absent(segment: &Segment) -> bool {
    match segment {
        Segment::Parameter(parameter) => {
            let default_fits =
                |default: &String| parameter.constraints.iter().all(|one| one.accepts(default));
            parameter.optional || parameter.default.as_ref().is_some_and(default_fits)
        }
        Segment::CatchAll(parameter) => parameter.constraints.is_empty(),
        Segment::Literal(_) | Segment::Mixed(_) => false,
    }
}

fn segment_covers(wide: &Segment, narrow: &Segment) -> bool {
    match (wide, narrow) {
        (Segment::Literal(wide), Segment::Literal(narrow)) => super::letter_case::same(wide, narrow),
        (Segment::Parameter(wide), Segment::Literal(literal)) => {
            wide.constraints.iter().all(|constraint| constraint.accepts(literal))
        }
        (Segment::Parameter(wide), Segment::Parameter(narrow)) => constraints_cover(wide, narrow),
        (Segment::Parameter(wide), Segment::Mixed(_)) => wide.constraints.is_empty(),
        (Segment::Mixed(wide), Segment::Mixed(narrow)) => {
            wide.len() == narrow.len()
                && wide.iter().zip(narrow).all(|(wide, narrow)| part_covers(wide, narrow))
        }
        _ => false,
    }
}

fn part_covers(wide: &Part, narrow: &Part) -> bool {
    match (wide, narrow) {
        (Part::Literal(wide), Part::Literal(narrow)) => super::letter_case::same(wide, narrow),
        (Part::Parameter(wide), Part::Parameter(narrow)) => {
            wide.optional == narrow.optional && constraints_cover(wide, narrow)
        }
        _ => false,
    }
}

fn constraints_cover(wide: &Parameter, narrow: &Parameter) -> bool {
    wide.constraints.iter().all(|constraint| narrow.constraints.contains(constraint))
}
