//! Query: the query string of `GET /v1/events`, parsed and checked. Pure.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use contract::instant::InvalidInstant;
use contract::{AccountId, Actor, AppId, OrganizationId};
use service::{Fault, FaultCode};
use url::form_urlencoded;
use uuid::Uuid;

use crate::entry::is_word;
use crate::event_types;

/// How many entries a page has if nothing else is asked for.
pub(crate) const DEFAULT_LIMIT: u16 = 50;
/// How many entries a page has at most.
pub(crate) const MAX_LIMIT: u16 = 200;

/// After so many faults the rest of a query is not read: an error is no echo.
const MAX_FAULTS: usize = 10;

/// Which way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}

/// The conditions an event must meet, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Filter {
    /// One of these types: at least one, in order, none twice.
    pub(crate) types: Option<Vec<String>>,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) app: Option<AppId>,
    pub(crate) account: Option<AccountId>,
    pub(crate) actor: Option<Actor>,
    pub(crate) stream: Option<Uuid>,
    /// Recorded not before.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Recorded before.
    pub(crate) to: Option<DateTime<Utc>>,
    /// It happened not before.
    pub(crate) occurred_from: Option<DateTime<Utc>>,
    /// It happened before.
    pub(crate) occurred_to: Option<DateTime<Utc>>,
}

/// A query: conditions, order, and which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
    pub(crate) limit: u16,
    /// Recorded after this position, oldest first.
    pub(crate) after: Option<i64>,
    /// As it came; only the server knows what is in it.
    pub(crate) cursor: Option<String>,
}

/// What is wrong with one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidParameter {
    pub(crate) field: String,
    pub(crate) fault: Fault,
}

impl Query {
    /// Parses a query string. All that is wrong with it is told at once.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<InvalidParameter>> {
        let mut parser = Parser::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            parser.parameter(&name, &value);
            if parser.faults.len() >= MAX_FAULTS {
                return Err(parser.faults);
            }
        }
        match (parser.query.after, parser.order) {
            // Newest first, whoever went on after the last of a page would miss what is older than it.
            (Some(_), Some(Order::Descending)) => {
                let fault = Fault::new(FaultCode::NotAllowed, "cannot be desc beside `after`");
                parser.fault("order", fault);
            }
            (Some(_), _) => parser.query.order = Order::Ascending,
            (None, order) => parser.query.order = order.unwrap_or_default(),
        }
        let Filter { from, to, occurred_from, occurred_to, .. } = parser.query.filter;
        let is_before =
            |to: Option<DateTime<Utc>>, from| to.zip(from).is_some_and(|(to, from)| to < from);
        if is_before(to, from) {
            parser.fault("to", Fault::new(FaultCode::OutOfRange, "is before `from`"));
        }
        if is_before(occurred_to, occurred_from) {
            let fault = Fault::new(FaultCode::OutOfRange, "is before `occurred_from`");
            parser.fault("occurred_to", fault);
        }
        if parser.faults.is_empty() { Ok(parser.query) } else { Err(parser.faults) }
    }
}

impl Default for Query {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            order: Order::default(),
            limit: DEFAULT_LIMIT,
            after: None,
            cursor: None,
        }
    }
}

/// A time of a query string: an unescaped plus sign of an offset arrives as a space.
pub(crate) fn time(value: &str) -> Result<DateTime<Utc>, InvalidInstant> {
    contract::instant::parse(&value.replace(' ', "+"))
}

#[derive(Default)]
struct Parser {
    query: Query,
    order: Option<Order>,
    faults: Vec<InvalidParameter>,
    seen: Vec<String>,
}

impl Parser {
    fn fault(&mut self, field: &str, fault: Fault) {
        self.faults.push(InvalidParameter { field: field.chars().take(64).collect(), fault });
    }

    fn malformed(&mut self, field: &str, message: impl Into<Cow<'static, str>>) {
        self.fault(field, Fault::new(FaultCode::WrongFormat, message));
    }

