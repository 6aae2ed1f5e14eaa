//! Signed backups: by our key and checked by `openssl`, by `openssl` and checked by us; changed,
//! replayed, replaced, removed and forged ones; keys that cannot be used.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proxmox_backup::bundle::{Backup, Manifest, SigningKey};
use proxmox_backup::config::Config;
use proxmox_backup::system::{Clock, Runner, digest_hex};
use serde_json::Value;

use crate::sample::{Random, Sample, names_in, problems_of, skip};

const AGE_PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const AGE_PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U\n";

/// A host with a key of its own; gives the short form of its public half.
fn host(lines: &str) -> (Sample, String) {
    let sample = Sample::host("debian-plain");
    let public = new_key(&sample, "key.pem");
    sign_with(&sample, "key.pem", lines);
    (sample, public)
}

fn new_key(sample: &Sample, name: &str) -> String {
    let path = sample.path(name).display().to_string();
    sample.expect(0, &["key", "new", "--signing", "--output", &path]).trim().to_owned()
}

fn sign_with(sample: &Sample, name: &str, lines: &str) {
    sample.configure(&format!("SIGN_KEY={}\n{lines}", sample.path(name).display()));
}

/// A host with so many backups, a day between each and the next, oldest first.
fn host_with(count: usize) -> (Sample, String, Vec<PathBuf>) {
    let (sample, public) = host("MAX_LOCAL_BACKUPS=0\n");
    let config = sample.config();
    let made = (1..=count).map(|day| backup_on(&sample, &config, day)).collect();
    (sample, public, made)
}

fn backup_on(sample: &Sample, config: &Config, day: usize) -> PathBuf {
    let moment = chrono::DateTime::parse_from_rfc3339(&format!("2026-03-{day:02}T02:00:00Z")).unwrap();
    let report = sample.backup_as(config, Runner::Nobody, Clock::Fixed(moment.into())).unwrap();
    PathBuf::from(report.archive.unwrap().path)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `verify --all --signer KEY`, its exit code and words.
fn verify_all(sample: &Sample, public: &str, code: i32, words: &[&str]) -> String {
    let output = sample.run(["verify", "--all", "--signer", public]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    said
}

fn id_of(path: &Path) -> String {
    Backup::open(path).unwrap().id.unwrap().to_string()
}

fn manifest_of(path: &Path) -> Manifest {
    Backup::open(path).unwrap().facts().unwrap().clone()
}

/// The place of the manifest in a bundle: behind its header, as long as the header says.
fn manifest_bytes(bundle: &[u8]) -> std::ops::Range<usize> {
    let size = std::str::from_utf8(&bundle[124..135]).unwrap();
    512..512 + usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap()
}

/// What somebody who can write the target does: puts another manifest into a bundle, every checksum
/// made anew, signed with `key` where there is one.
fn forge(path: &Path, key: Option<&SigningKey>, change: impl FnOnce(&mut Manifest)) {
    let mut bundle = fs::read(path).unwrap();
    let place = manifest_bytes(&bundle);
    let mut manifest = manifest_of(path);
    change(&mut manifest);
    let forged = manifest.to_signed_bytes(Some(place.len()), key).unwrap();
    bundle[place].copy_from_slice(&forged);
    fs::write(path, bundle).unwrap();
}

fn foreign_key() -> SigningKey {
    SigningKey::parse(SigningKey::generate().unwrap().0.expose()).unwrap()
}

fn has_openssl() -> bool {
    let is_there = Command::new("openssl").arg("version").output().is_ok();
    if !is_there {
        skip("openssl is not installed");
    }
    is_there
}

fn openssl(arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).output().unwrap()
}

/// The command lines of the manual page's section, for a backup that is called `archive`.
fn lines_of_the_manual(archive: &str) -> String {
    let section = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/man/sections/signatures.roff")).unwrap();
    let lines = section.split(".RS\n").nth(1).unwrap().split(".RE\n").next().unwrap();
    let plain = lines.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\");
    plain.replace("HOST-backup-DATE-TIME.tar.zst", archive)
}

/// Runs them in a fresh directory beside copies of the backup and the public key.
fn by_hand(bundle: &Path, public: &Path) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let name = bundle.file_name().unwrap().to_str().unwrap();
    fs::copy(bundle, dir.path().join(name)).unwrap();
    fs::copy(public, dir.path().join("key.pem.pub")).unwrap();
    let lines = lines_of_the_manual(name.strip_suffix(".bundle.tar").unwrap());
    Command::new("sh").args(["-ec", &lines]).current_dir(dir.path()).output().unwrap()
}

