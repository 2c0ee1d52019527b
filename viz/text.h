// Every word the viewer says by itself, in English and Korean, in one table.
//
// The sentences about what happened come from the recording, which has both languages too.
// Words that people in both countries write the same way (ISR, LEO, NIC) are in the table as well:
// a test demands both languages for every entry.
#pragma once

#include "base/phrase.h"

#include <string_view>

namespace brokerlab::viz {

using brokerlab::Language;

enum class Text {
  cluster,
  partitions,
  events,
  causes,
  throughput,
  consumer_lag,
  time_of_day,
  controller,
  zookeeper_leader,
  zookeeper_follower,
  zookeeper_looking,
  zookeeper_down,
  powered_off,
  process_stopped,
  not_registered,
  not_started,
  paused,
  cut_off,
  partly_cut,
  disk_failed,
  disk_full,
  card_slow,
  packet_loss,
  packet_delay,
  disk_slow,
  clock_wrong,
  disk_lies,
  switch_dead,
  of_them_run,  // "{}" of "{}"
  and_more,     // "{}"
  leads_short,  // "{}"
  leads,        // "{}" of "{}" partitions
  network,
  disk,
  producer,
  group,
  sent_per_second,
  read_per_second,
  stopped,
  brief_off,  // Where the whole word has no room.
  brief_not_started,
  brief_paused,
  brief_partly_cut,
  brief_not_registered,
  group_stable,
  group_rebalancing,
  group_empty,
  group_dead,
  lag,
  partition,
  leader,
  epoch,
  in_sync,
  log_end,
  high_watermark,
  no_leader,
  as_table,
  as_matrix,
  stands_lost,
  stands_short,
  stands_well,
  lost_here,     // "{}"
  only_one_has,  // "{}"
  replicate_family,
  produce_family,
  consume_family,
  control_family,
  lost_message,
  flight_note,  // "{}" milliseconds on the screen
  chip_leader,
  chip_follower,
  chip_out_of_sync,
  chip_offline,
  chip_unreachable,
  no_client_reaches,
  now_well,
  now_offline,  // "{}" partitions
  now_unreachable,
  now_brokers_down,  // "{}" of "{}"
  now_cut,           // "{}" machines
  now_no_controller,
  now_no_quorum,
  now_zookeepers_down,
  now_clients_down,
  now_fenced,
  now_under_replicated,
  now_sick,  // "{}" machines with troubles
  now_bad_ways,
  at_the_end,  // "{}" the verdict
  intended,
  sent,
  consumed,
  records_per_second,
  records,
  verdict_pass,
  verdict_fail,
  verdict_unknown,
  verdict_none,
  verdict_pass_harm,
  verdict_fail_harm,
  verdict_unknown_harm,
  no_events_yet,
  messages_not_kept,
  nothing_kept,
  nothing_known,
  messages_sampled,  // "{}": one in so many
  select_event_hint,
  root_cause,
  after,       // "{}" behind its cause
  waited_for,  // "{}"
  other_language,
  key_hint,
  no_jmx_name,
  why_since,   // "{}" whose "{}" condition, since "{}", for "{}"
  why_well,    // "{}"
  why_began,   // "{}" when
  why_before,  // "{}" when
  why_card,    // "{}" whose, "{}" percent, "{}" at most
  why_disk,    // the same
  why_full,
  why_room,
  why_mostly,  // "{}" what, "{}" bytes a second
  why_unknown,
  why_leader,  // "{}" who, "{}" epoch
  why_no_leader,
  why_leader_awaited,  // "{}" who
  why_missing,         // "{}" who, "{}" why
  why_in_sync,
  why_lag,    // "{}" records, "{}" come, "{}" are read
  why_grows,  // "{}" a second
  why_shrinks,
  why_sent,        // "{}" of "{}"
  why_log_leads,   // "{}" offset
  why_log_ends,    // "{}" offset, "{}" leader, "{}" its offset
  why_log_alone,   // "{}" offset
  why_log_behind,  // "{}" records
  why_log_ahead,   // "{}" records
  why_log_in_sync,
  why_log_out,
  why_readable,  // "{}" offset
  why_held_by,   // "{}" who, "{}" offset
  why_not_yet,   // "{}" records
  why_lag_of,    // "{}" group, "{}" records
  why_read_by,   // "{}" who
  why_nobody_reads,
  why_these,        // "{}" names
  why_place_works,  // "{}"
  why_all_well,
  why_no_harm,
  why_first_fault,  // "{}" when
  follow,
  follow_nobody,
  follow_note,
  follow_sum,      // "{}" until committed, "{}" until acknowledged
  follow_sum_all,  // the same, of acks=all
  spent_way,
  spent_work,
  spent_wait,
  stage_to_leader,  // "{}" where, of all stages
  stage_leader_writes,
  stage_leader_waits,
  stage_leader_answers,
  stage_to_replica,
  stage_replica_writes,
  stage_replica_tells,
  stage_acknowledged,
  stage_reader_waits,
  stage_to_reader,
  help_follow,
  compare,
  compare_with_nothing,
  compare_settings,
  compare_figures,
  compare_same,
  compare_first,
  help_compare,
  help_present,
  help_page,
  help_screen,
  act_kill,
  act_power_off,
  act_pause,
  act_slow_nic,
  act_slow_disk,
  act_cut,
  act_spike,
  act_put_right,
  act_forks,
  act_now,
  act_not,
  save_only_live,
  live_running,  // "{}" the pace
  live_paused,
  live_catching_up,  // "{}" the moment
  live_finishing,
  live_past,
  live_over,
  live_not_yet,
  fork_busy,
  fork_whom,
  fork_begun,  // "{}" when, "{}" the file
  fork_done,
  film_begun,    // "{}" the file
  film_done,     // "{}" the file
  picture_done,  // "{}" the file
  help_kill,
  help_deeds,
  help_save,
  help_swap,
  help_picture,
  help_film,
  stopped_at,  // "{}" a breakpoint
  will_stop,
  will_not_stop,
  select_first,
  note_here,  // "{}" the moment
  note_keys,
  help_zoom,
  help_pan,
  help_whole,
  help_alone,
  help_bookmark,
  help_bookmarks,
  help_stop,
  help_stop_kind,
  help_stop_plot,
  now_damaged,
  slow_motion,
  help,
  help_shapes,
  help_play,
  help_step,
  help_leap,
  help_events,
  help_fault,
  help_ends,
  help_speed,
  help_slow,
  help_language,
  help_theme,
  help_type,
  help_tab,
  help_help,
  help_close,
  help_quit,
  fault_power_off,
  fault_power_on,
  fault_killed,
  fault_exited,
  fault_stopped,
  fault_paused,
  fault_disk,
  fault_network,
  fault_clock,
  fault_started,
  fault_load,
  fault_other,
  count_,
};

/// UTF-8; static storage.
std::string_view say(Text text, Language language);

}  // namespace brokerlab::viz
