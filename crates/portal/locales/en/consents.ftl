consents-lead = Every app that can act on your accounts, whoever granted it.
consents-order = Order
consents-by-app = By app
consents-by-account = By account
consents-account = Account
consents-app = App
consents-granted-by = Granted by
consents-ends = Ends
consents-state = State
consents-actions = Actions
consents-live = Active
consents-you = You
consents-somebody = Somebody
# $days (Number) - in how many days
consents-in-days = { $days ->
    [0] today
    [one] tomorrow
   *[other] in { $days } days
}
consents-renew = Renew
consents-revoke = Revoke
consents-revoke-app = Revoke the app
consents-sees = It can see
consents-changes = It can see and change
# $app (String) - its name
# $account (String) - its name
consents-soon = { $app } on { $account } ends soon:
consents-renew-it = Renew it
consents-renewed = Renewed. The table says until when it lasts now.
consents-ended-already = It could not be renewed: it has ended, or does not end by itself.
consents-may-not = It was not renewed: your role on the account no longer allows it.
consents-none = No app can act on your accounts
consents-none-what = When an organization wants access, it sends you a link. What you approve is here from then on, and can be ended here.
consents-more = Show more
consents-history = Consents that have ended
consents-ended-title = Ended consents
consents-ended-lead = What was revoked, or has expired. The receipts stay.
consents-ended-none = No consent on your accounts has ended yet.
consents-app-and-account = App and account
# $app (String) - its name
# $account (String) - its name
consents-app-on-account = { $app } on { $account }
consents-ended-on = Ended
consents-how = How
consents-expired = Expired
consents-revoked = Revoked
receipt-label = Receipt of consent
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
# $app (String) - its name
receipt-title = { $count ->
    [one] { $app } may act on one account
   *[other] { $app } may act on { $shown } accounts
}
# $app (String) - its name
receipt-title-ended = { $app } may not act on this account any more
# $by (String) - who granted it
# $organization (String) - to whom
receipt-granted-by = Granted by { $by } to { $organization }.
# $organization (String) - to whom
receipt-granted-to = Granted to { $organization }.
receipt-file = Receipt as a file
receipt-print = Print
receipt-facts = The facts
receipt-on = On
receipt-to = To
receipt-ended = ended on
receipt-unless = unless ended before
receipt-accounts = Accounts
# $count (Number) - of how many accounts
# $shown (String) - the same, in groups of three
receipt-already = { $count ->
    [one] One more account was chosen that had consented before. Its consent stays as it was.
   *[other] { $shown } more accounts were chosen that had consented before. Their consents stay as they were.
}
receipt-of-its-own = Its receipt
receipt-words = In the words that were shown
receipt-words-erased = The words were erased at somebody’s request. That they were shown can still be checked by their hash.
receipt-check = To check this receipt
receipt-check-what = The file has every event of consent
receipt-hash = and the SHA-256 of what was shown is
receipt-issued = This receipt says what was so on
receipt-to-end = You can end this consent at any time under My consents.
# $account (String) - its name
# $app (String) - its name
revoke-title = Revoke the consent of { $account } to { $app }?
revoke-at-once = Stops at once
# $app (String) - its name
# $account (String) - its name
revoke-stops = { $app } can no longer see or change anything of { $account }. Tokens that it already holds reach nothing there.
revoke-stays = Goes on
# $app (String) - its name
revoke-goes-on = What { $app } may do with your other accounts. What it has started, such as campaigns, keeps running: stop that in the account.
revoke-not-undone = Is not undone
revoke-fetched = What the app has already fetched is not deleted by this. For that, ask
revoke-told = at the same moment
revoke-again = To grant it again you need a new link from them.
revoke-keep = Keep it
# $account (String) - its name
revoke-button = Revoke for { $account }
# $app (String) - its name
revoke-app-title = Revoke everything that { $app } may do?
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
# $app (String) - its name
revoke-app-stops = { $count ->
    [one] { $app } can no longer see or change anything of the one account that granted it access.
   *[other] { $app } can no longer see or change anything of { $shown } accounts, all that granted it access.
}
# $app (String) - its name
# $count (String) - how many accounts at least
revoke-app-stops-more = { $app } can no longer see or change anything of your accounts, of which more than { $count } granted it access.
revoke-app-goes-on = Accounts where your role does not allow you to revoke. What the app has started, such as campaigns, keeps running: stop that in the accounts.
# $app (String) - its name
revoke-app-button = Revoke { $app }
