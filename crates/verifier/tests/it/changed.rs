//! Entries and tiles that are not those that were signed.

use std::fs;

use crate::log::{Log, backdated, bundle_of, events};

#[test]
fn a_changed_entry_is_named() {
    let log = Log::new();
    let mut entries = log.entries.clone();
    entries[471] = backdated(&entries[471]);
    log.write("tile/entries/001", &bundle_of(&entries[256..512]));
    let said = log.verify(&[]);
    said.is(
        3,
        &["entry 472 (index 471): its hash is not the leaf's\n", "1000 entries make the root"],
    );
    assert_eq!(said.text.matches("FAILED").count(), 2, "{}", said.text);

    // Nor is it taken for a rewritten log: by the tiles it goes on from what was kept.
    let checkpoint = log.kept_checkpoint();
    let said = log.verify(&["--checkpoint", &checkpoint.file()]);
    said.is(3, &["ok      consistency"]);
}

#[test]
fn two_entries_that_were_swapped_are_both_named_with_their_places() {
    let log = Log::new();
    let mut entries = log.entries.clone();
    entries.swap(300, 405);
    log.write("tile/entries/001", &bundle_of(&entries[256..512]));
    log.verify(&[]).is(
        3,
        &[
            "entry 301 (index 300): its hash is not the leaf's, but that of entry 406 (index 405)",
            "entry 406 (index 405): its hash is not the leaf's, but that of entry 301 (index 300)",
        ],
    );
}

#[test]
fn the_first_entry_after_one_that_was_removed_or_inserted_is_named() {
    let log = Log::new();
    let mut entries = log.entries[256..512].to_vec();
    entries.remove(44);
    log.write("tile/entries/001", &bundle_of(&entries));
    log.verify(&[]).is(
        3,
        &[
            "tile/entries/001: the bundle ends within its entry 255",
            "entry 512 (index 511)",
            "entry 301 (index 300): its hash is not the leaf's, but that of entry 302 (index 301)",
            "Read up to entry 256",
        ],
    );
    entries = log.entries[256..512].to_vec();
    entries.insert(44, entries[0].clone());
    log.write("tile/entries/001", &bundle_of(&entries));
    log.verify(&[]).is(3, &["bytes follow the last entry", "entry 301 (index 300): its hash"]);

    // All bundles are written anew, so that each is whole.
    let mut log = Log::new();
    log.entries.remove(300);
    log.entries.push(log.entries[998].clone());
    log.write_entries();
    log.verify(&[]).is(
        3,
        &["entry 301 (index 300): its hash is not the leaf's, but that of entry 302 (index 301)"],
    );
}

#[test]
fn a_changed_tile_is_named_and_not_the_entries() {
    for (tile, hash, named) in [
        ("tile/0/002", 7, "tile/0/002: its hash 7 is not that of entry 520 (index 519)"),
        (
            "tile/0/003.p/232",
            231,
            "tile/0/003.p/232: its hash 231 is not that of entry 1000 (index 999)",
        ),
        (
            "tile/1/000.p/3",
            2,
            "tile/1/000.p/3: its hash 2 is not that of tile 2 of the level below",
        ),
    ] {
        let log = Log::new();
        log.change(tile, |bytes| bytes[hash * 32 + 5] ^= 1);
        let said = log.verify(&[]);
        said.is(3, &[named]);
        assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    }
}

#[test]
fn entries_and_tiles_that_were_changed_together_do_not_make_what_was_signed() {
    let all = events(1000);
    let mut log = Log::of(all[..500].to_vec());
    let kept = log.kept_checkpoint();
    log.entries = all;
    log.write_entries();
    log.write_tiles();
    log.sign();
    log.entries[700] = backdated(&log.entries[700]);
    log.write_entries();
    log.write_tiles();
    let said = log.verify(&["--checkpoint", &kept.file()]);
    said.is(
        3,
        &[
            "checkpoint: 1000 entries make the root",
            "the first 500 entries are those of the checkpoint that was kept",
        ],
    );
}

#[test]
fn an_entry_and_its_tile_that_were_changed_together_are_found_by_the_tile_above() {
    let mut log = Log::new();
    let above = fs::read(log.path("tile/1/000.p/3")).unwrap();
    log.entries[300] = backdated(&log.entries[300]);
    log.write_entries();
    log.write_tiles();
    log.write("tile/1/000.p/3", &above);
    let place = "entries 257 to 512 (index 256 to 511): they are not those that were signed, by the tiles above";
    log.verify(&[]).is(3, &[place, "make the root"]);
}

#[test]
fn a_changed_entry_and_a_changed_tile_elsewhere_are_told_apart() {
    let log = Log::new();
    let mut entries = log.entries.clone();
    entries[471] = backdated(&entries[471]);
    log.write("tile/entries/001", &bundle_of(&entries[256..512]));
    log.change("tile/0/002", |bytes| bytes[7 * 32] ^= 1);
    let said = log.verify(&[]);
    let tile = "tile/0/002: its hash 7 is not that of entry 520 (index 519)\n";
    said.is(3, &["entry 472 (index 471): its hash is not the leaf's\n", tile]);
    assert_eq!(said.text.matches("FAILED").count(), 3, "{}", said.text);
}

#[test]
fn what_is_not_there_is_named() {
    for file in ["tile/entries/002", "tile/entries/003.p/232", "tile/0/001", "tile/1/000.p/3"] {
        let log = Log::new();
        fs::remove_file(log.path(file)).unwrap();
        log.verify(&[]).is(3, &[&format!("{file}: it is not there")]);
    }
}

#[test]
fn no_byte_of_any_file_can_be_changed() {
    let log = Log::of(events(300));
    let files = [
        ("checkpoint", 2),
        ("tile/entries/000", 3),
        ("tile/entries/001.p/44", 3),
        ("tile/0/000", 3),
        ("tile/0/001.p/44", 3),
        ("tile/1/000.p/1", 3),
    ];
    for (file, code) in files {
        let bytes = fs::read(log.path(file)).unwrap();
        for part in 0..=6 {
            let at = (bytes.len() - 1) * part / 6;
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            log.write(file, &changed);
            let said = log.verify(&[]);
            assert_eq!(said.code, code, "{file} at {at}: {}", said.text);
        }
        log.write(file, &bytes);
    }
    log.verify(&[]).is(0, &[]);
}

#[test]
fn the_tiles_of_every_level_are_compared() {
    // They are no events, which is said, and they are the tree's.
    let log = Log::of((0_u32..65_800).map(|number| number.to_be_bytes().to_vec()).collect());
    let said = log.verify(&[]);
    said.is(5, &["ok      tree", "entry 1 (index 0): it is no event", "and 65780 more"]);
    for (tile, hash, named) in [
        ("tile/1/000", 100, "tile/1/000: its hash 100 is not that of tile 100 of the level below"),
        (
            "tile/1/001.p/1",
            0,
            "tile/1/001.p/1: its hash 0 is not that of tile 256 of the level below",
        ),
        (
            "tile/2/000.p/1",
            0,
            "tile/2/000.p/1: its hash 0 is not that of tile 0 of the level below",
        ),
    ] {
        log.change(tile, |bytes| bytes[hash * 32] ^= 1);
        log.verify(&[]).is(3, &[named]);
        log.change(tile, |bytes| bytes[hash * 32] ^= 1);
    }
}
