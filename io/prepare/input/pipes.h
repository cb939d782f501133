// Pipes: inputs that can be read only once. Each is copied into a file before the stages read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/input/inputs.h"

namespace switchyard::prepare {

// Copies of the pipes among some sources' inputs: "-", which is standard input, and paths of pipes
// and devices, such as /dev/stdin and /dev/fd/63. They hold JSON lines, plain or compressed.
class PipeCopies {
 public:
  // Reads the pipes to their ends and writes into `folder`, which must exist. progress: called with
  // the bytes so far. Errors: Exit::usage if standard input is a terminal or wanted twice;
  // Exit::data for a pipe without a byte; Exit::storage.
  static PipeCopies make(const std::vector<Source>& sources, const std::filesystem::path& folder,
                         const std::function<void(std::int64_t)>& progress);

  static bool needed_for(const std::vector<Source>& sources);

  // For other ranks.
  std::string text() const { return copies_.dump(); }
  static PipeCopies from_text(const std::string& text);

  // Puts the copies into the place of the pipes.
  void replace_inputs(std::vector<Source>& sources) const;
  // Names the files after their pipes, and stamps them by their content: a pipe that gives the same
  // bytes again is the same input.
  void name_files(Inputs& inputs) const;

 private:
  nlohmann::json copies_ = nlohmann::json::array();
};

}  // namespace switchyard::prepare
