use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eventstore::inactivity::LONGEST_WAIT;
use tokio::sync::Notify;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_or_panics_is_started_again() {
    let tasks = Tasks::new(Health::new());
    let runs = Arc::new(AtomicUsize::new(0));
    let third = Arc::new(Notify::new());
    let (counted, reached) = (Arc::clone(&runs), Arc::clone(&third));
    tasks.spawn("worker", move |shutdown| {
        let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
        async move {
            match counted.fetch_add(1, Ordering::SeqCst) {
                0 => Err("no luck"),
                1 => panic!("worse luck"),
                _ => {
                    reached.notify_one();
                    shutdown.cancelled().await;
                    Ok(())
                }
            }
        }
    });
    third.notified().await;
    let readiness = tasks.health.readiness().await;
    assert_eq!(readiness.checks["tasks/worker"].reason.as_deref(), Some("panicked: worse luck"));
    // The clock is paused: this advances it past the time after which the task has recovered.
    tokio::time::sleep(SETTLED * 2).await;
    assert!(tasks.health.readiness().await.ready);
    assert!(tasks.shutdown(Duration::from_secs(1)).await);
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn repeated_work_is_done_at_once_and_again_and_is_cut_off_after_a_grace_period() {
    let tasks = Tasks::default();
    let turns = Arc::new(AtomicUsize::new(0));
    let third = Arc::new(Notify::new());
    let (counted, reached) = (Arc::clone(&turns), Arc::clone(&third));
    tasks.every(Duration::from_mins(1), "sweep", move || {
        let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
        async move {
            // Longer or shorter: the period is from start to start.
            for _ in 0..4 {
                tokio::time::sleep(LONGEST_WAIT / 2).await;
            }
            if counted.fetch_add(1, Ordering::SeqCst) == 2 {
                reached.notify_one();
                std::future::pending::<()>().await;
            }
            Ok::<(), String>(())
        }
    });
    let began = tokio::time::Instant::now();
    third.notified().await;
    assert_eq!(began.elapsed(), Duration::from_secs(2 * 60 + 20));
    let asked = tokio::time::Instant::now();
    assert!(tasks.shutdown(GRACE * 2).await);
    assert_eq!(asked.elapsed(), GRACE);
    assert_eq!(turns.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_waits_for_ever_is_cut_off_and_tried_again() {
    let tasks = Tasks::default();
    let turns = Arc::new(AtomicUsize::new(0));
    let second = Arc::new(Notify::new());
    let (counted, reached) = (Arc::clone(&turns), Arc::clone(&second));
    tasks.every(Duration::from_secs(1), "sweep", move || {
        let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
        async move {
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                std::future::pending::<()>().await;
            }
            reached.notify_one();
            Ok::<(), String>(())
        }
    });
    let began = tokio::time::Instant::now();
    second.notified().await;
    assert_eq!(began.elapsed(), LONGEST_WAIT + FIRST_PAUSE);
    assert!(tasks.shutdown(GRACE * 2).await);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_under_way_at_shutdown_comes_to_its_end() {
    let tasks = Tasks::default();
    let (began, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (Arc::clone(&began), Arc::clone(&ended));
    tasks.every(Duration::from_mins(1), "sweep", move || {
        let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
        async move {
            begins.notify_one();
            tokio::time::sleep(GRACE / 2).await;
            ends.fetch_add(1, Ordering::SeqCst);
            Ok::<(), String>(())
        }
    });
    began.notified().await;
    assert!(tasks.shutdown(GRACE * 2).await);
    assert_eq!(ended.load(Ordering::SeqCst), 1, "it ended, and no other began");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_fails_is_shown_and_tried_again() {
    let tasks = Tasks::new(Health::new());
    let turns = Arc::new(AtomicUsize::new(0));
    let third = Arc::new(Notify::new());
    let (counted, reached) = (Arc::clone(&turns), Arc::clone(&third));
    tasks.every(Duration::from_mins(1), "sweep", move || {
        let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
        async move {
            match counted.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err("the database is away"),
                _ => {
                    reached.notify_one();
                    Ok(())
                }
            }
        }
    });
    let began = tokio::time::Instant::now();
    third.notified().await;
    assert_eq!(began.elapsed(), FIRST_PAUSE * 3, "after a pause, not after a period");
    let readiness = tasks.health.readiness().await;
    let reason = readiness.checks["tasks/sweep"].reason.as_deref();
    assert_eq!(reason, Some("the database is away"));
    tokio::time::sleep(SETTLED * 2).await;
    assert!(tasks.health.readiness().await.ready);
    assert!(tasks.shutdown(GRACE * 2).await);
}

#[tokio::test]
async fn background_work_keeps_nobody_waiting() {
    let background = Background::start().unwrap();
    let tasks = Tasks::default().with(&background);
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let told = Arc::new(std::sync::Mutex::new(told));
    let (done, ended) = tokio::sync::oneshot::channel();
    let done = Arc::new(std::sync::Mutex::new(Some(done)));
    tasks.spawn_in_background("turn", move |_| {
        let (told, done) = (Arc::clone(&told), Arc::clone(&done));
        async move {
            // Keeps its thread until this one, on which the test runs, has gone on.
            let in_time = told.lock().unwrap().recv_timeout(Duration::from_secs(30));
            let _ = done.lock().unwrap().take().unwrap().send(in_time.is_ok());
            Ok::<(), String>(())
        }
    });
    let on_it = tasks
        .in_background(async { std::thread::current().name().map(str::to_owned) })
        .now_or_never();
    assert_eq!(on_it, None, "the thread is busy");
    go_on.send(()).unwrap();
    assert!(ended.await.unwrap());
    let on_it = tasks.in_background(async { std::thread::current().name().map(str::to_owned) });
    assert_eq!(on_it.await.as_deref(), Some("background"));
    assert!(tasks.shutdown(Duration::from_secs(10)).await);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ignores_shutdown_is_not_waited_for_beyond_the_deadline() {
    let tasks = Tasks::default();
    tasks.spawn("stubborn", |_| std::future::pending::<Result<(), String>>());
    assert!(!tasks.shutdown(Duration::from_secs(1)).await);
}
