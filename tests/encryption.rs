//! Encryption against the programs `age` and `rage`: each opens what the other
//! made. Wrong keys, cut and altered files give the right error.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proxmox_backup::archive::{
    AgeError, ArchiveWriter, Encryptor, Identities, Recipient, RecipientKind, Recipients, RecipientsFile, Salt,
    StanzaKind, decrypt, verify_envelope,
};
use proxmox_backup::collect::{Content, Entry, EntryKind, Metadata};
use proxmox_backup::config::{Archive, Codec, Mode};
use proxmox_backup::secret::Secret;
use tempfile::TempDir;

use crate::sample::age_programs;

const BLOCK: usize = 64 * 1024;
/// With its tag.
const SEALED_BLOCK: usize = BLOCK + 16;
const KEY: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
const OTHER_KEY: &str = "AGE-SECRET-KEY-1NQ9G325TX63D5WLGPHPFK9PTXHC0MYFTU6W9Z5M6684FSFQQYDDQDR4CJ2";

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    writer.join().unwrap().unwrap();
    done.stdout
}

fn content(length: usize) -> Vec<u8> {
    (0..251).cycle().take(length).collect()
}

fn identities(text: &str) -> Identities {
    Identities::parse(&Secret::new(text.to_owned()), || None).unwrap()
}

fn recipients(all: impl IntoIterator<Item = Recipient>) -> Recipients {
    Recipients::new(all).unwrap()
}

fn encrypt(content: &[u8], recipients: &Recipients) -> Vec<u8> {
    let mut encryptor = Encryptor::new(Vec::new(), recipients).unwrap();
    encryptor.write_all(content).unwrap();
    encryptor.finish().unwrap()
}

fn open(sealed: &[u8], identities: &Identities) -> Result<Vec<u8>, AgeError> {
    let mut content = Vec::new();
    match decrypt(sealed, identities)?.read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(error) => Err(reason(error)),
    }
}

fn reason(error: io::Error) -> AgeError {
    error.downcast().unwrap()
}

/// An identity file of each kind of key, with its public half.
fn key_files(dir: &Path) -> Vec<(PathBuf, Recipient)> {
    let age = dir.join("age.txt");
    std::fs::write(&age, format!("# a comment\n{KEY}\n")).unwrap();
    let mut files = vec![age];
    for (kind, format) in [("ed25519", "RFC4716"), ("rsa", "RFC4716"), ("rsa", "PEM")] {
        let path = dir.join(format!("{kind}-{format}"));
        let bits = if kind == "rsa" { "2048" } else { "256" };
        let arguments = ["-q", "-t", kind, "-b", bits, "-m", format, "-N", "", "-f", path.to_str().unwrap()];
        run("ssh-keygen", &arguments, b"");
        files.push(path);
    }
    let public = |path: &PathBuf| identities(&std::fs::read_to_string(path).unwrap()).recipients().remove(0);
    files.into_iter().map(|path| (path.clone(), public(&path))).collect()
}

fn has_ssh_keygen() -> bool {
    let is_there = Command::new("ssh-keygen").arg("-?").output().is_ok();
    assert!(is_there || std::env::var_os("CI").is_none(), "ssh-keygen is not installed");
    if !is_there {
        eprintln!("SKIPPED: ssh-keygen is not installed");
    }
    is_there
}

#[test]
fn what_we_encrypt_the_programs_open() {
    if !has_ssh_keygen() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let keys = key_files(dir.path());
    let all = recipients(keys.iter().map(|(_, recipient)| recipient.clone()));
    for length in [0, 1, BLOCK, 3 * BLOCK + 7] {
        let sealed = encrypt(&content(length), &all);
        for program in age_programs() {
            for (file, recipient) in &keys {
                let opened = run(&program, &["-d", "-i", file.to_str().unwrap()], &sealed);
                assert!(opened == content(length), "{program} {} {length}", recipient.kind());
            }
        }
        for (file, recipient) in &keys {
            let opened = open(&sealed, &identities(&std::fs::read_to_string(file).unwrap())).unwrap();
            assert!(opened == content(length), "{} {length}", recipient.kind());
        }
    }
}