#[test]
fn a_key_is_made_private_and_never_overwritten() {
    let sample = Sample::host("debian-plain");
    let place = sample.path("sign/own/key.pem");
    let text = place.display().to_string();
    let made: Value =
        serde_json::from_str(&sample.expect(0, &["key", "new", "--signing", "--output", &text, "--json"])).unwrap();

    let mode_of = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode_of(&place), mode_of(place.parent().unwrap())), (0o600, 0o700));
    assert_eq!(names_in(place.parent().unwrap()), ["key.pem", "key.pem.pub"]);
    assert!(made["public_key"].as_str().unwrap().starts_with("ed25519:"));
    assert_eq!(made["public_file"].as_str(), Some(format!("{text}.pub").as_str()));

    for left in ["key.pem", "key.pem.pub"] {
        let other = place.with_file_name(if left == "key.pem" { "key.pem.pub" } else { "key.pem" });
        let (kept, before) = (place.with_file_name(left), fs::read(place.with_file_name(left)).unwrap());
        let away = fs::read(&other).unwrap();
        fs::remove_file(&other).unwrap();
        let output = sample.run(["key", "new", "--signing", "--output", &text]);
        assert_eq!(output.status.code(), Some(15), "{left}");
        assert!(said(&output).contains("is there already"), "{}", said(&output));
        assert_eq!(fs::read(&kept).unwrap(), before);
        assert_eq!(names_in(place.parent().unwrap()), [left]);
        fs::write(&other, away).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn the_private_key_is_never_printed() {
    let (sample, public) = host("");
    let secret = fs::read_to_string(sample.path("key.pem")).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    let shown = sample.expect(0, &["key", "show"]);
    assert!(shown.contains(&public), "{shown}");
    for arguments in [&["key", "show", "--json"][..], &["check", "-vv"], &["backup", "-vv"], &["show", "latest"]] {
        let said = said(&sample.run(arguments));
        assert!(said.contains(&public) && !said.contains(secret), "{arguments:?}: {said}");
    }
}

#[test]
fn openssl_reads_our_keys() {
    if !has_openssl() {
        return;
    }
    let (sample, public) = host("");
    let key = sample.path("key.pem").display().to_string();
    let checked = openssl(&["pkey", "-in", &key, "-noout", "-text"]);
    assert!(said(&checked).to_ascii_uppercase().contains("ED25519"), "{}", said(&checked));
    let pem = openssl(&["pkey", "-in", &key, "-pubout"]);
    assert_eq!(pem.stdout, fs::read(sample.path("key.pem.pub")).unwrap());
    // The 32 bytes of the short form are the last of the document.
    let der = openssl(&["pkey", "-in", &key, "-pubout", "-outform", "DER"]).stdout;
    let raw: Vec<u8> = der[der.len() - 32..].to_vec();
    fs::write(sample.path("raw"), raw).unwrap();
    let short = openssl(&["base64", "-A", "-in", &sample.path("raw").display().to_string()]);
    assert_eq!(format!("ed25519:{}", String::from_utf8(short.stdout).unwrap()), public);
}

#[test]
fn the_lines_of_the_manual_prove_a_backup_with_openssl_and_refuse_a_forged_one() {
    if !has_openssl() {
        return;
    }
    let (sample, _, made) = host_with(1);
    let (bundle, public) = (&made[0], sample.path("key.pem.pub"));

    let proved = by_hand(bundle, &public);
    assert!(proved.status.success() && said(&proved).contains("Verified Successfully"), "{}", said(&proved));

    new_key(&sample, "other.pem");
    assert!(!by_hand(bundle, &sample.path("other.pem.pub")).status.success());
    let whole = fs::read(bundle).unwrap();
    let mut bytes = whole.clone();
    let at = bytes.windows(10).position(|window| window == b"\"hostname\"").unwrap() + 14;
    bytes[at] ^= 1;
    fs::write(bundle, &bytes).unwrap();
    assert!(!by_hand(bundle, &public).status.success());
    let mut bytes = whole;
    let at = bytes.len() - 3000;
    bytes[at] ^= 1;
    fs::write(bundle, &bytes).unwrap();
    assert!(!by_hand(bundle, &public).status.success());
}

#[test]
fn a_signature_by_openssl_is_ours_to_the_byte() {
    if !has_openssl() {
        return;
    }
    let sample = Sample::host("debian-plain");
    let at = |name: &str| sample.path(name).display().to_string();
    assert!(openssl(&["genpkey", "-algorithm", "ed25519", "-out", &at("key.pem")]).status.success());
    assert!(openssl(&["pkey", "-in", &at("key.pem"), "-pubout", "-out", &at("key.pub")]).status.success());
    sign_with(&sample, "key.pem", "");
    sample.expect(0, &["backup"]);
    let manifest = manifest_of(&sample.newest());

    let bundle = fs::read(sample.newest()).unwrap();
    let text = std::str::from_utf8(&bundle[manifest_bytes(&bundle)]).unwrap();
    let blank = text.replace(&manifest.self_sha256, &"0".repeat(64));
    let blank = blank.replace(manifest.signature.as_ref().unwrap(), &"0".repeat(88));
    let message = format!("proxmox-config-backup/manifest/v1:{}", digest_hex(blank.as_bytes()));
    fs::write(sample.path("message"), message).unwrap();
    let done =
        openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", &at("key.pem"), "-in", &at("message"), "-out", &at("sig")]);
    assert!(done.status.success(), "{}", said(&done));
    let theirs = openssl(&["base64", "-A", "-in", &at("sig")]).stdout;

    // Ed25519 has one signature for a key and a message: theirs in place of ours changes nothing.
    assert_eq!(manifest.signature.unwrap().as_bytes(), theirs);
    verify_all(&sample, &at("key.pub"), 0, &["signature: by ed25519:", "unbroken, signed by ed25519:"]);
}

#[test]
fn a_whole_chain_is_told_in_one_line_and_without_a_key_nothing_is_promised() {
    let (sample, public, made) = host_with(4);
    let name = made.iter().map(|path| id_of(path)).collect::<Vec<_>>();
    let host = name[0].split("-backup-").next().unwrap();
    let line = format!("chain of {host}: 4 backup(s) from {} to {}, unbroken, signed by {public}\n", name[0], name[3]);
    verify_all(&sample, &public, 0, &[&line]);
    verify_all(&sample, &sample.path("key.pem.pub").display().to_string(), 0, &[&line]);

    let told = said(&sample.run(["verify", "latest"]));
    assert!(told.contains(&format!("by {public} (not checked against a key you trust)")), "{told}");
    let told = said(&sample.run(["verify", "latest", "--signer", &public]));
    assert!(told.contains(&format!("signature: by {public}\n")) && !told.contains("not checked"), "{told}");

    // Retention removed the oldest.
    fs::remove_file(&made[0]).unwrap();
    let told = verify_all(&sample, &public, 0, &["3 backup(s)", "unbroken"]);
    assert!(told.contains(&format!("the one before it, {}, is not here", name[0])), "{told}");
}

#[test]
fn json_has_the_chain() {
    let (sample, public, made) = host_with(3);
    fs::remove_file(&made[1]).unwrap();
    let found: Value =
        serde_json::from_str(&sample.expect(8, &["verify", "--all", "--signer", &public, "--json"])).unwrap();
    assert_eq!(found["ok"], false);
    assert_eq!(found["chains"][0]["breaks"], 1);
    assert_eq!(found["chains"][0]["signed"], 2);
    assert_eq!(found["backups"][0]["problems"][0]["part"], "chain");
}

#[test]
fn a_removed_middle_is_a_problem_unless_gaps_are_expected() {
    let (sample, public, made) = host_with(4);
    let (gone, older) = (id_of(&made[1]), id_of(&made[0]));
    fs::remove_file(&made[1]).unwrap();
    let words = format!("a backup between {older} and this one was removed: {gone}");
    verify_all(&sample, &public, 8, &[&words, "BROKEN in 1 place(s)", "NOT PROVEN GENUINE"]);
    let output = sample.run(["verify", "--all", "--signer", &public, "--allow-gaps"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains(&words), "{}", said(&output));
    // Only its follower is in question.
    sample.expect(0, &["verify", &id_of(&made[3]), "--signer", &public]);
    sample.expect(8, &["verify", &id_of(&made[2]), "--signer", &public]);
    // Settings that thin out say the same.
    let policy = [("RETENTION_POLICY", "gfs"), ("RETENTION_DAILY", "2"), ("RETENTION_WEEKLY", "2")];
    let mut program = sample.program(["verify", "--all", "--signer", &public]);
    program.envs(policy.map(|(key, value)| (format!("PROXMOX_BACKUP_{key}"), value)));
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("such gaps are no problem here"), "{}", said(&output));
}

/// The attacker computes every checksum anew, and has no key.
#[test]
fn an_unsigned_one_among_signed_ones_is_a_problem() {
    let (sample, public, made) = host_with(3);
    forge(&made[2], None, |manifest| manifest.hostname = "evil".into());
    assert_eq!(problems_of(&made[2]), Vec::<String>::new());
    verify_all(&sample, &public, 8, &["signature: there is none", "1 of them NOT SIGNED", "NOT PROVEN GENUINE"]);
}

#[test]
fn one_that_another_key_signed_is_a_problem() {
    let (sample, public, made) = host_with(3);
    let foreign = foreign_key();
    forge(&made[1], Some(&foreign), |_| ());
    let words =
        [format!("by {}, which is no key you trust", foreign.public()), format!("{}, was replaced", id_of(&made[1]))];
    verify_all(&sample, &public, 8, &[&words[0], &words[1], "1 of them NOT SIGNED"]);
    // Both keys are believed: the chain is broken all the same, because the follower names another.
    let both = ["verify", "--all", "--signer", &public, "--signer", &foreign.public().to_string()];
    assert!(said(&sample.run(both)).contains("BROKEN in 1 place(s), signed by"));
}

#[test]
fn a_key_that_was_changed_on_the_host_is_followed_with_both_public_keys() {
    let (sample, old, _) = host_with(2);
    let new = new_key(&sample, "new.pem");
    sign_with(&sample, "new.pem", "MAX_LOCAL_BACKUPS=0\n");
    backup_on(&sample, &sample.config(), 9);
    verify_all(&sample, &new, 8, &["which is no key you trust"]);
    let output = sample.run(["verify", "--all", "--signer", &new, "--signer", &old]);
    assert!(output.status.success() && said(&output).contains("3 backup(s)"), "{}", said(&output));
}

#[test]
fn an_older_backup_under_a_newer_name_is_a_problem() {
    let (sample, public, made) = host_with(3);
    fs::copy(&made[0], &made[2]).unwrap();
    verify_all(&sample, &public, 8, &["the file is called", "DAMAGED"]);
}

#[test]
fn an_older_manifest_around_a_newer_archive_is_a_problem() {
    let (sample, public, made) = host_with(3);
    let (old, mut new) = (fs::read(&made[0]).unwrap(), fs::read(&made[2]).unwrap());
    let place = manifest_bytes(&new);
    new[place.clone()].copy_from_slice(&old[place]);
    fs::write(&made[2], new).unwrap();
    verify_all(&sample, &public, 8, &["the file is called", "the manifest says", "DAMAGED"]);
}

#[test]
fn a_predecessor_that_is_made_up_needs_the_key() {
    let (sample, public, made) = host_with(3);
    // The middle is removed, and its follower made to name the first instead.
    let first = manifest_of(&made[1]).previous;
    fs::remove_file(&made[1]).unwrap();
    let before = fs::read(&made[2]).unwrap();
    forge(&made[2], Some(&foreign_key()), |manifest| manifest.previous.clone_from(&first));
    verify_all(&sample, &public, 8, &["which is no key you trust"]);
    fs::write(&made[2], &before).unwrap();
    forge(&made[2], None, |manifest| manifest.previous.clone_from(&first));
    verify_all(&sample, &public, 8, &["signature: there is none"]);
}

#[test]
fn one_that_was_put_in_front_is_a_problem() {
    let (sample, public, made) = host_with(2);
    let moved = made[0].with_file_name(made[0].file_name().unwrap().to_str().unwrap().replace("20260301", "20260201"));
    fs::copy(&made[0], &moved).unwrap();
    verify_all(&sample, &public, 8, &["the file is called", "nothing was there before it"]);
}

#[test]
fn every_flipped_byte_of_a_signed_bundle_is_noticed() {
    let (_sample, _, made) = host_with(1);
    let whole = fs::read(&made[0]).unwrap();
    let place = manifest_bytes(&whole);
    let text = std::str::from_utf8(&whole[place.clone()]).unwrap();
    let signed = text.find("\"signed_by\"").unwrap();
    // All of the signature's fields and what stands around them; a sample of everything else.
    let mut random = Random::new(6);
    let anywhere = (0..60).map(|_| usize::try_from(random.below(whole.len() as u64)).unwrap());
    for at in (place.start + signed..place.start + text.trim_end().len()).step_by(3).chain(anywhere) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&made[0], bytes).unwrap();
        assert!(!problems_of(&made[0]).is_empty(), "byte {at}");
    }
}

