//! Counts running work, so that a test can wait until nothing runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts invocations and batches that run. Clones share the counts.
#[derive(Clone, Default)]
pub struct Activity {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    running: AtomicU64,
    begun: AtomicU64,
}

/// Counts as running until it is dropped.
pub struct Running {
    counts: Arc<Counts>,
}

impl Activity {
    pub fn begin(&self) -> Running {
        self.counts.begun.fetch_add(1, Ordering::SeqCst);
        self.counts.running.fetch_add(1, Ordering::SeqCst);
        Running {
            counts: Arc::clone(&self.counts),
        }
    }

    pub fn running(&self) -> u64 {
        self.counts.running.load(Ordering::SeqCst)
    }

    /// How many have ever begun. If it is the same at two moments, nothing began in between.
    pub fn begun(&self) -> u64 {
        self.counts.begun.load(Ordering::SeqCst)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.counts.running.fetch_sub(1, Ordering::SeqCst);
    }
}
