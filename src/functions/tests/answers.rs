//! An answer in pieces is the same as one that is kept, and one that is kept has a limit.

use std::sync::Arc;

use futures_util::FutureExt;
use proptest::prelude::*;

use super::http;
use crate::database::{Cell, ResultColumn, ResultSink, SinkError};
use crate::functions::format::Format;
use crate::functions::shape::{AnswerSink, Chunks};
use crate::functions::{Function, Plan};

const CHUNK: usize = 64 * 1024;
const NO_LIMIT: usize = usize::MAX;

fn rows_function() -> Arc<Function> {
    http(r#"{ "commandText": "SELECT 1 AS a", "result": "rows", "repeatable": true }"#, "").unwrap()
}

fn plan(function: &Function) -> &Plan {
    function.plan().unwrap()
}

fn columns(sink: &mut AnswerSink) {
    let columns = ["Id", "Text"].map(|name| ResultColumn { name, bare_type: "nvarchar" });
    sink.columns(&columns).unwrap();
}

fn row(sink: &mut AnswerSink, id: usize, text: &str) -> Result<(), SinkError> {
    sink.begin_row()?;
    sink.cell(Cell::BigInt(i64::try_from(id).unwrap()))?;
    sink.cell(Cell::Text(text))?;
    sink.end_row()
}

/// What is ready in the channel.
fn fetch(chunks: &mut Chunks, pieces: &mut Vec<String>) {
    while let Ok(piece) = chunks.try_recv() {
        pieces.push(piece);
    }
}

proptest! {
    #[test]
    fn the_pieces_of_an_answer_are_the_whole_of_it_in_each_format(
        lengths in prop::collection::vec(0usize..40_000, 0..12),
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let function = rows_function();
        let mut whole = AnswerSink::whole(plan(&function), format, NO_LIMIT);
        let (mut in_pieces, mut chunks) = AnswerSink::in_chunks(plan(&function), format, NO_LIMIT);
        let mut pieces = Vec::new();
        columns(&mut whole);
        columns(&mut in_pieces);
        for (id, length) in lengths.iter().enumerate() {
            let text = "a\"ö,\n".repeat(length / 5);
            row(&mut whole, id, &text).unwrap();
            row(&mut in_pieces, id, &text).unwrap();
            prop_assert!(!whole.is_full());
            if in_pieces.is_full() {
                in_pieces.flush().now_or_never().unwrap().unwrap();
                fetch(&mut chunks, &mut pieces);
            }
        }
        whole.complete().unwrap();
        in_pieces.complete().unwrap();

        prop_assert!(pieces.iter().all(|piece| piece.len() >= CHUNK));
        // What has left forbids a repeat.
        let has_left = !pieces.is_empty();
        pieces.push(in_pieces.rest());
        prop_assert_eq!(pieces.concat(), whole.finish().body.unwrap());
        let mut again = AnswerSink::in_chunks(plan(&function), format, NO_LIMIT).0;
        prop_assert!(again.restart());
        prop_assert_eq!(has_left, pieces.len() > 1);
    }
}

#[test]
fn nothing_is_run_again_once_a_piece_has_left_and_nobody_who_reads_no_more_gets_another() {
    for format in Format::ALL {
        let function = rows_function();
        let (mut sink, mut chunks) = AnswerSink::in_chunks(plan(&function), format, NO_LIMIT);
        let text = "x".repeat(CHUNK);
        columns(&mut sink);
        row(&mut sink, 1, &text).unwrap();
        assert!(sink.restart(), "nothing has left");
        columns(&mut sink);
        for id in 1..=2 {
            row(&mut sink, id, &text).unwrap();
            sink.flush().now_or_never().unwrap().unwrap();
        }
        assert!(!sink.restart());

        row(&mut sink, 3, &text).unwrap();
        assert!(sink.flush().now_or_never().is_none(), "it waits for the reader");
        assert!(chunks.try_recv().is_ok());
        sink.flush().now_or_never().unwrap().unwrap();

        drop(chunks);
        row(&mut sink, 4, &text).unwrap();
        assert!(sink.flush().now_or_never().is_none(), "its command is being cancelled");
    }
}

#[test]
fn what_is_kept_ends_the_command_beyond_the_limit() {
    let function = rows_function();
    for format in Format::ALL {
        let mut small = AnswerSink::whole(plan(&function), format, NO_LIMIT);
        columns(&mut small);
        row(&mut small, 1, "text").unwrap();
        small.complete().unwrap();
        let length = small.finish().body.unwrap().len();
        // The bracket that closes an array comes after the last look.
        let limit = if format == Format::Json { length - 1 } else { length };

        let mut fits = AnswerSink::whole(plan(&function), format, limit);
        columns(&mut fits);
        assert_eq!(row(&mut fits, 1, "text"), Ok(()), "{format:?}");
        assert_eq!(row(&mut fits, 2, ""), Err(SinkError::TooLarge { limit }), "{format:?}");
    }
}
