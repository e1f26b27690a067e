//! Runs each model as a test of its own.

macro_rules! run {
    ($($of:ident: $($model:ident)*;)*) => {
        $(mod $of {
            $(#[test]
            fn $model() {
                interleavings::models::$of::$model();
            })*
        })*
    };
}

run! {
    feed:
        who_begins_to_watch_is_told_what_the_picture_lacks
        who_cannot_be_told_it_all_reads_it_anew
        a_feed_that_ends_leaves_nothing_to_the_next;
    in_flight:
        no_more_get_a_place_than_there_are
        a_free_place_is_had_by_somebody;
    pipeline:
        a_command_is_either_sent_or_abandoned;
    room:
        two_holds_do_not_take_the_same_room
        two_parts_do_not_take_the_same_room
        an_end_takes_its_room_before_it_is_owed_no_more
        what_is_written_is_not_free_again
        all_that_was_owed_is_paid;
    throttle:
        no_event_is_lost_to_the_count;
    view:
        who_reads_a_version_sees_what_it_shows
        counts_are_of_one_moment;
}
