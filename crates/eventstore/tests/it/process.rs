//! What stands for a process in these tests: it is stopped in order, or ends wherever it is.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Something that runs until it is stopped, or dies with the test.
pub(crate) struct Process {
    shutdown: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Process {
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(
        work: impl FnOnce(CancellationToken) -> F,
    ) -> Self {
        let shutdown = CancellationToken::new();
        let task = Some(tokio::spawn(work(shutdown.clone())));
        Self { shutdown, task }
    }

    /// Stops it in order.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        self.task.take().unwrap().await.unwrap();
    }

    /// Ends it wherever it is, as a crash does.
    pub(crate) async fn kill(mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        let _ = task.await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
