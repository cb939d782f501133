// VerifiedLayout: one of the ways to lay out a run that `switchyard verify-layout` compares.
#pragma once

#include <string>
#include <vector>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct VerifiedLayout {
  int ranks = 1;                  // the first ones of the world
  std::vector<std::string> sets;  // of the config: "parallel.experts=2"

  std::string name() const;  // "ranks=4 parallel.experts=2"
};

// Parses what name() gives. Errors: Exit::usage if the text has another form, asks for more than
// num_ranks, or names no number of ranks.
VerifiedLayout parse_layout(const std::string& text, int num_ranks);

// One rank alone, and all of them with experts over each possible number of ranks. Of one rank:
// with one thread, and with two.
std::vector<VerifiedLayout> default_layouts(const Config& config, int num_ranks);

// Collective. The config of the layout, which `sources` give without it. Errors, agreed:
// Exit::usage for a key that a resumed run may not change, as it is part of what is computed.
Config agree_on_config(const VerifiedLayout& layout, const ConfigSources& sources, Comm& world);

}  // namespace switchyard
