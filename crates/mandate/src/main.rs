//! `mandate`: see [`mandate::cli`].

use std::process::ExitCode;

use clap::Parser;
use mandate::output::note;

/// Requests are allocated on one thread and freed on another, which glibc's allocator answers by
/// searching and merging: a third of the services' CPU under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match mandate::commands::run(mandate::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The whole chain of causes, on one line each: what happened first, why below it.
            let mut told = error.to_string();
            note(&format!("mandate: {told}"));
            for cause in error.chain().skip(1).map(ToString::to_string) {
                // Some errors end with their cause.
                if !told.ends_with(&cause) {
                    note(&format!("  because {cause}"));
                    told = cause;
                }
            }
            ExitCode::FAILURE
        }
    }
}
