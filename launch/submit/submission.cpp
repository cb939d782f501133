#include "launch/submit/submission.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/text/amount.h"
#include "io/text/escape.h"
#include "io/tokens/token_store.h"
#include "launch/config/config_checks.h"
#include "launch/config/config_warnings.h"
#include "launch/host/counted.h"
#include "launch/host/own_program.h"
#include "launch/host/slurm.h"
#include "launch/host/slurm_time.h"
#include "launch/machine/machine.h"
#include "launch/run/attempts.h"
#include "launch/run/initial_model.h"
#include "launch/run/run_directory.h"
#include "launch/submit/job_device.h"
#include "launch/submit/memory_check.h"
#include "runtime/device/cuda.h"
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
  require(limit || request.time.empty() || is_no_limit(request.time), Exit::usage,
          "--time {} is not a form that Slurm accepts: {}", terminal_text(request.time),
          slurm_time_forms);
  require(!limit || *limit == 0 || *limit > request.warning_seconds, Exit::usage,
          "--time {} is {} s, but the ranks are to save and exit {} s before its end: ask for more "
          "time, or lower --warning",
          request.time, *limit, request.warning_seconds);
}

std::string time_line(const std::string& time) {
  const std::optional<std::int64_t> limit = seconds_of_limit(time);
  if (time.empty() || !limit || *limit == 0) {
    return fmt::format("time limit: {}", time.empty() ? "the partition's" : "none");
  }
  const bool bare = time.find_first_of(":-") == std::string::npos;
  return fmt::format("time limit: {}{}", duration_in_words(static_cast<double>(*limit)),
                     bare ? " (Slurm reads a number without a unit as minutes)" : "");
}

// This program is the one that the job runs.
void check_program(const Config& config) {
  if (config.run.device == Device::Kind::cpu || cuda::is_built_in()) return;
  const fs::path other = own_program().parent_path() / "switchyard_cuda";
  std::error_code unreadable;
  fail(Exit::usage, "{} was built without CUDA, so its ranks cannot use GPUs: submit with {}",
       own_program().string(),
       fs::exists(other, unreadable)
           ? other.string()
           : "switchyard_cuda, which is built where nvcc is found (docs/cuda.md)");
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

// Errors that would occur on the nodes occur here instead. Returns the lines of check_memory.
std::vector<std::string> check_run(const Config& config, const BatchRequest& request) {
  check_request(request);
  check_config(config);
  check_program(config);
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

void write_submission(const Submitted& made) {
  const fs::path folder = RunDirectory(made.request.run).submit();
  durable::make_folders(folder);
  durable::replace_file(folder / "config.toml", submitted_config(made));
  durable::replace_file(folder / "job.sh", made.script);
}

}  // namespace

std::string submitted_config(const Submitted& made) { return print_config(made.config, Docs::yes); }

Submitted submit(const Submission& submission) {
  Submitted made{submission.request, load_run_config(submission.config), "", "", {}};
  Config& config = made.config;
  BatchRequest& request = made.request;
  if (submission.partition) config.slurm.partition = *submission.partition;
  if (submission.account) config.slurm.account = *submission.account;
  settle_device(submission.config.sets, config, request);
  made.notes = {device_line(config, request), time_line(request.time)};
  if (config.run.threads > 0 && config.run.threads != request.cpus_per_rank) {
    made.notes.push_back(fmt::format("run.threads = {}, but a rank has {} (--cpus-per-rank)",
                                     config.run.threads, counted(request.cpus_per_rank, "core")));
  }
  for (std::string& line : check_run(config, request)) made.notes.push_back(std::move(line));
  for (const std::string& warning : config_warnings(config))
    made.notes.push_back("warning: " + warning);
  config.run.directory =
      fs::absolute(fs::path(config.run.directory) / "").lexically_normal().parent_path();
  config.data.dataset = fs::absolute(config.data.dataset).lexically_normal();

  request.program = own_program();
  request.folder = fs::current_path();
  request.run = config.run.directory;
  if (request.name.empty()) request.name = request.run.filename().string();
  made.script = batch_script(request, config.slurm);
  if (submission.dry_run) return made;

  write_submission(made);
  const RunDirectory directory(request.run);
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
