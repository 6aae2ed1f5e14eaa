//! `config check`, `config show`, `config init`, `config convert`.

use std::io::Write;
use std::path::{Path, PathBuf};

use ::log::{error, info};
use serde_json::{Value, json};

use super::Trouble;
use super::args::{ConfigCommand, Form};
use super::output::{Output, printable};
use super::session::{Session, absolute};
use crate::config::{self, ConfigError, Finding, Format, Loaded, Origin, Shown, Source, Status, Weight, shipped_file};
use crate::system::{FileError, PartialFile, create_private_dir};
use crate::workflow::ExitCode;

/// `proxmox-backup config …`.
pub(super) fn run(session: &Session, command: &ConfigCommand, output: &mut Output) -> Result<ExitCode, Trouble> {
    match command {
        ConfigCommand::Check => check(session, output),
        ConfigCommand::Show { changed } => show(session, *changed, output),
        ConfigCommand::Init { file, format } => init(file.clone(), *format, output),
        ConfigCommand::Convert { file, to, output: target } => {
            convert(session, file.as_deref(), *to, target.as_deref(), output)
        }
    }
}

fn check(session: &Session, output: &mut Output) -> Result<ExitCode, Trouble> {
    let (file, findings) = match session.load(&[]) {
        Ok(Loaded { file, findings, .. }) => (file, findings),
        Err(Trouble::Config(ConfigError::Mistakes(findings))) => (session.global.config.clone(), findings),
        Err(trouble) => return Err(trouble),
    };
    // A name nobody knows is most likely a typing mistake: here it counts as one.
    let is_ok = findings.iter().all(|finding| finding.weight < Weight::UnknownKey);
    if output.is_json() {
        let all: Vec<Value> = findings.iter().map(as_json).collect();
        output.object(&json!({ "ok": is_ok, "file": file, "findings": all }))?;
    } else {
        for finding in &findings {
            output.line(format!("{}: {finding}", word(finding.weight)))?;
        }
        let name =
            file.map_or_else(|| "no configuration file, defaults apply".to_owned(), |file| file.display().to_string());
        let mistakes = findings.iter().filter(|finding| finding.weight >= Weight::UnknownKey).count();
        output.line(if is_ok {
            format!("✓ {name}: no mistakes")
        } else {
            format!("✗ {name}: {mistakes} mistake(s)")
        })?;
    }
    Ok(if is_ok { ExitCode::Done } else { ExitCode::Usage })
}

fn word(weight: Weight) -> &'static str {
    match weight {
        Weight::NoEffect => "no effect",
        Weight::Notice => "notice",
        Weight::UnknownKey => "unknown",
        Weight::Mistake => "mistake",
    }
}

fn as_json(finding: &Finding) -> Value {
    json!({
        "weight": word(finding.weight),
        "origin": finding.origin.to_string(),
        "key": finding.key,
        "value": finding.value,
        "reason": finding.reason,
        "suggestion": finding.suggestion,
    })
}

fn show(session: &Session, changed: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let is_changed = |row: &&Shown| !matches!(row.origin, Origin::Default | Origin::Follows(_));
    let rows: Vec<&Shown> = loaded.values.iter().filter(|row| !changed || is_changed(row)).collect();
    if output.is_json() {
        let all: Vec<Value> = rows
            .iter()
            .map(|row| json!({ "key": row.key, "value": row.value, "origin": row.origin.to_string(), "effect": effect(row.status) }))
            .collect();
        output.object(&json!({ "file": loaded.file, "settings": all }))?;
        return Ok(ExitCode::Done);
    }
    for row in rows {
        let effect = match row.status {
            Status::Used => String::new(),
            other @ Status::NoEffect(_) => format!(", {}", effect(other)),
        };
        output.line(format!(
            "{}={}   # {}{effect}",
            row.key,
            printable(&row.value),
            printable(&row.origin.to_string())
        ))?;
    }
    Ok(ExitCode::Done)
}

fn effect(status: Status) -> String {
    match status {
        Status::Used => "used".to_owned(),
        Status::NoEffect(reason) => format!("no effect: {reason}"),
    }
}

/// Writes the commented file; an existing one is never overwritten.
pub(super) fn init(file: Option<PathBuf>, form: Option<Form>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let named = file.as_deref().map_or(Format::Env, Format::of);
    let format = form.map_or(named, Format::from);
    let path = absolute(&file.unwrap_or_else(|| PathBuf::from(format.place())))?;
    let code = write_new(&path, &shipped_file(format), output)?;
    if code == ExitCode::Done && !output.is_json() {
        info!("✓ {} written: every setting is in it, with its default", path.display());
    }
    Ok(code)
}

fn convert(
    session: &Session,
    file: Option<&Path>,
    to: Option<Form>,
    target: Option<&Path>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let explicit = file.or(session.global.config.as_deref()).map(absolute).transpose()?;
    let source = Source::live(explicit, std::env::current_exe().ok()).map_err(Trouble::Config)?;
    let wanted = to.map(Format::from).or_else(|| target.map(Format::of));
    let converted = config::convert(&source, &session.environment, wanted).map_err(Trouble::Config)?;
    let Some(target) = target else {
        if output.is_json() {
            let format = converted.format.to_string();
            output.object(&json!({ "file": converted.file, "format": format, "text": converted.text }))?;
        } else {
            converted.text.lines().try_for_each(|line| output.line(line))?;
        }
        return Ok(ExitCode::Done);
    };
    let target = absolute(target)?;
    let code = write_new(&target, &converted.text, output)?;
    if code == ExitCode::Done && !output.is_json() {
        info!("✓ {} written; {} stays as it is", target.display(), converted.file.display());
    }
    Ok(code)
}

/// Only root may read it: a configuration may hold secrets.
fn write_new(path: &Path, text: &str, output: &mut Output) -> Result<ExitCode, Trouble> {
    create_private_dir(path.parent().unwrap_or(Path::new("/")))?;
    let new = PartialFile::create(path)?;
    new.handle()?.write_all(text.as_bytes()).map_err(FileError::of("write", path))?;
    match new.publish() {
        Ok(_) if output.is_json() => output.object(&json!({ "file": path }))?,
        Ok(_) => {}
        Err(error) if error.is_taken() => {
            error!("{} exists and stays as it is (`config check` tells what is wrong with it)", path.display());
            return Ok(ExitCode::Usage);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::Done)
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Env => Self::Env,
            Form::Yaml => Self::Yaml,
        }
    }
}
