use std::sync::Arc;

use contract::catalogue::Level::{self, Manage, Read};
use contract::environment::ManualClock;
use contract::{Environment, facts};

use super::*;

const NOTHING: &[String] = &[];

fn catalogue() -> Catalogue {
    Catalogue::default()
}

fn offer<'a>(catalogue: &'a Catalogue, enabled: &'a [String]) -> Offer<'a> {
    Offer { catalogue, enabled }
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn environment() -> Environment {
    Environment::with_clock(Arc::new(ManualClock::starting_at(at())))
}

fn domain(name: &str, level: Level) -> DomainLevel {
    DomainLevel { domain: name.to_owned(), level }
}

fn campaigns() -> Vec<DomainLevel> {
    vec![domain("campaigns", Manage)]
}

fn draft(service: Option<&str>, domains: Vec<DomainLevel>) -> Draft {
    Draft {
        name: AppName::parse("Shelf Optimizer").unwrap(),
        description: Description::parse("Keeps shelves full.").unwrap(),
        authentication_method: AuthenticationMethod::ClientCredentials,
        service: service.map(ToOwned::to_owned),
        domains,
    }
}

fn created(service: Option<&str>, domains: Vec<DomainLevel>) -> App {
    let environment = environment();
    let fact = create(
        environment.new_id(),
        environment.new_id(),
        draft(service, domains),
        offer(&catalogue(), NOTHING),
    )
    .unwrap();
    App::created(fact, at())
}

fn complete() -> App {
    created(Some("retail_media"), campaigns())
}

/// The app after these commands, each of which is accepted.
fn after(mut app: App, commands: Vec<Command<'_>>) -> App {
    for command in commands {
        for event in decide(&app, command).unwrap() {
            app.apply(&event, at());
        }
    }
    app
}

fn activation(catalogue: &Catalogue) -> Command<'_> {
    Command::Activate { organization_confirmed: true, offer: offer(catalogue, NOTHING) }
}

fn active() -> App {
    after(complete(), vec![activation(&catalogue())])
}

fn suspended() -> App {
    after(active(), vec![Command::Suspend])
}

fn archived() -> App {
    after(active(), vec![Command::Archive])
}

fn image(first_byte: u8) -> Command<'static> {
    Command::SetImage { media_type: "image/png", size: 10, sha256: [first_byte; 32] }
}

fn edit(app: &App, changes: Changes) -> Result<Vec<Event>, Refusal> {
    decide(app, Command::Edit(changes, offer(&catalogue(), NOTHING)))
}

#[test]
fn a_draft_can_be_saved_at_each_step_of_the_wizard() {
    let details = created(None, Vec::new());
    let with_service = after(
        details,
        vec![Command::Edit(
            Changes { service: Some("retail_media".into()), ..Changes::default() },
            offer(&catalogue(), NOTHING),
        )],
    );
    assert_eq!(with_service.service.as_deref(), Some("retail_media"));
    let with_domains = after(
        with_service,
        vec![Command::Edit(
            Changes { domains: Some(campaigns()), ..Changes::default() },
            offer(&catalogue(), NOTHING),
        )],
    );
    assert_eq!(with_domains.version, Version::new(3).unwrap());
    assert_eq!(after(with_domains, vec![activation(&catalogue())]).state, AppState::Active);
}

#[test]
fn activation_fixes_what_the_app_is_and_its_scopes() {
    let app = after(complete(), vec![image(7), activation(&catalogue())]);
    assert_eq!(app.state, AppState::Active);
    assert_eq!(app.activated_at, Some(at()));
    assert_eq!(app.scopes, ["RetailMedia_Campaign_Read", "RetailMedia_Campaign_Manage"]);
    let [Event::Activated(fact)] =
        &decide(&after(complete(), vec![image(7)]), activation(&catalogue())).unwrap()[..]
    else {
        panic!("one event")
    };
    assert_eq!(fact.image_sha256.as_deref(), Some("07".repeat(32).as_str()));
    assert_eq!(fact.scopes, app.scopes);
}

#[test]
fn activation_needs_a_service_a_domain_and_a_confirmed_organization() {
    let catalogue = catalogue();
    assert_eq!(
        decide(&created(None, Vec::new()), activation(&catalogue)),
        Err(Refusal::ServiceMissing)
    );
    let without_domains = created(Some("retail_media"), Vec::new());
    assert_eq!(decide(&without_domains, activation(&catalogue)), Err(Refusal::DomainsMissing));
    let unconfirmed =
        Command::Activate { organization_confirmed: false, offer: offer(&catalogue, NOTHING) };
    assert_eq!(decide(&complete(), unconfirmed), Err(Refusal::OrganizationNotConfirmed));
}

