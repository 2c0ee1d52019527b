// libFuzzer's entry into one target: BROKERLAB_FUZZ_TARGET, a function of targets.h.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  brokerlab::log::fuzz::BROKERLAB_FUZZ_TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}
