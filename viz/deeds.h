// What can be done to the machine that was asked about: by a button of its card, or by its key.
//
// Threads: none. Errors: none.
#pragma once

#include "viz/panels.h"

#include <string>
#include <vector>

namespace brokerlab::viz {

struct Deed {
  int key = 0;  ///< A digit, from 1; the same for every machine.
  Text name = Text::act_kill;
  std::string json{};  ///< As `brokerlab fork --do` and `brokerlab act --do` take it.
};

/// To the machine of view.asked; none when nothing, or something else, was asked about.
std::vector<Deed> deeds_for(const Scene& scene);

}  // namespace brokerlab::viz
