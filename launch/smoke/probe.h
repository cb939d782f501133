// What a model says in another process, on one or two ranks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launch/suites/profile.h"

namespace switchyard::smoke {

struct Probe {
  int code = 0;           // of the process
  std::string problem{};  // what it said, if it did not work
  std::string line{};     // what it printed
  suites::Profile profile{};
  std::vector<std::string> texts{}, texts_again{};  // greedy, of the same prompts
};

// launcher: empty for one rank.
Probe run_probe(const std::filesystem::path& model, const std::vector<std::string>& launcher);

// Runs this program with these arguments. Returns its exit code; output: of both streams.
int run_self(const std::vector<std::string>& launcher, const std::vector<std::string>& arguments,
             std::string& output);

}  // namespace switchyard::smoke
