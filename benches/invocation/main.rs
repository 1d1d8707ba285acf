//! CPU per invocation without a database: reading the host's envelope, binding, and writing the answer.
//!
//! Contenders that do the same work in different ways take turns in one run, measured by the CPU time that the system
//! accounts to their thread, or to their process where it is a server (`schedstat` in `/proc`); the medians are printed with
//! their ratio to the first of each group. The request is a captured one (`tests/fixtures/envelopes/http-2.json`: what App Service adds to
//! a POST), with the headers of App Service authentication added and a larger body.
//!
//! ```sh
//! cargo bench --bench invocation            # seconds, once it is built
//! cargo bench --bench invocation -- 31      # rounds
//! ```
//!
//! Instructions instead of time, for one contender: run it alone under callgrind for two counts, and divide the
//! difference of `Collected` by the difference of the counts. The program's path is in cargo's output.
//!
//! ```sh
//! for n in 100 1100; do valgrind --tool=callgrind --callgrind-out-file=/dev/null PROGRAM --only "decode, 2 KB body: ours" $n; done
//! ```

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark is a program that prints and may end"
)]

mod app;
mod contenders;
mod measure;
mod request;
mod server;

fn main() {
    // The servers are this very program, called by itself.
    if !server::served() {
        measure::run();
    }
}
