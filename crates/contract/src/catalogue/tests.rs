//! The rules of the catalogue, on the one that is used by default.

use super::*;

fn domain(text: &str) -> DomainLevel {
    text.parse().unwrap()
}

fn select(service: &str, wanted: &[&str], enabled: &[&str]) -> Result<Vec<String>, SelectionError> {
    let wanted: Vec<_> = wanted.iter().map(|w| domain(w)).collect();
    let enabled: Vec<_> = enabled.iter().map(|e| (*e).to_owned()).collect();
    let selected = Catalogue::default().select(service, &wanted, &enabled)?;
    Ok(selected.iter().map(ToString::to_string).collect())
}

#[test]
fn the_default_catalogue_has_both_services_and_their_roles() {
    let catalogue = Catalogue::default();
    assert_eq!(catalogue.services["retail_media"].consent_roles.len(), 3);
    assert_eq!(catalogue.services["marketing_solutions"].consent_roles, [AccountRole::Admin]);
    assert_eq!(catalogue.services["retail_media"].domains.len(), 7);
    assert_eq!(catalogue.services["marketing_solutions"].domains.len(), 6);
}

#[test]
fn manage_implies_read_in_the_scopes() {
    let scopes = Catalogue::default().scopes("retail_media", &[domain("campaigns:manage")]);
    assert_eq!(scopes, ["RetailMedia_Campaign_Read", "RetailMedia_Campaign_Manage"]);
}

#[test]
fn a_domain_on_request_needs_an_operator() {
    assert!(matches!(
        select("retail_media", &["billing:read"], &[]),
        Err(SelectionError::NotEnabled(_))
    ));
    assert!(select("retail_media", &["billing:read"], &["retail_media/billing:read"]).is_ok());
}

#[test]
fn managing_accounts_brings_campaigns_and_excludes_the_rest() {
    let enabled = ["retail_media/accounts:manage"];
    let selected = select("retail_media", &["accounts:manage"], &enabled).unwrap();
    assert_eq!(selected, ["accounts:manage", "campaigns:read"]);
    assert!(select("retail_media", &["accounts:manage", "campaigns:read"], &enabled).is_ok());
    let refused = select("retail_media", &["accounts:manage", "analytics:read"], &enabled);
    assert!(matches!(refused, Err(SelectionError::Excluded { .. })));
    let refused = select("retail_media", &["accounts:manage", "campaigns:manage"], &enabled);
    assert!(matches!(refused, Err(SelectionError::Excluded { .. })));
}

#[test]
fn unknown_and_repeated_domains_are_refused() {
    assert!(matches!(select("x", &[], &[]), Err(SelectionError::UnknownService(_))));
    assert!(matches!(
        select("retail_media", &["x:read"], &[]),
        Err(SelectionError::UnknownDomain(_))
    ));
    let refused = select("retail_media", &["analytics:manage"], &[]);
    assert!(matches!(refused, Err(SelectionError::UnknownLevel { .. })));
    let refused = select("retail_media", &["campaigns:read", "campaigns:manage"], &[]);
    assert!(matches!(refused, Err(SelectionError::Twice(_))));
}

#[test]
fn a_catalogue_with_a_mistake_says_where() {
    let broken =
        DEFAULT.replace("includes = [\"campaigns:read\"]", "includes = [\"nothing:read\"]");
    let error = Catalogue::parse(&broken).unwrap_err().to_string();
    assert!(
        error.contains("services.retail_media.domains.accounts") && error.contains("nothing:read"),
        "{error}"
    );
    assert!(Catalogue::parse("[services.x]\nfoo = 1").is_err());
}

#[test]
fn a_domain_is_written_in_one_way() {
    for text in ["campaigns:read", "a_1:manage"] {
        assert_eq!(text.parse::<DomainLevel>().unwrap().to_string(), text);
        let whole = format!("retail_media/{text}");
        assert_eq!(whole.parse::<ServiceDomain>().unwrap().to_string(), whole);
        assert_eq!(serde_json::to_value(whole.parse::<ServiceDomain>().unwrap()).unwrap(), whole);
    }
    for text in ["", "campaigns", "campaigns:write", ":read", "a b:read", "1a:read", "a:read:read"]
    {
        assert_eq!(text.parse::<DomainLevel>(), Err(InvalidDomainLevel), "{text}");
        assert_eq!(format!("x/{text}").parse::<ServiceDomain>(), Err(InvalidDomainLevel), "{text}");
    }
    for text in ["campaigns:read", "/campaigns:read", "A/campaigns:read", "a/b/campaigns:read"] {
        assert_eq!(text.parse::<ServiceDomain>(), Err(InvalidDomainLevel), "{text}");
    }
}

#[test]
fn a_consent_lasts_as_many_days_as_the_catalogue_says() {
    let with = |line: &str| Catalogue::parse(&DEFAULT.replacen("lifetime_days = 365\n", line, 1));
    let of = |line: &str| with(line).unwrap().services["retail_media"].lifetime_days;
    assert_eq!(of("lifetime_days = 90\n"), ConsentLifetime::Days(90));
    assert_eq!(of("lifetime_days = \"none\"\n"), ConsentLifetime::UNLIMITED);
    assert_eq!(of(""), ConsentLifetime::Days(365));
    for wrong in ["0", "3651", "-1", "1.5", "\"never\"", "true", "70000"] {
        let error = with(&format!("lifetime_days = {wrong}\n")).unwrap_err().to_string();
        assert!(error.contains("lifetime"), "{wrong}: {error}");
    }
    assert_eq!(Catalogue::default().consent_lifetime("gone"), ConsentLifetime::Days(365));
}

#[test]
fn the_shorter_of_two_lifetimes_counts() {
    let (year, never) = (ConsentLifetime::Days(365), ConsentLifetime::UNLIMITED);
    assert_eq!(year.at_most(Some(30)), ConsentLifetime::Days(30));
    assert_eq!(year.at_most(Some(400)), year);
    assert_eq!(year.at_most(None), year);
    assert_eq!(never.at_most(Some(30)), ConsentLifetime::Days(30));
    assert_eq!((never.at_most(None), never.days()), (never, None));
    assert_eq!(serde_json::to_value([year, never]).unwrap(), serde_json::json!([365, "none"]));
}
