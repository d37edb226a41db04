//! The promises of a store as cases that every backend runs. A backend implements [`Backend`] and names itself to
//! [`conformance!`](crate::conformance), which makes a test of each case. After each, the rows of every directory
//! must be what its log tells.
#![expect(missing_docs, reason = "the name of a case is its promise")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "cases are tests: what must not be stops them"
)]

pub mod application;
pub mod batch;
pub mod clients;
pub mod kit;
pub mod mapping;
pub mod order;
pub mod read;
pub mod requests;
pub mod restart;
pub mod schemas;
pub mod tenancy;
pub mod text;
pub mod tokens;
pub mod write;

use lockstep_core::batch::Answer;
use lockstep_core::command::Envelope;

use crate::Store;
use kit::Handles;

/// A backend under test: one empty database, opened as often as a case wants.
pub trait Backend: Send + Sync + 'static {
    /// What it opens.
    type Store: Store;

    /// An empty database.
    fn create() -> Self;

    /// Opens the database; what it holds is what was acknowledged before.
    fn open(&self, handles: Handles) -> impl Future<Output = Self::Store> + Send;

    /// Carries commands out in one batch and in this order, but that removals go first (behind what came before them and
    /// names the same).
    fn submit_together(
        store: &Self::Store,
        envelopes: Vec<Envelope>,
    ) -> impl Future<Output = Vec<Answer>> + Send;
}

/// Runs a case on an empty store.
pub async fn run<B: Backend, F: Future<Output = ()>>(case: impl FnOnce(B::Store) -> F) {
    let backend = B::create();
    let store = backend.open(Handles::from_seed(1)).await;
    case(store.clone()).await;
    kit::check(&store).await;
    store.ready().await.unwrap();
    store.stop().await;
}

/// Makes a test of each case, for the backend `$backend`. With `keeps_nothing` the cases about what outlives the
/// process are left out, and a test says so.
#[macro_export]
macro_rules! conformance {
    ($backend:ty) => {
        $crate::conformance_cases!($backend);
        $crate::conformance_restart_cases!($backend);
    };
    ($backend:ty, keeps_nothing) => {
        $crate::conformance_cases!($backend);

        /// Not skipped in silence: there is nothing that a restart could keep.
        #[test]
        fn restart_cases_do_not_apply_to_a_backend_that_keeps_nothing() {}
    };
}

/// Makes the tests of one list of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($backend:ty, $($file:ident: $($case:ident)+;)+) => {
        $(mod $file {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::conformance::run::<$backend, _>($crate::conformance::$file::$case).await;
                }
            )+
        })+
    };
}

