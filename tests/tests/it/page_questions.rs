//! What a page asks of the API: at most three questions, whichever page it is (the catalogue beside them is asked for
//! once a minute). The site map is read from the portal's source, so that a page that is added is walked here, too.

use std::collections::BTreeSet;

use journeys::people::{ACCOUNT_ROLES, RETAIL_MEDIA, draft};
use journeys::{events, people, system};
use serde_json::json;
use stage::{Answer, Client, Method};

/// A page asks at most so many.
const MOST: u32 = 3;

/// What this walk never sees as a page, and why. What these addresses do ask is counted all the same.
const NEVER_SHOWN: [(&str, &str); 9] = [
    ("/", "leads on to the apps"),
    ("/accept-invitation/{token}", "needs the token of a mail"),
    ("/apps/{id}/picture", "is a picture, and no app here has one"),
    ("/apps/{id}/resume", "only operators may, and they sign in without a password here"),
    ("/apps/{id}/suspend", "only operators may, and they sign in without a password here"),
    ("/organizations", "leads on to the organization"),
    ("/organizations/{id}/invitations/{invitation_id}/revocation", "nobody is invited here"),
    ("/sign-in/return", "needs the answer of another site"),
    ("/signed-in", "leads on, as the cookie came back"),
];

/// The addresses of the site map that can be read.
fn routes() -> Vec<&'static str> {
    let source = include_str!("../../../crates/portal/src/router.rs");
    let routes = source.split(".route(").skip(1).filter_map(|route| {
        let path = route.split('"').nth(1)?;
        // What follows within this route, and not in the next thing of the source.
        route.split(';').next()?.contains("get(").then_some(path)
    });
    routes.collect()
}

/// Somebody with a session, as a browser has it.
struct Visitor {
    anyone: Client,
    cookie: String,
}

impl Visitor {
    async fn of(anyone: &Client, person: &people::Person) -> Self {
        let (_, session) = person.session().await;
        let token = session.authorization().unwrap().trim_start_matches("Bearer ").to_owned();
        Self { anyone: anyone.clone(), cookie: format!("mandate_session={token}") }
    }

    async fn read(&self, path: &str) -> Answer {
        self.anyone.request(Method::GET, path).header("cookie", &self.cookie).send().await
    }
}

/// How many questions a page took, by its header.
fn asked(answer: &Answer) -> u32 {
    let timing = answer.headers["server-timing"].to_str().unwrap();
    let count = timing.strip_prefix("api;desc=\"").and_then(|rest| rest.split(' ').next());
    count.unwrap_or_else(|| panic!("{timing}")).parse().unwrap()
}

#[tokio::test]
async fn no_page_asks_more_than_three_questions() {
    let system = system::shared().await;
    let (operator, anyone) = (system.operator(), system.anonymous());
    let organization = operator.organization().await;
    let owner = &organization.owner;
    let account = operator.account(RETAIL_MEDIA, &ACCOUNT_ROLES).await;

    let unfinished = owner.draft(&organization, RETAIL_MEDIA).await;
    let mut only_named = draft(&organization, RETAIL_MEDIA);
    for later in ["service", "domains"] {
        only_named.as_object_mut().unwrap().remove(later);
    }
    let only_named = owner.post("/v1/apps", only_named).await.expect(201).field("id");
    let mut by_code = draft(&organization, RETAIL_MEDIA);
    by_code["authentication_method"] = json!("authorization_code");
    let app = people::App { id: owner.post("/v1/apps", by_code).await.expect(201).field("id") };
    let uris = format!("/v1/apps/{}/redirect-uris", app.id);
    owner.post(&uris, json!({ "uri": "https://shelves.example/cb" })).await.expect(201);
    owner.act(&format!("/v1/apps/{}/activate", app.id)).await.expect(200);
    let key = owner.key(&app).await;
    let (used, open) = (owner.link(&app).await, owner.link(&app).await);
    let approved = account.admin().approve(&used, &[account.id.as_str()]).await.expect(200);
    let grant = approved.json["granted"][0]["grant_id"].as_str().unwrap().to_owned();
    let new = json!({ "name": "Reports" });
    let token = account.admin().post("/v1/api-tokens", new).await.expect(201).field("id");
    let query = format!("app_id={}", app.id);
    let granted = events::one(&operator, &query, "consent.granted", |_| true).await;

    let member = Visitor::of(&anyone, owner).await;
    let consenter = Visitor::of(&anyone, account.admin()).await;
    // The catalogue is known from now on.
    member.read("/apps").await.expect(200);

    let (mut shown, mut faults) = (BTreeSet::new(), Vec::new());
    for route in routes() {
        let link = if route.ends_with("/revoke") { &open.id } else { &used.id };
        let ids = |of: &str| {
            let filled = route.replace("{id}", of).replace("{client_id}", &key.client_id);
            let filled = filled.replace("{link}", link).replace("{token}", &open.token);
            filled.replace("{person_id}", &organization.developer.id)
        };
        let paths: Vec<(&Visitor, String)> = if route.starts_with("/organizations/{id}") {
            vec![(&member, ids(&organization.id))]
        } else if route.starts_with("/consents/apps/") {
            vec![(&consenter, ids(&app.id))]
        } else if route.starts_with("/consents/") {
            vec![(&consenter, ids(&grant))]
        } else if route.starts_with("/account/tokens/") {
            vec![(&consenter, ids(&token))]
        } else if route.starts_with("/events/") {
            vec![
                (&consenter, ids(granted.attribute("id"))),
                (&member, ids(granted.attribute("id"))),
            ]
        } else if route.starts_with("/consent/") {
            let closed = route.replace("{token}", &used.token);
            vec![
                (&consenter, ids("")),
                (&member, ids("")),
                (&consenter, closed.clone()),
                (&member, closed),
            ]
        } else {
            let of_apps = [&app.id, &unfinished.id, &only_named].map(|id| (&member, ids(id)));
            let more = of_apps
                .clone()
                .map(|(of, path)| (of, format!("{path}?all=shown&accounts=all&name=Shelf")));
            of_apps.into_iter().chain(more).collect()
        };
        for (visitor, path) in paths {
            let answer = visitor.read(&path).await;
            assert!(!answer.status.is_server_error(), "{path}: {}", answer.text());
            if answer.status == 200 {
                shown.insert(route);
            }
            let count = asked(&answer);
            if count > MOST {
                faults.push(format!("{path} asks {count}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let all: BTreeSet<_> = routes().into_iter().collect();
    let never: Vec<_> = all.into_iter().filter(|route| !shown.contains(route)).collect();
    assert_eq!(never, NEVER_SHOWN.map(|(route, _)| route));
}
