wizard-title = Create a new app
wizard-steps = Steps
wizard-done = (done)
wizard-save-draft = Save as draft
wizard-close = Close
wizard-close-kept = Close, the draft is kept
wizard-create = Create app
wizard-details = App details
wizard-method = Authentication method
wizard-picture = Picture
wizard-activation = App activation
wizard-service = Service
wizard-authorizations = Authorizations
wizard-domains = Domains
wizard-review = Review and activate
wizard-next = Next
wizard-back = Back
wizard-optional = (optional)
# $step (Number) - which of the three steps
wizard-step = Step { $step } of 3
wizard-details-question = What will account owners see?
wizard-details-lead = Until you activate the app, you can change all of this.
wizard-name = Name
wizard-name-hint = At most 100 characters. Say what it does; your organization is shown beside it.
wizard-description = Description
wizard-description-hint = One or two sentences, at most 255 characters, in the words of the people who will read it.
wizard-method-question = How will it get access?
wizard-method-lead = Fixed once the app is created. If you are not sure: most platforms with more than one customer take the first.
wizard-code-whom = For a platform that acts for many customers.
wizard-code-links = Links that can be used many times
wizard-code-made = Your app builds the links itself
wizard-code-limits = Rate limits for each customer
wizard-code-return = You set where people return
wizard-credentials-whom = For a simple connection to one customer.
wizard-credentials-links = Links that are used once
wizard-credentials-made = Made by hand or by program
wizard-credentials-limits = Rate limits for the app as a whole
wizard-credentials-return = No pages to return to
wizard-method-missing = Choose one of the two.
wizard-service-question = Which service does it work with?
wizard-service-lead = One app works with one service. Fixed once it is saved.
wizard-service-missing = Choose one of these.
wizard-domains-question = What may it do?
wizard-domains-lead = Account owners grant all of it or nothing. Manage includes read. An app that asks for less is granted sooner.
wizard-domains-missing = Choose at least one.
wizard-rules-acted = Some of what you chose cannot be combined, or brings something along. Look at what has changed below, then go on.
wizard-undo = Undo
wizard-on-request = on request
wizard-not-offered = not offered
wizard-on-request-whom = Given on request: an operator of the platform enables it for your organization.
wizard-ask-for-it = Ask for it
level-none = No access
level-read = Read
level-manage = Manage
# $level (String) - the level that it is at now
# $by (String) - the title of the domain that brings it along
wizard-brought = Set to { $level }: it comes with { $by }.
# $was (String) - the level that it was at
# $level (String) - the level that it is at now
# $by (String) - the title of the domain that excludes it
wizard-excluded = Was { $was }. Set to { $level }, since it cannot be combined with { $by }.
wizard-review-question = Review, then activate
wizard-review-lead = This is what account owners will see. After activation none of it can change, not even by us; a different app is a new app.
# $organization (String) - its name
wizard-asks = { $organization } asks for access to your accounts
wizard-with-app = with the app
# $days (Number) - how many days a consent lasts
wizard-lasts = Until { $days } days after each grant. Account owners can end it at any time.
wizard-lasts-for-ever = Until account owners end it, which they can at any time.
wizard-frozen = Frozen for good
wizard-change = Change
wizard-frozen-rest = Keys and links can still be made, replaced and ended. The app can be archived, never deleted.
wizard-confirm = Type the app's name to activate it
wizard-confirm-other = That is not the app's name. Nothing was activated.
wizard-activate = Activate app
wizard-may-not = You may not activate it. An owner or a developer of your organization can.
wizard-unconfirmed = Your organization's contact address is not confirmed yet. Its owners have a mail with a link that confirms it; then this app can be activated.
wizard-preview = As account owners will see it
wizard-preview-name = Your app’s name
wizard-preview-by = by
wizard-preview-apart = What we know of your organization is shown apart from what you write.
