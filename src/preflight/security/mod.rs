//! Owners and modes before a run: of the program and its configuration, of the keys, of our own
//! directories; private keys where only public ones belong; and whether the program has changed.
//!
//! `places` says what is looked at, `judge` what it has to be, `keys` looks into key files,
//! `integrity` compares the program with what was installed. What is
//! ours and merely too open is repaired and said; everything else ends the run, unless the settings
//! make it a warning. Nothing is repaired where the run does not take place anyway.

mod integrity;
mod judge;
mod keys;
mod places;

use std::fmt;

use super::{Passed, Touch};
use crate::config;
use crate::issue::{Issue, Stage};
use crate::system::{System, make_private};

use integrity::Integrity;
pub use judge::{Doubt, Finding, Repair};
pub use places::{Places, Scope};

/// What is to be said after checks that let the run go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// The line among the checks.
    pub passed: Passed,
    /// Repairs, and what the settings made a warning.
    pub issues: Vec<Issue>,
}

/// What the run does not go on with.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// Owners, modes, keys, the program.
    #[error("security check failed: {}", joined(.0))]
    Findings(Vec<Finding>),
    /// What goes on on this machine.
    #[error("security check failed: {}", joined(.0))]
    Audits(Vec<Issue>),
}

fn joined(all: &[impl fmt::Display]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl SecurityError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Findings(findings) if findings.iter().any(|finding| finding.repair.is_some()) => {
                "correct it, or set AUTO_FIX_PERMISSIONS=true to have owners and modes of our own places repaired"
            }
            Self::Findings(_) => "correct it; CONTINUE_ON_SECURITY_ISSUES=true makes it a warning",
            Self::Audits(_) => "without ABORT_ON_SECURITY_ISSUES=true it is a warning",
        }
    }
}

/// Looks, repairs what may be repaired, and says whether the run goes on.
pub fn secure(
    settings: &config::Security,
    places: &Places<'_>,
    system: &System,
    touch: Touch,
) -> Result<Secured, SecurityError> {
    let (looked_at, mut findings) = places::look(places);
    let integrity = match places.scope {
        Scope::Program => Integrity::Right,
        Scope::Everything => integrity::check_running(places.state, settings.changed_program, system),
    };
    if let Integrity::Wrong(finding) = &integrity {
        findings.push(finding.clone());
    }
    let (repairable, left): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| settings.repairs && finding.repair.is_some());
    if !left.is_empty() && !settings.continues {
        return Err(SecurityError::Findings(left));
    }
    let (mut issues, failed) = match touch {
        Touch::DryRun => (repairable.iter().map(would_repair).collect(), Vec::new()),
        Touch::Really => repair(repairable),
    };
    if !failed.is_empty() && !settings.continues {
        return Err(SecurityError::Findings(failed));
    }
    let repairs = issues.len();
    let open = left.into_iter().chain(failed);
    issues
        .extend(open.map(|finding| Issue::warning(Stage::Preflight, finding.path.display().to_string(), finding.what)));
    let message = match (issues.len(), repairs, touch) {
        (0, ..) => format!("{looked_at} places are as they should be"),
        (_, 0, _) => format!("{} finding(s), CONTINUE_ON_SECURITY_ISSUES is true", issues.len()),
        (_, repairs, Touch::DryRun) => format!("[DRY RUN] Would repair owner or mode of {repairs} place(s)"),
        (_, repairs, Touch::Really) => format!("Repaired owner or mode of {repairs} place(s)"),
    };
    match integrity {
        Integrity::New(note) => issues.push(note.keep(touch)),
        Integrity::Unknown(issue) => issues.push(issue),
        Integrity::Right | Integrity::Wrong(_) => {}
    }
    Ok(Secured { passed: Passed { name: "Security", message }, issues })
}

fn would_repair(finding: &Finding) -> Issue {
    let repair = finding.repair.map(|repair| repair.to_string()).unwrap_or_default();
    Issue::notice(
        Stage::Preflight,
        finding.path.display().to_string(),
        format!("{}; would be repaired: {repair}", finding.what),
    )
}

