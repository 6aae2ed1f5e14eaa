//! A passphrase becomes an X25519 key: scrypt over the passphrase and a salt.
//!
//! ```text
//! key = clamp(scrypt(trimmed passphrase, whole text of the salt, N, r = 8, p = 1, 32 bytes))
//! ```
//!
//! | salt | N | of |
//! |---|---|---|
//! | `proxmox-backup-go/age-passphrase/v1` | 2^15 | the Go tool's first versions |
//! | `proxsave/age-passphrase/v1` | 2^15 | the Go tool before random salts |
//! | `proxsave/age-passphrase/v2:<32 hex>` | 2^15 | the Go tool |
//! | `proxmox-config-backup/age-passphrase/v1:<log2 N>:<32 hex>` | as it says, 2^17 in new ones | us |
//!
//! The salt is public. It comes from manifests, so its cost is bounded.

use age::x25519;
use bech32::{Bech32, Hrp};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::system::hex;

const FIRST: &str = "proxmox-backup-go/age-passphrase/v1";
const SECOND: &str = "proxsave/age-passphrase/v1";
const THIRD: &str = "proxsave/age-passphrase/v2:";
const OURS: &str = "proxmox-config-backup/age-passphrase/v1:";

const OLD_LOG_N: u8 = 15;
/// About half a second and 128 MiB.
const NEW_LOG_N: u8 = 17;
/// 1 GiB: more is an attack on whoever restores.
const MOST_LOG_N: u8 = 20;

/// What a passphrase is combined with, and at what cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt {
    text: String,
    log_n: u8,
}

/// Why a text is no salt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaltError {
    /// Not one of the four kinds.
    #[error("this is no passphrase salt: {OURS}… or {THIRD}… is expected")]
    Unknown,
    /// A hostile or damaged manifest.
    #[error("the passphrase salt asks for a cost of 2^{0}, between 2^{OLD_LOG_N} and 2^{MOST_LOG_N} is accepted")]
    Cost(u8),
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing was typed.
    #[error("the passphrase is empty")]
    Empty,
    /// The kernel gives none.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The cost is bounded and the encoding fixed, so this is a bug.
    #[error("the key cannot be derived from the passphrase")]
    Derivation,
}

impl Salt {
    /// A new one: 128 random bits at today's cost.
    pub fn generate() -> Result<Self, PassphraseError> {
        let mut random = [0; 16];
        SystemRandom::new().fill(&mut random).map_err(|_| PassphraseError::NoRandomness)?;
        Ok(Self { text: format!("{OURS}{NEW_LOG_N}:{}", hex(&random)), log_n: NEW_LOG_N })
    }

    /// Reads a salt of any generation.
    pub fn parse(text: &str) -> Result<Self, SaltError> {
        let text = text.trim();
        let log_n = match text {
            FIRST | SECOND => OLD_LOG_N,
            _ => match (text.strip_prefix(THIRD), text.strip_prefix(OURS)) {
                (Some(random), _) if is_random(random) => OLD_LOG_N,
                (_, Some(rest)) => cost(rest)?,
                _ => return Err(SaltError::Unknown),
            },
        };
        Ok(Self { text: text.to_owned(), log_n })
    }

    /// The whole text, as it stands in recipients files and manifests.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The salts to try, in this order: those a manifest names, then the two that were the same for
    /// every host. Each costs a derivation.
    pub fn candidates(named: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let fixed = [SECOND, FIRST].map(|text| Self { text: text.to_owned(), log_n: OLD_LOG_N });
        let mut candidates: Vec<Self> = Vec::new();
        for salt in named.into_iter().chain(fixed) {
            if !candidates.contains(&salt) {
                candidates.push(salt);
            }
        }
        candidates
    }
}

fn cost(rest: &str) -> Result<u8, SaltError> {
    let (log_n, random) = rest.split_once(':').ok_or(SaltError::Unknown)?;
    let is_number = !log_n.starts_with(['0', '+']);
    let log_n = log_n.parse().ok().filter(|_| is_number && is_random(random)).ok_or(SaltError::Unknown)?;
    if (OLD_LOG_N..=MOST_LOG_N).contains(&log_n) { Ok(log_n) } else { Err(SaltError::Cost(log_n)) }
}

