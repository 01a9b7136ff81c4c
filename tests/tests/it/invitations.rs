//! Who becomes a member, and gets a role on an account: rule 3; and who gets a domain on request: rule 9.

use futures::future::join_all;
use journeys::events::{self, count};
use journeys::invitations::Invitation;
use journeys::people::RETAIL_MEDIA;
use journeys::system::{System, shared};
use serde_json::json;
use stage::Client;

/// Invites somebody at this address, and gives what they are mailed.
async fn invite(system: &System, by: &Client, path: &str, email: &str, role: &str) -> Invitation {
    let made = by.post(path, json!({ "email": email, "role": role })).await.expect(201);
    Invitation::mailed(&system.servers.database.url, &made.field("id")).await
}

#[tokio::test]
async fn a_colleague_is_invited_registers_and_works_in_the_session_that_comes_with_it() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let owner = &organization.owner;
    let path = format!("/v1/organizations/{}/invitations", organization.id);
    let email = "colleague@invitations.example";
    let invitation = invite(system, owner, &path, email, "developer").await;
    let anyone = system.anonymous();

    let shown = invitation.look_up(&anyone).await.expect(200).json;
    assert_eq!((&shown["to"], &shown["email"]), (&json!("organization"), &json!(email)));
    assert_eq!(shown["invited_by"], owner.name);
    let accepted = invitation.accept_as_new(&anyone).await.expect(200).json;
    let session = anyone.with_token(accepted["session"]["token"].as_str().unwrap());
    let draft = journeys::people::draft(&organization, RETAIL_MEDIA);
    session.post("/v1/apps", draft).await.expect(201);
    let members = owner.get(&format!("/v1/organizations/{}/members", organization.id)).await;
    let members = members.expect(200).json;
    let joined =
        members["items"].as_array().unwrap().iter().find(|member| member["email"] == email);
    assert_eq!(joined.unwrap()["name"], "New Colleague");

    let query = format!("organization_id={}", organization.id);
    let accepted = |event: &events::Event| event.fact("invitation_id") == &json!(invitation.id);
    let event = events::one(owner, &query, "invitation.accepted", accepted).await;
    assert_eq!(event.attribute("authority"), "invitation");
    assert!(!event.event.to_string().contains("invitations.example"));
    // Whoever was invited can invite others once they may.
    session.post(&path, json!({ "email": "x@y.example", "role": "owner" })).await.expect(403);
}

#[tokio::test]
async fn an_analyst_is_invited_to_an_account_by_its_admin() {
    let system = shared().await;
    let operator = system.operator();
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let analyst = operator.person("Analyst").await;
    let role = format!("/v1/accounts/{}/roles/{}", account.id, analyst.id);
    let unasked = account.admin().put(&role, json!({ "role": "analyst" })).await;
    unasked.problem(404, "account-role-not-found");
    let path = format!("/v1/accounts/{}/invitations", account.id);
    let invitation = invite(system, account.admin(), &path, &analyst.email, "analyst").await;
    // Whose email is known here signs in.
    invitation.accept_as_new(&system.anonymous()).await.problem(401, "sign-in-required");
    invitation.accept(&analyst).await.expect(200);
    let read = analyst.get(&format!("/v1/accounts/{}", account.id)).await.expect(200).json;
    assert_eq!(read["role"], "analyst");
    // Having a role they can be given another.
    account.admin().put(&role, json!({ "role": "viewer" })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_simultaneous_acceptances_over_two_replicas_exactly_one_succeeds() {
    let mut system = System::start().await;
    let replicas = [system.addresses(), system.replica().await];
    let operator = system.operator();
    let organization = operator.organization().await;
    let path = format!("/v1/organizations/{}/invitations", organization.id);
    let invitation =
        invite(&system, &organization.owner, &path, "one@invitations.example", "auditor").await;
    let mut callers = Vec::new();
    for name in ["First", "Second"] {
        let person = operator.person(name).await;
        callers.extend(replicas.clone().map(|replica| person.at(replica)));
    }
    let attempts = (0..200).map(|turn| invitation.accept(&callers[turn % callers.len()]));
    let answers = join_all(attempts).await;
    let statuses = count(answers.iter().map(|answer| answer.status.as_u16()));
    let broken = answers.iter().find(|answer| answer.status.is_server_error());
    assert_eq!(statuses, [(200, 1), (409, 199)].into(), "{broken:?}");

    let query = format!("organization_id={}", organization.id);
    let mut kinds = vec!["invitation.accepted", "membership.granted"];
    kinds.extend(["access.refused"; 199]);
    let found = events::found(&organization.auditor, &query, &kinds).await;
    let accepted = found.iter().filter(|event| event.kind() == "invitation.accepted").count();
    assert_eq!(accepted, 1);
    let members = organization.owner.get(&path.replace("invitations", "members")).await;
    assert_eq!(members.expect(200).json["items"].as_array().unwrap().len(), 4);
    system.stop().await;
}

#[tokio::test]
async fn a_domain_on_request_is_asked_for_granted_and_used() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let developer = &organization.developer;
    let app = developer.draft(&organization, RETAIL_MEDIA).await;
    let path = format!("/v1/apps/{}", app.id);
    let billing = json!({ "domains": [{ "domain": "billing", "level": "read" }] });
    let refused = developer.patch(&path, &billing).await;
    let activate = format!("{path}/activate");
    // Whether it is refused at once or when the app is activated.
    let refused =
        if refused.status.is_success() { developer.act(&activate).await } else { refused };
    assert!(refused.status.is_client_error(), "{}", refused.text());

    let requests = format!("/v1/organizations/{}/domain-requests", organization.id);
    let ask = json!({ "domain": "retail_media/billing:read", "reason": "Invoices of shops" });
    let request = developer.post(&requests, &ask).await.expect(201).field("id");
    let open = operator.get("/v1/domain-requests?limit=200").await.expect(200);
    assert!(open.ids().contains(&request));
    let grant = format!("/v1/domain-requests/{request}/grant");
    operator.post(&grant, json!({ "reason": "Welcome" })).await.expect(200);
    developer.patch(&path, &billing).await.expect(200);
    developer.act(&activate).await.expect(200);

    let query = format!("organization_id={}", organization.id);
    let kinds =
        ["domain-request.created", "domain-request.granted", "organization.domains-enabled"];
    events::found(developer, &query, &kinds).await;
    let created = events::one(developer, &query, "domain-request.created", |_| true).await;
    assert!(!created.event.to_string().contains("Invoices"));
}
