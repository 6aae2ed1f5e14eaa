//! What rclone answers, as checked values. A remote may answer anything.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use super::remote::is_plain;
use crate::system::Space;
use crate::units::ByteSize;

/// A file on the remote whose name is plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) modified: Option<DateTime<FixedOffset>>,
    /// Kind → lower-case digest.
    pub(super) digests: BTreeMap<String, String>,
}

/// What a backend can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) upload: UploadWay,
    /// Kinds of digests it tells, rclone's names.
    pub(super) digests: Vec<String>,
}

/// How a file gets its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UploadWay {
    /// A name appears when its file is complete: an object store, or an rclone that sees to it.
    Whole,
    /// A name appears with the first byte: uploaded under another and renamed there.
    Renamed,
    /// The same, and nothing can be renamed: a failed upload is taken back.
    InPlace,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawEntry {
    #[serde(default)]
    path: String,
    size: i64,
    #[serde(default)]
    mod_time: String,
    #[serde(default)]
    is_dir: bool,
    #[serde(default)]
    hashes: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawTraits {
    #[serde(default)]
    hashes: Option<Vec<String>>,
    features: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct RawSpace {
    total: Option<i64>,
    used: Option<i64>,
    free: Option<i64>,
}

/// `lsjson`: files that could be ours. Directories, sizes that are none and odd names are left out.
pub(super) fn entries(json: &[u8]) -> Result<Vec<Entry>, String> {
    let raw: Vec<RawEntry> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    Ok(raw.into_iter().filter_map(entry).collect())
}

fn entry(raw: RawEntry) -> Option<Entry> {
    let bytes = u64::try_from(raw.size).ok()?;
    let is_file = !raw.is_dir && is_plain(&raw.path);
    let digests = raw.hashes.unwrap_or_default().into_iter();
    let digests = digests.filter(|(_, digest)| !digest.is_empty()).map(|(kind, digest)| (kind, digest.to_lowercase()));
    is_file.then(|| Entry {
        name: raw.path,
        bytes,
        modified: DateTime::parse_from_rfc3339(&raw.mod_time).ok(),
        digests: digests.collect(),
    })
}

/// `backend features`.
pub(super) fn traits(json: &[u8]) -> Result<Traits, String> {
    let raw: RawTraits = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let can = |feature: &str| raw.features.get(feature).and_then(serde_json::Value::as_bool) == Some(true);
    // rclone 1.63 and later know this feature, and give partial uploads names of their own.
    let sees_to_it = raw.features.contains_key("PartialUploads");
    let upload = if can("BucketBased") || sees_to_it {
        UploadWay::Whole
    } else if can("Move") || can("Copy") {
        UploadWay::Renamed
    } else {
        UploadWay::InPlace
    };
    let is_kind = |kind: &String| !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric());
    Ok(Traits { upload, digests: raw.hashes.unwrap_or_default().into_iter().filter(is_kind).collect() })
}

/// `about --json`; `None` where the remote does not tell enough.
pub(super) fn space(json: &[u8]) -> Result<Option<Space>, String> {
    let raw: RawSpace = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let (total, used) = (number(raw.total), number(raw.used));
    let free = number(raw.free).or_else(|| total?.checked_sub(used?));
    Ok(free.map(|free| Space {
        free: ByteSize(free),
        total: ByteSize(total.unwrap_or_else(|| free.saturating_add(used.unwrap_or(0)))),
    }))
}

/// `hashsum KIND FILE`: the digest stands in front.
pub(super) fn digest_line(text: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(text);
    let digest = text.split_whitespace().next().filter(|word| word.len() >= 8 && text.lines().count() == 1);
    digest.map(str::to_lowercase).ok_or_else(|| "no digest in it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read() {
        let json = br#"[{"Path":"a-b.tar","Name":"a-b.tar","Size":5,"ModTime":"2026-01-01T01:00:00.5+01:00",
            "IsDir":false,"Hashes":{"md5":"ABCD","sha1":""},"Tier":"STANDARD"}]"#;
        let found = entries(json).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].bytes), ("a-b.tar", 5));
        assert_eq!(found[0].digests, BTreeMap::from([("md5".to_owned(), "abcd".to_owned())]));
        assert!(found[0].modified.is_some());
    }

    #[test]
    fn odd_entries_are_left_out() {
        let json = br#"[
            {"Path":"../x","Size":1},{"Path":"a/b","Size":1},{"Path":"a\nb","Size":1},{"Path":"","Size":1},
            {"Path":"dir-backup-20260101-000000.tar","Size":1,"IsDir":true},
            {"Path":"less","Size":-1},{"Path":"..","Size":1},{"Path":"ok","Size":0,"ModTime":"yesterday","Hashes":null}]"#;
        let names: Vec<String> = entries(json).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["ok"]);
    }

    #[test]
    fn what_is_no_listing_is_an_error() {
        for json in ["", "[", "{}", "[{}]", r#"[{"Path":"a","Size":"5"}]"#, r#"[{"Path":5,"Size":5}]"#, "\u{0}"] {
            assert!(entries(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn features_decide_how_files_get_their_names() {
        for (features, way) in [
            (r#""BucketBased":true,"Copy":true"#, UploadWay::Whole),
            (r#""PartialUploads":true,"Move":true"#, UploadWay::Whole),
            (r#""BucketBased":false,"Move":true"#, UploadWay::Renamed),
            (r#""Copy":true"#, UploadWay::Renamed),
            (r#""Move":null"#, UploadWay::InPlace),
        ] {
            let json = format!(r#"{{"Name":"x","Hashes":["md5","../x"],"Features":{{{features}}}}}"#);
            assert_eq!(traits(json.as_bytes()).unwrap(), Traits { upload: way, digests: vec!["md5".to_owned()] });
        }
        assert!(traits(b"{}").is_err());
        assert!(traits(br#"{"Hashes":null,"Features":{}}"#).unwrap().digests.is_empty());
    }

    #[test]
    fn room_is_told_as_far_as_known() {
        let room = |json: &str| space(json.as_bytes()).unwrap().map(|space| (space.free.0, space.total.0));
        assert_eq!(room(r#"{"total":10,"used":4,"free":5}"#), Some((5, 10)));
        assert_eq!(room(r#"{"total":10,"used":4}"#), Some((6, 10)));
        assert_eq!(room(r#"{"free":5}"#), Some((5, 5)));
        assert_eq!(room(r#"{"used":4}"#), None);
        assert_eq!(room(r#"{"free":-5}"#), None);
        assert!(space(b"x").is_err());
    }

    #[test]
    fn a_digest_line_is_read() {
        assert_eq!(digest_line(b"ABCDEF0123  /a/b\n").unwrap(), "abcdef0123");
        for text in ["", "\n", "UNSUPPORTED", "ab  x\ncd  y\n"] {
            assert_eq!(digest_line(text.as_bytes()).is_err(), text != "UNSUPPORTED", "{text}");
        }
    }
}
