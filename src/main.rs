//! `proxmox-backup`: arguments in, exit code out.

fn main() {}
