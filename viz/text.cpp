#include "viz/text.h"

#include "base/check.h"

#include <array>

namespace brokerlab::viz {
namespace {

struct Entry {
  Text text;
  std::string_view english;
  std::string_view korean;
};

constexpr std::array entries = {
    Entry{Text::cluster, "Cluster", "클러스터"},
    Entry{Text::partitions, "Partitions", "파티션"},
    Entry{Text::events, "What happened", "무슨 일이 있었나"},
    Entry{Text::causes, "Why?", "왜 그랬을까?"},
    Entry{Text::throughput, "Throughput", "처리량"},
    Entry{Text::consumer_lag, "Consumer lag", "컨슈머 지연(lag)"},
    Entry{Text::time_of_day, "Time", "시각"},
    Entry{Text::controller, "controller", "컨트롤러"},
    Entry{Text::zookeeper_leader, "leader", "리더"},
    Entry{Text::zookeeper_follower, "follower", "팔로워"},
    Entry{Text::zookeeper_looking, "electing", "선출 중"},
    Entry{Text::zookeeper_down, "down", "중지"},
    Entry{Text::powered_off, "powered off", "전원 꺼짐"},
    Entry{Text::process_stopped, "process stopped", "프로세스 중지"},
    Entry{Text::not_registered, "not in the cluster", "클러스터에 없음"},
    Entry{Text::not_started, "not started yet", "시작 전"},
    Entry{Text::paused, "stands still", "멈춰 있음"},
    Entry{Text::cut_off, "cut off", "네트워크 단절"},
    Entry{Text::partly_cut, "partly cut off", "일부와 단절"},
    Entry{Text::disk_failed, "disk failed", "디스크 고장"},
    Entry{Text::disk_full, "disk full", "디스크 가득 참"},
    Entry{Text::card_slow, "slow card", "느린 네트워크"},
    Entry{Text::packet_loss, "packet loss", "패킷 손실"},
    Entry{Text::packet_delay, "packets late", "패킷 지연"},
    Entry{Text::disk_slow, "slow disk", "느린 디스크"},
    Entry{Text::clock_wrong, "wrong clock", "틀린 시계"},
    Entry{Text::disk_lies, "disk lies", "거짓말하는 디스크"},
    Entry{Text::switch_dead, "switch dead", "스위치 고장"},
    Entry{Text::of_them_run, "{} of {} run", "{1}개 중 {0}개 실행"},
    Entry{Text::and_more, "+{}", "+{}"},
    Entry{Text::leads_short, "leads {}", "리더 {}"},
    Entry{Text::leads, "leads {} of {}", "파티션 {1}개 중 {0}개의 리더"},
    Entry{Text::network, "NIC", "네트워크"},
    Entry{Text::disk, "Disk", "디스크"},
    Entry{Text::producer, "Producer", "프로듀서"},
    Entry{Text::group, "Group", "그룹"},
    Entry{Text::sent_per_second, "sent /s", "건/초 전송"},
    Entry{Text::read_per_second, "read /s", "건/초 소비"},
    Entry{Text::stopped, "stopped", "중지됨"},
    Entry{Text::group_stable, "stable", "안정"},
    Entry{Text::group_rebalancing, "rebalancing", "리밸런스 중"},
    Entry{Text::group_empty, "no known member", "알려진 멤버 없음"},
    Entry{Text::group_dead, "dead", "소멸"},
    Entry{Text::lag, "lag", "지연(lag)"},
    Entry{Text::partition, "No.", "번호"},
    Entry{Text::leader, "Leader", "리더"},
    Entry{Text::epoch, "Epoch", "에포크"},
    Entry{Text::in_sync, "ISR", "ISR"},
    Entry{Text::log_end, "LEO {}", "LEO {}"},
    Entry{Text::high_watermark, "HW", "HW"},
    Entry{Text::no_leader, "none", "없음"},
    Entry{Text::replicate_family, "replicate", "복제"},
    Entry{Text::produce_family, "produce", "produce"},
    Entry{Text::consume_family, "consume", "소비"},
    Entry{Text::control_family, "control", "제어"},
    Entry{Text::lost_message, "lost", "유실"},
    Entry{Text::flight_note, "A message stays visible for at least {} ms, however fast it was.",
          "메시지는 실제로 더 빨라도 최소 {} ms 동안 보입니다."},
    Entry{Text::chip_leader, "leader", "리더"},
    Entry{Text::chip_follower, "in sync", "동기화됨"},
    Entry{Text::chip_out_of_sync, "out of ISR", "ISR 밖"},
    Entry{Text::chip_offline, "no live leader", "살아 있는 리더 없음"},
    Entry{Text::intended, "intended", "발생량"},
    Entry{Text::sent, "sent", "전송"},
    Entry{Text::consumed, "consumed", "소비"},
    Entry{Text::records_per_second, "records/s", "건/초"},
    Entry{Text::records, "records", "건"},
    Entry{Text::verdict_pass, "PASS", "통과"},
    Entry{Text::verdict_fail, "FAIL", "실패"},
    Entry{Text::verdict_unknown, "UNKNOWN", "판정 불가"},
    Entry{Text::verdict_none, "NO VERDICT", "판정 없음"},
    Entry{Text::verdict_pass_harm, "PASS · HARM DONE", "통과 · 피해 있음"},
    Entry{Text::verdict_fail_harm, "FAIL · HARM DONE", "실패 · 피해 있음"},
    Entry{Text::verdict_unknown_harm, "UNKNOWN · HARM DONE", "판정 불가 · 피해 있음"},
    Entry{Text::no_events_yet, "Nothing was recorded.", "기록된 이벤트가 없습니다."},
    Entry{Text::messages_not_kept, "No messages were recorded at this moment.",
          "이 순간의 메시지는 기록되지 않았습니다."},
    Entry{Text::nothing_kept, "Only the verdict of this run was recorded (recording level none).",
          "이 실행은 판정만 기록되었습니다 (기록 수준 none)."},
    Entry{Text::nothing_known, "nothing recorded", "기록 없음"},
    Entry{Text::messages_sampled, "One request in {} was recorded, with its response.",
          "요청 {}개 가운데 하나와 그 응답만 기록되었습니다."},
    Entry{Text::select_event_hint, "Click a sentence to see what led to it.",
          "문장을 누르면 그 일의 원인을 거슬러 보여 줍니다."},
    Entry{Text::root_cause, "It began here", "여기서 시작"},
    Entry{Text::after, "{} after", "{} 뒤"},
    Entry{Text::waited_for, "waited for {}", "기다린 것: {}"},
    Entry{Text::other_language, "한국어", "English"},
    Entry{Text::key_hint, "space: play   arrows: 1 s   shift+arrows: 10 s   L: language",
          "스페이스: 재생   화살표: 1초   Shift+화살표: 10초   L: 언어"},
    Entry{Text::fault_power_off, "power off", "전원 꺼짐"},
    Entry{Text::fault_power_on, "power on", "전원 켜짐"},
    Entry{Text::fault_killed, "killed", "강제 종료"},
    Entry{Text::fault_exited, "exited", "종료"},
    Entry{Text::fault_stopped, "stop", "정지 요청"},
    Entry{Text::fault_paused, "pause", "멈춤"},
    Entry{Text::fault_disk, "disk", "디스크"},
    Entry{Text::fault_network, "network", "네트워크"},
    Entry{Text::fault_clock, "clock", "시계"},
    Entry{Text::fault_started, "started", "시작"},
    Entry{Text::fault_load, "load", "부하 변화"},
    Entry{Text::fault_other, "fault", "장애"},
};

static_assert(entries.size() == static_cast<std::size_t>(Text::count_));

}  // namespace

std::string_view say(Text text, Language language) {
  const auto& entry = entries.at(static_cast<std::size_t>(text));
  ENSURE(entry.text == text, "the table of texts is out of order at {}", entry.english);
  return language == Language::korean ? entry.korean : entry.english;
}

}  // namespace brokerlab::viz
