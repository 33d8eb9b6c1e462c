//! Bytes as one decimal number, padded with zeros on the left, because a QR code packs three digits into ten bits.
//!
//! The largest number here has 80 bytes, ten limbs of 64 bits. Digits are taken 19 at a time, the most that fit
//! one limb.

/// The largest number has as many bytes as a token.
const MOST_BYTES: usize = 80;
const LIMBS: usize = MOST_BYTES / 8;
/// The most digits that always fit a limb.
const CHUNK: usize = 19;
const CHUNK_BASE: u64 = 10_000_000_000_000_000_000;

/// `bytes`, the most significant first, as a decimal number of `digits` digits, which must be enough.
pub(crate) fn to_digits<const N: usize>(bytes: &[u8; N], digits: usize) -> String {
    const { assert!(N <= MOST_BYTES) }
    let mut limbs = limbs_of(bytes);
    let mut text = vec![b'0'; digits];
    for chunk in text.rchunks_mut(CHUNK) {
        let mut rest = divide(&mut limbs);
        for digit in chunk.iter_mut().rev() {
            // The remainder of a division by 10 fits a byte.
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
    debug_assert!(limbs.iter().all(|limb| *limb == 0), "too few digits");
    text.into_iter().map(char::from).collect()
}

/// The bytes of a number of exactly `digits` ASCII digits. `None` for any other text, and for a number that `N`
/// bytes do not hold.
pub(crate) fn from_digits<const N: usize>(text: &str, digits: usize) -> Option<[u8; N]> {
    const { assert!(N <= MOST_BYTES) }
    let text = text.as_bytes();
    if text.len() != digits || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut limbs = [0; LIMBS];
    for chunk in [&text[..digits % CHUNK]]
        .into_iter()
        .chain(text[digits % CHUNK..].chunks(CHUNK))
    {
        let value = chunk
            .iter()
            .fold(0, |value: u64, digit| value * 10 + u64::from(digit - b'0'));
        multiply_and_add(&mut limbs, value)?;
    }
    let mut bytes = [0; MOST_BYTES];
    for (eight, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        eight.copy_from_slice(&limb.to_be_bytes());
    }
    let (above, held) = bytes.split_at(MOST_BYTES - N);
    (above.iter().all(|byte| *byte == 0)).then_some(())?;
    held.try_into().ok()
}

/// The least significant limb first.
fn limbs_of(bytes: &[u8]) -> [u64; LIMBS] {
    let mut limbs = [0; LIMBS];
    for (limb, eight) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        *limb = eight
            .iter()
            .fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    limbs
}

/// Divides by 10^19, and answers the remainder.
fn divide(limbs: &mut [u64; LIMBS]) -> u64 {
    let mut rest = 0;
    for limb in limbs.iter_mut().rev() {
        let value = u128::from(rest) << 64 | u128::from(*limb);
        // The remainder is below the base, so the quotient fits.
        *limb = (value / u128::from(CHUNK_BASE)) as u64;
        rest = (value % u128::from(CHUNK_BASE)) as u64;
    }
    rest
}

/// Multiplies by 10^19 and adds. `None` when the number outgrows the limbs.
fn multiply_and_add(limbs: &mut [u64; LIMBS], value: u64) -> Option<()> {
    let mut carry = u128::from(value);
    for limb in limbs.iter_mut() {
        let sum = u128::from(*limb) * u128::from(CHUNK_BASE) + carry;
        *limb = sum as u64;
        carry = sum >> 64;
    }
    (carry == 0).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2^640 - 1, by `python3 -c 'print(2**640-1)'`.
    const LARGEST: &str = "4562440617622195218641171605700291324893228507248559930579192517899275167208677386505912811317371399778642309573594407310688704721375437998252661319722214188251994674360264950082874192246603775";

    #[test]
    fn the_largest_number_of_80_bytes_and_its_successor() {
        assert_eq!(LARGEST.len(), 193);
        assert_eq!(to_digits(&[0xff; 80], 193), LARGEST);
        assert_eq!(from_digits(LARGEST, 193), Some([0xff; 80]));
        let successor = format!("{}6", &LARGEST[..192]);
        assert_eq!(from_digits::<80>(&successor, 193), None);
        assert_eq!(from_digits::<80>(&"9".repeat(193), 193), None);
    }

    #[test]
    fn a_number_of_fewer_bytes_has_its_own_limit() {
        assert_eq!(from_digits("255", 3), Some([255]));
        assert_eq!(from_digits::<1>("256", 3), None);
        assert_eq!(from_digits("00001", 5), Some([0, 0, 1]));
        assert_eq!(to_digits(&[1, 0], 19), "0000000000000000256");
        assert_eq!(to_digits(&[1, 0], 20), "00000000000000000256");
    }

    #[test]
    fn only_ascii_digits_of_the_exact_number_are_read() {
        for text in [
            "",
            "12",
            "1234",
            "12a",
            " 12",
            "+12",
            "-12",
            "１２３",
            "१२३",
            "1\n2",
        ] {
            assert_eq!(from_digits::<2>(text, 3), None, "{text:?}");
        }
        // Three bytes, and one character.
        assert_eq!(from_digits::<2>("１", 3), None);
    }

    proptest! {
        #[test]
        fn digits_give_their_bytes_back(head in any::<[u8; 32]>(), middle in any::<[u8; 32]>(), tail in any::<[u8; 16]>()) {
            let bytes: [u8; 80] = [&head[..], &middle, &tail].concat().try_into().unwrap();
            prop_assert_eq!(from_digits(&to_digits(&bytes, 193), 193), Some(bytes));
        }
    }
}
