//! Short spellings, so that a recipe reads as a list of paths and programs.

use super::{Command, CommandNeed, Item, Names, Need};

/// Long enough for a Perl start-up on a loaded host, short enough for a dead storage.
const LIMIT_S: u16 = 15;

/// A file that may be missing.
pub(super) const fn file(path: &'static str) -> Item {
    Item::File(path, Need::Optional)
}

/// A directory that may be missing.
pub(super) const fn tree(path: &'static str) -> Item {
    Item::Tree(path, Need::Optional)
}

/// A program of the product that answers on every healthy host.
pub(super) const fn expected(argv: &'static [&'static str], save_as: &'static str) -> Item {
    Item::Command(command(argv, save_as, LIMIT_S, CommandNeed::Expected))
}

/// A program that need not be installed, but answers where it is.
pub(super) const fn installed(argv: &'static [&'static str], save_as: &'static str) -> Item {
    Item::Command(command(argv, save_as, LIMIT_S, CommandNeed::IfInstalled))
}

/// A program that says "not here" by failing.
pub(super) const fn attempt(argv: &'static [&'static str], save_as: &'static str) -> Item {
    Item::Command(command(argv, save_as, LIMIT_S, CommandNeed::BestEffort))
}

/// The same once per name: one name of many may always be the odd one, so failing is silent.
pub(super) const fn attempt_each(names: Names, argv: &'static [&'static str], save_as: &'static str) -> Item {
    Item::Each(names, command(argv, save_as, LIMIT_S, CommandNeed::BestEffort))
}

/// A command with its own time limit.
pub(super) const fn command(
    argv: &'static [&'static str],
    save_as: &'static str,
    limit_s: u16,
    need: CommandNeed,
) -> Command {
    Command { argv, save_as, limit_s, need }
}

/// `pvesh get PATH` as JSON. Always `localhost`: another node is asked over SSH.
macro_rules! pvesh {
    ($path:literal $(, $option:literal)*) => {
        &["pvesh", "get", $path, $($option,)* "--output-format", "json"]
    };
}

/// `pveum …` as JSON.
macro_rules! pveum {
    ($($word:literal),+) => {
        &["pveum", $($word,)+ "--output-format", "json"]
    };
}

/// `proxmox-backup-manager …` as JSON; sub-commands in full, because the tool also takes any
/// unique prefix, which a later release can make ambiguous.
macro_rules! manager {
    ($($word:literal),+) => {
        &["proxmox-backup-manager", $($word,)+ "--output-format", "json"]
    };
}

pub(super) use {manager, pvesh, pveum};
