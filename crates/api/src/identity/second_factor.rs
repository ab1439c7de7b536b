//! The second factor: codes by time (RFC 6238), as authenticator apps make them.
//!
//! SHA-1, six digits and thirty seconds, because that is what these apps agree on. A code is taken once, and one
//! step early or late.

use ring::hmac;
use tierline_domain::time::Timestamp;

use super::{random, same, seconds};

const STEP_SECONDS: i64 = 30;
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A fresh shared secret: 160 bits, as RFC 4226 asks.
pub(crate) fn fresh() -> Vec<u8> {
    random::<20>().to_vec()
}

/// The step of an instant.
pub(crate) fn step(now: Timestamp) -> i64 {
    seconds(now).div_euclid(STEP_SECONDS)
}

/// The code of a step.
pub(crate) fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = bytes.last().map_or(0, |last| usize::from(last & 0x0f));
    let picked = bytes.iter().skip(offset).take(4);
    let number = picked.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The step that a code belongs to, if it is a later one than was used last.
pub(crate) fn accepted(secret: &[u8], given: &str, last: i64, now: Timestamp) -> Option<i64> {
    let given: String = given.chars().filter(char::is_ascii_digit).collect();
    let around = step(now);
    [around, around.saturating_sub(1), around.saturating_add(1)]
        .into_iter()
        .filter(|step| same(code(secret, *step).as_bytes(), given.as_bytes()))
        .find(|step| *step > last)
}

/// A secret as authenticator apps read it.
pub(crate) fn spelled(secret: &[u8]) -> String {
    let (mut text, mut buffer, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in secret {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let index = usize::try_from((buffer >> bits) & 31).unwrap_or_default();
            text.extend(LETTERS.get(index).map(|letter| char::from(*letter)));
        }
        buffer &= (1 << bits) - 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// The last six digits of the table in RFC 6238, appendix B.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (at, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SECRET, at / 30), expected);
        }
        assert_eq!(spelled(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_taken_once_and_in_time() {
        let now = Timestamp::from_micros(1_234_567_890_000_000).unwrap();
        let at = step(now);
        assert_eq!(accepted(SECRET, "005 924", 0, now), Some(at));
        assert_eq!(accepted(SECRET, "005924", at, now), None);
        assert_eq!(
            accepted(SECRET, &code(SECRET, at - 1), 0, now),
            Some(at - 1)
        );
        assert_eq!(accepted(SECRET, &code(SECRET, at - 2), 0, now), None);
        assert_eq!(accepted(SECRET, "", 0, now), None);
    }
}
