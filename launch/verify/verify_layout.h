// `switchyard verify-layout`: do the first steps of a run have the same bits on every layout?
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard {

struct VerifyOptions {
  ConfigSources config;
  std::int64_t steps = 3;
  std::vector<std::string> layouts;  // as parse_layout takes them; empty: default_layouts
  std::filesystem::path record;      // file that gets the traces; empty: none
  std::filesystem::path against;     // file of traces to compare with; empty: none
  bool json = false;
};

// Collective. Trains the steps on one layout after another, prints on rank 0 where the bits of each
// part from those of the first, and returns Exit::data if they do. Errors: agreed; Exit::usage
// if train.exact is off, there is nothing to compare, or a layout cannot work.
Exit verify_layout(const VerifyOptions& options, Comm& world);

}  // namespace switchyard
