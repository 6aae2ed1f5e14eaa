//! How the last run went, for monitoring systems: a state with reasons, and one line as Nagios'
//! plugins write it.
//!
//! Facts in, verdict out; nothing here looks at a machine. The form of the line and the meaning of
//! the numbers are those of the monitoring plugins' guidelines
//! (<https://www.monitoring-plugins.org/doc/guidelines.html>).

mod line;
mod past;

use std::cmp::Reverse;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDateTime, TimeZone};
use serde_json::{Value, json};

pub use line::Measure;
pub use past::Past;

use self::line::{age, line};
use self::past::Ended;
use crate::units::ByteSize;

/// A clock that is set right, or summer time that ends, makes a backup so much younger than now.
const CLOCKS_DIFFER: Duration = Duration::from_secs(2 * 3600);

/// What monitoring systems tell apart, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well.
    Ok,
    /// A backup was made, and something beside it is not as it should be.
    Warning,
    /// Nobody can tell.
    Unknown,
    /// There is no backup that could be relied on.
    Critical,
}

/// What is known.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whose backups.
    pub host: String,
    /// Its runs, the newest first, down to the last one that counts; or why they cannot be looked at.
    pub runs: Result<Vec<Run>, String>,
    /// Whether somebody holds the lock that keeps runs apart.
    pub is_locked: bool,
    /// Its backups on the local tier; or why they cannot be looked at.
    pub backups: Result<Backups, String>,
    /// The local tier.
    pub place: String,
}

/// What lies on the local tier.
#[derive(Clone, Debug, Default)]
pub struct Backups {
    /// How many.
    pub count: usize,
    /// When the newest was taken, by this machine's clock.
    pub newest: Option<NaiveDateTime>,
}

/// One run, by what it left.
#[derive(Clone, Debug)]
pub enum Run {
    /// It goes on.
    AtWork(NaiveDateTime),
    /// It has ended without a word.
    Lost(NaiveDateTime),
    /// Its statistics cannot be read.
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// It has told how it went.
    Told(Box<Past>),
}

/// One thing that makes the state worse than OK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How much.
    pub state: State,
    /// In words.
    pub text: String,
}

/// The verdict.
#[derive(Clone, Debug)]
pub struct Health {
    /// The worst of all reasons.
    pub state: State,
    /// The text for people: one line without a `|`.
    pub line: String,
    /// The numbers.
    pub perfdata: Vec<Measure>,
    /// The worst first; empty when all is well.
    pub reasons: Vec<Reason>,
    /// Whether a run is at work.
    pub is_running: bool,
    host: String,
}

impl State {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Critical => "CRITICAL",
        }
    }

    /// The number that a plugin ends with.
    pub fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl Health {
    /// Where not even the facts could be asked for.
    pub fn unknown(why: &str) -> Self {
        Self::of("", vec![Reason { state: State::Unknown, text: why.to_owned() }], &[], Vec::new(), false)
    }

    fn of(host: &str, mut reasons: Vec<Reason>, remarks: &[String], perfdata: Vec<Measure>, is_running: bool) -> Self {
        reasons.sort_by_key(|reason| Reverse(reason.state));
        let state = reasons.first().map_or(State::Ok, |reason| reason.state);
        let said = reasons.iter().map(|reason| &reason.text).chain(remarks);
        let line = line(state, host, said, &perfdata);
        Self { state, line, perfdata, reasons, is_running, host: host.to_owned() }
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let reasons = self.reasons.iter().map(|it| json!({ "state": it.state.as_str(), "text": it.text }));
        let measures = self.perfdata.iter().map(|it| (it.label.to_owned(), json!(it.value)));
        json!({
            "state": self.state.as_str(),
            "exit_code": self.state.number(),
            "host": self.host,
            "text": self.line,
            "reasons": reasons.collect::<Vec<_>>(),
            "running": self.is_running,
            "perfdata": measures.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// The one place that judges.
pub fn judge(facts: &Facts, now: DateTime<Local>, max_age: Duration) -> Health {
    let mut saying = Saying::default();
    let view = View::of(facts);
    if let Err(why) = &facts.runs {
        saying.reason(State::Unknown, why.clone());
    }
    saying.last_run(&view, facts, now);
    saying.freshness(&view, facts, now, max_age);
    if let Some(past) = view.ended() {
        saying.measures_of(past);
    }
    saying.by_the_way(&view, now);
    Health::of(&facts.host, saying.reasons, &saying.remarks, saying.perfdata, view.is_running)
}

/// The runs, sorted by what they mean.
#[derive(Default)]
struct View<'a> {
    /// When the one at work began, where that is known.
    at_work: Option<NaiveDateTime>,
    is_running: bool,
    /// The newest that had nothing to do, when nothing newer had.
    skipped: Option<&'a Past>,
    /// The last one that counts.
    last: Option<&'a Run>,
}

impl<'a> View<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut view = Self { is_running: facts.is_locked, ..Self::default() };
        for run in facts.runs.iter().flatten() {
            match run {
                Run::AtWork(since) => (view.at_work, view.is_running) = (view.at_work.or(Some(*since)), true),
                // Its log could not be locked, but its lock is held.
                Run::Lost(since) if facts.is_locked && view.at_work.is_none() && view.last.is_none() => {
                    view.at_work = Some(*since);
                }
                Run::Told(past) if past.is_skipped() => {
                    if view.last.is_none() {
                        view.skipped = view.skipped.or(Some(past));
                    }
                }
                run => view.last = Some(view.last.map_or(run, |last| later(last, run))),
            }
        }
        view
    }

    fn ended(&self) -> Option<&'a Past> {
        match self.last {
            Some(Run::Told(past)) => Some(past),
            _ => None,
        }
    }
}

