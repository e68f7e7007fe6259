//! The clock of the watchdog: one thread that advances the epoch of every
//! engine of a sandbox each 10 ms. It decides nothing: fuel does.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// The length of an epoch.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Ends its thread when dropped.
pub(super) struct Ticker {
    engines: Arc<Mutex<Vec<EngineWeak>>>,
    _stop: Sender<()>,
}

impl Ticker {
    pub(super) fn start() -> Ticker {
        let engines: Arc<Mutex<Vec<EngineWeak>>> = Arc::default();
        let (stop, stopped) = channel::<()>();
        let list = Arc::clone(&engines);
        std::thread::spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let mut engines = list.lock().unwrap_or_else(PoisonError::into_inner);
                engines.retain(|engine| engine.upgrade().inspect(Engine::increment_epoch).is_some());
            }
        });
        Ticker { engines, _stop: stop }
    }

    pub(super) fn watch(&self, engine: &Engine) {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).push(engine.weak());
    }
}

impl std::fmt::Debug for Ticker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticker")
    }
}
