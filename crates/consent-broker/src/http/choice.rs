//! Which accounts an approval chooses: named one by one, or all that match.

use std::collections::BTreeSet;

use contract::AccountId;
use contract::facts::RefusedBecause;
use service::{Attempt, Fault, FaultCode, Problem, Target};

use super::approval::{AllMatching, Approval};
use super::matching_accounts;
use super::selectable_accounts::Seen;
use crate::account_matching::LeftOut;
use crate::account_selection::{self, AccountSelectionError, SelectedAccount};
use crate::large_approvals::Turn;
use crate::redemption::AT_A_TIME;
use crate::remote_services::RemoteServices;
use crate::{ConsentBroker, policy};

/// What was chosen.
#[derive(Debug)]
pub(super) enum Choice {
    /// These, and all of them.
    These(Vec<AccountId>),
    /// Whatever a search finds at the moment of the approval and can be chosen then.
    All {
        /// The search.
        q: Option<String>,
        /// But not these.
        except: BTreeSet<AccountId>,
    },
}

/// The accounts that are to consent, and their turn if they are very many.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    /// Sorted by their ids.
    pub(super) selected: Vec<SelectedAccount>,
    /// Of `all`: how many of those that match are not among them.
    pub(super) left_out: LeftOut,
    /// Until the approval ends.
    pub(super) _turn: Option<Turn<'a>>,
}

impl Choice {
    /// Reads a choice: the accounts one by one, at most so many, or all but some.
    pub(super) fn read(approval: Approval, most: usize) -> Result<Self, Problem> {
        match approval {
            Approval { accounts: Some(accounts), all: None, except: None, .. } => {
                account_selection::check_form(&accounts, most).map_err(wrong_accounts)?;
                Ok(Self::These(accounts))
            }
            Approval { accounts: None, all: Some(AllMatching { q }), except, .. } => {
                Ok(Self::All {
                    q: matching_accounts::search(q, "all.q")?,
                    except: except.unwrap_or_default().into_iter().collect(),
                })
            }
            Approval { accounts: None, all: None, .. } => {
                let message = "is missing, and so is `all`: give one";
                Err(Problem::invalid_field("accounts", Fault::new(FaultCode::Required, message)))
            }
            Approval { all: Some(_), .. } => {
                let message = "is given together with `accounts`: give one";
                Err(Problem::invalid_field("all", Fault::new(FaultCode::NotAllowed, message)))
            }
            Approval { except: Some(_), .. } => {
                let message = "is for `all`; leave these out of `accounts`";
                Err(Problem::invalid_field("except", Fault::new(FaultCode::NotAllowed, message)))
            }
        }
    }

    /// The accounts, as the person's roles on them are at this moment. Very many have to wait for their turn; what
    /// counts is how it is when it has come.
    pub(super) async fn resolve<'a>(
        &self,
        broker: &'a ConsentBroker,
        attempt: &Attempt,
        remote: &RemoteServices,
        (operation, target): (&'static str, Target),
        seen: Seen<'_>,
    ) -> Result<Chosen<'a>, Problem> {
        let turn = || broker.large_approvals.turn(seen.person_id);
        match self {
            Self::These(accounts) => {
                let turn = if accounts.len() > AT_A_TIME { Some(turn().await?) } else { None };
                let held = remote.roles_of(seen.person_id, accounts.iter().copied()).await?;
                let roles = policy::consent_roles(&broker.resources.catalogue, seen.service);
                match account_selection::select(accounts, &held, seen.service, roles) {
                    Ok(selected) => {
                        Ok(Chosen { selected, left_out: LeftOut::default(), _turn: turn })
                    }
                    Err(error) => {
                        if matches!(error, AccountSelectionError::RoleMayNotConsent { .. }) {
                            let reason = RefusedBecause::RoleNotAllowed;
                            attempt.refuse(operation, target, reason).await;
                        }
                        Err(wrong_accounts(error))
                    }
                }
            }
            Self::All { q, except } => {
                let find = || matching_accounts::find(broker, remote, seen, q.clone(), except);
                let most = broker.settings.max_accounts_per_approval as usize;
                let (mut found, mut has_turn) = (find().await?, None);
                if (AT_A_TIME + 1..=most).contains(&found.selectable.len()) {
                    has_turn = Some(turn().await?);
                    found = find().await?;
                }
                if found.more || found.selectable.len() > most {
                    let message = AccountSelectionError::TooMany(most).to_string();
                    let fault = Fault::new(FaultCode::TooMany, message).with("max", most);
                    return Err(Problem::invalid_field("all", fault));
                }
                if found.selectable.is_empty() {
                    let message = "finds no account that can be chosen";
                    return Err(Problem::unprocessable(
                        "nothing-to-choose",
                        "None of the accounts that match can be chosen.",
                    )
                    .with_field("all", Fault::new(FaultCode::NotFound, message)));
                }
                let (selected, left_out) = (found.selectable, found.left_out);
                Ok(Chosen { selected, left_out, _turn: has_turn })
            }
        }
    }
}

fn wrong_accounts(error: AccountSelectionError) -> Problem {
    let message = error.to_string();
    let entry = |position: usize| format!("accounts[{position}]");
    match error {
        AccountSelectionError::Empty => {
            Problem::invalid_field("accounts", Fault::new(FaultCode::Required, message))
        }
        AccountSelectionError::TooMany(most) => Problem::invalid_field(
            "accounts",
            Fault::new(FaultCode::TooMany, message).with("max", most),
        ),
        AccountSelectionError::Twice(position) => {
            Problem::invalid_field(entry(position), Fault::new(FaultCode::Repeated, message))
        }
        AccountSelectionError::NotVisible(position) => {
            Problem::invalid_field(entry(position), Fault::new(FaultCode::NotFound, message))
        }
        AccountSelectionError::RoleMayNotConsent { position, role, .. } => Problem::forbidden(
            "role-not-allowed",
            "Your role on a chosen account may not consent for this service.",
        )
        .with_field(
            entry(position),
            Fault::new(FaultCode::NotAllowed, message).with("role", role.as_str()),
        ),
    }
}
