// brokerlab demo: the first scenario, recorded, and what to do next.
#include "base/translation.h"
#include "cli/run.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

void demo(Context& context, const std::string& recording) {
  RunRequest request;
  request.scenario = "wifi_auth_broker_crash";
  request.record = recording;
  context.status = run(context, request);
  if (context.status > exit_unknown) return;
  context.out << tr(
      "\nNext:\n"
      "  ./brokerlab view {0}                      see it\n"
      "  ./brokerlab why {0} \"is now led by\"       why did that happen?\n"
      "  ./brokerlab run wifi_auth_broker_crash_acks_all   the same incident, "
      "nothing may be lost\n",
      recording);
}

}  // namespace

void add_demo(Command app, Context& context) {
  const auto recording = std::make_shared<std::string>("demo.run");
  const Command command = app.sub("demo", tr("Run the first scenario: start here"));
  command.option("--record", *recording, tr("Where the recording goes"))
      .check(not_empty)
      .shows_default();
  command.run([&context, recording] { demo(context, *recording); });
}

}  // namespace brokerlab::cli
