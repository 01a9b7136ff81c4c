//! The walk through the document: every operation, called by everybody.

use std::collections::{BTreeMap, BTreeSet};

use coverage::document::{Document, Operation};
use coverage::promise::{Entry as Promised, always, named, permits, unconditional};
use futures::StreamExt;
use journeys::system::System;
use local_servers::testing::{MailServer, MailServerOptions};
use stage::{Answer, Client};

use crate::call::{Belongs, Call};
use crate::cast::{Cast, Who};
use crate::commitments;
use crate::ledger::{self, Left, Refusal};
use crate::system::{document, settings};
use crate::table::{self, Case, Entry, refusals};
use crate::uniform;

/// So many operations are walked at a time.
const AT_ONCE: usize = 6;

/// What came of an operation's walk.
#[derive(Default)]
struct Findings {
    faults: Vec<String>,
    left: Vec<Left>,
}

/// An operation's walk.
struct Walk<'a> {
    cast: &'a Cast,
    document: &'a Document,
    operation: &'a Operation,
    entry: &'a Entry,
    findings: Findings,
}

#[tokio::test]
async fn every_operation_is_called_by_everybody_and_leaves_what_its_description_names() {
    let mail = MailServer::start(&MailServerOptions::default());
    let system = System::configured(&settings(&mail)).await;
    let document = document(&system).await;
    assert_eq!(document.dangling_references(), Vec::<String>::new());
    let operations = document.operations().unwrap_or_else(|error| panic!("{error}"));
    let entries = table::entries();
    assert_covered(&operations, &entries);

    let cast = Cast::assemble(&system, mail).await;
    let walks = entries.iter().map(|entry| Walk {
        cast: &cast,
        document: &document,
        operation: &operations[entry.id],
        entry,
        findings: Findings::default(),
    });
    let all: Vec<Findings> =
        futures::stream::iter(walks).map(Walk::take).buffer_unordered(AT_ONCE).collect().await;
    let (mut faults, mut left) = (Vec::new(), Vec::new());
    for findings in all {
        faults.extend(findings.faults);
        left.extend(findings.left);
    }
    println!("{} operations, {} calls", operations.len(), left.len());
    faults.extend(ledger::faults(&cast, left).await);
    faults.extend(commitments::missing(&cast).await);
    faults.sort();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    system.stop().await;
}

/// That the table has every operation of the document, once, and no other.
fn assert_covered(operations: &BTreeMap<String, Operation>, entries: &[Entry]) {
    let documented: BTreeSet<&str> = operations.keys().map(String::as_str).collect();
    let covered: BTreeSet<&str> = entries.iter().map(|entry| entry.id).collect();
    let missing: Vec<_> = documented.difference(&covered).collect();
    let gone: Vec<_> = covered.difference(&documented).collect();
    assert!(
        missing.is_empty() && gone.is_empty() && covered.len() == entries.len(),
        "not in tests/coverage/tests/it/table: {missing:?}; there, but not in the document: {gone:?}"
    );
}

