//! The order of stages, and what it means when one fails. No logic beyond that.

mod announce;
mod ask;
mod backup;
mod contents;
mod cut_off;
mod decrypt;
mod diff;
mod drill;
mod dry_run;
mod exit;
mod extract;
mod failure;
mod fetch;
mod find;
mod gather;
mod guard;
mod hook;
mod key;
mod key_wizard;
mod look;
mod metrics;
mod migrate;
mod prepare;
mod prune;
mod recipients;
mod records;
mod restore;
mod restore_plan;
mod restore_wizard;
mod seal_up;
mod signers;
mod signing;
mod status;
mod tell;
mod tiers;
mod unchanged;
mod undo;
mod unlock;
mod unpack_to;

pub use announce::{Announcer, example};
pub use ask::{Answer, Ask, ask_word};
pub use backup::{BackupJob, backup, backup_and_report, turned_away};
pub use contents::{Contents, Interruptible, describe};
pub use cut_off::{CutOff, cut_off};
pub use decrypt::{decrypt, needs_decrypting};
pub use diff::{Against, diff};
pub use drill::verify_and_drill;
pub use dry_run::{DryRun, dry_run};
pub use exit::{EXIT_CODES, ExitCode};
pub use extract::extract;
pub use failure::Failure;
pub use fetch::{bring, fetch};
pub use find::{LATEST, NotChosen, choose, find, open_at};
pub use hook::{Entered, HookError, Hooks};
pub use key::{
    DerivedKey, KeyError, ListedKey, NewKey, add_keys, derive_keys, listed_keys, listed_salts, needs_key, prove_key,
};
pub use key_wizard::key_wizard;
pub use look::{Listed, LookError, Members, cat, follow, list_members};
pub use metrics::publish_metrics;
pub use migrate::{
    MigrateError, MigrationJob, Moment, PastMigration, Told, migrate, migration_plan, past_migrations, undo_migration,
};
pub use prune::{Pruned, TierPlan, plan_tier, prune};
pub use recipients::{Addressees, RecipientsError, addressees};
pub use records::{PastRestore, forget, past_restore, past_restores};
pub use restore::{Left, RestoreJob, Restored, restore};
pub use restore_plan::{categories_of, restore_plan};
pub use restore_wizard::{pick_backup, pick_selection};
pub use signers::{Signers, Standing};
pub use signing::{NewSigningKey, SigningError, new_signing_key, signing_key};
pub use status::{AS_ROOT, status};
pub use tell::{listen, tell};
pub use tiers::{Listing, Silent, Tiers};
pub use undo::{Undone, expire_network, keep_network, undo};
pub use unlock::{Keys, Unlocked, unlock};
pub use unpack_to::unpack_to;

/// Log target of the `Step N/8` lines: terminals show them in blue.
pub const STEP: &str = "step";

/// Log target of lines that sum up problems told one by one: the journal has each problem once.
pub const SUMMARY: &str = "summary";
