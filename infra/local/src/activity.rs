//! Whether anything is being done at the moment, so that a test can wait until nothing is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what runs. Clones count together.
#[derive(Clone, Default)]
pub struct Activity {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    running: AtomicU64,
    begun: AtomicU64,
}

/// Something runs until this is dropped.
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

    /// How much has ever begun: unchanged between two looks, nothing began between them.
    pub fn begun(&self) -> u64 {
        self.counts.begun.load(Ordering::SeqCst)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.counts.running.fetch_sub(1, Ordering::SeqCst);
    }
}
