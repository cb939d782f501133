// Config: all settings of a run, one aggregate per room. Each source overrides those before it: the
// defaults, the site file, the config file, --set.
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

// The names of run.device.
template <>
inline constexpr std::array<std::string_view, 2> names_of<Device::Kind> = {"cpu", "cuda"};

struct RunConfig {
  std::string directory = "runs/default";  // relative to the current directory
  int threads = 0;                         // per rank; 0: its ranks share the cores of this node
  Device::Kind device = Device::Kind::cpu;
  bool tf32 = false;               // on a GPU, products of f32 round to TF32
  bool check_memory = true;        // refuse to start a run that a node has no memory for
  double watts = 0.0;              // of a node; 0: what the counters of its processors say
  double grams_co2_per_kwh = 0.0;  // 0: unknown
};

struct CheckpointConfig {
  int keep = 3;                  // number of newest good ones
  std::int64_t keep_every = 0;   // also those of every K-th step; 0: none
  int keep_best = 0;             // also those with the lowest validation losses
  bool async = true;             // written while training continues
  std::int64_t write_rate = 0;   // bytes per second and rank, while training continues; 0: no limit
  std::string local_dir;         // folder on a node-local disk; empty: none
  std::int64_t local_every = 0;  // steps between node-local checkpoints
  int local_set = 2;             // nodes per redundancy set (io/local/redundancy_sets.h)
  int local_ranks_per_node = 0;  // treats nodes as having this many; 0: the real number
};

// Settings for submitting jobs at this site, usually from the site file.
struct SlurmConfig {
  std::string partition, account;  // empty: Slurm's default
  std::string options;             // further options for sbatch: "--qos=long --exclusive"
  std::string setup;               // lines of bash to run before the ranks start
  std::string memory_per_node;     // "64GiB", passed to --mem; empty: Slurm's default
  std::string memory_per_gpu;      // "80GiB", for the check of a job; empty: unknown
};

struct ParallelConfig {
  std::string experts =
      "auto";            // expert-parallel degree: "auto" or a divisor of the number of ranks
  bool elastic = false;  // a degree that does not divide becomes the largest smaller one that does
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

// Errors of both functions: Exit::usage, naming each wrong key, its value, what is allowed, and
// file and line. A path may begin with ~/. They check each value by itself; check_config
// (launch/config/config_checks.h) checks how the values fit together.
// defaults: of the keys that no source sets.
Config load_config(const ConfigSources& sources, const Config& defaults = {});
// Applies TOML text to `config`; data.weights is replaced as a whole. name: how messages name the
// text.
void apply_toml(Config& config, const std::string& text, const std::string& name);

// Applies "run.device=cuda" and the like to a config from a checkpoint, or to the defaults, for a
// command that computes without training. Errors: Exit::usage, also for a key outside [run].
void apply_run_sets(Config& config, const std::vector<std::string>& sets);

// Prints every key, so that apply_toml turns any Config into an equal one.
enum class Docs : bool { no, yes };
std::string print_config(const Config& config, Docs docs);

// The defaults, but for the keys that describe a model's function, of [model] and [router]: those
// are as in `of`.
Config defaults_for_model(const Config& of);
// Returns those keys where a config differs from what its weights were trained with, each with both
// values.
std::vector<std::string> unlike_model_keys(const Config& config, const Config& weights);

// Returns the keys that a resumed run may change and that differ, each with both values. The place
// of the run is none of them.
std::vector<std::string> changed_free_keys(const Config& before, const Config& after);
// Returns the keys that differ although a resumed run may not change them, each with both values.
std::vector<std::string> changed_fixed_keys(const Config& before, const Config& after);

}  // namespace switchyard
