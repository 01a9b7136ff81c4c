//! Invitations, and requests for domains.

use journeys::invitations::{Invitation, newcomer};
use serde_json::json;

use super::{Entry, changes_nothing, entry, everybody, holders, leaves, members, refused};
use crate::call::Call;
use crate::cast::{Cast, Who};

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = inviting();
    entries.extend(accepting());
    entries.extend(domain_requests());
    entries
}

fn new_email() -> String {
    format!("invited{}@people.example", Cast::number())
}

/// About a new invitation to what this caller may invite to: the account, for its admin; else the organization.
async fn about_new(cast: &Cast, who: Who) -> Call {
    if let Who::Holder(_) = who {
        let path = format!("/v1/accounts/{}/invitations", cast.account.id);
        return Call::plain().path("id", cast.invitation(&path, "viewer").await);
    }
    let organization = &cast.organization.id;
    let path = format!("/v1/organizations/{organization}/invitations");
    Call::plain().path("id", cast.invitation(&path, "developer").await).of(organization)
}

fn inviting() -> Vec<Entry> {
    vec![
        entry("listInvitations", members, |cast, _| {
            Box::pin(async move {
                let id = &cast.organization.id;
                Call::plain().path("id", id).of(id).query("state", "pending")
            })
        }),
        entry("inviteMember", members, |cast, _| {
            Box::pin(async move {
                let id = &cast.organization.id;
                let body = json!({ "email": new_email(), "role": "developer" });
                Call::plain().path("id", id).of(id).json(body)
            })
        }),
        entry("listAccountInvitations", holders, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.account.id) })
        }),
        entry("inviteToAccount", holders, |cast, _| {
            Box::pin(async move {
                let body = json!({ "email": new_email(), "role": "viewer", "language": "fr" });
                Call::plain().path("id", &cast.account.id).json(body)
            })
        }),
        entry("getInvitation", members, |cast, who| Box::pin(about_new(cast, who))).with(refused(
            "to an account, by who cannot invite to it",
            Who::Holder("viewer"),
            403,
            &["access.refused"],
            |cast, who| Box::pin(about_new(cast, who)),
        )),
        entry("sendInvitationAgain", members, |cast, who| Box::pin(about_new(cast, who))),
        entry("revokeInvitation", members, |cast, who| Box::pin(about_new(cast, who))).with(
            changes_nothing("twice", Who::Owner, |cast, who| {
                Box::pin(async move {
                    let call = about_new(cast, who).await;
                    let id = call.given().next().unwrap().2.to_owned();
                    cast.client(who).delete(&format!("/v1/invitations/{id}")).await.expect(204);
                    call
                })
            }),
        ),
    ]
}

/// A new invitation to an organization of which nobody of the cast is a member, with its token, and a call of
/// whoever has that.
async fn with_token(cast: &Cast) -> (Invitation, Call) {
    let organization = cast.organization_of_others().await;
    let path = format!("/v1/organizations/{organization}/invitations");
    let invitation = cast.mailed(&cast.invitation(&path, "auditor").await).await;
    let call = Call::plain().named("invitation", &invitation.id).of(organization);
    let call = call.json(json!({ "token": invitation.token }));
    (invitation, call)
}

fn accepting() -> Vec<Entry> {
    vec![
        entry("lookUpInvitation", everybody, |cast, _| {
            Box::pin(async move { with_token(cast).await.1 })
        }),
        // By somebody new each time: who of the cast is a member of what stays as it is.
        entry("acceptInvitation", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Invited").await;
                let (_, call) = with_token(cast).await;
                let call = call.leaves(&["invitation.accepted", "membership.granted"]);
                call.by((*person).clone(), person.actor())
            })
        })
        .without_credentials(|cast, _| {
            Box::pin(async move {
                let (invitation, call) = with_token(cast).await;
                let leaves = &[
                    "person.registered",
                    "invitation.accepted",
                    "membership.granted",
                    "session.created",
                ];
                let body = json!({ "token": invitation.token, "person": newcomer() });
                call.json(body).leaves(leaves).acting_as("person_id")
            })
        })
        .with(leaves(
            "to an account",
            Who::Stranger,
            &["invitation.accepted", "account-role.granted"],
            |cast, _| {
                Box::pin(async move {
                    let person = cast.operator.person("Invited").await;
                    let path = format!("/v1/accounts/{}/invitations", cast.account.id);
                    let id = cast.invitation(&path, "viewer").await;
                    let token = cast.mailed(&id).await.token;
                    let call = Call::plain().json(json!({ "token": token }));
                    call.by((*person).clone(), person.actor())
                })
            },
        ))
        .with(
            refused("twice", Who::Stranger, 409, &["access.refused"], |cast, _| {
                Box::pin(async move {
                    let (first, second) =
                        (cast.operator.person("First").await, cast.operator.person("Second").await);
                    let (invitation, call) = with_token(cast).await;
                    invitation.accept(&first).await.expect(200);
                    call.by((*second).clone(), second.actor())
                })
            })
            .because("link_already_used"),
        ),
    ]
}

/// What the domain requests of the walk are for.
const DOMAIN: &str = "retail_media/billing:read";

/// About a new request of an organization of the same members.
async fn about_request(cast: &Cast) -> Call {
    let organization = cast.another_organization().await;
    let path = format!("/v1/organizations/{organization}/domain-requests");
    let body = json!({ "domain": DOMAIN, "reason": "invoices" });
    let made = cast.organization.owner.post(&path, body).await.expect(201);
    Call::plain().path("id", made.field("id")).of(organization)
}

/// An answer to one.
async fn answering(cast: &Cast) -> Call {
    about_request(cast).await.json(json!({ "reason": "checked" }))
}

fn domain_requests() -> Vec<Entry> {
    vec![
        entry("listOrganizationDomainRequests", members, |cast, _| {
            Box::pin(async move {
                let id = &cast.organization.id;
                Call::plain().path("id", id).of(id)
            })
        }),
        entry("requestDomain", members, |cast, _| {
            Box::pin(async move {
                let id = cast.another_organization().await;
                let body = json!({ "domain": DOMAIN, "reason": "invoices" });
                // Each operator is told, and other calls of the walk make some.
                let call = Call::plain().path("id", &id).of(id).json(body);
                call.followed_by_several(&["mail.sent"])
            })
        }),
        entry("listDomainRequests", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("getDomainRequest", members, |cast, _| Box::pin(about_request(cast))),
        entry("grantDomainRequest", members, |cast, _| {
            Box::pin(async move {
                let leaves = &["domain-request.granted", "organization.domains-enabled"];
                answering(cast).await.leaves(leaves)
            })
        }),
        entry("declineDomainRequest", members, |cast, _| Box::pin(answering(cast))),
    ]
}
