//! A value that must not be seen: prints as `***`, is wiped from memory on drop.

use std::fmt;

use zeroize::Zeroizing;

/// A password, token or key. Only [`Secret::expose`] gives the text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that hands it to its receiver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is anything to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Words of a name that say its value must not be seen.
const SECRET_WORDS: [&str; 8] = ["pass", "password", "passphrase", "secret", "token", "key", "auth", "authorization"];

/// Whether a name says that its value is a secret: of an option or of a variable.
pub fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_long = !name.starts_with('-') || name.starts_with("--");
    is_long && name.split(['-', '_']).any(|word| SECRET_WORDS.contains(&word))
}

/// `https://user:password@host` → `https://***@host`. More than the login goes where an `@` follows it:
/// a password may hold anything.
pub fn without_login(address: &str) -> String {
    let start = address.find("://").map_or(0, |at| at + 3);
    match address.rfind('@').filter(|at| *at >= start) {
        Some(at) => format!("{}***{}", &address[..start], &address[at..]),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("hunter2".into());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_login_is_cut_out_of_an_address() {
        for (address, shown) in [
            ("https://host/a", "https://host/a"),
            ("https://me:pa/s@s@host/a", "https://***@host/a"),
            ("me:pass@host", "***@host"),
            ("a@b://c", "a@b://c"),
            ("", ""),
        ] {
            assert_eq!(without_login(address), shown);
        }
    }
}
