//! The parsers with input that is nearly right: the same changes in every run.

use crate::parsers::PARSERS;

/// How many changed inputs each seed is made into.
const CHANGED: usize = 10_000;

/// Numbers in an order without a pattern: splitmix64 (Steele, Lea and Flood, 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// What formats turn on, more often than any byte.
const TELLING: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b" ",
    b"+",
    b"/",
    b"x",
    b"0",
    b"1",
    b"=",
    b".p/",
    b"\0",
    b"\xff",
    b"-",
    b"\r",
    b"\t",
    "— ".as_bytes(),
    b"18446744073709551615",
    b"256",
    b"65536",
];

fn change(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(bytes.len());
    match numbers.below(7) {
        0 => bytes.truncate(at),
        1 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 => {
            let telling = TELLING[numbers.below(TELLING.len())];
            bytes.splice(at..at, telling.iter().copied());
        }
        4 => {
            let end = at + numbers.below(bytes.len() - at);
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        5 => {
            let end = at + numbers.below(bytes.len() - at);
            drop(bytes.drain(at..end));
        }
        _ => bytes.insert(at, numbers.next().to_le_bytes()[0]),
    }
}

#[test]
fn no_change_of_an_input_is_accepted_in_a_second_form() {
    for parser in &PARSERS {
        let (mut accepted, mut refused) = (0_usize, 0_usize);
        for seed in parser.seeds {
            assert!((parser.check)(seed), "{} {seed:?}", parser.name);
            let mut numbers = Numbers(1);
            for _ in 0..CHANGED {
                let mut bytes = seed.to_vec();
                for _ in 0..=numbers.below(3) {
                    change(&mut bytes, &mut numbers);
                }
                if (parser.check)(&bytes) { accepted += 1 } else { refused += 1 }
            }
        }
        // Neither would be a test: only refusals before the interesting places, or none.
        assert!(accepted > 0 && refused > 0, "{}: {accepted} and {refused}", parser.name);
    }
}
