//! Plain words for what the simulator and the server name in one: why buyers left, what the
//! server answered, what an audit can find. A word that is not known here is shown as it is.

use crate::audit::Kind;

/// How a word is meant, which gives it its colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    /// It was done.
    Done,
    /// The rules or the buyer said no: part of every sale.
    No,
    /// Something had to be asked again, or broke.
    Trouble,
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::No => "no",
            Self::Trouble => "trouble",
        }
    }
}

/// What a word says to people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) tone: Tone,
}

const fn words(name: &'static str, meaning: &'static str, tone: Tone) -> Words {
    Words { name, meaning, tone }
}

/// Why a buyer left.
pub(super) fn cause(word: &str) -> Option<Words> {
    use Tone::{Done, No, Trouble};
    Some(match word {
        "bought" => words("Bought", "Held something, paid in time, and was told so.", Done),
        "brought_back" => words(
            "Brought it back",
            "Bought, and later returned all or a part of it, to be sold again.",
            Done,
        ),
        "released" => words("Changed their mind", "Held something and gave it all back.", No),
        "let_expire" => {
            words("Just left", "Held something and let the hold run out without a word.", No)
        }
        "no_ticket" => words(
            "No ticket for them",
            "Found seats or places, and none of the ticket types that they are sold as.",
            No,
        ),
        "paid_late_and_refused" => words(
            "Paid too late",
            "Paid after the hold's deadline and was refused, as it has to be.",
            No,
        ),
        "paid_late_and_accepted" => words(
            "Paid too late, and was served",
            "Paid after the hold's deadline and was served all the same. This must not be.",
            Trouble,
        ),
        "hoarded" => words(
            "Bots",
            "Took many holds under many names and never paid. What they held came back.",
            No,
        ),
        "sold_out" => words("Sold out", "Asked until the page said sold out.", No),
        "refused" => words(
            "Gave up empty-handed",
            "Found others quicker, came back a few times, and lost patience.",
            No,
        ),
        "hold_lost" => words("Lost the hold", "The hold was over before the payment came.", No),
        "gave_up_waiting" => words(
            "Gave up waiting",
            "Was told again and again that the server was too busy or about to stop.",
            Trouble,
        ),
        "unresolved" => words(
            "Never knew",
            "Got no answer within two minutes, so what became of the request is not known.",
            Trouble,
        ),
        "invalid" => words(
            "Not understood",
            "Sent a request in which the server, or the tester in its answer, found no sense.",
            Trouble,
        ),
        _ => return None,
    })
}

