//! The list of accounts, and how much of it is chosen.

use contract::ids::AccountId;

use super::choice::joined;
use super::{Drawn, ENUMERATED};
use crate::api::Refused;
use crate::api::requests::{Account, Named, ReasonCode};
use crate::layout::Frame;
use crate::parts::account_role;
use crate::texts::Texts;
use crate::times::Time;

/// The list as the page shows it.
pub(super) struct List {
    pub(super) rows: Vec<Row>,
    /// What the form carries of what is chosen.
    pub(super) fields: Vec<(&'static str, String)>,
    /// Those that can be ticked here.
    pub(super) shown: String,
    pub(super) q: String,
    pub(super) next: Option<String>,
    pub(super) is_first: bool,
    /// `12 chosen of 2,431; 87 cannot be chosen.`
    pub(super) chosen: String,
    pub(super) count: usize,
    /// What the button that chooses all says, if it is there.
    pub(super) choose_all: Option<String>,
    /// The search whose whole result is chosen.
    pub(super) all_of: Option<String>,
    pub(super) is_empty: bool,
}

/// One account.
pub(super) struct Row {
    pub(super) id: AccountId,
    pub(super) name: String,
    pub(super) external_id: Option<String>,
    pub(super) role: String,
    pub(super) ticked: bool,
    pub(super) why: Option<Why>,
}

/// Why it cannot be chosen, and who can.
pub(super) struct Why {
    pub(super) sentence: String,
    pub(super) when: Option<Time>,
    pub(super) consenters: Vec<Named>,
}

impl List {
    pub(super) fn of(frame: &Frame<'_>, drawn: &Drawn) -> Self {
        let (t, choice) = (frame.t, &drawn.choice);
        let own = &drawn.request.counts;
        // Of a search these are its own figures, on its first page.
        let found = drawn.accounts.counts.as_ref().unwrap_or(own);
        let selectable = match &choice.all {
            Some(q) if *q == drawn.q => found.selectable,
            _ => own.selectable,
        };
        let count = choice.count(selectable);
        let cannot = own.matching - own.selectable.min(own.matching);
        let open = drawn.accounts.items.iter().filter(|account| account.selectable);
        let offers_all = drawn.is_first && choice.all.is_none() && found.selectable > 1;
        Self {
            rows: drawn
                .accounts
                .items
                .iter()
                .map(|account| Row::of(frame, account, drawn))
                .collect(),
            fields: choice.fields(),
            shown: joined(open.map(|account| &account.id)),
            q: drawn.q.clone(),
            next: drawn.accounts.next_cursor.clone(),
            is_first: drawn.is_first,
            chosen: t.request_chosen(
                frame.grouped(count),
                frame.grouped(own.matching),
                cannot,
                frame.grouped(cannot),
            ),
            count,
            choose_all: offers_all.then(|| {
                let replaced = choice.some.len();
                if replaced > 0 && found.matching > ENUMERATED {
                    t.request_choose_instead(
                        frame.grouped(found.selectable),
                        frame.grouped(replaced),
                    )
                } else if drawn.q.is_empty() {
                    t.request_choose_all(frame.grouped(found.selectable))
                } else {
                    t.request_choose_matching(frame.grouped(found.selectable))
                }
            }),
            all_of: choice.all.clone(),
            is_empty: drawn.accounts.items.is_empty(),
        }
    }
}

impl List {
    /// The search whose whole result is chosen, if it is not everything.
    pub(super) fn search_of_all(&self) -> Option<&str> {
        self.all_of.as_deref().filter(|q| !q.is_empty())
    }
}

impl Row {
    fn of(frame: &Frame<'_>, account: &Account, drawn: &Drawn) -> Self {
        Self {
            id: account.id,
            name: account.name.clone(),
            external_id: account.external_id.clone(),
            role: account_role::name(frame.t, account.role),
            ticked: account.selectable && drawn.choice.has(account.id),
            why: (!account.selectable).then(|| Why::of(frame, account)),
        }
    }
}

impl Why {
    fn of(frame: &Frame<'_>, account: &Account) -> Self {
        let t = frame.t;
        let role = account_role::name(t, account.role);
        let unknown = || Self { sentence: t.request_why(), when: None, consenters: Vec::new() };
        let Some(reason) = &account.reason else { return unknown() };
        match reason.code {
            ReasonCode::AlreadyGranted => {
                let by = reason.granted_by.as_ref().and_then(|by| by.name.as_deref());
                let sentence = match by {
                    Some(name) => t.request_why_granted_by(name),
                    None => t.request_why_granted(),
                };
                let when = reason.granted_at.map(|at| frame.time(at));
                Self { sentence, when, consenters: Vec::new() }
            }
            ReasonCode::RoleMayNotConsent => {
                let consenters = reason.consenters.clone().unwrap_or_default();
                let sentence = if consenters.is_empty() {
                    t.request_why_role_alone(role)
                } else {
                    t.request_why_role(role)
                };
                Self { sentence, when: None, consenters }
            }
            ReasonCode::Other => unknown(),
        }
    }
}

/// Whether a refusal to pass on is for the page, and not for all of the link.
pub(super) fn is_about_passing_on(refused: &Refused) -> bool {
    let known = ["passed-on-too-often", "passed-on-just-now", "already-granted"];
    known.contains(&refused.code.as_str()) || refused.status == 422
}

/// The same in words.
pub(super) fn not_passed_on(t: &Texts, refused: &Refused) -> String {
    match refused.code.as_str() {
        "passed-on-too-often" => t.request_passed_on_too_often(),
        "passed-on-just-now" => {
            t.request_passed_on_just_now(refused.retry_after.unwrap_or(60).div_ceil(60))
        }
        "already-granted" => t.request_granted_meanwhile(),
        _ => t.request_not_passed_on(),
    }
}
