//! Whether a path fits a template, and the values that it gives (`RoutePatternMatcher`).

use super::constraint::{Constraint, Verdict};
use super::letter_case;
use super::path::RequestPath;
use super::template::{Parameter, Part, RouteTemplate, Segment};

/// The values that a path gives to a template's parameters, decoded; an optional one that is absent is not among them.
pub type RouteValues = Vec<(String, String)>;

/// How a constraint is asked.
type Test<'a> = &'a mut dyn FnMut(&Constraint, &str) -> bool;

/// Whether the host finds that a path fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    No,
    Yes(RouteValues),
    /// Only .NET knows; the values if it is as we see it.
    Unsure(Option<RouteValues>),
}

impl RouteTemplate {
    /// The values, if the path fits the template and they keep to its constraints.
    #[must_use]
    pub fn matches(&self, path: &RequestPath) -> Option<RouteValues> {
        self.values(path, &mut Constraint::accepts)
    }

    /// Whether the host finds that the path fits.
    pub(super) fn fit(&self, path: &RequestPath) -> Fit {
        let mut sure = true;
        let values = self.values(path, &mut |constraint, value| match constraint.verdict(value) {
            Verdict::Taken => true,
            Verdict::Refused => false,
            Verdict::Unsure => {
                sure = false;
                true
            }
        });
        match values {
            None => Fit::No,
            Some(values) if sure => Fit::Yes(values),
            Some(_) => Fit::Unsure(self.matches(path)),
        }
    }

    /// Whether the host could find that the path fits: where .NET may see a constraint in another way than we do, it
    /// counts as met.
    pub(in crate::functions) fn may_match(&self, path: &RequestPath) -> bool {
        self.values(path, &mut Constraint::may_accept).is_some()
    }

    fn values(&self, path: &RequestPath, test: Test<'_>) -> Option<RouteValues> {
        let given = path.segments();
        let mut values = RouteValues::new();
        for (index, segment) in self.segments.iter().enumerate() {
            // The host takes no empty segment, not even for a catch-all to begin with.
            if given.get(index).is_some_and(String::is_empty) {
                return None;
            }
            match (segment, given.get(index)) {
                (Segment::Literal(literal), Some(given)) if letter_case::same(literal, given) => {}
                (Segment::Parameter(parameter), given) => {
                    parameter.take(given.cloned(), parameter.optional, test, &mut values)?;
                }
                (Segment::CatchAll(parameter), _) => {
                    parameter.take(path.rest(index), true, test, &mut values)?;
                    return Some(values);
                }
                (Segment::Mixed(parts), Some(given)) => {
                    for (parameter, value) in mixed(parts, given)? {
                        parameter.take(Some(value.to_owned()), false, test, &mut values)?;
                    }
                }
                (Segment::Literal(_) | Segment::Mixed(_), _) => return None,
            }
        }
        (given.len() <= self.segments.len()).then_some(values)
    }
}

impl Parameter {
    /// Adds the value, the default, or nothing where nothing is allowed; None when the parameter refuses.
    ///
    /// A constraint is asked about a default too. Nothing fits no constraint, but an optional parameter's are not asked.
    fn take(
        &self,
        given: Option<String>,
        may_be_absent: bool,
        test: Test<'_>,
        values: &mut RouteValues,
    ) -> Option<()> {
        match given.or_else(|| self.default.clone()) {
            Some(value) => {
                let fits = self.constraints.iter().all(|constraint| test(constraint, &value));
                fits.then(|| values.push((self.name.clone(), value)))
            }
            None => (may_be_absent && (self.optional || self.constraints.is_empty())).then_some(()),
        }
    }
}

/// Cuts a segment into the values of a mixed segment, from right to left: each literal is taken as far to the right as it
/// can be, and each parameter gets one character at least. With an optional parameter at the end, its dot and its value
/// may be missing together.
fn mixed<'t, 'g>(parts: &'t [Part], given: &'g str) -> Option<Vec<(&'t Parameter, &'g str)>> {
    let all = cut(parts, given);
    match parts.split_last_chunk::<2>() {
        Some((before, [Part::Literal(separator), Part::Parameter(last)]))
            if last.optional && all.is_none() =>
        {
            let ends_with_separator =
                letter_case::last_place(given, separator).is_some_and(|(_, end)| end == given.len());
            if ends_with_separator { None } else { cut(before, given) }
        }
        _ => all,
    }
}

fn cut<'t, 'g>(parts: &'t [Part], given: &'g str) -> Option<Vec<(&'t Parameter, &'g str)>> {
    let mut values = Vec::new();
    // What is left of this has no owner yet.
    let mut end = given.len();
    let mut waiting: Option<&Parameter> = None;
    for part in parts.iter().rev() {
        match part {
            Part::Parameter(parameter) => waiting = Some(parameter),
            Part::Literal(literal) => {
                let open = given.get(..end)?;
                let searched = match waiting {
                    Some(_) => open.get(..open.char_indices().next_back()?.0)?,
                    None => open,
                };
                let (begin, literal_end) = letter_case::last_place(searched, literal)?;
                match waiting.take() {
                    Some(parameter) => values.push((parameter, given.get(literal_end..end)?)),
                    None if literal_end != end => return None,
                    None => {}
                }
                end = begin;
            }
        }
    }
    match waiting {
        Some(parameter) if end > 0 => values.push((parameter, given.get(..end)?)),
        None if end == 0 => {}
        Some(_) | None => return None,
    }
    values.reverse();
    Some(values)
}