#[test]
fn three_files_are_signed_like_one() {
    let (sample, public) = host("BUNDLE_ASSOCIATED_FILES=false\n");
    sample.expect(0, &["backup"]);
    verify_all(&sample, &public, 0, &["unbroken, signed by"]);
}

#[test]
fn a_decrypted_copy_says_that_it_is_not_signed() {
    let (sample, public) = host(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT={AGE_PUBLIC}\n"));
    let config = sample.config();
    let original = backup_on(&sample, &config, 1);
    fs::write(sample.path("age.txt"), AGE_PRIVATE).unwrap();
    let (identity, to) = (sample.path("age.txt").display().to_string(), sample.path("backups").display().to_string());
    verify_all(&sample, &public, 0, &["unbroken, signed by"]);

    let told = said(&sample.run(["decrypt", &id_of(&original), "--identity", &identity, "--to", &to]));

    assert!(told.contains("signature of the original not carried"), "{told}");
    let copy = sample.backups().into_iter().find(|path| *path != original).unwrap();
    assert_eq!((problems_of(&copy), manifest_of(&copy).signed_by), (Vec::new(), None));
    let output = sample.run(["verify", &copy.display().to_string(), "--signer", &public]);
    assert_eq!(output.status.code(), Some(8));
    assert!(said(&output).contains("a decrypted copy has none"), "{}", said(&output));
    // It lies beside its original, and is no link of the chain.
    let next = backup_on(&sample, &config, 2);
    assert_eq!(manifest_of(&next).previous_id, Some(id_of(&original)));
    fs::remove_file(copy).unwrap();
    verify_all(&sample, &public, 0, &["2 backup(s)", "unbroken, signed by"]);
}

/// Nothing is made: no backup, no directory for it.
fn refuses(sample: &Sample, words: &str) {
    for arguments in [&["backup"][..], &["backup", "--dry-run"], &["check"]] {
        let output = sample.run(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(15), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {words} is not in {said}");
        assert!(!sample.path("backups").exists(), "{arguments:?}");
    }
}

#[test]
fn a_key_that_cannot_be_used_is_exit_code_15_and_no_backup() {
    let (sample, _) = host("");
    let key = sample.path("key.pem");
    let set = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o644, 0o640, 0o620, 0o604] {
        set(mode);
        refuses(&sample, "others");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, mode, "left as it is");
    }
    set(0o600);

    let pem = fs::read(&key).unwrap();
    let cases: [(&[u8], &str); 5] = [
        (b"", "no ed25519 key"),
        (b"\xff\xfe\x00", "no ed25519 key"),
        (&pem[..70], "no ed25519 key"),
        (&fs::read(sample.path("key.pem.pub")).unwrap(), "it is the public key"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "passphrase"),
    ];
    for (content, words) in cases {
        fs::write(&key, content).unwrap();
        refuses(&sample, words);
    }
    fs::write(&key, vec![b'x'; 1 << 20]).unwrap();
    refuses(&sample, "key.pem");

    fs::write(&key, &pem).unwrap();
    fs::hard_link(&key, sample.path("second")).unwrap();
    refuses(&sample, "more than one name");
    fs::rename(&key, sample.path("elsewhere")).unwrap();
    fs::remove_file(sample.path("second")).unwrap();
    symlink(sample.path("elsewhere"), &key).unwrap();
    refuses(&sample, "symlink");
    fs::remove_file(&key).unwrap();
    refuses(&sample, "key.pem");
    fs::create_dir(&key).unwrap();
    refuses(&sample, "not a regular file");
    fs::remove_dir(&key).unwrap();
    fs::rename(sample.path("elsewhere"), &key).unwrap();
    if chown(&key, Some(12345), None).is_ok() {
        refuses(&sample, "does not belong to root");
        chown(&key, Some(0), None).unwrap();
    }
    sample.expect(0, &["backup"]);
}

