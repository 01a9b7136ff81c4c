//! A process that is told to end ends, whatever it waits for.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use faults::programs::Programs;
use faults::proxy::Weather;
use faults::random::Random;
use faults::stage::{Fillable, Shape, Stage};
use stage::within;

#[tokio::test]
async fn a_process_ends_although_its_connections_to_postgresql_are_silent() {
    let faults = PathBuf::from(env!("CARGO_BIN_EXE_faults"));
    let profile = faults.parent().map(Path::to_owned).unwrap();
    let programs = Programs { mandate: profile.join("mandate"), faults };
    let folder = profile.join("faults-ends");
    std::fs::create_dir_all(&folder).unwrap();
    let mut stage =
        Stage::set(Shape::Single, &programs, &folder, Fillable::default(), Random::new(3))
            .await
            .unwrap();
    let last = stage.replicas() - 1;
    stage.way_to_postgres(last, Weather::Silent);
    // Its own look at the database now waits on a connection that never answers.
    let http = reqwest::Client::new();
    let waits = within(Duration::from_mins(1), "something waits", async || {
        match stage.ready(&http).await {
            Err(why) if why.contains("postgres") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    waits.await.unwrap();
    stage.remove_replica().await.unwrap();
}
