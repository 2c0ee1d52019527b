// A small believable incident, written through the recording's writer: what the viewer is developed
// and tested with.
//
// Three brokers, three ZooKeeper nodes, one producer and a group of two consumers of topic
// jnu_wifi_auth (6 partitions). The load rises at 300 s and falls at 360 s; broker-1, controller
// and leader of two partitions, loses power at 330 s; ZooKeeper expires its session at 348 s; it is
// back at 450 s; the run is 600 s long.
#pragma once

#include <string>

namespace brokerlab::viz {

void write_sample_recording(const std::string& path);

/// One in the folder for temporary files, as long as this lives.
struct SampleFile {
  std::string path;
  SampleFile();
  ~SampleFile();
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;
};

}  // namespace brokerlab::viz
