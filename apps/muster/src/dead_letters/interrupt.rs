//! Ctrl-C, after which a walk gives back what it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody wants it to end.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Comes with the next Ctrl-C.
    pub fn by_ctrl_c() -> Self {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                heard.come();
            }
        });
        interrupt
    }

    /// Has it come.
    pub fn come(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has come.
    pub fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
