//! The known name that a typing mistake was meant to be.

/// Longer names are no typing mistakes, and the comparison costs length × length.
const LONGEST: usize = 64;

/// The closest of `known` if it is close enough; the first of equals.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let allowed = (name.len() / 4).clamp(1, 4);
    // Names that differ more in length than allowed need no comparison.
    let similar = known.filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed);
    let measured = similar.map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate));
    measured.filter(|(steps, _)| *steps <= allowed).min_by_key(|(steps, _)| *steps).map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_at(&before, j) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

fn before_at(row: &[usize], j: usize) -> usize {
    row.get(j - 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let known = ["BACKUP_PATH", "LOG_PATH", "COMPRESSION_TYPE"];
        for (typed, meant) in [
            ("BACKUP_PAHT", Some("BACKUP_PATH")),
            ("BACKUPPATH", Some("BACKUP_PATH")),
            ("COMPRESION_TYP", Some("COMPRESSION_TYPE")),
            ("ZEBRA", None),
        ] {
            assert_eq!(nearest(typed, known.into_iter()), meant, "{typed}");
        }
        assert_eq!(nearest(&"A".repeat(100_000), known.into_iter()), None);
        assert_eq!((distance(b"AB", b"BA"), distance(b"", b"ABC"), distance(b"AC", b"ABC")), (1, 3, 1));
    }
}