/// A run that was turned away begins after the one at work and ends before it.
fn later<'a>(newer: &'a Run, older: &'a Run) -> &'a Run {
    match (newer, older) {
        (Run::Told(one), Run::Told(other)) if other.end() > one.end() => older,
        _ => newer,
    }
}

/// What is to be said, as it adds up.
#[derive(Default)]
struct Saying {
    reasons: Vec<Reason>,
    remarks: Vec<String>,
    perfdata: Vec<Measure>,
}

impl Saying {
    fn reason(&mut self, state: State, text: String) {
        self.reasons.push(Reason { state, text });
    }

    fn last_run(&mut self, view: &View<'_>, facts: &Facts, now: DateTime<Local>) {
        match view.last {
            Some(Run::Told(past)) => self.outcome(past, now),
            Some(Run::Lost(since)) => self.reason(
                State::Critical,
                format!("the run of {since} left no statistics: it was killed, or could not write them"),
            ),
            Some(Run::Unreadable { file, why }) => {
                self.reason(State::Unknown, format!("nobody can tell how the last run went: {file}: {why}"));
            }
            Some(Run::AtWork(_)) => {}
            None if facts.runs.is_err() || view.skipped.is_some() => {}
            None if view.is_running => self.reason(State::Unknown, "the first run is at work".to_owned()),
            None => self.reason(State::Unknown, "no run is known: no backup was made yet, or its logs are gone".into()),
        }
    }

    fn outcome(&mut self, past: &Past, now: DateTime<Local>) {
        let when = past.end().map(|end| format!(" {} ago", age((now - end.with_timezone(&Local)).to_std().ok())));
        let when = when.unwrap_or_default();
        match past.ended() {
            Ended::Failed(why) => self.reason(State::Critical, format!("the last run failed{when}: {why}")),
            Ended::Warnings(count, first) => {
                let plural = if count == 1 { "" } else { "s" };
                self.reason(State::Warning, format!("the last run had {count} warning{plural}: {first}"));
            }
            Ended::Well | Ended::Skipped(_) => {}
        }
        let behind = past.tiers_behind();
        if !behind.is_empty() && !matches!(past.ended(), Ended::Failed(_)) {
            self.reason(State::Warning, format!("no copy on {}", behind.join(", ")));
        }
    }

    fn freshness(&mut self, view: &View<'_>, facts: &Facts, now: DateTime<Local>, max_age: Duration) {
        let backups = match &facts.backups {
            Ok(backups) => backups,
            Err(why) => return self.reason(State::Unknown, why.clone()),
        };
        self.perfdata.push(Measure::count("backups", backups.count));
        let Some(newest) = backups.newest else {
            if view.last.is_some() || view.skipped.is_some() {
                self.reason(State::Critical, format!("there is no backup in {}", facts.place));
            }
            return;
        };
        // Of the two moments that an hour has when summer time ends, the later one.
        let taken = Local.from_local_datetime(&newest).latest().unwrap_or(now);
        // A run that found nothing changed has found the backup to be true still.
        let confirmed = view.skipped.filter(|past| past.is_unchanged()).and_then(Past::end);
        let as_of = confirmed.map_or(taken, |end| end.with_timezone(&Local).max(taken));
        if (taken - now).to_std().is_ok_and(|ahead| ahead > CLOCKS_DIFFER) {
            self.reason(State::Warning, format!("the newest backup is of {newest}, which is not yet: see the clock"));
        }
        let old = (now - as_of).to_std().unwrap_or_default();
        let text = format!("newest backup {} old ({newest})", age(Some(old)));
        if old > max_age {
            self.reason(State::Critical, format!("{text}, {} allowed", age(Some(max_age))));
        } else if as_of > taken {
            self.remarks.push(format!("newest backup of {newest}, unchanged {} ago", age(Some(old))));
        } else {
            self.remarks.push(text);
        }
        self.perfdata.insert(0, Measure::seconds("age", old.as_secs_f64().floor()).critical_above(max_age));
    }

    fn measures_of(&mut self, past: &Past) {
        if let Some(bytes) = past.archive_size {
            self.perfdata.push(Measure::bytes("size", bytes));
            self.remarks.push(ByteSize(bytes).to_string());
        }
        self.perfdata.push(Measure::seconds("duration", past.duration_seconds.unwrap_or_default()));
        self.perfdata.push(Measure::count("files", past.files_collected));
        self.perfdata.push(Measure::count("warnings", past.warnings().count()));
        self.remarks.extend(past.drilled());
    }

    /// What changes no state.
    fn by_the_way(&mut self, view: &View<'_>, now: DateTime<Local>) {
        if let Some(Ended::Skipped(why)) = view.skipped.map(Past::ended) {
            self.remarks.push(format!("the last run was skipped: {why}"));
        }
        let untold: Vec<&str> = view.ended().map(|past| past.untold().collect()).unwrap_or_default();
        if !untold.is_empty() {
            self.remarks.push(format!("not told: {}", untold.join(", ")));
        }
        match view.at_work {
            Some(since) => {
                let took = (now.naive_local() - since).to_std().ok();
                self.remarks.push(format!("a run is at work for {}", age(took)));
            }
            None if view.is_running => self.remarks.push("a run is at work".to_owned()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