    fn parameter(&mut self, name: &str, value: &str) {
        if name != "type" && self.seen.iter().any(|seen| seen == name) {
            let fault = Fault::new(FaultCode::Repeated, "is given more than once");
            return self.fault(name, fault);
        }
        self.seen.push(name.to_owned());
        match name {
            "type" => self.types(value),
            "organization_id" => {
                self.query.filter.organization = self.parsed(name, value, "is not a UUID");
            }
            "app_id" => self.query.filter.app = self.parsed(name, value, "is not a UUID"),
            "account_id" => {
                self.query.filter.account = self.parsed(name, value, "is not a UUID");
            }
            "actor" => {
                let expected = "is not user/<id>, app/<id>, system/<service> or anonymous";
                self.query.filter.actor = self.parsed(name, value, expected);
            }
            "stream" => self.stream(value),
            "from" => self.query.filter.from = self.time(name, value),
            "to" => self.query.filter.to = self.time(name, value),
            "occurred_from" => self.query.filter.occurred_from = self.time(name, value),
            "occurred_to" => self.query.filter.occurred_to = self.time(name, value),
            "order" => match value {
                "asc" => self.order = Some(Order::Ascending),
                "desc" => self.order = Some(Order::Descending),
                _ => {
                    let fault = Fault::new(FaultCode::NotOneOf, "is neither asc nor desc");
                    self.fault(name, fault.with("expected", vec!["asc", "desc"]));
                }
            },
            "limit" => match value.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => self.query.limit = limit,
                _ => self.fault(name, Fault::out_of_range(1, MAX_LIMIT.into())),
            },
            "after" => self.after(name, value),
            "cursor" => self.query.cursor = Some(value.to_owned()),
            // Not ignored: a misspelt filter would answer with everything.
            _ => {
                let message = "is not a parameter of this operation";
                self.fault(name, Fault::new(FaultCode::Unknown, message));
            }
        }
    }

    fn parsed<T: std::str::FromStr>(
        &mut self,
        name: &str,
        value: &str,
        message: &'static str,
    ) -> Option<T> {
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.malformed(name, message);
        }
        parsed
    }

    fn after(&mut self, name: &str, value: &str) {
        self.query.after = value.parse().ok().filter(|position| *position >= 0);
        if self.query.after.is_none() {
            let fault = Fault::new(FaultCode::OutOfRange, "is no position of the log");
            self.fault(name, fault.with("min", 0));
        }
    }

    fn time(&mut self, name: &str, value: &str) -> Option<DateTime<Utc>> {
        let parsed = time(value);
        parsed.map_err(|error| self.malformed(name, error.to_string())).ok()
    }

    fn stream(&mut self, value: &str) {
        let id = value
            .split_once('/')
            .filter(|(kind, _)| is_word(kind))
            .and_then(|(_, id)| Uuid::parse_str(id).ok());
        match id {
            Some(id) => self.query.filter.stream = Some(id),
            None => self.malformed("stream", "is not <aggregate>/<id>, such as app/0197…"),
        }
    }

    fn types(&mut self, value: &str) {
        for item in value.split(',').map(str::trim) {
            if self.faults.len() >= MAX_FAULTS {
                return;
            }
            match event_types::named(item) {
                Ok(named) => self
                    .query
                    .filter
                    .types
                    .get_or_insert_default()
                    .extend(named.into_iter().map(str::to_owned)),
                Err(fault) => self.fault("type", fault),
            }
        }
        if let Some(types) = &mut self.query.filter.types {
            types.sort_unstable();
            types.dedup();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(query: &str) -> Vec<String> {
        Query::parse(query).unwrap_err().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn nothing_asked_is_the_newest_of_everything() {
        let query = Query::parse("").unwrap();
        assert_eq!(query, Query::default());
        assert_eq!((query.order, query.limit), (Order::Descending, 50));
    }

    #[test]
    fn types_can_be_repeated_listed_and_abbreviated() {
        let query = Query::parse(
            "type=mandate.app.created.v1,mandate.key.deleted.v1&type=mandate.consent.*",
        )
        .unwrap();
        let expected = [
            "mandate.app.created.v1",
            "mandate.consent.expired.v1",
            "mandate.consent.expiry-set.v1",
            "mandate.consent.granted.v1",
            "mandate.consent.renewed.v1",
            "mandate.consent.revoked.v1",
            "mandate.key.deleted.v1",
        ];
        assert_eq!(query.filter.types.unwrap(), expected);
    }

    #[test]
    fn a_query_is_of_bounded_size() {
        let all = format!("type={}", "mandate.*,".repeat(1_000).trim_end_matches(','));
        let types = Query::parse(&all).unwrap().filter.types.unwrap();
        assert_eq!(types.len(), contract::facts::all().len());
        let wrong = (0..1_000).map(|n| format!("p{n}=")).collect::<Vec<_>>().join("&");
        assert_eq!(fields(&wrong).len(), MAX_FAULTS);
        assert_eq!(fields(&format!("type={}", "x,".repeat(1_000))).len(), MAX_FAULTS);
    }

    #[test]
    fn what_comes_after_a_position_is_read_oldest_first() {
        for query in ["after=7", "after=7&order=asc", "order=asc&after=7"] {
            let query = Query::parse(query).unwrap();
            assert_eq!((query.after, query.order), (Some(7), Order::Ascending));
        }
        assert_eq!(Query::parse("after=0").unwrap().after, Some(0));
        assert_eq!(fields("after=7&order=desc"), ["order"]);
        for wrong in ["-1", "", "x", "1.5", "9223372036854775808"] {
            assert_eq!(fields(&format!("after={wrong}")), ["after"]);
        }
    }

    #[test]
    fn times_may_have_an_offset() {
        let query =
            Query::parse("from=2026-01-31T08:00:00%2B02:00&to=2026-01-31T08:00:00Z").unwrap();
        assert_eq!(query.filter.from.unwrap().to_rfc3339(), "2026-01-31T06:00:00+00:00");
        assert!(Query::parse("from=2026-01-31T08:00:00+02:00").is_ok());
    }

    #[test]
    fn every_fault_names_its_field() {
        assert_eq!(
            fields("app_id=x&account_id=&organization_id=7"),
            ["app_id", "account_id", "organization_id"]
        );
        assert_eq!(fields("type=app.created"), ["type"]);
        assert_eq!(fields("type=mandate.%25"), ["type"]);
        assert_eq!(fields("type=mandate.app.created,mandate.unicorn.*"), ["type", "type"]);
        assert_eq!(fields("actor=root&stream=app"), ["actor", "stream"]);
        assert_eq!(fields("from=yesterday&to=2026-13-01T00:00:00Z"), ["from", "to"]);
        assert_eq!(
            fields("from=2016-12-31T23:59:60Z&to=%2B262142-01-01T00:00:00Z"),
            ["from", "to"]
        );
        assert_eq!(fields("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"), ["to"]);
        assert_eq!(
            fields("occurred_from=2026-01-02T00:00:00Z&occurred_to=2026-01-01T00:00:00Z"),
            ["occurred_to"]
        );
        assert_eq!(fields("order=up&limit=0"), ["order", "limit"]);
        assert_eq!(fields("limit=201"), ["limit"]);
        assert_eq!(fields("organisation_id=7"), ["organisation_id"]);
        assert_eq!(fields("order=asc&order=desc"), ["order"]);
    }
}
