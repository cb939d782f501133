// The Python process that computes with transformers.
#pragma once

#include <filesystem>
#include <string>

namespace switchyard {

struct ChildOutcome {
  bool ran = false;    // to its end: there is a result.json
  bool lacks = false;  // Python or one of its libraries: nothing is known
  std::string why;     // it did not run, in a line or a few
};

// Gives Python transformers_child.py and waits, up to an hour. python: a program in PATH or a path.
// folder: what the script reads and writes (its first lines say what).
ChildOutcome run_transformers(const std::string& python, const std::filesystem::path& folder);

}  // namespace switchyard
