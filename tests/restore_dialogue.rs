//! `restore` with a person: the wizard by a list of answers, and the whole dialogue on a real
//! pseudo-terminal. Leaving at any question leaves nothing behind.

use std::cell::Cell;

use proxmox_backup::recipe::{Category, Mode};
use proxmox_backup::restore::{Pick, Selection};
use proxmox_backup::storage::{Directory, Stored};
use proxmox_backup::workflow::{Failure, pick_backup, pick_selection};

use crate::keys::{Scripted, Terminal, is_sane};
use crate::restore_command::{changed, records_dir};
use crate::restore_plan::tree_hash;
use crate::sample::Sample;

const WHICH: &str = "Which one (0 leaves): ";
const WHAT: &str = "Choice (0 leaves): ";
const CATEGORIES: &str = "Which ones, with spaces between (0 leaves): ";
const WORD: &str = "Type RESTORE to write this (0 leaves): ";

fn stored(names: &[&str]) -> Vec<Stored> {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), "x").unwrap();
    }
    Directory::new(dir.path()).list().unwrap()
}

#[test]
fn a_backup_is_chosen_by_its_number() {
    let all = stored(&["a-backup-20260101-000000.tar.age", "b-backup-20260102-000000.tar"]);
    for (answers, chosen) in
        [(&["2"][..], Some(1)), (&["7", "-1", "x", "", " 1 "], Some(0)), (&["0", "1"], None), (&[], None)]
    {
        let mut ask = Scripted::new(answers);
        let picked = pick_backup(&mut ask, &all).map(|stored| stored.id.clone());
        assert_eq!(picked, chosen.map(|number: usize| all[number].id.clone()), "{answers:?}");
        for stored in &all {
            let lock = if stored.is_encrypted { "encrypted" } else { "plain" };
            assert!(ask.was_told(&format!("{}  {lock}", stored.id)), "{:?}", ask.told);
        }
    }
}

/// A dialogue about a backup that holds three categories; tells whether it was looked into.
fn selection(answers: &[&'static str]) -> (Option<Selection>, bool, Scripted) {
    let mut ask = Scripted::new(answers);
    let was_read = Cell::new(false);
    let held = || {
        was_read.set(true);
        Ok(vec![(Category::PveGuests, 7), (Category::Network, 3), (Category::Ssh, 9)])
    };
    (pick_selection(&mut ask, &held).unwrap(), was_read.get(), ask)
}

#[test]
fn what_goes_back_is_chosen_as_the_menu_says() {
    for (answer, mode) in [("1", Mode::Full), ("2", Mode::Storage), (" 3 ", Mode::Base)] {
        let (chosen, was_read, _) = selection(&[answer]);
        assert_eq!(chosen, Some(Selection { mode, ..Selection::default() }));
        assert!(!was_read, "the whole backup is read only to choose among it");
    }
    let (chosen, _, ask) = selection(&["9", "", "4", "4", "1-2", "3, 1 3"]);
    let only = vec![Pick::Category(Category::PveGuests), Pick::Category(Category::Ssh)];
    assert_eq!(chosen, Some(Selection { mode: Mode::Custom, only, ..Selection::default() }));
    assert!(ask.was_told("1, 2, 3, 4 or 0") && ask.was_told("numbers from 1 to 3"), "{:?}", ask.told);
    assert!(ask.was_told("  2  Network (3 paths)"), "{:?}", ask.told);
}

#[test]
fn nothing_is_chosen_by_who_leaves_or_is_gone() {
    for answers in [&["0"][..], &[], &["4"], &["4", "0"], &["4", "5", "0"], &["x", "0"]] {
        assert_eq!(selection(answers).0, None, "{answers:?}");
    }
    let unreadable = || Err(Failure::NotFound("gone".to_owned()));
    assert!(pick_selection(&mut Scripted::new(&["4"]), &unreadable).is_err());
}

/// The whole dialogue up to the word: SSH alone.
fn up_to_the_word(sample: &Sample, arguments: &[&str]) -> Option<Terminal> {
    let mut terminal = Terminal::start(sample, arguments)?;
    terminal.answer(WHICH, "1\n");
    terminal.answer(WHAT, "4\n");
    terminal.answer(CATEGORIES, "");
    let screen = terminal.transcript();
    let ssh = screen.lines().find(|line| line.contains("  SSH (")).unwrap();
    let number = ssh.split_whitespace().next().unwrap().to_owned();
    terminal.answer("", &format!("{number}\n"));
    Some(terminal)
}

#[test]
fn on_a_terminal_a_choice_is_restored_after_its_word() {
    for arguments in [&["restore"][..], &["--restore"]] {
        let sample = changed("debian-plain");
        let Some(mut terminal) = up_to_the_word(&sample, arguments) else { return };
        terminal.answer(WORD, "RESTORE\n");
        let (code, screen) = terminal.end();

        assert_eq!(code, Some(0), "{screen}");
        assert!(sample.root().join("etc/ssh/sshd_config").exists());
        assert_eq!(std::fs::read_to_string(sample.root().join("etc/crontab")).unwrap(), "# altered\n");
        assert!(screen.contains("Restore plan for") && screen.contains("Take it back: "), "{screen}");
        assert!(sample.left_in_run_dir().is_empty() && is_sane(&screen), "{screen}");
    }
}

#[test]
fn on_a_terminal_any_other_answer_changes_nothing() {
    let sample = changed("debian-plain");
    let before = tree_hash(&sample.root());
    for (word, wanted) in [("restore", 16), ("yes", 16), ("", 16), ("0", 0), ("\x03", 130), ("\x04", 16)] {
        let Some(mut terminal) = Terminal::start(&sample, &["restore", "latest", "--only", "ssh", "-q"]) else {
            return;
        };
        terminal.answer(WORD, &format!("{word}{}", if word.starts_with(char::is_control) { "" } else { "\n" }));
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(wanted), "{word:?}: {screen}");
        // Nobody agrees to what was not shown, though little was asked for.
        assert!(screen.contains("Restore plan for") && is_sane(&screen), "{screen}");
        assert_eq!(tree_hash(&sample.root()), before, "{word:?}");
        assert!(!records_dir(&sample).exists(), "{word:?}");
    }
}

