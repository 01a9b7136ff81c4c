//! How an app authenticates, in words.

use contract::rpc::AuthenticationMethod;

use crate::texts::Texts;

pub(crate) fn name(t: &Texts, method: AuthenticationMethod) -> String {
    match method {
        AuthenticationMethod::ClientCredentials => t.method_client_credentials(),
        AuthenticationMethod::AuthorizationCode => t.method_authorization_code(),
    }
}
