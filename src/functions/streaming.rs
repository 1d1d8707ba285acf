//! An answer whose first part leaves while the command still runs.

use std::mem;

use super::failure::{Telling, problem_of};
use super::format::Format;
use super::shape::{AnswerSink, Chunks, Shaped};
use crate::database::{Failure, Running};
use crate::invocation::Problem;

/// How an answer can reach its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In one piece, as in the host's own reply.
    Whole,
    /// Also in chunks, one after the other.
    Chunks,
}

/// The answer of a command.
#[derive(Debug)]
pub enum Answered {
    /// The command has ended.
    Whole {
        /// What it came to.
        shaped: Shaped,
        /// What its body is written as.
        format: Format,
    },
    /// The command is still running, and more follows than fits in a chunk.
    Streaming(Box<Streaming>),
}

/// An answer in chunks. Dropping it cancels the command.
pub struct Streaming {
    status: u16,
    format: Format,
    state: State,
    // Dropped after the command, which so hears that it is cancelled before it finds nobody reading.
    chunks: Chunks,
    first: Option<String>,
    telling: Telling,
}

// Rows must not reach a log.
impl std::fmt::Debug for Streaming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streaming")
            .field("status", &self.status)
            .field("format", &self.format)
            .field("first_bytes", &self.first.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}

enum State {
    Running(Running<AnswerSink>),
    /// The command has ended: the last chunk, or what went wrong.
    Ended(Result<String, Problem>),
    /// All was told.
    Over,
}

impl Streaming {
    /// The answer of a running command whose chunks come out of `chunks`: whole if it ends before the first of them.
    ///
    /// # Errors
    /// The problem of a command that failed before anything left.
    pub(super) async fn begin(
        mut running: Running<AnswerSink>,
        mut chunks: Chunks,
        status: u16,
        format: Format,
        telling: Telling,
    ) -> Result<Answered, Problem> {
        let (first, state) = tokio::select! {
            biased;
            Some(first) = chunks.recv() => (first, State::Running(running)),
            outcome = &mut running => match chunks.try_recv() {
                Ok(first) => (first, ended(outcome, telling)),
                Err(_) => return whole(outcome, format, telling),
            },
        };
        let first = Some(first);
        Ok(Answered::Streaming(Box::new(Self { status, format, state, chunks, first, telling })))
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What it is written as.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The next chunk, which may be empty; None after the last one. A problem is the end of an answer that isn't complete: its caller must not
    /// take what has left for the whole. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<String, Problem>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if let State::Running(running) = &mut self.state {
            tokio::select! {
                biased;
                Some(chunk) = self.chunks.recv() => return Some(Ok(chunk)),
                outcome = running => self.state = ended(outcome, self.telling),
            }
        }
        // What was written before the end may not have been fetched yet.
        if let Ok(chunk) = self.chunks.try_recv() {
            return Some(Ok(chunk));
        }
        match mem::replace(&mut self.state, State::Over) {
            State::Ended(last) => Some(last),
            State::Over | State::Running(_) => None,
        }
    }
}

/// What a command came to: its sink, and whether it succeeded; None after a panic.
type Outcome = Option<(AnswerSink, Result<(), Failure>)>;

fn ended(outcome: Outcome, telling: Telling) -> State {
    State::Ended(succeeded(outcome, telling).map(AnswerSink::rest))
}

/// The answer of a command of which nothing has left.
pub(super) fn whole(outcome: Outcome, format: Format, telling: Telling) -> Result<Answered, Problem> {
    let shaped = succeeded(outcome, telling)?.finish();
    Ok(Answered::Whole { shaped, format })
}

fn succeeded(outcome: Outcome, telling: Telling) -> Result<AnswerSink, Problem> {
    match outcome {
        Some((sink, Ok(()))) => Ok(sink),
        Some((_, Err(failure))) => Err(problem_of(&failure, telling)),
        None => Err(Problem::defect()),
    }
}
