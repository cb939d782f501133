// The keys of each table of the config, in the order in which they are printed. run_keys.cpp holds
// those of [run], and so on; a new key is one line there.
#pragma once

#include <vector>

#include "launch/config/config_table.h"

namespace switchyard {

constexpr double max_count = 1e15;  // integers up to here are exact in a double

std::vector<ConfigKey> keys_of(RunConfig& run);
std::vector<ConfigKey> keys_of(DataConfig& data);
std::vector<ConfigKey> keys_of(ModelConfig& model);
std::vector<ConfigKey> keys_of(AdapterConfig& adapter);
std::vector<ConfigKey> keys_of(LowRankConfig& low_rank);
std::vector<ConfigKey> keys_of(DropoutConfig& dropout);
std::vector<ConfigKey> keys_of(RouterConfig& router);
std::vector<ConfigKey> keys_of(ParallelConfig& parallel);
std::vector<ConfigKey> keys_of(TrainConfig& train);
std::vector<ConfigKey> keys_of(GaloreConfig& galore);
std::vector<ConfigKey> keys_of(IslandsConfig& islands);
std::vector<ConfigKey> keys_of(CheckpointConfig& checkpoint);
std::vector<ConfigKey> keys_of(GuardConfig& guard);
std::vector<ConfigKey> keys_of(WatchdogConfig& watchdog);
std::vector<ConfigKey> keys_of(SlurmConfig& slurm);

}  // namespace switchyard
