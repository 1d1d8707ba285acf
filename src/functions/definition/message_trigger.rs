//! Reads the binding of a trigger that brings a payload.

use super::section::Section;
use crate::functions::message_trigger::{Batches, MessageKind, MessageTrigger};
use crate::invocation::Mistakes;
use crate::invocation::nearest;

pub(super) const CARDINALITIES: [&str; 2] = ["one", "many"];
/// `stream` is a word of the host's too, for functions that run inside it: a custom handler gets no stream.
pub(super) const DATA_TYPES: [&str; 2] = ["string", "binary"];

/// Reads the binding `name` of this kind.
pub(super) fn read(
    name: &str,
    kind: &'static MessageKind,
    binding: &Section<'_>,
    mistakes: &mut Mistakes,
) -> MessageTrigger {
    let many = word(binding, "cardinality", &CARDINALITIES, mistakes) == Some("many");
    if many && kind.batches == Batches::Never {
        mistakes.add(
            binding.path_of("cardinality"),
            format!("is `many`, but a {} brings one message at a time; leave it out", kind.name),
        );
    }
    let data_type = word(binding, "dataType", &DATA_TYPES, mistakes);
    let batch = match kind.batches {
        Batches::Never => false,
        Batches::ByCardinality => many,
        Batches::Always => true,
    };
    if batch && data_type == Some("binary") {
        mistakes.add(
            binding.path_of("dataType"),
            "is `binary`, but messages that come at once are an array of texts; leave it out, or take one at a time",
        );
    }
    MessageTrigger {
        binding: name.to_owned(),
        kind,
        batch,
        binary: data_type == Some("binary"),
        path_names: match kind.name {
            "blobTrigger" => path_names(binding.text("path", mistakes).unwrap_or_default()),
            _ => Vec::new(),
        },
    }
}

/// One of these words, which have no case.
fn word(
    binding: &Section<'_>,
    key: &str,
    words: &[&'static str],
    mistakes: &mut Mistakes,
) -> Option<&'static str> {
    let written = binding.text(key, mistakes)?;
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(written));
    if known.is_none() {
        let meant = nearest(written, words.iter().copied()).map(|word| format!("; did you mean `{word}`?"));
        let message = format!("must be one of {}{}", words.join(", "), meant.unwrap_or_default());
        mistakes.add(binding.path_of(key), message);
    }
    known.copied()
}

/// The names in braces of a blob's path such as `orders/{customer}/{name}.json`; a doubled brace is the character.
fn path_names(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some(at) = rest.find('{') {
        let (_, from_brace) = rest.split_at(at);
        if let Some(after) = from_brace.strip_prefix("{{") {
            rest = after;
            continue;
        }
        let Some((name, after)) = from_brace.strip_prefix('{').and_then(|inside| inside.split_once('}'))
        else {
            break;
        };
        names.push(name.to_owned());
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::path_names;

    #[test]
    fn the_names_of_a_blobs_path_are_those_in_single_braces() {
        assert_eq!(path_names("orders"), Vec::<String>::new());
        assert_eq!(path_names("orders/{customer}/{name}.json"), ["customer", "name"]);
        assert_eq!(path_names("orders/{{2026}}-{name}"), ["name"]);
        assert_eq!(path_names("orders/{name"), Vec::<String>::new());
    }
}
