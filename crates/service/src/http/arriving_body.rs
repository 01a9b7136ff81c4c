//! A body on its way: with a deadline, a least pace, and without a turn while it is waited for.
//!
//! No timer runs and no turn is given up for a body that is there with its header, as nearly all are.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::{BoxError, Error};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::turn::{Lost, Turn};
use crate::pace::Pace;

/// How a body has to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) pace: Pace,
    /// For the whole of it, whatever its size.
    pub(crate) timeout: Duration,
}

/// The body.
#[derive(Debug)]
pub(crate) struct ArrivingBody {
    body: Body,
    turn: Arc<Turn>,
    arrival: Arrival,
    began: Instant,
    received: u64,
    /// While it is waited for.
    timer: Option<Pin<Box<Sleep>>>,
}

impl ArrivingBody {
    /// The body of a request that has this turn, from now on.
    pub(crate) fn new(body: Body, turn: Arc<Turn>, arrival: Arrival) -> Self {
        Self { body, turn, arrival, began: Instant::now(), received: 0, timer: None }
    }

    /// It has not come: others go first. Ready when it is too late.
    fn poll_too_late(&mut self, cx: &mut Context<'_>) -> Poll<Lost> {
        self.turn.pause();
        let Arrival { pace, timeout } = self.arrival;
        let deadline = self.began + pace.time_for(self.received).min(timeout);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(self.turn.lose(Lost::TooSlow))
    }
}

impl HttpBody for ArrivingBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => self.poll_too_late(cx).map(|lost| Some(Err(lost.into()))),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.received = self.received.saturating_add(bytes as u64);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => Poll::Ready(self.turn.resume().err().map(|lost| Err(lost.into()))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Error::into_inner(error)))),
        }
    }

    // Not `is_end_stream`: the end has to be asked for, so that the turn is taken.

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use futures::StreamExt;
    use futures::channel::mpsc;
    use tokio::sync::Semaphore;

    use super::*;

    const ARRIVAL: Arrival = Arrival {
        pace: Pace { grace: Duration::from_secs(5), bytes_per_second: 10 },
        timeout: Duration::from_secs(20),
    };

    struct Sent {
        body: ArrivingBody,
        turn: Arc<Turn>,
        capacity: Arc<Semaphore>,
        rest: mpsc::UnboundedSender<&'static str>,
    }

    /// A body of which this is there.
    fn sent(beginning: &'static str) -> Sent {
        let (rest, arriving) = mpsc::unbounded();
        rest.unbounded_send(beginning).unwrap();
        let body = Body::from_stream(arriving.map(Ok::<_, BoxError>));
        let capacity = Arc::new(Semaphore::new(1));
        let turn = Arc::new(Turn::take(&capacity).unwrap());
        Sent { body: ArrivingBody::new(body, Arc::clone(&turn), ARRIVAL), turn, capacity, rest }
    }

    async fn read(body: ArrivingBody) -> Option<Bytes> {
        to_bytes(Body::new(body), usize::MAX).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_is_anybodys_while_a_body_is_waited_for() {
        let Sent { body, turn, capacity, rest } = sent("half");
        let mut reading = Box::pin(read(body));
        assert!(futures::poll!(&mut reading).is_pending());
        assert_eq!(capacity.available_permits(), 1);
        rest.unbounded_send(" and half").unwrap();
        drop(rest);
        assert_eq!(reading.await.unwrap(), "half and half");
        assert_eq!((turn.lost(), capacity.available_permits()), (None, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_ends_among_too_many_others_is_not_worked_on() {
        let Sent { body, turn, capacity, rest } = sent("half");
        let mut reading = Box::pin(read(body));
        assert!(futures::poll!(&mut reading).is_pending());
        let _other = Turn::take(&capacity).unwrap();
        drop(rest);
        assert_eq!(reading.await, None);
        assert_eq!(turn.lost(), Some(Lost::Overloaded));
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_body_is_waited_for_as_long_as_its_pace_allows() {
        let Sent { body, turn, rest: _rest, .. } = sent("0123456789");
        let began = Instant::now();
        assert_eq!(read(body).await, None);
        assert_eq!(began.elapsed().as_secs(), 6);
        assert_eq!(turn.lost(), Some(Lost::TooSlow));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_waited_for_until_the_deadline() {
        let Sent { body, turn, rest, .. } = sent("begin");
        let began = Instant::now();
        let mut reading = Box::pin(read(body));
        loop {
            tokio::select! {
                read = &mut reading => break assert_eq!(read, None),
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    rest.unbounded_send("a second's worth").unwrap();
                }
            }
        }
        assert_eq!(began.elapsed().as_secs(), 20);
        assert_eq!(turn.lost(), Some(Lost::TooSlow));
    }
}
