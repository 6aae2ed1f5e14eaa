//! Would this backup bring the host back? Tried out while it is written, or while it is verified.

use std::sync::{Arc, Mutex, PoisonError};

use log::{info, warn};

use super::contents::Contents;
use super::{Failure, SUMMARY};
use crate::archive::{MemberSource, Onlooker, hash_member};
use crate::bundle::{Backup, Inside, Verification, verify_watched};
use crate::drill::{Capture, Drill, Gatherer, Outcome};
use crate::issue::{Issue, Stage};
use crate::system::Cancel;

/// Looks on while a backup is written.
#[derive(Default)]
pub(super) struct Watch(Arc<Mutex<Gatherer>>);

impl Watch {
    /// For the writer.
    pub(super) fn onlooker(&self) -> Box<dyn Onlooker> {
        Box::new(Arc::clone(&self.0))
    }

    /// What it saw of an archive that is complete and was begun at this moment, seconds since 1970.
    pub(super) fn judge(self, began: i64) -> Drill {
        let gatherer = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        gatherer.judge(Capture::Since(Some(began)))
    }
}

/// Parts that would not come back, as problems of the run; says what was found.
pub(super) fn issues(drill: &Drill) -> Vec<Issue> {
    let is_good = drill.failing().next().is_none();
    if is_good {
        info!("✓ {drill}");
    } else {
        warn!(target: SUMMARY, "{drill}");
    }
    for remark in &drill.remarks {
        info!("{remark}");
    }
    let issue = |part: &crate::drill::Part| match part.outcome {
        Outcome::NotJudged => Issue::notice(Stage::Verify, part.place(), format!("not judged: {}", part.why)),
        _ => Issue::warning(Stage::Verify, part.place(), part.why.clone()).with_hint(part.advice()),
    };
    drill.parts.iter().filter(|part| part.outcome != Outcome::Sound).map(issue).collect()
}

/// Verifies a backup and tries out whether it would bring the host back, in one reading.
pub fn verify_and_drill(backup: &Backup, cancel: &Cancel) -> Result<(Verification, Drill), Failure> {
    let mut gatherer = Gatherer::default();
    let found = verify_watched(backup, &mut gatherer, cancel)?;
    let began = backup.described().created_at;
    let began = chrono::DateTime::parse_from_rfc3339(&began).ok().map(|moment| moment.timestamp());
    let drill = match found.inside {
        Inside::NotRead if backup.packing.is_encrypted && backup.identities.is_none() => {
            Drill::not_done("encrypted, and no key was given")
        }
        Inside::NotRead => Drill::not_done("its content cannot be read to the end"),
        Inside::Indexed => gatherer.judge(Capture::Since(began)),
        Inside::NotIndexed => gatherer.judge(Capture::Older),
        Inside::TakenApart => put_together(backup, cancel)?.judge(Capture::Older),
    };
    Ok((found, drill))
}

/// Reads again, as the files were on the host before an older tool took them apart.
fn put_together(backup: &Backup, cancel: &Cancel) -> Result<Gatherer, Failure> {
    let contents = Contents::of(backup, cancel)?;
    let (mut reader, mut gatherer) = (contents.members()?, Gatherer::default());
    while let Some(member) = reader.next_member()? {
        hash_member(&mut reader, &member, &mut gatherer)?;
    }
    cancel.check()?;
    Ok(gatherer)
}
