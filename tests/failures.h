// What has failed in this test program so far.
#pragma once

#include <string>
#include <vector>

namespace brokerlab::tests {

/// Of every failed CHECK or REQUIRE, and exception that a test let out: where, what, with which
/// values. In order, since the program began; a child that is forked has its parent's.
const std::vector<std::string>& failed_assertions();

}  // namespace brokerlab::tests