#[test]
fn what_the_programs_encrypt_we_open() {
    if !has_ssh_keygen() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let keys = key_files(dir.path());
    let list = dir.path().join("recipients.txt");
    let lines: String = keys.iter().map(|(_, recipient)| RecipientsFile::entry(recipient, None)).collect();
    std::fs::write(&list, format!("# all of us\n\n{lines}")).unwrap();
    for program in age_programs() {
        for armor in [&[][..], &["-a"]] {
            for length in [0, 1, BLOCK, 3 * BLOCK + 7] {
                let arguments = [armor, &["-R", list.to_str().unwrap()]].concat();
                let sealed = run(&program, &arguments, &content(length));
                for (file, recipient) in &keys {
                    let opened = open(&sealed, &identities(&std::fs::read_to_string(file).unwrap())).unwrap();
                    assert!(opened == content(length), "{program} {} {armor:?} {length}", recipient.kind());
                }
            }
        }
        let one = keys[0].1.to_string();
        let sealed = run(&program, &["-r", &one], b"for one");
        assert_eq!(open(&sealed, &identities(KEY)).unwrap(), b"for one");
    }
}

#[test]
fn the_envelope_of_any_program_is_understood_without_a_key() {
    let recipient = identities(KEY).recipients().remove(0).to_string();
    for program in age_programs() {
        for length in [0, 1, BLOCK, 2 * BLOCK + 1] {
            let sealed = run(&program, &["-r", &recipient], &content(length));
            let envelope = verify_envelope(&sealed[..], sealed.len() as u64).unwrap();
            assert_eq!((envelope.recipients, envelope.content_bytes), (vec![StanzaKind::X25519], length as u64));
        }
    }
}

#[test]
fn a_locked_ssh_key_opens_with_its_passphrase_only() {
    if !has_ssh_keygen() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("locked");
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "hunter2", "-f", path.to_str().unwrap()], b"");
    let text = Secret::new(std::fs::read_to_string(&path).unwrap());
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    let sealed = encrypt(b"content", &recipients([public.parse().unwrap()]));
    let unlock = |passphrase: &str| Identities::parse(&text, || Some(Secret::new(passphrase.to_owned())));

    assert_eq!(open(&sealed, &unlock("hunter2").unwrap()).unwrap(), b"content");

    assert!(unlock("hunter3").unwrap_err().to_string().contains("passphrase"));
    assert!(Identities::parse(&text, || None).unwrap_err().to_string().contains("passphrase"));
}

#[test]
fn a_passphrase_opens_what_its_public_key_sealed() {
    let passphrase = Secret::new("Correct-Horse-7-Battery".to_owned());
    let salt = Salt::generate().unwrap();
    let keys = Identities::from_passphrase(&passphrase, std::slice::from_ref(&salt)).unwrap();
    let public = keys.recipients().remove(0);
    let sealed = encrypt(b"content", &recipients([public.clone()]));

    let named = RecipientsFile::parse(&RecipientsFile::entry(&public, Some(&salt))).unwrap().salts;
    let opened = open(&sealed, &Identities::from_passphrase(&passphrase, &Salt::candidates(named)).unwrap());

    assert_eq!(public.kind(), RecipientKind::X25519);
    assert_eq!(opened.unwrap(), b"content");
}

#[test]
fn a_wrong_key_is_said_to_be_wrong() {
    let sealed = encrypt(b"content", &recipients(identities(KEY).recipients()));
    let error = open(&sealed, &identities(OTHER_KEY)).unwrap_err();
    assert!(matches!(&error, AgeError::WrongKey { given: 1, recipients } if *recipients == [StanzaKind::X25519]));
    assert_eq!(error.to_string(), "the key given does not open it: it is encrypted for an age1… key");
}

