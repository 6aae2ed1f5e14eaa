//! Options that say whose signature a backup must bear.

use std::path::Path;

use ::log::info;
use clap::Args;

use super::Trouble;
use super::output::{Output, printable};
use super::session::Session;
use crate::bundle::{Gaps, PublicKey};
use crate::config::Policy;
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
    /// With --signer: a backup missing between others is no problem [default: with grandfather-father-son retention]
    #[arg(long, requires = "signer")]
    allow_gaps: bool,
}

impl SignerArgs {
    /// Reads what is named. Where the settings thin out older backups, gaps are what they make.
    pub(super) fn read(&self, session: &Session) -> Result<Signers, Trouble> {
        let keys: Vec<PublicKey> = self.signer.iter().map(|text| public_key(text)).collect::<Result<_, _>>()?;
        let gaps =
            if self.allow_gaps || (!keys.is_empty() && thins_out(session)) { Gaps::Expected } else { Gaps::Suspicious };
        Ok(Signers::new(keys, gaps))
    }
}

/// Files are verified on any machine: settings that cannot be loaded say nothing.
fn thins_out(session: &Session) -> bool {
    let policy = session.load(&[]).ok().map(|loaded| loaded.config.retention.local.policy);
    let thins_out = matches!(policy, Some(Policy::Gfs(_)));
    if thins_out {
        info!("Grandfather-father-son retention removes backups between others: such gaps are no problem here");
    }
    thins_out
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
