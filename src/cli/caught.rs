//! A panic ends its work and not the telling of it: what it said is kept, and said by who catches it.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::{Mutex, PoisonError};

use crate::workflow::Failure;

/// What the first panic that nobody has told of yet said, and where.
static SAID: Mutex<Option<String>> = Mutex::new(None);

/// From now on panics are kept instead of printed.
pub(super) fn keep_panics() {
    set_hook(Box::new(|panic| {
        let said = said(panic);
        // Of a panic that makes others panic, the first one has the reason.
        SAID.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(said);
    }));
}

/// The work's result, or its panic as a failure.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure::Internal(kept().unwrap_or_else(|| "panic".to_owned())))
}

/// What was kept and is to be told.
pub(super) fn kept() -> Option<String> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn said(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic");
    match panic.location() {
        Some(place) => format!("{text} (at {}:{})", place.file(), place.line()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::ExitCode;

    #[test]
    fn a_panic_is_a_failure_that_says_where() {
        let before = std::panic::take_hook();
        keep_panics();
        let failed = caught(|| -> u8 { panic!("no {}", "luck") });
        set_hook(before);
        let failure = failed.unwrap_err();
        let text = failure.to_string();
        assert!(text.starts_with("internal error: no luck (at src/cli/caught.rs:"), "{text}");
        assert_eq!(failure.exit_code(), ExitCode::Internal);
        assert!(caught(|| 7).is_ok());
    }
}
