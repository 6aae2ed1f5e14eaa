//! Scenarios that need the built program or a whole tree.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "scenarios prepare real trees, run the programs users have, say what they skip, and stop at the first surprise"
)]

mod apply_cluster;
mod apply_database;
mod apply_units;
mod apply_network;
mod architecture;
mod audit;
mod bill_of_materials;
mod canary;
mod captured;
mod cli;
mod cloud;
mod completions;
mod config;
mod damage;
mod database;
mod diff;
mod drill;
mod encrypted;
mod encryption;
mod foreign_fs;
mod formats;
mod full_disk;
mod hook;
mod hostile_restore;
mod hosts;
mod interrupt;
mod keys;
mod legacy;
mod lessons;
mod locks;
mod log;
mod manual;
mod metrics;
mod migrate;
mod moving;
mod notify;
mod offline;
mod old;
mod pictures;
mod package;
mod piuparts;
mod pmxcfs;
mod progress;
mod reproducible;
mod restore;
mod restore_command;
mod restore_dialogue;
mod restore_facts;
mod restore_plan;
mod round_trip;
#[allow(dead_code, reason = "what scenarios share, each uses a part")]
mod sample;
mod samples;
#[allow(dead_code, reason = "what restore tests share, each uses a part")]
mod scene;
mod security;
mod signature;
mod staged;
mod status;
mod steady;
mod three_tiers;
mod tiers;
mod traced;
mod undo_command;
