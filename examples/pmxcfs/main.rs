//! A file system that behaves like Proxmox VE's pmxcfs, for tests: `/etc/pve` in memory, kept in a
//! real `config.db`.
//!
//! What programs notice is the same: fixed owners and modes, what is refused and with which error,
//! one number per guest, the links and dot files that are computed, quorum. There is no cluster
//! behind it: the other nodes are what `corosync.conf` says, and quorum is there unless `--no-quorum`
//! or the file given by `--quorum-lost` says otherwise.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a stand-in for one of Proxmox's programs, outside the product and its one door"
)]

mod answers;
mod attributes;
mod cluster;
mod database;
mod filesystem;
mod guests;
mod import;
mod locks;
mod serve;
mod store;
mod tree;
mod virtual_files;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// What ends a step: its message is for whoever runs the tests.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Serves a config.db as /etc/pve, by the rules of pmxcfs.
#[derive(Parser, Clone)]
struct Arguments {
    /// The database; made when it is missing
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Where to mount
    #[arg(long, value_name = "DIR", required_unless_present = "import")]
    mount: Option<PathBuf>,
    /// Name of this node
    #[arg(long, default_value = "pve", value_name = "NAME")]
    node: String,
    /// Fill the database from a directory tree and end
    #[arg(long, value_name = "DIR", conflicts_with = "mount")]
    import: Option<PathBuf>,
    /// Refuse to start unless the node's name has an address here that is not loopback
    #[arg(long, value_name = "FILE")]
    hosts: Option<PathBuf>,
    /// corosync.conf of the host, taken into a database that is made
    #[arg(long, value_name = "FILE")]
    host_corosync: Option<PathBuf>,
    /// Start without quorum
    #[arg(long)]
    no_quorum: bool,
    /// Without quorum while this file exists
    #[arg(long, value_name = "FILE")]
    quorum_lost: Option<PathBuf>,
    /// How long a lock below priv/lock lives that nobody renews
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    lock_seconds: u64,
    /// Holds the process id while the file system is there
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// Stay here; says `ready` when the mount is there
    #[arg(long)]
    foreground: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.import {
        Some(dir) => import::import(&arguments.db, dir),
        None if arguments.foreground => serve::serve(&arguments),
        None => serve::start_in_background(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stderr(), "pmxcfs: {error}");
            ExitCode::FAILURE
        }
    }
}