fn repair(findings: Vec<Finding>) -> (Vec<Issue>, Vec<Finding>) {
    let (mut issues, mut failed) = (Vec::new(), Vec::new());
    for finding in findings {
        let Some(repair) = finding.repair else { continue };
        match make_private(&finding.path, repair.kind, repair.mode) {
            Ok(()) => issues.push(repaired(&finding, repair)),
            Err(error) => {
                let what = format!("{}, and cannot be repaired: {}", finding.what, error.reason());
                failed.push(Finding { what, repair: None, ..finding });
            }
        }
    }
    (issues, failed)
}

/// A mode put right does not undo what others may have written before: among keys that is a warning.
fn repaired(finding: &Finding, repair: Repair) -> Issue {
    let subject = finding.path.display().to_string();
    let said = format!("{}; repaired: {repair}", finding.what);
    match finding.doubt {
        Doubt::None => Issue::notice(Stage::Preflight, subject, said),
        Doubt::Altered => Issue::warning(Stage::Preflight, subject, said)
            .with_hint("look whether the recipients are still yours: archives are encrypted for whoever stands there"),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use crate::issue::Severity;
    use crate::system::{Root, Runner, is_root};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    fn settings() -> config::Security {
        config::Security {
            is_on: true,
            repairs: true,
            continues: false,
            changed_program: config::ChangedProgram::Refused,
            audits: config::Audits::default(),
        }
    }

    fn system() -> System {
        let cancel = crate::system::Cancel::default();
        System { cancel, ..System::new(Root::live().unwrap(), Runner::Nobody) }
    }

    struct Sample(tempfile::TempDir);

    impl Sample {
        /// All as it should be.
        fn new() -> Self {
            let sample = Self(tempfile::tempdir().unwrap());
            for dir in ["age", "state", "run"] {
                std::fs::create_dir(sample.at(dir)).unwrap();
                sample.set(dir, 0o700);
            }
            for file in ["backup.env", "age/recipients.txt"] {
                std::fs::write(sample.at(file), "age1\n").unwrap();
                sample.set(file, 0o600);
            }
            sample
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn set(&self, name: &str, mode: u32) {
            std::fs::set_permissions(self.at(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }

        fn mode(&self, name: &str) -> u32 {
            std::fs::metadata(self.at(name)).unwrap().permissions().mode() & 0o7777
        }

        fn secure(&self, settings: &config::Security, touch: Touch) -> Result<Secured, SecurityError> {
            let [config, state, run, recipients] =
                ["backup.env", "state", "run", "age/recipients.txt"].map(|name| self.at(name));
            let places = Places {
                scope: Scope::Everything,
                config: Some(&config),
                recipients: &recipients,
                sign_key: None,
                state: &state,
                run: &run,
                others: &[],
            };
            secure(settings, &places, &system(), touch)
        }
    }

    #[test]
    fn what_is_right_needs_no_word() {
        if is_root() {
            let secured = Sample::new().secure(&settings(), Touch::Really).unwrap();
            assert_eq!(secured.issues, []);
            assert!(secured.passed.message.contains("as they should be"), "{}", secured.passed.message);
        }
    }

    #[test]
    fn what_is_ours_and_too_open_is_repaired_and_said_and_a_dry_run_only_says() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        let loose = [("age", 0o755), ("age/recipients.txt", 0o644), ("state", 0o750), ("backup.env", 0o640)];
        for (name, mode) in loose {
            sample.set(name, mode);
        }

        let thought = sample.secure(&settings(), Touch::DryRun).unwrap();
        for (name, mode) in loose {
            assert_eq!(sample.mode(name), mode, "{name}");
        }
        let done = sample.secure(&settings(), Touch::Really).unwrap();

        assert_eq!((thought.issues.len(), done.issues.len()), (4, 4));
        assert!(done.issues.iter().all(|issue| issue.severity == Severity::Notice), "{:?}", done.issues);
        let modes = loose.map(|(name, _)| sample.mode(name));
        assert_eq!(modes, [0o700, 0o600, 0o700, 0o600]);
        assert_eq!(sample.secure(&settings(), Touch::Really).unwrap().issues, []);
    }

    #[test]
    fn keys_that_others_could_have_written_are_repaired_with_a_warning() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        sample.set("age/recipients.txt", 0o666);
        let done = sample.secure(&settings(), Touch::Really).unwrap();
        assert_eq!(done.issues[0].severity, Severity::Warning);
        assert_eq!(sample.mode("age/recipients.txt"), 0o600);
    }

    #[test]
    fn without_repairs_a_finding_ends_the_run_or_is_a_warning() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        sample.set("age", 0o755);
        let by_hand = config::Security { repairs: false, ..settings() };

        let error = sample.secure(&by_hand, Touch::Really).unwrap_err();
        let going_on = sample.secure(&config::Security { continues: true, ..by_hand }, Touch::Really).unwrap();

        assert!(error.to_string().contains("others can read it (mode 0755)"), "{error}");
        assert!(error.hint().contains("AUTO_FIX_PERMISSIONS"));
        assert_eq!(going_on.issues[0].severity, Severity::Warning);
        assert_eq!(sample.mode("age"), 0o755);
    }

    #[test]
    fn a_private_key_ends_the_run_and_nothing_is_repaired_then() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        sample.set("state", 0o755);
        std::fs::write(sample.at("age/notes"), "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
        sample.set("age/notes", 0o600);

        let error = sample.secure(&settings(), Touch::Really).unwrap_err();

        assert!(error.to_string().contains("age/notes: holds an OpenSSH private key"), "{error}");
        assert_eq!(sample.mode("state"), 0o755);
        let continues = config::Security { continues: true, ..settings() };
        let secured = sample.secure(&continues, Touch::Really).unwrap();
        assert_eq!(secured.issues.iter().filter(|issue| issue.severity == Severity::Warning).count(), 1);
        assert_eq!(sample.mode("state"), 0o700);
    }

    #[test]
    fn a_key_directory_that_is_a_symlink_is_not_followed() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        std::fs::rename(sample.at("age"), sample.at("elsewhere")).unwrap();
        sample.set("elsewhere", 0o755);
        symlink(sample.at("elsewhere"), sample.at("age")).unwrap();

        let error = sample.secure(&settings(), Touch::Really).unwrap_err();

        assert!(error.to_string().contains("is a symlink"), "{error}");
        assert_eq!(sample.mode("elsewhere"), 0o755);
    }

    #[test]
    fn with_another_machines_disk_only_program_and_configuration_count() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        sample.set("age", 0o777);
        let places = Places {
            scope: Scope::Program,
            config: None,
            recipients: &sample.at("age/recipients.txt"),
            sign_key: None,
            state: Path::new("/nowhere"),
            run: Path::new("/nowhere"),
            others: &[],
        };
        assert_eq!(secure(&settings(), &places, &system(), Touch::Really).unwrap().issues, []);
        assert_eq!(sample.mode("age"), 0o777);
    }

    #[test]
    fn the_key_that_signs_may_lie_among_the_key_files_and_no_other_private_one() {
        if !is_root() {
            return;
        }
        let sample = Sample::new();
        let (own, other) = (sample.at("age/sign.pem"), sample.at("age/other.pem"));
        std::fs::write(&own, "-----BEGIN PRIVATE KEY-----\n").unwrap();
        sample.set("age/sign.pem", 0o600);
        let look = |sign_key: Option<&Path>| {
            let places = Places {
                scope: Scope::Everything,
                config: None,
                recipients: &sample.at("age/recipients.txt"),
                sign_key,
                state: &sample.at("state"),
                run: &sample.at("run"),
                others: &[],
            };
            secure(&settings(), &places, &system(), Touch::DryRun).map(|secured| secured.issues)
        };

        assert_eq!(look(Some(&own)).unwrap(), []);
        assert!(look(None).unwrap_err().to_string().contains("sign.pem"));
        std::fs::rename(&own, &other).unwrap();
        assert!(look(Some(&own)).unwrap_err().to_string().contains("other.pem"));
    }
}
