//! One member: another role, and the end of the membership. Each is asked for on a page that says what it means.

pub(crate) mod removal;
pub(crate) mod role;

use contract::ids::{OrganizationId, PersonId};
use serde::Deserialize;

use crate::api::ApiError;
use crate::api::members::{self, Member};
use crate::api::people::{self, Me};
use crate::portal::Portal;
use crate::signed_in::SignedIn;

/// On which page of the list the member stands: there is no asking for one alone.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Listed {
    pub(in crate::pages::organizations) cursor: Option<String>,
}

/// Who asks, and the member, if the list has them.
async fn look_up(
    portal: &Portal,
    SignedIn { browser, token }: &SignedIn,
    organization: OrganizationId,
    person: PersonId,
    cursor: Option<&str>,
) -> Result<(Me, Option<Member>), ApiError> {
    let (me, members) = futures::try_join!(
        people::me(&portal.api, browser, token),
        members::list(&portal.api, browser, token, organization, cursor),
    )?;
    let found = members.items.into_iter().find(|member| member.person_id == person);
    Ok((me, found))
}
