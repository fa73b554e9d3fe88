//! The time that a body has to arrive.
//!
//! Owns the deadline alone; what is answered when it passes is up to who reads the body.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

/// A body was not complete in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body was not complete after {} ms; send smaller batches", .0.as_millis())]
pub(super) struct TooSlow(Duration);

impl TooSlow {
    /// The missed deadline among the causes of `error`.
    pub(super) fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(too_slow) = error.downcast_ref::<TooSlow>() {
                return Some(*too_slow);
            }
            cause = error.source();
        }
        None
    }
}

/// A body that fails once its time is over.
struct Timed {
    body: Body,
    time: Duration,
    over: Pin<Box<Sleep>>,
}

/// Gives `body` from now on `time` to arrive.
pub(super) fn within(time: Duration, body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(Timed { body, time, over: Box::pin(tokio::time::sleep(time)) })
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let timed = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut timed.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        timed.over.as_mut().poll(context).map(|()| Some(Err(axum::Error::new(TooSlow(timed.time)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Limited};

    use super::*;

    /// A body of which nothing ever comes.
    struct Silent;

    impl HttpBody for Silent {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_fails_and_says_why() {
        let time = Duration::from_millis(20);
        let error = Limited::new(within(time, Body::new(Silent)), 100).collect().await.unwrap_err();
        assert_eq!(TooSlow::behind(&*error), Some(TooSlow(time)));
    }

    #[tokio::test]
    async fn a_body_that_is_there_is_read() {
        let bytes = within(Duration::ZERO, Body::from("here")).collect().await.unwrap().to_bytes();
        assert_eq!(bytes, "here");
    }
}