#[test]
fn on_a_terminal_0_leaves_the_wizard_everywhere_and_so_does_an_interrupt() {
    let sample = changed("debian-plain");
    let before = tree_hash(&sample.root());
    for (key, wanted) in [("0\n", 0), ("\x03", 130)] {
        for answers in [&[][..], &["1\n"], &["1\n", "4\n"], &["1\n", "1\n"]] {
            let Some(mut terminal) = Terminal::start(&sample, &["restore"]) else { return };
            let last = if answers.last() == Some(&"4\n") { CATEGORIES } else { WORD };
            let questions = [WHICH, WHAT, last];
            for (question, answer) in questions.iter().zip(answers) {
                terminal.answer(question, answer);
            }
            terminal.answer(questions[answers.len()], key);
            let (code, screen) = terminal.end();
            assert_eq!(code, Some(wanted), "{answers:?} {key:?}: {screen}");
            assert!(is_sane(&screen) && sample.left_in_run_dir().is_empty(), "{screen}");
            assert_eq!(tree_hash(&sample.root()), before, "{answers:?} {key:?}");
        }
    }
}

#[test]
fn on_a_terminal_an_encrypted_backup_asks_for_its_key_first() {
    const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
    const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
    let sample = Sample::host("debian-plain");
    let no_file = sample.path("no-recipients");
    sample.configure(&format!(
        "ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT={PUBLIC}\nAGE_RECIPIENT_FILE={}\n",
        no_file.display()
    ));
    sample.backup_recorded().unwrap();
    std::fs::remove_dir_all(sample.root().join("etc/ssh")).unwrap();
    let secret = "Private key or passphrase (0 leaves): ";

    let Some(mut terminal) = Terminal::start(&sample, &["restore"]) else { return };
    terminal.answer(WHICH, "1\n");
    terminal.answer(secret, "0\n");
    assert_eq!(terminal.end().0, Some(0));

    let mut terminal = Terminal::start(&sample, &["restore"]).unwrap();
    terminal.answer(WHICH, "1\n");
    terminal.answer(secret, &format!("{PRIVATE}\n"));
    terminal.answer(WHAT, "1\n");
    terminal.answer(WORD, "RESTORE\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(sample.root().join("etc/ssh/sshd_config").exists() && !screen.contains("SECRET-KEY"), "{screen}");
}
