//! What is said of a link.

use chrono::{DateTime, TimeDelta, Utc};
use contract::ids::LinkId;

use crate::api::links::{Link, LinkOperation, LinkState};
use crate::layout::Frame;
use crate::parts::mark::{Mark, Shape};
use crate::texts::Texts;
use crate::times::Time;

/// The end of a link that nobody has used is pointed out so long before.
const SOON: TimeDelta = TimeDelta::days(7);

/// A link, as it is told.
pub(super) struct Row {
    pub(super) id: LinkId,
    pub(super) label: Option<String>,
    pub(super) hint: String,
    pub(super) state: LinkState,
    pub(super) mark: Mark,
    pub(super) made: Time,
    pub(super) opened: Option<Time>,
    pub(super) ended: Option<Time>,
    pub(super) expires: Time,
    /// Whether it can still be used, and ends soon.
    pub(super) is_ending: bool,
    pub(super) granted: u32,
    pub(super) already: u32,
    pub(super) passed_on: u32,
    pub(super) lifetime: Option<u32>,
    pub(super) may_revoke: bool,
}

impl Row {
    pub(super) fn of(link: &Link, frame: &Frame<'_>, now: DateTime<Utc>) -> Self {
        Self {
            id: link.id,
            label: link.label.clone(),
            hint: link.hint.clone(),
            state: link.state,
            mark: mark(frame.t, link.state),
            made: frame.time(link.created_at),
            opened: link.opened_at.map(|at| frame.time(at)),
            ended: link.ended_at.map(|at| frame.time(at)),
            expires: frame.time(link.expires_at),
            is_ending: link.ended_at.is_none() && link.expires_at - now < SOON,
            granted: link.granted_count,
            already: link.already_granted_count,
            passed_on: link.passed_on_count,
            lifetime: link.grant_lifetime_days,
            may_revoke: link.allowed.contains(&LinkOperation::Revoke),
        }
    }

    /// Whether somebody has seen it and not answered yet.
    pub(super) fn is_opened(&self) -> bool {
        self.state == LinkState::Opened
    }

    /// Whether somebody answered it.
    pub(super) const fn is_used(&self) -> bool {
        matches!(self.state, LinkState::Granted | LinkState::Denied)
    }

    /// Whether it ended without a consent, so that asking again may help.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.state, LinkState::Denied | LinkState::Expired | LinkState::Revoked)
    }

    /// Its label; what is known of it, if it has none.
    pub(super) fn name(&self, t: &Texts) -> String {
        self.label.clone().unwrap_or_else(|| t.links_unlabelled(self.hint.as_str()))
    }
}

fn mark(t: &Texts, state: LinkState) -> Mark {
    match state {
        LinkState::Pending => Mark::new(Shape::Ring, t.link_pending()),
        LinkState::Opened => Mark::new(Shape::Half, t.link_opened()),
        LinkState::Granted => Mark::new(Shape::Full, t.link_granted()),
        LinkState::Denied => Mark::new(Shape::Cross, t.link_denied()),
        LinkState::Expired => Mark::new(Shape::Square, t.link_expired()),
        LinkState::Revoked => Mark::new(Shape::Cross, t.link_revoked()),
    }
}
