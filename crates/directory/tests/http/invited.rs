//! Invitations, as tests make them and read their mail.

use axum::http::Method;
use contract::Environment;
use contract::secret::MailToken;
use serde_json::{Value, json};
use stage::{Answer, Client};
use uuid::Uuid;

use crate::stage::{PASSWORD, Person, Stage};

/// An invitation, and the token of its mail.
#[derive(Clone)]
pub(crate) struct Invited {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Stage {
    /// Invites somebody, who gets their mail.
    pub(crate) async fn invite(&self, by: &Person, organization: &str, email: &str) -> Invited {
        let body = json!({ "email": email, "role": "developer" });
        let made = by.post(&format!("{organization}/invitations"), body).await.expect(201);
        self.mailed(&made.field("id")).await
    }

    /// The mail of this invitation: what its sender does when it makes the token of the link.
    pub(crate) async fn mailed(&self, id: &str) -> Invited {
        let token = MailToken::generate(&Environment::system());
        let mail: (Uuid, String) = sqlx::query_as(
            "SELECT id, template FROM directory.mails WHERE parameters->>'invitation' = $1
             ORDER BY created_at DESC LIMIT 1",
        )
        .bind(id)
        .fetch_one(&self.resources.pool)
        .await
        .unwrap();
        sqlx::query("INSERT INTO directory.mailed_links VALUES ($1, $2, $3, $4::uuid, now())")
            .bind(token.hash().0.as_slice())
            .bind(mail.0)
            .bind(mail.1)
            .bind(id)
            .execute(&self.resources.pool)
            .await
            .unwrap();
        Invited { id: id.to_owned(), token: token.reveal().to_owned() }
    }

    /// The mails that were asked for: template and recipient.
    pub(crate) async fn mails(&self) -> Vec<(String, String)> {
        sqlx::query_as("SELECT template, recipient FROM directory.mails ORDER BY id")
            .fetch_all(&self.resources.pool)
            .await
            .unwrap()
    }
}

impl Invited {
    /// By somebody who is signed in.
    pub(crate) async fn accept(&self, by: &Client) -> Answer {
        by.post("/v1/invitations/accept", json!({ "token": self.token })).await
    }

    /// By somebody new.
    pub(crate) async fn accept_as(&self, stage: &Stage, person: Value) -> Answer {
        let body = json!({ "token": self.token, "person": person });
        stage.anonymous().request(Method::POST, "/v1/invitations/accept").json(body).send().await
    }

    pub(crate) async fn lookup(&self, stage: &Stage) -> Answer {
        stage.anonymous().post("/v1/invitations/lookup", json!({ "token": self.token })).await
    }

    pub(crate) fn path(&self) -> String {
        format!("/v1/invitations/{}", self.id)
    }
}

/// Somebody new.
pub(crate) fn newcomer() -> Value {
    json!({ "name": "Newcomer", "password": PASSWORD })
}
