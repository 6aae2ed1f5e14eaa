//! `key new`, `key show`, `key derive`, `key verify`.

use std::path::{Path, PathBuf};

use ::log::{error, info};
use serde_json::{Value, json};

use super::Trouble;
use super::args::{KeyCommand, NewKeyArgs};
use super::ask::Terminal;
use super::keys::{KeyArgs, read_passphrase, unlock_with};
use super::output::{Output, printable};
use super::session::{Session, absolute, cancel};
use crate::archive::Salt;
use crate::config::Config;
use crate::secret::Secret;
use crate::workflow::{
    Ask, DerivedKey, ExitCode, Failure, KeyError, ListedKey, NewKey, NewSigningKey, RecipientsError, add_keys,
    addressees, derive_keys, key_wizard, listed_keys, listed_salts, needs_key, new_signing_key, prove_key, signing_key,
};

/// `proxmox-backup key …`.
pub(super) fn run(session: &Session, command: &KeyCommand, output: &mut Output) -> Result<ExitCode, Trouble> {
    match command {
        KeyCommand::New(asked) if asked.signing => new_signing(session, asked.output.as_deref(), output),
        KeyCommand::New(asked) => new(session, asked, output),
        KeyCommand::Show => show(session, output),
        KeyCommand::Derive { passphrase_file, salt, yes_show_private } => {
            let keys = derive(session, passphrase_file.as_deref(), salt.as_deref())?;
            print_derived(&keys, if *yes_show_private { Shown::Private } else { Shown::Public }, output)
        }
        KeyCommand::Verify { id, keys } => verify(session, id.as_deref().unwrap_or("latest"), keys, output),
    }
}

/// Before a backup: with nobody to encrypt for, a person at the terminal is asked. Without one the
/// run itself ends with the reason.
pub(super) fn ensure_recipient(config: &Config) -> Result<(), Failure> {
    if !matches!(addressees(&config.encryption), Err(Failure::Recipients(RecipientsError::None(_)))) {
        return Ok(());
    }
    let cancel = cancel()?;
    if let Some(terminal) = Terminal::attended(&cancel) {
        ask_for_keys(&config.encryption.recipients_file, terminal, &cancel)?;
    }
    Ok(())
}

fn ask_for_keys(file: &Path, mut terminal: Terminal, cancel: &crate::system::Cancel) -> Result<Vec<NewKey>, Failure> {
    let added = key_wizard(file, &mut terminal);
    cancel.check()?;
    added
}

fn new_signing(session: &Session, place: Option<&Path>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let place = place.map(absolute).transpose()?;
    let NewSigningKey { path, public_path, public } = new_signing_key(place.as_deref(), &loaded.config.encryption)?;
    if output.is_json() {
        output.object(&json!({ "file": path, "public_file": public_path, "public_key": public.to_string() }))?;
        return Ok(ExitCode::Done);
    }
    output.line(public.to_string())?;
    info!("✓ Private key: {}; it stays on this host, and in no backup of it", path.display());
    info!("✓ Public key: {}, and the line above; copy it to where backups are verified", public_path.display());
    if loaded.config.encryption.sign_key.as_ref() != Some(&path) {
        info!("Put into the settings: SIGN_KEY={}", path.display());
    }
    Ok(ExitCode::Done)
}

fn new(session: &Session, asked: &NewKeyArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let (recipients, passphrase_file) = (&asked.recipient, asked.passphrase_file.as_deref());
    let loaded = session.load(&[])?;
    let file = &loaded.config.encryption.recipients_file;
    let added = if recipients.is_empty() && passphrase_file.is_none() {
        let cancel = cancel()?;
        let terminal = Terminal::attended(&cancel).ok_or(KeyError::NoTerminal)?;
        ask_for_keys(file, terminal, &cancel)?
    } else {
        let mut keys = NewKey::from_public(recipients)?;
        if let Some(passphrase) = passphrase_file.map(read_passphrase).transpose()? {
            keys.push(NewKey::from_passphrase(&passphrase)?);
        }
        add_keys(file, &keys)?;
        keys
    };
    if output.is_json() {
        let added: Vec<Value> = added.iter().map(as_json).collect();
        output.object(&json!({ "file": file, "added": added }))?;
    }
    for key in &added {
        output.remark(format!("{}  {}", key.recipient.kind(), key.recipient))?;
    }
    if added.is_empty() {
        info!("Left; nothing was changed");
        return Ok(ExitCode::Done);
    }
    info!("✓ {} key(s) added to {}; `key verify` proves what opens a backup", added.len(), file.display());
    if !loaded.config.encryption.is_on {
        info!("ENCRYPT_ARCHIVE is false: set it to true to have backups encrypted");
    }
    Ok(ExitCode::Done)
}

