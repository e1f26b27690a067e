//! The `InventoryAdmin` service: what organizers' services and operators call.

use bytes::Bytes;
use inventory_charts::{Format, Mistake};
use inventory_core::fact::Change;
use inventory_core::ids::EventId;
use persistence::charts;
use proto::inventory::v1;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::inventory_admin_server::InventoryAdmin;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::answer::{Answer, Failure, Invalid};
use crate::ask::Ask;
use crate::engine::{Handle, PutChartError};
use crate::grpc::terms::{Terms, give_up_at, respond};
use crate::grpc::{answers, reads, requests, status};
use crate::limits::{LIST_PAGE_EVENTS_DEFAULT, LIST_PAGE_EVENTS_MAX, STORAGE_SHORT_RETRY_AFTER};

/// Mistakes of a chart that one status lists, if they fit.
const STATUS_MISTAKES_MAX: usize = 40;

/// The service over an engine.
#[derive(Clone)]
pub(crate) struct AdminService {
    pub(crate) engine: Handle,
}

#[tonic::async_trait]
impl InventoryAdmin for AdminService {
    async fn put_chart(
        &self,
        request: Request<v1::PutChartRequest>,
    ) -> Result<Response<v1::ChartSummary>, Status> {
        let request = request.into_inner();
        let format = match request.format() {
            v1::ChartFormat::Unspecified => None,
            v1::ChartFormat::Holdfast => Some(Format::Holdfast),
            v1::ChartFormat::Seatsio => Some(Format::SeatsIo),
            v1::ChartFormat::Pretix => Some(Format::Pretix),
        };
        let stored = self.engine.put_chart(request.content, format).await;
        let stored = stored.map_err(|error| of_put_chart(&error))?;
        Ok(Response::new(v1::ChartSummary {
            chart_hash: Bytes::copy_from_slice(&stored.hash.0),
            name: stored.chart.parts().name.clone(),
            seats: stored.chart.seat_count(),
            places: stored.chart.place_count(),
            warnings: stored.warnings,
        }))
    }

    async fn create_event(
        &self,
        request: Request<v1::CreateEventRequest>,
    ) -> Result<Response<v1::Event>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let event = requests::create_event(request.into_inner()).map_err(of_invalid)?;
        let chart = self.engine.chart(event.chart).await;
        let command = event.command(chart.as_deref()).map_err(of_invalid)?;
        let create = Ask::CreateEvent { command, chart };
        match self.engine.ask_for(create, terms.ack, terms.give_up_at).await {
            Ok(Answer::Accepted(accepted)) => match accepted.fact.change {
                Change::EventCreated { .. } => {
                    let event = reads::event(&self.engine, accepted.fact.event_id.0)?;
                    Ok(respond(reads::event_message(&event), accepted.durability))
                }
                _ => Err(status::of_mismatch()),
            },
            Ok(Answer::Refused(refusal)) => Err(status::of_refusal(&refusal)),
            Ok(_) => Err(status::of_mismatch()),
            Err(failure) => Err(status::of_failure(&failure)),
        }
    }

    async fn close_event(
        &self,
        request: Request<v1::CloseEventRequest>,
    ) -> Result<Response<v1::Event>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let event_id = request.get_ref().event_id;
        let ask = requests::close_event(request.get_ref()).map_err(of_invalid)?;
        match self.engine.ask_for(ask, terms.ack, terms.give_up_at).await {
            Ok(Answer::Accepted(accepted)) => {
                let event = reads::event(&self.engine, event_id)?;
                Ok(respond(reads::event_message(&event), accepted.durability))
            }
            Ok(Answer::Refused(refusal)) => Err(status::of_refusal(&refusal)),
            Ok(_) => Err(status::of_mismatch()),
            Err(failure) => Err(status::of_failure(&failure)),
        }
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        let request = request.into_inner();
        let count = match request.page_size as usize {
            0 => LIST_PAGE_EVENTS_DEFAULT,
            count => count.min(LIST_PAGE_EVENTS_MAX),
        };
        let after = EventId(request.after_event_id);
        let (events, more) = self.engine.directory().events_after(after, count);
        let events = events.iter().map(|event| reads::event_message(event)).collect();
        Ok(Response::new(v1::ListEventsResponse { events, more }))
    }

    async fn get_event(
        &self,
        request: Request<v1::GetEventRequest>,
    ) -> Result<Response<v1::Event>, Status> {
        let event = reads::event(&self.engine, request.into_inner().event_id)?;
        Ok(Response::new(reads::event_message(&event)))
    }

    async fn block(
        &self,
        request: Request<v1::BlockRequest>,
    ) -> Result<Response<v1::Blocked>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::block(self.engine.directory(), request.into_inner());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Blocked(blocked) => Ok(respond(blocked, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn unblock(
        &self,
        request: Request<v1::UnblockRequest>,
    ) -> Result<Response<v1::Unblocked>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::unblock(self.engine.directory(), request.into_inner());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Unblocked(unblocked) => Ok(respond(unblocked, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn verify_event(
        &self,
        request: Request<v1::VerifyEventRequest>,
    ) -> Result<Response<v1::Verification>, Status> {
        let give_up_at = give_up_at(request.metadata());
        let event_id = EventId(request.into_inner().event_id);
        match self.engine.verify(event_id, give_up_at).await {
            Ok(Answer::Verified(Some(verification))) => {
                let names = reads::event(&self.engine, event_id.0)?.names();
                Ok(Response::new(answers::verification(*verification, &names)))
            }
            Ok(Answer::Verified(None)) => {
                Err(reads::not_found("event_unknown", "there is no event with this id"))
            }
            Ok(_) => Err(status::of_mismatch()),
            Err(failure) => Err(status::of_failure(&failure)),
        }
    }
}

fn of_invalid(invalid: Invalid) -> Status {
    status::of_failure(&invalid.into())
}

fn of_put_chart(error: &PutChartError) -> Status {
    match error {
        PutChartError::Mistakes(mistakes) => {
            let told = |mistake: &Mistake| (mistake.object.clone(), mistake.problem.to_string());
            let mut violations = mistakes.list.iter().take(STATUS_MISTAKES_MAX).map(told).collect();
            status::keep_what_fits(&mut violations, |(object, problem)| {
                object.len() + problem.len()
            });
            let mut details = ErrorDetails::new();
            for (object, problem) in violations {
                details.add_bad_request_violation(object, problem);
            }
            details.set_error_info("chart_invalid", "holdfast", []);
            let message = match mistakes.count() {
                1 => "the chart has a mistake".to_owned(),
                count => format!("the chart has {count} mistakes; the first are in the details"),
            };
            Status::with_error_details(Code::InvalidArgument, message, details)
        }
        PutChartError::Store(charts::Error::File(file)) if file.is_want_of_space() => {
            let retry_after = STORAGE_SHORT_RETRY_AFTER;
            status::of_failure(&Failure::StorageShort { retry_after })
        }
        PutChartError::Store(_) => Status::internal("the chart could not be stored; see the log"),
        PutChartError::Stopped => Status::unavailable(error.to_string()),
    }
}