/// What the server answered.
pub(super) fn answer(word: &str) -> Option<Words> {
    use Tone::{Done, No, Trouble};
    Some(match word {
        "placed" => words("placed", "Seats or places are held for this buyer.", Done),
        "extended" => words("extended", "The hold lasts longer.", Done),
        "released" => words("released", "What was held is free again.", Done),
        "allocated" => words("allocated", "What was held is sold.", Done),
        "returned" => words("returned", "What was sold is free again.", Done),
        "not_enough_together" => words(
            "not enough together",
            "So many seats next to each other were not to be had; it says how many were.",
            No,
        ),
        "seats_unavailable" => {
            words("seats unavailable", "Somebody else had one of the seats already.", No)
        }
        "area_full" => {
            words("area full", "The area has not as many places left; it says how many.", No)
        }
        "quota_exceeded" => {
            words("quota exceeded", "The ticket type has not as many left; it says how many.", No)
        }
        "table_not_whole" => {
            words("table not whole", "The table is sold as a whole or not at all.", No)
        }
        "ticket_type_mismatch" => {
            words("ticket type mismatch", "These are not sold as this ticket type.", No)
        }
        "ticket_type_required" => {
            words("ticket type required", "The event sells by ticket type; none was named.", No)
        }
        "ticket_type_unknown" => {
            words("ticket type unknown", "The event has no such ticket type.", Trouble)
        }
        "ticket_type_not_open" => {
            words("ticket type not open", "This ticket type is not on sale yet.", No)
        }
        "ticket_type_closed" => {
            words("ticket type closed", "This ticket type is not on sale any more.", No)
        }
        "hold_expired" => words("hold expired", "The hold had run out.", No),
        "hold_released" => words("hold released", "The hold had been given back.", No),
        "hold_allocated" => words("hold allocated", "The hold's seats had been sold.", No),
        "hold_unknown" => words("hold unknown", "There is no such hold.", No),
        "seat_not_in_hold" => words("seat not in hold", "The hold does not have this seat.", No),
        "extensions_exhausted" => {
            words("extensions exhausted", "The hold had been extended as often as it may be.", No)
        }
        "buyer_limit_exceeded" => {
            words("buyer limit exceeded", "The buyer may not have so many seats.", No)
        }
        "would_orphan_seat" => {
            words("would orphan a seat", "A single seat would have been left over.", No)
        }
        "request_id_reused" => {
            words("request id reused", "The same id came with another request before.", Trouble)
        }
        "request_too_old" => {
            words("request too old", "Whether it was done before cannot be told any more.", Trouble)
        }
        "sale_not_open" => words("sale not open", "The sale had not begun.", No),
        "sale_closed" => words("sale closed", "The sale was over.", No),
        "event_unknown" => words("event unknown", "There is no such event.", Trouble),
        "overloaded" => words(
            "overloaded",
            "Too much at once: turned away at once, to come again. Nothing was done.",
            Trouble,
        ),
        "rate_limited" => words(
            "rate limited",
            "More than the server takes from one user, address or event: to come again. Nothing \
             was done.",
            No,
        ),
        "deadline_exceeded" => words(
            "deadline exceeded",
            "It waited longer than it was worth. Nothing was done.",
            Trouble,
        ),
        "shutting_down" => {
            words("shutting down", "The server was about to stop. Nothing was done.", Trouble)
        }
        "invalid" => words("invalid", "One side found no sense in what the other said.", Trouble),
        "unknown" => words(
            "unknown",
            "The connection ended first, as with a kill. The buyer asks again with the same id, \
             and is told what was done.",
            Trouble,
        ),
        _ => return None,
    })
}

/// What an operation is, for people.
pub(super) fn operation(word: &str) -> &str {
    match word {
        "place" => "Hold seats and places",
        "extend" => "Keep them longer",
        "release" => "Give them back",
        "allocate" => "Buy them",
        "return" => "Bring them back",
        other => other,
    }
}

/// What was broken.
pub(super) fn violation(kind: Kind) -> &'static str {
    match kind {
        Kind::SoldTwice => "A seat was sold twice",
        Kind::Oversold => "More was sold than there is",
        Kind::HeldTwice => "A seat was held twice",
        Kind::AnswerDiffers => "One request was done in two ways",
        Kind::AnswerForgotten => "A request that was done was refused later",
        Kind::AcceptedLate => "A payment after the deadline was accepted",
        Kind::ExpiredEarly => "A hold ended before its deadline",
        Kind::AlivePastDeadline => "A hold lived long past its deadline",
        Kind::AcknowledgedMissing => "What was acknowledged is lost",
        Kind::AcknowledgedDiffers => "What was acknowledged is there, and different",
        Kind::RefusedButDone => "What was refused was done",
        Kind::SoldToNobody => "Something is sold, and nobody was told",
        Kind::Conservation => "Numbers do not add up",
        Kind::LsnGap => "The journal has a gap",
        Kind::TimeBackwards => "Time went backwards",
        Kind::DoneTwice => "One request changed the state twice",
        Kind::FactImpossible => "The journal has a fact that cannot be",
        Kind::StateDiffers => "The server and its journal disagree",
        Kind::ServerVerification => "The server finds something wrong with itself",
        Kind::ServerFailed => "The server did not do as it was told",
        Kind::NotAuditable => "Something could not be audited",
    }
}
