// KeyFigures by the short name: what plan compares runs by stands in a recording, too.
#pragma once

#include "recording/key_figures.h"

namespace brokerlab::plan {

using recording::all_resources;
using recording::figures_from;
using recording::key_figures;
using recording::KeyFigures;
using recording::Resource;
using recording::to_json;
using recording::to_text;
using recording::Utilisation;

}  // namespace brokerlab::plan
