//! A row of the table → its samples, each with labels that no other has.

use chrono::{DateTime, TimeZone};

use super::Facts;
use super::table::{Metric, Source};
use crate::report::{RunReport, TierFacts};

/// Names and values.
pub(super) type Labels = Vec<(&'static str, String)>;

impl Metric {
    /// None of them twice.
    pub(super) fn samples(&self, facts: &Facts<'_>) -> Vec<(Labels, String)> {
        match self.source {
            Source::Info => vec![(about(facts.report), "1".to_owned())],
            Source::Run(value) => value(facts).map(|value| (Labels::new(), value)).into_iter().collect(),
            Source::Phases => facts.ended().map_or_else(Vec::new, phases),
            Source::Channels => {
                let sample = |(channel, status): (String, u8)| (vec![("channel", channel)], status.to_string());
                facts.notifications().into_iter().map(sample).collect()
            }
            Source::Tiers(value) => {
                let tiers = facts.ended().map_or(&[][..], |report| &report.tiers);
                let sample = |tier: &TierFacts| Some((vec![("tier", tier.tier.as_str().to_owned())], value(tier)?));
                tiers.iter().filter_map(sample).collect()
            }
        }
    }
}

/// Labels that are the same from run to run, as long as nobody upgrades.
fn about(report: &RunReport) -> Labels {
    let host = &report.host;
    let known = [
        ("version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("host", Some(host.name.clone())),
        ("product", Some(RunReport::proxmox_type(host).to_owned())),
        ("pve", host.pve.clone()),
        ("pbs", host.pbs.clone()),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A phase that came twice is one sample: two of the same labels would void the whole file.
fn phases(report: &RunReport) -> Vec<(Labels, String)> {
    let mut spans: Vec<(&str, f64)> = Vec::new();
    for phase in &report.phases {
        let [start, end] = [&phase.start, &phase.end].map(|moment| DateTime::parse_from_rfc3339(moment));
        let (Ok(start), Ok(end)) = (start, end) else { continue };
        let took = (end - start).to_std().unwrap_or_default().as_secs_f64();
        match spans.iter_mut().find(|(name, _)| *name == phase.name) {
            Some((_, sum)) => *sum += took,
            None => spans.push((&phase.name, took)),
        }
    }
    spans.into_iter().map(|(name, took)| (vec![("phase", name.to_owned())], span(took))).collect()
}

/// Seconds since 1970.
pub(super) fn seconds<Z: TimeZone>(moment: &DateTime<Z>) -> String {
    moment.timestamp().to_string()
}

/// Seconds, to the millisecond.
pub(super) fn span(seconds: f64) -> String {
    format!("{seconds:.3}")
}

/// `{tier="local"}`; nothing where there are no labels.
pub(super) fn in_braces(labels: &Labels) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

/// The three characters that end a label's value, or its line.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The value that [`escaped`] made this of; `None` where it did not.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        value.push(match c {
            '"' | '\n' => return None,
            '\\' => match rest.next()? {
                'n' => '\n',
                c @ ('"' | '\\') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(value)
}
