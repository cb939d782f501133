#include "launch/submit/submission.h"

#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/text/escape.h"
#include "io/tokens/token_store.h"
#include "launch/config/config_checks.h"
#include "launch/host/machine.h"
#include "launch/host/own_program.h"
#include "launch/host/slurm.h"
#include "launch/host/slurm_time.h"
#include "launch/run/attempts.h"
#include "launch/run/run_directory.h"
#include "launch/submit/memory_check.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t max_job_bytes = 1 << 12;

void check_request(const BatchRequest& request) {
  require(terminal_text(request.name) == request.name, Exit::usage,
          "--name \"{}\" is not a valid job name: use text of one line",
          terminal_text(request.name));
  const auto limit = seconds_of_limit(request.time);
  require(!limit || *limit == 0 || *limit > request.warning_seconds, Exit::usage,
          "--time {} is {} s, but the ranks are to save and exit {} s before its end: ask for more "
          "time, or lower --warning",
          request.time, *limit, request.warning_seconds);
}

// Two jobs of one run would wait for each other, and `status` and `cancel` know only the last one.
void check_queue(const fs::path& run) {
  if (!fs::exists(RunDirectory(run).submit() / "job.json")) return;
  const std::string job = submitted_job(run);
  const auto status = job_status(job);
  const bool there = status && !is_over(*status) && status->state != "COMPLETING";
  require(
      !there, Exit::busy,
      "job {} of {} is {} already: let it continue, or end it with `switchyard cancel {}`, which "
      "saves first",
      job, run.string(), status->state, run.string());
}

// Errors that would occur on the nodes occur here instead. Returns the line of check_memory.
std::string check_run(const Config& config, const BatchRequest& request) {
  check_request(request);
  check_config(config);
  require(!config.data.dataset.empty(), Exit::usage,
          "data.dataset is not set: set it to a folder that `switchyard prepare` wrote");
  const TokenStore store(config.data.dataset);
  const int ranks = request.nodes * request.ranks_per_node;
  const std::int64_t micro_batches = config.train.global_batch_size / config.train.micro_batch_size;
  require(ranks <= micro_batches, Exit::usage,
          "{} nodes of {} ranks are {} ranks, but a step has only {} micro-batches: raise "
          "train.global_batch_size, or use fewer ranks",
          request.nodes, request.ranks_per_node, ranks, micro_batches);
  const plan::RunShape shape = plan::run_shape(config, store.vocabulary(), ranks,
                                               request.ranks_per_node, request.cpus_per_rank);
  check_queue(config.run.directory);
  wait_for_owner(config.run.directory, std::chrono::seconds{0});
  return check_memory(shape, request, config.slurm);
}

void write_submission(const Submitted& made, const Config& config) {
  const fs::path folder = RunDirectory(made.run).submit();
  durable::make_folders(folder);
  durable::replace_file(folder / "config.toml", print_config(config, Docs::yes));
  durable::replace_file(folder / "job.sh", made.script);
}

}  // namespace

Submitted submit(const Submission& submission) {
  Config config = load_config(submission.config);
  if (submission.partition) config.slurm.partition = *submission.partition;
  if (submission.account) config.slurm.account = *submission.account;
  const std::string memory = check_run(config, submission.request);
  config.run.directory =
      fs::absolute(fs::path(config.run.directory) / "").lexically_normal().parent_path();
  config.data.dataset = fs::absolute(config.data.dataset).lexically_normal();

  BatchRequest request = submission.request;
  request.program = own_program();
  request.folder = fs::current_path();
  request.run = config.run.directory;
  if (request.name.empty()) request.name = request.run.filename().string();
  Submitted made{batch_script(request, config.slurm), "", request.run, memory};
  if (submission.dry_run) return made;

  write_submission(made, config);
  const RunDirectory directory(made.run);
  check_script(directory.submit() / "job.sh");
  made.job = submit_script(directory.submit() / "job.sh");
  durable::replace_file(
      directory.submit() / "job.json",
      nlohmann::ordered_json{{"job", made.job}, {"submitted", utc_now()}}.dump() + "\n");
  return made;
}

std::string submitted_job(const fs::path& run) {
  const fs::path file = RunDirectory(run).submit() / "job.json";
  require(fs::exists(file), Exit::usage, "{} was not submitted to Slurm by `switchyard submit`",
          run.string());
  try {
    return nlohmann::json::parse(durable::read_file(file, max_job_bytes)).at("job");
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "{}: {}", file.string(), error.what());
  }
}

}  // namespace switchyard
