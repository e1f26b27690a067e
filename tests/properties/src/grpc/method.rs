//! The calls of the contract: where each is, and which messages go and come.

use prost::Message;
use proto::inventory::v1;

/// A call with one message there and one back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) path: &'static str,
    /// Whether bytes are a request.
    pub(super) is_request: fn(&[u8]) -> bool,
    /// Whether bytes are an answer, as `prost` writes it.
    pub(super) is_answer: fn(&[u8]) -> bool,
}

pub(super) const PIPELINE: &str = "/holdfast.inventory.v1.Inventory/Pipeline";
pub(super) const WATCH_EVENT: &str = "/holdfast.inventory.v1.Inventory/WatchEvent";

/// All that are no streams. Seeds name them by their place here: new ones go to the end.
pub(super) const METHODS: [Method; 17] = [
    inventory::<v1::PlaceRequest, v1::Placed>("/holdfast.inventory.v1.Inventory/Place"),
    inventory::<v1::ExtendRequest, v1::Extended>("/holdfast.inventory.v1.Inventory/Extend"),
    inventory::<v1::ReleaseRequest, v1::Released>("/holdfast.inventory.v1.Inventory/Release"),
    inventory::<v1::AllocateRequest, v1::Allocated>("/holdfast.inventory.v1.Inventory/Allocate"),
    inventory::<v1::ReturnRequest, v1::Returned>("/holdfast.inventory.v1.Inventory/Return"),
    inventory::<v1::GetAvailabilityRequest, v1::Availability>(
        "/holdfast.inventory.v1.Inventory/GetAvailability",
    ),
    inventory::<v1::GetSeatMapRequest, v1::SeatMap>("/holdfast.inventory.v1.Inventory/GetSeatMap"),
    inventory::<v1::GetHoldRequest, v1::Hold>("/holdfast.inventory.v1.Inventory/GetHold"),
    inventory::<v1::SeatHistoryRequest, v1::SeatHistoryResponse>(
        "/holdfast.inventory.v1.Inventory/SeatHistory",
    ),
    inventory::<v1::PutChartRequest, v1::ChartSummary>(
        "/holdfast.inventory.v1.InventoryAdmin/PutChart",
    ),
    inventory::<v1::CreateEventRequest, v1::Event>(
        "/holdfast.inventory.v1.InventoryAdmin/CreateEvent",
    ),
    inventory::<v1::CloseEventRequest, v1::Event>(
        "/holdfast.inventory.v1.InventoryAdmin/CloseEvent",
    ),
    inventory::<v1::ListEventsRequest, v1::ListEventsResponse>(
        "/holdfast.inventory.v1.InventoryAdmin/ListEvents",
    ),
    inventory::<v1::GetEventRequest, v1::Event>("/holdfast.inventory.v1.InventoryAdmin/GetEvent"),
    inventory::<v1::BlockRequest, v1::Blocked>("/holdfast.inventory.v1.InventoryAdmin/Block"),
    inventory::<v1::UnblockRequest, v1::Unblocked>("/holdfast.inventory.v1.InventoryAdmin/Unblock"),
    inventory::<v1::VerifyEventRequest, v1::Verification>(
        "/holdfast.inventory.v1.InventoryAdmin/VerifyEvent",
    ),
];

const fn inventory<Q: Message + Default, A: Message + Default>(path: &'static str) -> Method {
    Method { path, is_request: is::<Q>, is_answer: is_canonical::<A> }
}

fn is<M: Message + Default>(bytes: &[u8]) -> bool {
    M::decode(bytes).is_ok()
}

fn is_canonical<M: Message + Default>(bytes: &[u8]) -> bool {
    M::decode(bytes).is_ok_and(|message| message.encode_to_vec() == bytes)
}
