my-apps-title = My apps
# $organization (String) - its name
my-apps-lead = Apps of { $organization }. Each asks account owners for access to their accounts.
my-apps-empty-title = No app yet
my-apps-empty-what = An app is what you build on the platform’s API. Account owners see its name and picture when you ask them for access; its keys let your program act on their accounts.
my-apps-none-of-yours-title = You belong to no organization
my-apps-none-of-yours-what = Apps belong to organizations. If yours is here already, one of its owners can invite you: the invitation comes by mail. If it is not, create it.
method-client-credentials = Client credentials
method-authorization-code = Authorization code
no-service-yet = No service yet
state-draft = Draft
state-active = Active
state-suspended = Suspended
state-archived = Archived
# $step (Number) - which step comes next, of three
my-apps-life-draft = Draft, step { $step } of 3
# $count (Number) - how many keys
my-apps-life-keys = { $count ->
    [0] No keys
    [one] 1 key
   *[other] { $count } keys
}
# $count (Number) - how many accounts consented
# $shown (String) - the same, in groups of three
my-apps-life-accounts = { $count ->
    [0] no accounts
    [one] 1 account
   *[other] { $shown } accounts
}
# $count (String) - at least so many accounts consented
my-apps-life-more-accounts = more than { $count } accounts
# $ago (String) - how long ago
my-apps-life-token = last token { $ago }
my-apps-life-no-token = no token yet
ago-now = just now
# $count (Number) - minutes
ago-minutes = { $count } min ago
# $count (Number) - hours
ago-hours = { $count } h ago
# $date (String) - a day
ago-day = on { $date }
# $date (String) - a day
my-apps-life-since = Since { $date }
# $count (Number) - how many
my-apps-archived = { $count ->
    [one] 1 archived app is not shown.
   *[other] { $count } archived apps are not shown.
}
# $count (Number) - how many
my-apps-show-archived = { $count ->
    [one] Show it
   *[other] Show them
}
my-apps-hide-archived = Hide archived apps
my-apps-more = More apps
my-apps-create-first = Create your first app
my-apps-create = Create a new app
