//! Everybody who may call, and what they call about.

use std::sync::atomic::{AtomicU32, Ordering};

use coverage::promise::{Promise, Role};
use journeys::events;
use journeys::invitations::Invitation;
use journeys::people::{
    ACCOUNT_ROLES, Account, App, Key, Link, Operator, Organization, Person, RETAIL_MEDIA,
};
use journeys::system::System;
use local_servers::testing::MailServer;
use serde_json::{Value, json};
use stage::Client;
use tokio::sync::OnceCell;

use crate::single_sign_on::SingleSignOn;

/// A caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A member of the organization.
    Owner,
    /// A member of the organization.
    Developer,
    /// A member of the organization.
    Auditor,
    /// Somebody with this role on the account.
    Holder(&'static str),
    /// The operator.
    Operator,
    /// The owner of another organization.
    Foreigner,
    /// Somebody who signed in, and is nothing else.
    Stranger,
    /// The app itself, with its access token.
    App,
}

/// All of them, and an app with a grant that they share. What a call uses up is made for the call.
pub(crate) struct Cast {
    pub(crate) anonymous: Client,
    /// Where mails arrive.
    mail: MailServer,
    pub(crate) operator: Operator,
    operator_actor: String,
    pub(crate) organization: Organization,
    pub(crate) account: Account,
    pub(crate) foreigner: Person,
    pub(crate) stranger: Person,
    /// An active app of the organization, with an image and a grant of the account.
    pub(crate) app: App,
    pub(crate) key: Key,
    access_token: String,
    database: String,
    /// The event of the grant: about the account, on behalf of the organization.
    pub(crate) grant_event: String,
    single_sign_on: OnceCell<SingleSignOn>,
}

/// One red pixel.
pub(crate) const PNG: [u8; 70] = [
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0xda,
    0x63, 0xfc, 0xcf, 0xc0, 0x50, 0x0f, 0, 4, 0x85, 1, 0x80, 0x84, 0xa9, 0x8c, 0x21, 0, 0, 0, 0,
    b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// How many sessions a person can have in the system that is walked through.
pub(crate) const MOST_SESSIONS: u32 = 8;

/// The password of those who sign in with one.
pub(crate) const PASSWORD: &str = "another correct horse";

impl Who {
    /// Everybody.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let members = [Self::Owner, Self::Developer, Self::Auditor];
        let holders = ACCOUNT_ROLES.into_iter().map(Self::Holder);
        let others = [Self::Operator, Self::Foreigner, Self::Stranger, Self::App];
        members.into_iter().chain(holders).chain(others)
    }

    /// Whether the description allows them.
    pub(crate) fn is_named(self, promise: &Promise) -> bool {
        let roles = &promise.roles;
        roles.contains(&Role::Anyone)
            || self.own_role().is_some_and(|role| roles.contains(&role))
            || (self != Self::App && roles.contains(&Role::Person))
    }

    fn own_role(self) -> Option<Role> {
        let member = |role: &str| Some(Role::Member(role.to_owned()));
        match self {
            Self::Owner => member("owner"),
            Self::Developer => member("developer"),
            Self::Auditor => member("auditor"),
            Self::Holder(role) => Some(Role::Account(role.to_owned())),
            Self::Operator => Some(Role::Operator),
            Self::App => Some(Role::App),
            Self::Foreigner | Self::Stranger => None,
        }
    }

    /// How an event must say why they were allowed, if it was for the role that they have in the cast.
    pub(crate) fn authority(self, promise: &Promise) -> Option<String> {
        let role = self.own_role().filter(|role| promise.roles.contains(role));
        match role? {
            Role::Member(role) => Some(role),
            Role::Account(role) => Some(format!("account:{role}")),
            Role::Operator => Some("operator".to_owned()),
            Role::App | Role::Person | Role::Anyone => None,
        }
    }

    /// Whether they belong to the organization.
    pub(crate) fn is_member(self) -> bool {
        matches!(self, Self::Owner | Self::Developer | Self::Auditor)
    }
}

