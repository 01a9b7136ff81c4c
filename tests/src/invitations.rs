//! Invitations, and their mail: systems of tests have no mail server, so that whoever is invited gets the token
//! in the way of its sender.

use contract::Environment;
use contract::secret::MailToken;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use stage::{Answer, Client};

use crate::people::PASSWORD;

/// An invitation, with the token of its mail.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: String,
}

impl Invitation {
    /// Makes the token of the mail that this invitation asked for, in this database.
    pub async fn mailed(database: &str, id: &str) -> Self {
        let token = MailToken::generate(&Environment::system());
        let mut database = PgConnection::connect(database).await.unwrap();
        let kept = sqlx::query(
            "INSERT INTO directory.mailed_links (token_hash, mail_id, purpose, subject_id, created_at)
             SELECT $1, id, template, $2::uuid, now() FROM directory.mails
             WHERE parameters->>'invitation' = $2 ORDER BY created_at DESC LIMIT 1",
        )
        .bind(token.hash().0.as_slice())
        .bind(id)
        .execute(&mut database)
        .await
        .unwrap();
        database.close().await.unwrap();
        assert_eq!(kept.rows_affected(), 1, "the invitation asks for a mail");
        Self { id: id.to_owned(), token: token.reveal().to_owned() }
    }

    /// Accepts it, as who they are.
    pub async fn accept(&self, by: &Client) -> Answer {
        by.post("/v1/invitations/accept", json!({ "token": self.token })).await
    }

    /// Accepts it, as somebody new.
    pub async fn accept_as_new(&self, anyone: &Client) -> Answer {
        let body = json!({ "token": self.token, "person": newcomer() });
        anyone.without_credentials().post("/v1/invitations/accept", body).await
    }

    /// Looks at it.
    pub async fn look_up(&self, anyone: &Client) -> Answer {
        let body = json!({ "token": self.token });
        anyone.without_credentials().post("/v1/invitations/lookup", body).await
    }
}

/// Who somebody new is.
pub fn newcomer() -> Value {
    json!({ "name": "New Colleague", "password": PASSWORD })
}
