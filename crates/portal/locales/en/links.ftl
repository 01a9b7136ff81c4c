links-ask = Ask for access
links-ask-lead = A link asks one customer for access. It works once, for whoever may decide there, and shows them exactly what the app may do.
links-for-whom = For whom
links-for-whom-hint = Only your organization sees this.
links-valid = The link is valid for
links-valid-longest = As long as it may be, usually 30 days
# $days (Number) - how many
links-days = { $days ->
    [one] 1 day
   *[other] { $days } days
}
links-lasts = The consent lasts
links-lasts-hint = Account owners can end it sooner.
# $days (Number) - how many
links-lasts-most = { $days } days, the most for this service
links-lasts-for-ever = Until it is revoked
links-once = The link is shown once, on the next page, since we keep only its hash.
links-generate = Generate a link
links-may-not = You cannot generate a link now: that takes an active app, and the role of an owner or a developer in its organization.
links-unconfirmed = Your organization has to confirm its contact address first: account owners are shown whom to turn to. An owner of the organization can do that.
links-not-active = The app is not active, so it cannot ask for access.
links-too-many = Too many links of this app still wait for an answer. Revoke those that nobody needs any more.
links-all = Links
links-none = No link yet. Generate one for each customer whose accounts the app is to reach; what becomes of it stands here then.
links-state = State
links-ends = Ends
links-accounts = Accounts
links-made = Made
link-pending = Pending
link-opened = Opened
link-granted = Granted
link-denied = Denied
link-expired = Expired
link-revoked = Revoked
links-used = answered
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
links-granted = { $count ->
    [one] 1 account granted
   *[other] { $shown } accounts granted
}
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
links-already = { $count ->
    [one] 1 had consented before
   *[other] { $shown } had consented before
}
links-no-account = none
links-revoke = Revoke
links-again = Ask again
links-more = Older links
# $hint (String) - the last characters of the link
links-unlabelled = Link …{ $hint }
# $who (String) - for whom the link is
links-made-for = Link for { $who }
links-shown-once = The link is shown this once, because we keep only its hash.
links-take-it = Send it before you leave this page. If it is lost, revoke it and generate another.
links-url = Consent link
links-url-hint = Whoever has it sees what the app asks for. It works once.
links-until = Valid until
links-mail = A mail ready to send
links-mail-lead = Change it as you like. Account owners see who asks, and for what, before they decide.
# $app (String) - its name
links-mail-before = { $app } asks for access to your accounts. Please open this link, and choose the accounts that it may use:
# $day (String) - until when the link can be used
links-mail-after = You will see what the app can and cannot do before you decide. The link works once, until { $day }.
links-mail-copy = Copy the mail
links-back = I have it, back to links
links-made-before = This link was made already, and shown then. It cannot be shown again: if you do not have it, generate another, and revoke this one.
links-make-another = Generate another
links-revoke-this = Revoke this link
links-one = Consent link
links-not-opened = not yet
links-passed-on = Passed on
# $count (Number) - how often
links-passed-on-times = { $count ->
    [one] once, to somebody who may decide
   *[other] { $count } times, to people who may decide
}
links-answered = Answered
links-ended = Ended
links-address = Address
links-address-gone = shown once, when it was made; it ends in
links-account = Account
links-outcome = Outcome
links-account-unknown = no longer known by name
links-account-granted = granted by this link
links-account-before = had consented before
links-more-accounts = More accounts
# $who (String) - for whom the link is
links-revoke-question = Revoke the link for { $who }?
links-revoke-stops = Nobody can use this link any more, to approve or to deny. Whoever opens it is told that it was revoked.
links-revoke-goes-on = All other links, and every consent that was given.
links-revoke-for-good = This cannot be undone. You can generate another link at any time.
links-keep = Keep it
links-mail-hello = Hello,
links-made-by = by
links-days-wrong = That is more than is possible here. Choose fewer days.
links-valid-hint = The customer has to answer by then.
