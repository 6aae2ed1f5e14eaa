//! From start to end: one server per database, mount, wait for a signal, unmount.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use fuser::{Config, MountOption, Session, SessionACL};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::answers::{Node, Pmxcfs};
use crate::cluster::{Cluster, must_have_address};
use crate::store::{Store, stamp, whole_seconds};
use crate::tree::ROOT;
use crate::{Arguments, Outcome};

/// How often to look for a signal.
const PAUSE: Duration = Duration::from_millis(5);
/// How long open files may keep the session after the end.
const LAST_USERS: Duration = Duration::from_secs(2);
const LOCK_ATTEMPTS: u32 = 20;
const READY: &str = "ready";

/// Starts this program again as a server of its own and returns when it has mounted.
pub(crate) fn start_in_background() -> Outcome<()> {
    let mut server = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg("--foreground")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    if let Some(stdout) = server.stdout.take() {
        BufReader::new(stdout).read_line(&mut said)?;
    }
    if said.trim_end() == READY {
        return Ok(());
    }
    let mut why = String::new();
    if let Some(mut stderr) = server.stderr.take() {
        stderr.read_to_string(&mut why)?;
    }
    server.wait()?;
    Err(why.trim_end().trim_start_matches("pmxcfs: ").into())
}

/// Serves until SIGTERM, SIGINT or until somebody else unmounts.
pub(crate) fn serve(arguments: &Arguments) -> Outcome<()> {
    let mount = arguments.mount.as_deref().ok_or("--mount is missing")?;
    if let Some(hosts) = &arguments.hosts {
        must_have_address(&arguments.node, hosts)?;
    }
    let _lock = lock(&arguments.db)?;
    let store = open(arguments)?;
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&is_over))?;
    }
    prepare_mount_point(mount)?;

    let mut options = Config::default();
    options.mount_options = vec![MountOption::FSName("/dev/fuse".to_owned()), MountOption::DefaultPermissions];
    options.acl = SessionACL::All;
    let session = Session::new(file_system(arguments, store), mount, &options)?.spawn()?;
    if let Some(pid_file) = &arguments.pid_file {
        std::fs::write(pid_file, format!("{}\n", std::process::id()))?;
    }
    println!("{READY}");
    std::io::stdout().flush()?;

    while !is_over.load(Ordering::Relaxed) && !session.guard.is_finished() {
        std::thread::sleep(PAUSE);
    }
    // As the original's library does it: whoever still has a file open does not keep it mounted.
    unmount(mount)?;
    let until = Instant::now() + LAST_USERS;
    while !session.guard.is_finished() && Instant::now() < until {
        std::thread::sleep(PAUSE);
    }
    // The end of the session closes the database, which empties the write-ahead log.
    let ended = if session.guard.is_finished() { session.join() } else { Ok(()) };
    if let Some(pid_file) = &arguments.pid_file {
        std::fs::remove_file(pid_file)?;
    }
    Ok(ended?)
}

/// Two servers of one database would overwrite each other's rows.
fn lock(db: &Path) -> Outcome<Flock<std::fs::File>> {
    let path = db.with_file_name(".pmxcfs.lockfile");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
    for _ in 0..LOCK_ATTEMPTS {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((again, Errno::EAGAIN)) => file = again,
            Err((_, cause)) => return Err(cause.into()),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(format!("{}: another pmxcfs has this database", path.display()).into())
}

/// A database that is made takes over the cluster that the host was in.
fn open(arguments: &Arguments) -> Outcome<Store> {
    let is_new = !arguments.db.exists();
    let mut store = Store::open(&arguments.db, Duration::from_secs(arguments.lock_seconds))?;
    if let Some(host) = arguments.host_corosync.as_deref().filter(|host| is_new && host.exists()) {
        let data = std::fs::read(host)?;
        let now = stamp(0);
        let inode = store.change(|tree| tree.create(ROOT, "corosync.conf", now))?.unwrap_or(ROOT);
        store.change(|tree| tree.write(inode, 0, &data, now))?;
    }
    Ok(store)
}

fn file_system(arguments: &Arguments, store: Store) -> Pmxcfs {
    let corosync = store.tree.lookup(ROOT, "corosync.conf").and_then(|inode| store.tree.data(inode)).ok();
    let cluster = corosync.map(|data| Cluster::parse(&String::from_utf8_lossy(data)));
    Pmxcfs {
        node: Node {
            name: arguments.node.clone(),
            cluster,
            no_quorum: arguments.no_quorum,
            quorum_lost: arguments.quorum_lost.clone(),
            started: whole_seconds(SystemTime::now()),
        },
        store: Mutex::new(store),
        is_debugging: AtomicBool::new(false),
    }
}

/// A server that was killed leaves its mount behind; nothing below it can be reached.
fn prepare_mount_point(mount: &Path) -> Outcome<()> {
    match std::fs::symlink_metadata(mount) {
        Ok(_) => Ok(()),
        Err(cause) if cause.raw_os_error() == Some(Errno::ENOTCONN as i32) => unmount(mount),
        Err(_) => Ok(std::fs::create_dir(mount)?),
    }
}

fn unmount(mount: &Path) -> Outcome<()> {
    if !is_mounted(mount)? {
        return Ok(());
    }
    let ended = Command::new("umount").arg("-l").arg(mount).output()?;
    if ended.status.success() || !is_mounted(mount)? {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&ended.stderr).trim_end().into())
}

fn is_mounted(mount: &Path) -> Outcome<bool> {
    // Looking at the directory itself would ask a server that may be gone.
    let parent = mount.parent().unwrap_or(Path::new("/")).canonicalize()?;
    let point: PathBuf = parent.join(mount.file_name().unwrap_or_default());
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    let point = point.display().to_string().replace('\\', "\\134").replace(' ', "\\040");
    Ok(mounts.lines().any(|line| line.split(' ').nth(1) == Some(&point)))
}
