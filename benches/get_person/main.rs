//! CPU per request of a one-row query: through the worker, by tiberius alone, and of a bare HTTP handler.
//!
//! Each contender is a process of its own, measured by the CPU time that the system accounts to it (`/proc/PID/stat`),
//! so the load generator and the local SQL endpoint don't count. They take turns in one run, several rounds, and the
//! medians are printed as ratios: machines are shared and noisy, and milliseconds of one run say little.
//!
//! ```sh
//! cargo bench --bench get_person            # about a minute
//! cargo bench --bench get_person -- 3 500   # rounds, requests a round
//! ```

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark is a program that prints and may end"
)]

mod contenders;
mod measure;

fn main() {
    // The contenders are this very program, called by itself.
    if let Ok(role) = std::env::var(contenders::ROLE) {
        return contenders::play(&role);
    }
    measure::run();
}
