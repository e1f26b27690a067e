//! A door of unary calls, each on a connection that all of them share.

use futures::FutureExt;
use futures::future::BoxFuture;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::inventory_client::InventoryClient;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::wire::said_of_status;
use super::{Door, InFlight, command, said_of_outcome};
use crate::history::{Ask, RequestId, Said};
use crate::limits::CONNECT_TIMEOUT;

/// A door of unary calls.
#[derive(Debug)]
pub struct Unary {
    client: InventoryClient<Channel>,
    in_flight: InFlight,
}

impl Unary {
    /// A door to a server that may come and go.
    pub fn open(endpoint: &Endpoint, in_flight: InFlight) -> Self {
        let channel = endpoint.clone().connect_timeout(CONNECT_TIMEOUT).connect_lazy();
        Self { client: InventoryClient::new(channel), in_flight }
    }

    /// One call, as it is answered.
    ///
    /// # Errors
    /// The status that the call ended with.
    pub async fn call(&self, verb: Verb) -> Result<Outcome, Status> {
        let mut client = self.client.clone();
        Ok(match verb {
            Verb::Place(of) => Outcome::Placed(client.place(of).await?.into_inner()),
            Verb::Extend(of) => Outcome::Extended(client.extend(of).await?.into_inner()),
            Verb::Release(of) => Outcome::Released(client.release(of).await?.into_inner()),
            Verb::Allocate(of) => Outcome::Allocated(client.allocate(of).await?.into_inner()),
            Verb::Return(of) => Outcome::Returned(client.r#return(of).await?.into_inner()),
            Verb::Block(_) | Verb::Unblock(_) => {
                return Err(Status::unimplemented("nobody here blocks"));
            }
        })
    }
}

/// Counts a call for as long as it lasts, whoever ends it.
struct Counted(InFlight);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.end(1);
    }
}

impl Door for Unary {
    fn send<'a>(&'a self, request_id: RequestId, ask: &'a Ask) -> BoxFuture<'a, Option<Said>> {
        async move {
            self.in_flight.leave(1);
            let _counted = Counted(self.in_flight.clone());
            Some(match self.call(command(request_id, ask)).await {
                Ok(outcome) => said_of_outcome(Some(outcome)),
                Err(status) => said_of_status(&status),
            })
        }
        .boxed()
    }
}
