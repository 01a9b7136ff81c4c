organization-parts = Parts of the organization
organization-members = Members
organization-invitations = Invitations
organization-domains = Domains on request
organization-invite = Invite someone
organization-ask-domain = Ask for a domain
organization-member = Member
organization-since = Since
organization-actions = Actions
organization-you = you
organization-change-role = Change role
organization-remove = Remove
organization-more-members = More members
organization-leaving = Leaving
organization-leaving-what = You lose sight of the organization’s apps at once. A page asks you first.
organization-leave = Leave
# $organization (String) - its name
organization-only-owner = You are the only owner, so you cannot leave: nobody could manage { $organization } after you. Make someone else an owner first.
organization-about = About the organization
organization-name = Name
organization-kind = Kind
organization-contact = Contact
organization-confirmed = Confirmed
organization-not-confirmed = Not confirmed
organization-country = Country
organization-website = Website
organization-here-since = Here since
organization-enabled = Enabled on request
organization-change = Edit
organization-new = Create an organization
organization-new-lead = You become its first owner. A mail with a link goes to the contact address; once that is confirmed, you can activate apps.
organization-edit = What does your organization tell of itself?
organization-edit-lead = Account owners see this beside every request. A new contact address has to be confirmed anew: until then no app can be activated and no link be made.
organization-save = Save
organization-kind-choose = Choose
organization-contact-hint = An email address that your team reads. Account owners write to it.
organization-country-hint = Its code of two letters, such as FR or NL.
organization-too-many-unconfirmed = Too many organizations that you made wait for their contact to be confirmed. Confirm one by the link that was mailed to it.
organization-kind-advertiser-or-brand = Advertiser or brand
organization-kind-agency = Agency
organization-kind-inventory-supplier = Inventory supplier
organization-kind-data-supplier = Data supplier
organization-kind-technology-company = Technology company
organization-kind-other = Other
# $email (String) - the contact address
organization-unconfirmed = The contact address { $email } is not confirmed yet. Until it is, no app can be activated and no link be made. A mail with a link that confirms it was sent there.
organization-owners-confirm = An owner can have it sent again.
organization-send-again = Send the mail again
# $email (String) - the contact address
organization-confirmation-sent = A mail with a link is on its way to { $email }. Open the link to confirm the address.
organization-confirmation-too-often = Too many of these mails were asked for. Try again in an hour; the links that were sent are still good.
# $member (String) - the member's name
organization-role-of = Which role for { $member }?
organization-role-at-once = The new role holds at once, in every session and for every API token of theirs.
organization-keep-it = Keep it as it is
organization-last-owner = An organization keeps at least one owner. Make someone else an owner first.
# $member (String) - the member's name
# $organization (String) - its name
organization-remove-question = Remove { $member } from { $organization }?
# $member (String) - the member's name
organization-remove-this = Remove { $member }
# $organization (String) - its name
organization-leave-question = Leave { $organization }?
organization-at-once = Stops at once
organization-goes-on = Goes on
organization-to-do = For you to do
organization-back-again = Coming back
organization-back-again-how = Only by another invitation from an owner.
# $member (String) - the member's name
# $organization (String) - its name
organization-removal-at-once = { $member } no longer sees or changes anything of { $organization }: its apps, keys, links and members. That goes for their API tokens too.
organization-removal-goes-on = Apps, keys, links and consents that they made stay, and keep working.
organization-removal-to-do = Replace the keys whose secrets they know: a secret works for whoever has it.
# $organization (String) - its name
organization-leave-at-once = You no longer see or change anything of { $organization }: its apps, keys, links and members. That goes for your API tokens too.
organization-leave-goes-on = Apps, keys, links and consents that you made stay, and keep working.
member-role = Role
member-role-owner = Owner
member-role-owner-what = Manages the organization, its members and its apps.
member-role-developer = Developer
member-role-developer-what = Manages apps, their keys and links.
member-role-auditor = Auditor
member-role-auditor-what = Reads everything of the organization and changes nothing.
invitation-none = Nobody is invited
invitation-none-what = Whoever is invited gets a mail with a link, and becomes a member by accepting. Until then the invitation stands here.
invitation-by-owners = Only an owner of the organization can invite others.
invitation-to = Sent to
invitation-sent-on = Sent
invitation-expires = Expires
invitation-send-again = Send again
invitation-revoke = Revoke
invitation-more = More invitations
invitation-sent = The mail is on its way.
invitation-sent-too-often = This invitation was sent as often as it can be. The links in those mails are good until it expires.
invitation-too-many-mails = Too many mails with invitations were sent. Try again later.
invitation-waits-no-more = That invitation waits no more: it was accepted or revoked, or has expired.
# $organization (String) - its name
invitation-new = Invite someone to { $organization }
invitation-new-lead = They get a mail with a link, good for 7 days, and become a member by accepting.
invitation-email = Email
invitation-email-hint = Whoever reads mail there can accept.
invitation-send = Send invitation
invitation-already-waits = Somebody with this email is invited already: send that invitation again.
invitation-too-many-open = As many invitations wait as there can be. Revoke one, or wait until some are accepted.
# $email (String) - whom
invitation-revoke-question = Revoke the invitation of { $email }?
# $email (String) - whom
invitation-revoke-at-once = The links that were sent to { $email } can no longer be used.
invitation-revoke-again = You can invite them again at any time.
invitation-revoke-this = Revoke invitation
domain-request-none = Nothing was asked for
domain-request-none-what = Some domains are given on request: an operator of the platform enables them for an organization that says what it needs them for. Then its apps can ask account owners for them.
domain-request-by-whom = An owner or a developer of the organization can ask.
domain-request-domain = Domain
domain-request-asked = Asked
domain-request-state = State
domain-request-answer = Answer
domain-request-open = Open
domain-request-granted = Granted
domain-request-declined = Declined
domain-request-waits = None yet
domain-request-more = More requests
domain-request-sent = The operators have been told. Whoever asked gets a mail when one of them answers.
domain-request-lead = The operators of the platform read your reason and answer. You get a mail.
domain-request-reason = What do you need it for?
domain-request-reason-hint = What your app does with it, and for whom. At most 1,000 characters.
domain-request-send = Send request
domain-request-nothing-left = Every domain on request is enabled for your organization already.
domain-request-already = This domain is asked for already. The operators have not answered yet.
domain-request-enabled-already = This domain is enabled already: your apps can ask for it.
domain-request-not-needed = This domain is not given on request.
# $domain (String) - its title
# $level (String) - the level
# $service (String) - the title of its service
domain-request-choice = { $domain }, { $level } ({ $service })
