//! Backups come back: `fetch`, and `decrypt` of what lies in the cloud alone.

use std::path::PathBuf;

use super::Trio;
use crate::keys::Terminal;
use crate::sample::{names_in, problems_of};
use crate::tiers::flip_a_byte;

const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";

fn path_of(said: &super::Said) -> PathBuf {
    PathBuf::from(said.out.trim())
}

fn empty_local(trio: &Trio) {
    std::fs::remove_dir_all(trio.sample.path("backups")).unwrap();
    std::fs::create_dir(trio.sample.path("backups")).unwrap();
}

#[test]
fn a_backup_is_fetched_from_each_tier_by_each_name() {
    for bundle in ["true", "false"] {
        let lines = format!("BUNDLE_ASSOCIATED_FILES={bundle}\n");
        let Some(trio) = (if bundle == "true" { Trio::with_s3(&lines) } else { Trio::new(&lines) }) else { return };
        let id = trio.back_up();
        let files = names_in(&trio.sample.path("backups"));
        let original = std::fs::read(trio.sample.newest()).unwrap();
        for tier in ["secondary", "cloud"] {
            for (number, name) in [id.as_str(), &id[id.len() - 6..], "latest", &files[0]].into_iter().enumerate() {
                let to = trio.sample.path(&format!("to-{tier}-{number}"));
                let words = ["fetch", name, "--from", tier, "--to", to.to_str().unwrap()];
                let fetched = path_of(&trio.expect(0, &words));
                assert!(std::fs::read(&fetched).unwrap() == original, "{tier} {name}");
                assert_eq!((names_in(&to), problems_of(&fetched)), (files.clone(), Vec::new()), "{tier} {name}");
            }
            // Where every command looks.
            empty_local(&trio);
            trio.expect(0, &["fetch", &id, "--from", tier]);
            trio.expect(0, &["verify", &id]).has("whole");
            assert_eq!(names_in(&trio.sample.path("backups")), files);
        }
    }
}

#[test]
fn what_is_there_is_not_touched_and_what_is_damaged_does_not_come() {
    let Some(trio) = Trio::new("") else { return };
    let id = trio.back_up();
    let name = trio.sample.newest().file_name().unwrap().to_str().unwrap().to_owned();
    let to = trio.sample.path("to");
    std::fs::create_dir(&to).unwrap();
    for tier in ["secondary", "cloud"] {
        std::fs::write(to.join(&name), "precious").unwrap();
        let said = trio.expect(5, &["fetch", &id, "--from", tier, "--to", to.to_str().unwrap()]);
        said.has("not replaced");
        assert_eq!(std::fs::read_to_string(to.join(&name)).unwrap(), "precious");
        std::fs::remove_file(to.join(&name)).unwrap();
    }
    // Nearly the same file.
    flip_a_byte(&trio.second().join(&name), 2000);
    flip_a_byte(&trio.lab.path("data/bucket/pve").join(&name), 2000);
    for tier in ["secondary", "cloud"] {
        let said = trio.run(&["fetch", &id, "--from", tier, "--to", to.to_str().unwrap()]);
        assert!(said.code != Some(0), "{tier}: {}", said.err);
        assert_eq!(names_in(&to), Vec::<String>::new(), "{tier}: {}", said.err);
    }
    // Nothing whole anywhere else: the local copy stays, and it is not touched either.
    assert_eq!(problems_of(&trio.sample.newest()), Vec::<String>::new());
}

#[test]
fn a_damaged_copy_on_one_tier_is_passed_over_for_the_next() {
    let Some(trio) = Trio::new("") else { return };
    let id = trio.back_up();
    let name = trio.sample.newest().file_name().unwrap().to_str().unwrap().to_owned();
    flip_a_byte(&trio.second().join(&name), 2000);
    empty_local(&trio);
    trio.expect(0, &["fetch", &id]).has("damaged");
    assert_eq!(problems_of(&trio.sample.newest()), Vec::<String>::new());
}

#[test]
fn the_latest_is_the_latest_of_all_tiers() {
    let Some(trio) = Trio::new("") else { return };
    trio.back_up();
    std::fs::rename(trio.second(), trio.sample.path("away")).unwrap();
    std::fs::write(trio.second(), "").unwrap();
    trio.expect(1, &["backup"]);
    let newest = trio.newest_id();
    std::fs::remove_file(trio.second()).unwrap();
    std::fs::rename(trio.sample.path("away"), trio.second()).unwrap();
    empty_local(&trio);

    trio.expect(0, &["fetch", "latest"]);

    assert_eq!(trio.newest_id(), newest);
}

