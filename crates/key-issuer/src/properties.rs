//! What holds for any bytes that a client sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use contract::secret::SecretHash;
use contract::{ClientId, Environment, KeyId};
use proptest::prelude::*;
use uuid::Uuid;

use crate::access_token::{AccessTokens, NewToken};
use crate::key_name::KeyName;
use crate::signing_key::SigningKey;
use crate::token_request::{self, MalformedError};
use service::master_key::MasterKey;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// `application/x-www-form-urlencoded`, every byte escaped.
fn escaped(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    bytes.concat()
}

fn tokens() -> AccessTokens {
    let key = SigningKey::generate(Environment::system().new_id());
    AccessTokens::new(key, "https://issuer.example.com".into(), "https://api.example.com".into())
}

proptest! {
    #[test]
    fn no_bytes_bring_the_form_to_panic(
        header in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
        kind in prop::option::of("\\PC{0,40}|application/x-www-form-urlencoded"),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = token_request::parse(header.as_deref(), kind.as_deref(), &body);
        let _ = token_request::parse(header.as_deref(), FORM, &body);
    }

    /// Any id and secret, escaped, are read as they were, in the body as by Basic.
    #[test]
    fn credentials_are_read_as_they_were(id in "\\PC{1,30}", secret in "\\PC{1,30}") {
        let body = format!("grant_type=x&client_id={}&client_secret={}", escaped(&id), escaped(&secret));
        let pair = STANDARD.encode(format!("{}:{}", escaped(&id), escaped(&secret)));
        let header = format!("Basic {pair}");
        for request in [
            token_request::parse(None, FORM, body.as_bytes()).unwrap(),
            token_request::parse(Some(header.as_bytes()), FORM, b"grant_type=x").unwrap(),
        ] {
            prop_assert_eq!(&request.credentials.client_id, &id);
            prop_assert!(request.credentials.secret.matches(&SecretHash::of(&secret)));
        }
    }

    /// No parameter, known or not, can come twice, wherever it stands.
    #[test]
    fn a_repeated_parameter_is_refused(name in "[a-z_]{1,12}", others in prop::collection::btree_set("[a-z_]{13,16}", 0..5), at in any::<prop::sample::Index>()) {
        let mut pairs: Vec<String> = others.iter().map(|other| format!("{other}=1")).collect();
        for _ in 0..2 {
            let at = at.index(pairs.len() + 1);
            pairs.insert(at, format!("{name}=1"));
        }
        let refused = token_request::parse(None, FORM, pairs.join("&").as_bytes()).unwrap_err();
        prop_assert_eq!(refused.error, MalformedError::Duplicate);
    }

    /// A Basic header is read in full or authenticates nobody; never both ways at once.
    #[test]
    fn basic_beside_a_secret_is_refused(pair in prop::collection::vec(any::<u8>(), 0..60)) {
        let header = format!("Basic {}", STANDARD.encode(pair));
        let both = token_request::parse(Some(header.as_bytes()), FORM, b"grant_type=x&client_id=a&client_secret=s");
        prop_assert_eq!(both.unwrap_err().error, MalformedError::TwoAuthentications);
    }

    #[test]
    fn a_key_name_is_its_own_normal_form(text in any::<String>()) {
        if let Ok(name) = KeyName::parse(&text) {
            prop_assert!((1..=100).contains(&name.as_str().chars().count()));
            let again = KeyName::parse(name.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), name.as_str());
        }
    }

    /// A master key has 32 bytes in base64, and no other text is one.
    #[test]
    fn a_master_key_has_32_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40), text in "\\PC{0,60}") {
        prop_assert_eq!(MasterKey::parse(&STANDARD.encode(&bytes)).is_ok(), bytes.len() == 32);
        let _ = MasterKey::parse(&text);
    }

    /// What was sealed opens for its purpose, and not when one bit of it was changed.
    #[test]
    fn what_is_sealed_cannot_be_changed(plain in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let key = MasterKey::parse(&STANDARD.encode([7; 32])).unwrap();
        let mut sealed = key.seal(&Environment::system(), b"purpose", &plain);
        prop_assert_eq!(key.open(b"purpose", &sealed).unwrap(), plain);
        prop_assert!(key.open(b"another", &sealed).is_err());
        let at = at.index(sealed.ciphertext.len());
        sealed.ciphertext[at] ^= 1 << bit;
        prop_assert!(key.open(b"purpose", &sealed).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_an_access_token(text in "\\PC{0,80}|[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{0,90}") {
        prop_assert!(tokens().verify(&text, DateTime::UNIX_EPOCH).is_err());
    }

    /// A token that was signed reads back as it was, and no change of a character makes another.
    #[test]
    fn an_access_token_cannot_be_changed(id: u128, scope in "[A-Za-z_ ]{0,40}", at in any::<prop::sample::Index>(), put in "[A-Za-z0-9_.-]") {
        let tokens = tokens();
        let now = DateTime::UNIX_EPOCH;
        let client_id: ClientId = KeyId::from_uuid(Uuid::from_u128(id)).client_id();
        let new = NewToken {
            id: Environment::system().new_id(),
            client_id,
            scope: &scope,
            issued_at: now,
            expires_at: now + chrono::Duration::seconds(900),
        };
        let signed = tokens.sign(&new);
        let claims = tokens.verify(&signed, now).unwrap();
        prop_assert_eq!((claims.client_id, &claims.scope), (client_id, &scope));

        let at = at.index(signed.len());
        let mut changed = signed.clone();
        changed.replace_range(at..=at, &put);
        if changed != signed {
            prop_assert!(tokens.verify(&changed, now).is_err());
        }
    }
}
