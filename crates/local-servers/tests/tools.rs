//! Node.js, Python's packages and Go as tests get them: fetched by pip, with packages by lists of hashes.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use local_servers::testing::{Go, Node, PythonPackages};

/// Where the packages that tests need are listed.
fn lists(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(of)
}

#[track_caller]
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn node_runs_a_script_that_uses_a_package_of_the_lock_file() {
    let node = Node::provide(&lists("node")).unwrap();
    assert_eq!(printed(node.command().arg("--version")), "v24.19.0");
    let script = r#"
        const { CloudEvent } = require("cloudevents");
        const event = new CloudEvent({ id: "1", source: "/mandate", type: "mandate.app.created.v1" });
        console.log(event.specversion, event.validate());
    "#;
    assert_eq!(printed(node.command().arg("--eval").arg(script)), "1.0 true");
}

#[test]
fn python_runs_a_script_that_uses_a_package_of_the_list() {
    let python = PythonPackages::provide(&lists("python").join("requirements.txt")).unwrap();
    let script = "import requests_oauthlib; print(requests_oauthlib.__version__)";
    assert_eq!(printed(python.command().arg("-c").arg(script)), "2.0.0");
}

#[test]
fn go_builds_a_program_without_a_network() {
    let go = Go::provide().unwrap();
    let caches = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let command = || go.command(&caches);
    assert!(printed(command().arg("version")).starts_with("go version go1.27.3 "));

    let module = tempfile::tempdir().unwrap();
    fs::write(module.path().join("go.mod"), "module example\n\ngo 1.27\n").unwrap();
    let main = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"built here\") }\n";
    fs::write(module.path().join("main.go"), main).unwrap();
    let program = module.path().join("program");
    printed(command().args(["build", "-o"]).arg(&program).arg(".").current_dir(module.path()));
    assert_eq!(printed(&mut Command::new(program)), "built here");
}
