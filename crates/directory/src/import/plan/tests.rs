use contract::catalogue::Catalogue;
use uuid::Uuid;

use super::*;
use crate::import::parse;

const HEADER: &str = "account_name,kind,service,external_id,email,role\n";

fn person(number: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(number))
}

fn people() -> HashMap<Email, PersonId> {
    [("admin@example.com", 1), ("analyst@example.com", 2)]
        .into_iter()
        .map(|(email, number)| (Email::parse("email", email).unwrap(), person(number)))
        .collect()
}

fn planned(known: &Known, lines: &str) -> Plan {
    let lines = parse(format!("{HEADER}{lines}").as_bytes(), 100, &Catalogue::default()).unwrap();
    plan(lines, known, &Environment::system(), DateTime::UNIX_EPOCH)
}

fn outcomes(plan: &Plan) -> Vec<Outcome> {
    plan.report.iter().map(|line| line.outcome).collect()
}

/// What is known once a plan is carried out.
fn after(plan: &Plan) -> Known {
    let mut known = Known { people: people(), ..Known::default() };
    for change in &plan.changes {
        match change.clone() {
            Change::AccountCreated(account, _) => {
                known.accounts.insert(account.profile.external_id.clone().unwrap(), account);
            }
            Change::RoleGranted(held, _) => {
                known.roles.insert((held.account_id, held.person_id), held);
            }
            other => panic!("nothing was known, so nothing changes: {other:?}"),
        }
    }
    known
}

const TWO: &str = "Shop,advertiser,retail_media,A-1,admin@example.com,admin\n\
                   Shop,advertiser,retail_media,A-1,analyst@example.com,analyst\n";

#[test]
fn lines_of_one_account_make_it_once() {
    let plan = planned(&Known { people: people(), ..Known::default() }, TWO);
    assert_eq!(outcomes(&plan), [Outcome::Created, Outcome::Created]);
    assert_eq!(plan.changes.len(), 3);
}

#[test]
fn the_same_file_again_changes_nothing() {
    let known = after(&planned(&Known { people: people(), ..Known::default() }, TWO));
    let again = planned(&known, TWO);
    assert_eq!(outcomes(&again), [Outcome::Unchanged, Outcome::Unchanged]);
    assert_eq!(again.changes, []);
}

#[test]
fn another_name_and_another_role_update() {
    let known = after(&planned(&Known { people: people(), ..Known::default() }, TWO));
    let plan = planned(&known, "Shop 2,advertiser,retail_media,A-1,admin@example.com,viewer\n");
    assert_eq!(outcomes(&plan), [Outcome::Updated]);
    assert!(matches!(plan.changes[..], [Change::AccountRenamed(..), Change::RoleChanged(..)]));
}

#[test]
fn another_kind_or_service_of_a_known_account_is_an_error() {
    let known = after(&planned(&Known { people: people(), ..Known::default() }, TWO));
    for (line, field) in [
        ("Shop,publisher,retail_media,A-1,,\n", "kind"),
        ("Shop,advertiser,marketing_solutions,A-1,,\n", "service"),
    ] {
        let plan = planned(&known, line);
        assert!(plan.has_errors());
        assert_eq!(plan.report[0].field.as_deref(), Some(field));
    }
}

#[test]
fn unknown_people_and_contradictions_are_told_by_line() {
    let known = Known { people: people(), ..Known::default() };
    let plan = planned(
        &known,
        "Shop,advertiser,retail_media,A-1,admin@example.com,admin\n\
         Shop,advertiser,retail_media,A-1,nobody@example.com,admin\n\
         Shop,advertiser,retail_media,A-1,admin@example.com,viewer\n\
         Store,advertiser,retail_media,A-1,,\n\
         Shop,advertiser,retail_media,A-1,admin@example.com,admin\n",
    );
    let errors: Vec<_> = plan
        .report
        .iter()
        .filter(|line| line.outcome == Outcome::Error)
        .map(|line| (line.line, line.field.as_deref().unwrap()))
        .collect();
    assert_eq!(errors, [(3, "email"), (4, "role"), (5, "account_name")]);
}

#[test]
fn without_an_external_id_equal_lines_are_one_new_account() {
    let known = Known { people: people(), ..Known::default() };
    let plan = planned(
        &known,
        "Shop,advertiser,retail_media,,admin@example.com,admin\n\
         Shop,advertiser,retail_media,,analyst@example.com,viewer\n\
         Shop,publisher,retail_media,,,\n",
    );
    let accounts = plan.changes.iter().filter(|c| matches!(c, Change::AccountCreated(..))).count();
    assert_eq!(accounts, 2);
}
