use std::sync::Arc;

use contract::Environment;
use contract::catalogue::Level::{self, Manage, Read};
use contract::catalogue::SelectionError;
use contract::environment::ManualClock;
use contract::facts::ImageMediaType;

use super::*;

const NOTHING: &[String] = &[];

fn entitlements<'a>(catalogue: &'a Catalogue, enabled: &'a [String]) -> Entitlements<'a> {
    Entitlements { catalogue, enabled }
}

pub(super) fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn domain(name: &str, level: Level) -> DomainLevel {
    DomainLevel { domain: name.to_owned(), level }
}

fn campaigns() -> Vec<DomainLevel> {
    vec![domain("campaigns", Manage)]
}

fn create(service: Option<&str>, domains: Vec<DomainLevel>, enabled: &[String]) -> App {
    let environment = Environment::with_clock(Arc::new(ManualClock::starting_at(at())));
    let draft = Draft {
        name: AppName::parse("Shelf Optimizer").unwrap(),
        description: Description::parse("Keeps shelves full.").unwrap(),
        authentication_method: AuthenticationMethod::ClientCredentials,
        service: service.map(ToOwned::to_owned),
        domains,
    };
    let (id, organization) = (environment.new_id(), environment.new_id());
    let catalogue = Catalogue::default();
    let created =
        App::create(id, organization, draft, entitlements(&catalogue, enabled), environment.now());
    created.unwrap().0
}

pub(super) fn empty() -> App {
    create(None, Vec::new(), NOTHING)
}

pub(super) fn complete() -> App {
    create(Some("retail_media"), campaigns(), NOTHING)
}

fn activate(app: &App) -> Result<(App, AppActivated), Refusal> {
    app.activate(true, entitlements(&Catalogue::default(), NOTHING), at())
}

pub(super) fn active() -> App {
    activate(&complete()).unwrap().0
}

pub(super) fn suspended() -> App {
    active().suspend(at()).unwrap().0
}

pub(super) fn archived() -> App {
    active().archive(at()).unwrap().0
}

/// The same app, had it been created to authenticate by authorization code.
pub(super) fn by_code(app: App) -> App {
    App { authentication_method: AuthenticationMethod::AuthorizationCode, ..app }
}

fn edit(app: &App, changes: Changes) -> Result<Option<(App, AppEdited)>, Refusal> {
    app.edit(changes, entitlements(&Catalogue::default(), NOTHING), at())
}

fn edited(app: &App, changes: Changes) -> App {
    edit(app, changes).unwrap().expect("something changes").0
}

fn set_image(app: &App, first_byte: u8) -> Result<Option<(App, AppImageSet)>, Refusal> {
    let image = AppImage {
        media_type: ImageMediaType::Png,
        sha256: [first_byte; 32],
        bytes: vec![first_byte; 10],
    };
    app.set_image(&image, at())
}

pub(super) fn with_image(app: &App, first_byte: u8) -> App {
    set_image(app, first_byte).unwrap().expect("it is another image").0
}

#[test]
fn a_draft_can_be_saved_at_each_step_of_the_wizard() {
    let service = Changes { service: Some("retail_media".into()), ..Changes::default() };
    let with_service = edited(&empty(), service);
    assert_eq!(with_service.service.as_deref(), Some("retail_media"));
    let domains = Changes { domains: Some(campaigns()), ..Changes::default() };
    let with_domains = edited(&with_service, domains);
    assert_eq!(with_domains.version, Version::new(3).unwrap());
    assert_eq!(activate(&with_domains).unwrap().0.state, AppState::Active);
}

#[test]
fn activation_fixes_what_the_app_is_and_its_scopes() {
    let (app, fact) = activate(&with_image(&complete(), 7)).unwrap();
    assert_eq!(app.state, AppState::Active);
    assert_eq!(app.activated_at, Some(at()));
    assert_eq!(app.scopes, ["RetailMedia_Campaign_Read", "RetailMedia_Campaign_Manage"]);
    assert_eq!(fact.image_sha256.as_deref(), Some("07".repeat(32).as_str()));
    assert_eq!((fact.domains, fact.scopes), (app.domains, app.scopes));
}

#[test]
fn activation_needs_a_service_a_domain_and_a_confirmed_organization() {
    assert_eq!(activate(&empty()), Err(Refusal::ServiceMissing));
    let without_domains = create(Some("retail_media"), Vec::new(), NOTHING);
    assert_eq!(activate(&without_domains), Err(Refusal::DomainsMissing));
    let catalogue = Catalogue::default();
    let unconfirmed = complete().activate(false, entitlements(&catalogue, NOTHING), at());
    assert_eq!(unconfirmed, Err(Refusal::OrganizationNotConfirmed));
}

#[test]
fn activation_needs_the_domains_on_request_enabled_still() {
    let enabled = ["retail_media/billing:read".to_owned()];
    let wanted = vec![domain("campaigns", Read), domain("billing", Read)];
    let app = create(Some("retail_media"), wanted, &enabled);
    assert!(matches!(
        activate(&app),
        Err(Refusal::NotEntitled(NotEntitled::Domain {
            index: 0,
            error: SelectionError::NotEnabled(_)
        }))
    ));
    let catalogue = Catalogue::default();
    assert!(app.activate(true, entitlements(&catalogue, &enabled), at()).is_ok());
}