#[test]
fn a_cut_file_is_never_taken_for_whole() {
    let keys = identities(KEY);
    let sealed = encrypt(&content(3 * BLOCK + 5), &recipients(keys.recipients()));
    let header = usize::try_from(verify_envelope(&sealed[..], sealed.len() as u64).unwrap().header_bytes).unwrap();

    for length in 0..header + 16 {
        assert!(matches!(open(&sealed[..length], &keys), Err(AgeError::Truncated)), "{length}");
    }
    for blocks in 0..=3 {
        let edge = header + 16 + blocks * SEALED_BLOCK;
        assert!(matches!(open(&sealed[..edge], &keys), Err(AgeError::Truncated)), "{blocks} blocks");
        assert!(matches!(open(&sealed[..=edge], &keys), Err(AgeError::DamagedEnd)), "{blocks} blocks and a byte");
    }
    assert!(matches!(open(&sealed[..sealed.len() - 1], &keys), Err(AgeError::DamagedEnd)));
}

#[test]
fn altered_and_extended_files_are_noticed() {
    let keys = identities(KEY);
    let sealed = encrypt(&content(2 * BLOCK), &recipients(keys.recipients()));
    let header = usize::try_from(verify_envelope(&sealed[..], sealed.len() as u64).unwrap().header_bytes).unwrap();
    let flipped = |at: usize| {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        altered
    };

    for at in 0..header + 16 {
        assert!(open(&flipped(at), &keys).is_err(), "header byte {at}");
    }
    for block in 0..2 {
        let at = header + 16 + block * SEALED_BLOCK;
        assert!(matches!(open(&flipped(at), &keys), Err(AgeError::Tampered(_))), "block {block}");
    }
    let last = open(&flipped(sealed.len() - 1), &keys);
    assert!(matches!(last, Err(AgeError::Tampered(_) | AgeError::DamagedEnd)), "{last:?}");
    let extended = open(&[&sealed[..], b"x"].concat(), &keys);
    assert!(matches!(extended, Err(AgeError::Tampered(_) | AgeError::DamagedEnd)), "{extended:?}");
    let swapped = [&sealed[..header + 16], &sealed[header + 16 + SEALED_BLOCK..]].concat();
    assert!(open(&swapped, &keys).is_err());
}

#[test]
fn what_is_not_age_is_told_from_damage() {
    let keys = identities(KEY);
    assert!(matches!(open(b"\x28\xb5\x2f\xfd zstd, not age at all", &keys), Err(AgeError::NotAge)));
    assert!(matches!(open(b"age-encryption.org/v7\nx", &keys), Err(AgeError::Version(_))));
    let endless = b"-----BEGIN AGE ENCRYPTED FILE-----\n".chain(io::repeat(b'A'));
    assert!(matches!(decrypt(endless, &keys).err(), Some(AgeError::Tampered(_))));
}

#[test]
fn an_encrypted_archive_opens_by_hand() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("archive.tar.age");
    let keys = identities(KEY);
    let settings = Archive { codec: Codec::Gzip, level: 6, mode: Mode::Standard, threads: 1, bundle: false };
    let to = recipients(keys.recipients());
    let bytes = content(200_000);

    let file = File::create(&path).unwrap();
    let mut entry = Entry::new("/etc/hosts", EntryKind::File, Metadata::default(), "test")
        .with(bytes.len() as u64, Content::Bytes(io::Cursor::new(bytes.clone())));
    let writer = ArchiveWriter::create(file, &settings, Some(&to), 1).unwrap();
    let (writer, _, _) = writer.append(&mut entry).unwrap();
    let summary = writer.finish().unwrap();

    let sealed = std::fs::read(&path).unwrap();
    assert_eq!((summary.entries, summary.written.bytes), (1, sealed.len() as u64));
    let key = dir.path().join("key.txt");
    std::fs::write(&key, KEY).unwrap();
    let mut opened = vec![open(&sealed, &keys).unwrap()];
    opened.extend(age_programs().iter().map(|program| run(program, &["-d", "-i", key.to_str().unwrap()], &sealed)));
    for packed in opened {
        assert_eq!(run("tar", &["-xzOf", "-", "etc/hosts"], &packed), bytes);
    }
}
