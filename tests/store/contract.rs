//! What every store promises.

pub(crate) mod channels;
pub(crate) mod devices;
pub(crate) mod keys;
pub(crate) mod mails;
pub(crate) mod market;
pub(crate) mod nodes;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod posts;
pub(crate) mod predictions;
pub(crate) mod recall;
pub(crate) mod retrials;
pub(crate) mod reviews;
pub(crate) mod roster;
pub(crate) mod scrutiny;
pub(crate) mod signals;
pub(crate) mod stream;
pub(crate) mod tidings;

/// Every promise, run on the stores that `$open` opens.
#[macro_export]
macro_rules! contract {
    ($open:path) => {
        keeps!($open:
            stream::a_fresh_store_has_an_epoch_and_no_events,
            stream::seq_has_no_gap_and_no_double,
            stream::a_refused_entry_leaves_nothing_behind,
            stream::an_entry_for_a_channel_that_nobody_registered_is_refused,
            stream::events_come_in_pages,
            stream::events_are_found_by_instrument_and_by_signal,
            stream::stored_events_are_what_the_commit_said,
            stream::commits_at_the_same_time_keep_the_order_whole,
            posts::a_replayed_post_is_stored_once,
            posts::a_duplicate_still_moves_the_cursor,
            posts::an_edit_back_to_the_first_text_is_a_version_of_its_own,
            posts::a_commit_whose_answer_was_lost_may_be_repeated,
            posts::an_original_that_is_told_again_after_its_edit_is_known,
            posts::a_deleted_post_may_come_back,
            posts::a_version_keeps_everything_that_arrived,
            posts::a_signal_is_never_stored_twice,
            channels::the_cursor_commits_with_its_batch,
            channels::a_cursor_moves_without_a_post,
            channels::resume_gives_the_last_standing_posts_oldest_first,
            channels::a_channel_that_was_never_read_starts_at_the_beginning,
            channels::registering_again_refreshes_the_card_and_keeps_the_date,
            channels::a_channel_is_counted_from_its_records,
            predictions::what_models_said_comes_back_beside_what_happened,
            predictions::the_last_promotion_of_an_origin_holds,
            recall::what_is_remembered_of_channels_is_what_reading_them_anew_gives,
            recall::what_would_take_too_much_memory_is_read_again,
            reviews::readings_come_newest_first_and_a_review_takes_one_off_the_pile,
            reviews::the_last_word_counts_and_nothing_else_changes,
            retrials::what_was_found_again_is_kept_once_and_what_changed_beside_it,
            retrials::a_signal_is_wanting_until_it_was_tried_to_the_end_by_these_rules,
            retrials::what_was_incomplete_is_wanting_until_it_is_whole,
            retrials::a_retrial_of_nobodys_signal_is_refused,
            roster::a_made_channel_comes_back_as_it_was,
            roster::a_name_that_is_taken_is_not_made_again,
            roster::a_channel_is_changed_once_for_each_revision,
            roster::what_is_said_of_a_channel_stands_beside_it_and_replaces_what_was_said,
            scrutiny::claims_come_oldest_first_in_pages,
            scrutiny::what_each_version_said_is_kept,
            scrutiny::the_same_levels_are_found_in_other_channels_alone,
            signals::a_signal_comes_back_as_it_was,
            signals::every_way_to_enter_comes_back,
            signals::the_signals_of_a_post_come_in_its_order,
            signals::open_signals_of_a_channel_come_oldest_first,
            signals::signals_since_an_instant_include_it,
            signals::signals_come_newest_first_in_pages,
            signals::signals_are_found_by_what_is_asked_for,
            signals::an_edited_and_a_deleted_post_mark_its_signal,
            market::a_repeated_step_is_stored_once,
            market::a_step_that_does_not_follow_is_refused,
            market::an_entry_of_old_and_new_steps_is_refused,
            market::nothing_happens_to_a_signal_without_its_track,
            market::a_track_goes_on_as_if_it_had_never_been_stored,
            market::an_open_signal_without_a_track_is_listed,
            market::a_judged_signal_is_no_longer_open,
            market::over_in_the_pessimistic_bound_is_not_yet_judged,
            tidings::what_the_till_told_twice_is_kept_once,
            tidings::what_the_till_told_is_due_until_it_was_dealt_with,
            people::an_account_comes_back_as_it_was,
            people::an_address_has_one_account_however_it_is_written,
            people::accounts_come_in_pages_in_the_order_in_which_they_were_made,
            people::an_account_is_changed_once_for_each_revision,
            people::a_password_is_hashed_anew_in_the_place_of_the_same_one_alone,
            people::a_code_of_an_authenticator_is_taken_once,
            people::a_recovery_code_is_taken_once_and_by_its_owner,
            people::a_mailed_link_is_taken_once_in_time_and_only_the_newest,
            people::an_erased_account_leaves_nothing_but_what_privileged_people_did,
            devices::a_refresh_token_is_exchanged_once_and_a_second_time_ends_its_session,
            devices::a_refresh_token_dies_with_its_time,
            devices::of_two_who_exchange_one_token_at_once_one_is_the_thief,
            devices::a_cookie_is_shown_again_and_again_until_its_time_or_its_end,
            devices::a_device_comes_back_until_its_longest_day_however_often_it_is_seen,
            devices::sessions_are_ended_alone_all_but_one_or_all_and_never_anothers,
            devices::sessions_are_listed_while_they_hold_the_last_seen_first,
            keys::a_key_comes_back_as_it_was_and_is_found_by_its_digest,
            keys::a_key_ends_at_its_moment_never_later_and_by_its_owner,
            keys::when_a_key_was_used_never_goes_back,
            keys::one_key_signs_at_first_and_the_next_one_follows_the_newest,
            keys::a_key_that_is_revoked_retires_sooner_and_none_lives_longer_by_that,
            keys::what_is_sealed_is_sealed_anew_together_or_not_at_all,
            plans::a_seeded_plan_leaves_the_one_that_an_admin_wrote,
            plans::what_is_known_of_a_subscription_never_goes_back,
            plans::a_channel_has_one_owner_at_most,
            plans::requests_are_counted_by_month_and_account,
            plans::deeds_are_numbered_and_come_newest_first_in_pages,
            mails::a_mail_about_the_same_thing_is_not_kept_twice,
            mails::a_mail_that_was_taken_is_due_again_until_it_was_sent,
            mails::of_two_couriers_each_takes_other_mails,
            nodes::a_node_comes_back_as_it_last_said_and_the_newest_first,
            nodes::who_fell_silent_long_ago_is_forgotten,
            nodes::what_there_is_of_everything_is_counted,
        );
    };
}
