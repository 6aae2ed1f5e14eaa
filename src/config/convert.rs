//! `config convert`: one form of the file into the other, without losing a setting.
//!
//! Names become canonical, comments travel with their setting, and what does not count is kept as a
//! comment. The result is read back and compared: what cannot be said in the other form is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::comments::comments;
use super::find::{self, ConfigFile};
use super::format::{Format, known};
use super::keys::{self, Key, Kind, Section, Status};
use super::load::{ConfigError, Source, meaning};
use super::parse::{Line, Piece, text_of};
use super::render::{Item, Written, render};
use super::value::bool;

/// A file in the other form.
pub struct Converted {
    /// The file that was read.
    pub file: PathBuf,
    /// Its form now.
    pub format: Format,
    /// Its text now.
    pub text: String,
}

impl fmt::Debug for Converted {
    /// The text may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Converted").field("file", &self.file).field("format", &self.format).finish_non_exhaustive()
    }
}

/// Reads the configuration file and writes it anew in the form asked for, else in its other one.
pub fn convert(
    source: &Source,
    environment: &BTreeMap<String, String>,
    to: Option<Format>,
) -> Result<Converted, ConfigError> {
    let file = match &source.explicit {
        Some(path) => find::explicit(path)?,
        None => find::search(&source.root)?.0.ok_or(ConfigError::Nothing)?,
    };
    let format = to.unwrap_or(Format::of(&file.path).other());
    let before = meaning(&file, source, environment)?;
    let text = rewritten(&file, source, format);
    let written = ConfigFile { path: format.place().into(), bytes: text.clone().into_bytes(), is_private: true };
    let inexpressible = |key: Option<&String>| ConfigError::Inexpressible {
        path: file.path.clone(),
        key: key.map(|key| Format::of(&file.path).spelled(key)).unwrap_or_default(),
    };
    let after = meaning(&written, source, environment).map_err(|_| inexpressible(None))?;
    let differing =
        before.iter().find(|said| !after.contains(said)).or(after.iter().find(|said| !before.contains(said)));
    match differing {
        Some((key, _)) => Err(inexpressible(Some(key))),
        None => Ok(Converted { file: file.path, format, text }),
    }
}

fn rewritten(file: &ConfigFile, source: &Source, format: Format) -> String {
    let Settled { header, items, footer } = settled(file, source);
    render(format, &header, &items, &footer)
}

/// A file by its settings: one item each, and its comments.
pub(super) struct Settled {
    pub(super) header: Vec<String>,
    pub(super) items: Vec<Item>,
    pub(super) footer: Vec<String>,
}

/// Names become canonical, what does not count becomes a comment.
pub(super) fn settled(file: &ConfigFile, source: &Source) -> Settled {
    let lines = Format::of(&file.path).parse(&file.bytes).lines;
    let found = comments(text_of(&file.bytes).unwrap_or_default(), &lines);
    let mut settling = Settling::new(&lines, found.footer);
    settling.places(file, source);
    let mut by_key: BTreeMap<String, Vec<(usize, &Line)>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        by_key.entry(group(line)).or_default().push((at, line));
    }
    let mut groups: Vec<Vec<(usize, &Line)>> = by_key.into_values().collect();
    groups.sort_by_key(|group| group.last().map(|(at, _)| *at));
    for group in groups {
        let own: Vec<String> = group.iter().flat_map(|(at, _)| found.of_lines[*at].clone()).collect();
        let lines: Vec<&Line> = group.into_iter().map(|(_, line)| line).collect();
        settling.settle(&lines, own);
    }
    Settled { header: found.header, items: settling.items, footer: settling.footer }
}

/// One item per key.
struct Settling {
    /// Names that some value stands on: these must stay what they are.
    referenced: BTreeSet<String>,
    given: BTreeSet<&'static str>,
    items: Vec<Item>,
    footer: Vec<String>,
}

