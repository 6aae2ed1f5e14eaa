//! Prints what the program is made of, from what Cargo has resolved and fetched; asks no network.
//!
//! `bill_of_materials copyright` prints debian/copyright: debian/copyright.in with a paragraph for
//! each linked crate that has none in there. `bill_of_materials cyclonedx` prints a bill of materials
//! in the JSON of that standard. Both are the same bytes for the same sources.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for developers, outside the product and its one door"
)]

mod copyright;
mod crates;
mod cyclonedx;
mod holders;
mod licence;
mod notice;

use std::error::Error;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    match std::env::args().nth(1).as_deref() {
        Some("copyright") => print!("{}", copyright::file(top, &crates::linked(top)?)?),
        Some("cyclonedx") => println!("{}", cyclonedx::document(&crates::linked(top)?, date()?.as_deref())?),
        _ => return Err("usage: bill_of_materials copyright|cyclonedx".into()),
    }
    Ok(())
}

/// The date that a reproducible build gives to all it makes.
fn date() -> Outcome<Option<String>> {
    let Ok(seconds) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let date = chrono::DateTime::from_timestamp(seconds.parse()?, 0).ok_or("SOURCE_DATE_EPOCH is no date")?;
    Ok(Some(date.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
}
