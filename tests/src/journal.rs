//! A collector of log lines of every level.

use std::io;
use std::sync::{Arc, Mutex, Once};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// Collects this thread's log lines until it is dropped.
#[must_use = "it collects while it lives"]
#[derive(Debug)]
pub struct Journal {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Journal {
    /// Starts to collect.
    pub fn start() -> Self {
        listen_everywhere();
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(lines.clone())
            .finish();
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The log lines since the last call.
    pub fn take(&self) -> String {
        let lines = std::mem::take(&mut *self.lines.0.lock().expect("no writer panics"));
        String::from_utf8_lossy(&lines).into_owned()
    }
}

/// Sets a subscriber for threads that have none. Otherwise `tracing` can cache, from a test without a journal on another
/// thread, that nothing listens to an event, and then this thread's journal misses the event.
fn listen_everywhere() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let sink = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(io::sink).finish();
        // A test may have set one of its own, which serves as well.
        let _ = tracing::subscriber::set_global_default(sink);
    });
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
