// Import: from the files that people who run Kafka have to a scenario, several files to one
// cluster:
//
//   server.properties                of a broker each
//   kafka-topics --describe          what it printed, of any version
//   reassignment JSON                of kafka-reassign-partitions
//   capacity JSON                    of Cruise Control
//   workload and driver YAML         of the OpenMessaging Benchmark
//
// What a scenario cannot say, or says otherwise, is a remark with file, line and reason: nothing is
// left out silently. What cannot be read at all, a number that is none or a plan that Kafka's own
// tool refuses, is an error: nothing stands in for it. Whatever the files hold, nothing crashes.
//
// Lifetime: values. Threads: none. Errors: no scenario, when no file says anything of a cluster, or
// when there are errors.
#pragma once

#include "base/phrase.h"
#include "base/problem.h"
#include "plan/origin.h"

#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

struct NamedText {
  std::string name;  ///< For remarks.
  std::string text;
};

struct Remark {
  std::string file;  ///< Empty: of all together.
  int line = 0;      ///< From 1; 0: of the whole file.
  std::string text;  ///< What stands there, shortened.
  Phrase reason;
};

enum class FileKind { properties, topics, reassignment, capacity, workload, driver, unknown };

/// By its contents.
FileKind kind_of(std::string_view text);

struct Imported {
  std::string scenario;           ///< JSON; empty: there is none.
  Origin origin = Origin::files;  ///< Whether any file told of a load.
  Problems errors;                ///< With file, path and value.
  std::vector<Remark> remarks;    ///< In the order of files and lines.
};

/// `name` becomes the scenario's.
Imported import_files(const std::vector<NamedText>& files, const std::string& name);

/// "server.properties:12: zookeeper.connect: ..."; in the language that is spoken.
std::string to_text(const Remark& remark);

}  // namespace brokerlab::plan
