// Smoke: ten quick checks that this program works on this machine and that a model is whole.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/error.h"
#include "runtime/names.h"

namespace switchyard {

namespace smoke {
enum class Verdict : std::uint8_t {
  ok,
  fail,
  damaged,     // files that are not what was written
  not_checked  // something that the check needs is missing
};
}  // namespace smoke
template <>
inline constexpr std::array<std::string_view, 4> names_of<smoke::Verdict> = {"ok", "FAIL", "FAIL",
                                                                             "NOT CHECKED"};

namespace smoke {

struct Check {
  std::string name;  // "router"
  Verdict verdict = Verdict::ok;
  std::string found{};  // what, and what to do if it is bad
};

struct SmokeOptions {
  std::filesystem::path model{};    // a checkpoint, model or run; empty: the one that smoke trains
  std::filesystem::path profile{};  // that the model must match; empty: its own profile.json
  std::vector<std::string> launcher{};  // of two ranks; empty: as doctor's
};

// Trains a tiny model in a folder below the temporary files, which it removes, and checks it or the
// model that is named: training, save and load, files, weights, tokenizer, trained, router,
// profile, text, ranks. Starts this program in other processes, so that MPI must not be in use. The
// tests of 2 ranks are "not checked" where no launcher works.
std::vector<Check> run_smoke(const SmokeOptions& options);

// Exit::data if a file is damaged, Exit::gate if another check fails, else Exit::done.
Exit exit_code_of(const std::vector<Check>& checks);

// What `switchyard smoke --probe MODEL` does on each number of ranks: prints a line of what the
// model says, which is the same on any number of them. Returns the exit code.
int probe(const std::filesystem::path& model);

}  // namespace smoke
}  // namespace switchyard