#[test]
fn an_activated_app_never_changes_again() {
    for app in [active(), suspended(), archived()] {
        let renamed =
            Changes { name: Some(AppName::parse("Other").unwrap()), ..Changes::default() };
        assert_eq!(edit(&app, renamed), Err(Refusal::Frozen), "{}", app.state);
        assert_eq!(edit(&app, Changes::default()), Err(Refusal::Frozen), "{}", app.state);
        assert_eq!(set_image(&app, 1), Err(Refusal::Frozen), "{}", app.state);
    }
}

#[test]
fn an_app_is_activated_once() {
    for app in [active(), suspended()] {
        assert_eq!(activate(&app), Err(Refusal::ActivatedAlready));
    }
    assert_eq!(activate(&archived()), Err(Refusal::Archived));
}

#[test]
fn only_an_active_app_is_suspended_and_only_a_suspended_one_resumed() {
    assert_eq!(suspended().state, AppState::Suspended);
    assert_eq!(suspended().resume(at()).unwrap().0.state, AppState::Active);
    for app in [complete(), suspended()] {
        assert_eq!(app.suspend(at()), Err(Refusal::NotActive(app.state)));
    }
    for app in [complete(), active()] {
        assert_eq!(app.resume(at()), Err(Refusal::NotSuspended(app.state)));
    }
}

#[test]
fn drafts_active_and_suspended_apps_can_be_archived_and_nothing_follows() {
    for app in [complete(), active(), suspended()] {
        let (app, _) = app.archive(at()).unwrap();
        assert_eq!(app.state, AppState::Archived);
        assert_eq!(app.archive(at()), Err(Refusal::Archived));
        assert_eq!(app.suspend(at()), Err(Refusal::Archived));
        assert_eq!(app.resume(at()), Err(Refusal::Archived));
        assert_eq!(activate(&app), Err(Refusal::Archived));
    }
    let (discarded, _) = complete().archive(at()).unwrap();
    assert_eq!(edit(&discarded, Changes::default()), Err(Refusal::Archived));
}

#[test]
fn the_authentication_method_is_fixed_at_creation() {
    let method = |method| Changes { authentication_method: Some(method), ..Changes::default() };
    let same = method(AuthenticationMethod::ClientCredentials);
    assert_eq!(edit(&complete(), same), Ok(None));
    let other = method(AuthenticationMethod::AuthorizationCode);
    assert_eq!(edit(&complete(), other), Err(Refusal::MethodFixed("client_credentials")));
}

#[test]
fn the_service_is_fixed_once_saved() {
    let service = |name: &str| Changes { service: Some(name.to_owned()), ..Changes::default() };
    let app = complete();
    assert_eq!(edit(&app, service("retail_media")), Ok(None));
    assert_eq!(
        edit(&app, service("marketing_solutions")),
        Err(Refusal::ServiceFixed("retail_media".into()))
    );
    let refused = edit(&empty(), service("no_such"));
    assert!(matches!(refused, Err(Refusal::NotEntitled(NotEntitled::Service(_)))));
}

#[test]
fn a_change_that_changes_nothing_leaves_no_event() {
    let app = with_image(&complete(), 3);
    let same = Changes { domains: Some(campaigns()), ..Changes::default() };
    assert_eq!(edit(&app, same), Ok(None));
    assert_eq!(set_image(&app, 3), Ok(None));
    let (app, fact) = set_image(&app, 4).unwrap().unwrap();
    assert_eq!((app.image_sha256, fact.size), (Some([4; 32]), 10));
}

#[test]
fn an_image_is_removed_from_a_draft_that_has_one() {
    let app = with_image(&complete(), 3);
    let (without, fact) = app.remove_image(at()).unwrap();
    assert_eq!((without.image_sha256, without.version), (None, app.version.next()));
    assert_eq!(fact, AppImageRemoved { app_id: app.id });
    assert_eq!(without.remove_image(at()), Err(Refusal::WithoutImage));
    let (activated, _) = activate(&app).unwrap();
    assert_eq!(activated.remove_image(at()), Err(Refusal::Frozen));
    let (discarded, _) = app.archive(at()).unwrap();
    assert_eq!(discarded.remove_image(at()), Err(Refusal::Archived));
}

#[test]
fn a_description_can_be_removed() {
    let app = complete();
    let without = edited(&app, Changes { description: Some(None), ..Changes::default() });
    assert_eq!(without.details(), AppDetails { name: app.name, description: None });
}

#[test]
fn every_event_moves_the_version_by_one() {
    let (app, _) = activate(&with_image(&complete(), 1)).unwrap();
    let (app, _) = app.suspend(at()).unwrap();
    let (app, _) = app.resume(at()).unwrap();
    assert_eq!(app.version, Version::new(5).unwrap());
}
