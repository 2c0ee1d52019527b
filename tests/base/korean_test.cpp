// The particle that fits the word before it (base/korean.h).
#include "base/korean.h"

#include "base/plurals.h"

#include <catch2/catch.hpp>

using brokerlab::with_particles;

TEST_CASE("a particle follows the last sound of a Korean word", "[unit]") {
  CHECK(with_particles("브로커이(가)") == "브로커가");
  CHECK(with_particles("리밸런싱이(가)") == "리밸런싱이");
  CHECK(with_particles("파일을(를)") == "파일을");
  CHECK(with_particles("레코드은(는)") == "레코드는");
  CHECK(with_particles("리더와(과) 디스크와(과) 설정와(과)") == "리더와 디스크와 설정과");
}

TEST_CASE("(으)로 stays short behind a vowel and behind rieul", "[unit]") {
  CHECK(with_particles("디스크(으)로") == "디스크로");
  CHECK(with_particles("파일(으)로") == "파일로");
  CHECK(with_particles("파티션(으)로") == "파티션으로");
}

TEST_CASE("(이) stands only behind a consonant", "[unit]") {
  CHECK(with_particles("\"broker-2\"(이)라는 이름") == "\"broker-2\"라는 이름");
  CHECK(with_particles("\"topic\"(이)라는 이름") == "\"topic\"이라는 이름");
}

TEST_CASE("digits are read as Koreans read them", "[unit]") {
  // 0 yeong/sip, 1 il, 2 i, 3 sam, 4 sa, 5 o, 6 yuk, 7 chil, 8 pal, 9 gu
  CHECK(with_particles("0이(가) 1이(가) 2이(가) 3이(가) 4이(가)") == "0이 1이 2가 3이 4가");
  CHECK(with_particles("5이(가) 6이(가) 7이(가) 8이(가) 9이(가)") == "5가 6이 7이 8이 9가");
  CHECK(with_particles("10(으)로 1(으)로 2(으)로 3(으)로") == "10으로 1로 2로 3으로");
}

TEST_CASE("words in Latin letters are read as Koreans say them", "[unit]") {
  CHECK(with_particles("broker이(가) controller이(가) leader이(가)") ==
        "broker가 controller가 leader가");
  CHECK(with_particles("topic이(가) offset이(가) group이(가)") == "topic이 offset이 group이");
  CHECK(with_particles("file(으)로 all(으)로 none(으)로 true(으)로") ==
        "file로 all로 none으로 true로");
  CHECK(with_particles("request.timeout.ms은(는) acks은(는) max.poll.interval은(는)") ==
        "request.timeout.ms는 acks는 max.poll.interval은");
  CHECK(with_particles("ISR이(가) NIC이(가) RF을(를)") == "ISR이 NIC가 RF를");
}

TEST_CASE("brackets and quotes behind a word are not spoken", "[unit]") {
  CHECK(with_particles("\"파티션\"을(를) [3,2]을(를) (orders)을(를)") ==
        "\"파티션\"을 [3,2]를 (orders)를");
}

TEST_CASE("text without particles stays as it is", "[unit]") {
  CHECK(with_particles("") == "");
  CHECK(with_particles("이 (가) 을") == "이 (가) 을");
}

TEST_CASE("a quoted command is read to its last word, a bracket too", "[unit]") {
  CHECK(with_particles("`brokerlab log recover b-1`은(는)") == "`brokerlab log recover b-1`은");
  CHECK(with_particles("`brokerlab log recover big-0`은(는)") == "`brokerlab log recover big-0`은");
  CHECK(with_particles("`lab check`을(를)") == "`lab check`을");
  CHECK(with_particles("TimeoutException (REQUEST_TIMED_OUT)(으)로 끝난다") ==
        "TimeoutException (REQUEST_TIMED_OUT)으로 끝난다");
  CHECK(with_particles("NOT_LEADER_OR_FOLLOWER(으)로 NETWORK_EXCEPTION(으)로") ==
        "NOT_LEADER_OR_FOLLOWER로 NETWORK_EXCEPTION으로");
  CHECK(with_particles("ISR은(는) MAX_LSO을(를)") == "ISR은 MAX_LSO를");
}

TEST_CASE("a length of time in a Korean sentence has its Korean unit, and no blank", "[unit]") {
  using brokerlab::with_korean_unit;
  CHECK(with_korean_unit("30.9 s") == "30.9초");
  CHECK(with_korean_unit("5.1 ms") == "5.1ms");
  CHECK(with_korean_unit("0") == "0");
}

TEST_CASE("an English word follows the number before it", "[unit]") {
  using brokerlab::with_plurals;
  CHECK(with_plurals("broker-1 loaded 1 group(s) from it") == "broker-1 loaded 1 group from it");
  CHECK(with_plurals("0 record(s), 1,001 record(s), 21 log(s)") ==
        "0 records, 1,001 records, 21 logs");
  CHECK(with_plurals("time (s), topic(s)") == "time (s), topic(s)");
}
