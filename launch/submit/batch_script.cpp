#include "launch/submit/batch_script.h"

#include <fmt/format.h>

#include <sstream>

#include "io/text/byte_size.h"

namespace switchyard {
namespace {

// Slurm replaces %j by the job's number, %A and %a by those of an array and its task, and %% by a
// percent sign.
std::string output_pattern(const std::filesystem::path& run, const char* file) {
  std::string folder;
  for (const char c : run.string()) folder += c == '%' ? "%%" : std::string(1, c);
  return folder + file;
}

class Directives {
 public:
  void add(const std::string& option) { text_ += "#SBATCH " + option + "\n"; }
  // sbatch reads quotes as bash does.
  void add(const std::string& name, const std::string& value) {
    add("--" + name + "=" + quoted_for_bash(value));
  }
  void add_if(const std::string& name, const std::string& value) {
    if (!value.empty()) add(name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string directives(const BatchRequest& request, const SlurmConfig& site, const char* file) {
  Directives lines;
  lines.add("job-name", request.name);
  lines.add(fmt::format("--nodes={}", request.nodes));
  lines.add(fmt::format("--ntasks-per-node={}", request.ranks_per_node));
  lines.add(fmt::format("--cpus-per-task={}", request.cpus_per_rank));
  if (request.gpus_per_node > 0) {
    lines.add(fmt::format("--gpus-per-node={}", request.gpus_per_node));
  }
  if (!site.memory_per_node.empty()) {
    const std::int64_t bytes = parse_byte_size(site.memory_per_node, "slurm.memory_per_node");
    lines.add(fmt::format("--mem={}M", bytes >> 20));
  }
  lines.add_if("time", request.time);
  lines.add_if("partition", site.partition);
  lines.add_if("account", site.account);
  std::istringstream options(site.options);
  for (std::string option; options >> option;) lines.add(option);
  lines.add(fmt::format("--signal=B:USR1@{}   # the warning: the ranks save and exit",
                        request.warning_seconds));
  lines.add("--requeue");
  lines.add("--open-mode=append");
  lines.add("output", output_pattern(request.run, file));
  return lines.text();
}

const char* gpus_of(const BatchRequest& request) {
  return request.gpus_per_node > 0 ? " --gpu-bind=none" : "";
}

}  // namespace

std::string quoted_for_bash(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string batch_script(const BatchRequest& request, const SlurmConfig& site) {
  return fmt::format(R"(#!/bin/bash
{directives}#
# Written by `switchyard submit`. You may edit it and `sbatch` it: each start continues from the run's newest good checkpoint.
# The supervisor passes Slurm's warning on, restarts ranks that die, and decides by state.json whether the job is done, goes back
# in the queue or, where Slurm refuses to requeue, is submitted again by this script. Exit codes: docs/train.md.

run={run}
switchyard={program}
cd {folder} || exit 2
{setup}
# --overlap: a start must not wait for the remains of an earlier one.
exec "$switchyard" launch "$run/submit/config.toml" --script "$run/submit/job.sh" -- \
  srun --mpi=pmix --kill-on-bad-exit=1 --overlap --cpus-per-task="$SLURM_CPUS_PER_TASK"{gpus}
)",
                     fmt::arg("directives", directives(request, site, "/submit/%j.log")),
                     fmt::arg("run", quoted_for_bash(request.run.string())),
                     fmt::arg("program", quoted_for_bash(request.program.string())),
                     fmt::arg("folder", quoted_for_bash(request.folder.string())),
                     fmt::arg("setup", site.setup), fmt::arg("gpus", gpus_of(request)));
}

std::string array_script(const BatchRequest& request, const SlurmConfig& site, int num_runs) {
  return fmt::format(R"(#!/bin/bash
{directives}#SBATCH --array=0-{last}
#
# Written by `switchyard scaling sweep`. Submit it with `sbatch`; --array=0-{last}%4 runs four at a time. A task that starts again
# continues from its run's newest good checkpoint.

sweep={sweep}
switchyard={program}
cd {folder} || exit 2
{setup}
config=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$sweep/list.txt")
exec "$switchyard" launch "$sweep/$config" -- \
  srun --mpi=pmix --kill-on-bad-exit=1 --overlap --cpus-per-task="$SLURM_CPUS_PER_TASK"{gpus}
)",
                     fmt::arg("directives", directives(request, site, "/logs/%A_%a.log")),
                     fmt::arg("last", num_runs - 1),
                     fmt::arg("sweep", quoted_for_bash(request.run.string())),
                     fmt::arg("program", quoted_for_bash(request.program.string())),
                     fmt::arg("folder", quoted_for_bash(request.folder.string())),
                     fmt::arg("setup", site.setup), fmt::arg("gpus", gpus_of(request)));
}

}  // namespace switchyard
