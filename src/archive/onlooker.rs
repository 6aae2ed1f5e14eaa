//! Somebody who sees regular files as they are decoded, so that one reading serves every check.

use std::sync::{Arc, Mutex, PoisonError};

use ring::digest;

use super::{Digest, Member, MemberKind, MemberSource, Piece, ReadError};

/// Is shown every regular file of an archive, in its order.
pub trait Onlooker: Send {
    /// A file begins; its size is what the archive claims.
    fn begin(&mut self, member: &Member);
    /// A piece of its content.
    fn piece(&mut self, piece: Piece<'_>);
    /// It has come to its end, with this SHA-256 of its logical content.
    fn end(&mut self, sha256: &Digest);
}

/// Nobody looks on.
impl Onlooker for () {
    fn begin(&mut self, _member: &Member) {}
    fn piece(&mut self, _piece: Piece<'_>) {}
    fn end(&mut self, _sha256: &Digest) {}
}

/// Looks on in another thread.
impl<O: Onlooker> Onlooker for Arc<Mutex<O>> {
    fn begin(&mut self, member: &Member) {
        self.lock().unwrap_or_else(PoisonError::into_inner).begin(member);
    }

    fn piece(&mut self, piece: Piece<'_>) {
        self.lock().unwrap_or_else(PoisonError::into_inner).piece(piece);
    }

    fn end(&mut self, sha256: &Digest) {
        self.lock().unwrap_or_else(PoisonError::into_inner).end(sha256);
    }
}

/// Reads the present member to its end; SHA-256 of a regular file's logical content, holes as zeros.
pub fn hash_member(
    reader: &mut impl MemberSource,
    member: &Member,
    onlooker: &mut dyn Onlooker,
) -> Result<Option<Digest>, ReadError> {
    if member.kind != MemberKind::File {
        return Ok(None);
    }
    onlooker.begin(member);
    let mut hash = digest::Context::new(&digest::SHA256);
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
        onlooker.piece(piece);
        piece.blocks(|bytes| hash.update(bytes));
        Ok(())
    })?;
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    onlooker.end(&sha256);
    Ok(Some(sha256))
}
