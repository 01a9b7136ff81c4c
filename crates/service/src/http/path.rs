//! The path's parameters. What cannot be read names nothing: it is missing like a thing that is not
//! there, by the same problem.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use contract::{
    AccountId, ApiTokenId, AppId, ClientId, DomainRequestId, EventId, GrantId, InvitationId, KeyId,
    LinkId, OrganizationId, PersonId, RedirectUriId, SessionId, SignInId,
};

use crate::problem::Problem;

/// The path's parameters: one, or a tuple in the order in which the path has them.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

/// What a path's parameters can be read as.
pub trait FromPath: Sized {
    /// Reads the next of the path's values.
    ///
    /// # Errors
    /// 404 for what names nothing.
    fn read<'p>(values: &mut impl Iterator<Item = &'p str>) -> Result<Self, Problem>;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl FromPath for $id {
            fn read<'p>(values: &mut impl Iterator<Item = &'p str>) -> Result<Self, Problem> {
                next(values)?.parse().map_err(|_| Problem::no_such::<Self>())
            }
        }
    )*};
}

ids!(
    AccountId,
    ApiTokenId,
    AppId,
    DomainRequestId,
    EventId,
    GrantId,
    InvitationId,
    LinkId,
    OrganizationId,
    PersonId,
    RedirectUriId,
    SessionId,
    SignInId
);

impl FromPath for ClientId {
    fn read<'p>(values: &mut impl Iterator<Item = &'p str>) -> Result<Self, Problem> {
        next(values)?.parse().map_err(|_| Problem::no_such::<KeyId>())
    }
}

/// Text whose form the handler knows.
impl FromPath for String {
    fn read<'p>(values: &mut impl Iterator<Item = &'p str>) -> Result<Self, Problem> {
        next(values).map(str::to_owned)
    }
}

impl<A: FromPath, B: FromPath> FromPath for (A, B) {
    fn read<'p>(values: &mut impl Iterator<Item = &'p str>) -> Result<Self, Problem> {
        Ok((A::read(values)?, B::read(values)?))
    }
}

fn next<'p>(values: &mut impl Iterator<Item = &'p str>) -> Result<&'p str, Problem> {
    values.next().ok_or_else(|| Problem::internal("the path has fewer parameters than are read"))
}

impl<S: Send + Sync, T: FromPath> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let values = RawPathParams::from_request_parts(parts, state).await;
        // Percent-encoded bytes that are no text, and the character U+0000, which PostgreSQL cannot hold,
        // are in no name. A request's line has no control characters but percent-encoded ones.
        let values = values.map_err(|_| nothing_here())?;
        if parts.uri.path().contains("%00") {
            return Err(nothing_here());
        }
        T::read(&mut values.iter().map(|(_, value)| value)).map(Self)
    }
}

fn nothing_here() -> Problem {
    Problem::not_found("not-found", "There is nothing at this address.")
}
