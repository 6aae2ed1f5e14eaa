//! The dialogue of `restore`: which backup, and what of it. The plan and the last word come after.
//!
//! Nothing is written until then, so leaving at any question leaves nothing behind.

use super::{Ask, Failure};
use crate::recipe::{Category, Mode};
use crate::restore::{Pick, Selection};
use crate::storage::Stored;
use crate::units::ByteSize;

const MENU: [&str; 6] = [
    "What shall go back? A plan comes first, and nothing is written before you agree to it.",
    "  1  everything",
    "  2  storages and datastores",
    "  3  the base system",
    "  4  some categories",
    "  0  leave",
];

/// Shows backups with numbers and asks for one; `None` when the person leaves.
pub fn pick_backup<'a>(ask: &mut dyn Ask, stored: &'a [Stored]) -> Option<&'a Stored> {
    for (number, stored) in stored.iter().enumerate() {
        ask.tell(&format!("{:>3}  {}", number + 1, row(stored)));
    }
    loop {
        let answer = ask.line("Which one (0 leaves): ")?;
        match answer.trim().parse::<usize>() {
            Ok(0) => return None,
            Ok(number) if number <= stored.len() => return stored.get(number - 1),
            _ => ask.tell(&format!("a number from 1 to {}, or 0", stored.len())),
        }
    }
}

/// What is known without opening it.
fn row(stored: &Stored) -> String {
    let lock = if stored.is_encrypted { "encrypted" } else { "plain" };
    let product = match &stored.manifest {
        Ok(Some(manifest)) => format!("{} {}", manifest.proxmox_type, manifest.proxmox_version),
        _ => String::new(),
    };
    let size = ByteSize(stored.bytes).to_string();
    let cells = [stored.id.as_str(), product.trim(), lock, &size, stored.tier.as_str()];
    cells.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
}

/// Asks what shall go back; `None` when the person leaves. `held` is looked up only when somebody
/// wants to choose among it: that reads the whole backup.
pub fn pick_selection(
    ask: &mut dyn Ask,
    held: &dyn Fn() -> Result<Vec<(Category, usize)>, Failure>,
) -> Result<Option<Selection>, Failure> {
    for line in MENU {
        ask.tell(line);
    }
    loop {
        let Some(answer) = ask.line("Choice (0 leaves): ") else { return Ok(None) };
        let mode = match answer.trim() {
            "0" => return Ok(None),
            "1" => Mode::Full,
            "2" => Mode::Storage,
            "3" => Mode::Base,
            "4" => return Ok(pick_categories(ask, &held()?)),
            _ => {
                ask.tell("1, 2, 3, 4 or 0");
                continue;
            }
        };
        return Ok(Some(Selection { mode, ..Selection::default() }));
    }
}

fn pick_categories(ask: &mut dyn Ask, held: &[(Category, usize)]) -> Option<Selection> {
    for (number, (category, paths)) in held.iter().enumerate() {
        ask.tell(&format!("{:>3}  {} ({paths} paths)", number + 1, category.title()));
    }
    loop {
        let answer = ask.line("Which ones, with spaces between (0 leaves): ")?;
        if answer.trim() == "0" {
            return None;
        }
        if let Some(numbers) = numbers(&answer, held.len()) {
            let only = numbers.into_iter().map(|number| Pick::Category(held[number - 1].0)).collect();
            return Some(Selection { mode: Mode::Custom, only, ..Selection::default() });
        }
        ask.tell(&format!("numbers from 1 to {}, for example `1 3`, or 0", held.len()));
    }
}

/// Numbers up to `most`, each once, in their order; `None` for anything else.
fn numbers(answer: &str, most: usize) -> Option<Vec<usize>> {
    let words = answer.split([' ', ',', '\t']).filter(|word| !word.is_empty());
    let mut all: Vec<usize> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    all.sort_unstable();
    all.dedup();
    (!all.is_empty() && all.iter().all(|number| (1..=most).contains(number))).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_any_form_a_person_types() {
        for (answer, expected) in [
            ("1 3", Some(vec![1, 3])),
            (" 3,1 ", Some(vec![1, 3])),
            ("2, 2\t2", Some(vec![2])),
            ("", None),
            (" , ", None),
            ("1 0", None),
            ("4", None),
            ("1-3", None),
            ("-1", None),
            ("all", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(numbers(answer, 3), expected, "{answer}");
        }
    }
}
