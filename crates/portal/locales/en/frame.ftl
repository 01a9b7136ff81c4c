language-name = English
skip-to-content = Skip to content
main-navigation = Main
nav-my-apps = My apps
nav-organization = Organization
organization-menu = Organization:
your-account = Your account
your-sessions = Your sessions
sign-out = Sign out
in-this-language = In English
# $page (String) - the name of the page
# $product (String) - the name of the product
page-title = { $page } · { $product }
# $product (String) - the name of the product
foot-what = { $product } keeps a record of every consent, and of everything done with it.