/// All cases but those about restarts.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($backend:ty) => {
        $crate::conformance_batch_tests! { $backend,
                names_swap_within_a_batch
                group_names_swap_within_a_batch
                a_name_goes_from_who_is_deleted_to_who_is_created
                those_refused_leave_the_others_as_they_are
                memberships_that_come_and_go_leave_the_last_word
                who_is_deleted_cannot_join
                a_large_group_ends_whole_also_when_members_left_just_before
                what_comes_after_the_end_of_a_directory_is_refused
                a_directory_and_its_first_users_may_share_a_batch
        }
        $crate::conformance_tests! { $backend,
            write:
                a_created_user_is_there_with_what_was_given
                a_directory_keeps_its_settings_and_makes_older_terms_stale
                a_directory_keeps_what_was_recognized_and_a_contract_that_was_chosen
                an_outcome_names_its_events
                a_number_that_is_taken_is_refused
                a_directory_that_does_not_exist_refuses_everything
                a_refused_command_leaves_nothing
                what_changes_nothing_writes_nothing
                an_update_tells_what_was_before
                parallel_creates_of_one_name_make_one_user
                parallel_patches_of_a_group_lose_none
                parallel_patches_of_a_user_lose_none
                a_name_passes_from_one_user_to_another
                a_deleted_users_name_is_free_for_another
                those_in_a_batch_stand_when_another_is_refused
                deleting_a_user_ends_its_memberships_first
                deleting_a_group_ends_its_memberships_first
                deleting_a_member_and_its_group_at_once_leaves_neither
                a_nested_group_that_is_deleted_leaves_its_parents
                a_group_of_2500_ends_in_steps_and_is_gone_at_once
                a_deleted_directory_is_gone_at_once_and_cleared_in_steps
                a_group_that_was_ending_is_cleared_with_its_directory
                the_epoch_grows_with_credentials_and_directories_only
                an_api_key_is_found_by_its_digest
                the_mark_of_the_master_key_is_kept_until_another_is_noted
                an_organizations_external_id_is_unique
                an_organization_is_replaced_only_as_it_was_read
                a_precondition_sees_what_the_batch_did_before_it
                members_that_nobody_knows_may_be_left_out
                groups_may_share_a_name_where_the_contract_says_so
                an_external_id_is_unique_where_the_contract_says_so
                replacing_members_tells_only_the_difference
                nothing_is_taken_after_stop_and_all_before_it_is_answered
                dropping_the_future_cancels_nothing
                a_large_document_is_kept_whole
            ;
            application:
                an_api_key_is_kept_as_it_was_given
                every_page_of_api_keys_holds_what_it_must
                a_removed_api_key_is_none_again
                one_key_from_which_nothing_is_kept_remains
                of_api_keys_an_expired_one_gives_way_and_none_that_lives
                a_rotated_api_key_lives_on_for_a_while
                an_api_keys_last_use_never_goes_back
                a_rotated_token_lives_on_for_a_while
                of_tokens_an_expired_one_gives_way_and_none_that_lives
                there_are_never_more_clients_than_may_be
                an_organization_keeps_its_domains
                a_domain_is_one_organizations_alone
                a_deleted_organization_is_gone_at_once
                a_deleted_organization_ends_with_its_last_directory
                a_request_that_comes_again_changes_nothing
                of_one_request_that_comes_twice_at_once_one_is_carried_out
                a_receipt_counts_for_a_day_and_is_removed_in_steps
                a_directory_is_made_once_by_one_request
                what_is_refused_leaves_no_receipt
            ;
            clients:
                a_client_is_kept_as_it_was_given
                a_client_is_of_its_directory_only
                clients_are_listed_by_their_ids
                a_removed_client_takes_its_tokens_along
                nothing_is_issued_for_a_deleted_directory
                of_a_clients_tokens_the_oldest_go
                an_assertion_is_good_for_once
                of_two_that_show_one_assertion_at_once_one_is_refused
            ;
            read:
                a_user_shows_its_groups_and_a_group_its_members
                what_is_not_there_is_none
                each_lookup_of_users_gives_what_it_names
                each_lookup_of_groups_gives_what_it_names
                every_page_of_users_holds_what_it_must
                every_page_of_groups_holds_what_it_must
                every_page_of_organizations_holds_what_it_must
                every_page_of_directories_holds_what_it_must
                a_directory_is_found_with_its_head
                the_nth_user_and_group_are_those_of_the_list
                a_walk_by_key_sees_everyone_who_stays_while_others_come_and_go
                a_group_and_its_members_are_read_as_one_state
                a_store_that_works_is_ready
            ;
            order:
                a_live_reader_misses_nothing_and_sees_nothing_twice
                the_events_of_an_answer_can_be_read_once_it_is_given
                an_event_has_one_position_and_an_id_that_leads_to_it
                a_query_gives_what_it_asks_for
                a_membership_is_told_with_what_the_two_were_then
                every_kind_of_event_reads_as_it_was_written
                a_refused_command_takes_no_number
                the_signal_comes_with_events_and_only_with_them
            ;
            mapping:
                a_directory_keeps_what_is_mapped_for_it
                what_is_made_of_a_user_is_kept_and_told
                a_changed_mapping_is_followed_in_steps_while_others_write
                a_directory_that_is_behind_is_found_until_it_is_made_anew
                what_an_organization_maps_is_handed_to_its_directories
                a_directory_that_comes_without_what_its_organization_maps_gets_it
            ;
            schemas:
                a_directory_keeps_its_schemas
                a_removed_schemas_values_go_in_steps_while_others_write
            ;
            tenancy:
                the_same_names_live_in_two_directories
                an_id_leads_nowhere_in_another_directory
                the_same_local_ids_live_in_two_directories
                the_events_of_a_directory_are_its_own
                deleting_a_directory_leaves_its_neighbour_alone
            ;
            tokens:
                a_token_is_known_until_it_is_revoked
                a_token_is_kept_as_it_was_given
                an_expired_token_is_found_and_says_so
                every_page_of_tokens_holds_what_it_must
                a_clients_tokens_are_listed_and_revoked_apart
                a_tokens_last_use_never_goes_back
                expired_tokens_of_clients_are_removed_in_steps_and_others_stay
            ;
            text:
                names_that_differ_are_different_people
                names_that_are_compared_equal_are_one_person
                external_ids_are_exact
                an_external_id_is_one_however_it_is_composed
                group_names_follow_the_same_rule
                any_text_survives_the_way_there_and_back
                a_long_name_is_kept_whole
            ;
        }
    };
}

/// The cases about restarts: each opens the database as often as it wants.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_restart_cases {
    ($backend:ty) => {
        $crate::conformance_restart_tests! { $backend,
                what_was_acknowledged_is_there_after_a_stop
                what_was_acknowledged_is_there_without_a_stop
                a_group_that_was_ending_goes_on_ending
                a_directory_that_was_being_cleared_goes_on_being_cleared
                a_sweep_that_a_stop_interrupted_goes_on
                what_is_made_anew_goes_on_after_a_stop
                positions_go_on_where_they_stood
        }
    };
}

/// Makes the tests of the cases about restarts.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_restart_tests {
    ($backend:ty, $($case:ident)+) => {
        mod restart {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let backend = <$backend as $crate::conformance::Backend>::create();
                    $crate::conformance::restart::$case(backend).await;
                }
            )+
        }
    };
}

/// Makes the tests of the cases about what shares a transaction.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_batch_tests {
    ($backend:ty, $($case:ident)+) => {
        mod batch {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::conformance::run::<$backend, _>($crate::conformance::batch::$case::<$backend>).await;
                }
            )+
        }
    };
}