impl Settling {
    fn new(lines: &[Line], footer: Vec<String>) -> Self {
        let variables = lines.iter().flat_map(|line| &line.value).filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.to_ascii_uppercase()),
            Piece::Literal(_) => None,
        });
        let given = lines.iter().filter(|line| !is_empty(line));
        let given = given.filter_map(|line| keys::find(&line.key)).map(|key| key.name);
        Self { referenced: variables.collect(), given: given.collect(), items: Vec::new(), footer }
    }

    /// A file of an older tool says by its place where things lie: elsewhere this has to be written.
    fn places(&mut self, file: &ConfigFile, source: &Source) {
        let base_dir = find::base_dir(Some(&file.path), source.program.as_deref());
        let is_default = base_dir == find::base_dir(None, source.program.as_deref());
        let is_older = find::has_older_defaults(Some(&file.path));
        let base_dir = ("BASE_DIR", base_dir.to_string_lossy().into_owned());
        let below = keys::all().iter().filter_map(|key| Some((key.name, key.base_dir_default?.to_owned())));
        let below: Vec<(&str, String)> = below.filter(|_| is_older).collect();
        for (name, value) in Some(base_dir).filter(|_| !is_default).into_iter().chain(below) {
            if !self.given.contains(name) {
                let value = match value.strip_prefix("${BASE_DIR}") {
                    Some(rest) => vec![Piece::Variable("BASE_DIR".into()), Piece::Literal(rest.into())],
                    None => vec![Piece::Literal(value)],
                };
                let comments = vec![format!("# As the place of {} said.", file.path.display())];
                let section = known(name).map_or(Section::General, |key| key.section);
                self.items.push(Item { name: name.to_owned(), section, comments, value: Written::One(value) });
            }
        }
    }

    fn settle(&mut self, lines: &[&Line], mut comments: Vec<String>) {
        let key = known(&lines[0].key);
        if let Some(Key { status: Status::NoEffect(why), .. }) = key {
            if !lines.iter().any(|line| self.referenced.contains(&line.key)) {
                comments.extend(lines.iter().map(|line| format!("# {} has no effect: {why}", as_comment(line))));
                return self.footer.append(&mut comments);
            }
        }
        let row = keys::find(&lines[0].key);
        let Some(winner) = winner(row, lines) else { return };
        let accumulates = row.is_some_and(Key::accumulates);
        for line in lines.iter().filter(|line| !accumulates && !std::ptr::eq(**line, winner)) {
            comments.push(format!("# {} does not count, the line below replaces it", as_comment(line)));
        }
        let (name, value) = self.renamed(row, winner);
        let value = match row {
            Some(key) if accumulates => Written::List(lines.iter().flat_map(|line| entries(key.kind, line)).collect()),
            Some(key) if key.kind.is_list() => Written::List(entries(key.kind, winner)),
            _ => Written::One(value),
        };
        // The variable may hold several entries, which only one line may.
        let value = match value {
            Written::List(_) if lines.len() == 1 && !is_block(winner) && has_variable(winner) => {
                Written::One(winner.value.clone())
            }
            value => value,
        };
        let section = key.map(|key| key.section).filter(|section| section.name().is_some());
        self.items.push(Item { name, section: section.unwrap_or(Section::General), comments, value });
    }

    /// The canonical name, and what it has to say to mean the same.
    fn renamed(&self, key: Option<&Key>, line: &Line) -> (String, Vec<Piece>) {
        let as_it_is = (line.key.clone(), line.value.clone());
        let Some(key) = key.filter(|key| !key.name.contains('*') && key.name != line.key) else { return as_it_is };
        if self.referenced.contains(&line.key) || self.referenced.contains(key.name) {
            return as_it_is;
        }
        if !key.opposites.contains(&line.key.as_str()) {
            return (key.name.to_owned(), line.value.clone());
        }
        match line.value.as_slice() {
            [Piece::Literal(text)] => match bool(text.trim()) {
                Ok(said) => (key.name.to_owned(), vec![Piece::Literal((!said).to_string())]),
                Err(_) => as_it_is,
            },
            _ => as_it_is,
        }
    }
}

/// Lines of one group make one item.
fn group(line: &Line) -> String {
    match keys::find(&line.key) {
        Some(key) if !key.name.contains('*') => key.name.to_owned(),
        _ => line.key.clone(),
    }
}

/// The line that counts, by the check's rule: an older name before the new one, then the last;
/// an empty one only if there is no other, lists aside.
fn winner<'a>(key: Option<&Key>, lines: &[&'a Line]) -> Option<&'a Line> {
    let is_list = key.is_some_and(|key| key.kind.is_list());
    let said: Vec<&Line> = lines.iter().copied().filter(|line| is_list || !is_empty(line)).collect();
    let is_older = |line: &&&Line| key.is_some_and(|key| key.name != line.key && !key.name.contains('*'));
    said.iter().rev().find(is_older).or(said.last()).or(lines.last()).copied()
}

fn is_empty(line: &Line) -> bool {
    line.value.iter().all(|piece| matches!(piece, Piece::Literal(text) if text.trim().is_empty()))
}

fn has_variable(line: &Line) -> bool {
    line.value.iter().any(|piece| matches!(piece, Piece::Variable(_)))
}

fn is_block(line: &Line) -> bool {
    line.value.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains('\n')))
}

/// Entries of a list, as the check will split them.
fn entries(kind: Kind, line: &Line) -> Vec<Vec<Piece>> {
    let is_block = is_block(line);
    let separates = |c: char| match kind {
        Kind::Ports => c.is_whitespace() || ",;|".contains(c),
        _ if is_block => c == '\n',
        _ => ",;|".contains(c),
    };
    let mut entries = vec![Vec::new()];
    for piece in &line.value {
        match piece {
            Piece::Variable(_) => entries.last_mut().into_iter().for_each(|entry| entry.push(piece.clone())),
            Piece::Literal(text) => {
                for (at, part) in text.split(separates).enumerate() {
                    if at > 0 {
                        entries.push(Vec::new());
                    }
                    if let Some(entry) = entries.last_mut().filter(|_| !part.is_empty()) {
                        entry.push(Piece::Literal(part.to_owned()));
                    }
                }
            }
        }
    }
    entries.into_iter().map(trimmed).filter(|entry| !entry.is_empty()).collect()
}

fn trimmed(mut entry: Vec<Piece>) -> Vec<Piece> {
    if let Some(Piece::Literal(first)) = entry.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Piece::Literal(last)) = entry.last_mut() {
        *last = last.trim_end().to_owned();
    }
    entry.retain(|piece| *piece != Piece::Literal(String::new()));
    entry
}

/// A line that does not count, as the beginning of a comment. A secret that nobody uses is not
/// copied to where nobody looks for one.
fn as_comment(line: &Line) -> String {
    let is_secret = known(&line.key).is_some_and(Key::is_secret);
    let value: String = line
        .value
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.replace('\n', ", "),
            Piece::Variable(name) => format!("${{{name}}}"),
        })
        .collect();
    format!("{}={}", line.key, if is_secret && !value.is_empty() { "***" } else { value.trim() })
}
