use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder, ImageFormat};

use super::*;

macro_rules! pictures {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../tests/pictures/", $name, ".jpg")).as_slice())),*]
    };
}

/// As cameras and programs write them: with and without progression, restart markers and smaller colours, in
/// grey, inks and RGB, and one with all that a camera adds.
fn corpus() -> [(&'static str, &'static [u8]); 12] {
    pictures!(
        "baseline-420",
        "baseline-422",
        "baseline-444",
        "progressive-420",
        "progressive-444",
        "restarts",
        "restarts-progressive",
        "rgb",
        "grey",
        "grey-progressive",
        "cmyk",
        "camera",
    )
}

const SIDE: u32 = 100;

fn accepted(jpeg: &[u8]) -> Result<Vec<u8>, String> {
    let read = read(jpeg, SIDE).map_err(|error| error.to_string())?;
    decode(&read.essence, SIDE).map_err(|error| error.to_string())?;
    Ok(read.essence)
}

fn pixels(jpeg: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap()
}

/// Where the first picture of the file ends.
fn end(jpeg: &[u8]) -> usize {
    // Within a scan no 0xFF is followed by this, and the camera's smaller picture is behind the large one.
    jpeg.windows(2).position(|pair| pair == [0xFF, END]).unwrap() + 2
}

#[test]
fn what_cameras_and_programs_write_is_accepted_and_keeps_its_pixels() {
    for (name, jpeg) in corpus() {
        let kept = accepted(jpeg).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(pixels(&kept), pixels(jpeg), "{name}");
        assert_eq!(accepted(&kept).as_ref(), Ok(&kept), "{name}");
    }
}

#[test]
fn a_picture_that_breaks_off_anywhere_is_refused() {
    for (name, jpeg) in corpus() {
        for cut in 0..end(jpeg) {
            assert!(read(&jpeg[..cut], SIDE).is_err(), "{name} until {cut}");
        }
    }
}

#[test]
fn an_end_behind_half_a_picture_makes_it_no_whole_one() {
    for (name, jpeg) in corpus() {
        for cut in 0..end(jpeg) - 2 {
            let ended = [&jpeg[..cut], &[0xFF, END]].concat();
            assert!(read(&ended, SIDE).is_err(), "{name} until {cut}");
        }
    }
}

/// The blocks seldom add up when bytes of a scan are missing or there twice.
#[test]
fn nearly_all_damage_within_a_scan_is_found() {
    let (mut found, mut damaged) = (0, 0);
    for (_, jpeg) in corpus() {
        let until = end(jpeg) - 2;
        for at in until - 150..until - 50 {
            let (mut gap, mut twice) = (jpeg.to_vec(), jpeg.to_vec());
            gap.drain(at..at + 50);
            twice.splice(at..at, jpeg[at..at + 50].iter().copied());
            found += [gap, twice].iter().filter(|jpeg| read(jpeg, SIDE).is_err()).count();
            damaged += 2;
        }
    }
    assert!(10 * found > 9 * damaged, "{found} of {damaged}");
}

#[test]
fn of_a_photograph_the_pixels_the_profile_and_the_orientation_stay() {
    let (_, camera) = corpus()[11];
    let told: [&[u8]; 5] = [b"Camera maker", b"2026:11:27", b"MPF", b"a comment", &[0xFF, COMMENT]];
    for told in told {
        assert!(camera.windows(told.len()).any(|part| part == told), "{told:?}");
    }
    let kept = accepted(camera).unwrap();
    for told in told {
        assert!(!kept.windows(told.len()).any(|part| part == told), "{told:?}");
    }
    assert!(end(camera) < camera.len(), "another picture is behind the end");
    assert_eq!(end(&kept), kept.len());
    let decoder = |jpeg| JpegDecoder::new(Cursor::new(jpeg)).unwrap();
    let orientation = decoder(&kept[..]).orientation().unwrap();
    assert_eq!(orientation, image::metadata::Orientation::Rotate90);
    let profile = decoder(&kept[..]).icc_profile().unwrap();
    assert!(profile.is_some() && profile == decoder(camera).icc_profile().unwrap());
}

#[test]
fn a_long_profile_stays_in_its_parts_and_a_torn_one_is_left_behind() {
    let (_, grey) = corpus()[8];
    let profile = icc::sample(150_000);
    let with = |parts: &[(u8, u8, &[u8])]| {
        let mut jpeg = grey[..2].to_vec();
        for (number, count, part) in parts {
            segment(&mut jpeg, PROFILE, &[PROFILE_NAME, &[*number, *count], part].concat());
        }
        accepted(&[&jpeg[..], &grey[2..]].concat()).unwrap()
    };
    let (first, rest) = profile.split_at(60_000);
    let (second, third) = rest.split_at(60_000);
    let kept = with(&[(2, 3, second), (1, 3, first), (3, 3, third)]);
    let read = JpegDecoder::new(Cursor::new(&kept[..])).unwrap().icc_profile().unwrap();
    assert_eq!(read.as_deref(), Some(&profile[..]));
    let none = accepted(grey).unwrap();
    assert_eq!(with(&[(1, 3, first), (3, 3, third)]), none);
    assert_eq!(with(&[(1, 1, b"another file")]), none);
}

#[test]
fn fill_bytes_are_left_out_and_others_between_segments_are_refused() {
    let (_, grey) = corpus()[8];
    let (start, rest) = grey.split_at(2);
    let (all, last) = grey.split_at(grey.len() - 2);
    let kept = accepted(grey).unwrap();
    for same in [
        [start, b"\xff\xff\xff", rest].concat(),
        [all, b"\xff\xff", last].concat(),
        [all, b"\xff\xd0", last].concat(),
        [grey, b"PK\x03\x04<script>"].concat(),
    ] {
        assert_eq!(accepted(&same).as_ref(), Ok(&kept));
    }
    for other in [[start, b"\0\0", rest].concat(), [all, b"hidden", last].concat()] {
        assert_eq!(read(&other, SIDE).unwrap_err(), Damage::Between);
    }
}

#[test]
fn a_picture_that_is_too_large_is_read_no_further_than_its_size() {
    let (_, camera) = corpus()[11];
    let read = read(camera, 40).unwrap();
    assert_eq!((read.frame.width, read.frame.height, read.essence.len()), (41, 29, 0));
}

#[test]
fn a_scan_that_comes_twice_is_refused() {
    for at in [8, 9] {
        let (name, grey) = corpus()[at];
        let scan = grey.windows(2).position(|pair| pair == [0xFF, START_OF_SCAN]).unwrap();
        let next = grey[scan + 10..].windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0);
        let (until, first) = grey.split_at(scan + 10 + next.unwrap());
        let twice = [until, &until[scan..], first].concat();
        assert_eq!(read(&twice, SIDE).unwrap_err(), Damage::Segment, "{name}");
    }
}
