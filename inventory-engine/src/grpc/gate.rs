//! A service that may be called before it is there: callers are told why it is not, and come
//! through as soon as it is.
//!
//! Must always hold: what is answered here was not done, and nothing of it reached the engine.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

use crate::grpc::status;
use crate::readiness::Readiness;

/// The place of a service that is there once the engine has recovered.
#[derive(Debug)]
pub(crate) struct Gate<S> {
    service: Arc<OnceLock<S>>,
    readiness: Readiness,
}

impl<S> Gate<S> {
    /// A closed gate.
    pub(crate) fn new(readiness: &Readiness) -> Self {
        Self { service: Arc::default(), readiness: readiness.clone() }
    }

    /// Lets callers through to `service` once the engine is ready.
    pub(crate) fn open(&self, service: S) {
        // An engine starts once; the first one is the one that serves.
        drop(self.service.set(service));
    }
}

impl<S> Clone for Gate<S> {
    fn clone(&self) -> Self {
        Self { service: Arc::clone(&self.service), readiness: self.readiness.clone() }
    }
}

impl<S: NamedService> NamedService for Gate<S> {
    const NAME: &'static str = S::NAME;
}

type Answer = http::Response<Body>;

impl<S> Service<http::Request<Body>> for Gate<S>
where
    S: Service<
            http::Request<Body>,
            Response = Answer,
            Error = Infallible,
            Future = BoxFuture<Answer, Infallible>,
        > + Clone,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<Answer, Infallible>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Generated services always are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        match self.service.get() {
            Some(service) if self.readiness.is_open() => service.clone().call(request),
            _ => {
                let status = status::of_phase(&self.readiness.phase());
                Box::pin(std::future::ready(Ok(status.into_http())))
            }
        }
    }
}
