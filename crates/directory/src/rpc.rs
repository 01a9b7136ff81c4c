//! What the other services ask the directory.

mod names;
mod selectable_accounts;

use std::sync::Arc;

use contract::rpc::{
    AccountRolesOf, Authenticate, EndLeaked, GetOrganization, HeldAccounts, MembershipsIn,
    OrganizationView, RequestMails,
};
use contract::secret::SecretHash;
use service::StartError;

use crate::mailing::requests;
use crate::organization::Organization;
use crate::{Directory, StoreAuthenticator, leaked, store};

/// Answers every question of `contract::rpc` that is the directory's.
pub(crate) async fn answer(directory: &Arc<Directory>) -> Result<(), StartError> {
    let resources = &directory.resources;
    names::answer(resources).await?;
    selectable_accounts::answer(resources).await?;

    let authenticator = StoreAuthenticator::start(resources, &directory.settings);
    resources
        .serve_rpc(move |_, question: Authenticate| {
            let authenticator = authenticator.clone();
            async move {
                // What is no hash is nobody's.
                let mut hash = [0; 32];
                if hex::decode_to_slice(&question.token_sha256, &mut hash).is_err() {
                    return Ok(None);
                }
                let holder = authenticator.holder(question.kind, SecretHash(hash)).await?;
                Ok(holder.map(|person| (*person).clone()))
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: MembershipsIn| {
            let pool = pool.clone();
            async move {
                let MembershipsIn { person_id, identity_provider_id, organization_ids } = question;
                let mut conn = pool.acquire().await?;
                let (provider, organizations) = (identity_provider_id, &organization_ids);
                let known =
                    store::memberships::in_these(&mut conn, person_id, provider, organizations);
                Ok(known.await?)
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: GetOrganization| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                let organization =
                    store::organizations::find(&mut conn, question.organization_id).await?;
                Ok(organization.map(view))
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: HeldAccounts| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(store::account_roles::held_accounts(&mut conn, &question).await?)
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: AccountRolesOf| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                let AccountRolesOf { person_id, account_ids } = question;
                Ok(store::account_roles::of_person(&mut conn, person_id, &account_ids).await?)
            }
        })
        .await?;

    let of_mails = resources.clone();
    resources
        .serve_rpc(move |_, question: RequestMails| {
            let resources = of_mails.clone();
            async move { requests::take(&resources, &question).await }
        })
        .await?;

    let asked = Arc::clone(directory);
    resources
        .serve_rpc(move |context, question: EndLeaked| {
            let directory = Arc::clone(&asked);
            async move { leaked::end(&directory, &context, &question).await }
        })
        .await
}

fn view(organization: Organization) -> OrganizationView {
    OrganizationView {
        id: organization.id,
        name: organization.profile.name,
        kind: organization.profile.kind,
        contact_email: organization.profile.contact_email.as_str().to_owned(),
        website: organization.profile.website,
        confirmed: organization.confirmed_at.is_some(),
        enabled_domains: organization.enabled_domains.iter().map(ToString::to_string).collect(),
        created_at: Some(organization.created_at),
    }
}
