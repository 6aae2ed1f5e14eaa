//! Questions to a person. Workflows ask through this; the terminal is the command line's business.

use crate::secret::Secret;

/// Somebody who can be asked.
pub trait Ask {
    /// Tells something.
    fn tell(&mut self, text: &str);
    /// One line; `None` when nobody answers any more.
    fn line(&mut self, question: &str) -> Option<String>;
    /// One line that does not show.
    fn secret(&mut self, question: &str) -> Option<Secret>;
}
