//! Scenarios that need the built program or a whole tree.

#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "reads the repository, not a host, and stops at the first surprise"
)]
mod architecture;
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "scenarios read the repository, not a host, and stop at the first surprise"
)]
mod hosts;
#[expect(clippy::disallowed_methods, clippy::unwrap_used, dead_code, reason = "what scenarios share")]
mod sample;
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "scenarios make real trees and run the programs users have"
)]
mod formats;
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "scenarios prepare real trees and stop at the first surprise"
)]
mod config;
