# $live (Number) - how many there are
# $most (Number) - how many there may be
keys-count = { $live } of { $most }
# $most (Number) - how many there may be
keys-full = An app has { $most } keys at most. Delete one to make another.
keys-lead = A key is a client id and a secret. Its secret is shown once, when it is made, and downloaded as a text file.
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
keys-too-many = The app has as many keys as it may have. Delete one first.
# $minutes (Number) - after how many minutes
keys-too-many-for-now = The app has as many keys as it may have. The next can be made in { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
}, when one that was deleted has ended; or delete another.
keys-not-active = The app is not active, so it gets no keys.
keys-none-works = No key works, so your program gets no tokens for this app.
key-live = Live
key-ending = Ending
key-deleted = Deleted
key-expired = Expired
key-leaked = Leaked
keys-one = Key
keys-replace = Replace
keys-replace-this = Replace this key
keys-delete = Delete
keys-delete-this = Delete this key
keys-keep = Keep it as it is
# $count (Number) - how many keys
keys-ended = { $count ->
    [one] 1 ended key
   *[other] { $count } ended keys
}
keys-ended-at = Ended
keys-why = Why
keys-more = Older keys
# $name (String) - what the key is called
keys-leaked-note = Somebody found the secret of “{ $name }” and reported it.
keys-leaked-when = Reported and ended on
keys-leaked-next = Create another key, and look at how the secret got out before you use it.
# $name (String) - what the key is called
keys-ending-note = “{ $name }” ends
keys-ending-next = Replace it: the new key works at once, the old one until then.
keys-leak = If a secret gets out
keys-leak-what = Delete the key and choose “At once”. Otherwise a deleted key works for 15 more minutes, so that your program can change over. Anyone who finds a secret can report it; then its key ends at once, and we write to you.
keys-expires = The new key ends by itself on
keys-expires-hint = At the beginning of that day, in UTC. We write to you well before. Leave it empty for a key that works until you end it.
keys-no-day = Choose a day, or leave this empty.
keys-no-minute = Choose a day and a time.
keys-old-ends = The old key works until
keys-new-ends = This key ends by itself
keys-download-what = Both values, and where to send them.
keys-try-what = Get a token with it. Ask again when the token ends.
keys-copy-command = Copy the command
keys-rename = Its name
keys-rename-save = Rename it
# $name (String) - what the key is called
keys-replace-question = Replace the key “{ $name }”
keys-replace-lead = A new key with the same name works at once. You choose when the old one ends, so that your program can change over.
keys-old = Old key
keys-when = When the old key ends
keys-when-this = When it ends
keys-when-grace = In 15 minutes
keys-when-grace-what = Time enough to give a program another key.
keys-when-now = At once
keys-when-now-what = If its secret got out. Programs that still use it get no tokens from then on.
keys-when-at = On a date
keys-when-at-what = At the moment that you name: for programs that are changed by hand.
keys-old-at = When exactly
keys-old-at-hint = Day and time in UTC, for “On a date”.
# $name (String) - what the key is called
keys-delete-question = Delete the key “{ $name }”?
keys-stops = Stops
keys-stops-what = Programs that use this key get no more tokens. A token that one of them has works until it ends by itself, minutes later.
keys-goes-on = The app’s other keys, and every consent that it has.
keys-delete-for-good = This cannot be undone. To give a program another key, replace this one instead.
keys-old-ends-wrong = The old key cannot end then. Choose a time within the next months that is not after its own end.
keys-expires-wrong = Choose a day that is to come.
# $count (Number) - how many are shown
keys-ended-cut = The { $count } newest of them.
keys-ended-all = The activity tells of all
