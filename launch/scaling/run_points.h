// Reads the runs that a scaling law is fitted to.
#pragma once

#include <string>
#include <vector>

#include "launch/scaling/fit.h"

namespace switchyard::scaling {

struct RunsRead {
  std::vector<RunPoint> runs;
  std::vector<std::string> left_out;  // lines: which run was left out, and why
};

// paths: run directories, folders that contain them, and tables: .csv with a line of column names,
// or .jsonl. Columns, of which the first three are needed: parameters (active ones; or N), tokens
// (or D), loss (or L), total, experts (or E), top_k (or k), unique_tokens, name. The loss of a run
// directory is its last validation loss; a run that is not done is left out. Errors: Exit::usage
// naming file and line.
RunsRead read_runs(const std::vector<std::string>& paths);

}  // namespace switchyard::scaling
