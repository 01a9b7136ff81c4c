app-activity = Activity
# $app (String) - its name
app-activity-of = Activity of { $app }
activity-lead = What happened to the app, newest first, each with its place in the log. What stands in the log never changes.
activity-which = Which events
activity-changes = What changed
activity-all = Everything, with tokens
activity-none = Nothing has been recorded yet.
activity-what = What happened
activity-by = By
activity-place = Place in the log
activity-more = Older events
activity-somebody = somebody at a customer
activity-the-app = the app
activity-anonymous = somebody unknown
# $kind (String) - the event's type
event-other = Another event was recorded: { $kind }.
event-not-kept = (name no longer kept)
event-app-created = A draft was made.
event-app-edited = The draft was changed.
event-app-image-set = The draft got a picture.
event-app-image-removed = The draft’s picture was removed.
event-app-activated = The app was activated.
event-app-suspended = The app was suspended.
event-app-resumed = The app was resumed.
event-app-archived = The app was archived.
event-app-pkce-required = PKCE became required.
event-app-pkce-optional = PKCE is required no more.
# $uri (String) - the address
event-redirect-uri-added = The redirect URI { $uri } was added.
# $uri (String) - the address
event-redirect-uri-removed = The redirect URI { $uri } was removed.
# $name (String) - what the key is called
event-key-created = The key “{ $name }” was created.
# $name (String) - what the key is called
event-key-renamed = A key was renamed “{ $name }”.
event-key-deleted = A key was deleted; it worked for some minutes yet.
event-key-deleted-now = A key was deleted at once.
event-key-deleted-leaked = A key ended at once, because its secret was found.
event-key-deleted-archived = A key ended with the app.
event-key-replaced = A key was replaced by another.
event-key-expired = A key expired.
# $days (Number) - how many
event-key-expiring = A key was going to expire within { $days ->
    [one] a day
   *[other] { $days } days
}.
event-key-leaked = A key’s secret was found somewhere and reported.
event-token-issued = A token was issued.
# $reason (String) - a code
event-token-refused = { $reason ->
    [wrong_secret] A token was refused: the secret was wrong.
    [key_ended] A token was refused: the key has ended.
    [app_suspended] A token was refused: the app is suspended.
    [app_archived] A token was refused: the app has ended.
    [invalid_scope] A token was refused: a scope that the app does not have.
   *[other] A token was refused.
}
event-link-created = A consent link was generated.
# $who (String) - for whom
event-link-created-for = A consent link was generated for { $who }.
event-link-opened = A consent link was opened.
event-link-passed-on = A consent link was passed on to somebody who may decide.
# $count (Number) - how many accounts
event-link-redeemed = A consent link was approved; by it { $count ->
    [one] 1 account consents
   *[other] { $count } accounts consent
}.
event-link-denied = A consent link was denied.
event-link-expired = A consent link expired unused.
event-link-revoked = A consent link was revoked.
event-link-revoked-archived = A consent link ended with the app.
event-consent-granted = An account consented.
event-consent-renewed = An account’s consent was renewed.
event-consent-expired = An account’s consent expired.
event-consent-expiry-set = An account’s consent was given an end.
event-consent-revoked = An account’s consent was revoked.
event-consent-revoked-archived = An account’s consent ended with the app.
# $days (Number) - how many
event-consent-notice = An account’s owner was told that a consent ends within { $days ->
    [one] a day
   *[other] { $days } days
}.
activity-you = you