fn is_random(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The key of a passphrase. White space around the passphrase does not count.
pub(super) fn derive(passphrase: &Secret, salt: &Salt) -> Result<x25519::Identity, PassphraseError> {
    let passphrase = passphrase.expose().trim();
    if passphrase.is_empty() {
        return Err(PassphraseError::Empty);
    }
    let cost = scrypt::Params::new(salt.log_n, 8, 1, 32).map_err(|_| PassphraseError::Derivation)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), salt.text.as_bytes(), &cost, key.as_mut_slice())
        .map_err(|_| PassphraseError::Derivation)?;
    key[0] &= 0xf8;
    key[31] &= 0x7f;
    key[31] |= 0x40;
    identity(&key)
}

/// The crate takes a key only as text.
fn identity(key: &[u8; 32]) -> Result<x25519::Identity, PassphraseError> {
    const LONGEST: usize = 128;
    let prefix = Hrp::parse("AGE-SECRET-KEY-").map_err(|_| PassphraseError::Derivation)?;
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    bech32::encode_upper_to_fmt::<Bech32, _>(&mut *text, prefix, key).map_err(|_| PassphraseError::Derivation)?;
    text.parse().map_err(|_| PassphraseError::Derivation)
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    /// Salt, identity and recipient of `Correct-Horse-7-Battery`, made with another implementation.
    const OLD: [(&str, &str, &str); 3] = [
        (
            SECOND,
            "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U",
            "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q",
        ),
        (
            FIRST,
            "AGE-SECRET-KEY-1NQ9G325TX63D5WLGPHPFK9PTXHC0MYFTU6W9Z5M6684FSFQQYDDQDR4CJ2",
            "age1fdxrrgtmw8vl3zk7knvr8c6sz5z8tyuajnlkdjd8gdehdudgleqsqk8gh3",
        ),
        (
            "proxsave/age-passphrase/v2:000102030405060708090a0b0c0d0e0f",
            "AGE-SECRET-KEY-1ZQQV74S4REJVQE8P93S7QYW9AUNQGRNEC52FD2W8A60WQ4XFV3LQHSRXJX",
            "age1g3xh63gmd7u54khm9qf4xfayc2mfpq9gvf4erz9xmqnv9vxs897qv672fq",
        ),
    ];

    #[test]
    fn the_old_generations_give_the_old_keys() {
        for passphrase in ["Correct-Horse-7-Battery", "  Correct-Horse-7-Battery \n"] {
            let passphrase = Secret::new(passphrase.to_owned());
            for (salt, identity, recipient) in OLD {
                let derived = derive(&passphrase, &Salt::parse(salt).unwrap()).unwrap();
                assert_eq!(derived.to_string().expose_secret(), identity, "{salt}");
                assert_eq!(derived.to_public().to_string(), recipient, "{salt}");
            }
        }
    }

    #[test]
    fn a_new_salt_reads_back_and_is_another_each_time() {
        let (one, two) = (Salt::generate().unwrap(), Salt::generate().unwrap());
        assert_eq!(Salt::parse(one.text()).unwrap(), one);
        assert_ne!(one, two);
        assert!(one.text().starts_with("proxmox-config-backup/age-passphrase/v1:17:"));
    }

    #[test]
    fn the_cost_a_manifest_asks_for_is_bounded() {
        let of = |log_n: &str| Salt::parse(&format!("{OURS}{log_n}:{}", "0a".repeat(16)));
        assert!(of("15").is_ok() && of("20").is_ok());
        assert_eq!(of("21"), Err(SaltError::Cost(21)));
        assert_eq!(of("1"), Err(SaltError::Cost(1)));
        for nonsense in ["999", "", "-1", "+17", "017", "x"] {
            assert_eq!(of(nonsense), Err(SaltError::Unknown), "{nonsense}");
        }
    }

    #[test]
    fn other_texts_are_no_salts() {
        for text in ["", "salt", THIRD, "proxsave/age-passphrase/v2:xyz", "proxsave/age-passphrase/v3", OURS] {
            assert_eq!(Salt::parse(text), Err(SaltError::Unknown), "{text}");
        }
    }

    #[test]
    fn a_manifests_salt_comes_first_and_none_is_tried_twice() {
        let named = [OLD[2].0, SECOND, OLD[2].0].map(|text| Salt::parse(text).unwrap());
        let candidates = Salt::candidates(named);
        let texts: Vec<_> = candidates.iter().map(Salt::text).collect();
        assert_eq!(texts, [OLD[2].0, SECOND, FIRST]);
    }

    #[test]
    fn no_passphrase_is_no_key() {
        let salt = Salt::parse(FIRST).unwrap();
        let empty = derive(&Secret::new(" \n".to_owned()), &salt);
        assert_eq!(empty.err(), Some(PassphraseError::Empty));
    }
}
