//! A sending in words, as violations quote it.

use std::fmt;

use super::{Accepted, Ask, Done, NEVER_MICROS, Rejected, Said, SeatStatus, Sending};

impl fmt::Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, request_id, ask, invoked_micros, answered_micros, said } = self;
        write!(f, "client {client} request {request_id}: {ask} at {invoked_micros} us => {said}")?;
        if *answered_micros == NEVER_MICROS {
            return f.write_str(", never answered");
        }
        write!(f, " at {answered_micros} us")
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place { event_id, buyer, seats } => {
                write!(f, "place {seats:?} of event {event_id} for {buyer}")
            }
            Self::Extend { hold_id, buyer } => write!(f, "extend {hold_id} for {buyer}"),
            Self::Release { hold_id, buyer } => write!(f, "release {hold_id} for {buyer}"),
            Self::Allocate { hold_id, buyer } => write!(f, "allocate {hold_id} for {buyer}"),
            Self::Return { allocation_id, buyer } => {
                write!(f, "return {allocation_id} for {buyer}")
            }
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(accepted) => write!(f, "{accepted}"),
            Self::Rejected(Rejected { reason, conflicts }) => {
                f.write_str(reason)?;
                conflicts.iter().try_for_each(|(seat, status)| write!(f, " {seat} {status}"))
            }
            Self::NotDone(why) => write!(f, "not done: {why}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lsn, done, seats } = self;
        match done {
            Done::Placed { hold_id, deadline_millis } => {
                write!(f, "placed {hold_id} until {deadline_millis}")?;
            }
            Done::Extended { hold_id, deadline_millis } => {
                write!(f, "extended {hold_id} until {deadline_millis}")?;
            }
            Done::Released { hold_id } => write!(f, "released {hold_id}")?,
            Done::Allocated { hold_id, allocation_id } => {
                write!(f, "allocated {hold_id} as {allocation_id}")?;
            }
            Done::Returned { allocation_id } => write!(f, "returned {allocation_id}")?,
        }
        write!(f, " seats {seats:?} lsn {lsn}")
    }
}

impl fmt::Display for SeatStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Allocated => "allocated",
            Self::Other => "neither",
        })
    }
}
