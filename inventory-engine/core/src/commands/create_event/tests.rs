//! Creating events, told.

use crate::rejection::RejectionCode::{self, ChartUnknown, EventExists, RulesInvalid};
use crate::testing::check;

/// Every refusal, mending one mistake at a time.
pub(in crate::commands) const REFUSALS: (&[RejectionCode], &str) = (
    &[EventExists, ChartUnknown, RulesInvalid],
    "seats A1 A2
     event 1                            => created
     event 1 chart 9 limit 0            => event_exists
     event 2 chart 9 limit 0            => chart_unknown
     event 2 limit 0                    => rules_invalid
     event 2 limit 1                    => created",
);

#[test]
fn rules_by_which_nothing_could_be_sold_are_refused() {
    check(
        "seats A1 A2
         event 1 limit 0                => rules_invalid
         event 1 ttl 0                  => rules_invalid
         event 1 ttl 0.099              => rules_invalid
         event 1 ttl 86400.001          => rules_invalid
         event 1 opens 100 closes 100   => rules_invalid
         event 1 opens 101 closes 100   => rules_invalid
         event 1 name 256               => rules_invalid",
    );
}

#[test]
fn ticket_types_by_which_nothing_could_be_sold_are_refused() {
    let long = "x".repeat(65);
    let named = |count: u32| (0..count).map(|n| format!(" type t{n}")).collect::<String>();
    let (most, too_many) = (named(64), named(65));
    check(&format!(
        "seats A1 of gold
         seats A2 of silver
         event 1 type ''                => rules_invalid
         event 1 type {long}            => rules_invalid
         event 1 type adult type adult  => rules_invalid
         event 1 type adult type child type adult quota 5 => rules_invalid
         event 1 type adult quota 0     => rules_invalid
         event 1 type adult opens 100 closes 100 => rules_invalid
         event 1 type adult opens 101 closes 100 => rules_invalid
         event 1 type adult for bronze  => rules_invalid
         event 1 type adult for gold for silver for gold => rules_invalid
         event 1 type adult type child for gold for bronze => rules_invalid
         event 1{too_many}              => rules_invalid
         event 1 limit 0 type adult     => rules_invalid
         event 1{most}                  => created",
    ));
}

#[test]
fn a_ticket_type_names_as_many_categories_as_are_possible() {
    let seats: String = (0..65).map(|n| format!("seats A{n} of c{n}\n")).collect();
    let named = |count: u32| (0..count).map(|n| format!(" for c{n}")).collect::<String>();
    let (most, too_many) = (named(64), named(65));
    check(&format!(
        "{seats}
         event 1 type adult{too_many}   => rules_invalid
         event 1 type adult{most}       => created
         place h1 ann A63/adult         => placed until 900
         place h2 ann A64/adult         => ticket_type_mismatch A64:available",
    ));
}

#[test]
fn the_outermost_ticket_types_are_accepted() {
    let longest = "x".repeat(64);
    check(&format!(
        "seats A1 of gold
         area LAWN 3
         event 1 type {longest} quota 1 opens 100 closes 100.001 for gold type b quota 4294967295
         quota {longest}                => available 1
         quota b                        => available 4294967295
         places LAWN                    => available 3",
    ));
}

#[test]
fn the_outermost_rules_are_accepted() {
    check(
        "seats A1 A2
         event 1 ttl 0.1                => created
         event 2 ttl 86400              => created
         event 3 limit 1 extensions 0   => created
         event 4 opens 100 closes 100.001 => created
         event 5 name 255               => created
         event 6 extensions 65535       => created
         count on 6                     => available 2",
    );
}

#[test]
fn events_of_one_chart_are_sold_apart() {
    check(
        "seats A1 A2
         event 1
         event 2 ttl 60
         place h1 ann A1                => placed until 900
         place h2 bob A1 on 2           => placed until 60
         look A1                        => held:h1
         look A1 on 2                   => held:h2
         has ann                        => 1
         has ann on 2                   => 0
         at 60                          => expired h2
         look A1                        => held:h1
         look A1 on 2                   => available",
    );
}

#[test]
fn creating_an_event_again_is_recognized_by_its_request() {
    check(
        "seats A1 A2
         event 1 limit 2 req r1         => created
         event 1 limit 2 req r1         => again created
         event 1 limit 3 req r1         => request_id_reused
         event 1 limit 2                => event_exists
         event 2 type adult quota 5 req r2 => created
         event 2 type adult quota 5 req r2 => again created
         event 2 type adult quota 6 req r2 => request_id_reused
         event 2 req r2                 => request_id_reused",
    );
}
