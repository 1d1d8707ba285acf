//! Where commands run: on threads of their own, or on the runtime of whoever builds the database.

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads of our own at the most; TLS and rows of one worker rarely fill two.
const MAX_THREADS: usize = 4;

/// See the module.
#[derive(Debug)]
pub struct Tasks {
    handle: Handle,
    // Holds the threads.
    own: Option<Runtime>,
}

/// A runtime that is dropped waits for its threads, which panics on a thread of another runtime: the server's, when it
/// stops.
impl Drop for Tasks {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            own.shutdown_background();
        }
    }
}

impl Tasks {
    /// A multi-thread runtime of its own, apart from the threads that read invocations: one thread for each core, four at
    /// the most.
    ///
    /// # Errors
    /// When the threads can't be started.
    pub fn on_own_threads() -> std::io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let own = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("database")
            .enable_all()
            .build()?;
        Ok(Self { handle: own.handle().clone(), own: Some(own) })
    }

    /// The current runtime, which the benchmark compares with the other way.
    ///
    /// # Errors
    /// Outside of a runtime.
    pub fn on_current_runtime() -> std::io::Result<Self> {
        let handle = Handle::try_current().map_err(std::io::Error::other)?;
        Ok(Self { handle, own: None })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}
