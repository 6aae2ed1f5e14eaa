//! Whether a plan is the one that somebody saved and agreed to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::plan::RestorePlan;
use crate::archive::printable;

/// Told, and nothing that is done: the version of a running cluster's database is in it, and that
/// counts on by itself.
const TOLD_ONLY: &str = "remarks";
/// Characters of a value that are named.
const MOST_CHARACTERS: usize = 80;

/// What differs between a plan and a saved one, at most so many lines; none when they are the same.
pub fn differences(plan: &RestorePlan, saved: &Value, most: usize) -> serde_json::Result<Vec<String>> {
    let (mut now, mut before) = (serde_json::to_value(plan)?, saved.clone());
    for value in [&mut now, &mut before] {
        if let Some(fields) = value.as_object_mut() {
            fields.remove(TOLD_ONLY);
        }
    }
    let mut found = Vec::new();
    // What becomes of a file says more than the steps that name it by its place.
    walk("", &before["files"], &now["files"], &mut found);
    if found.is_empty() {
        walk("", &before, &now, &mut found);
    }
    if found.is_empty() && before != now {
        found.push("the saved plan names a path twice".to_owned());
    }
    found.truncate(most);
    Ok(found)
}

fn walk(place: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    match (before, now) {
        _ if before == now => {}
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {
            let (before, now) = (named(before), named(now));
            let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            for name in names {
                let place = if place.is_empty() { name.clone() } else { format!("{place}: {name}") };
                match (before.get(name), now.get(name)) {
                    (Some(before), Some(now)) => walk(&place, before, now, found),
                    (None, Some(now)) => found.push(format!("{place}: {} is new", shown(now))),
                    (Some(before), None) => found.push(format!("{place}: {} is gone", shown(before))),
                    (None, None) => {}
                }
            }
        }
        _ => found.push(format!("{place}: was {}, is {}", shown(before), shown(now))),
    }
}

/// The parts of a value by name; those of a list by their path, where they have one, else by their number.
fn named(value: &Value) -> BTreeMap<String, &Value> {
    let name = |(number, part): (usize, &Value)| match part.get("path").and_then(Value::as_str) {
        Some(path) => printable(path.as_bytes()),
        None => (number + 1).to_string(),
    };
    match value {
        Value::Object(fields) => fields.iter().map(|(name, part)| (printable(name.as_bytes()), part)).collect(),
        Value::Array(parts) => parts.iter().enumerate().map(|part| (name(part), part.1)).collect(),
        _ => BTreeMap::new(),
    }
}

/// Of something with parts, what is made of it.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Object(fields) => fields.get("verdict").or_else(|| fields.get("do")).unwrap_or(value).to_string(),
        other => other.to_string(),
    };
    let text = printable(text.as_bytes());
    let cut: String = text.chars().take(MOST_CHARACTERS).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(before: &Value, now: &Value) -> Vec<String> {
        let mut found = Vec::new();
        walk("", before, now, &mut found);
        found
    }

    #[test]
    fn files_are_compared_by_their_path_not_by_their_place() {
        let file = |path: &str, verdict: &str| json!({"path": path, "verdict": verdict});
        let before = json!([file("/a", "write"), file("/c", "write"), file("/d\u{1b}[2J", "write")]);
        let now = json!([file("/a", "unchanged"), file("/b", "never"), file("/c", "write")]);
        assert_eq!(
            found(&before, &now),
            [
                "/a: verdict: was \"write\", is \"unchanged\"",
                "/b: \"never\" is new",
                "/d\u{fffd}[2J: \"write\" is gone"
            ]
        );
        assert_eq!(found(&now, &now), [""; 0]);
    }

    #[test]
    fn anything_may_stand_in_a_saved_file() {
        for saved in [json!(null), json!(7), json!([]), json!({}), json!({"files": {"path": []}}), json!("x")] {
            let some = !found(&saved, &json!({"files": [{"path": "/a", "verdict": "write"}]})).is_empty();
            assert!(some, "{saved}");
        }
        let long = found(&json!("x"), &json!("y".repeat(500)));
        assert!(long[0].chars().count() < 120, "{long:?}");
    }
}
