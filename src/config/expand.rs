//! Variables in values: `${BASE_DIR}`, other keys of the file, the environment.

use std::collections::{BTreeMap, HashMap};

use super::keys;
use super::parse::{Fault, Line, Piece};

/// A value that grows beyond this was built to grow.
const MOST_BYTES: usize = 256 * 1024;
/// All values together.
const MOST_BYTES_IN_ALL: usize = 8 * 1024 * 1024;
/// Deepest chain of names that name others.
const DEEPEST: usize = 32;

/// What names may stand for outside the file.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) base_dir: &'a str,
    pub(super) environment: &'a BTreeMap<String, String>,
}

/// A line with its variables filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) number: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// Fills in all lines; a line whose value cannot be known is a fault.
pub(super) fn expand(lines: &[Line], scope: &Scope<'_>) -> (Vec<Expanded>, Vec<Fault>) {
    let last = lines.iter().enumerate().map(|(at, line)| (line.key.as_str(), at)).collect();
    let mut expander = Expander { lines, last, scope, known: HashMap::new(), active: Vec::new(), bytes: 0 };
    let (mut done, mut faults) = (Vec::new(), Vec::new());
    for (at, line) in lines.iter().enumerate() {
        match expander.line(at) {
            Ok(value) => done.push(Expanded { number: line.number, key: line.key.clone(), value }),
            Err(reason) => faults.push(fault(line, reason)),
        }
    }
    (done, faults)
}

fn fault(line: &Line, reason: String) -> Fault {
    // A name after a `$` in a password is a part of the password.
    let is_secret = keys::find(&line.key).is_some_and(keys::Key::is_secret);
    let reason = if is_secret { "has a $ that names nothing".to_owned() } else { reason };
    let suggestion = Some("where a $ is meant, put the value in single quotes".to_owned());
    Fault { number: line.number, key: line.path.clone(), reason, suggestion }
}

struct Expander<'a> {
    lines: &'a [Line],
    /// The last line of each key: what its name stands for.
    last: HashMap<&'a str, usize>,
    scope: &'a Scope<'a>,
    known: HashMap<usize, String>,
    active: Vec<usize>,
    bytes: usize,
}

impl Expander<'_> {
    fn line(&mut self, at: usize) -> Result<String, String> {
        if let Some(value) = self.known.get(&at) {
            return Ok(value.clone());
        }
        if self.active.len() >= DEEPEST {
            return Err(format!("has names that stand for names more than {DEEPEST} deep"));
        }
        self.active.push(at);
        let value = self.join(&self.lines[at].value);
        self.active.pop();
        let value = value?;
        self.bytes += value.len();
        if self.bytes > MOST_BYTES_IN_ALL {
            return Err("makes the values of this file larger than 8 MiB".to_owned());
        }
        self.known.insert(at, value.clone());
        Ok(value)
    }

    fn join(&mut self, pieces: &[Piece]) -> Result<String, String> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Variable(name) => text.push_str(&self.variable(name)?),
            }
            if text.len() > MOST_BYTES {
                return Err("grows beyond 256 KiB".to_owned());
            }
        }
        Ok(text)
    }

    /// `BASE_DIR`, then the file, then the environment, then the key's default.
    fn variable(&mut self, name: &str) -> Result<String, String> {
        if name == "BASE_DIR" {
            return Ok(self.scope.base_dir.to_owned());
        }
        let capital = name.to_ascii_uppercase();
        match self.last.get(capital.as_str()).copied() {
            // `X="${X} more"` means the X that was there before the file.
            Some(at) if self.active.last() == Some(&at) => {}
            Some(at) if self.active.contains(&at) => return Err(format!("depends on itself through ${{{name}}}")),
            Some(at) => return self.line(at),
            None => {}
        }
        let outside = self.scope.environment.get(name).map(String::as_str);
        let default = keys::find(&capital).map(|key| key.default).filter(|text| !text.is_empty());
        outside.or(default).map(str::to_owned).ok_or_else(|| format!("names ${{{name}}}, which nothing defines"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn values(text: &str) -> Result<Vec<String>, String> {
        let (lines, faults) = parse(text.as_bytes());
        assert_eq!(faults, []);
        let environment = BTreeMap::from([("HOSTNAME".to_owned(), "pve1".to_owned())]);
        let (done, faults) = expand(&lines, &Scope { base_dir: "/opt/x", environment: &environment });
        match faults.first() {
            Some(fault) => Err(fault.reason.clone()),
            None => Ok(done.into_iter().map(|line| line.value).collect()),
        }
    }

    #[test]
    fn names_stand_for_base_dir_keys_environment_and_defaults() {
        let text = "A=${BASE_DIR}/a\nB=$LATER-$HOSTNAME\nLATER=$A/l\nC=${PVE_CONFIG_PATH}/x\nHOSTNAME=$HOSTNAME.lan";
        let expected = ["/opt/x/a", "/opt/x/a/l-pve1.lan", "/opt/x/a/l", "/etc/pve/x", "pve1.lan"];
        assert_eq!(values(text).unwrap(), expected);
    }

    #[test]
    fn endless_names_end() {
        assert_eq!(values("A=$B\nB=$C\nC=$A").unwrap_err(), "depends on itself through ${A}");
        assert!(values("A=$NOWHERE").unwrap_err().contains("nothing defines"));
        let chain = (0..10_000).map(|n| format!("A{n}=$A{}", n + 1)).collect::<Vec<_>>().join("\n");
        assert!(values(&chain).unwrap_err().contains("deep"));
        let doubling = (1..64).map(|n| format!("A{n}=${{A{}}}${{A{}}}", n - 1, n - 1)).collect::<Vec<_>>().join("\n");
        assert!(values(&format!("A0=xxxxxxxx\n{doubling}")).unwrap_err().contains("256 KiB"));
    }
}
