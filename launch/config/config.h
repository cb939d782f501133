// Config: everything a run is told, one aggregate per room. Sources: defaults < site file < config
// file < --set.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/loader/loader.h"
#include "model/config.h"
#include "router/config.h"
#include "runtime/names.h"
#include "runtime/watch/watchdog.h"
#include "train/config.h"

namespace switchyard {

template <>
inline constexpr std::array<std::string_view, 2> names_of<Device::Kind> = {"cpu", "cuda"};

struct RunConfig {
  std::string directory = "runs/default";  // relative paths start at the current directory
  int threads = 0;  // per rank; 0: the cores of this node, shared by its ranks
  Device::Kind device = Device::Kind::cpu;
  bool tf32 = false;  // on a GPU: products of f32 in TF32
};

struct CheckpointConfig {
  int keep = 3;                  // newest good ones
  std::int64_t keep_every = 0;   // and those of every K-th step
  int keep_best = 0;             // and those of the lowest validation losses
  bool async = true;             // written behind the training
  std::int64_t write_rate = 0;   // bytes per second and rank, behind the training; 0: no limit
  std::string local_dir;         // a disk of each node's own; empty: none
  std::int64_t local_every = 0;  // steps between node-local checkpoints
  int local_set = 2;             // nodes that vouch for one another (io/local/redundancy_sets.h)
  int local_ranks_per_node = 0;  // as if nodes had so few ranks; 0: as they are
};

// What submitting at this site needs; usually in the site file.
struct SlurmConfig {
  std::string partition, account;  // empty: Slurm's default
  std::string options;          // more of sbatch's, separated by spaces: "--qos=long --exclusive"
  std::string setup;            // lines of bash before the ranks start: "module load openmpi\n..."
  std::string memory_per_node;  // "64GiB", asked for with --mem; empty: what Slurm gives
};

struct Config {
  RunConfig run;
  DataConfig data;
  ModelConfig model;
  RouterConfig router;
  ParallelConfig parallel;
  TrainConfig train;
  CheckpointConfig checkpoint;
  SlurmConfig slurm;
  GuardConfig guard;
  WatchdogConfig watchdog;
};

struct ConfigSources {
  std::optional<std::filesystem::path> site_file;
  std::optional<std::filesystem::path> file;
  std::vector<std::string> sets;  // "train.steps=20", "data.weights.web=0.5"
};

// Errors of both: Exit::usage, naming key, value, what is allowed, and file and line. Values are
// checked one by one; check_config (launch/config/config_checks.h) looks at how they fit together.
Config load_config(const ConfigSources& sources);
// Applies TOML text over `config`; data.weights is replaced as a whole. name: of the text, for
// messages.
void apply_toml(Config& config, const std::string& text, const std::string& name);

// Applies "run.device=cuda" and the like to a config out of a checkpoint, or to the defaults, for a
// command that computes but trains nothing. Errors: Exit::usage for a key outside [run], too.
void apply_run_sets(Config& config, const std::vector<std::string>& sets);

// Every key, so that apply_toml over any Config gives an equal one.
enum class Docs : bool { no, yes };
std::string print_config(const Config& config, Docs docs);

// Names, with both values, of the keys that a resumed run may not change and that differ.
std::vector<std::string> changed_fixed_keys(const Config& before, const Config& after);

}  // namespace switchyard
