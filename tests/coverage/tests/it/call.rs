//! A call of an operation: what it is about, and what is known beforehand of its events.

use serde_json::Value;

use coverage::document::Operation;
use stage::{Answer, Client, Method};

/// The parameters and the body of a call, ready to succeed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    parameters: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    /// What else its events name.
    named: Vec<(&'static str, String)>,
    body: Body,
    /// On whose behalf its events are.
    pub(crate) belongs: Belongs,
    /// Who makes it, if not somebody of the cast: the caller, and how events name them.
    pub(crate) by: Option<(Client, String)>,
    /// What it leaves, where the description leaves that open.
    pub(crate) leaves: Option<Vec<&'static str>>,
    /// Whether who makes it is whom its answer opens a session for.
    pub(crate) opens_a_session: bool,
    /// Of what there follows at least one, for each of something, where the description leaves that open.
    pub(crate) several: Vec<&'static str>,
    /// Whether who makes it cannot make it again: it takes away what let them.
    pub(crate) ends_its_caller: bool,
    /// Where its answer names who made it, if they were nobody before.
    acting_as: Option<&'static str>,
}

/// On whose behalf an event is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// Nobody's.
    #[default]
    ToNobody,
    /// An organization's.
    To(String),
    /// That of the organization which the call makes.
    ToTheMade,
}

#[derive(Debug, Clone, Default)]
enum Body {
    #[default]
    None,
    Json(Value),
    Form(Vec<(&'static str, String)>),
    Bytes(&'static str, Vec<u8>),
}

impl Call {
    /// Of an operation without parameters.
    pub(crate) fn plain() -> Self {
        Self::default()
    }

    /// With a parameter in the path.
    pub(crate) fn path(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// With a parameter in the query string.
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Takes away what lets its caller make it.
    pub(crate) fn ends_its_caller(mut self) -> Self {
        self.ends_its_caller = true;
        self
    }

    /// About this, which its events name although it gives something else.
    pub(crate) fn named(mut self, name: &'static str, id: impl Into<String>) -> Self {
        self.named.push((name, id.into()));
        self
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// With a form.
    pub(crate) fn form(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match &mut self.body {
            Body::Form(fields) => fields.push((name, value.into())),
            body => *body = Body::Form(vec![(name, value.into())]),
        }
        self
    }

    /// With a file.
    pub(crate) fn bytes(mut self, media_type: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(media_type, bytes.into());
        self
    }

    /// Its events belong to this organization.
    pub(crate) fn of(mut self, organization: impl Into<String>) -> Self {
        self.belongs = Belongs::To(organization.into());
        self
    }

    /// Its events belong to the organization that it makes.
    pub(crate) fn of_what_it_makes(mut self) -> Self {
        self.belongs = Belongs::ToTheMade;
        self
    }

    /// Made by somebody who is not of the cast.
    pub(crate) fn by(mut self, caller: Client, actor: impl Into<String>) -> Self {
        self.by = Some((caller, actor.into()));
        self
    }

    /// Opens a session for who makes it, who was nobody before.
    pub(crate) fn opens_a_session(mut self) -> Self {
        self.opens_a_session = true;
        self
    }

    /// Leaves exactly these events when it succeeds.
    pub(crate) fn leaves(mut self, kinds: &[&'static str]) -> Self {
        self.leaves = Some(kinds.to_vec());
        self
    }

    /// Is followed by at least one of each of these when it succeeds.
    pub(crate) fn followed_by_several(mut self, kinds: &[&'static str]) -> Self {
        self.several = kinds.to_vec();
        self
    }

    /// Made by somebody who is named in this field of the answer, and was nobody before.
    pub(crate) fn acting_as(mut self, field: &'static str) -> Self {
        self.acting_as = Some(field);
        self
    }

    /// How its events name who made it, if they were nobody before.
    pub(crate) fn acted(&self, answer: &Answer) -> Option<String> {
        let field = self.acting_as.filter(|_| answer.status.is_success())?;
        Some(format!("user/{}", answer.field(field)))
    }

    /// What it gives in path and query: where, name and value.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let path = self.parameters.iter().map(|given| ("path", given));
        let query = self.query.iter().map(|given| ("query", given));
        path.chain(query).map(|(place, (name, value))| (place, *name, value.as_str()))
    }

    /// The target of an event about it, where words in braces stand for what the call names.
    pub(crate) fn target(&self, template: &str, actor: &str) -> String {
        let organization = match &self.belongs {
            Belongs::To(id) => id,
            Belongs::ToNobody | Belongs::ToTheMade => "",
        };
        let around =
            [("organization", organization), ("caller", actor.trim_start_matches("user/"))];
        let own = self.parameters.iter().chain(&self.query).chain(&self.named);
        own.map(|(name, value)| (*name, value.as_str()))
            .chain(around)
            .fold(template.to_owned(), |target, (name, value)| {
                target.replace(&format!("{{{name}}}"), value)
            })
    }

    /// Sends it.
    ///
    /// # Panics
    /// When the path has a parameter that the call does not give, or the other way round.
    pub(crate) async fn send(&self, caller: &Client, operation: &Operation) -> Answer {
        let mut path = operation.path.clone();
        for (name, value) in &self.parameters {
            let place = format!("{{{name}}}");
            assert!(path.contains(&place), "{}: no {place}", operation.id);
            path = path.replace(&place, value);
        }
        assert!(!path.contains('{'), "{}: {path}", operation.id);
        for (at, (name, value)) in self.query.iter().enumerate() {
            // Ids and words: nothing that would have to be escaped.
            let separator = if at == 0 { '?' } else { '&' };
            path = format!("{path}{separator}{name}={value}");
        }
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let request =
            self.headers.iter().fold(caller.request(method, &path), |request, (name, value)| {
                request.header(name, value)
            });
        let request = match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Form(fields) => request.form(fields),
            Body::Bytes(media_type, bytes) => {
                request.header("content-type", media_type).body(bytes.clone())
            }
        };
        request.send().await
    }
}
