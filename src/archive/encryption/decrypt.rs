//! Opens an encrypted stream, binary or armoured, block by block.
//!
//! Every block is authenticated before a byte of it is given out. Only a read that ends with
//! `Ok(0)` proves that nothing is missing behind.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use age::armor::{ArmoredReadError, ArmoredReader};
use age::stream::StreamReader;

use super::envelope::{StanzaKind, read_header};
use super::error::AgeError;
use super::identity::Identities;

const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// Armour has lines of 64 characters.
const LONGEST_ARMOR_LINE: usize = 128;

type Source<'a> = Box<dyn BufRead + Send + 'a>;

/// The decrypted stream. A failed read holds an [`AgeError`] where the file or key is to blame.
pub struct DecryptReader<'a> {
    stream: StreamReader<Source<'a>>,
    has_ended: Arc<AtomicBool>,
}

/// Reads the header and finds the key. The content follows by reading.
pub fn decrypt<'a>(stream: impl Read + Send + 'a, identities: &Identities) -> Result<DecryptReader<'a>, AgeError> {
    let has_ended = Arc::new(AtomicBool::new(false));
    let watched = Watch { stream, has_ended: Arc::clone(&has_ended) };
    let mut source = without_armor(watched)?;
    let header = read_header(&mut source).map_err(|error| explain(error.into(), &has_ended))?;
    if header.recipients.contains(&StanzaKind::Passphrase) {
        return Err(AgeError::ForeignPassphrase);
    }
    // The crate reads headers of any length; this one is bounded.
    let whole: Source<'a> = Box::new(Cursor::new(header.bytes).chain(source));
    let wrong_key = AgeError::WrongKey { given: identities.len(), recipients: header.recipients };
    let opened = age::Decryptor::new_buffered(whole).and_then(|decryptor| decryptor.decrypt(identities.as_age()));
    match opened {
        Ok(stream) => Ok(DecryptReader { stream, has_ended }),
        Err(age::DecryptError::NoMatchingKeys) => Err(wrong_key),
        Err(age::DecryptError::Io(cause)) => Err(explain(cause, &has_ended)),
        Err(_) => Err(AgeError::Tampered("its header does not match its key")),
    }
}

impl Read for DecryptReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.read(into).map_err(|cause| explain(cause, &self.has_ended).into())
    }
}

/// What the crate's error means. It has no type of its own for damage: only the kind, which an
/// error of the device does not have.
fn explain(cause: io::Error, has_ended: &AtomicBool) -> AgeError {
    let is_from_device = cause.raw_os_error().is_some();
    let is_armor = cause.get_ref().and_then(|inner| inner.downcast_ref::<ArmoredReadError>()).is_some();
    let at_end = has_ended.load(Ordering::Relaxed);
    match cause.kind() {
        _ if is_from_device => AgeError::Stream(cause),
        _ if AgeError::inside(&cause).is_some() => AgeError::of(cause),
        io::ErrorKind::UnexpectedEof => AgeError::Truncated,
        io::ErrorKind::InvalidData if at_end => AgeError::DamagedEnd,
        io::ErrorKind::InvalidData if is_armor => AgeError::Tampered("its armour is damaged"),
        io::ErrorKind::InvalidData => AgeError::Tampered("a block does not decrypt"),
        _ => AgeError::Stream(cause),
    }
}

fn without_armor<'a>(mut stream: impl Read + Send + 'a) -> Result<Source<'a>, AgeError> {
    let mut start = Vec::with_capacity(ARMOR.len());
    stream.by_ref().take(ARMOR.len() as u64).read_to_end(&mut start).map_err(AgeError::of)?;
    let is_armored = start == ARMOR;
    let whole = Cursor::new(start).chain(stream);
    Ok(if is_armored {
        Box::new(ArmoredReader::new(ShortLines { stream: whole, line: 0 }))
    } else {
        Box::new(BufReader::new(whole))
    })
}

/// Notes the end of the file: a block that fails there may only be cut short.
struct Watch<R> {
    stream: R,
    has_ended: Arc<AtomicBool>,
}

impl<R: Read> Read for Watch<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(into)?;
        if got == 0 && !into.is_empty() {
            self.has_ended.store(true, Ordering::Relaxed);
        }
        Ok(got)
    }
}

/// Refuses endless lines, which the armour's reader would gather in memory.
struct ShortLines<R> {
    stream: R,
    line: usize,
}

impl<R: Read> Read for ShortLines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(into)?;
        for byte in &into[..got] {
            self.line = if *byte == b'\n' { 0 } else { self.line + 1 };
            if self.line > LONGEST_ARMOR_LINE {
                return Err(AgeError::Tampered("its armour is damaged").into());
            }
        }
        Ok(got)
    }
}
