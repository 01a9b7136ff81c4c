//! What docs/audit.md says of the command.

use crate::log::{help, parsed, parsed_evidence};

const DOCUMENT: &str = include_str!("../../../../docs/audit.md");

#[test]
fn the_commands_of_the_document_are_understood() {
    let text = DOCUMENT.replace("\\\n", " ");
    let of =
        |command: &'static str| text.lines().filter_map(move |line| line.strip_prefix(command));
    let commands = of("mandate verify ");
    let mut count = 0;
    for command in commands {
        let line = ["verify"].into_iter().chain(command.split_whitespace());
        parsed(&line.collect::<Vec<_>>()).unwrap();
        count += 1;
    }
    assert_eq!(count, 7);
    let mut count = 0;
    for command in of("mandate evidence ") {
        let line = ["evidence"].into_iter().chain(command.split_whitespace());
        parsed_evidence(&line.collect::<Vec<_>>()).unwrap();
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn the_exit_codes_of_the_document_are_those_of_the_help() {
    let code = |line: &str, after: &str| -> Option<u8> {
        line.strip_prefix(after)?.split_once(' ')?.0.parse().ok()
    };
    let codes: Vec<u8> = DOCUMENT.lines().filter_map(|line| code(line, "| ")).collect();
    assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let help = help();
    let of_help: Vec<u8> = help.lines().filter_map(|line| code(line, "  ")).collect();
    assert_eq!(of_help, codes, "{help}");
}
