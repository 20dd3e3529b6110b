//! Where the parts of CBOR stand (<https://www.rfc-editor.org/rfc/rfc8949>), in which CloudWatch answers: enough of it to take one out,
//! and to put another into its place.

use std::ops::Range;

/// The kinds of items whose parts are items. All others are what follows them, or nothing.
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// What says that it goes on until a break, in the place of a length.
const UNTIL_BREAK: u8 = 31;
const BREAK: u8 = 0xff;

/// One item.
pub(crate) struct Part {
    /// From its head, which says kind and length, to its end.
    pub(crate) item: Range<usize>,
    /// Where its name begins, if it has one; otherwise where it does.
    pub(crate) start: usize,
}

/// All parts but names, the whole included. What cannot be read to its end goes to that of the bytes.
pub(crate) fn parts(bytes: &[u8]) -> Vec<Part> {
    let mut found = Vec::new();
    read(bytes, 0, 0, &mut found);
    found
}

/// A text.
pub(crate) fn text(text: &str) -> Vec<u8> {
    const TEXT_OF_32_BITS: u8 = 0x7a;
    let length = u32::try_from(text.len()).expect("a text that a test made").to_be_bytes();
    [&[TEXT_OF_32_BITS], &length[..], text.as_bytes()].concat()
}

/// Reads the item that begins at `at`, whose name begins at `start`. Gives its end.
fn read(bytes: &[u8], start: usize, at: usize, found: &mut Vec<Part>) -> Option<usize> {
    let head = *bytes.get(at)?;
    let (kind, info) = (head >> 5, head & 0x1f);
    let (length, mut end) = match info {
        0..24 => (usize::from(info), at + 1),
        24..28 => {
            let end = at + 1 + (1 << (info - 24));
            (bytes.get(at + 1..end)?.iter().try_fold(0_usize, |all, byte| Some(all.checked_mul(256)? | usize::from(*byte)))?, end)
        }
        _ => (0, at + 1),
    };
    let place = found.len();
    found.push(Part { item: at..bytes.len(), start });
    let mut left = match kind {
        LIST | MAP if info == UNTIL_BREAK => usize::MAX,
        LIST | MAP => length,
        TAG => 1,
        _ => 0,
    };
    while left > 0 && (left < usize::MAX || *bytes.get(end)? != BREAK) {
        // A name is a text, and no part.
        let value = if kind == MAP { read(bytes, end, end, &mut Vec::new())? } else { end };
        end = read(bytes, end, value, found)?;
        left -= usize::from(left < usize::MAX);
    }
    match kind {
        LIST | MAP if info == UNTIL_BREAK => end += 1,
        // Bytes and texts.
        2 | 3 => end += length,
        _ => {}
    }
    bytes.get(..end)?;
    found[place].item.end = end;
    Some(end)
}

#[test]
fn every_part_is_found_where_it_stands() {
    let bytes = b"\xbf\x61a\x9f\x01\x19\x01\x00\xff\x61b\xa1\x62cd\x63efg\x61h\xc1\xf9\x00\x00\xff";
    let found: Vec<(&[u8], usize)> = parts(bytes).iter().map(|part| (&bytes[part.item.clone()], part.start)).collect();
    let expected: [(&[u8], usize); 8] = [
        (bytes, 0),
        (b"\x9f\x01\x19\x01\x00\xff", 1),
        (b"\x01", 4),
        (b"\x19\x01\x00", 5),
        (b"\xa1\x62cd\x63efg", 9),
        (b"\x63efg", 12),
        (b"\xc1\xf9\x00\x00", 19),
        (b"\xf9\x00\x00", 22),
    ];
    assert_eq!(found, expected);
    for end in 0..bytes.len() {
        let cut = &bytes[..end];
        assert!(parts(cut).iter().all(|part| cut.get(part.start..part.item.end).is_some()), "{cut:?}");
    }
}
