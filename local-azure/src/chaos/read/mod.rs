//! Reads a script: JSON, which may hold comments, into types. Every mistake is found at once, with its line.

mod duration;
mod fault;
mod json;
mod object;
mod request;

use std::time::Duration;

use json::{Node, Text};
use object::Object;

use super::mistake::{Mistake, Mistakes};
use super::script::{MOST_RULES, Place, Probability, Rule, Script};
use crate::functions::without_comments;

/// The longest script, in bytes.
pub const LONGEST_SCRIPT: usize = 1024 * 1024;

/// The mistakes found so far.
#[derive(Default)]
struct Problems(Vec<Mistake>);

impl Problems {
    fn add(&mut self, line: usize, key: &str, message: &str) {
        self.0.push(Mistake { line, key: key.to_owned(), message: message.to_owned() });
    }
}

/// Reads a script whose rules may be at these places.
pub(super) fn script(text: &str, served: &[Place]) -> Result<Script, Mistakes> {
    let mut problems = Problems::default();
    let script = if text.len() > LONGEST_SCRIPT {
        problems.add(1, "", "is longer than 1 MiB: have fewer rules");
        None
    } else {
        let plain = without_comments(text);
        let plain = Text(&plain);
        match plain.root() {
            Ok(root) => whole(plain, root, served, &mut problems),
            Err(error) => {
                problems.add(error.line().max(1), "", &format!("is not JSON: {error}"));
                None
            }
        }
    };
    match Mistakes::new(problems.0) {
        None => Ok(script.unwrap_or_default()),
        Some(mistakes) => Err(mistakes),
    }
}

fn whole(text: Text<'_>, root: Node<'_>, served: &[Place], problems: &mut Problems) -> Option<Script> {
    let mut object = Object::open(text, root, "", problems)?;
    let seed = object
        .read("seed", problems, "must be a whole number from 0 to 18446744073709551615", |_: &u64| true)
        .unwrap_or_default();
    let key = object.key("rules");
    let line = object.line();
    let has_rules = object.peek("rules").is_some();
    let nodes = object.elements("rules", problems);
    if !has_rules {
        problems.add(line, &key, "is missing: list what is to go wrong, { \"rules\": [ ... ] }");
    }
    object.end(problems);
    let nodes = nodes?;
    if nodes.len() > MOST_RULES {
        problems.add(line, &key, &format!("has more than {MOST_RULES} rules: have fewer"));
        return None;
    }
    let rules = nodes
        .into_iter()
        .enumerate()
        .filter_map(|(index, node)| rule(text, node, &format!("{key}[{index}]"), served, problems))
        .collect();
    Some(Script { seed, rules, written: root.read().unwrap_or_default() })
}

/// Reads how long an outage is to last: `{ "for": "60s" }`.
pub(super) fn outage_length(text: &str) -> Result<Duration, Mistakes> {
    let mut problems = Problems::default();
    let text = Text(text);
    let length = match text.root() {
        Ok(root) => Object::open(text, root, "", &mut problems).and_then(|mut object| {
            if object.peek("for").is_none() {
                problems.add(object.line(), "for", "is missing: say how long, such as { \"for\": \"60s\" }");
            }
            let length = object.duration("for", &mut problems);
            object.end(&mut problems);
            length
        }),
        Err(error) => {
            problems.add(error.line().max(1), "", &format!("is not JSON: {error}"));
            None
        }
    };
    match Mistakes::new(problems.0) {
        None => Ok(length.unwrap_or_default()),
        Some(mistakes) => Err(mistakes),
    }
}

/// A rule without mistakes.
fn rule(
    text: Text<'_>,
    node: Node<'_>,
    path: &str,
    served: &[Place],
    problems: &mut Problems,
) -> Option<Rule> {
    let mut object = Object::open(text, node, path, problems)?;
    let line = object.line();
    let name =
        object.read("name", problems, "must be a text that is not empty", |name: &String| !name.is_empty());
    let has_place = object.peek("at").is_some();
    let place = object.word("at", problems, &Place::ALL.map(|place| (place.word(), place)));
    if !has_place {
        let words = Place::ALL.map(Place::word);
        problems.add(
            line,
            path,
            &format!("has no \"at\": say where it goes wrong, one of {}", object::listed(&words)),
        );
    }
    let place = place.filter(|place| {
        let is_served = served.contains(place);
        if !is_served {
            let served: Vec<&str> = served.iter().map(|place| place.word()).collect();
            let sentence =
                format!("\"{place}\" can't go wrong here: known here are {}", object::listed(&served));
            problems.add(line, &object.key("at"), &sentence);
        }
        is_served
    });
    let matching = match place {
        Some(Place::Statement | Place::Reply) | None => {
            object.read("matching", problems, "must be a text that is not empty", |text: &String| {
                !text.is_empty()
            })
        }
        Some(place) => {
            if let Some(matching) = object.take("matching") {
                let sentence = format!(
                    "only a \"statement\" or a \"reply\" has a text to match; a \"{place}\" has none"
                );
                problems.add(matching.line(), &object.key("matching"), &sentence);
            }
            None
        }
    };
    let probability = object.read(
        "probability",
        problems,
        "must be a number above 0 and not above 1, such as 0.05",
        |chance: &f64| Probability::new(*chance).is_some(),
    );
    let after = object.read("after", problems, "must be a whole number, 0 or above", |_: &u64| true);
    let times =
        object.read("times", problems, "must be a whole number above 0; leave it out for no end", |times| {
            *times > 0_u64
        });
    let given = object.take("fault");
    if given.is_none() {
        problems.add(line, path, "has no \"fault\": say what goes wrong, such as { \"error\": 40613 }");
    }
    let key = object.key("fault");
    object.end(problems);
    let fault = fault::read(text, given?, &key, place?, problems)?;
    Some(Rule {
        name,
        matching: matching.map(|text| text.to_lowercase()),
        probability: probability.and_then(Probability::new).unwrap_or(Probability::CERTAIN),
        after: after.unwrap_or_default(),
        times,
        fault,
    })
}
