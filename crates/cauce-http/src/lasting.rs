//! A call that goes on to its end when nobody waits for it any more.
//!
//! As long as somebody does, it runs where it is waited for: a task of its own from the start would
//! wake another thread for each request.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::{TaskTracker, task_tracker::TrackedFuture};

/// A call that goes on to its end when it is dropped, in a task of its own.
pub(crate) struct Lasting<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    call: Option<Pin<Box<TrackedFuture<F>>>>,
}

impl<F> Lasting<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    /// A call that `calls` counts until its end.
    pub(crate) fn new(calls: &TaskTracker, call: F) -> Lasting<F> {
        Lasting {
            call: Some(Box::pin(calls.track_future(call))),
        }
    }
}

impl<F> Future for Lasting<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let call = self.call.as_mut().expect("it is polled until it ends");
        let ended = call.as_mut().poll(cx);
        if ended.is_ready() {
            self.call = None;
        }
        ended
    }
}

impl<F> Drop for Lasting<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        // Without a runtime the process ends, and the call with it.
        if let Some((call, runtime)) = self.call.take().zip(Handle::try_current().ok()) {
            runtime.spawn(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_call_goes_on_to_its_end_without_its_caller() {
        let calls = TaskTracker::new();
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let mut call = Lasting::new(&calls, async move {
            begun.await.unwrap();
            end.send(7).unwrap();
        });
        assert!((&mut call).now_or_never().is_none() && calls.len() == 1);
        drop(call);
        begin.send(()).unwrap();
        assert_eq!(ended.await, Ok(7));
        calls.close();
        calls.wait().await;
    }

    #[tokio::test]
    async fn a_call_that_has_ended_leaves_nothing() {
        let calls = TaskTracker::new();
        assert_eq!(Lasting::new(&calls, async { 7 }).await, 7);
        assert!(calls.is_empty());
    }
}
