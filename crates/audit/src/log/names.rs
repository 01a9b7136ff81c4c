//! By which names logs are known that were there before, to a database that was restored and does not know them all.

use contract::Envelope;
use contract::facts::LogContinued;
use sqlx::PgConnection;
use translog::{Checkpoint, Note};

use crate::store::entries;

/// The last checkpoint of the log that the present one goes on from, as its first entry names it: a database that was
/// restored more than once does not know all logs that there were.
pub(crate) async fn former(conn: &mut PgConnection) -> sqlx::Result<Option<Checkpoint>> {
    let first = entries::at(conn, &[1]).await?;
    let continued = first.first().and_then(|first| Envelope::parse(&first.envelope).ok());
    let continued = continued.and_then(|first| first.fact::<LogContinued>().ok());
    Ok(continued.and_then(|continued| {
        let note = Note::parse(continued.former_checkpoint.as_bytes()).ok()?;
        note.text().parse::<Checkpoint>().ok()
    }))
}

/// The how many-eth log after these it is by its name, if that was made here.
pub(crate) fn number(names: &[String], origin: &str) -> Option<usize> {
    let after = origin.strip_prefix(names.first()?)?.strip_prefix('/')?;
    after.parse().ok().filter(|number| *number > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_goes_on_from_another_is_known_by_its_number() {
        let names = ["log".to_owned(), "log/x".to_owned()];
        assert_eq!(number(&names, "log/2"), Some(2));
        for other in ["log", "log/1", "log/x", "log/-2", "log/2/3", "other/2", "log2"] {
            assert_eq!(number(&names, other), None, "{other}");
        }
    }
}