fn as_json(key: &NewKey) -> Value {
    json!({
        "recipient": key.recipient.text(),
        "kind": key.recipient.kind().to_string(),
        "salt": key.salt.as_ref().map(Salt::text),
    })
}

fn show(session: &Session, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let settings = &loaded.config.encryption;
    let keys = listed_keys(settings)?;
    let signer = signing_key(settings).map_err(Failure::from)?.map(|key| key.public().to_string());
    if output.is_json() {
        let keys: Vec<Value> = keys
            .iter()
            .map(|key| json!({ "recipient": key.recipient.text(), "kind": kind(key), "from": key.from }))
            .collect();
        output.object(
            &json!({ "is_on": settings.is_on, "recipients": keys, "sign_key": settings.sign_key, "signer": signer }),
        )?;
        return Ok(ExitCode::Done);
    }
    if keys.is_empty() {
        output.remark("There is no recipient; `proxmox-backup key new` adds one.")?;
    } else {
        let row = |key: &ListedKey| vec![kind(key), printable(&key.from), key.recipient.to_string()];
        output.table(&["KIND", "FROM", "RECIPIENT"], &keys.iter().map(row).collect::<Vec<_>>())?;
    }
    if !settings.is_on {
        output.remark("ENCRYPT_ARCHIVE is false: backups are not encrypted.")?;
    }
    match (&settings.sign_key, signer) {
        (Some(path), Some(signer)) => output.remark(format!("Signed with {}, as {signer}", path.display()))?,
        _ => output.remark("SIGN_KEY is empty: backups are not signed.")?,
    }
    Ok(ExitCode::Done)
}

fn kind(key: &ListedKey) -> String {
    if key.is_of_passphrase { "passphrase".to_owned() } else { key.recipient.kind().to_string() }
}

fn derive(session: &Session, passphrase_file: Option<&Path>, salt: Option<&str>) -> Result<Vec<DerivedKey>, Trouble> {
    let salts = match salt {
        Some(salt) => vec![Salt::parse(salt).map_err(Failure::from)?],
        None => listed_salts(&session.load(&[])?.config.encryption)?,
    };
    let passphrase = match passphrase_file {
        Some(file) => read_passphrase(file)?,
        None => ask_passphrase()?,
    };
    Ok(derive_keys(&passphrase, &salts)?)
}

fn ask_passphrase() -> Result<Secret, Trouble> {
    let cancel = cancel()?;
    let answer = Terminal::open(&cancel).and_then(|mut terminal| terminal.secret("Passphrase: "));
    cancel.check()?;
    Ok(answer.ok_or(KeyError::NoTerminal)?)
}

/// How much of a key goes to standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Public,
    Private,
}

fn print_derived(keys: &[DerivedKey], shown: Shown, output: &mut Output) -> Result<ExitCode, Trouble> {
    let identity = |key: &DerivedKey| (shown == Shown::Private).then(|| key.identity.expose().to_owned());
    if output.is_json() {
        let object = |key: &DerivedKey| {
            let mut object = json!({ "recipient": key.recipient.text(), "salt": key.salt.text() });
            if let Some(identity) = identity(key) {
                object["identity"] = identity.into();
            }
            object
        };
        output.object(&json!({ "keys": keys.iter().map(object).collect::<Vec<_>>() }))?;
        return Ok(ExitCode::Done);
    }
    for key in keys {
        match identity(key) {
            None => output.line(key.recipient.text())?,
            // An identity file of age: comments and keys.
            Some(identity) => {
                output.line(format!("# {}\n# public key: {}\n{identity}", key.salt.text(), key.recipient))?;
            }
        }
    }
    Ok(ExitCode::Done)
}

fn verify(session: &Session, id: &str, keys: &KeyArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let mut backup = session.open(id)?;
    needs_key(&backup)?;
    if !unlock_with(&mut backup, keys)? {
        info!("Left; nothing was proved");
        return Ok(ExitCode::Done);
    }
    let found = prove_key(&backup, &cancel()?)?;
    let name: PathBuf = backup.path.clone();
    for problem in &found.problems {
        error!("✗ {}: {}: {}", name.display(), problem.part, problem.what);
    }
    if output.is_json() {
        output.object(&json!({
            "backup": name, "ok": found.is_whole(), "entries": found.entries,
            "passed": found.passed, "problems": found.problems,
        }))?;
    } else if found.is_whole() {
        let name = printable(&name.display().to_string());
        output.remark(format!("The key opens {name}: {} entries decoded", found.entries))?;
    }
    Ok(if found.is_whole() { ExitCode::Done } else { ExitCode::Verification })
}