impl Cast {
    /// Makes them all, through the API.
    pub(crate) async fn assemble(system: &System, mail: MailServer) -> Self {
        let operator = system.operator();
        let me = operator.get("/v1/people/me").await.expect(200).field("id");
        let organization = operator.organization().await;
        let account = operator.account(RETAIL_MEDIA, &ACCOUNT_ROLES).await;
        let foreigner = operator.person("Foreigner").await;
        foreigner.post("/v1/organizations", other_organization()).await.expect(201);
        let developer = &organization.developer;
        let app = developer.draft(&organization, RETAIL_MEDIA).await;
        let path = format!("/v1/apps/{}", app.id);
        let image = developer.put_bytes(&format!("{path}/image"), "image/png", PNG.to_vec()).await;
        image.expect(200);
        developer.act(&format!("{path}/activate")).await.expect(200);
        let key = developer.key(&app).await;
        let link = developer.link(&app).await;
        let approved = account.admin().approve(&link, &[&account.id]).await;
        approved.expect(200);
        let query = format!("app_id={}", app.id);
        let granted = events::one(&operator, &query, "consent.granted", |_| true).await;
        let grant_event = granted.attribute("id").to_owned();
        Self {
            access_token: key.token(&system.anonymous()).await,
            database: system.servers.database.url.clone(),
            anonymous: system.anonymous(),
            mail,
            operator_actor: format!("user/{me}"),
            stranger: operator.person("Stranger").await,
            operator,
            organization,
            account,
            foreigner,
            app,
            key,
            grant_event,
            single_sign_on: OnceCell::new(),
        }
    }

    /// Somebody of the cast, as a caller.
    pub(crate) fn client(&self, who: Who) -> Client {
        match who {
            Who::Operator => (*self.operator).clone(),
            Who::App => self.anonymous.with_token(&self.access_token),
            person => (**self.person(person)).clone(),
        }
    }

    /// How events name them.
    pub(crate) fn actor(&self, who: Who) -> String {
        match who {
            Who::Operator => self.operator_actor.clone(),
            Who::App => format!("app/{}", self.app.id),
            person => self.person(person).actor(),
        }
    }

    /// Somebody of the cast whom the operator registered.
    pub(crate) fn person(&self, who: Who) -> &Person {
        match who {
            Who::Owner => &self.organization.owner,
            Who::Developer => &self.organization.developer,
            Who::Auditor => &self.organization.auditor,
            Who::Holder(role) => self.account.person(role),
            Who::Foreigner => &self.foreigner,
            Who::Stranger => &self.stranger,
            Who::Operator | Who::App => panic!("{who:?} is nobody whom the cast registered"),
        }
    }

    /// The id of a person of the cast.
    pub(crate) fn person_id(&self, who: Who) -> String {
        let actor = self.actor(who);
        actor.trim_start_matches("user/").to_owned()
    }

    /// A token of nobody's, of the right form.
    pub(crate) fn unknown_token() -> String {
        format!("mandate_pat_{}", "A".repeat(43))
    }

    /// The app's access token with another signature.
    pub(crate) fn forged_access_token(&self) -> String {
        let (signed, _) = self.access_token.rsplit_once('.').unwrap();
        format!("{signed}.{}", "A".repeat(86))
    }

    /// A number that nobody else gets.
    pub(crate) fn number() -> u32 {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        NUMBER.fetch_add(1, Ordering::Relaxed)
    }

    /// Another organization with the same members, its contact not confirmed.
    pub(crate) async fn another_organization(&self) -> String {
        let owner = &self.organization.owner;
        // By the operator: of a person's own, few can wait to be confirmed.
        let mut new = other_organization();
        new["owner_person_id"] = json!(owner.id);
        let id = self.operator.post("/v1/organizations", new).await.expect(201).field("id");
        let path = format!("/v1/organizations/{id}/members");
        for (who, role) in [(Who::Developer, "developer"), (Who::Auditor, "auditor")] {
            let member = json!({ "email": self.person(who).email, "role": role });
            self.operator.post(&path, member).await.expect(201);
        }
        id
    }

    /// The organization whose members sign in at a provider that is asked.
    pub(crate) async fn single_sign_on(&self) -> &SingleSignOn {
        self.single_sign_on.get_or_init(|| SingleSignOn::set_up(self)).await
    }

    /// An organization of which nobody of the cast is a member.
    pub(crate) async fn organization_of_others(&self) -> String {
        let owner = self.operator.person("Other Owner").await;
        let mut new = other_organization();
        new["owner_person_id"] = json!(owner.id);
        self.operator.post("/v1/organizations", new).await.expect(201).field("id")
    }

