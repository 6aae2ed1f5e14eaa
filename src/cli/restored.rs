//! What `restore` says when it is done: what went back, what a person has to do, the way back.

use std::path::Path;

use serde_json::json;

use super::Trouble;
use super::output::{Output, printable};
use super::session::Session;
use crate::issue::{Issue, Severity};
use crate::restore::{Afterwards, Doer, RestorePlan, Verdict};
use crate::workflow::Restored;

/// Whether everything is as it was asked for.
pub(super) fn is_clean(issues: &[Issue]) -> bool {
    issues.iter().all(|issue| issue.severity == Severity::Notice)
}

/// The whole report: text, or the second of two JSON lines.
pub(super) fn report(
    plan: &RestorePlan,
    done: &Restored,
    session: &Session,
    output: &mut Output,
) -> Result<(), Trouble> {
    let undo = way_back(done.record.id(), session.global.root.as_deref());
    if output.is_json() {
        return output.json_line(&json!({
            "restored": true,
            "record": done.record.id(),
            "directory": done.record.dir(),
            "counts": plan.counts,
            "exported": done.exported,
            "exports": (done.exported > 0).then(|| done.record.export_dir()),
            "network_until": done.network_until.map(|until| until.to_rfc3339()),
            "by_person": by_person(plan).collect::<Vec<_>>(),
            "by_hand": plan.by_hand,
            "issues": done.issues,
            "undo": undo,
        }));
    }
    let name = plan.backup.id.as_deref().unwrap_or(&plan.backup.path);
    output.remark(format!("\nRestored from {}: {}", printable(name), counts(plan)))?;
    output.remark(format!("  record: {} in {}", done.record.id(), done.record.dir().display()))?;
    if done.exported > 0 {
        let exports = done.record.export_dir();
        output.remark(format!("  put aside for reading: {} files in {}", done.exported, exports.display()))?;
    }
    to_do(plan, output)?;
    output.remark(format!("Take it back: {}", undo.join(" ")))
}

/// The command that takes it back, on the machine that was meant.
fn way_back(id: &str, root: Option<&Path>) -> Vec<String> {
    let root = root.map(|root| ["--root".to_owned(), root.display().to_string()]);
    let words = std::iter::once("proxmox-backup".to_owned()).chain(root.into_iter().flatten());
    words.chain(["undo".to_owned(), id.to_owned()]).collect()
}

fn counts(plan: &RestorePlan) -> String {
    let counted = Verdict::ALL.iter().filter_map(|verdict| Some((verdict.as_str(), plan.counts.get(verdict)?)));
    counted.map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

fn by_person(plan: &RestorePlan) -> impl Iterator<Item = &Afterwards> {
    plan.afterwards.iter().filter(|it| it.by == Doer::Person)
}

fn to_do(plan: &RestorePlan, output: &mut Output) -> Result<(), Trouble> {
    let commands = by_person(plan).map(|it| match it.command.join(" ") {
        command if command.is_empty() => it.why.clone(),
        command => format!("{command} ({})", it.why),
    });
    let by_hand = plan.by_hand.iter().map(|it| format!("{}: {}", it.what, it.do_this));
    let stores = plan.datastores.iter().map(|store| format!("datastore {}: {}", store.datastore, store.what));
    let all: Vec<String> = commands.chain(stores).chain(by_hand).collect();
    if !all.is_empty() {
        output.remark("By hand:")?;
    }
    all.iter().try_for_each(|line| output.remark(format!("  - {}", printable(line))))
}
