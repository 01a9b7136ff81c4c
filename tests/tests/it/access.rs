//! Who may do what: 404 for those who are not to know, 403 and an event for those whose role does
//! not suffice (rules 4, 5 and 33).

use journeys::events;
use journeys::people::{App, MARKETING_SOLUTIONS, Organization, Person, RETAIL_MEDIA};
use journeys::system::shared;
use serde_json::{Value, json};
use stage::{Answer, Client, Method};

/// Something that not everybody may do.
struct Deed {
    /// Its name in `access.refused`.
    operation: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    /// What it is aimed at, as `<aggregate>/<id>`.
    target: String,
}

impl Deed {
    async fn by(&self, who: &Client) -> Answer {
        let request = who.request(self.method.clone(), &self.path);
        let request = match &self.body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await
    }

    /// Refuses with 403, and with an event that says who, what, at what and why not.
    async fn is_refused_to(&self, who: &Person, reader: &Client) {
        self.by(who).await.problem(403, "role-not-allowed");
        let query = format!("actor={}", who.actor());
        let refused = events::one(reader, &query, "access.refused", |event| {
            event.fact("operation") == self.operation
                && event.fact("target") == self.target.as_str()
        });
        let refused = refused.await;
        assert_eq!(refused.fact("reason"), "role_not_allowed");
        assert_eq!(refused.version(), 1);
    }
}

/// What an organization's owner and developer may do with an app.
async fn deeds_of_developers(organization: &Organization, app: &App) -> Vec<Deed> {
    let developer = &organization.developer;
    let (key, link) = (developer.key(app).await, developer.link(app).await);
    let path = format!("/v1/apps/{}", app.id);
    let target = format!("app/{}", app.id);
    let key_uuid = uuid::Uuid::parse_str(&key.client_id).unwrap();
    let draft = json!({ "organization_id": organization.id, "name": "Another", "authentication_method": "client_credentials" });
    let deed = |operation, method, path: String, body, target: &str| Deed {
        operation,
        method,
        path,
        body,
        target: target.to_owned(),
    };
    vec![
        deed(
            "app.create",
            Method::POST,
            "/v1/apps".to_owned(),
            Some(draft),
            &format!("organization/{}", organization.id),
        ),
        deed("app.edit", Method::PATCH, path.clone(), Some(json!({ "name": "Other" })), &target),
        deed("app.set-image", Method::PUT, format!("{path}/image"), None, &target),
        deed("app.activate", Method::POST, format!("{path}/activate"), None, &target),
        deed(
            "key.create",
            Method::POST,
            format!("{path}/keys"),
            Some(json!({ "name": "Mine" })),
            &target,
        ),
        deed(
            "key.rename",
            Method::PATCH,
            format!("/v1/keys/{}", key.client_id),
            Some(json!({ "name": "Mine" })),
            &format!("key/{key_uuid}"),
        ),
        deed(
            "key.delete",
            Method::DELETE,
            format!("/v1/keys/{}", key.client_id),
            None,
            &format!("key/{key_uuid}"),
        ),
        deed(
            "consent-link.create",
            Method::POST,
            format!("{path}/consent-links"),
            Some(json!({})),
            &target,
        ),
        deed(
            "consent-link.revoke",
            Method::DELETE,
            format!("/v1/consent-links/{}", link.id),
            None,
            &format!("consent-link/{}", link.id),
        ),
    ]
}

#[tokio::test]
async fn an_auditor_reads_everything_of_the_organization_and_changes_nothing() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let auditor = &organization.auditor;
    for deed in deeds_of_developers(&organization, &app).await {
        deed.is_refused_to(auditor, auditor).await;
    }
    let archive = Deed {
        operation: "app.archive",
        method: Method::POST,
        path: format!("/v1/apps/{}/archive", app.id),
        body: None,
        target: format!("app/{}", app.id),
    };
    archive.is_refused_to(auditor, auditor).await;
    for path in [
        format!("/v1/organizations/{}", organization.id),
        format!("/v1/organizations/{}/members", organization.id),
        format!("/v1/apps?organization_id={}", organization.id),
        format!("/v1/apps/{}", app.id),
        format!("/v1/apps/{}/keys", app.id),
        format!("/v1/apps/{}/consent-links", app.id),
        format!("/v1/grants?app_id={}", app.id),
        format!("/v1/events?organization_id={}", organization.id),
    ] {
        auditor.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn an_operator_looks_at_keys_and_links_and_makes_none() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    for deed in deeds_of_developers(&organization, &app).await {
        deed.by(&operator).await.problem(403, "role-not-allowed");
    }
    operator.get(&format!("/v1/apps/{}/keys", app.id)).await.expect(200);
    operator.get(&format!("/v1/apps/{}/consent-links", app.id)).await.expect(200);
}

