//! `mandate`: see [`mandate::cli`].

use std::process::ExitCode;

use mandate::output::note;

/// Requests are allocated on one thread and freed on another, which glibc's allocator answers by
/// searching and merging: a third of the services' CPU under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match mandate::cli::Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match mandate::commands::run(cli) {
        Ok(code) => code,
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
