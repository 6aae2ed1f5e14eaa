//! The line at the bottom of the terminal that says how far the work has come.
//!
//! One thread draws it, a few times a second. Whoever writes to the terminal does so [`above`] it:
//! the line is erased first, and comes again. It is never left behind, whatever ends the work.

mod line;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use self::line::line;
use super::charset::Charset;
use super::global::{Global, Level};
use crate::system::{Cancel, CommandSpec, Live, Meter, Runner};

/// Between two drawings.
const TICK: Duration = Duration::from_millis(200);
/// Nothing is drawn before: short commands stay clean.
const PATIENCE: Duration = Duration::from_millis(300);
/// A window may be resized; the terminal is asked again after this many drawings.
const ASK_WIDTH_EVERY: u32 = 10;
/// Where the terminal does not say.
const USUAL_WIDTH: usize = 80;
/// A terminal that says less is none that a line could be drawn on.
const LEAST_WIDTH: usize = 20;
/// Back to the first column, and nothing in the line.
const ERASE: &[u8] = b"\r\x1b[K";

static PROGRESS: OnceLock<Progress> = OnceLock::new();

struct Progress {
    meter: Meter,
    screen: Arc<Screen>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Screen {
    state: Mutex<State>,
    wakes: Condvar,
}

#[derive(Default)]
struct State {
    /// What stands there; empty where nothing does.
    drawn: String,
    is_over: bool,
    /// How many questions wait for their answer.
    held: usize,
}

/// Keeps the line away while somebody types.
pub(super) struct Hold(());

/// Starts drawing, where somebody sees it.
pub(super) fn start(global: &Global, environment: &BTreeMap<String, String>) {
    let is_dumb = environment.get("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let is_wordy = global.verbose > 0 || global.debug == Some(5) || global.log_level == Some(Level::Debug);
    if global.quiet || global.no_progress || is_dumb || is_wordy || !std::io::stderr().is_terminal() {
        return;
    }
    let charset = Charset::chosen();
    PROGRESS.get_or_init(|| {
        let (meter, screen) = (Meter::watched(), Arc::new(Screen::default()));
        let (looked_at, on) = (meter.clone(), Arc::clone(&screen));
        let thread = std::thread::spawn(move || on.draw_until_over(&looked_at, charset));
        let said_before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            erase_if_possible();
            said_before(panic);
        }));
        Progress { meter, screen, thread: Mutex::new(Some(thread)) }
    });
}

/// What the work counts with; one that nobody looks at where nothing is drawn.
pub(super) fn meter() -> Meter {
    PROGRESS.get().map(|progress| progress.meter.clone()).unwrap_or_default()
}

/// Writes to the terminal, the line out of the way.
pub(super) fn above<T>(write: impl FnOnce() -> T) -> T {
    let Some(progress) = PROGRESS.get() else { return write() };
    let mut state = progress.screen.state();
    state.erase();
    write()
}

/// Takes the line away for as long as this is kept.
pub(super) fn hold() -> Hold {
    if let Some(progress) = PROGRESS.get() {
        let mut state = progress.screen.state();
        state.erase();
        state.held += 1;
    }
    Hold(())
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(progress) = PROGRESS.get() {
            let mut state = progress.screen.state();
            state.held = state.held.saturating_sub(1);
        }
    }
}

/// Erases the line for good.
pub(super) fn stop() {
    let Some(progress) = PROGRESS.get() else { return };
    {
        let mut state = progress.screen.state();
        state.erase();
        state.is_over = true;
    }
    progress.screen.wakes.notify_all();
    let thread = progress.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    let _ = thread.map(JoinHandle::join);
}

/// Before the words about a panic. Who panics may be writing just now; then the line is gone already.
fn erase_if_possible() {
    if let Some(mut state) = PROGRESS.get().and_then(|progress| progress.screen.state.try_lock().ok()) {
        state.erase();
    }
}

impl Screen {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw_until_over(&self, meter: &Meter, charset: Charset) {
        let (mut width, mut drawings) = (USUAL_WIDTH, 0u32);
        let began = Instant::now();
        while !self.wait() {
            let Some(reading) = meter.read().filter(|_| began.elapsed() >= PATIENCE) else { continue };
            if drawings % ASK_WIDTH_EVERY == 0 {
                width = terminal_width().unwrap_or(USUAL_WIDTH);
            }
            drawings = drawings.wrapping_add(1);
            if width >= LEAST_WIDTH {
                self.state().draw(&line(&reading, width, charset));
            }
        }
    }

    /// A moment; whether it is over.
    fn wait(&self) -> bool {
        let state = self.state();
        let waited = self.wakes.wait_timeout_while(state, TICK, |state| !state.is_over);
        waited.map_or(true, |(state, _)| state.is_over)
    }
}

impl State {
    fn draw(&mut self, line: &str) {
        if self.held > 0 || self.is_over || line == self.drawn {
            return;
        }
        // In one piece: what is half drawn would flicker.
        let _ = std::io::stderr().lock().write_all(&[ERASE, line.as_bytes()].concat());
        line.clone_into(&mut self.drawn);
    }

    fn erase(&mut self) {
        if !std::mem::take(&mut self.drawn).is_empty() {
            let _ = std::io::stderr().lock().write_all(ERASE);
        }
    }
}

/// Asked of `stty`, which every Debian has: the call itself would need unsafe code.
fn terminal_width() -> Option<usize> {
    let own = format!("/proc/{}/fd/2", std::process::id());
    let spec = CommandSpec::new(&["stty", "-F", &own, "size"], Duration::from_secs(1), 64);
    let answer = Runner::Live(Live::default()).ask(&spec, &Cancel::default()).of_success().ok()?;
    let columns = String::from_utf8_lossy(&answer).split_whitespace().nth(1)?.parse().ok()?;
    // A terminal that does not know says 0.
    Some(columns).filter(|columns| *columns > 0)
}
