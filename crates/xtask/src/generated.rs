//! Documents that are generated from the code.

use crate::{
    committed::{Comparison, Files, is_json, read},
    process::{cargo, output, root, run},
};

/// The JSON Schemas of all events and their list, in `docs/events/`.
pub(crate) fn schemas(check: bool) -> anyhow::Result<()> {
    let made = tempfile::tempdir()?;
    let mut example = cargo(&["run", "--quiet", "--package", "contract"]);
    example.args(["--example", "event_schemas", "--"]).arg(made.path());
    run(&mut example)?;
    let folder = root().join("docs/events");
    Comparison {
        committed: read(&folder, is_schema_or_list)?,
        made: read(made.path(), is_schema_or_list)?,
        folder,
        command: "cargo xtask schemas",
    }
    .settle(check)
}

fn is_schema_or_list(name: &str) -> bool {
    is_json(name) || name == "README.md"
}

/// The description of the HTTP API, `docs/openapi.json`.
pub(crate) fn openapi(check: bool) -> anyhow::Result<()> {
    const NAME: &str = "openapi.json";
    let document =
        output(&mut cargo(&["run", "--quiet", "--package", "mandate", "--", "openapi"]))?;
    let folder = root().join("docs");
    Comparison {
        committed: read(&folder, |name| name == NAME)?,
        made: Files::from([(NAME.to_owned(), document)]),
        folder,
        command: "cargo xtask openapi",
    }
    .settle(check)
}
