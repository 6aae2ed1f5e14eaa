//! One backup as it lies on disk: names, manifest, index, bundle; written, opened, verified.
//! Those of older tools are read only: `legacy`.

mod chain;
mod content;
mod index;
mod layout;
mod legacy;
mod manifest;
mod name;
mod open;
mod reseal;
mod seal;
mod signature;
mod verify;

pub use chain::{Break, Chain, Gaps, Link, Predecessor, chains};
pub use index::{INDEX_PATH, Index, IndexBuilder, IndexEntry, IndexHead};
pub use legacy::{Lost, Origin, Survey, Surveyor, description, survey};
pub use manifest::{FORMAT, Manifest, ManifestError, Phase, Verified};
pub use name::{AGE, BUNDLE, BackupId, Packing, SIDE_FILES, owner_of_side, parse as parse_name};
pub use open::{Backup, OpenError};
pub use reseal::{DECRYPTED, decrypted_path, plain_name, reseal};
pub use seal::{Seal, SealError, Sealed, SealedArchive};
pub use signature::{PublicKey, SigningKey, SigningKeyError};
pub use verify::{Inside, Problem, Verification, VerifyError, verify, verify_around, verify_watched};
