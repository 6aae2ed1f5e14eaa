//! Numbers that print themselves: one formatter for sizes, one for durations.

use std::fmt;
use std::time::Duration;

/// A number of bytes; prints in binary units with one decimal (`1.5 MiB`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// `n` binary megabytes.
    pub const fn mib(n: u64) -> Self {
        Self(n * 1024 * 1024)
    }

    /// Reads `10`, `64K`, `1.5 GiB`, `100MB`: a number and an optional binary multiple, any case.
    ///
    /// The multiples are powers of 1024 whatever the spelling, as in both older tools.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let number: f64 = text[..digits].parse().ok()?;
        let unit = text[digits..].trim().to_ascii_uppercase();
        let unit = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
        let shift = match unit {
            "" => 0,
            "K" => 10,
            "M" => 20,
            "G" => 30,
            "T" => 40,
            _ => return None,
        };
        let bytes = number * f64::from(2u32).powi(shift);
        // Above 2^63 a size is a typing mistake, and the cast below would saturate silently.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie in 0..2^63")]
        (bytes.is_finite() && (0.0..9.2e18).contains(&bytes)).then_some(Self(bytes as u64))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let mut value = self.0 as f64;
        let mut unit = 0;
        // 1023.96 would print as "1024.0"; the next unit reads better.
        while value >= 1023.95 && unit < 5 {
            value /= 1024.0;
            unit += 1;
        }
        write!(f, "{value:.1} {}", ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit])
    }
}

/// A span of time; prints as `0.4s`, `12.3s`, `2m 05s`, `1h 02m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{:.1}s", self.0.as_secs_f64()),
            60..3600 => write!(f, "{}m {:02}s", seconds / 60, seconds % 60),
            _ => write!(f, "{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_in_binary_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (1_572_864, "1.5 MiB"),
            (u64::MAX, "16384.0 PiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    #[test]
    fn sizes_parse_with_and_without_unit() {
        for (text, bytes) in
            [("0", 0), ("12", 12), ("1K", 1024), ("1.5 MiB", 1_572_864), ("100mb", 104_857_600), ("2g", 2 << 30)]
        {
            assert_eq!(ByteSize::parse(text), Some(ByteSize(bytes)), "{text}");
        }
        for text in ["", "K", "1X", "-1", "1e99", "1..2", "99999999T"] {
            assert_eq!(ByteSize::parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_print_two_units_at_most() {
        for (ms, text) in [(0, "0.0s"), (420, "0.4s"), (59_900, "59.9s"), (125_000, "2m 05s"), (3_720_000, "1h 02m")] {
            assert_eq!(Elapsed(Duration::from_millis(ms)).to_string(), text);
        }
    }
}
