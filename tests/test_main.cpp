#define CATCH_CONFIG_MAIN
#include "tests/failures.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace {

std::vector<std::string> failures;

class Listener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  bool assertionEnded(const Catch::AssertionStats& stats) override {
    const Catch::AssertionResult& result = stats.assertionResult;
    if (result.isOk()) return true;
    const Catch::SourceLineInfo line = result.getSourceInfo();
    std::string text = fmt::format("{}:{}: {}", line.file, line.line,
                                   result.hasExpression() ? result.getExpressionInMacro() : "");
    if (result.hasExpandedExpression()) text += ", with " + result.getExpandedExpression();
    for (const Catch::MessageInfo& info : stats.infoMessages) text += "\n" + info.message;
    failures.push_back(std::move(text));
    return true;
  }
};

CATCH_REGISTER_LISTENER(Listener)

}  // namespace

const std::vector<std::string>& brokerlab::tests::failed_assertions() { return failures; }