#[test]
fn keys_of_other_kinds_are_refused() {
    if !has_openssl() {
        return;
    }
    let (sample, _) = host("");
    let key = sample.path("key.pem").display().to_string();
    for kind in [
        &["-algorithm", "x25519"][..],
        &["-algorithm", "ed448"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ] {
        assert!(openssl(&[&["genpkey", "-out", &key], kind].concat()).status.success());
        refuses(&sample, "no ed25519 key");
    }
}

#[test]
fn what_is_no_public_key_is_refused_before_anything_is_read() {
    let (sample, _) = host("");
    sample.expect(0, &["backup"]);
    let private = sample.path("key.pem").display().to_string();
    for (signer, words) in [("ed25519:AAAA", "no ed25519 key"), (private.as_str(), "it is a private key")] {
        let output = sample.run(["verify", "latest", "--signer", signer]);
        assert_eq!(output.status.code(), Some(15));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    sample.expect(3, &["verify", "latest", "--signer", "/nowhere/key.pub"]);
}

#[test]
fn the_private_key_is_in_no_backup() {
    let sample = Sample::host("debian-plain");
    new_key(&sample, "root/etc/proxmox-config-backup/keep/own.pem");
    sample.plant("/etc/proxmox-config-backup/sign/key.pem", "usual place, not configured");
    sample.plant("/etc/proxmox-config-backup/sign/key.pem.pub", "public");
    sample.plant("/etc/proxmox-config-backup/backup.env", "");
    sign_with(
        &sample,
        "root/etc/proxmox-config-backup/keep/own.pem",
        "CUSTOM_BACKUP_PATHS=/etc/proxmox-config-backup/keep/own.pem\n",
    );
    sample.expect(0, &["backup"]);
    let listed = sample.expect(0, &["ls", "latest", "/etc/proxmox-config-backup"]);
    for name in ["backup.env", "keep/own.pem.pub", "sign/key.pem.pub"] {
        assert!(listed.contains(&format!("/etc/proxmox-config-backup/{name}\n")), "{name}: {listed}");
    }
    assert!(!listed.contains("own.pem\n") && !listed.contains("key.pem\n"), "{listed}");
}
