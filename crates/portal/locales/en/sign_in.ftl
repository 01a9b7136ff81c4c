sign-in-title = Sign in
sign-in-to-request = Someone sent you a request for access. Sign in to see it.
sign-in-link-unused = Opening this page did not use the link. It is used once, when you approve or deny.
sign-in-ended = You were signed out. Sign in to go on.
sign-in-email = Email
sign-in-password = Password
sign-in-button = Sign in
sign-in-wrong = Email or password is not right.
# $minutes (Number) - in how many minutes
sign-in-locked = Too many attempts. Try again in { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
}.
sign-in-no-cookie = Your browser did not keep the cookie that says who you are. Allow cookies for this address, then sign in again.
sign-in-demo = This installation plays a demo. Who can sign in was printed where it was started, with passwords, and is in demo.json in its data folder.
sign-in-nobody = Nobody can sign in yet. Whoever runs this installation adds its first operator with the command “mandate operators add”.
sign-in-kept = What you typed is kept: the form comes again, filled in, and nothing is sent by itself.
