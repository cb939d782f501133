#include "launch/verify/transformers/child_process.h"

#include <fmt/format.h>
#include <transformers_child.h>  // launch/CMakeLists.txt writes it

#include <chrono>

#include "io/files/durable.h"
#include "launch/host/process.h"

namespace switchyard {
namespace {

constexpr int lacks_library = 86;           // as transformers_child.py says
constexpr std::size_t shown_output = 2000;  // characters, the last ones
constexpr std::chrono::hours patience{1};

std::string tail_of(const std::string& output) {
  return output.size() <= shown_output ? output : output.substr(output.size() - shown_output);
}

}  // namespace

ChildOutcome run_transformers(const std::string& python, const std::filesystem::path& folder) {
  if (!is_in_path(python))
    return {false, true, fmt::format("there is no program {}: name another with --python", python)};
  const std::filesystem::path script = folder / "transformers_child.py";
  durable::replace_file(script, transformers_child);
  const Finished finished = run_program({python, script.string(), folder.string()}, patience);
  if (finished.code == 0) return {true, false, ""};
  if (finished.code == lacks_library || finished.code == cannot_start)
    return {false, true,
            fmt::format("{}install torch and transformers there, or name another with --python",
                        finished.output.empty() ? python + " cannot be started\n"
                                                : tail_of(finished.output))};
  return {
      false, false,
      fmt::format("{} ended with code {}:\n{}", python, finished.code, tail_of(finished.output))};
}

}  // namespace switchyard
