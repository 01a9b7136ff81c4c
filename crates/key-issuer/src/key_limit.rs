//! The limit of an app's keys (rule 13): so many live ones, and at most twice as many that work at all,
//! deleted ones in their grace included. Pure.

use chrono::{DateTime, Utc};

/// How many times the limit of live keys may work at once: room to replace each of them.
const WORKING_FOR_EACH_LIVE: usize = 2;

/// A key that works at the moment of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WorkingKey {
    /// Whether it is still to be counted among the live: nobody deleted it.
    pub(crate) live: bool,
    /// From when it works no more, if that is known.
    pub(crate) end: Option<DateTime<Utc>>,
}

/// Why an app gets no further key now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooManyKeys {
    /// It has as many live ones as it may. By themselves they make room at `room_at`, if ever.
    #[error("the app has {live} live keys and may have {limit}; delete one first{}", or_wait(*room_at))]
    Live {
        /// How many it has.
        live: usize,
        /// How many it may have.
        limit: usize,
        /// When the next may be made if nobody does anything.
        room_at: Option<DateTime<Utc>>,
    },
    /// Those that it has deleted work on in their grace.
    #[error(
        "the app has {working} keys that still work, deleted ones in their grace included, and may have {limit}; end one of those at once{}",
        or_wait(*room_at)
    )]
    Working {
        /// How many work.
        working: usize,
        /// How many may.
        limit: usize,
        /// When the next may be made if nobody does anything.
        room_at: Option<DateTime<Utc>>,
    },
}

impl TooManyKeys {
    /// When the next key may be made if nobody does anything; none, if nothing ends by itself.
    pub(crate) const fn room_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Live { room_at, .. } | Self::Working { room_at, .. } => room_at,
        }
    }
}

fn or_wait(room_at: Option<DateTime<Utc>>) -> String {
    room_at.map(|at| format!(", or wait until {at}")).unwrap_or_default()
}

/// Whether an app that may have `limit` live keys gets another one beside these.
pub(crate) fn check_room(keys: &[WorkingKey], limit: usize) -> Result<(), TooManyKeys> {
    let most = limit.saturating_mul(WORKING_FOR_EACH_LIVE);
    let live = keys.iter().filter(|key| key.live).count();
    let live_room = room(keys.iter().filter(|key| key.live), limit);
    let working_room = room(keys.iter(), most);
    let room_at = match (live_room, working_room) {
        (Room::Now, Room::Now) => return Ok(()),
        (Room::Never, _) | (_, Room::Never) => None,
        (Room::At(at), Room::Now) | (Room::Now, Room::At(at)) => Some(at),
        (Room::At(one), Room::At(other)) => Some(one.max(other)),
    };
    if live >= limit {
        return Err(TooManyKeys::Live { live, limit, room_at });
    }
    Err(TooManyKeys::Working { working: keys.len(), limit: most, room_at })
}

/// When there is room for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Now,
    At(DateTime<Utc>),
    Never,
}

/// When fewer than `limit` of these keys work, if nobody does anything.
fn room<'k>(keys: impl Iterator<Item = &'k WorkingKey>, limit: usize) -> Room {
    let mut ends: Vec<_> = keys.map(|key| key.end).collect();
    let Some(surplus) = ends.len().checked_sub(limit) else {
        return Room::Now;
    };
    // Those that never end come last.
    ends.sort_by_key(|end| (end.is_none(), *end));
    match ends.get(surplus) {
        Some(Some(end)) => Room::At(*end),
        _ => Room::Never,
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + Duration::minutes(minutes)
    }

    fn live(end: Option<i64>) -> WorkingKey {
        WorkingKey { live: true, end: end.map(at) }
    }

    fn in_grace(end: i64) -> WorkingKey {
        WorkingKey { live: false, end: Some(at(end)) }
    }

    #[test]
    fn an_app_gets_its_live_keys_and_no_more() {
        assert_eq!(check_room(&[live(None); 4], 5), Ok(()));
        let full = TooManyKeys::Live { live: 5, limit: 5, room_at: None };
        assert_eq!(check_room(&[live(None); 5], 5), Err(full));
    }

    #[test]
    fn live_keys_that_expire_make_room_by_themselves() {
        let keys = [live(Some(30)), live(None), live(Some(10))];
        assert_eq!(check_room(&keys, 3).unwrap_err().room_at(), Some(at(10)));
        // More than it may have, as after the limit was lowered.
        assert_eq!(check_room(&keys, 2).unwrap_err().room_at(), Some(at(30)));
        assert_eq!(check_room(&keys, 1).unwrap_err().room_at(), None);
    }

    #[test]
    fn deleted_keys_count_as_long_as_they_work() {
        let mut keys = vec![live(None); 4];
        keys.extend((1..=5).map(in_grace));
        assert_eq!(check_room(&keys, 5), Ok(()));
        keys.push(in_grace(6));
        let full = TooManyKeys::Working { working: 10, limit: 10, room_at: Some(at(1)) };
        assert_eq!(check_room(&keys, 5), Err(full));
        keys.push(live(Some(3)));
        let full = TooManyKeys::Live { live: 5, limit: 5, room_at: Some(at(3)) };
        assert_eq!(check_room(&keys, 5), Err(full), "both limits must make room");
    }

    #[test]
    fn the_sentence_says_until_when_to_wait() {
        let full = check_room(&[live(Some(10))], 1).unwrap_err();
        assert!(full.to_string().ends_with("or wait until 2023-11-14 22:23:20 UTC"), "{full}");
    }
}
