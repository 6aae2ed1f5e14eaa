//! `proxmox-backup`: arguments in, exit code out.

#[expect(clippy::disallowed_methods, reason = "the environment is read here, once, and passed down")]
fn main() -> std::process::ExitCode {
    // A variable that is not UTF-8 is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    proxmox_backup::cli::run(std::env::args_os(), environment).number().into()
}
