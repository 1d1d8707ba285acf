//! Which program is tested, and in which of the host's HTTP modes: both are told by the environment of the test run.
//!
//! - `AZSQL_TEST_MODE`: `enveloped` (the default), `forwarding` or `proxying`. All desks of the run work in it, but for
//!   those of tests about the envelope itself, which ask for it by [`super::desk_builder::DeskBuilder::in_mode`].
//! - `AZSQL_TEST_WORKER`: the program to test, in place of the one that cargo built with the tests; a production build,
//!   for example. Tests of `azsql-worker dev` keep cargo's, since a production build has no such command.
//!
//! A test that asks [`super::Desk::mode`] says which rule of the host's contract makes the modes differ there.

use std::path::PathBuf;

/// How the host passes HTTP requests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Enveloped,
    Forwarding,
    Proxying,
}

impl Mode {
    /// The mode of this run.
    pub(crate) fn of_this_run() -> Self {
        match std::env::var("AZSQL_TEST_MODE").as_deref() {
            Err(_) | Ok("" | "enveloped") => Self::Enveloped,
            Ok("forwarding") => Self::Forwarding,
            Ok("proxying") => Self::Proxying,
            Ok(_) => panic!("AZSQL_TEST_MODE must be enveloped, forwarding or proxying"),
        }
    }

    /// The app setting that turns the mode on, for the host and the worker alike.
    pub(crate) fn setting(self) -> Option<&'static str> {
        match self {
            Self::Enveloped => None,
            Self::Forwarding => Some("AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest"),
            Self::Proxying => Some("AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest"),
        }
    }
}

/// The program under test.
pub(crate) fn worker_program() -> PathBuf {
    std::env::var_os("AZSQL_TEST_WORKER")
        .filter(|path| !path.is_empty())
        .map_or_else(|| PathBuf::from(DEV_PROGRAM), PathBuf::from)
}

/// The program that cargo built with the tests; it has the command `dev`.
pub(crate) const DEV_PROGRAM: &str = env!("CARGO_BIN_EXE_azsql-worker");
