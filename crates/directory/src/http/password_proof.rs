//! Whether a password is somebody's: counted before it is looked at, whoever asks and for whatever.

use contract::Actor;
use contract::facts::{SignInAccepted, SignInRefusal, SignInRefused};
use service::{Problem, Refusal, RequestFacts, Resources};

use crate::fields::{ClaimedEmail, Email};
use crate::password::{Password, Verified};
use crate::sign_in_limits::{Subjects, known_since};
use crate::{Directory, sign_in, store};

/// A password was right.
pub(super) struct Proof {
    /// Whose it is, as a record that is not written yet.
    pub(super) accepted: SignInAccepted,
    /// What the attempt was counted by.
    pub(super) subjects: Subjects,
    /// The PHC string with which it was compared.
    pub(super) password_hash: String,
    /// The password, if that string was made of another form than the one in which passwords are hashed now.
    pub(super) outdated: Option<Password>,
    at_home: bool,
}

impl Proof {
    /// Forgets what was counted before: whoever knows the password need not have guessed it.
    pub(super) async fn forgive(&self, directory: &Directory) {
        let counter = &directory.sign_in_counter;
        counter.forgive(&directory.resources, &self.subjects, self.at_home).await;
    }
}

/// Whether this is the password of the person with this name, which is an email. None if it is not, or if
/// nobody has this email: that it was refused is recorded or counted, as attempted by `actor`.
///
/// # Errors
/// 429 if it was tried too often, which is recorded likewise; 503 if there are too many at the moment.
pub(super) async fn prove(
    directory: &Directory,
    facts: &RequestFacts,
    actor: Actor,
    name: &str,
    password: Password,
) -> Result<Option<Proof>, Problem> {
    let (resources, counter) = (&directory.resources, &directory.sign_in_counter);
    let subjects = counter.subjects(resources, name, facts.network()).await?;
    let network = subjects.email_at_network.as_ref();
    let since = known_since(resources.limits.settings(), resources.env.now());
    let claimed = ClaimedEmail::read(name);
    let email = claimed.as_ref().map(|claimed| &claimed.normal);
    let known = match &claimed {
        Some(claimed) => {
            let mut connection = resources.pool.acquire().await?;
            store::people::credentials(&mut connection, claimed, network, since).await?
        }
        None => None,
    };
    let person = known.as_ref().map(|known| known.person_id);
    let at_home = known.as_ref().is_some_and(|known| known.at_home);
    let id = resources.env.new_id();
    if let Err(too_many) = counter.count(resources, facts, &subjects, at_home).await? {
        let event = sign_in::refused(id, person, SignInRefusal::TooManyAttempts);
        note_refusal(resources, facts, actor, email, event);
        return Err(too_many.into());
    }
    // The same work for somebody unknown as for somebody known: the time must not tell.
    let stored = known.and_then(|known| known.password_hash);
    let passwords = &directory.passwords;
    let verified = passwords.verify(password.clone(), stored.as_deref(), !at_home).await?;
    match sign_in::by_password(id, person, verified != Verified::Wrong) {
        Ok(accepted) => {
            let password_hash = stored.unwrap_or_default();
            let outdated = (verified == Verified::RightAsTyped).then_some(password);
            Ok(Some(Proof { accepted, subjects, password_hash, outdated, at_home }))
        }
        Err(event) => {
            note_refusal(resources, facts, actor, email, event);
            Ok(None)
        }
    }
}

/// Records or counts a refusal. It is answered at once: if some were waited for until they are durable, the time
/// would tell which emails are somebody's.
fn note_refusal(
    resources: &Resources,
    facts: &RequestFacts,
    actor: Actor,
    email: Option<&Email>,
    event: SignInRefused,
) {
    resources.refusals.note(Refusal {
        facts: facts.clone(),
        actor,
        organization: None,
        // Some type their password there: what does not look like an email is not kept.
        claimed_name: email.filter(|email| email.has_full_domain()).map(|e| e.as_str().to_owned()),
        fact: event.into(),
    });
}
