//! Options that say whose signature a backup must bear.

use std::path::Path;

use clap::Args;

use super::Trouble;
use super::output::{Output, printable};
use crate::bundle::{Gaps, PublicKey};
use crate::system::{open_file, read_at_most};
use crate::workflow::{Failure, Signers, Standing};

/// More than this is no public key.
const MOST_BYTES: usize = 64 * 1024;

/// Whose signature a backup must bear.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options for signed backups")]
pub(super) struct SignerArgs {
    /// Demand a signature by this key, and a chain without a gap: `ed25519:…`, or the .pub file; may be given again
    #[arg(long, value_name = "KEY")]
    signer: Vec<String>,
    /// With --signer: a backup missing between others is no problem, retention thins them out
    #[arg(long, requires = "signer")]
    allow_gaps: bool,
}

impl SignerArgs {
    /// Reads what is named.
    pub(super) fn read(&self) -> Result<Signers, Trouble> {
        let keys = self.signer.iter().map(|text| public_key(text)).collect::<Result<_, _>>()?;
        Ok(Signers::new(keys, if self.allow_gaps { Gaps::Expected } else { Gaps::Suspicious }))
    }
}

fn public_key(text: &str) -> Result<PublicKey, Trouble> {
    let fail = |cause| Failure::Signer(printable(text), cause);
    if PublicKey::is_short_form(text) {
        return Ok(PublicKey::parse(text).map_err(fail)?);
    }
    let path = Path::new(text);
    let bytes = read_at_most(open_file(path)?, MOST_BYTES, path)?;
    Ok(PublicKey::parse(&String::from_utf8_lossy(&bytes)).map_err(fail)?)
}

/// One line for each host.
pub(super) fn tell(standing: &[Standing], output: &mut Output) -> Result<(), Trouble> {
    standing.iter().try_for_each(|one| output.remark(printable(&one.to_string())))
}
