app-grants = Grants
# $app (String) - its name
app-grants-of = Grants to { $app }
grants-lead = The accounts that consented, each of which the app reaches as long as its grant is active. Account owners renew and revoke; this list only tells.
grants-all = All
grants-live = Active
grants-expired = Expired
grants-revoked = Revoked
grant-live = Active
grant-expired = Expired
grant-revoked = Revoked
grants-granted = Granted
grants-none = No account has consented yet. Accounts appear here as soon as their owners approve a link.
grants-to-links = Ask for access
grants-none-such = No grant is in this state.
grants-more = Older grants
