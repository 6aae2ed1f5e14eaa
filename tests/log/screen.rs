//! What a terminal and a pipe get: colours, marks, and letters that the locale does not have.

use crate::keys::Terminal;
use crate::sample::{Sample, files_in};

const NAME: &str = "/proc/größe ✓";
const SPELLED: &str = r"/proc/gr\xc3\xb6\xc3\x9fe \xe2\x9c\x93";

/// A host whose second tier is a place that cannot be, with letters in its name.
fn host(environment: &[(&str, &str)]) -> Sample {
    let mut sample = Sample::empty("pve1");
    for (name, value) in environment {
        sample.environment.insert((*name).to_owned(), (*value).to_owned());
    }
    sample.plant("/etc/hostname", "pve1\n");
    sample.plant("/etc/hosts", "127.0.0.1 pve1\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample.configure(&format!("SECONDARY_ENABLED=true\nSECONDARY_PATH=\"{NAME}\"\n"));
    sample
}

/// What a terminal shows of `backup`.
fn screen(environment: &[(&str, &str)], arguments: &[&str]) -> Option<(Sample, String)> {
    let sample = host(environment);
    let terminal = Terminal::start(&sample, arguments)?;
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(1), "{screen}");
    // What `stty` says afterwards is not ours.
    let own = screen.split("speed ").next().unwrap().to_owned();
    Some((sample, own))
}

fn log_of(sample: &Sample) -> String {
    let log = files_in(&sample.path("logs")).into_iter().rfind(|file| file.extension().is_some_and(|end| end == "log"));
    std::fs::read_to_string(log.unwrap()).unwrap()
}

#[test]
fn a_terminal_without_utf_8_gets_words_and_bytes() {
    for (environment, arguments) in [
        (&[("LC_ALL", "C")][..], &["backup"][..]),
        (&[("LC_ALL", ""), ("LANG", "de_DE.ISO-8859-1")], &["backup"]),
        (&[("LC_ALL", "C.UTF-8")], &["backup", "--plain"]),
    ] {
        let Some((sample, screen)) = screen(environment, arguments) else { return };
        assert!(screen.is_ascii(), "{screen}");
        assert!(screen.contains("[ok] Backup written: ") && screen.contains(SPELLED), "{screen}");
        assert!(screen.contains("[warning] Backup of pve1 completed with 2 warnings"), "{screen}");
        assert!(screen.contains("Simple retention -> keep"), "{screen}");
        // A file is not a screen.
        let log = log_of(&sample);
        assert!(log.contains("✓ Backup written: ") && log.contains(NAME), "{log}");
        let plain = sample.run(["check"]);
        let spelled = String::from_utf8(plain.stdout).unwrap();
        assert_eq!(spelled.contains("[ok] Host: pve1"), !arguments.contains(&"--plain"), "{spelled}");
        let shown = sample.run(["check", "--plain"]);
        assert!(shown.stdout.is_ascii() && shown.stderr.is_ascii());
        let object = String::from_utf8(sample.run(["backup", "--json", "--plain"]).stdout).unwrap();
        assert!(object.contains(NAME), "{object}");
    }
}

#[test]
fn a_terminal_with_utf_8_gets_all_of_it() {
    let Some((_, screen)) = screen(&[("LC_ALL", "C.UTF-8")], &["backup"]) else { return };
    assert!(screen.contains("✓ Backup written: ") && screen.contains(NAME), "{screen}");
    assert!(screen.contains("⚠ Backup of pve1 completed") && screen.contains("Simple retention → keep"), "{screen}");
}

#[test]
fn colours_are_for_terminals_whose_user_wants_them() {
    let utf8 = ("LC_ALL", "C.UTF-8");
    for (environment, arguments, has_colors) in [
        (&[utf8][..], &["backup"][..], true),
        (&[utf8, ("NO_COLOR", "1")], &["backup"], false),
        (&[utf8, ("NO_COLOR", "")], &["backup"], true),
        (&[utf8, ("NO_COLOR", "1")], &["backup", "--color", "always"], true),
        (&[utf8], &["backup", "--color", "never"], false),
        (&[utf8], &["backup", "--plain"], false),
        (&[utf8], &["backup", "--plain", "--color", "always"], true),
    ] {
        let Some((sample, screen)) = screen(environment, arguments) else { return };
        assert_eq!(screen.contains("\x1b["), has_colors, "{environment:?} {arguments:?}: {screen}");
        assert!(!log_of(&sample).contains('\x1b'));
        let piped = sample.run(["backup"]);
        assert!(!piped.stderr.contains(&0x1b));
    }
}
