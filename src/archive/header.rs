//! One header block: checksum, numbers in their three spellings, names in their fields.

use tar::Header;

use super::write::BLOCK;

/// Whether the block is what its checksum says; old tools summed signed bytes.
pub(super) fn is_sound(block: &[u8; BLOCK]) -> bool {
    let Some(said) = number(&Header::from_byte_slice(block).as_old().cksum) else { return false };
    let bytes = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
    let unsigned: i64 = bytes.clone().map(i64::from).sum();
    let signed: i64 = bytes.map(|byte| i64::from(i8::from_ne_bytes([byte]))).sum();
    said == unsigned || said == signed
}

/// A numeric field: octal digits in blanks or NULs, empty for 0, or base 256 with its first bit set.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first()? {
        0x80 => base_256(0, &field[1..]),
        0xff => base_256(-1, &field[1..]),
        0x81..=0xfe => None,
        _ => octal(field),
    }
}

fn base_256(sign: i64, bytes: &[u8]) -> Option<i64> {
    let wide = bytes.iter().fold(i128::from(sign), |sum, byte| (sum << 8) | i128::from(*byte));
    i64::try_from(wide).ok()
}

fn octal(field: &[u8]) -> Option<i64> {
    let text = field.trim_ascii_start();
    let end = text.iter().position(|byte| matches!(byte, 0 | b' ')).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_i64, |sum, digit| {
        let digit = Some(digit).filter(|digit| (b'0'..=b'7').contains(digit))?;
        sum.checked_mul(8)?.checked_add(i64::from(digit - b'0'))
    })
}

/// A field up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The name in the header alone; ustar has its front in a field of its own.
pub(super) fn name(header: &Header) -> Vec<u8> {
    let name = text(&header.as_old().name);
    match header.as_ustar().map(|ustar| text(&ustar.prefix)) {
        Some(prefix) if !prefix.is_empty() => [prefix, b"/", name].concat(),
        _ => name.to_vec(),
    }
}

/// Names of owner and group, empty in headers that have none.
pub(super) fn owners(header: &Header) -> (&[u8], &[u8]) {
    let ustar = header.as_ustar().map(|ustar| (text(&ustar.uname), text(&ustar.gname)));
    let gnu = header.as_gnu().map(|gnu| (text(&gnu.uname), text(&gnu.gname)));
    ustar.or(gnu).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"00000000017", Some(15)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"       \0", Some(0)),
            (b"0000688\0", None),
            (b"644 x   ", None),
            (b"-644   \0", None),
            (&[0x80, 0, 0, 0, 0, 1, 0, 0], Some(1 << 16)),
            (&[0xff; 12], Some(-1)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], Some(-2)),
            (&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], None),
            (&[0x90, 0, 0, 0, 0, 0, 0, 0], None),
            (&[], None),
        ] {
            assert_eq!(number(field), value, "{field:?}");
        }
    }
}
