//! `docs/hostile-input.md`, from the table.

use std::fmt::Write as _;

use serde_json::Value;

use crate::row::{Answer, With};
use crate::table::rows;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hostile-input.md");
const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

fn cell(answer: Answer) -> String {
    match answer {
        Answer::Problem(status, slug) => format!("{status} `{slug}`"),
        Answer::Field(field) => format!("422 `invalid-request`, naming `{field}`"),
        Answer::OAuth(status, error) => format!("{status} `{error}`"),
        Answer::Taken(status) => format!("{status}: harmless"),
        Answer::Page(status) => format!("{status}, a page"),
        Answer::Bare(status) => format!("{status}, no body"),
        Answer::Closed => "the connection is closed".to_owned(),
    }
}

fn table() -> String {
    let mut text = String::new();
    let mut group = "";
    for row in rows(&With::demo(&Value::Null, String::new())) {
        if row.group != group {
            group = row.group;
            write!(text, "\n### {group}\n\n| input | answer |\n|---|---|\n").unwrap();
        }
        writeln!(text, "| {} | {} |", row.input, cell(row.answer)).unwrap();
    }
    text
}

#[test]
fn the_document_shows_the_table() {
    let written = std::fs::read_to_string(FILE).unwrap();
    let (before, rest) = written.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let table = format!("{}\n", table());
    if std::env::var_os("MANDATE_TEST_WRITE_DOCS").is_some() {
        std::fs::write(FILE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, table, "run this test with MANDATE_TEST_WRITE_DOCS=1");
    }
}
