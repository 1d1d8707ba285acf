//! An answer as bytes and back, for the table of idempotency keys.
//!
//! Only what a command gave is stored. What the definition says, such as an output's receiver, is the definition's of today.

use serde::{Deserialize, Serialize};

use super::output::{Output, OutputContent, OutputForm, ShapedOutput};
use super::plan::ResultForm;
use super::shape::{Shaped, nothing};

/// The version of the form below; a reader refuses every other.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    version: u32,
    status: u16,
    /// JSON text.
    #[serde(borrow)]
    body: Option<std::borrow::Cow<'a, str>>,
    /// The command found or changed nothing, which the definition answers with a problem.
    nothing: bool,
    outputs: Vec<StoredOutput>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredOutput {
    binding: String,
    form: String,
    content: StoredContent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum StoredContent {
    Text(String),
    Base64(String),
    Json(String),
    JsonList(Vec<String>),
}

/// The bytes; None when serde can't write them, which no answer brings about.
pub(super) fn write(shaped: &Shaped) -> Option<Vec<u8>> {
    let output = |sent: &ShapedOutput| StoredOutput {
        binding: sent.output.binding.clone(),
        form: sent.output.form.name().to_owned(),
        content: match sent.content.clone() {
            OutputContent::Text(text) => StoredContent::Text(text),
            OutputContent::Base64(text) => StoredContent::Base64(text),
            OutputContent::Json(json) => StoredContent::Json(json),
            OutputContent::JsonList(list) => StoredContent::JsonList(list),
        },
    };
    let stored = Stored {
        version: VERSION,
        status: shaped.status,
        body: shaped.body.as_deref().map(Into::into),
        nothing: shaped.problem.is_some(),
        outputs: shaped.outputs.iter().map(output).collect(),
    };
    serde_json::to_vec(&stored).ok()
}

/// The answer of a function whose results have this form and whose outputs are these; None when the bytes are not an answer of
/// it, or of another version.
pub(super) fn read(bytes: &[u8], form: ResultForm, outputs: &[Output]) -> Option<Shaped> {
    let stored: Stored<'_> = serde_json::from_slice(bytes).ok()?;
    let is_status = if stored.nothing { 400..600 } else { 200..300 };
    if stored.version != VERSION || !is_status.contains(&stored.status) {
        return None;
    }
    let output = |sent: StoredOutput| {
        let form = OutputForm::ALL.into_iter().find(|form| form.name() == sent.form)?;
        let declared = outputs.iter().find(|output| output.binding == sent.binding && output.form == form)?;
        let content = match sent.content {
            StoredContent::Text(text) => OutputContent::Text(text),
            StoredContent::Base64(text) => OutputContent::Base64(text),
            StoredContent::Json(json) => OutputContent::Json(json),
            StoredContent::JsonList(list) => OutputContent::JsonList(list),
        };
        Some(ShapedOutput { output: declared.clone(), content })
    };
    Some(Shaped {
        status: stored.status,
        body: stored.body.map(std::borrow::Cow::into_owned),
        problem: stored.nothing.then(|| nothing(stored.status, form)),
        outputs: stored.outputs.into_iter().map(output).collect::<Option<Vec<_>>>()?,
        replayed: true,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;
    use crate::functions::output::Receiver;

    fn output(form: OutputForm) -> Output {
        Output { binding: form.name().to_owned(), form, receiver: Receiver::Messages, binary: false }
    }

    /// Content has no `Debug`, so it is made from what a failing test may print.
    fn content((kind, texts): (u8, Vec<String>)) -> OutputContent {
        let text = texts.concat();
        match kind {
            0 => OutputContent::Text(text),
            1 => OutputContent::Base64(text),
            2 => OutputContent::Json(text),
            _ => OutputContent::JsonList(texts),
        }
    }

    proptest! {
        #[test]
        fn an_answer_comes_back_as_it_was_and_says_that_it_is_a_replay(
            status in 200u16..300,
            body in prop::option::of(".{0,40}"),
            contents in prop::collection::vec((0u8..4, prop::collection::vec(".{0,5}", 1..4)), 0..5),
        ) {
            let outputs: Vec<ShapedOutput> = contents
                .into_iter()
                .zip(OutputForm::ALL)
                .map(|(made, form)| ShapedOutput { output: output(form), content: content(made) })
                .collect();
            let shaped = Shaped { status, body, problem: None, outputs, replayed: false };
            let declared = OutputForm::ALL.map(output);
            let read = read(&write(&shaped).unwrap(), ResultForm::Row, &declared).unwrap();
            let expected = Shaped { replayed: true, ..shaped };
            prop_assert!(read == expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(read(&bytes, ResultForm::Row, &[]).is_none());
        }
    }

    #[test]
    fn what_found_nothing_finds_nothing_again() {
        let problem = Some(nothing(404, ResultForm::Row));
        let shaped = Shaped { status: 404, body: None, problem, outputs: Vec::new(), replayed: false };
        let read = read(&write(&shaped).unwrap(), ResultForm::Row, &[]).unwrap();
        assert!(read == Shaped { replayed: true, ..shaped });
    }

    #[test]
    fn what_another_version_or_definition_wrote_is_refused() {
        let text = |version: u32, status: u16, output: &str| {
            format!(
                r#"{{"version":{version},"status":{status},"body":null,"nothing":false,"outputs":[{output}]}}"#
            )
        };
        let queue = r#"{"binding":"row","form":"row","content":{"json":"1"}}"#;
        let reads =
            |text: String| read(text.as_bytes(), ResultForm::None, &[output(OutputForm::Row)]).is_some();
        assert!(reads(text(1, 200, queue)));
        assert!(!reads(text(2, 200, queue)), "another version");
        assert!(!reads(text(1, 302, "")), "no status of an answer");
        assert!(!reads(text(1, 200, &queue.replace("\"row\",\"form\"", "\"gone\",\"form\""))));
        assert!(!reads(text(1, 200, &queue.replace("\"form\":\"row\"", "\"form\":\"value\""))));
    }
}
