//! `/etc/vzdump.conf`: another package's configuration file, changed by order of the administrator
//! only, and given back as it was.

use std::path::{Path, PathBuf};

use super::{HookError, Hooks, next};
use crate::hook::{HOOK, Standing, script_of, with_script};
use crate::system::{
    Kind, create_private_dir, is_there, open_file, read_at_most, remove_file, write_atomically, write_with_mode,
};

/// Read by a parser for lines; a bigger one is not what it claims to be.
const MOST: usize = 1 << 20;
/// The file itself.
const CONF: &str = "/etc/vzdump.conf";
/// As it was before.
const COPY: &str = "vzdump.conf.before-hook";
/// The file did not exist.
const NONE: &str = "vzdump.conf.none-before-hook";

pub(super) struct Node<'a> {
    hooks: &'a Hooks<'a>,
    path: PathBuf,
}

/// What is known of the file before our script was entered.
enum Kept {
    Nothing,
    NoFile,
    File(Vec<u8>),
}

/// The file as it is now.
struct Conf {
    bytes: Vec<u8>,
    mode: Option<u32>,
}

/// vzdump reads bytes; what is not UTF-8 stays untouched in a line that is not ours. Latin-1 keeps
/// each byte a character of its own, and gives all of them back.
fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

impl<'a> Node<'a> {
    pub(super) fn of(hooks: &'a Hooks<'a>) -> Self {
        Self { hooks, path: hooks.system.root.below(CONF) }
    }

    pub(super) fn standing(&self) -> Result<Standing, HookError> {
        self.standing_in(&self.read()?)
    }

    fn standing_in(&self, conf: &Conf) -> Result<Standing, HookError> {
        let text = text_of(&conf.bytes);
        Ok(Standing::of(script_of(&text), Path::new(HOOK), next::read(self.hooks, Path::new(HOOK))?))
    }

    pub(super) fn enable(&self) -> Result<Standing, HookError> {
        let conf = self.read()?;
        let before = self.standing_in(&conf)?;
        let chained = match &before {
            Standing::On(_) => return Ok(before),
            Standing::Off => None,
            Standing::Other(script) => Some(script.clone()),
        };
        if conf.mode.is_none() && !self.hooks.has_vzdump() {
            return Err(HookError::NoVzdump);
        }
        next::write(self.hooks, Path::new(HOOK), chained.as_deref())?;
        self.keep(&conf)?;
        let text = with_script(&text_of(&conf.bytes), Some(HOOK));
        write_with_mode(&self.path, &bytes_of(&text), conf.mode.unwrap_or(0o644))?;
        Ok(before)
    }

    pub(super) fn disable(&self) -> Result<Standing, HookError> {
        let conf = self.read()?;
        let before = self.standing_in(&conf)?;
        let Standing::On(chained) = &before else { return Ok(before) };
        let kept = self.kept()?;
        let ours = |bytes: &[u8]| bytes_of(&with_script(&text_of(bytes), Some(HOOK))) == conf.bytes;
        match kept {
            // Untouched since: exactly what it was.
            Kept::NoFile if ours(b"") => remove_file(&self.path)?,
            Kept::File(bytes) if ours(&bytes) => write_with_mode(&self.path, &bytes, conf.mode.unwrap_or(0o644))?,
            _ => {
                let script = chained.as_ref().map(|path| path.display().to_string());
                let text = with_script(&text_of(&conf.bytes), script.as_deref());
                write_with_mode(&self.path, &bytes_of(&text), conf.mode.unwrap_or(0o644))?;
            }
        }
        next::write(self.hooks, Path::new(HOOK), None)?;
        self.forget()?;
        Ok(before)
    }

    fn read(&self) -> Result<Conf, HookError> {
        let stat = self.hooks.system.root.stat(CONF)?;
        match stat {
            None => Ok(Conf { bytes: Vec::new(), mode: None }),
            Some(stat) if stat.kind == Kind::Symlink => Err(HookError::Symlink(self.path.clone())),
            Some(stat) => {
                let bytes = read_at_most(self.hooks.system.root.open_no_symlink(CONF)?, MOST, &self.path)?;
                Ok(Conf { bytes, mode: Some(stat.mode & 0o777) })
            }
        }
    }

    fn keep(&self, conf: &Conf) -> Result<(), HookError> {
        create_private_dir(self.hooks.state_dir)?;
        self.forget()?;
        let (name, bytes) = if conf.mode.is_some() { (COPY, conf.bytes.as_slice()) } else { (NONE, &b""[..]) };
        Ok(write_atomically(&self.hooks.state_dir.join(name), bytes)?)
    }

    fn kept(&self) -> Result<Kept, HookError> {
        let copy = self.hooks.state_dir.join(COPY);
        if is_there(&copy) {
            return Ok(Kept::File(read_at_most(open_file(&copy)?, MOST, &copy)?));
        }
        Ok(if is_there(&self.hooks.state_dir.join(NONE)) { Kept::NoFile } else { Kept::Nothing })
    }

    fn forget(&self) -> Result<(), HookError> {
        for path in [COPY, NONE].map(|name| self.hooks.state_dir.join(name)) {
            if is_there(&path) {
                remove_file(&path)?;
            }
        }
        Ok(())
    }
}