#[test]
fn activation_needs_the_domains_on_request_enabled_still() {
    let (catalogue, enabled) = (catalogue(), ["retail_media/billing:read".to_owned()]);
    let environment = environment();
    let wanted = vec![domain("campaigns", Read), domain("billing", Read)];
    let fact = create(
        environment.new_id(),
        environment.new_id(),
        draft(Some("retail_media"), wanted),
        offer(&catalogue, &enabled),
    )
    .unwrap();
    let app = App::created(fact, at());
    assert!(matches!(decide(&app, activation(&catalogue)), Err(Refusal::Domain { index: 0, .. })));
    let enabled =
        Command::Activate { organization_confirmed: true, offer: offer(&catalogue, &enabled) };
    assert!(decide(&app, enabled).is_ok());
}

#[test]
fn an_activated_app_never_changes_again() {
    for app in [active(), suspended(), archived()] {
        let renamed =
            Changes { name: Some(AppName::parse("Other").unwrap()), ..Changes::default() };
        assert_eq!(edit(&app, renamed), Err(Refusal::Frozen), "{}", app.state);
        assert_eq!(edit(&app, Changes::default()), Err(Refusal::Frozen), "{}", app.state);
        assert_eq!(decide(&app, image(1)), Err(Refusal::Frozen), "{}", app.state);
    }
}

#[test]
fn an_app_is_activated_once() {
    let catalogue = catalogue();
    for app in [active(), suspended()] {
        assert_eq!(decide(&app, activation(&catalogue)), Err(Refusal::ActivatedAlready));
    }
    assert_eq!(decide(&archived(), activation(&catalogue)), Err(Refusal::Archived));
}

#[test]
fn only_an_active_app_is_suspended_and_only_a_suspended_one_resumed() {
    assert_eq!(suspended().state, AppState::Suspended);
    assert_eq!(after(suspended(), vec![Command::Resume]).state, AppState::Active);
    for app in [complete(), suspended()] {
        assert_eq!(decide(&app, Command::Suspend), Err(Refusal::NotActive(app.state)));
    }
    for app in [complete(), active()] {
        assert_eq!(decide(&app, Command::Resume), Err(Refusal::NotSuspended(app.state)));
    }
}

#[test]
fn drafts_active_and_suspended_apps_can_be_archived_and_nothing_follows() {
    let catalogue = catalogue();
    for app in [complete(), active(), suspended()] {
        let app = after(app, vec![Command::Archive]);
        assert_eq!(app.state, AppState::Archived);
        for command in [Command::Archive, Command::Suspend, Command::Resume, activation(&catalogue)]
        {
            assert_eq!(decide(&app, command), Err(Refusal::Archived));
        }
    }
    let discarded = after(complete(), vec![Command::Archive]);
    assert_eq!(edit(&discarded, Changes::default()), Err(Refusal::Archived));
}

#[test]
fn the_authentication_method_is_fixed_at_creation() {
    let same = Changes {
        authentication_method: Some(AuthenticationMethod::ClientCredentials),
        ..Changes::default()
    };
    assert_eq!(edit(&complete(), same), Ok(Vec::new()));
    let other = Changes {
        authentication_method: Some(AuthenticationMethod::AuthorizationCode),
        ..Changes::default()
    };
    assert_eq!(edit(&complete(), other), Err(Refusal::MethodFixed("client_credentials")));
}

#[test]
fn the_service_is_fixed_once_saved() {
    let service = |name: &str| Changes { service: Some(name.to_owned()), ..Changes::default() };
    let app = complete();
    assert_eq!(edit(&app, service("retail_media")), Ok(Vec::new()));
    assert_eq!(
        edit(&app, service("marketing_solutions")),
        Err(Refusal::ServiceFixed("retail_media".into()))
    );
    let refused = edit(&created(None, Vec::new()), service("no_such"));
    assert!(matches!(refused, Err(Refusal::Service(_))));
}

#[test]
fn a_change_that_changes_nothing_leaves_no_event() {
    let app = after(complete(), vec![image(3)]);
    assert_eq!(
        edit(&app, Changes { domains: Some(campaigns()), ..Changes::default() }),
        Ok(Vec::new())
    );
    assert_eq!(decide(&app, image(3)), Ok(Vec::new()));
    assert_eq!(decide(&app, image(4)).unwrap().len(), 1);
}

#[test]
fn a_description_can_be_removed() {
    let app = complete();
    let events = edit(&app, Changes { description: Some(None), ..Changes::default() }).unwrap();
    let [Event::Edited(facts::AppEdited { description: None, name, .. })] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*name, app.name);
}

#[test]
fn every_event_moves_the_version_by_one() {
    let app = after(
        complete(),
        vec![image(1), activation(&catalogue()), Command::Suspend, Command::Resume],
    );
    assert_eq!(app.version, Version::new(5).unwrap());
}
