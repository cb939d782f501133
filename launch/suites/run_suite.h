// Runs a suite on a model.
#pragma once

#include <string>
#include <vector>

#include "launch/suites/cases.h"
#include "launch/suites/results.h"
#include "launch/suites/suite_model.h"

namespace switchyard::suites {

// A suite with the cases of its files.
struct LoadedSuite {
  Suite suite;
  std::vector<TaskCases> cases;
  std::string hash;
};

// Collective. Every rank reads the files, and all must find the same. Errors: agreed; as
// read_suite's and read_cases'; Exit::data if a file changed meanwhile.
LoadedSuite load_suite(const std::filesystem::path& file, Comm& world);

// What a run took: never part of results.
struct SuiteCost {
  std::int64_t scored_tokens = 0;  // that the model read for scores
  double score_seconds = 0.0, seconds = 0.0;
  std::int64_t memory_bytes = 0;  // of this process, at the end
};

// Collective; every rank returns the same, on any number of ranks and threads. Errors: agreed;
// Exit::data naming a case's file, line and field, Exit::numerical if a score is not finite.
Results run_suite(const LoadedSuite& suite, SuiteModel& model, SuiteCost& cost);

// Lines for people: each task's figures with their intervals.
std::string text_of(const Results& results);

}  // namespace switchyard::suites
