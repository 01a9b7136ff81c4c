request-label = Access request
request-label-last = Access request, last step
# $organization (String) - its name
request-title = { $organization } asks for access to your accounts
request-with-app = With its app
request-lead = You choose the accounts, you see everything again before you approve, and you can end it whenever you like.
request-lookalike = A name on this page mixes letters of different scripts. Names can be made to look like others: be sure that you know who is asking.
request-who = Who is asking
request-known = What we know
request-organization = Organization
request-contact = Contact
# $domain (String) - the domain of their address
request-confirmed = mail to { $domain } was confirmed
request-unconfirmed = not confirmed
request-since = Here since
request-afterwards = Afterwards
request-sent-to = you are sent to
request-stay = you stay here
request-theirs = What they say of themselves
request-theirs-unchecked = Name, picture and text are theirs. We have not checked them.
request-can = What it will be able to do
request-cannot = What it will not be able to do
# $domain (String) - the title of a domain
request-cannot-change = Change anything under { $domain }
# $service (String) - the title of a service
request-cannot-else = See or change anything else of { $service }
request-cannot-reach = Reach an account that you do not choose below
request-how-long = How long, and how to end it
request-until = Until
# $days (Number) - how many days
request-days = { $days ->
    [one] a day from now
   *[other] { $days } days from now
}
request-for-ever = until you end it
request-to-end = To end it
request-to-end-how = , one account or all. It counts at once. What the app has already fetched is not deleted by that.
request-which = For which accounts
# $service (String) - the title of a service
request-yours = Your { $service } accounts. Nothing is chosen for you.
request-all-matching = Chosen are all that match
request-start-over = Choose anew
request-search-what = Search accounts by name or number
request-search-hint = Name or number
request-search = Search
# $count (String) - how many can be chosen
request-choose-all = Choose all { $count } that can be chosen
# $count (String) - how many can be chosen
request-choose-matching = Choose all { $count } that match
request-choose-none = Choose none
# $chosen (String) - how many are chosen
# $all (String) - how many there are
# $cannot (Number) - how many cannot be chosen
# $shown (String) - the same, in groups of three
request-chosen = { $chosen } chosen of { $all }. { $cannot ->
    [0] All can be chosen.
    [one] One cannot be chosen; it says why.
   *[other] { $shown } cannot be chosen; each says why.
}
# $service (String) - the title of a service
request-no-accounts = You have no role on any { $service } account. Whoever manages an account can give you a role on it.
request-none-match = No account matches. What you have chosen stays chosen.
request-your-role = You:
request-why = It cannot be chosen.
# $name (String) - who granted it
request-why-granted-by = Granted already by { $name }. It stays as it is.
request-why-granted = Granted already. It stays as it is.
# $role (String) - the person's role
request-why-role = Your role, { $role }, may not consent. These people may:
# $role (String) - the person's role
request-why-role-alone = Your role, { $role }, may not consent.
# $name (String) - who is asked
request-ask = Ask { $name }
request-passed-on = The request was passed on: a mail with the link is on its way.
request-passed-on-too-often = This request was passed on too often already. Ask for another link.
# $minutes (Number) - in how many minutes
request-passed-on-just-now = They were asked just now. You can ask again in { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
}.
request-granted-meanwhile = This account was granted meanwhile.
request-not-passed-on = It could not be passed on to them.
request-more = Next accounts
request-to-first = To the first
request-review = Review
# $count (Number) - how many are chosen
# $shown (String) - the same, in groups of three
request-review-count = { $count ->
    [one] Review one account
   *[other] Review { $shown } accounts
}
request-deny = Deny
request-nothing-yet = Nothing is granted yet. This link works once, until
request-choose-one = Choose at least one account that can be chosen.
request-words-changed = What is asked for has changed since you looked at it. Nothing was granted: read it again.
request-accounts-changed = Some of these accounts cannot be chosen any more. Nothing was granted: look at the list again.
# $count (Number) - how many are chosen
# $shown (String) - the same, in groups of three
# $app (String) - the app's name
request-review-title = { $count ->
    [one] Let { $app } act on one of your accounts?
   *[other] Let { $app } act on { $shown } of your accounts?
}
request-belongs = The app belongs to
# $domain (String) - the domain of their address
request-confirmed-at = confirmed at { $domain }
request-these = These accounts
# $count (String) - how many more
request-and-more = and { $count } more
request-sign-as = You sign as
request-on-record = Your decision is written to a log that nobody can change, not even we, and you get a receipt. To end it, go to My consents; it counts at once.
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
request-approve = { $count ->
    [one] Approve for one account
   *[other] Approve for { $shown } accounts
}
request-then-sent = Then you can go on to
# $app (String) - the app's name
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
request-approved = { $count ->
    [0] Nothing new was granted
    [one] { $app } may act on one account
   *[other] { $app } may act on { $shown } accounts
}
request-approved-what = It is on record, with a receipt for each account under My consents, where you can end it too.
request-denied = You denied the request
# $organization (String) - its name
request-denied-what = { $organization } is told, and the link cannot be used any more. Consents that you gave before stay as they are.
# $host (String) - where to
request-onward = Continue to { $host }
# $organization (String) - its name
request-deny-title = Deny the request of { $organization }?
deny-at-once = Ends at once
deny-link-ends = This link, for everybody. Nothing is granted by it.
deny-stays = Stays
deny-consents-stay = Consents that you or others have given already.
deny-told = Is told
deny-told-whom = That it was denied, and when:
deny-button = Deny the request
closed-used = This link has been used
closed-used-what = The request has been approved or denied already. A link works once.
closed-used-by-you = You answered it on { $at }.
closed-used-by = { $name } answered it on { $at }.
closed-used-at = It was answered on { $at }.
closed-expired-at = It ended on { $at }.
closed-revoked-at = It was taken back on { $at }.
closed-expired = This link has expired
closed-expired-what = Nobody answered it in time. Nothing was granted by it.
closed-revoked = This link was taken back
closed-revoked-what = Whoever sent it has ended it. Nothing was granted by it.
closed-app = This app cannot be granted access now
closed-app-what = It is not active at present. Nothing was granted.
closed-unknown = There is no such request
closed-unknown-what = The address may be incomplete: copy all of it from where you have it.
closed-todo = Do you need another link? Ask whoever sent you this one. We cannot make one for them.
closed-consents = See your consents
account-role-admin = Admin
account-role-business-manager = Business manager
account-role-technical-manager = Technical manager
account-role-analyst = Analyst
account-role-viewer = Viewer
nav-my-consents = My consents
# $count (String) - how many can be chosen
# $chosen (String) - how many are chosen now
request-choose-instead = Choose all { $count } that match, in place of the { $chosen } chosen
# $count (String) - how many can be chosen now
request-count-changed = Meanwhile another number of accounts can be chosen: { $count }. Nothing was granted: look at them again.
