//! What monitoring systems read: the report in Prometheus' text format.
//!
//! What is not known is left out and never 0: a gap in a graph is a gap in what we know. Nothing
//! changes a name that is in the table: dashboards and alerts of users hang on it.

mod before;
mod facts;
mod samples;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use before::Before;
pub use facts::{Facts, Moment};

use samples::in_braces;
use table::METRICS;

/// The file's name; `node_exporter` reads all that end like this.
pub const FILE: &str = "proxmox_backup.prom";

/// The whole file.
pub fn text(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    for metric in METRICS {
        let samples = metric.samples(facts);
        if samples.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} gauge", metric.name, metric.help);
        for (labels, value) in samples {
            let _ = writeln!(text, "{}{} {value}", metric.name, in_braces(&labels));
        }
    }
    text
}

/// Every name there can be, in the order of the file.
pub fn names() -> impl Iterator<Item = &'static str> {
    METRICS.iter().map(|metric| metric.name)
}
