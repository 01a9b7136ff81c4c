app-overview = Overview
app-keys = Keys
# $app (String) - its name
app-keys-of = Keys of { $app }
app-facts = What it is
app-id = App id
app-since = Active since
app-links = Links
# $app (String) - its name
app-links-of = Links of { $app }
app-actions = Actions
app-ends-at-once = Stops at once
app-ends-goes-on = Goes on