#[test]
fn what_is_nowhere_and_who_is_silent_is_told_with_its_code() {
    let Some(trio) = Trio::new("RCLONE_TIMEOUT_CONNECTION=3\n") else { return };
    let id = trio.back_up();
    trio.expect(3, &["fetch", "19990101-000000"]).has("there is no backup `19990101-000000`").has("here:bucket/pve");
    std::fs::rename(trio.second(), trio.sample.path("away")).unwrap();
    std::fs::write(trio.second(), "").unwrap();
    trio.expect(5, &["fetch", &id, "--from", "secondary"]).has(trio.second().to_str().unwrap());
    let to = trio.sample.path("to");
    trio.expect(0, &["fetch", &id, "--to", to.to_str().unwrap()]).has("from here:bucket/pve");
    trio.lab.point_s3("dead", crate::cloud::lab::free_port());
    trio.sample.configure(&super::settings(&trio.second(), "dead:bucket", "RCLONE_TIMEOUT_CONNECTION=3\n"));
    trio.expect(5, &["fetch", &id, "--from", "cloud"]).has("dead:bucket/pve");
    trio.expect(3, &["fetch", &id]).has("dead:bucket/pve").has(trio.second().to_str().unwrap());
    trio.sample.configure("");
    trio.expect(3, &["fetch", &id]).has("neither a secondary nor a cloud tier is configured");
    trio.expect(3, &["fetch", &id, "--from", "cloud"]).has("is not configured");
}

#[test]
fn the_dialogue_of_decrypt_offers_what_lies_in_the_cloud_alone() {
    let Some(trio) = Trio::new("") else { return };
    let recipients = trio.sample.path("recipients.txt");
    std::fs::write(&recipients, format!("{PUBLIC}\n")).unwrap();
    trio.configure(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE={}\n", recipients.display()));
    let id = trio.back_up();
    empty_local(&trio);
    std::fs::remove_dir_all(trio.second()).unwrap();
    trio.expect(3, &["decrypt", &id]).has("lies in here:bucket/pve alone").has("fetch ID");
    let key = trio.sample.path("key");
    std::fs::write(&key, PRIVATE).unwrap();
    let copies = trio.sample.path("copies");
    let Some(mut terminal) = Terminal::start(&trio.sample, &["decrypt", "--identity", key.to_str().unwrap()]) else {
        return;
    };
    terminal.answer("Which one (0 leaves): ", "1\n");
    terminal.answer("(0 leaves): ", &format!("{}\n", copies.display()));
    let (code, screen) = terminal.end();

    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains(&id) && screen.contains("cloud"), "{screen}");
    let names = names_in(&copies);
    let copy = names.iter().find(|name| name.contains(".decrypted.")).unwrap_or_else(|| panic!("{names:?}"));
    let words = ["cat", copies.join(copy).to_str().unwrap(), "/etc/hostname"].map(str::to_owned);
    assert_eq!(trio.expect(0, &words.each_ref().map(String::as_str)).out, "node1\n");
}

#[test]
fn the_wizard_of_restore_brings_what_lies_in_the_cloud_alone_and_keeps_none_of_it() {
    let Some(trio) = Trio::new("") else { return };
    trio.sample.plant("/etc/aliases", "root: admin\n");
    let id = trio.back_up();
    empty_local(&trio);
    std::fs::remove_dir_all(trio.second()).unwrap();
    trio.sample.plant("/etc/aliases", "changed\n");
    for (word, wanted, content) in [("0", 0, "changed\n"), ("RESTORE", 0, "root: admin\n")] {
        let Some(mut terminal) = Terminal::start(&trio.sample, &["restore"]) else { return };
        terminal.answer("Which one (0 leaves): ", "1\n");
        terminal.answer("Choice (0 leaves): ", "1\n");
        terminal.answer("Type RESTORE to write this (0 leaves): ", &format!("{word}\n"));
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(wanted), "{screen}");
        assert!(screen.contains(&format!("{id}  ")) && screen.contains("cloud"), "{screen}");
        assert_eq!(std::fs::read_to_string(trio.sample.root().join("etc/aliases")).unwrap(), content);
        assert!(trio.sample.left_in_run_dir().is_empty() && trio.sample.backups().is_empty(), "{screen}");
    }
}
