//! The plan as text: grouped and counted; every path on request.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::afterwards::Doer;
use super::plan::RestorePlan;
use super::planned::{PlannedFile, Verdict};
use super::way::PveWay;
use crate::archive::printable;
use crate::host::Host;
use crate::recipe::Category;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Groups with their counts.
    Groups,
    /// Every path.
    Paths,
}

/// Entries of a merge that are named one by one in the short form.
const MOST_NAMED: usize = 20;

/// The whole text.
pub fn explain(plan: &RestorePlan, detail: Detail) -> String {
    let mut text = String::new();
    head(plan, &mut text);
    refusals(plan, &mut text);
    verdicts(plan, detail, &mut text);
    merges(plan, detail, &mut text);
    steps(plan, &mut text);
    rest(plan, &mut text);
    text
}

fn head(plan: &RestorePlan, text: &mut String) {
    let name = plan.backup.id.as_deref().unwrap_or(&plan.backup.path);
    let _ = writeln!(text, "Restore plan for {}", safe(name));
    let _ = writeln!(text, "  from: {}", machine(&plan.from));
    let _ = writeln!(text, "  to:   {}", machine(&plan.to));
    let way = match plan.pve {
        PveWay::None => return,
        PveWay::Whole => "the whole cluster database, because this is a fresh standalone node",
        PveWay::Files => "file by file into the running cluster file system",
        PveWay::Export => "put aside only",
    };
    let _ = writeln!(text, "  Proxmox VE's own files: {way}");
}

fn machine(host: &Host) -> String {
    let product = |name: &str, version: &Option<String>| version.as_ref().map(|version| format!("{name} {version}"));
    let known: Vec<String> = [
        product("Proxmox VE", &host.pve),
        product("Proxmox Backup Server", &host.pbs),
        Some(format!("Debian {}", host.debian)).filter(|_| !host.debian.is_empty() && host.debian != "unknown"),
        host.is_clustered.then(|| "member of a cluster".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let name = if host.name.is_empty() { "a machine without a name" } else { &host.name };
    safe(&if known.is_empty() { name.to_owned() } else { format!("{name} ({})", known.join(", ")) })
}

fn refusals(plan: &RestorePlan, text: &mut String) {
    for refusal in &plan.refusals {
        let _ = writeln!(text, "\nREFUSED: {}", safe(&refusal.what));
        let _ = writeln!(text, "  why: {}\n  instead: {}", safe(&refusal.why), safe(&refusal.instead));
    }
}

/// Verdict, then category, then reason with its count.
fn verdicts(plan: &RestorePlan, detail: Detail, text: &mut String) {
    for verdict in Verdict::ALL {
        let files: Vec<&PlannedFile> = plan.files.iter().filter(|file| file.verdict == verdict).collect();
        if files.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{} ({})", verdict.as_str(), files.len());
        // Nothing happens to them: twenty groups of it would hide what does.
        if detail == Detail::Groups && matches!(verdict, Verdict::Unchanged | Verdict::NotSelected) {
            let _ = writeln!(text, "  -v names them");
            continue;
        }
        let mut groups: BTreeMap<(Category, &str), Vec<&PlannedFile>> = BTreeMap::new();
        for file in files {
            groups.entry((file.category, file.reason.as_str())).or_default().push(file);
        }
        for ((category, reason), files) in groups {
            group(category, reason, &files, detail, text);
        }
    }
}

fn group(category: Category, reason: &str, files: &[&PlannedFile], detail: Detail, text: &mut String) {
    let what = match files {
        [only] if detail == Detail::Groups => safe(&only.shown()),
        many => format!("{} paths", many.len()),
    };
    let _ = writeln!(text, "  {}: {what}: {}", category.title(), safe(reason));
    if detail == Detail::Paths {
        for file in files {
            let _ = writeln!(text, "    {}{}", safe(&file.shown()), owner(file));
        }
    }
}

fn owner(file: &PlannedFile) -> String {
    let Some(attributes) = &file.attributes else { return String::new() };
    let named = |name: &str, id: u32| if name.is_empty() { id.to_string() } else { safe(name) };
    let (user, group) = (named(&attributes.user, attributes.uid), named(&attributes.group, attributes.gid));
    format!("  {:04o} {user}:{group}", attributes.mode)
}

fn merges(plan: &RestorePlan, detail: Detail, text: &mut String) {
    let limit = if detail == Detail::Paths { usize::MAX } else { MOST_NAMED };
    for file in plan.files.iter().filter(|file| !file.added.is_empty() || !file.left_out.is_empty()) {
        let _ = writeln!(text, "\n{}", safe(&file.shown()));
        for added in file.added.iter().take(limit) {
            let _ = writeln!(text, "  + {}", safe(added));
        }
        for left in file.left_out.iter().take(limit) {
            let _ = writeln!(text, "  - {}: {}", safe(&left.what), safe(&left.why));
        }
        let more = file.added.len().max(file.left_out.len()).saturating_sub(limit);
        if more > 0 {
            let _ = writeln!(text, "  and {more} more");
        }
    }
}

fn steps(plan: &RestorePlan, text: &mut String) {
    if plan.steps.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nSteps");
    for (number, step) in plan.steps.iter().enumerate() {
        let files = match step.files.len() {
            0 => String::new(),
            1 => " (1 path)".to_owned(),
            many => format!(" ({many} paths)"),
        };
        let _ = writeln!(text, "  {:>2}. {}{files}: {}", number + 1, safe(&step.deed.describe()), safe(&step.why));
    }
}

fn rest(plan: &RestorePlan, text: &mut String) {
    section(text, "Worth knowing", plan.remarks.iter().cloned());
    let stores = plan.datastores.iter().map(|store| format!("datastore {}: {}", store.datastore, store.what));
    section(text, "Datastores that are not here", stores);
    let who = |by: Doer| if by == Doer::Restore { "done by the restore" } else { "by hand" };
    let after = plan.afterwards.iter().map(|it| format!("{} ({}; {})", it.command.join(" "), who(it.by), it.why));
    section(text, "Afterwards", after);
    let by_hand = plan.by_hand.iter().map(|it| format!("{}: {}", it.what, it.do_this));
    section(text, "Does not come back by itself", by_hand);
    if plan.is_hostile {
        let _ = writeln!(text, "\nNothing of this backup is restored.");
    } else if !plan.changes_anything() {
        let _ = writeln!(text, "\nNothing would change.");
    }
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{title}");
    }
    for line in lines {
        let _ = writeln!(text, "  - {}", safe(&line));
    }
}

/// Names come from an archive.
fn safe(text: &str) -> String {
    printable(text.as_bytes())
}
