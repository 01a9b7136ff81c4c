app-overview = Overview
app-keys = Keys
# $app (String) - its name
app-keys-of = Keys of { $app }
app-facts = What it is
app-id = App id
app-since = Active since
# $count (Number) - how many there are
keys-count = { $count } of 5
keys-lead = A key is a client id and a secret. Its secret is shown once, when it is made.
keys-create = Create a key
keys-none = No key yet. A key lets your program get tokens for this app.
keys-client-id = Client id
keys-client-secret = Client secret
keys-secret = secret
keys-created = Created
keys-ends = Ends
keys-never = never
keys-name-hint = Where it is used, such as Production. Account owners do not see it.
keys-once = Its secret is shown once, on the next page, since we keep only its hash. You can download it as a text file there.
keys-shown-once = The secret is shown this once, because we keep only its hash.
keys-take-it = Take it with you before you leave this page. If it is lost, replace the key.
keys-download = Download .txt
keys-try = Try it
# $name (String) - what the key is called
keys-made = Your new key “{ $name }”
keys-made-before = This key was made already, and its secret was shown then. It cannot be shown again: if you do not have it, replace the key.
keys-back = Back to keys
keys-too-many = An app can have 5 keys. End one first.
app-links = Links
# $app (String) - its name
app-links-of = Links of { $app }
app-actions = Actions
app-ends-at-once = Stops at once
app-ends-goes-on = Goes on
