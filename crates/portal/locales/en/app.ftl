app-overview = Overview
app-keys = Keys
# $app (String) - its name
app-keys-of = Keys of { $app }
app-facts = What it is
app-id = App id
app-since = Activated
app-links = Links
# $app (String) - its name
app-links-of = Links of { $app }
app-actions = Actions
app-ends-at-once = Stops at once
app-ends-goes-on = Goes on
app-next = Next
app-next-suspended = An operator has suspended this app.
app-next-suspended-what = It gets no tokens and can ask for no access until an operator resumes it. Its keys, links and grants are kept.
app-next-key = It has no key yet.
app-next-key-what = A key lets your program get tokens for this app.
# $count (Number) - how many keys
app-next-replace = { $count ->
    [one] A key ends within 30 days.
   *[other] { $count } keys end within 30 days.
}
app-see-keys = See the keys
app-next-uri = It has no redirect URI yet.
app-next-uri-what = Authorization codes are sent to an address that you name, and nowhere else.
app-next-link = Nobody has been asked for access yet.
app-next-link-what = Generate a link for a customer: it shows them what the app may do, and lets them choose the accounts.
# $count (Number) - how many links
app-next-await = { $count ->
    [one] A link waits for an answer.
   *[other] { $count } links wait for an answer.
}
app-see-links = See the links
app-state-draft = It is not active yet.
app-state-active = Its name, picture, method, service and domains are frozen.
app-state-suspended = It gets no tokens until it is resumed.
app-state-archived = It has ended for good. Its record stays.
app-pkce-required = PKCE is required
app-pkce-optional = PKCE is not required
app-may = What it may do
app-domain = Domain
app-level = Level
app-in-words = In words
app-scopes = As OAuth scopes
app-health = How it is doing
app-last-token = Last token
app-refused = Refused, 24 h
app-refused-none = none
# $count (Number) - how many requests
# $shown (String) - the same, in groups of three
app-refused-count = { $count ->
    [one] 1 request for a token
   *[other] { $shown } requests for tokens
}
# $count (Number) - how many keys
app-keys-ending = { $count ->
    [one] one ends within 30 days
   *[other] { $count } end within 30 days
}
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
app-accounts = { $count ->
    [0] none yet
    [one] 1 granted
   *[other] { $shown } granted
}
# $count (String) - how many accounts
app-accounts-more = more than { $count } granted
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
app-accounts-ending = { $count ->
    [one] one ends within 30 days
   *[other] { $shown } end within 30 days
}
# $count (Number) - how many links
app-links-waiting = { $count ->
    [0] none waits
    [one] 1 waits
   *[other] { $count } wait
}
app-as-of = As of
app-end = End it
app-suspend = Suspend
# $keys (Number) - how many keys
# $accounts (Number) - how many accounts
# $shown (String) - the same, in groups of three
app-suspend-what = Stops { $keys ->
    [0] no key
    [one] 1 key
   *[other] { $keys } keys
} and the access to { $accounts ->
    [0] no account
    [one] 1 account
   *[other] { $shown } accounts
} until it is resumed. Nothing is lost.
app-resume = Resume
app-resume-what = It gets tokens again, and can ask for access.
app-archive = Archive
# $keys (Number) - how many keys
# $links (Number) - how many open links
# $accounts (Number) - how many accounts
# $shown (String) - the same, in groups of three
app-archive-what = Ends { $keys ->
    [0] no key
    [one] 1 key
   *[other] { $keys } keys
}, { $links ->
    [0] no open link
    [one] 1 open link
   *[other] { $links } open links
} and { $accounts ->
    [0] no grant
    [one] 1 grant
   *[other] { $shown } grants
}, for good. The record stays.
# $app (String) - its name
app-suspend-question = Suspend { $app }?
app-suspend-stops = Its keys get no more tokens, and nobody can approve its links. Tokens that it has are of no use for longer than they last.
app-suspend-goes-on = Keys, links and grants are kept as they are. A grant still ends on its day.
app-undone = Undone by
app-suspend-undone = Resuming it, at any time.
app-suspend-this = Suspend this app
# $app (String) - its name
app-resume-question = Resume { $app }?
app-starts = Starts again
app-resume-starts = Its keys get tokens, and its links can be approved, from this moment on.
app-resume-this = Resume this app
app-leave = Leave it as it is
# $app (String) - its name
app-archive-question = Archive { $app } for good?
# $count (Number) - how many keys
app-archive-keys = { $count ->
    [0] It has none that works.
    [one] 1 key ends. Programs that use it get no more tokens.
   *[other] { $count } keys end. Programs that use them get no more tokens.
}
# $count (Number) - how many links
app-archive-links = { $count ->
    [0] None waits for an answer.
    [one] 1 link that waits for an answer ends.
   *[other] { $count } links that wait for an answer end.
}
# $count (Number) - how many accounts
# $shown (String) - the same, in groups of three
app-archive-grants = { $count ->
    [0] None has granted anything.
    [one] 1 grant ends: the app reaches this account no more.
   *[other] { $shown } grants end: the app reaches these accounts no more.
}
# $shown (String) - how many accounts, in groups of three
app-archive-more-grants = More than { $shown } grants end: the app reaches these accounts no more.
app-stays = Stays
app-archive-stays = The record of all that happened, and the receipts of account owners. What the app has fetched is not deleted by this.
app-archive-for-good = This can never be undone. Another app needs a new consent of each account.
app-archive-confirm = To archive it, type the app’s name
app-archive-this = Archive this app
uris-title = Redirect URIs
uris-lead = Where authorization codes of this app may be sent. Addresses are compared character by character.
uris-none = None yet. Without one, no authorization code can be sent.
uris-change = Change them
uris-uri = Redirect URI
uris-uri-hint = It begins with https://, or with http:// on this machine, such as http://127.0.0.1:8710/connected.
uris-add = Add a redirect URI
uris-remove = Remove
uris-wrong = This address cannot be used: a whole address with https://, or http:// on the local machine, without a fragment, a password, a wildcard or spaces.
uris-registered = This address is there already.
uris-too-many = The app has as many redirect URIs as it may have. Remove one first.
uris-pkce = PKCE
uris-pkce-is-required = Whoever asks for an authorization code has to send a code challenge, which keeps a code that others got hold of worthless to them.
uris-pkce-is-optional = An authorization code can be asked for without a code challenge. Require it as soon as all your clients can send one.
uris-pkce-relax = Require it no more
uris-pkce-require = Require PKCE
app-archive-other = That is not the app’s name. Nothing was archived.
# $count (Number) - how many keys
app-next-replace-what = { $count ->
    [one] Replace it
   *[other] Replace them
} in time: a new key works at once, the old one until the moment that you choose.
