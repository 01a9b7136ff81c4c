//! The rail of the wizard: which steps there are, which are done, and which one this is.

use std::cmp::Ordering;

use askama::Template;
use contract::ids::AppId;

use crate::texts::Texts;

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Details,
    Method,
    Picture,
    Service,
    Domains,
    Review,
}

impl Step {
    /// Its page for a draft; the method is fixed when there is one.
    fn address(self, app: AppId) -> Option<String> {
        let name = match self {
            Self::Details => "details",
            Self::Method => return None,
            Self::Picture => "picture/edit",
            Self::Service => "service",
            Self::Domains => "domains",
            Self::Review => "review",
        };
        Some(format!("/apps/{app}/{name}"))
    }
}

/// The rail at one step.
#[derive(Template)]
#[template(path = "parts/rail/part.html")]
pub(crate) struct Rail {
    t: &'static Texts,
    here: Step,
    app: Option<AppId>,
}

struct Group {
    number: u8,
    title: String,
    entries: Vec<Entry>,
}

struct Entry {
    title: String,
    at: At,
}

/// Where a step is, seen from this page.
#[derive(Debug, PartialEq, Eq)]
enum At {
    Here,
    /// Behind, with its page, if it can be changed.
    Done(Option<String>),
    Ahead,
}

impl Group {
    fn is_here(&self) -> bool {
        self.entries.iter().any(|entry| entry.at == At::Here)
    }

    fn is_done(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry.at, At::Done(_)))
    }
}

impl Rail {
    /// At this step, of this draft, if there is one already.
    pub(crate) const fn at(t: &'static Texts, here: Step, app: Option<AppId>) -> Self {
        Self { t, here, app }
    }

    /// Whether there is a draft.
    pub(crate) const fn is_saved(&self) -> bool {
        self.app.is_some()
    }

    fn groups(&self) -> Vec<Group> {
        let t = self.t;
        let entry = |step: Step, title| Entry { title, at: self.place(step) };
        vec![
            Group {
                number: 1,
                title: t.wizard_create(),
                entries: vec![
                    entry(Step::Details, t.wizard_details()),
                    entry(Step::Method, t.wizard_method()),
                    entry(Step::Picture, t.wizard_picture()),
                ],
            },
            Group {
                number: 2,
                title: t.wizard_activation(),
                entries: vec![entry(Step::Service, t.wizard_service())],
            },
            Group {
                number: 3,
                title: t.wizard_authorizations(),
                entries: vec![
                    entry(Step::Domains, t.wizard_domains()),
                    entry(Step::Review, t.wizard_review()),
                ],
            },
        ]
    }

    fn place(&self, step: Step) -> At {
        match step.cmp(&self.here) {
            Ordering::Equal => At::Here,
            Ordering::Less => At::Done(self.app.and_then(|app| step.address(app))),
            Ordering::Greater => At::Ahead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn what_is_behind_leads_back_as_far_as_it_can_be_changed() {
        let app: AppId = "0195b2a0-1111-7000-8000-000000000001".parse().unwrap();
        let rail = Rail::at(Language::English.texts(), Step::Service, Some(app));
        assert_eq!(rail.place(Step::Details), At::Done(Some(format!("/apps/{app}/details"))));
        assert_eq!(rail.place(Step::Method), At::Done(None));
        assert_eq!((rail.place(Step::Service), rail.place(Step::Review)), (At::Here, At::Ahead));
        let done: Vec<_> = rail.groups().iter().map(Group::is_done).collect();
        assert_eq!(done, [true, false, false]);
    }
}
