//! What brings the token of a mailed link: whoever has it reads the mail of an address.

use contract::secret::MailToken;
use contract::{Authority, Id};
use service::{Problem, RequestFacts};

use crate::mail::LinkPurpose;
use crate::mailed_link::LinkRefusal;
use crate::{Directory, store};

/// Why the holder of a mailed token may.
pub(super) const MAILED_LINK: Authority = Authority::role("mailed_link");

/// What the token of a mailed link is for.
///
/// # Errors
/// 404 if it is none of this purpose, 429 for those who try too many.
pub(super) async fn subject<I: Id>(
    directory: &Directory,
    facts: &RequestFacts,
    token: &str,
    purpose: LinkPurpose,
) -> Result<I, Problem> {
    let resources = &directory.resources;
    resources
        .limits
        .sign_in(facts)
        .map_err(|limited| limited.problem("Too many links are tried from your network."))?;
    let unknown = || Problem::missing("mailed-link");
    let token = MailToken::parse(token).map_err(|_| unknown())?;
    let mut conn = resources.pool.acquire().await?;
    let subject = store::mailed_links::subject(&mut conn, token.hash(), purpose).await?;
    subject.map(I::from_uuid).ok_or_else(unknown)
}

impl From<LinkRefusal> for Problem {
    fn from(refusal: LinkRefusal) -> Self {
        match refusal {
            LinkRefusal::Used { at } => {
                let at = at.format("%Y-%m-%dT%H:%M:%SZ");
                Self::conflict("mailed-link-used", format!("The link was used at {at}."))
            }
            LinkRefusal::Expired { at } => {
                let at = at.format("%Y-%m-%dT%H:%M:%SZ");
                Self::gone("mailed-link-expired", format!("The link could be used until {at}."))
            }
            LinkRefusal::Outdated => {
                let detail = "What the link would change has changed since it was mailed.";
                Self::gone("mailed-link-outdated", detail)
            }
        }
    }
}
