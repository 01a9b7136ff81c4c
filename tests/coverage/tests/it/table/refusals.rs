//! What `access.refused` says of an operation that is refused: its name in events, and at what it
//! was aimed.
//!
//! `{…}` stands for a parameter of the call, for something that the call names beside them, for the
//! `{organization}` on whose behalf it is, or for the `{caller}`.

/// Operation of the document, operation of the event, target.
const REFUSALS: [(&str, &str, &str); 58] = [
    ("editOrganization", "organization.edit", "organization/{id}"),
    ("confirmOrganizationContact", "organization.confirm-contact", "organization/{id}"),
    ("enableOrganizationDomains", "organization.enable-domains", "organization/{id}"),
    ("requestContactConfirmation", "contact-confirmation.request", "organization/{id}"),
    ("listMails", "mail.list", "person/{caller}"),
    ("getCompleteness", "completeness.read", "person/{caller}"),
    ("writeManifests", "manifest.write", "person/{caller}"),
    ("getIdentityProvider", "identity-provider.read", "organization/{id}"),
    ("putIdentityProvider", "identity-provider.configure", "organization/{id}"),
    ("confirmIdentityProviderDomains", "identity-provider.confirm-domains", "organization/{id}"),
    ("removeIdentityProvider", "identity-provider.remove", "organization/{id}"),
    ("addMember", "member.add", "organization/{id}"),
    ("inviteMember", "member.invite", "organization/{id}"),
    ("inviteToAccount", "account-role.invite", "account/{id}"),
    ("listAccountInvitations", "account-role.list-invitations", "account/{id}"),
    ("getInvitation", "invitation.read", "invitation/{id}"),
    ("sendInvitationAgain", "invitation.send-again", "invitation/{id}"),
    ("revokeInvitation", "invitation.revoke", "invitation/{id}"),
    ("acceptInvitation", "invitation.accept", "invitation/{invitation}"),
    ("requestDomain", "domain-request.create", "organization/{id}"),
    ("listDomainRequests", "domain-request.list", "person/{caller}"),
    ("grantDomainRequest", "domain-request.grant", "domain-request/{id}"),
    ("declineDomainRequest", "domain-request.decline", "domain-request/{id}"),
    ("changeMember", "member.change-role", "organization/{id}"),
    ("removeMember", "member.remove", "organization/{id}"),
    ("listPeople", "person.list", "person/{caller}"),
    ("registerPerson", "person.register", "person/{caller}"),
    ("deactivatePerson", "person.deactivate", "person/{id}"),
    ("activatePerson", "person.activate", "person/{id}"),
    ("revokeOperator", "person.revoke-operator", "person/{id}"),
    ("createAccount", "account.create", "person/{caller}"),
    ("importAccounts", "account.import", "person/{caller}"),
    ("listAccountRoles", "account-role.list", "account/{id}"),
    ("putAccountRole", "account-role.put", "account/{id}"),
    ("revokeAccountRole", "account-role.revoke", "account/{id}"),
    ("createApp", "app.create", "organization/{organization}"),
    ("editApp", "app.edit", "app/{id}"),
    ("setAppImage", "app.set-image", "app/{id}"),
    ("removeAppImage", "app.remove-image", "app/{id}"),
    ("addRedirectUri", "app.add-redirect-uri", "app/{id}"),
    ("removeRedirectUri", "app.remove-redirect-uri", "app/{id}"),
    ("changeAppPkce", "app.change-pkce", "app/{id}"),
    ("activateApp", "app.activate", "app/{id}"),
    ("suspendApp", "app.suspend", "app/{id}"),
    ("resumeApp", "app.resume", "app/{id}"),
    ("archiveApp", "app.archive", "app/{id}"),
    ("createKey", "key.create", "app/{id}"),
    ("renameKey", "key.rename", "key/{key}"),
    ("deleteKey", "key.delete", "key/{key}"),
    ("replaceKey", "key.replace", "key/{key}"),
    ("createConsentLink", "consent-link.create", "app/{id}"),
    ("revokeConsentLink", "consent-link.revoke", "consent-link/{id}"),
    ("approveConsentRequest", "consent-request.approve", "consent-link/{link}"),
    ("passConsentRequestOn", "consent-request.pass-on", "consent-link/{link}"),
    ("denyConsentRequest", "consent-request.deny", "consent-link/{link}"),
    ("revokeAppGrants", "consent.revoke-app", "app/{app_id}"),
    ("renewGrant", "consent.renew", "consent/{id}"),
    ("revokeGrant", "consent.revoke", "consent/{id}"),
];

/// Operation and target of this operation's refusals.
pub(crate) fn of(id: &str) -> Option<(&'static str, &'static str)> {
    let found = REFUSALS.iter().find(|(known, ..)| *known == id);
    found.map(|(_, operation, target)| (*operation, *target))
}
