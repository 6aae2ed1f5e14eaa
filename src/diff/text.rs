//! The lines of a file that differ.

use std::time::Duration;

use similar::TextDiff;

use super::{Change, Choice, Content, Fact, Kind, What, readable};

/// The comparison of two large files that have little in common ends here with a coarser result.
const LIMIT: Duration = Duration::from_millis(500);
const CONTEXT: usize = 3;

/// What can be shown of a content that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// A unified diff.
    Lines(String),
    /// It may be a secret.
    Masked,
    /// Not text.
    Binary,
    /// Too large to be shown.
    TooLarge,
}

/// The lines of a change; what one side does not have is empty.
pub(super) fn of(before: Option<&Fact>, after: Option<&Fact>, change: &Change, choice: &Choice) -> Text {
    // Also what was a secret on one side only: the other side may hold the same lines.
    if change.is_secret && choice.content() != Content::ShownWithSecrets {
        return Text::Masked;
    }
    let (Some(old), Some(new)) = (bytes(before), bytes(after)) else {
        let is_database = |fact: &Fact| choice.is_database(&fact.path);
        return if before.or(after).is_some_and(is_database) { Text::Binary } else { Text::TooLarge };
    };
    let (Some(old), Some(new)) = (as_text(old), as_text(new)) else { return Text::Binary };
    let path = readable(&change.path);
    let name = |is_absent: bool, side: &str| if is_absent { "/dev/null".to_owned() } else { format!("{side}{path}") };
    let left = name(change.what == What::Added, "a");
    let right = name(change.what == What::Removed, "b");
    let diff = TextDiff::configure().timeout(LIMIT).diff_lines(old, new);
    Text::Lines(diff.unified_diff().context_radius(CONTEXT).header(&left, &right).to_string())
}

/// Nothing for what is not there or is no file; `None` when it was not kept.
fn bytes(fact: Option<&Fact>) -> Option<&[u8]> {
    match fact {
        Some(fact) if fact.kind == Kind::File => fact.content.as_deref(),
        _ => Some(&[]),
    }
}

fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}
