//! What an import tells.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::problem;
use utoipa::ToSchema;

use crate::import::{LineReport, Outcome};

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ImportReport {
    /// Whether it was only asked what would be done.
    dry_run: bool,
    /// Whether the file was applied: as a whole, or not at all.
    applied: bool,
    /// How many lines create something.
    created: usize,
    /// How many lines change something.
    updated: usize,
    /// How many lines change nothing.
    unchanged: usize,
    /// How many lines are wrong.
    errors: usize,
    /// The lines, in order.
    lines: Vec<LineReport>,
}

impl ImportReport {
    pub(super) fn of(lines: Vec<LineReport>, dry_run: bool, applied: bool) -> Self {
        let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
        Self {
            dry_run,
            applied,
            created: count(Outcome::Created),
            updated: count(Outcome::Updated),
            unchanged: count(Outcome::Unchanged),
            errors: count(Outcome::Error),
            lines,
        }
    }
}

/// A problem (RFC 9457) with the report as an extension member.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ImportRefused {
    /// `urn:mandate:problem:import-refused`.
    r#type: String,
    /// The kind of problem.
    title: &'static str,
    /// 422.
    status: u16,
    /// What went wrong.
    detail: String,
    /// What is wrong with which line. Left out when the file cannot be read at all.
    #[schema(required = false)]
    report: ImportReport,
}

impl IntoResponse for ImportRefused {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::UNPROCESSABLE_ENTITY, Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT));
        response
    }
}

impl From<ImportReport> for ImportRefused {
    fn from(report: ImportReport) -> Self {
        Self {
            r#type: format!("{}import-refused", problem::TYPE_PREFIX),
            title: "Import refused",
            status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
            detail: format!(
                "{} lines are wrong, so nothing of the file was applied.",
                report.errors
            ),
            report,
        }
    }
}
