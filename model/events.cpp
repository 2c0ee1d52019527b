#include "model/events.h"

namespace brokerlab::model::events {

using sim::Level;

// clang-format off
constexpr Level control = Level::control;
constexpr Level detail = Level::detail;

const EventKind zk_leader_elected{"zk.leader_elected", control, "{machine} leads the ZooKeeper ensemble, epoch {epoch}", "{machine}이(가) 주키퍼 앙상블의 리더가 되었다 (에포크 {epoch})"};
const EventKind zk_leader_lost{"zk.leader_lost", control, "{machine} gave up leading the ensemble: {why}", "{machine}이(가) 앙상블 리더에서 물러났다: {why}"};
const EventKind zk_follower_lost{"zk.follower_lost", control, "ZooKeeper's leader lost its follower {follower}", "주키퍼 리더가 팔로워 {follower}을(를) 잃었다"};
const EventKind zk_session_created{"zk.session_created", detail, "ZooKeeper opened a session for {owner}, timeout {timeout}", "주키퍼가 {owner}의 세션을 열었다 (타임아웃 {timeout})"};
const EventKind zk_session_expired{"zk.session_expired", control, "ZooKeeper expired the session of {owner} after {timeout} of silence", "주키퍼가 {timeout} 동안 응답이 없던 {owner}의 세션을 만료시켰다"};
const EventKind zk_session_abandoned{"zk.session_abandoned", detail, "ZooKeeper dropped a session that {owner} had asked for and given up, after {timeout}", "{owner}이(가) 요청했다가 포기한 세션을 주키퍼가 {timeout} 뒤에 정리했다"};
const EventKind zk_session_closed{"zk.session_closed", detail, "{owner} closed its ZooKeeper session", "{owner}이(가) 주키퍼 세션을 닫았다"};
const EventKind zk_disconnected{"broker.zookeeper_lost", control, "{machine} lost its connection to ZooKeeper", "{machine}의 주키퍼 연결이 끊겼다"};
const EventKind zk_reconnected{"broker.zookeeper_back", control, "{machine} is connected to ZooKeeper again", "{machine}이(가) 주키퍼에 다시 연결되었다"};
const EventKind zk_quorum_lost{"zk.quorum_lost", control, "ZooKeeper has no quorum: {machine} finds no majority", "주키퍼 쿼럼이 깨졌다: {machine}이(가) 과반수를 찾지 못한다"};
const EventKind zk_quorum_back{"zk.quorum_back", control, "ZooKeeper has a quorum again, led by {machine}", "주키퍼 쿼럼이 회복되었다 (리더 {machine})"};
const EventKind broker_registered{"broker.registered", control, "{machine} registered in ZooKeeper", "{machine}이(가) 주키퍼에 등록되었다"};
const EventKind broker_start_failed{"broker.start_failed", control, "{machine} could not start: {why}", "{machine}이(가) 시작하지 못했다: {why}"};
const EventKind log_directory_failed{"broker.log_directory_failed", control, "{machine} lost its only log directory: {why}", "{machine}이(가) 유일한 로그 디렉터리를 잃었다: {why}"};
const EventKind log_directory_offline{"broker.log_directory_offline", control, "{machine} lost its log directory on disk {disk}: {why}", "{machine}이(가) 디스크 {disk}의 로그 디렉터리를 잃었다: {why}"};
const EventKind log_directories_noticed{"controller.log_directory_failed", control, "The controller noticed that {broker} lost {replicas} replica(s) with a log directory", "컨트롤러가 {broker}의 로그 디렉터리와 함께 복제본 {replicas}개가 사라진 것을 알아차렸다"};
const EventKind controller_elected{"controller.elected", control, "{machine} became the controller, epoch {epoch}", "{machine}이(가) 컨트롤러가 되었다 (에포크 {epoch})"};
const EventKind controller_resigned{"controller.resigned", control, "{machine} is no longer the controller", "{machine}이(가) 컨트롤러에서 물러났다"};
const EventKind controller_broker_failed{"controller.broker_failed", control, "The controller noticed that {broker} failed", "컨트롤러가 {broker}의 장애를 알아차렸다"};
const EventKind controller_broker_joined{"controller.broker_joined", control, "The controller noticed that {broker} joined", "컨트롤러가 {broker}의 합류를 알아차렸다"};
const EventKind reassignment_started{"partition.reassignment_started", control, "The controller moves {partition} from {from} to {to}", "컨트롤러가 {partition}의 복제본을 {from}에서 {to}(으)로 옮기기 시작한다"};
const EventKind reassignment_cancelled{"partition.reassignment_cancelled", control, "The controller takes the reassignment of {partition} back: from {from} to {to}", "컨트롤러가 {partition}의 재할당을 취소한다: {from}에서 {to}(으)로 되돌린다"};
const EventKind reassignment_done{"partition.reassignment_done", control, "{partition} has been moved: its replicas are {replicas}", "{partition}의 재할당이 끝났다: 복제본은 {replicas}"};
const EventKind topic_deletion_started{"topic.deletion_started", control, "The controller begins to delete topic {topic}", "컨트롤러가 토픽 {topic}을(를) 지우기 시작한다"};
const EventKind topic_deletion_held{"topic.deletion_held", control, "The deletion of topic {topic} waits: a broker with a replica of it is away", "토픽 {topic} 삭제가 멈췄다: 복제본을 가진 브로커가 자리에 없다"};
const EventKind topic_deleted{"topic.deleted", control, "Topic {topic} is deleted", "토픽 {topic}이(가) 삭제되었다"};
const EventKind replica_deleted{"replica.deleted", detail, "{machine} deletes its replica of {partition}", "{machine}이(가) {partition} 복제본을 지운다"};
const EventKind config_changed{"config.changed", control, "{machine} goes by new settings of {what}: {settings}", "{machine}이(가) {what}의 새 설정을 따른다: {settings}"};
const EventKind replication_throttled{"replica.throttled", control, "{machine} holds back the replication of {partition}: {rate} bytes a second, and {setting} is {bound}", "{machine}이(가) {partition}의 복제를 늦춘다: 초당 {rate}바이트인데 {setting}은(는) {bound}이다"};
const EventKind partition_created{"partition.created", detail, "{partition} was created, led by {leader}", "{partition} 파티션이 만들어졌다 (리더 {leader})"};
const EventKind partition_leader_elected{"partition.leader_elected", control, "{partition} is now led by {leader}, epoch {epoch}, ISR {isr}", "{partition}의 새 리더는 {leader} (에포크 {epoch}, ISR {isr})"};
const EventKind partition_offline{"partition.leader_offline", control, "{partition} has no leader: no replica of the ISR {isr} is alive", "{partition}에 리더가 없다: ISR {isr} 중 살아 있는 복제본이 없다"};
const EventKind partition_isr_shrunk{"partition.isr_shrunk", control, "{partition}: ISR shrank from {from} to {to}", "{partition}: ISR이 {from}에서 {to}(으)로 줄었다"};
const EventKind partition_isr_expanded{"partition.isr_expanded", control, "{partition}: ISR grew from {from} to {to}", "{partition}: ISR이 {from}에서 {to}(으)로 늘었다"};
const EventKind isr_change_refused{"partition.isr_change_refused", control, "The controller refuses {machine}'s ISR change of {partition} from {from} to {to}: {error}", "컨트롤러가 {machine}이(가) 요청한 {partition}의 ISR 변경({from}에서 {to}(으)로)을 거부했다: {error}"};
const EventKind partition_under_min_isr{"partition.under_min_isr", control, "{partition} is below min.insync.replicas {min} (ISR {isr}): acks=all is refused with NOT_ENOUGH_REPLICAS", "{partition}의 ISR {isr}이(가) min.insync.replicas {min}에 못 미친다: acks=all 쓰기는 NOT_ENOUGH_REPLICAS로 거부된다"};
const EventKind partition_min_isr_back{"partition.min_isr_back", control, "{partition} has min.insync.replicas {min} again (ISR {isr})", "{partition}의 ISR {isr}이(가) 다시 min.insync.replicas {min}을(를) 채운다"};
const EventKind replication_stalled{"partition.replication_stalled", control, "{machine} cannot acknowledge acks=all records of {partition}: offset {offset} waits for {followers}, in the ISR {isr}, for at most replica.lag.time.max.ms = {limit}", "{machine}이(가) {partition}의 acks=all 레코드에 응답하지 못한다: 오프셋 {offset}이(가) ISR {isr} 중 {followers}을(를) 최대 replica.lag.time.max.ms = {limit} 기다린다"};
const EventKind replication_resumed{"partition.replication_resumed", control, "{machine} acknowledges acks=all records of {partition} again: {followers} caught up", "{machine}이(가) {partition}의 acks=all 레코드에 다시 응답한다: {followers}이(가) 따라잡았다"};
const EventKind replica_fetch_failed{"replica.fetch_failed", control, "{machine} marks {partition} as failed and no longer fetches it from {leader}: {error}", "{machine}이(가) {partition}을(를) 실패로 표시하고 {leader}에서 더 가져오지 않는다: {error}"};
const EventKind damage_met{"log.damage_met", control, "{machine} meets damaged records of {partition} from {from}", "{machine}이(가) {from}에서 받은 {partition}의 레코드가 손상되어 있다"};
const EventKind preferred_leader_election{"controller.preferred_leader_election", control, "The controller moves leaders back to their preferred replicas ({imbalance} % of {broker}'s were elsewhere)", "컨트롤러가 리더를 선호 복제본으로 되돌린다 ({broker} 몫의 {imbalance} %가 다른 곳에 있었다)"};
const EventKind replica_became_leader{"replica.became_leader", detail, "{machine} starts leading {partition} at offset {offset}, epoch {epoch}", "{machine}이(가) {partition}의 리더를 맡는다 (오프셋 {offset}부터, 에포크 {epoch})"};
const EventKind replica_became_follower{"replica.became_follower", detail, "{machine} follows {leader} for {partition}, epoch {epoch}", "{machine}이(가) {partition}에서 {leader}을(를) 따른다 (에포크 {epoch})"};
const EventKind replica_truncated{"replica.truncated", control, "{machine} cut {partition} back from offset {end} to {offset}: {count} record(s) off its replica", "{machine}이(가) {partition} 복제본에서 레코드 {count}개를 잘라 냈다: 오프셋 {end}에서 {offset}(으)로"};
const EventKind log_corrupted{"log.corrupted", sim::Level::fault, "a bit of {file} flips on the disk of {machine}", "{machine}의 디스크에서 {file}의 비트 하나가 뒤집혔다"};
const EventKind log_recovered{"log.recovered", control, "{machine} recovered {partitions} log(s) after an unclean stop: {scanned} scanned, {cut} cut", "{machine}이(가) 비정상 종료 뒤 로그 {partitions}개를 복구했다: {scanned} 검사, {cut} 잘라냄"};
const EventKind segments_deleted{"log.segments_deleted", detail, "{machine} deletes {segments} segment(s) of {partition} ({size}) by {why}: it begins at offset {start} instead of {from}", "{machine}이(가) {why}에 따라 {partition}의 세그먼트 {segments}개({size})를 지운다: 시작 오프셋이 {from}에서 {start}(으)로 바뀐다"};
const EventKind records_deleted{"log.records_deleted", control, "{machine} deletes records of {partition} as asked: it begins at offset {start} instead of {from}", "{machine}이(가) 요청에 따라 {partition}의 레코드를 지운다: 시작 오프셋이 {from}에서 {start}(으)로 바뀐다"};
const EventKind replica_started_over{"replica.started_over", control, "{machine} drops its replica of {partition}, which ends at {end}, and begins anew at {start}, where the log of {leader} begins", "{machine}이(가) {end}에서 끝나는 {partition} 복제본을 버리고 {leader}의 로그가 시작하는 {start}부터 새로 받는다"};
const EventKind log_compacted{"log.compacted", detail, "{machine} compacted {partition} from offset {from} to {to}: of {records} records ({read}) {kept} stay ({left})", "{machine}이(가) {partition}을(를) 오프셋 {from}부터 {to}까지 압축 정리했다: 레코드 {records}개({read}) 중 {kept}개({left})가 남는다"};
const EventKind log_uncleanable{"log.uncleanable", control, "{machine} cannot compact {partition} and will not try again: {why}", "{machine}이(가) {partition}을(를) 압축 정리하지 못하고 더 시도하지 않는다: {why}"};
const EventKind connection_broken{"connection.broken", detail, "{machine} lost its connection to {peer} with {requests} under way: {why}", "{machine}에서 {peer}(으)로 이어진 연결이 끊겼다 (보낸 요청 {count}개): {why}"};
const EventKind connection_failed{"connection.failed", detail, "{machine} cannot connect to {peer}: {why}", "{machine}이(가) {peer}에 연결하지 못한다: {why}"};
const EventKind client_disconnected{"client.disconnected", control, "{machine} was disconnected from {peer}, with no request under way", "{machine}와(과) {peer} 사이의 연결이 끊겼다 (기다리던 요청 없음)"};
const EventKind producer_request_failed{"producer.request_failed", control, "{machine} {what} {to}: {error}", "{machine}이(가) {to}{what}: {error}"};
const EventKind producer_resumed{"producer.resumed", control, "{machine} produces to {partition} again, through {to}", "{machine}이(가) {to}을(를) 통해 {partition}에 다시 보낸다"};
const EventKind producer_record_failed{"producer.record_failed", control, "{machine} gave up on {records} for {partition}: {error}", "{machine}이(가) {partition}(으)로 보낼 레코드 {count}개를 포기했다: {error}"};
const EventKind written_twice{"producer.written_twice", control, "{client} wrote {records} to {partition} a second time, at {where}; the first copy begins at {before}", "{client}이(가) 레코드 {count}개를 {partition}의 {where}에 한 번 더 썼다 (첫 번째는 오프셋 {before}부터)"};
const EventKind written_out_of_order{"producer.written_out_of_order", control, "{client} wrote {records} to {partition} out of order, at {where}: what it sent later stands at {later} already", "{client}이(가) 레코드 {count}개를 {partition}의 {where}에 순서가 바뀐 채 썼다: 나중에 보낸 레코드가 오프셋 {later}에 먼저 있다"};
const EventKind acknowledgment_waited{"producer.acknowledgment_waited", detail, "{machine} waited {wait} for the acknowledgment of {records} for {partition}", "{machine}이(가) {partition}(으)로 보낸 레코드 {count}개의 응답을 {wait} 기다렸다"};
const EventKind fetch_waited{"consumer.fetch_waited", detail, "{machine} answers a fetch of {client} after {wait}: {bytes} are less than fetch.min.bytes {min}", "{machine}이(가) {client}의 fetch에 {wait} 뒤에 응답한다: {bytes}은(는) fetch.min.bytes {min}보다 적다"};
const EventKind consumer_joined{"consumer.joined", control, "{machine} joined group {group}, generation {generation}: {partitions}", "{machine}이(가) 그룹 {group}에 들어왔다 (세대 {generation}): {partitions}"};
const EventKind consumer_left{"consumer.left", control, "{machine} left group {group}: {why}", "{machine}이(가) 그룹 {group}에서 빠졌다: {why}"};
const EventKind consumer_revoked{"consumer.partitions_revoked", control, "{machine} gives up {partitions}, which group {group} assigns elsewhere", "{machine}이(가) 그룹 {group}에서 다른 멤버에게 갈 {partitions}을(를) 내놓는다"};
const EventKind consumer_lost_partitions{"consumer.partitions_lost", control, "{machine} lost its partitions of group {group}: {partitions}", "{machine}이(가) 그룹 {group}에서 맡던 파티션을 잃었다: {partitions}"};
const EventKind consumer_read_replica{"consumer.reads_replica", control, "{machine} reads {partition} from its follower {to}, on its own rack {rack}", "{machine}이(가) 같은 랙 {rack}에 있는 팔로워 {to}에서 {partition}을(를) 읽는다"};
const EventKind consumer_action{"consumer.action", control, "{machine} {what} {partitions}", "{machine}, {partitions}: {what}"};
const EventKind consumer_stalled{"consumer.stalled", control, "{machine} {what} {to}: {error}", "{machine}이(가) {to}{what}: {error}"};
const EventKind consumer_resumed{"consumer.resumed", control, "{machine} reads {partition} again, from {to}, after {waited}", "{machine}이(가) {waited} 만에 {to}에서 {partition}을(를) 다시 읽는다"};
const EventKind consumer_failed{"consumer.failed", Level::fault, "The consumer of {machine} failed with {error}: {partitions}", "{machine}의 컨슈머가 {error} 예외로 실패했다: {partitions}"};
const EventKind connection_idle{"connection.idle_closed", detail, "{machine} closes its connection to {peer}, idle for {idle}", "{machine}이(가) {idle} 동안 쓰지 않은 {peer} 연결을 닫는다"};
const EventKind client_throttled{"client.throttled", control, "{machine} throttles {client} for {time}: {rate} a second, and its {quota} is {bound}", "{machine}이(가) {client}을(를) {time} 동안 막는다: 초당 {rate}인데 {quota}은(는) {bound}이다"};
const EventKind group_rebalancing{"group.rebalancing", control, "Group {group} rebalances: {why}", "그룹 {group}이(가) 리밸런스를 시작했다: {why}"};
const EventKind group_stable{"group.stable", control, "Group {group} is stable, generation {generation}, {members} member(s)", "그룹 {group}이(가) 안정되었다 (세대 {generation}, 멤버 {members}개)"};
const EventKind static_member_back{"group.static_member_back", control, "{client} is back in group {group} as its static member {instance}: no rebalance", "{client}이(가) 그룹 {group}의 정적 멤버 {instance}(으)로 돌아왔다: 리밸런스 없음"};
const EventKind group_forgotten{"group.offsets_forgotten", control, "{machine} forgets {offsets} committed offset(s) of group {group}", "{machine}이(가) 그룹 {group}의 커밋된 오프셋 {offsets}개를 지운다"};
const EventKind coordinator_loaded{"group.coordinator_loaded", control, "{machine} coordinates {partition} and loaded {groups} group(s) from it", "{machine}이(가) {partition}의 코디네이터가 되어 그룹 {groups}개를 읽어 들였다"};
const EventKind coordinator_lost{"consumer.coordinator_lost", control, "{machine} lost the coordinator of group {group}, {to}: {why}", "{machine}이(가) 그룹 {group}의 코디네이터 {to}을(를) 잃었다: {why}"};
const EventKind coordinator_found{"consumer.coordinator_found", control, "{machine} found the coordinator of group {group}: {to}", "{machine}이(가) 그룹 {group}의 코디네이터를 찾았다: {to}"};
const EventKind commit_failed{"consumer.commit_failed", control, "{client} could not commit its offsets: {error}", "{client}이(가) 오프셋을 커밋하지 못했다: {error}"};
const EventKind transactions_loaded{"transaction.coordinator_loaded", control, "{machine} coordinates {partition} and loaded {count} transactional id(s) from it", "{machine}이(가) {partition}의 코디네이터가 되어 트랜잭션 ID {count}개를 읽어 들였다"};
const EventKind transaction_timed_out{"transaction.timed_out", control, "{machine} aborts the transaction of {id}, which is open for too long", "{machine}이(가) 너무 오래 열려 있는 {id}의 트랜잭션을 중단한다"};
const EventKind transaction_fenced{"transaction.fenced", control, "{machine} is fenced off: {id} has a newer epoch", "{machine}이(가) 차단되었다: {id}의 에포크가 더 새것이다"};
const EventKind transaction_aborted{"transaction.aborted", control, "{machine} aborts its transaction: {error}", "{machine}이(가) 자기 트랜잭션을 중단한다: {error}"};
const EventKind client_error{"client.error", control, "{client}: {api} is answered with {error}", "{client}의 {api} 요청에 {error} 응답이 온다"};
const EventKind client_exception{"client.exception", control, "{client}: {api} ends with {error}", "{client}의 {api} 요청이 {error}(으)로 끝난다"};
const EventKind operation_begun{"operation.begun", control, "The operator {what}", "운영자: {what}"};
const EventKind operation_done{"operation.done", control, "The operator {what}: accepted", "운영자: {what}: 받아들여졌다"};
const EventKind operation_refused{"operation.refused", control, "The operator {what}: {why}", "운영자: {what}: {why}"};
const EventKind load_changed{"load.changed", control, "{source}: the load becomes {rate}", "{source}: 부하가 {rate}(으)로 바뀌었다"};
const EventKind record_lost{"record.lost", control, "Acknowledged record {record} is lost: {partition}, offset {offset}", "저장 응답을 받은 레코드({record})가 사라졌다: {partition}, 오프셋 {offset}"};
const EventKind record_deleted_unread{"record.deleted_unread", control, "{count} record(s) of {partition} were deleted before group {group} read them: offsets {from} to {to}", "그룹 {group}이(가) 읽기 전에 {partition}의 레코드 {count}개가 삭제되었다: 오프셋 {from}부터 {to}까지"};
const EventKind invariant_violated{"invariant.violated", Level::fault, "Invariant broken: {name}: {why}", "불변 조건이 깨졌다: {name}: {why}"};
// clang-format on

std::vector<sim::Detail> with_wait(std::vector<sim::Detail> details, const Wait& wait) {
  details.push_back({"waited_for", std::string(wait.name)});
  details.push_back({"waited_value", brokerlab::to_text(wait.value), to_korean_text(wait.value)});
  details.push_back({"waited_of", wait.of});
  if (!wait.note.english.empty()) details.push_back(sim::Detail::of("waited_note", wait.note));
  return details;
}

std::vector<sim::Detail> with_waits(std::vector<sim::Detail> details, const Phrase& waits) {
  details.push_back(sim::Detail::of("waits", waits));
  return details;
}

}  // namespace brokerlab::model::events