impl Walk<'_> {
    async fn take(mut self) -> Findings {
        let promise = &self.operation.promise;
        let (allowed, others): (Vec<Who>, Vec<Who>) =
            Who::all().partition(|who| who.is_named(promise));
        let Some(first) = allowed.first().copied() else {
            self.fault("nobody may call it");
            return self.findings;
        };
        // Those who may not come first: the call must still succeed after all of theirs.
        let mut call = self.make(first).await;
        self.unknown_parameter(&call, first).await;
        self.without_credentials(&call).await;
        if promise.allows_anyone() {
            // It was done then.
            call = self.make(first).await;
        }
        for who in others {
            self.forbidden(&call, who).await;
        }
        self.allowed(&call, first).await;
        for who in &allowed[1..] {
            let call = self.make(*who).await;
            self.allowed(&call, *who).await;
        }
        let entry = self.entry;
        for case in &entry.cases {
            self.case(case).await;
        }
        self.all_was_seen();
        self.findings
    }

    async fn make(&self, who: Who) -> Call {
        (self.entry.make)(self.cast, who).await
    }

    /// With a parameter that the operation does not have: it does nothing. OAuth has them ignored.
    async fn unknown_parameter(&mut self, call: &Call, who: Who) {
        if !self.operation.path.starts_with("/v1/") {
            return;
        }
        let what = "with an unknown parameter";
        let (caller, actor) = self.caller(call, who);
        let misspelt = call.clone().query(uniform::MISSPELT, "1");
        let answer = self.send(&misspelt, &caller, what).await;
        if let Some(fault) = uniform::fault_of_misspelt(&answer) {
            self.fault(&format!("{what}: {fault}"));
        }
        self.leaves(what, &answer, call, &actor, &[], None);
    }

    /// What was made can be read, and what was done is done again without doing anything.
    async fn again(&mut self, call: &Call, caller: &Client, actor: &str, first: &Answer) {
        if let Some(fault) = uniform::fault_of_location(first, caller).await {
            self.fault(&fault);
        }
        let deletes = self.operation.method == "DELETE" && !call.ends_its_caller;
        if !deletes && !self.operation.repeatable {
            return;
        }
        let what = "again";
        let answer = self.send(call, caller, what).await;
        self.expect_success(&answer, what);
        if self.operation.repeatable {
            for difference in uniform::differences(first, &answer) {
                self.fault(&format!("{what}: {difference}"));
            }
        }
        self.leaves(what, &answer, call, actor, &[], None);
    }

    /// Without a token, and with such as prove nothing.
    async fn without_credentials(&mut self, call: &Call) {
        let anonymous = &self.cast.anonymous;
        if self.operation.promise.allows_anyone() {
            let what = "without a token";
            let own = match self.entry.anonymous {
                Some(make) => Some(make(self.cast, Who::Stranger).await),
                None => None,
            };
            let call = own.as_ref().unwrap_or(call);
            let actor = call.by.as_ref().map_or("anonymous", |(_, actor)| actor).to_owned();
            self.succeeds(what, call, anonymous, &actor, None).await;
            return;
        }
        let tokens = [
            ("a token that is none", "nonsense".to_owned()),
            ("an unknown token", Cast::unknown_token()),
            ("a forged access token", self.cast.forged_access_token()),
        ];
        let wrong = tokens.map(|(what, token)| (what, anonymous.with_token(&token)));
        let callers = [("no token", anonymous.clone())].into_iter().chain(wrong);
        for (what, caller) in callers {
            let what = format!("with {what}");
            let answer = self.send(call, &caller, &what).await;
            self.expect(&answer, &what, 401);
            if answer.header("www-authenticate").is_empty() {
                self.fault(&format!("{what}: 401 without a challenge"));
            }
            self.leaves(&what, &answer, call, "anonymous", &[], None);
        }
    }

    /// By somebody whom the description does not name.
    async fn forbidden(&mut self, call: &Call, who: Who) {
        let what = format!("by {who:?}");
        let caller = self.cast.client(who);
        let answer = self.send(call, &caller, &what).await;
        let promise = &self.operation.promise;
        // An access token is no API token, nor the other way round.
        let unknown =
            if who == Who::App { promise.is_for_people() } else { !promise.is_for_people() };
        let sees = (self.entry.sees)(who);
        let status = match (unknown, sees) {
            (true, _) => 401,
            (false, true) => 403,
            (false, false) => self.entry.unseen,
        };
        self.expect(&answer, &what, status);
        let kinds: Vec<&str> =
            if status == 403 { named(&promise.refusals).collect() } else { Vec::new() };
        let actor = self.cast.actor(who);
        self.leaves(&what, &answer, call, &actor, &kinds, None);
        self.says(call, &actor, table::ROLE);
    }

    /// By somebody whom it names.
    async fn allowed(&mut self, call: &Call, who: Who) {
        let what = format!("by {who:?}");
        let promise = &self.operation.promise;
        let (caller, actor) = self.caller(call, who);
        let authority = who.authority(promise);
        self.succeeds(&what, call, &caller, &actor, authority).await;
    }

    /// It is done, and leaves what the description names.
    async fn succeeds(
        &mut self,
        what: &str,
        call: &Call,
        caller: &Client,
        actor: &str,
        authority: Option<String>,
    ) {
        let promise = &self.operation.promise;
        let keyed = if self.operation.repeatable {
            &call.clone().header("idempotency-key", format!("walk-{}", Cast::number()))
        } else {
            call
        };
        let answer = self.send(keyed, caller, what).await;
        self.expect_success(&answer, what);
        let kinds = match (&call.leaves, unconditional(&promise.events)) {
            (Some(kinds), _) => kinds.clone(),
            (None, Some(kinds)) => kinds,
            (None, None) => {
                self.fault("its events depend on the call, and the table does not say on what");
                return;
            }
        };
        if !kinds.is_empty() && !permits(&promise.events, &kinds) {
            self.fault(&format!("{what}: its description does not promise {kinds:?}"));
        }
        let mut follows = always(&promise.follows);
        let several = call.several.clone();
        if !several.is_empty() && !permits(&promise.follows, &several) {
            self.fault(&format!(
                "{what}: its description does not promise that {several:?} follow"
            ));
        }
        follows.extend(&several);
        let actor = call.acted(&answer).unwrap_or_else(|| actor.to_owned());
        self.leaves(what, &answer, call, &actor, &kinds, authority);
        if let Some(left) = self.findings.left.last_mut() {
            left.follows = follows.into_iter().map(str::to_owned).collect();
            left.several = several.into_iter().map(str::to_owned).collect();
        }
        self.again(keyed, caller, &actor, &answer).await;
    }

    async fn case(&mut self, case: &Case) {
        let what = format!("{}, by {:?}", case.name, case.who);
        let call = (case.make)(self.cast, case.who).await;
        let (caller, actor) = self.caller(&call, case.who);
        let answer = self.send(&call, &caller, &what).await;
        let promise = &self.operation.promise;
        let list: &[Promised] = if let Some(status) = case.refused {
            self.expect(&answer, &what, status);
            &promise.refusals
        } else {
            self.expect_success(&answer, &what);
            &promise.events
        };
        let actor = if call.opens_a_session { self.opened_for(&answer).await } else { actor };
        if !case.leaves.is_empty() && !permits(list, case.leaves) {
            self.fault(&format!("{what}: its description does not promise {:?}", case.leaves));
        }
        if !case.follows.is_empty() && !permits(&promise.follows, case.follows) {
            self.fault(&format!(
                "{what}: its description does not promise that {:?} follow",
                case.follows
            ));
        }
        self.leaves(&what, &answer, &call, &actor, case.leaves, None);
        self.says(&call, &actor, case.reason);
        if let Some(left) = self.findings.left.last_mut() {
            left.follows = case.follows.iter().map(|kind| (*kind).to_owned()).collect();
        }
    }

    /// For whom the session was opened, as events name them.
    async fn opened_for(&self, answer: &Answer) -> String {
        let session = self.cast.anonymous.with_token(&answer.field("token"));
        format!("user/{}", session.get("/v1/people/me").await.expect(200).field("id"))
    }

    fn caller(&self, call: &Call, who: Who) -> (Client, String) {
        call.by.clone().unwrap_or_else(|| (self.cast.client(who), self.cast.actor(who)))
    }

    async fn send(&mut self, call: &Call, caller: &Client, what: &str) -> Answer {
        let answer = call.send(caller, self.operation).await;
        let media_type = answer.header("content-type").split(';').next();
        let media_type = media_type.unwrap_or_default().to_owned();
        let faults =
            self.document.faults(self.operation, answer.status.as_u16(), &media_type, &answer.body);
        for fault in faults {
            self.fault(&format!("{what}: {fault}: {}", answer.text()));
        }
        answer
    }

    fn expect(&mut self, answer: &Answer, what: &str, status: u16) {
        if answer.status != status {
            let (found, text) = (answer.status, answer.text());
            self.fault(&format!("{what}: {found} instead of {status}: {text}"));
        }
    }

    fn expect_success(&mut self, answer: &Answer, what: &str) {
        if !answer.status.is_success() {
            let (found, text) = (answer.status, answer.text());
            self.fault(&format!("{what}: {found} instead of success: {text}"));
        }
    }

    fn leaves(
        &mut self,
        what: &str,
        answer: &Answer,
        call: &Call,
        actor: &str,
        kinds: &[&str],
        authority: Option<String>,
    ) {
        let organization = match &call.belongs {
            Belongs::To(id) => Some(id.clone()),
            Belongs::ToTheMade if answer.status == 201 => Some(answer.field("id")),
            Belongs::ToTheMade | Belongs::ToNobody => None,
        };
        self.findings.left.push(Left {
            what: format!("{} {what}", self.operation.id),
            correlation: answer.header("x-request-id").to_owned(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            follows: Vec::new(),
            several: Vec::new(),
            actor: actor.to_owned(),
            organization,
            authority,
            refusal: None,
        });
    }

    /// What the `access.refused` of the last call says, if it leaves one.
    fn says(&mut self, call: &Call, actor: &str, reason: &str) {
        let Some(left) = self.findings.left.last_mut() else { return };
        if !left.kinds.iter().any(|kind| kind == "access.refused") {
            return;
        }
        let Some((operation, target)) = refusals::of(&self.operation.id) else {
            self.fault("it is refused, and the table does not say what its event says");
            return;
        };
        left.refusal = Some(Refusal {
            operation: operation.to_owned(),
            target: call.target(target, actor),
            reason: reason.to_owned(),
        });
    }

    /// That every event which the description names was left by one of the calls.
    fn all_was_seen(&mut self) {
        let left = &self.findings.left;
        let own: BTreeSet<&str> = left.iter().flat_map(Left::own_kinds).collect();
        let follows: BTreeSet<&str> = left.iter().flat_map(Left::following_kinds).collect();
        let promise = &self.operation.promise;
        let unseen: Vec<String> = named(&promise.events)
            .chain(named(&promise.refusals))
            .filter(|kind| !own.contains(kind))
            .chain(named(&promise.follows).filter(|kind| !follows.contains(kind)))
            .map(str::to_owned)
            .collect();
        if !unseen.is_empty() {
            self.fault(&format!("no call leaves {unseen:?}, which it promises"));
        }
    }

    fn fault(&mut self, what: &str) {
        let fault = format!("{}: {what}", self.operation.id);
        self.findings.faults.push(fault);
    }
}
