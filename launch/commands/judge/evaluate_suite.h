// `switchyard evaluate MODEL --suite FILE`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard {

struct SuiteCommand {
  std::string model{}, suite{};
  std::vector<std::string> sets{};
  std::string against{};  // a model, or a folder of results; empty: none
  std::string output{};   // a folder of results to make; empty: none
  bool json = false;
};

// Collective. Returns Exit::gate if a gate says no.
Exit evaluate_suite(const SuiteCommand& command, std::unique_ptr<Comm> world);

}  // namespace switchyard