#[tokio::test]
async fn what_belongs_to_others_is_as_if_it_were_not_there() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    // Somebody with rights of their own, elsewhere; and an account's admin: no member role either.
    let elsewhere = operator.organization().await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    for stranger in [&elsewhere.owner, account.admin()] {
        for deed in deeds_of_developers(&organization, &app).await {
            let answer = deed.by(stranger).await;
            assert_eq!(answer.status, 404, "{}: {}", deed.operation, answer.text());
        }
        for path in [
            format!("/v1/organizations/{}", organization.id),
            format!("/v1/organizations/{}/members", organization.id),
            format!("/v1/apps/{}", app.id),
            format!("/v1/apps/{}/keys", app.id),
            format!("/v1/apps/{}/consent-links", app.id),
            format!("/v1/events?organization_id={}", organization.id),
            format!("/v1/people/{}", organization.owner.id),
        ] {
            let answer = stranger.get(&path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
        let apps = stranger.get("/v1/apps").await.expect(200).json;
        assert_eq!(apps["items"], json!([]));
    }
    // Nothing that strangers tried is told to the organization either.
    let seen =
        events::all(&organization.auditor, &format!("organization_id={}", organization.id)).await;
    assert!(seen.iter().all(|event| event.kind() != "access.refused"));
    elsewhere.owner.get(&format!("/v1/accounts/{}", account.id)).await.expect(404);
}

#[tokio::test]
async fn what_operators_do_is_refused_to_everybody_else() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let owner = &organization.owner;
    let (of_organization, of_app) =
        (format!("organization/{}", organization.id), format!("app/{}", app.id));
    let of_owner = format!("person/{}", owner.id);
    let account = json!({ "name": "Mine", "kind": "publisher", "service": MARKETING_SOLUTIONS });
    let person = json!({ "email": "somebody@people.example", "name": "Somebody", "password": "a long enough password" });
    let organizations = format!("/v1/organizations/{}", organization.id);
    for (operation, method, path, body, target) in [
        ("person.register", Method::POST, "/v1/people".to_owned(), Some(person), &of_owner),
        ("account.create", Method::POST, "/v1/accounts".to_owned(), Some(account), &of_owner),
        ("account.import", Method::POST, "/v1/accounts/import".to_owned(), None, &of_owner),
        (
            "organization.confirm-contact",
            Method::POST,
            format!("{organizations}/confirm-contact"),
            None,
            &of_organization,
        ),
        (
            "organization.enable-domains",
            Method::PUT,
            format!("{organizations}/enabled-domains"),
            Some(json!({ "domains": [] })),
            &of_organization,
        ),
        ("app.suspend", Method::POST, format!("/v1/apps/{}/suspend", app.id), None, &of_app),
        ("app.resume", Method::POST, format!("/v1/apps/{}/resume", app.id), None, &of_app),
    ] {
        let target = target.clone();
        let deed = Deed { operation, method, path, body, target };
        deed.is_refused_to(owner, &operator).await;
    }
}

#[tokio::test]
async fn only_an_owner_edits_the_organization_and_its_members() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let path = format!("/v1/organizations/{}", organization.id);
    let target = format!("organization/{}", organization.id);
    let member = format!("{path}/members/{}", organization.auditor.id);
    for (operation, method, path, body) in [
        ("organization.edit", Method::PATCH, path.clone(), Some(json!({ "name": "Mine" }))),
        (
            "member.add",
            Method::POST,
            format!("{path}/members"),
            Some(json!({ "email": "x@people.example", "role": "owner" })),
        ),
        ("member.change-role", Method::PATCH, member.clone(), Some(json!({ "role": "owner" }))),
        ("member.remove", Method::DELETE, member.clone(), None),
    ] {
        let target = target.clone();
        let deed = Deed { operation, method, path, body, target };
        deed.is_refused_to(&organization.developer, &organization.owner).await;
    }
}

#[tokio::test]
async fn only_admins_see_and_change_the_roles_of_an_account() {
    let system = shared().await;
    let operator = system.operator();
    let account = operator.account(RETAIL_MEDIA, &["admin", "business_manager", "viewer"]).await;
    let (manager, viewer) = (account.person("business_manager"), account.person("viewer"));
    let path = format!("/v1/accounts/{}/roles", account.id);
    let of_viewer = format!("{path}/{}", viewer.id);
    let target = format!("account/{}", account.id);
    for (operation, method, path, body) in [
        ("account-role.list", Method::GET, path.clone(), None),
        ("account-role.put", Method::PUT, of_viewer.clone(), Some(json!({ "role": "admin" }))),
        ("account-role.revoke", Method::DELETE, of_viewer.clone(), None),
    ] {
        let target = target.clone();
        let deed = Deed { operation, method, path, body, target };
        deed.is_refused_to(manager, &operator).await;
        deed.is_refused_to(viewer, &operator).await;
    }
    let listed = account.admin().get(&path).await.expect(200).json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    account.admin().put(&of_viewer, json!({ "role": "analyst" })).await.expect(200);
    account.admin().put(&of_viewer, json!({ "role": "owner" })).await.refuses_fields(&["role"]);
    account.admin().delete(&of_viewer).await.expect(204);
    viewer.get(&format!("/v1/accounts/{}", account.id)).await.expect(404);
}
