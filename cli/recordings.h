// What trace and why share: a recording's event on one line.
#pragma once

#include "sim/recording_reader.h"

#include <map>
#include <string>

namespace brokerlab::cli {

/// Prints events of one recording, with machines and partitions by name.
class EventPrinter {
 public:
  EventPrinter(const sim::RecordingReader& reader, std::string language);
  /// "t=330.004s  #17 fault    machine.power_off  broker-1  broker-1 lost power"
  std::string line(const sim::RecordedEvent& event) const;
  const std::string& sentence(const sim::RecordedEvent& event) const;

 private:
  std::string where(const sim::RecordedEvent& event) const;
  std::map<int, std::string> machines_;
  std::map<int, std::string> partitions_;
  std::string language_;
};

}  // namespace brokerlab::cli
