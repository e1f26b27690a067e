//! Places in areas: held by their number, all or none, beside seats and without.

use crate::testing::check;

#[test]
fn places_are_held_by_their_number() {
    check(
        "area LAWN 10
         place h1 ann LAWN:3            => placed until 900
         place h2 bob LAWN:4            => placed until 900
         places LAWN                    => available 3 held 7
         has ann                        => 3
         hold h1                        => live LAWN:3 until 900 extended 0
         place h3 cem LAWN:3            => placed until 900
         place h4 dan LAWN:1            => area_full LAWN:0, retry later
         places LAWN                    => held 10
         release h2                     => released LAWN:4
         place h4 dan LAWN:1            => placed until 900
         at 900                         => expired h1 h3 h4
         places LAWN                    => available 10",
    );
}

#[test]
fn a_full_area_says_what_could_be_had_and_whether_waiting_could_help() {
    check(
        "area LAWN 10
         place h1 ann LAWN:3
         place h2 bob LAWN:4
         place h3 cem LAWN:4            => area_full LAWN:3, retry later
         place h3 cem LAWN:10           => area_full LAWN:3, retry later
         place h3 cem LAWN:11           => area_full LAWN:3
         alloc h1                       => allocated LAWN:3
         place h3 cem LAWN:7            => area_full LAWN:3, retry later
         place h3 cem LAWN:8            => area_full LAWN:3
         block LAWN:2                   => blocked LAWN:2
         place h3 cem LAWN:5            => area_full LAWN:1, retry later
         place h3 cem LAWN:6            => area_full LAWN:1",
    );
}

#[test]
fn places_leave_in_parts_and_the_hold_lives_until_the_last() {
    check(
        "seats A1..2
         area LAWN 10
         area HALL 5
         place h1 ann A1 LAWN:4 HALL:1  => placed until 900
         release h1 LAWN:1              => released LAWN:1
         hold h1                        => live A1 LAWN:3 HALL:1 until 900 extended 0
         release h1 LAWN:4              => seat_not_in_hold LAWN:3
         alloc h1 LAWN:2 as a1          => allocated LAWN:2
         hold h1                        => live A1 LAWN:1 HALL:1 until 900 extended 0
         release h1 HALL:1 A1           => released A1 HALL:1
         release h1 HALL:1              => seat_not_in_hold HALL:0
         alloc h1 LAWN:1 as a2          => allocated LAWN:1
         hold h1                        => allocated at 0
         places LAWN                    => available 7 allocated 3
         has ann                        => 3
         at 900
         sold a1                        => ann LAWN:2
         return a1 LAWN:1               => returned LAWN:1
         return a1 LAWN:2               => seat_not_in_allocation LAWN:1
         sold a1                        => ann LAWN:1
         return a1                      => returned LAWN:1
         sold a1                        => gone
         return a2                      => returned LAWN:1
         places LAWN                    => available 10",
    );
}

#[test]
fn what_is_left_of_a_hold_expires_with_its_places() {
    check(
        "seats A1
         area LAWN 10
         place h1 ann A1 LAWN:5
         alloc h1 LAWN:2
         release h1 A1
         at 900                         => expired h1
         places LAWN                    => available 8 allocated 2
         hold h1                        => expired at 900
         has ann                        => 2",
    );
}

#[test]
fn seats_and_places_all_or_none() {
    check(
        "seats A1..3
         area LAWN 2
         area HALL 2
         place h1 ann A1 LAWN:1
         place h2 bob A1 A2 HALL:1      => seats_unavailable A1:held, retry later
         place h2 bob A2 LAWN:2 HALL:3  => area_full LAWN:1 HALL:2
         place h2 bob A2 LAWN:2 HALL:2  => area_full LAWN:1, retry later
         look A2                        => available
         places HALL                    => available 2
         has bob                        => 0",
    );
}

#[test]
fn waiting_helps_only_if_it_helps_with_everything() {
    check(
        "seats A1..3
         area LAWN 2
         place h1 ann A1 LAWN:1
         place h2 bob A1 LAWN:2         => seats_unavailable A1:held, retry later
         place h2 bob A1 LAWN:3         => seats_unavailable A1:held
         alloc h1 LAWN:1
         place h2 bob A1 LAWN:2         => seats_unavailable A1:held",
    );
}

#[test]
fn an_area_is_named_once_with_each_type_and_told_once() {
    check(
        "area LAWN 2
         area HALL 5
         event 1 type adult type child type senior
         place h1 ann LAWN:1/adult LAWN:1/adult => seat_repeated LAWN:2
         place h1 ann LAWN:1/adult HALL:1/adult LAWN:1/adult LAWN:1/adult => seat_repeated LAWN:2
         place h1 ann POND:1/adult LAWN:1/adult POND:1/child => area_unknown ?:none
         place h1 ann LAWN:1/adult HALL:6/adult LAWN:1/child HALL:1/child LAWN:1/senior \
           => area_full LAWN:2 HALL:5
         place h1 ann LAWN:1/adult HALL:2/adult LAWN:1/child => placed until 900",
    );
}

#[test]
fn nobody_asks_for_no_places() {
    check(
        "seats A1
         area LAWN 2
         place h1 ann LAWN:0            => selection_empty
         place h1 ann A1 LAWN:0         => selection_empty
         place h1 ann A1 LAWN:1         => placed until 900
         release h1 LAWN:0              => selection_empty
         release h1 A1 LAWN:0           => selection_empty
         block LAWN:0                   => selection_empty",
    );
}

#[test]
fn a_command_names_as_many_areas_as_are_possible() {
    let areas: String = (0..65).map(|number| format!("area R{number}X 9\n")).collect();
    let named = |count: u32| (0..count).map(|number| format!(" R{number}X:1")).collect::<String>();
    let (most, too_many) = (named(64), named(65));
    // How many lines there may be says nothing of how many places could be had.
    check(&format!(
        "{areas}
         seats A1..64
         place h1 ann{too_many}         => selection_too_large
         place h1 ann A1..64{most}      => placed until 900
         has ann                        => 128
         release h1{too_many}           => selection_too_large
         release h1{most}               => released{most}
         block{too_many}                => selection_too_large
         block{most}                    => blocked{most}
         unblock{most}                  => unblocked{most}",
    ));
}

#[test]
fn a_buyers_limit_counts_places() {
    check(
        "seats A1..3
         area LAWN 10
         event 1 limit 4
         place h1 ann A1 LAWN:4         => buyer_limit_exceeded, could have 4
         place h1 ann A1 LAWN:2         => placed until 900
         place h2 ann LAWN:2            => buyer_limit_exceeded, could have 1
         place h2 ann best 2            => buyer_limit_exceeded, could have 1
         alloc h1 LAWN:2 as a1          => allocated LAWN:2
         release h1                     => released A1
         has ann                        => 2
         place h2 ann LAWN:2            => placed until 900
         return a1 LAWN:1               => returned LAWN:1
         has ann                        => 3
         at 900                         => expired h2
         has ann                        => 1",
    );
}

#[test]
fn who_comes_first_gets_the_last_place() {
    check(
        "area LAWN 1
         place h1 ann LAWN:1            => placed until 900
         clock 900
         place h2 bob LAWN:1            => area_full LAWN:0, retry later
         at 900                         => expired h1
         place h2 bob LAWN:1            => placed until 1800
         alloc h1                       => hold_expired
         alloc h2                       => allocated LAWN:1
         place h3 cem LAWN:1            => area_full LAWN:0",
    );
}
