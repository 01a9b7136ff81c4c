//! A digest over the grants of one redemption: 5,000 ids do not fit into an event, their hash does.

use sha2::{Digest, Sha256};

use crate::ids::GrantId;

/// The `grants_sha256` of a redemption that made these grants: their order here does not matter.
pub fn grants_sha256(grants: impl IntoIterator<Item = GrantId>) -> String {
    let mut lines: Vec<String> = grants.into_iter().map(|grant| format!("{grant}\n")).collect();
    lines.sort_unstable();
    hex::encode(Sha256::digest(lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> GrantId {
        text.parse().unwrap()
    }

    /// `printf '%s\n' 01978a2b-… 01978a2b-… | sort | sha256sum`
    #[test]
    fn the_digest_is_what_sort_and_sha256sum_print() {
        let first = grant("01978a2b-0000-7000-8000-00000000000a");
        let second = grant("01978a2b-0000-7000-8000-00000000000b");
        let digest = "d86bbbcd5bc2121c6a723aab282809b1fbb5c3f4d514677109567734fa984f58";
        assert_eq!(grants_sha256([first, second]), digest);
        assert_eq!(grants_sha256([second, first]), digest);
    }

    #[test]
    fn no_grants_have_the_digest_of_the_empty_text() {
        assert_eq!(
            grants_sha256([]),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