    /// A new invitation of somebody new, made at this address: its id.
    pub(crate) async fn invitation(&self, path: &str, role: &str) -> String {
        let email = format!("invited{}@people.example", Self::number());
        let body = json!({ "email": email, "role": role });
        self.operator.post(path, body).await.expect(201).field("id")
    }

    /// The invitation of this id, as it is mailed.
    pub(crate) async fn mailed(&self, id: &str) -> Invitation {
        Invitation::mailed(&self.database, id).await
    }

    /// The token of the link in the last mail to this address.
    pub(crate) async fn mailed_token(&self, address: &str) -> String {
        let mail = self.mail.mail_to(address).await;
        let at = mail.text.find("mandate_ml_").unwrap();
        mail.text[at..].split_whitespace().next().unwrap().to_owned()
    }

    /// The token of a link that confirms the contact of another organization: its id, and the token.
    pub(crate) async fn contact_token(&self) -> (String, String) {
        let address = format!("contact{}@people.example", Self::number());
        let mut new = other_organization();
        new["contact_email"] = json!(address);
        let id = self.operator.post("/v1/organizations", new).await.expect(201).field("id");
        (id, self.mailed_token(&address).await)
    }

    /// Somebody who has asked for a link to choose another password, and its token.
    pub(crate) async fn forgetful(&self) -> (Person, String) {
        let person = self.operator.person("Forgetful").await;
        let body = json!({ "email": person.email });
        self.anonymous.post("/v1/password-resets", body).await.expect(202);
        let token = self.mailed_token(&person.email).await;
        (person, token)
    }

    /// A new member of the organization.
    pub(crate) async fn member(&self, role: &str) -> Person {
        let person = self.operator.person("Member").await;
        let path = format!("/v1/organizations/{}/members", self.organization.id);
        let member = json!({ "email": person.email, "role": role });
        self.operator.post(&path, member).await.expect(201);
        person
    }

    /// A new holder of a role on the account.
    pub(crate) async fn holder(&self, role: &str) -> Person {
        let person = self.operator.person("Holder").await;
        self.operator.assign(&self.account, &person, role).await;
        person
    }

    /// A person who can sign in with [`PASSWORD`]: id and email.
    pub(crate) async fn with_password(&self) -> (String, String) {
        let email = format!("password{}@people.example", Self::number());
        let new = json!({ "email": email, "name": "Someone", "password": PASSWORD });
        let made = self.operator.post("/v1/people", new).await.expect(201);
        (made.field("id"), email)
    }

    /// A new operator: their id.
    pub(crate) async fn new_operator(&self) -> String {
        let email = format!("operator{}@people.example", Self::number());
        let new =
            json!({ "email": email, "name": "Operator", "password": PASSWORD, "operator": true });
        self.operator.post("/v1/people", new).await.expect(201).field("id")
    }

    /// A new draft.
    pub(crate) async fn draft(&self) -> App {
        let developer = &self.organization.developer;
        developer.draft(&self.organization, RETAIL_MEDIA).await
    }

    /// A new active app.
    pub(crate) async fn active(&self) -> App {
        let developer = &self.organization.developer;
        developer.active_app(&self.organization, RETAIL_MEDIA).await
    }

    /// A new link of this app's.
    pub(crate) async fn link(&self, app: &App) -> Link {
        self.organization.developer.link(app).await
    }

    /// A new key of a new app.
    pub(crate) async fn key(&self) -> Key {
        let app = self.active().await;
        self.organization.developer.key(&app).await
    }

    /// A new app with a grant of the account: the app, and the grant's id.
    pub(crate) async fn granted(&self) -> (App, String) {
        let app = self.active().await;
        let link = self.link(&app).await;
        let admin = self.account.admin();
        let approved = admin.approve(&link, &[&self.account.id]).await;
        let approved = approved.expect(200).json;
        let grant = approved["granted"][0]["grant_id"].as_str().unwrap();
        (app, grant.to_owned())
    }

    /// A link that was used.
    pub(crate) async fn used_link(&self) -> Link {
        let link = self.link(&self.app).await;
        self.stranger.deny(&link).await.expect(200);
        link
    }
}

fn other_organization() -> Value {
    json!({
        "name": "Other Apps", "kind": "other", "country": "NO",
        "contact_email": "other@people.example",
    })
}
